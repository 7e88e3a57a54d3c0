// Does what the Dockerfile says, without Docker: each stage is a folder, COPY and RUN are carried out in it, and what the image
// would run is read out. Not an image: no layers, no user, no network of its own, this machine's Node and system in place of the
// base image's. It knows the instructions our Dockerfile has and throws at any other.
import { execFile } from 'node:child_process';
import { access, cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { basename, delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What an image would be: its working folder, and what is run in it. */
export type Image = {
  readonly folder: string;
  readonly environment: { readonly [name: string]: string };
  readonly command: readonly string[];
  /** The words of the health check. */
  readonly health: readonly string[];
  readonly exposed: number;
  readonly user: string;
  readonly stopSignal: string;
};

export type Instruction = { readonly word: string; readonly rest: string };

/** The instructions of a Dockerfile, with lines joined and comments dropped. */
export function readInstructions(text: string): Instruction[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap((line) => {
    const [, word, rest] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? [];
    if (word !== undefined && rest !== undefined) return [{ word, rest: rest.trim() }];
    if (line.trim() === '' || line.startsWith('#')) return [];
    throw new Error(`no instruction: ${line}`);
  });
}

/** `COPY [--from=STAGE] SOURCE… TARGET`. */
export function readCopy(rest: string): {
  readonly from: string | null;
  readonly sources: string[];
  readonly to: string;
} {
  const words = rest.split(/\s+/);
  const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1] ?? null;
  const paths = from === null ? words : words.slice(1);
  return { from, sources: paths.slice(0, -1), to: paths.at(-1) ?? '.' };
}

/** Names of a folder that `.dockerignore` keeps out; it knows plain names and `*.end`. */
export async function readIgnored(context: string): Promise<(name: string) => boolean> {
  const patterns = (await readFile(join(context, '.dockerignore'), 'utf8')).split('\n').filter((line) => line !== '');
  return (name) =>
    patterns.some((pattern) => (pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern));
}

/** A PATH on which `node` is this one. Made in `folder`. */
export async function pathWithNode(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await symlink(process.execPath, join(folder, 'node')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return `${folder}${delimiter}${process.env.PATH}`;
}

/** Builds the last stage in `folder`. Rejects as an instruction of it fails. */
export async function buildImage(context: string, folder: string): Promise<Image> {
  const path = await pathWithNode(join(folder, 'bin'));
  const isIgnored = await readIgnored(context);
  const stages = new Map<string, string>();
  let image: Image | null = null;
  for (const { word, rest } of readInstructions(await readFile(join(context, 'Dockerfile'), 'utf8'))) {
    if (word === 'FROM') {
      const name = / AS (\S+)$/.exec(rest)?.[1] ?? 'last';
      stages.set(name, join(folder, name));
      await mkdir(join(folder, name));
      const none = { environment: {}, command: [], health: [], exposed: 0, user: 'root', stopSignal: 'SIGTERM' };
      image = { folder: join(folder, name), ...none };
      continue;
    }
    if (image === null) throw new Error(`${word} before FROM`);
    switch (word) {
      case 'WORKDIR':
        image = { ...image, folder: join(image.folder, rest) };
        await mkdir(image.folder, { recursive: true });
        break;
      case 'COPY': {
        const { from, sources, to } = readCopy(rest);
        for (const source of sources)
          await copyInto(
            from === null ? context : stages.get(from)!,
            source,
            resolve(image.folder, to),
            from ? null : isIgnored,
          );
        break;
      }
      case 'RUN':
        await run('sh', ['-c', rest], {
          cwd: image.folder,
          env: { ...process.env, ...image.environment, PATH: path },
          maxBuffer: 1 << 24,
          timeout: 600_000,
        });
        break;
      case 'ENV': {
        const [name = '', value = ''] = rest.split('=', 2);
        image = { ...image, environment: { ...image.environment, [name]: value } };
        break;
      }
      case 'CMD':
        image = { ...image, command: JSON.parse(rest) as string[] };
        break;
      case 'HEALTHCHECK':
        image = { ...image, health: JSON.parse(rest.slice(rest.indexOf('CMD ') + 4)) as string[] };
        break;
      case 'EXPOSE':
        image = { ...image, exposed: Number(rest) };
        break;
      case 'USER':
        image = { ...image, user: rest };
        break;
      case 'STOPSIGNAL':
        image = { ...image, stopSignal: rest };
        break;
      default:
        throw new Error(`not known here: ${word}`);
    }
  }
  if (image === null) throw new Error('no FROM');
  return image;
}

/** Copies a file, or what is in a folder, as COPY does. A source that is missing, or kept out, is an error. */
async function copyInto(from: string, source: string, to: string, isIgnored: ((name: string) => boolean) | null) {
  const options = { recursive: true, verbatimSymlinks: true } as const;
  if (source === '.') {
    for (const name of await readdir(from)) if (!isIgnored?.(name)) await cp(join(from, name), join(to, name), options);
    return;
  }
  const path = join(from, source);
  await access(path);
  if (isIgnored?.(source)) throw new Error(`${source} is in .dockerignore`);
  // A file goes into the target folder; of a folder, what is in it.
  const isFolder = (await readdir(path).catch(() => null)) !== null;
  await cp(path, isFolder ? to : join(to, basename(source)), options);
}

/** The words of a command with another port. */
export const withPort = (words: readonly string[], exposed: number, port: number): string[] =>
  words.map((word) => word.replace(new RegExp(`(?<![0-9])${exposed}(?![0-9])`, 'g'), String(port)));
