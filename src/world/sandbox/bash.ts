// The interpreter behind a world's shell: just-bash, a bash written in TypeScript, over a disk in memory. It knows a clock, a
// seed and a way to ask for a page; where the world is, and in which thread, is shell.ts's business.
// Covered: no host files, no processes, no network (`curl` is `Host.request`), no path from the shell to JavaScript; limits on
// work, output and memory; virtual clock and seeded chance, so that the same commands give the same bytes.
// Not covered: it is an interpreter in this process, not a kernel boundary, and a beta release.
import {
  Bash,
  type BashOptions,
  type CommandName,
  DefenseInDepthBox,
  getCommandNames,
  type SecureFetch,
} from 'just-bash';
import { rng } from '../../episode/random.ts';
import type { ToolResult } from '../tool.ts';
import { hostNow, runWith, type Source } from './clock.ts';
import { Disk } from './disk.ts';
import { type Base, makeBase, NEW, type Node } from './nodes.ts';
import { parentOf } from './path.ts';

/** A file of the world: its name and its text; null where there is none of that name. */
export type Change = readonly [name: string, text: string | null];

/** What an interpreter sees of its world. `clock` is moved by what sleeps. */
export type Host = { clock: number; request(url: string, init: RequestInit): Promise<Response> };

/** What came of a command, and the files it may have changed, by name. */
export type Outcome = { readonly result: ToolResult; readonly touched: readonly Change[] };

export type Interpreter = {
  /** Brings files in that changed outside, and runs one command line. Never throws for what the command does. */
  run(command: string, changes: readonly Change[]): Promise<Outcome>;
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
const FILE_BYTES = 1 << 20;
const LIMITS = { maxExecutionTimeMs: DAY, maxOutputSize: 1 << 20, maxFileSystemBytes: FILE_BYTES };

const OPTIONS: BashOptions = {
  commands: COMMANDS,
  executionLimitProfile: 'hardened',
  executionLimits: LIMITS,
  defenseInDepth: true,
};

/** What a world of those files starts from. Shared by all interpreters that are made of it. */
export async function layOut(files: readonly (readonly [name: string, text: string])[]): Promise<Base> {
  layout ??= readLayout();
  const nodes = new Map(await layout);
  const encoder = new TextEncoder();
  for (const [name, text] of files) {
    const path = `${HOME}/${name}`;
    if (layFolders(nodes, parentOf(path)))
      nodes.set(path, { kind: 'file', bytes: encoder.encode(text), mode: NEW.file, mtime: null });
  }
  return makeBase(nodes);
}

/** Opens an interpreter. `wallLimit`: the longest time of a command on the host, in milliseconds. */
export function openInterpreter(host: Host, seed: number, base: Base, wallLimit: number): Interpreter {
  const openedAt = limitTime(host, wallLimit, rng('shell', seed).next);
  const { bash, disk } = runWith(openedAt, () => createBash(host, base));
  let count = 0;
  return {
    run: (command, changes) => {
      const source = limitTime(host, wallLimit, rng('shell', seed, count++).next);
      return runWith(source, () => runCommand(bash, disk, command, changes));
    },
  };
}

/**
 * The world's time, until the wall limit is over: then every millisecond of the host counts as a day, so that the
 * interpreter is past its own limit at its next look at the clock. A timer would wait for a turn it may never get.
 */
function limitTime(host: Host, wallLimit: number, random: () => number): Source {
  const end = hostNow() + wallLimit;
  return { now: () => host.clock + Math.max(0, hostNow() - end) * DAY, random };
}

function createBash(host: Host, base: Base): { bash: Bash; disk: Disk } {
  const disk = new Disk(base, FILE_BYTES);
  const bash = new Bash({
    ...OPTIONS,
    fs: disk,
    fetch: (url, options) => fetchInside(host, url, options),
    sleep: async (milliseconds) => {
      host.clock += milliseconds;
    },
  });
  return { bash, disk };
}

async function runCommand(bash: Bash, disk: Disk, command: string, changes: readonly Change[]): Promise<Outcome> {
  for (const [name, text] of changes) {
    if (text === null) disk.erase(`${HOME}/${name}`);
    else disk.place(`${HOME}/${name}`, text);
  }
  disk.takeTouched();
  raiseDefence();
  try {
    return { result: await executeLine(bash, command), touched: listTouched(disk) };
  } finally {
    lowerDefence();
  }
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

/** What stands now in the home directory where something was touched, by name. */
function listTouched(disk: Disk): Change[] {
  const changes: Change[] = [];
  for (const path of [...disk.takeTouched()].sort()) {
    if (path.startsWith(`${HOME}/`)) changes.push([path.slice(HOME.length + 1), disk.textAt(path)]);
  }
  return changes;
}

type FetchOptions = Parameters<SecureFetch>[1];

/** curl's way out: only into the world. */
async function fetchInside(host: Host, url: string, options: FetchOptions): ReturnType<SecureFetch> {
  const init: RequestInit = { method: options?.method ?? 'GET' };
  if (options?.headers !== undefined) init.headers = options.headers;
  if (options?.body !== undefined) init.body = options.body;
  const response = await host.request(url, init);
  const headers = Object.fromEntries(response.headers);
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, statusText: response.statusText, headers, body, url };
}

let layout: Promise<ReadonlyMap<string, Node>> | null = null;

/**
 * The directories, devices and names of commands that just-bash lays out, read from one that it made. Modules that commands
 * load late draw random numbers once: a command is run here, for no world, so that no world notices.
 */
function readLayout(): Promise<ReadonlyMap<string, Node>> {
  return runWith(null, async () => {
    await new Bash({ commands: ['ls', 'find'] }).exec('ls; find . -name x');
    const { fs } = new Bash({ ...OPTIONS, fetch: () => Promise.reject(new Error('no world')) });
    const nodes = new Map<string, Node>();
    for (const path of fs.getAllPaths()) {
      const { isFile, mode } = await fs.lstat(path);
      if (isFile) nodes.set(path, { kind: 'file', bytes: await fs.readFileBuffer(path), mode, mtime: null });
      else nodes.set(path, { kind: 'directory', mode, mtime: null });
    }
    return nodes;
  });
}

/** Makes the folders above a file; false where one of them is a file. */
function layFolders(nodes: Map<string, Node>, path: string): boolean {
  const found = nodes.get(path);
  if (found !== undefined) return found.kind === 'directory';
  if (!layFolders(nodes, parentOf(path))) return false;
  nodes.set(path, { kind: 'directory', mode: NEW.directory, mtime: null });
  return true;
}

/**
 * While a command runs, just-bash closes off what its realm should not reach from within (its second wall). To put that up
 * and down takes longer than most commands: it stays up until no command has come for a while.
 */
const PAUSE = 100;
let defence: { deactivate(): void } | null = null;
let running = 0;
let pause: NodeJS.Timeout | null = null;

function raiseDefence(): void {
  running++;
  defence ??= DefenseInDepthBox.getInstance(true).activate();
}

function lowerDefence(): void {
  if (--running > 0) return;
  if (pause !== null) pause.refresh();
  else pause = runWith(null, () => setTimeout(dropDefence, PAUSE).unref());
}

function dropDefence(): void {
  if (running > 0) return;
  defence?.deactivate();
  defence = null;
  pause = null;
}
