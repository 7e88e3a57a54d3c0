// Episodes per second: ten calls, forked, called, judged and closed, on one thread and on two, typed tools only and with
// one shell command in three. Each thread has an engine of its own; nothing is shared.
import { Worker } from 'node:worker_threads';
import { type Figure, median } from './play.ts';

export type Duty = { readonly episodes: number; readonly shell: boolean };

const ROUNDS = 7;

type Rates = { readonly bySecond: number; readonly byProcessor: number };

/** The median rates over some rounds, in episodes per second and per second of one processor. */
async function measureThreads(threads: number, duty: Duty): Promise<Rates> {
  const file = new URL('./thread.ts', import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: duty }));
  const hear = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
  await Promise.all(workers.map(hear)); // warm
  const [rates, costs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const spent = process.cpuUsage();
    const done = workers.map(hear);
    for (const worker of workers) worker.postMessage('go');
    await Promise.all(done);
    rates.push((threads * duty.episodes * 1000) / (performance.now() - start));
    const { user, system } = process.cpuUsage(spent);
    costs.push((threads * duty.episodes * 1e6) / (user + system));
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { bySecond: median(rates), byProcessor: median(costs) };
}

/** One figure; in a process of its own, so that the memory is its own. */
export async function measureRate(threads: number, shell: boolean): Promise<Figure[]> {
  const kind = shell ? 'episodes with one shell command in three' : 'episodes of typed tools';
  const { bySecond, byProcessor } = await measureThreads(threads, { episodes: shell ? 60 : 300, shell });
  const name = `${kind}, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
  // The processors' time is what the machine's other work disturbs less than the clock's.
  return [
    { name, value: bySecond, unit: '/s', ...(threads === 2 ? { target: shell ? 300 : 1000 } : {}) },
    { name: `${name}, by a processor's time`, value: byProcessor, unit: '/s' },
  ];
}
