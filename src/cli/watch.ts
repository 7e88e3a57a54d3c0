// The dashboard beside a run that is going on (`align --watch`): in a thread of this process, so that neither keeps the other
// waiting. It ends with the run. It shows runs and asks nothing: the guard's inbox belongs to `tribune dashboard`. Not a verb.
import { randomBytes } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RunDirectory } from '../train/rundir.ts';
import type { Io } from './output.ts';

/** What the thread is started with, and what it says. */
export type WatchOptions = { readonly root: string; readonly token: string };
export type Watched =
  | { readonly kind: 'open'; readonly url: string }
  | { readonly kind: 'fault'; readonly text: string };

export type Watch = { readonly url: string; close(): Promise<void> };

/** Opens the dashboard on the folder a run is in, on any free port of this machine, and says where. Close it. */
export async function openWatch({ path }: RunDirectory, io: Pick<Io, 'log'>): Promise<Watch> {
  const [root, id] = [dirname(resolve(path)), basename(resolve(path))];
  const file = import.meta.url.endsWith('.ts') ? './watch-thread.ts' : './watch-thread.js';
  const workerData: WatchOptions = { root, token: randomBytes(24).toString('base64url') };
  const worker = new Worker(new URL(file, import.meta.url), { workerData });
  const opened = await new Promise<string>((done, fail) => {
    worker.on('error', fail);
    worker.on('message', (told: Watched) => {
      if (told.kind === 'open') done(told.url);
      else io.log(`dashboard: ${told.text}`);
    });
  });
  // What fails in the page from here on is told, and training goes on without it.
  worker.on('error', (fault) => io.log(`dashboard: ${String(fault)}`));
  const url = `${opened}&run=${encodeURIComponent(id)}`;
  io.log(`watch it at ${url}`);
  return {
    url,
    async close() {
      await worker.terminate();
      io.log(`the page has ended with the run; open it again with: tribune dashboard ${root}`);
    },
  };
}
