// The shell of a world: an interpreter (bash.ts) over the world's files. Loaded only when a world's shell is first used. The
// files stand under /home/user; what changed in `files` since the last command goes in before a command, what the command
// changed goes back after it.
// A command may compute for seconds without a pause. So the main thread, which others wait for, lets a thread of its own
// interpret (aside.ts); a thread of worlds, or a process behind a wall, where threads are forbidden, does it itself.
// Covered, and not: see bash.ts. What hits the wall-time limit (the work limits come first) is not reproducible.
import { isMainThread } from 'node:worker_threads';
import { isFileName, writeFile } from '../services/files.ts';
import type { Start } from '../store.ts';
import type { ToolResult } from '../tool.ts';
import type { World } from '../world.ts';
import type { Change, Interpreter } from './bash.ts';
import type { Base } from './nodes.ts';

export type Shell = {
  /** Runs one command line. Never throws for what the command does. Commands of one world run one after another. */
  run(command: string): Promise<ToolResult>;
  /** Ends it. It must not be used afterwards. */
  close(): void;
};

/** Where commands are interpreted: `here` in this thread, `aside` in one of their own. */
export type Seat = 'here' | 'aside';

export type ShellOptions = {
  /** The longest time of a command on the host, in milliseconds. */
  readonly wallLimit?: number;
  readonly seat?: Seat;
};

const WALL_LIMIT = 5000;

/** Threads are forbidden behind a wall (behind.ts). */
const SEAT: Seat = isMainThread && process.permission === undefined ? 'aside' : 'here';

/** An interpreter somewhere. */
export type Seated = Interpreter & { readonly ended: boolean; close(): void };

type File = { readonly name: string; readonly text: string };

/** What the shell's side knows of the files: their texts when last seen, and how often the table had changed by then. */
type View = { readonly texts: Map<string, string>; stamp: number };

/** Opens the shell of a world. */
export async function openShell(
  world: World,
  { wallLimit = WALL_LIMIT, seat = SEAT }: ShellOptions = {},
): Promise<Shell> {
  const open = () => (seat === 'here' ? sitHere(world, wallLimit) : sitAside(world, wallLimit));
  let { view, seated } = await open();
  let last: Promise<unknown> = Promise.resolve();
  const runNext = async (command: string): Promise<ToolResult> => {
    if (seated.ended) ({ view, seated } = await open());
    const { result, touched } = await seated.run(command, listChanges(world, view));
    await storeChanges(world, view, touched);
    return result;
  };
  return {
    run: (command) => {
      const result = last.then(() => runNext(command));
      last = result.catch(() => null);
      return result;
    },
    close: () => seated.close(),
  };
}

type Opened = { readonly view: View; readonly seated: Seated };

async function sitHere(world: World, wallLimit: number): Promise<Opened> {
  const { layOut, openInterpreter } = await import('./bash.ts');
  const { view, start } = lookAt(world);
  start.base ??= layOut(start.files.map(({ name, text }) => [name, text]));
  const interpreter = openInterpreter(world, world.seed, await start.base, wallLimit);
  return { view, seated: { ...interpreter, ended: false, close: () => undefined } };
}

async function sitAside(world: World, wallLimit: number): Promise<Opened> {
  const { openAside } = await import('./aside.ts');
  const { view, start } = lookAt(world);
  return { view, seated: openAside(world, start.files, wallLimit) };
}

/** Files to start from, and the disk that is made of them. */
type Files = { readonly files: readonly File[]; base: Promise<Base> | null };

/** Worlds that start alike, and have not touched their files, share them. */
const starts = new WeakMap<Start, Files>();

function lookAt(world: World): { readonly view: View; readonly start: Files } {
  const stamp = world.db.stamp('files');
  const { start } = world.db;
  const known = start !== null && stamp === 0 ? starts.get(start) : undefined;
  const found = known ?? { files: readFiles(world).filter(({ name }) => isFileName(name)), base: null };
  if (start !== null && stamp === 0) starts.set(start, found);
  return { view: { texts: new Map(found.files.map(({ name, text }) => [name, text])), stamp }, start: found };
}

function readFiles(world: World): File[] {
  return world.db.rows<File>('select name, text from files order by name');
}

/** What tools changed in `files` since the shell last saw them. */
function listChanges(world: World, view: View): Change[] {
  const stamp = world.db.stamp('files');
  if (stamp === view.stamp) return [];
  const rows = readFiles(world);
  const names = new Set(rows.map(({ name }) => name));
  const gone = [...view.texts.keys()].filter((name) => !names.has(name));
  const changed = rows.filter(({ name, text }) => view.texts.get(name) !== text && isFileName(name));
  for (const name of gone) view.texts.delete(name);
  for (const { name, text } of changed) view.texts.set(name, text);
  view.stamp = stamp;
  return [...gone.map((name) => [name, null] as const), ...changed.map(({ name, text }) => [name, text] as const)];
}

/** Files stored in one go, before others get their turn. */
const BATCH = 500;

/** Brings what a command changed into `files`: new texts by name, then what is gone. */
async function storeChanges(world: World, view: View, touched: readonly Change[]): Promise<void> {
  const { texts } = view;
  const gone = new Set(touched.flatMap(([name, text]) => (text === null && texts.has(name) ? [name] : [])));
  const writes = touched.filter(([name, text]) => text !== null && texts.get(name) !== text && isFileName(name));
  const removals = gone.size === 0 ? [] : [...texts.keys()].filter((name) => gone.has(name));
  const all: Change[] = [...writes, ...removals.map((name) => [name, null] as const)];
  for (let at = 0; at < all.length; at += BATCH) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    const before = world.db.stamp('files');
    world.db.transact(() => {
      for (const change of all.slice(at, at + BATCH)) storeChange(world, texts, change);
    });
    // What somebody else changed meanwhile is still to be seen.
    if (before === view.stamp) view.stamp = world.db.stamp('files');
  }
}

function storeChange(world: World, texts: Map<string, string>, [name, text]: Change): void {
  if (text === null) {
    world.db.run('delete from files where name = ?', [name]);
    texts.delete(name);
  } else {
    writeFile(world.db, name, text);
    texts.set(name, text);
  }
}
