// A red team's worker thread: one arena. Started by pool.ts only.
import { parentPort, workerData } from 'node:worker_threads';
import { openArena, type Try } from './arena.ts';
import type { Portable, WorkerAnswer } from './pool.ts';

const arena = openArena(workerData as Portable);
arena.catch(() => undefined); // told with the first request
const answer = (message: WorkerAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', ({ id, tries }: { readonly id: number; readonly tries: readonly Try[] }) => {
  arena
    .then((opened) => opened.play(tries))
    .then(
      (outcomes) => answer({ id, outcomes }),
      (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
    );
});
