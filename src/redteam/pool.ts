// Arenas in worker threads: each has a policy, a guard and worlds of its own. Which thread plays a try depends on the order
// of tries alone. Not here: what an arena does (arena.ts).
import { Worker } from 'node:worker_threads';
import { type Arena, type ArenaOptions, nameDefence, type Try } from './arena.ts';
import type { Outcome } from './outcome.ts';

/** What crosses to a thread: an arena that is made of names and rules. */
export type Portable = Pick<ArenaOptions, 'defence' | 'threads' | 'services' | 'wall'>;
export type WorkerAnswer =
  | { readonly id: number; readonly outcomes: readonly Outcome[] }
  | { readonly id: number; readonly error: string };

/** Opens arenas in so many threads as one. A thread that fails fails its request. Close it. */
export function openArenas(options: Portable, count: number): Arena {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(file, import.meta.url), { workerData: options }),
  );
  let id = 0;
  return {
    name: nameDefence(options.defence),
    async play(tries) {
      id += 1;
      const outcomes: Outcome[] = [];
      await Promise.all(
        workers.map(async (worker, at) => {
          // Tries of one target differ little, so that a batch shares their common beginnings.
          const [from, to] = [at, at + 1].map((edge) => Math.floor((edge * tries.length) / count));
          const shard = tries.slice(from, to);
          if (shard.length === 0) return;
          for (const [index, one] of (await ask(worker, id, shard)).entries()) outcomes[(from ?? 0) + index] = one;
        }),
      );
      return outcomes;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, id: number, tries: readonly Try[]): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      work();
    };
    const onMessage = (answer: WorkerAnswer): void => {
      if (answer.id !== id) return;
      settle(() =>
        'error' in answer ? reject(new Error(`red team worker: ${answer.error}`)) : resolve(answer.outcomes),
      );
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a red team worker ended with code ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage({ id, tries });
  });
}
