// The shell of a world: a bash interpreter written in TypeScript (just-bash) over the world's files. Loaded only when a
// world's shell is first used. The files stand under /home/user; after each command, changes go back into `files`.
// Covered: no host files, no processes, no network (`curl` is `world.request`), no path from the shell to JavaScript;
// limits on work, output and memory; virtual clock and seeded chance, so the same commands give the same bytes.
// Not covered: it is an interpreter in this process, not a kernel boundary, and a beta release. Run untrusted agents'
// worlds in a child process as well. What hits the wall-time limit (the work limits come first) is not reproducible.

import { Bash, type CommandName, getCommandNames, type SecureFetch } from 'just-bash';
import { rng } from '../../episode/random.ts';
import { isFileName, writeFile } from '../services/files.ts';
import type { ToolResult } from '../tool.ts';
import type { World } from '../world.ts';
import { hostNow, runWith, type Source } from './clock.ts';

export type Shell = {
  /** Runs one command line. Never throws for what the command does. Commands of one world run one after another. */
  run(command: string): Promise<ToolResult>;
};

const HOME = '/home/user';

/** Longest output given to the model, in characters. */
const OUTPUT_LIMIT = 2000;

/** Commands of just-bash 3.4.2 that would break a promise made above. */
const LEFT_OUT = new Set([
  ...['awk', 'diff'], // compute without end and without looking at any limit
  'file', // looks into compressed files and leaves a rejected promise behind, which ends the process
  'sqlite3', // runs in a worker thread, out of reach of the virtual clock
]);

const COMMANDS = getCommandNames().filter((name) => !LEFT_OUT.has(name)) as CommandName[];

/** The interpreter's own time limit is on virtual time: a script may sleep for a day, not for ever. */
const DAY = 86_400_000;
const LIMITS = { maxExecutionTimeMs: DAY, maxOutputSize: 1 << 20, maxFileSystemBytes: 1 << 20 };

let warm: Promise<unknown> | null = null;

/** Opens the shell of a world. `wallLimit`: the longest time of a command on the host, in milliseconds. */
export async function openShell(world: World, wallLimit = 5000): Promise<Shell> {
  warm ??= warmUp();
  await warm;
  const bash = runWith(limitTime(world, wallLimit, rng('shell', world.seed).next), () => createBash(world));
  const seen = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();
  let count = 0;
  const runNext = (command: string) => {
    const source = limitTime(world, wallLimit, rng('shell', world.seed, count++).next);
    return runWith(source, () => runCommand(world, bash, seen, command));
  };
  return {
    run: (command) => {
      const result = last.then(() => runNext(command));
      last = result.catch(() => null);
      return result;
    },
  };
}

/**
 * The world's time, until the wall limit is over: then every millisecond of the host counts as a day, so that the
 * interpreter is past its own limit at its next look at the clock. A timer would wait for a turn it may never get.
 */
function limitTime(world: World, wallLimit: number, random: () => number): Source {
  const end = hostNow() + wallLimit;
  return { now: () => world.clock + Math.max(0, hostNow() - end) * DAY, random };
}

function createBash(world: World): Bash {
  return new Bash({
    commands: COMMANDS,
    executionLimitProfile: 'hardened',
    executionLimits: LIMITS,
    fetch: (url, options) => fetchInside(world, url, options),
    sleep: async (milliseconds) => {
      world.clock += milliseconds;
    },
  });
}

/** Modules that commands load late draw random numbers once; done here, for no world, so that no world notices. */
function warmUp(): Promise<unknown> {
  return runWith(null, () => new Bash({ commands: ['ls', 'find'] }).exec('ls; find . -name x'));
}

async function runCommand(world: World, bash: Bash, seen: Map<string, string>, command: string): Promise<ToolResult> {
  await loadFiles(world, bash, seen);
  const result = await executeLine(bash, command);
  await storeFiles(world, bash, seen);
  return result;
}

async function executeLine(bash: Bash, command: string): Promise<ToolResult> {
  try {
    const { stdout, stderr: said, exitCode } = await bash.exec(command);
    const stderr = hideTimes(said);
    if (exitCode === 0) return { ok: true, text: cutOutput(`${stdout}${stderr}`) || 'done' };
    return { ok: false, error: cutOutput(`${stderr}${stdout}`) || `exit code ${exitCode}` };
  } catch (error) {
    return { ok: false, error: cutOutput(error instanceof Error ? error.message : String(error)) };
  }
}

/** `time` measures with a clock of the host that no patch reaches: what it reports is set to nothing, as virtual time is. */
function hideTimes(stderr: string): string {
  return stderr
    .replace(/^(real|user|sys)([ \t]+)\d+m\d+\.\d+s$/gm, '$1$20m0.000s')
    .replace(/^(real|user|sys)( +)\d+\.\d+$/gm, '$1$20.00');
}

function cutOutput(output: string): string {
  const text = output.trimEnd();
  return text.length <= OUTPUT_LIMIT ? text : `${text.slice(0, OUTPUT_LIMIT)} [cut]`;
}

/** Brings what tools changed in `files` since the last command into the shell's file system. */
async function loadFiles(world: World, bash: Bash, seen: Map<string, string>): Promise<void> {
  const rows = world.db.rows<{ name: string; text: string }>('select name, text from files order by name');
  const names = new Set(rows.map((row) => row.name));
  for (const name of [...seen.keys()].filter((key) => !names.has(key))) {
    await bash.fs.rm(`${HOME}/${name}`, { force: true });
    seen.delete(name);
  }
  for (const { name, text } of rows) {
    if (seen.get(name) === text || !isFileName(name)) continue;
    await placeFile(bash, `${HOME}/${name}`, text);
    seen.set(name, text);
  }
}

async function placeFile(bash: Bash, path: string, text: string): Promise<void> {
  await bash.fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  await bash.fs.writeFile(path, text);
}

/** Brings what the command changed in the shell's file system into `files`. */
async function storeFiles(world: World, bash: Bash, seen: Map<string, string>): Promise<void> {
  const found = await readHome(bash);
  world.db.transact(() => {
    for (const [name, text] of found) {
      if (seen.get(name) === text) continue;
      writeFile(world.db, name, text);
      seen.set(name, text);
    }
    for (const name of [...seen.keys()].filter((key) => !found.has(key))) {
      world.db.run('delete from files where name = ?', [name]);
      seen.delete(name);
    }
  });
}

/** Regular files under the home directory, by name. */
async function readHome(bash: Bash): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of bash.fs.getAllPaths().sort()) {
    const name = path.slice(HOME.length + 1);
    if (!path.startsWith(`${HOME}/`) || !isFileName(name)) continue;
    if ((await bash.fs.lstat(path)).isFile) found.set(name, await bash.fs.readFile(path));
  }
  return found;
}

type FetchOptions = Parameters<SecureFetch>[1];

/** curl's way out: only into the world. */
async function fetchInside(world: World, url: string, options: FetchOptions): ReturnType<SecureFetch> {
  const init: RequestInit = { method: options?.method ?? 'GET' };
  if (options?.headers !== undefined) init.headers = options.headers;
  if (options?.body !== undefined) init.body = options.body;
  const response = await world.request(url, init);
  const headers = Object.fromEntries(response.headers);
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, statusText: response.statusText, headers, body, url };
}
