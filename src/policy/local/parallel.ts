// A learner that shares each batch among worker threads: every thread computes the gradient of its share with one core, and
// the shares are added in a fixed order, so the result does not depend on timing. At a million parameters this is half again
// as fast as one session with as many threads (bench/learner.ts), because small matrices do not split well.
// AdamW's step is shared too, element by element. Parameters, gradients and moments lie in memory that the threads share.
// Not here: several machines.
import { Worker } from 'node:worker_threads';
import { divideParts, type Moments, type Pace, type Part, stepParts } from './adam.ts';
import type { Batch, Datum } from './batch.ts';
import { type ExecutorKind, openExecutor } from './executor.ts';
import { type LearnerState, LocalLearner, type Loss, type Pass, type StepOptions } from './learner.ts';
import type { ModelConfig } from './model.ts';
import { shareRows } from './rows.ts';

/** What training asks of a learner. */
export type Learner = Pick<
  LocalLearner,
  'config' | 'theta' | 'forwardBackward' | 'logps' | 'optimStep' | 'state' | 'restore'
>;

/** What a worker is asked, and what it answers. */
export type ShareTask =
  | { readonly id: number; readonly batch: Batch; readonly loss: Loss | null }
  | { readonly id: number; readonly moments: Moments; readonly parts: readonly Part[]; readonly pace: Pace };
export type ShareAnswer =
  | { readonly id: number; readonly pass: Pass }
  | { readonly id: number; readonly stepped: true }
  | { readonly id: number; readonly logps: Float32Array[] }
  | { readonly id: number; readonly error: string };

/** What a worker is started with: it reads the parameters from `theta` and leaves its gradient in `gradient`. */
export type ShareStart = {
  readonly config: ModelConfig;
  readonly executor: ExecutorKind;
  readonly theta: Float32Array;
  readonly gradient: Float32Array;
};

/** A learner over `shares` threads, this one among them. Close it. The number of shares is part of a run's identity. */
export class ParallelLearner implements Learner {
  readonly #own: LocalLearner;
  readonly #workers: readonly Worker[];
  /** The parameters as the workers see them. Written only while none of them is at work. */
  readonly #theta: Float32Array;
  readonly #gradients: readonly Float32Array[];
  #id = 0;

  /** Throws RangeError for several shares on WebGPU: two threads on one device end the process. */
  constructor(config: ModelConfig, theta: Float32Array, shares: number, executor: ExecutorKind = 'cpu') {
    if (executor === 'webgpu' && shares > 1) throw new RangeError(`${shares} shares on webgpu, expected 1`);
    const stepExecutor = openExecutor(executor, { threads: shares }); // the other threads wait meanwhile
    const help = { allocate: shareFloats, step: this.#step.bind(this) };
    this.#own = new LocalLearner(config, theta, openExecutor(executor), { stepExecutor, help });
    const file = import.meta.url.endsWith('.ts') ? './share.ts' : './share.js';
    this.#theta = shareFloats(theta.length);
    this.#gradients = Array.from({ length: shares - 1 }, () => shareFloats(theta.length));
    this.#workers = this.#gradients.map((gradient) => {
      const workerData: ShareStart = { config, executor, theta: this.#theta, gradient };
      return new Worker(new URL(file, import.meta.url), { workerData });
    });
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
    this.#theta.set(this.theta);
    const others = this.#workers.map((worker, at) =>
      this.#ask(worker, { batch: { ...batch, data: pick(batch.data, shares[at + 1]) }, loss }),
    );
    const passes = [await this.#own.forwardBackward({ ...batch, data: pick(batch.data, shares[0]) }, loss)];
    for (const [at, answer] of (await Promise.all(others)).entries()) {
      if (!('pass' in answer)) throw new Error('a worker gave no gradient');
      this.#own.addGradient(this.#gradients[at]!);
      passes.push(answer.pass);
    }
    return joinPasses(passes, shares, batch.data);
  }

  async logps(batch: Batch, theta: Float32Array<ArrayBuffer> = this.theta): Promise<Float32Array[]> {
    const shares = this.#split(batch.data);
    this.#theta.set(theta);
    const others = this.#workers.map((worker, at) =>
      this.#ask(worker, { batch: { ...batch, data: pick(batch.data, shares[at + 1]) }, loss: null }),
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

  #split(data: readonly Datum[]): number[][] {
    return shareRows(data, this.#workers.length + 1);
  }

  /** AdamW's step, each thread as many elements. The graphs read this thread's parameters from memory that is not shared. */
  async #step({ theta, ...moments }: Moments, parts: readonly Part[], pace: Pace): Promise<void> {
    const [own = [], ...lists] = divideParts(parts, this.#workers.length + 1);
    const shared = this.#theta;
    const copy = (from: Float32Array, to: Float32Array): void => {
      for (const { offset, size } of lists.flat()) to.set(from.subarray(offset, offset + size), offset);
    };
    copy(theta, shared);
    const others = this.#workers.map((worker, at) =>
      this.#ask(worker, { moments: { theta: shared, ...moments }, parts: lists[at] ?? [], pace }),
    );
    stepParts({ theta, ...moments }, own, pace);
    await Promise.all(others);
    copy(shared, theta);
  }

  #ask(worker: Worker, task: DistributiveOmit<ShareTask, 'id'>): Promise<ShareAnswer> {
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
      worker.postMessage({ id, ...task } satisfies ShareTask);
    });
  }
}

/** Each member of a union without a field. */
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Numbers that several threads see. */
function shareFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
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
