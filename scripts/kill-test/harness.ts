// Kills training processes at random moments and lets each run end; what is left must be, byte for byte and file for file, what
// an undisturbed run leaves. Half of the kills come at a random moment of a run, half at a random one of its writes.
// Not here: kills of the machine (what was flushed to a disk that then loses power).
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rng } from '../../src/episode/random.ts';
import { DEFAULT_CONFIG, type TrainConfig } from '../../src/train/config.ts';
import { createRun } from '../../src/train/rundir.ts';

/** A run of every phase that ends in seconds, with a checkpoint after each step of the alignment. */
export const TINY: TrainConfig = {
  ...DEFAULT_CONFIG,
  model: {
    ...DEFAULT_CONFIG.model,
    vocab: 600,
    width: 16,
    layers: 1,
    heads: 2,
    kvHeads: 2,
    headDim: 8,
    hidden: 24,
    inductionHeads: false,
  },
  warm: { ...DEFAULT_CONFIG.warm, demonstrations: 60, steps: 10, batch: 4 },
  grpo: { ...DEFAULT_CONFIG.grpo, steps: 5, groups: 2, members: 2 },
  evaluate: { count: 6, seed: 7001 },
  checkpoint: 1,
};

/** What killing found out. */
export type Outcome = {
  readonly kills: number;
  /** Runs that were killed at least once and then ended. */
  readonly runs: number;
  /** What differs from the undisturbed run, a line each. */
  readonly faults: readonly string[];
  /** Where kills struck, by how far the run had come. */
  readonly struck: { readonly [where: string]: number };
};

type Root = { readonly root: string; readonly program: readonly string[] };

function start({ program }: Root, run: string): ChildProcess {
  return spawn(process.execPath, [...program, 'src/cli/main.ts', 'align', '--resume', run], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Waits for the end: null if it was killed. Gives what was said on standard error. */
async function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

/** Hashes of all files of a run by name, save the report, which tells seconds. */
async function hashRun(run: string): Promise<Map<string, string>> {
  const entries = await readdir(run, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'report.html');
  const hashes = await Promise.all(
    files.map(async (entry): Promise<[string, string]> => {
      const path = join(entry.parentPath, entry.name);
      return [
        path.slice(run.length + 1),
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ];
    }),
  );
  return new Map(hashes.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What of a run is not as it should be. */
export function listDifferences(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return names.flatMap((name) => {
    if (!found.has(name)) return [`${name} is missing`];
    if (!expected.has(name)) return [`${name} is left over`];
    return found.get(name) === expected.get(name) ? [] : [`${name} has other bytes`];
  });
}

/** How far a run has come, as its files tell. */
async function locate(run: string): Promise<string> {
  const names: readonly string[] = await readdir(join(run, 'checkpoints')).catch((): string[] => []);
  const writing = names.some((name) => name.includes('.new-') || name.endsWith('.old')) ? ', while writing' : '';
  if (names.includes('final')) return `evaluation${writing}`;
  if (names.includes('base')) return `alignment${writing}`;
  return names.includes('latest') ? `warm start${writing}` : `beginning${writing}`;
}

/** Runs once undisturbed: the bytes that must come out, how long it takes, and how often it touches its files. */
async function runWhole(place: Root) {
  const run = (await createRun(place.root, TINY)).path;
  await cp(run, join(place.root, 'fresh'), { recursive: true });
  let touches = 0;
  const watcher = watch(run, { recursive: true }, () => touches++);
  const begin = performance.now();
  const { code, said } = await ended(start(place, run));
  watcher.close();
  if (code !== 0) throw new Error(`the undisturbed run ended with ${code}: ${said}`);
  return { hashes: await hashRun(run), milliseconds: performance.now() - begin, touches };
}

/** Starts a run and kills it after so many milliseconds, or at so many touches of its files. */
async function killOnce(place: Root, run: string, at: { readonly after?: number; readonly touch?: number }) {
  const child = start(place, run);
  const exit = ended(child);
  let touches = 0;
  const watcher = watch(run, { recursive: true }, () => {
    if (++touches === at.touch) child.kill('SIGKILL');
  });
  const timer = at.after === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), at.after);
  const result = await exit;
  clearTimeout(timer);
  watcher.close();
  return result;
}

/** Faults after which nothing more is tried. */
const MOST_FAULTS = 40;

export type KillOptions = {
  readonly root: string;
  readonly kills: number;
  readonly seed: number;
  readonly onKill?: (done: number, where: string) => void;
  /** Stop early once this says so. */
  readonly isOver?: () => boolean;
};

/** Kills as often as wished. Each run is killed again and again until it ends by itself, then compared. */
export async function killRuns({ root, kills, seed, onKill, isOver = () => false }: KillOptions): Promise<Outcome> {
  const place: Root = { root, program: process.execArgv };
  await mkdir(root, { recursive: true });
  const whole = await runWhole(place);
  const r = rng('kill-test', seed);
  const faults: string[] = [];
  const struck: { [where: string]: number } = {};
  let [done, runs] = [0, 0];
  while (done < kills && faults.length < MOST_FAULTS && !isOver()) {
    const run = join(root, `run-${runs}`);
    await cp(join(root, 'fresh'), run, { recursive: true });
    for (let alive = true; alive; ) {
      const left = done < kills && !isOver();
      const moment =
        r.next() < 0.5 ? { after: r.next() * whole.milliseconds } : { touch: 1 + r.int(Math.max(1, whole.touches)) };
      const { code, said } = await killOnce(place, run, left ? moment : {});
      alive = code === null;
      if (code !== null && code !== 0)
        faults.push(`run ${runs}: ended with ${code}: ${said.trim().split('\n').at(-1)}`);
      if (!alive) continue;
      const where = await locate(run);
      struck[where] = (struck[where] ?? 0) + 1;
      done += 1;
      onKill?.(done, where);
    }
    faults.push(...listDifferences(whole.hashes, await hashRun(run)).map((text) => `run ${runs}: ${text}`));
    await rm(run, { recursive: true });
    runs += 1;
  }
  return { kills: done, runs, faults, struck };
}
