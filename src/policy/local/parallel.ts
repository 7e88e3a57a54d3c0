// A learner that shares each batch among worker threads: every thread computes the gradient of its share with one core, and
// the shares are added in a fixed order, so the result does not depend on timing. At a million parameters this is half again
// as fast as one session with as many threads (bench/learner.ts), because small matrices do not split well.
// Not here: several machines.
import { Worker } from 'node:worker_threads';
import type { Batch, Datum } from './batch.ts';
import { type ExecutorKind, openExecutor } from './executor.ts';
import { type LearnerState, LocalLearner, type Loss, type Pass, type StepOptions } from './learner.ts';
import type { ModelConfig } from './model.ts';

/** What training asks of a learner. */
export type Learner = Pick<
  LocalLearner,
  'config' | 'theta' | 'forwardBackward' | 'logps' | 'optimStep' | 'state' | 'restore'
>;

/** What a worker is asked, and what it answers. */
export type ShareTask = {
  readonly id: number;
  readonly theta: Float32Array<ArrayBuffer>;
  readonly batch: Batch;
  readonly loss: Loss | null;
};
export type ShareAnswer =
  | { readonly id: number; readonly pass: Pass; readonly gradient: Float32Array<ArrayBuffer> }
  | { readonly id: number; readonly logps: Float32Array[] }
  | { readonly id: number; readonly error: string };

/** What a worker is started with. */
export type ShareStart = { readonly config: ModelConfig; readonly executor: ExecutorKind };

/** A learner over `shares` threads, this one among them. Close it. The number of shares is part of a run's identity. */
export class ParallelLearner implements Learner {
  readonly #own: LocalLearner;
  readonly #workers: readonly Worker[];
  #id = 0;

  constructor(config: ModelConfig, theta: Float32Array, shares: number, executor: ExecutorKind = 'cpu') {
    const stepExecutor = openExecutor(executor, { threads: shares }); // the other threads wait meanwhile
    this.#own = new LocalLearner(config, theta, openExecutor(executor), { stepExecutor });
    const file = import.meta.url.endsWith('.ts') ? './share.ts' : './share.js';
    this.#workers = Array.from(
      { length: shares - 1 },
      () => new Worker(new URL(file, import.meta.url), { workerData: { config, executor } satisfies ShareStart }),
    );
    for (const worker of this.#workers) worker.unref();
  }

  get config(): ModelConfig {
    return this.#own.config;
  }

  get theta(): Float32Array<ArrayBuffer> {
    return this.#own.theta;
  }

  async forwardBackward(batch: Batch, loss: Loss): Promise<Pass> {
    const shares = this.#split(batch.data);
    const others = this.#workers.map((worker, at) =>
      this.#ask(worker, { ...batch, data: pick(batch.data, shares[at + 1]) }, loss),
    );
    const passes = [await this.#own.forwardBackward({ ...batch, data: pick(batch.data, shares[0]) }, loss)];
    for (const answer of await Promise.all(others)) {
      if (!('pass' in answer)) throw new Error('a worker gave no gradient');
      const gradient = this.#own.gradient;
      for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] ?? 0) + (answer.gradient[i] ?? 0);
      passes.push(answer.pass);
    }
    return joinPasses(passes, shares, batch.data);
  }

  async logps(batch: Batch, theta: Float32Array<ArrayBuffer> = this.theta): Promise<Float32Array[]> {
    const shares = this.#split(batch.data);
    const others = this.#workers.map((worker, at) =>
      this.#ask(worker, { ...batch, data: pick(batch.data, shares[at + 1]) }, null, theta),
    );
    const parts = [await this.#own.logps({ ...batch, data: pick(batch.data, shares[0]) }, theta)];
    for (const answer of await Promise.all(others)) {
      if (!('logps' in answer)) throw new Error('a worker gave no log-probabilities');
      parts.push(answer.logps);
    }
    return joinLists(parts, shares, batch.data.length);
  }

  optimStep(options: StepOptions): Promise<{ readonly gradientNorm: number }> {
    return this.#own.optimStep(options);
  }

  state(): LearnerState {
    return this.#own.state();
  }

  restore(state: LearnerState): void {
    this.#own.restore(state);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Indices of the data for each thread: dealt out by length, so that the shares are alike. */
  #split(data: readonly Datum[]): number[][] {
    const shares: number[][] = Array.from({ length: this.#workers.length + 1 }, () => []);
    const order = data
      .map((datum, index) => ({ index, length: datum.tokens.length }))
      .sort((a, b) => b.length - a.length || a.index - b.index);
    for (const [rank, { index }] of order.entries()) shares[rank % shares.length]?.push(index);
    return shares;
  }

  #ask(
    worker: Worker,
    batch: Batch,
    loss: Loss | null,
    theta: Float32Array<ArrayBuffer> = this.theta,
  ): Promise<ShareAnswer> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      const settle = (work: () => void) => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.unref();
        work();
      };
      const onMessage = (answer: ShareAnswer) =>
        settle(() => ('error' in answer ? reject(new Error(`learner thread: ${answer.error}`)) : resolve(answer)));
      const onError = (error: Error) => settle(() => reject(error));
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.ref();
      worker.postMessage({ id, theta, batch, loss } satisfies ShareTask);
    });
  }
}

const pick = (data: readonly Datum[], indices: readonly number[] | undefined): Datum[] =>
  (indices ?? []).flatMap((index) => data[index] ?? []);

function joinLists(
  parts: readonly (readonly Float32Array[])[],
  shares: readonly (readonly number[])[],
  count: number,
): Float32Array[] {
  const joined: Float32Array[] = Array.from({ length: count }, () => new Float32Array());
  for (const [share, indices] of shares.entries()) {
    for (const [at, index] of indices.entries()) joined[index] = parts[share]?.[at] ?? new Float32Array();
  }
  return joined;
}

/** Sums add; means are weighted by each share's token weights. */
function joinPasses(passes: readonly Pass[], shares: readonly (readonly number[])[], data: readonly Datum[]): Pass {
  const weights = shares.map((indices) =>
    indices.reduce((sum, index) => sum + (data[index]?.weights.reduce((a, b) => a + b, 0) ?? 0), 0),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = (of: (pass: Pass) => number | null) =>
    total === 0 ? 0 : passes.reduce((sum, pass, at) => sum + (of(pass) ?? 0) * (weights[at] ?? 0), 0) / total;
  const known = (of: (pass: Pass) => number | null) => (passes.every((pass) => of(pass) === null) ? null : mean(of));
  return {
    loss: passes.reduce((sum, pass) => sum + pass.loss, 0),
    logps: joinLists(
      passes.map((pass) => pass.logps),
      shares,
      data.length,
    ),
    kl: known((pass) => pass.kl),
    clipFraction: known((pass) => pass.clipFraction),
    entropy: mean((pass) => pass.entropy),
  };
}
