// Starts Node behind a wall: what it may read, what is switched off, and for `jail` the jail around it.
// Covered by `child`: no writing, no reading but Tribune's own files, no programs, no native code, no code from text, an
// empty environment. Not covered by `child`: the network (Node restricts it from version 26 on), memory outside of
// JavaScript's heap, processor time. The jail covers the first two.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Wall } from '../ground.ts';
import { findTools, nodeFiles, spawnJailed } from './jail.ts';

/** A wall that is a process. */
export type Outer = Exclude<Wall, 'inside'>;

/** Most memory of such a process, in bytes: RLIMIT_DATA in the jail; JavaScript's heap is limited to half of it in both. */
export const MEMORY = 2 ** 31;

/** The options of Node that make the second wall. Code from text is off: nothing in a world needs it. */
export function nodeOptions(readable: readonly string[], memory: number): string[] {
  return [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    // No --allow-worker: a thread may be started without these options and has every right again.
    ...SQLITE,
    '--disallow-code-generation-from-strings',
    '--disable-proto=delete',
    '--no-addons',
    `--max-old-space-size=${Math.floor(memory / 2 / (1 << 20))}`,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    '--conditions=tribune-source',
  ];
}

/** The database that comes with Node opens files without asking the permission model (seen in 24.21). */
const SQLITE = process.allowedNodeEnvironmentFlags.has('--experimental-sqlite') ? ['--no-experimental-sqlite'] : [];

/** Tribune's own files: this package's source or build, and the packages it needs. */
export function ownFiles(): string[] {
  const here = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
  const found = [here, join(dirname(here), 'package.json')];
  for (let folder = dirname(here); folder !== dirname(folder); folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(modules)) found.push(modules, realpathSync(modules));
  }
  return [...new Set(found)];
}

/** The environment of the process: nothing of ours. */
export const BARE = { TZ: 'UTC', LC_ALL: 'en_US.UTF-8' };

/** Starts Node on a file behind a wall. `more`: files it may read too. Throws where the jail is wanted and not here. */
export function spawnBehind(
  wall: Outer,
  args: readonly string[],
  memory = MEMORY,
  more: readonly string[] = [],
): ChildProcess {
  const readable = [...ownFiles(), ...more];
  const all = [...nodeOptions(readable, memory), ...args];
  const directory = dirname(readable[0] ?? '/');
  if (wall === 'child') return spawn(process.execPath, all, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', env: BARE });
  const read = [...nodeFiles(), ...readable];
  const jailed = { file: process.execPath, args: all, read, files: null, directory, env: BARE, memory };
  const child = spawnJailed(findTools(), jailed);
  if (child === null) throw new Error('this system has no jail: bubblewrap or prlimit is missing');
  return child;
}
