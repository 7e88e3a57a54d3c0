// Learns a low-rank adapter with the primitives of the full learner (learner.ts). The model's weights stay as they are: they
// have no gradient, no moments and no copy here, so beside them only the adapter and what a forward pass holds take memory.
// What is sampled is the merged model, which is the same up to rounding (the trainer measures by how much at each step).
// Not here: adapters' files (lora.ts).
import type { Batch } from './batch.ts';
import type { Executor } from './executor.ts';
import {
  type LearnerOptions,
  type LearnerState,
  LocalLearner,
  type Loss,
  type Pass,
  type StepOptions,
} from './learner.ts';
import { type Adapter, mergeAdapter } from './lora.ts';
import { countParameters, type ModelConfig } from './model.ts';

/** A learner of an adapter. One call at a time, as with LocalLearner. */
export class AdapterLearner {
  readonly config: ModelConfig;
  /** The adapter as it now is; `optimStep` writes it in place. */
  readonly adapter: Adapter;
  readonly #base: Float32Array<ArrayBuffer>;
  readonly #inner: LocalLearner;

  /** Takes a copy of the adapter, and reads `theta` as it stands: it must not change. Throws RangeError if they do not fit. */
  constructor(
    config: ModelConfig,
    theta: Float32Array<ArrayBuffer>,
    adapter: Adapter,
    executor: Executor,
    options: Omit<LearnerOptions, 'adapter'> = {},
  ) {
    const count = countParameters(config);
    if (theta.length !== count) throw new RangeError(`theta has ${theta.length} elements, the model ${count}`);
    this.config = config;
    this.#base = theta;
    const frozen = { lora: adapter.config, base: theta };
    this.#inner = new LocalLearner(config, adapter.delta, executor, { ...options, adapter: frozen });
    this.adapter = { config: adapter.config, delta: this.#inner.theta };
  }

  /** The model with the adapter merged in: what is to be sampled from. Made anew at each call. */
  get theta(): Float32Array<ArrayBuffer> {
    return mergeAdapter(this.config, this.#base, this.adapter);
  }

  forwardBackward(batch: Batch, loss: Loss): Promise<Pass> {
    return this.#inner.forwardBackward(batch, loss);
  }

  /** Of the model with its adapter, or of other weights without one. */
  logps(batch: Batch, theta?: Float32Array<ArrayBuffer>): Promise<Float32Array[]> {
    if (theta === undefined) return this.#inner.logps(batch);
    return this.#inner.logps(batch, new Float32Array(this.adapter.delta.length), theta);
  }

  /** The adapter's gradient gathered since the last step, in the order of its parameters: a view, for reading. */
  gradient(): Float32Array {
    return this.#inner.gradient;
  }

  /** One step on the adapter. A gradient that is not finite changes nothing else: the norm returned says so. */
  optimStep(options: StepOptions): Promise<{ readonly gradientNorm: number }> {
    return this.#inner.optimStep(options);
  }

  /** A copy of the adapter's state; its arrays are in the order of the adapter's parameters. */
  state(): LearnerState {
    return this.#inner.state();
  }

  /** Goes back to a state. Throws RangeError if it is of another adapter. */
  restore(state: LearnerState): void {
    this.#inner.restore(state);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
