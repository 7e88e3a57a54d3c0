// Worlds in worker threads: each episode lives in one of them, calls go there and back. A thread that ends or stops answering
// is replaced; the episodes it held are lost and say so, all others go on.
import { Worker } from 'node:worker_threads';
import type { Json } from '../../episode/action.ts';
import type { Place } from '../../world/ground.ts';
import type { Outcome, Rules } from './game.ts';
import type { ToolSpec } from './offer.ts';

export type WorkerOptions = { readonly place: Place; readonly rules: Rules };

type Args = { readonly [argument: string]: Json };

export type Asked =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly game: number;
      readonly task: string;
      readonly scenario: string;
      readonly seed: number;
    }
  | { readonly kind: 'act'; readonly id: number; readonly game: number; readonly tool: string; readonly args: Args }
  | { readonly kind: 'close'; readonly game: number };

export type Answer =
  | { readonly id: number; readonly kind: 'ready' }
  | { readonly id: number; readonly kind: 'opened'; readonly prompt: string; readonly tools: readonly ToolSpec[] }
  | { readonly id: number; readonly kind: 'acted'; readonly outcome: Outcome }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

/** An episode in one of the threads. */
export type Remote = {
  readonly prompt: string;
  readonly tools: readonly ToolSpec[];
  act(tool: string, args: Args): Promise<Outcome>;
  close(): void;
};

export type Pool = {
  /** Starts an episode. Rejects if its world cannot be opened. Close it. */
  open(task: string, scenario: string, seed: number): Promise<Remote>;
  /** Episodes under way, how often a thread had to be replaced, and the bytes of the threads' heaps in use. */
  load(): Promise<{ readonly games: number; readonly restarts: number; readonly heap: number }>;
  close(): Promise<void>;
};

export type PoolOptions = WorkerOptions & {
  readonly workers: number;
  /** Milliseconds without any answer after which a thread that owes one is replaced. */
  readonly timeout: number;
  /** A clock in milliseconds. */
  readonly now: () => number;
};

type Waiting = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };

/** One thread, as long as it lives. */
class Lane {
  readonly worker: Worker;
  readonly waiting = new Map<number, Waiting>();
  readonly ready: Promise<void>;
  games = 0;
  /** Whether it has ended: nothing is to be asked of it any more. */
  dead = false;
  /** When it last answered, or was last idle. */
  heard: number;
  #outbox: Asked[] = [];

  constructor(options: PoolOptions, onEnd: (lane: Lane, early: boolean) => void) {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const { place, rules, now } = options;
    this.worker = new Worker(new URL(file, import.meta.url), { workerData: { place, rules } satisfies WorkerOptions });
    this.heard = now();
    this.ready = new Promise((resolve, reject) => this.waiting.set(0, { resolve: () => resolve(), reject }));
    this.ready.catch(() => {});
    this.worker.on('message', (answers: string) => {
      this.heard = now();
      for (const answer of JSON.parse(answers) as readonly Answer[]) this.#settle(answer);
    });
    const end = (error: Error): void => {
      if (this.dead) return;
      this.dead = true;
      const early = this.waiting.has(0);
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
      onEnd(this, early);
    };
    this.worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))));
    this.worker.on('exit', (code) => end(new Error(`a world thread ended with ${code}`)));
  }

  ask(asked: Exclude<Asked, { kind: 'close' }>, now: number): Promise<Answer> {
    if (this.dead) return Promise.reject(new Error('the world of this episode is gone'));
    if (this.waiting.size === 0) this.heard = now;
    return new Promise((resolve, reject) => {
      this.waiting.set(asked.id, { resolve, reject });
      this.post(asked);
    });
  }

  /** Sends in bundles: what is asked in one turn of the event loop travels together. */
  post(asked: Asked): void {
    if (this.#outbox.push(asked) > 1) return;
    setImmediate(() => {
      const bundle = this.#outbox;
      this.#outbox = [];
      this.worker.postMessage(JSON.stringify(bundle));
    });
  }

  #settle(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.kind === 'failed') waiting?.reject(new Error(answer.message));
    else waiting?.resolve(answer);
  }
}

/** Starts the threads and waits until they are ready. Rejects if one cannot start. */
export async function openPool(options: PoolOptions): Promise<Pool> {
  const { workers, timeout, now } = options;
  let [ids, restarts, closing] = [0, 0, false];
  const lanes: Lane[] = [];
  const replace = (lane: Lane, early: boolean): void => {
    if (closing) return;
    restarts += 1;
    const put = (): void => {
      if (!closing) lanes[lanes.indexOf(lane)] = new Lane(options, replace);
    };
    // One that cannot even start is tried again, but not in a circle without a pause.
    if (early) setTimeout(put, 1000).unref();
    else put();
  };
  for (let at = 0; at < workers; at++) lanes.push(new Lane(options, replace));
  const watch = setInterval(
    () => {
      for (const lane of lanes) if (lane.waiting.size > 0 && now() - lane.heard > timeout) void lane.worker.terminate();
    },
    Math.min(1000, timeout),
  );
  watch.unref();
  const close = async (): Promise<void> => {
    closing = true;
    clearInterval(watch);
    await Promise.all(lanes.map(({ worker }) => worker.terminate()));
  };
  await Promise.all(lanes.map(({ ready }) => ready)).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    async open(task, scenario, seed) {
      const alive = lanes.filter(({ dead }) => !dead);
      if (alive.length === 0) throw new Error('no world thread is running');
      const lane = alive.reduce((least, other) => (other.games < least.games ? other : least));
      lane.games += 1;
      const game = ++ids;
      let closed = false;
      const leave = (): void => {
        if (closed) return;
        closed = true;
        lane.games -= 1;
        lane.post({ kind: 'close', game });
      };
      const opened = await lane
        .ask({ kind: 'open', id: ++ids, game, task, scenario, seed }, now())
        .catch((error: unknown) => {
          leave();
          throw error;
        });
      if (opened.kind !== 'opened') throw new Error(`a world thread answered ${opened.kind}`);
      return {
        prompt: opened.prompt,
        tools: opened.tools,
        async act(tool, args) {
          if (closed) throw new Error('the world of this episode is gone');
          const answer = await lane.ask({ kind: 'act', id: ++ids, game, tool, args }, now());
          if (answer.kind !== 'acted') throw new Error(`a world thread answered ${answer.kind}`);
          return answer.outcome;
        },
        close: leave,
      };
    },
    async load() {
      const games = lanes.reduce((sum, lane) => sum + lane.games, 0);
      // A thread that is ending has none to tell of.
      const heaps = lanes.map(({ worker }) =>
        worker.getHeapStatistics().then(
          ({ used_heap_size: used }) => used,
          () => 0,
        ),
      );
      return { games, restarts, heap: (await Promise.all(heaps)).reduce((sum, used) => sum + used, 0) };
    },
    close,
  };
}
