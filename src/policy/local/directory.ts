// A directory of files written whole or not at all, and read whole or not at all.
// Written into a sibling directory, flushed, then renamed into place. Not here: what the files mean (checkpoint.ts).
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../../episode/input.ts';

/** Writes one new file, part by part, and flushes it to the disk. */
export type WriteFile = (path: string, parts: readonly Uint8Array[]) => Promise<void>;

/**
 * Makes `dir` a directory of exactly these files (name → parts), in place of an older one.
 * A reader that uses `readDirectory` gets the old files or the new ones, never a mixture; if anything fails (a full disk)
 * the old ones stay and that error is thrown. `known` are the names such a directory may hold:
 * throws InputError if `dir` holds any other, so that a mistyped path costs nobody their data.
 */
export async function writeDirectory(
  dir: string,
  files: ReadonlyMap<string, readonly Uint8Array[]>,
  known: readonly string[],
  writeFile: WriteFile = writeFlushed,
): Promise<void> {
  const target = resolve(dir);
  await checkTarget(target, new Set(known));
  await mkdir(dirname(target), { recursive: true });
  const fresh = await mkdtemp(`${target}.new-`);
  try {
    await chmod(fresh, 0o777 & ~process.umask()); // mkdtemp makes it private; others may want to read
    for (const [name, parts] of files) await writeFile(join(fresh, name), parts);
    await flushDirectory(fresh);
    await swapDirectory(fresh, target);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

async function writeFlushed(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const part of parts) await file.writeFile(part); // goes on where the last part ended
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // cannot open a directory there
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function checkTarget(target: string, known: ReadonlySet<string>): Promise<void> {
  const found = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new InputError(target, `${error.code}, expected a directory or nothing`);
  });
  const stranger = found.find((name) => !known.has(name));
  if (stranger !== undefined) throw new InputError(target, `holds ${stranger}, expected only ${[...known].join(', ')}`);
}

/** Where the old files stand for the moment between two renames. `readDirectory` looks there too. */
const asideOf = (target: string): string => `${target}.old`;

async function swapDirectory(fresh: string, target: string): Promise<void> {
  const aside = asideOf(target);
  const replaces = await exists(target);
  if (replaces) {
    await rm(aside, { recursive: true, force: true });
    await rename(target, aside);
  }
  try {
    await rename(fresh, target);
  } catch (error) {
    if (replaces) await rename(aside, target);
    throw error;
  }
  await flushDirectory(dirname(target));
  await rm(aside, { recursive: true, force: true });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const READ_ATTEMPTS = 5;

/**
 * Reads those of the named files that exist, all of one and the same directory. If it was replaced while reading, reads
 * again; if a write stopped between its two renames, reads the old files where they were put aside.
 * Throws InputError if there is no such directory or a file cannot be read.
 */
export async function readDirectory(dir: string, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const target = resolve(dir);
  let seen = false;
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const place = (await exists(target)) ? target : asideOf(target);
    const before = await identify(place);
    if (before === null) continue;
    seen = true;
    const files = await readFiles(place, names);
    if ((await identify(place)) === before) return files;
  }
  if (seen) throw new InputError(dir, 'changes while it is read, expected a directory at rest');
  throw new InputError(dir, 'no such directory');
}

/** A directory's identity: another one under the same name has another. Null if there is none. */
async function identify(path: string): Promise<string | null> {
  const info = await stat(path, { bigint: true }).catch(() => null);
  return info && `${info.dev}:${info.ino}:${info.ctimeNs}`;
}

async function readFiles(place: string, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await readFile(join(place, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw new InputError(join(place, name), `${error.code}, expected a readable file`);
    });
    if (bytes !== null) files.set(name, bytes);
  }
  return files;
}
