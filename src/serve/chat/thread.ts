// The engine in a thread of its own, so that a step of the model never keeps a request waiting to be read.
// The thread loads the weights itself (worker.ts); what is drawn comes in bundles, one for each step.
import { Worker } from 'node:worker_threads';
import { InputError } from '../../episode/input.ts';
import type { ExecutorKind } from '../../policy/local/executor.ts';
import type { Drawn } from './draw.ts';
import type { Ending, Engine, Job } from './engine.ts';

/** What the thread is started with. */
export type ThreadOptions = {
  readonly directory: string;
  readonly slots: number;
  readonly capacity: number;
  readonly threads: number;
  readonly executor?: ExecutorKind | undefined;
};

export type Asked =
  | { readonly kind: 'start'; readonly id: number; readonly job: Job }
  | { readonly kind: 'stop'; readonly id: number };
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bad'; readonly message: string }
  | { readonly kind: 'drawn'; readonly drawn: readonly { readonly id: number; readonly drawn: Drawn }[] }
  | { readonly kind: 'end'; readonly id: number; readonly ending: Ending }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

type Open = {
  readonly take: (drawn: Drawn) => void;
  readonly resolve: (ending: Ending) => void;
  readonly reject: (error: unknown) => void;
};

/** Starts the thread and waits until its model is loaded. Throws InputError for one that cannot be. Close it. */
export async function openThread(options: ThreadOptions): Promise<Engine> {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: options });
  const open = new Map<number, Open>();
  let made = 0;
  let broken: Error | null = null;
  const fail = (error: Error): void => {
    broken = error;
    for (const { reject } of open.values()) reject(error);
    open.clear();
  };
  await new Promise<void>((resolve, reject) => {
    worker.once('message', (told: Told) => {
      if (told.kind === 'bad') reject(new InputError(options.directory, told.message));
      else resolve();
    });
    worker.once('error', reject);
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`the model's thread ended with ${code}`)));
  worker.on('message', (told: Told) => {
    switch (told.kind) {
      case 'drawn':
        for (const { id, drawn } of told.drawn) open.get(id)?.take(drawn);
        return;
      case 'end':
        open.get(told.id)?.resolve(told.ending);
        return;
      case 'failed':
        open.get(told.id)?.reject(new Error(told.message));
        return;
      case 'ready':
      case 'bad':
        return;
    }
  });
  return {
    async generate(job, take, signal) {
      signal.throwIfAborted();
      if (broken) throw broken;
      const id = made++;
      const stop = (): void => {
        worker.postMessage({ kind: 'stop', id } satisfies Asked);
        open.get(id)?.reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      try {
        return await new Promise<Ending>((resolve, reject) => {
          open.set(id, { take, resolve, reject });
          worker.postMessage({ kind: 'start', id, job } satisfies Asked);
        });
      } finally {
        signal.removeEventListener('abort', stop);
        open.delete(id);
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}
