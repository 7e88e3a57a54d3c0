// Interpreters of shells in a thread of their own, from the side of the worlds: orders go there, what a command asks of its
// world comes back. One thread serves all worlds of this one; it sees no environment, and a limited heap.
// Covered: this thread's loop goes on whatever a command computes; a thread that says nothing for too long is ended, and the
// commands it held fail. Not covered: while one command hangs, those of other worlds wait for it.
import { Worker } from 'node:worker_threads';
import type { World } from '../world.ts';
import type { Outcome } from './bash.ts';
import type { Seated } from './shell.ts';
import type { File, Order, Reply } from './thread.ts';

/** A command has its own limit of 5 s: a thread silent for longer than this is stuck. In milliseconds. */
const SILENCE = 30_000;

const LOST: Outcome = { result: { ok: false, error: 'the shell broke down' }, touched: [] };

type Waiting = { readonly resolve: (outcome: Outcome) => void; readonly world: World };

/** A thread and what it holds. */
type Seats = {
  readonly worker: Worker;
  readonly worlds: Map<number, World>;
  readonly waiting: Map<number, Waiting>;
  ended: boolean;
  silence: NodeJS.Timeout | null;
};

let seats: Seats | null = null;
let count = 0;

/** Opens an interpreter for a world in the thread, which is started when first needed. */
export function openAside(world: World, files: readonly File[], wallLimit: number): Seated {
  seats ??= startThread();
  const held = seats;
  const shell = ++count;
  const say = (order: Order) => {
    if (!held.ended) held.worker.postMessage(order);
  };
  say({ kind: 'open', shell, seed: world.seed, clock: world.clock, files, wallLimit });
  return {
    get ended() {
      return held.ended;
    },
    run: (command, changes) =>
      new Promise((resolve) => {
        if (held.ended) return resolve(LOST);
        held.waiting.set(shell, { resolve, world });
        listenFor(held);
        say({ kind: 'run', shell, clock: world.clock, command, changes });
      }),
    close: () => say({ kind: 'close', shell }),
  };
}

function startThread(): Seats {
  const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js';
  const worker = new Worker(new URL(file, import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
    stdout: true,
    stderr: true,
  });
  const started: Seats = { worker, worlds: new Map(), waiting: new Map(), ended: false, silence: null };
  worker.on('message', (reply: Reply) => hearReply(started, reply));
  worker.on('error', () => endThread(started));
  worker.on('exit', () => endThread(started));
  worker.unref();
  return started;
}

/** Keeps the process alive, and watches the silence, while commands are under way. */
function listenFor(held: Seats): void {
  held.worker.ref();
  if (held.silence === null) held.silence = setTimeout(() => endThread(held), SILENCE).unref();
  else held.silence.refresh();
}

function hearReply(held: Seats, reply: Reply): void {
  held.silence?.refresh();
  const waiting = held.waiting.get(reply.shell);
  if (waiting === undefined) return;
  waiting.world.clock += reply.moved;
  if (reply.kind === 'ask') {
    void answerRequest(held, waiting.world, reply);
    return;
  }
  held.waiting.delete(reply.shell);
  if (held.waiting.size === 0) restThread(held);
  waiting.resolve(reply.outcome);
}

function restThread(held: Seats): void {
  if (held.silence !== null) clearTimeout(held.silence);
  held.silence = null;
  held.worker.unref();
}

async function answerRequest(
  held: Seats,
  world: World,
  { ask, url, init }: Extract<Reply, { kind: 'ask' }>,
): Promise<void> {
  const order = await requestPage(world, ask, url, init);
  if (!held.ended) held.worker.postMessage(order);
}

async function requestPage(world: World, ask: number, url: string, init: RequestInit): Promise<Order> {
  try {
    const response = await world.request(url, init);
    const { status, statusText } = response;
    const body = new Uint8Array(await response.arrayBuffer());
    const page = { status, statusText, headers: [...response.headers], body };
    return { kind: 'answer', ask, clock: world.clock, page };
  } catch (error) {
    return { kind: 'answer', ask, clock: world.clock, page: error instanceof Error ? error.message : String(error) };
  }
}

/** Ends a thread, and whatever is asked of it. */
function endThread(held: Seats): void {
  if (held.ended) return;
  held.ended = true;
  if (seats === held) seats = null;
  restThread(held);
  void held.worker.terminate();
  for (const { resolve } of held.waiting.values()) resolve(LOST);
  held.waiting.clear();
}
