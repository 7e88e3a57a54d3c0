// The run directories below a root, found by what is in them and named by their path below it. A name that comes from outside
// is looked up among those found, never joined to a path. Reads only. Links are not followed: what is shown is below the root.
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError } from '../episode/input.ts';

/** A directory that looks like a run or a study of several. `files`: the names in it. */
export type Found = { readonly id: string; readonly path: string; readonly files: readonly string[] };

/** How deep below the root runs are looked for, and how many. */
const DEEPEST = 3;
const MOST_RUNS = 5000;
/** What tells a run, of training or of a benchmark. */
const MARKS = ['config.json', 'metrics.jsonl', 'report.json', 'rows.jsonl'];
/** What tells a red team's run, beside its configuration. */
export const TRIES = 'tries';
/** What tells a study; its runs lie below it. */
export const STUDY = 'study.json';

/** The runs below a root, or the root itself where it is one. Throws InputError where there is no such directory. */
export async function findRuns(root: string): Promise<readonly Found[]> {
  if (!(await lstat(`${root}/.`).catch(() => null))?.isDirectory()) throw new InputError(root, 'no such directory');
  const found: Found[] = [];
  const visit = async (path: string, id: string, depth: number): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => !entry.name.startsWith('.') && !entry.isSymbolicLink());
    const names = files.map(({ name }) => name);
    // Below the root a folder of episodes is enough: what a study's players played has no more.
    const played = names.includes('episodes') && (depth > 0 || names.includes('checkpoints'));
    const study = names.includes(STUDY);
    if (study || played || names.some((name) => MARKS.includes(name))) {
      if (found.length < MOST_RUNS) found.push({ id: id === '' ? basename(path) || 'run' : id, path, files: names });
      if (!study) return;
    }
    if (depth === DEEPEST) return;
    for (const entry of files)
      if (entry.isDirectory())
        await visit(join(path, entry.name), id === '' ? entry.name : `${id}/${entry.name}`, depth + 1);
  };
  await visit(root, '', 0);
  return found;
}

/** The run of an id, or null. */
export async function findRun(root: string, id: string): Promise<Found | null> {
  return (await findRuns(root)).find((run) => run.id === id) ?? null;
}

/** Opens a plain file for reading; null where there is none. A link, pipe or device is none. */
export async function openPlain(path: string): Promise<FileHandle | null> {
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isFile()) return null;
  return open(path, 'r');
}

/** The last `most` bytes of a plain file as whole lines, and its size; null where there is none. */
export async function readTail(
  path: string,
  most: number,
): Promise<{ lines: string[]; torn: string; size: number } | null> {
  const file = await openPlain(path);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, most);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    const torn = lines.pop() ?? '';
    if (length < size) lines.shift();
    return { lines, torn, size };
  } finally {
    await file.close();
  }
}

/** A plain file's text; null where there is none. Throws InputError where it is larger than `most` bytes. */
export async function readPlain(path: string, most: number): Promise<string | null> {
  const file = await openPlain(path);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > most) throw new InputError(path, `${size} bytes, at most ${most} are read`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** How deep below a run's folder of scenarios suites are looked for, and how many. */
const DEEPEST_SUITE = 2;
const MOST_SUITES = 200;
/** Stands beside found attacks and says where each comes from. */
const PROVENANCE = 'provenance.jsonl';

/** A file of scenarios, named by where it is below the root. */
export type SuiteFile = { readonly name: string; readonly path: string };

/** The files of scenarios that runs have left in their folder `scenarios`. */
export async function findSuites(runs: readonly Found[]): Promise<readonly SuiteFile[]> {
  const found: SuiteFile[] = [];
  const visit = async (path: string, name: string, depth: number): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (entry.name.startsWith('.') || found.length >= MOST_SUITES) continue;
      const below = { path: join(path, entry.name), name: `${name}/${entry.name}` };
      if (entry.isFile() && entry.name.endsWith('.jsonl') && entry.name !== PROVENANCE) found.push(below);
      else if (entry.isDirectory() && depth < DEEPEST_SUITE) await visit(below.path, below.name, depth + 1);
    }
  };
  for (const { id, path, files } of runs)
    if (files.includes('scenarios')) await visit(join(path, 'scenarios'), `${id}/scenarios`, 0);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
