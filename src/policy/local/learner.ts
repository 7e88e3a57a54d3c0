// The local learner: forward and backward passes, AdamW, and the state a checkpoint holds. The same primitives as a
// Tinker server (https://tinker-docs.thinkingmachines.ai), so the trainer above need not know which it has.
// Not here: sampling (sampler.ts), files (checkpoint.ts), the choice of data and advantages (train/).
import { type Moments, type Pace, type Part, stepParts } from './adam.ts';
import { type Cut, cutNames } from './attention.ts';
import type { Batch, MicroBatch } from './batch.ts';
import { packBatch } from './batch.ts';
import { discard, type Executor, type Feed, type Program } from './executor.ts';
import { type LoraConfig, listAdapter } from './lora.ts';
import type { Loss, Objective } from './loss.ts';
import { estimateKl, feedNames, findClipped, isMasked, lossFeeds, objectiveOf } from './loss.ts';
import type { ModelConfig, ParameterSpec } from './model.ts';
import { checkConfig, EMBEDDING, listParameters, sizeOf, viewParameter } from './model.ts';
import { buildOrthogonal, stepScale } from './muon.ts';
import { buildObjective, EMBEDDED_GRADIENT, gradientName } from './objective.ts';
import { addInto, addRows, copyInto, squareOf } from './sums.ts';

export type { Loss } from './loss.ts';

export type Pass = {
  readonly loss: number;
  /** Per datum and token, 0 where the weight is 0. */
  readonly logps: readonly Float32Array[];
  /** Weighted mean of k3 against the reference (nats per token); null if there is none. */
  readonly kl: number | null;
  /** Weighted share of tokens whose ratio is clipped; null unless the loss has a ratio. */
  readonly clipFraction: number | null;
  /** Weighted mean entropy of the (masked) distribution, in nats. */
  readonly entropy: number;
};

export type StepOptions = {
  readonly learningRate: number;
  /** Decay of the mean gradient; default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient; default 0.95. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled, not applied to norms; default 0. */
  readonly weightDecay?: number;
  /** The gradient is shortened to this length; default 1. */
  readonly clipNorm?: number;
  /** A gradient longer than this changes nothing, as one that is not finite; default: none is too long. */
  readonly limit?: number;
  /** Whether the weight matrices of the layers take Muon's orthogonal steps (muon.ts); the rest stays with AdamW. Default no. */
  readonly orthogonal?: boolean;
};

/** Everything training needs to go on: parameters, AdamW's two moments, steps taken. Arrays are flat, in `listParameters` order. */
export type LearnerState = {
  readonly theta: Float32Array<ArrayBuffer>;
  readonly m: Float32Array<ArrayBuffer>;
  readonly v: Float32Array<ArrayBuffer>;
  readonly step: number;
};

export type LearnerOptions = {
  /** Most padded tokens of one run; bounds memory. Default 2048. */
  readonly microBatchTokens?: number;
  /** Where orthogonal steps are computed; default: where the gradient is. */
  readonly stepExecutor?: Executor;
  /** Where the gradient is gathered; default: an array of the learner's own. */
  readonly gradient?: Float32Array;
  /** AdamW's step done with help. */
  readonly help?: Help;
  /** Learns an adapter instead (adapt.ts): theta is then the adapter's vector, and the model's weights stay as they are. */
  readonly adapter?: { readonly lora: LoraConfig; readonly base: Float32Array<ArrayBuffer> };
};

/** Others that take a share of AdamW's step, in memory they can see. */
export type Help = {
  /** Makes the arrays that AdamW reads and writes besides the parameters. */
  readonly allocate: (length: number) => Float32Array;
  /** Steps all parts. `moments` are the learner's own; afterwards its parameters are those of the step. */
  readonly step: (moments: Moments, parts: readonly Part[], pace: Pace) => Promise<void>;
};

const ALONE: Help = {
  allocate: (length) => new Float32Array(length),
  step: async (moments, parts, pace) => stepParts(moments, parts, pace),
};

/** A model being trained. One call at a time: a second before the first has settled is the caller's mistake. */
export class LocalLearner {
  readonly config: ModelConfig;
  readonly parameters: readonly ParameterSpec[];
  /** The current parameters. Read only; `optimStep` writes it in place. */
  readonly theta: Float32Array<ArrayBuffer>;
  readonly #executor: Executor;
  readonly #stepExecutor: Executor;
  readonly #budget: number;
  readonly #adapter: NonNullable<LearnerOptions['adapter']> | null;
  readonly #help: Help;
  readonly #m: Float32Array;
  readonly #v: Float32Array;
  readonly #gradient: Float32Array;
  /** The gradient's length squared, where it is known from adding it up. */
  #square: number | null = null;
  /** Whether the gradient holds anything; if not, what stands there is of the step before. */
  #gathered = false;
  readonly #programs = new Map<string, Promise<Program>>();
  #step = 0;

  /** Takes a copy of theta. Throws RangeError if the sizes make no model or theta does not fit them. */
  constructor(config: ModelConfig, theta: Float32Array, executor: Executor, options: LearnerOptions = {}) {
    checkConfig(config);
    this.config = config;
    this.#adapter = options.adapter ?? null;
    this.parameters = this.#adapter ? listAdapter(config, this.#adapter.lora) : listParameters(config);
    const count = this.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (theta.length !== count) throw new RangeError(`theta has ${theta.length} elements, the model ${count}`);
    this.theta = new Float32Array(theta);
    this.#help = options.help ?? ALONE;
    this.#m = this.#help.allocate(count);
    this.#v = this.#help.allocate(count);
    this.#gradient = options.gradient ?? this.#help.allocate(count);
    this.#executor = executor;
    this.#stepExecutor = options.stepExecutor ?? executor;
    this.#budget = options.microBatchTokens ?? 2048;
  }

  /** The gradient gathered since the last step: a view, for reading. */
  get gradient(): Float32Array {
    if (!this.#gathered) this.#gradient.fill(0);
    return this.#gradient;
  }

  /** Forgets the gradient gathered since the last step. */
  clearGradient(): void {
    this.#gathered = false;
    this.#square = null;
  }

  /** Evaluates a loss and adds its gradient to that gathered so far. Throws RangeError on data that do not fit. */
  async forwardBackward(batch: Batch, loss: Loss): Promise<Pass> {
    const objective = objectiveOf(batch, loss);
    const tally = new Tally(batch, loss);
    for (const micro of packBatch(this.config, batch, { tokens: this.#budget, masked: objective.masked })) {
      const results = await this.#run(objective, micro, this.theta, lossFeeds(loss, micro));
      tally.add(micro, results);
      this.#gather(results, micro);
    }
    return tally.pass();
  }

  /** Adds a gradient that was computed elsewhere to that gathered so far. Throws RangeError if it is of another model. */
  addGradient(values: Float32Array): void {
    this.#square = this.#add(fitting(values, this.theta.length), 0);
    this.#gathered = true;
  }

  /** Takes the results over: they are freed. */
  #gather(results: Readonly<Record<string, Float32Array<ArrayBuffer>>>, { feeds }: MicroBatch): void {
    for (const { name, offset, shape } of this.parameters) {
      const values = results[gradientName(name)];
      if (values) this.#add(values, offset);
      else if (!this.#gathered) this.#gradient.fill(0, offset, offset + sizeOf(shape));
      // The rest of it, or all.
      if (name === EMBEDDING) addRows(this.#gradient.subarray(offset), feeds.tokens!.data, results[EMBEDDED_GRADIENT]!);
    }
    this.#gathered = true;
    this.#square = null;
    discard(Object.values(results));
  }

  /**
   * The first gradient is only copied, which is several times as fast. Gives the sum's square where it was added up.
   * Called so, neither is inlined here: in a function that is called this rarely V8 would leave the loop half optimised.
   */
  #add(values: Float32Array, offset: number): number | null {
    const put = this.#gathered ? addInto : copyInto;
    return put(this.#gradient, values, offset);
  }

  /**
   * Log-probabilities only, per datum and token (0 where the weight is 0); of another model of this shape if theta is given,
   * and of another adapted model if `base` is.
   */
  async logps(
    batch: Batch,
    theta: Float32Array<ArrayBuffer> = this.theta,
    base?: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array[]> {
    const objective: Objective = { kind: 'none', masked: isMasked(batch) };
    const logps = batch.data.map((datum) => new Float32Array(datum.tokens.length));
    for (const micro of packBatch(this.config, batch, { tokens: this.#budget, masked: objective.masked })) {
      const results = await this.#run(objective, micro, theta, {}, base);
      for (const [index, { datum, token }] of micro.sites.entries()) logps[datum]![token] = results.logps![index]!;
    }
    return logps;
  }

  /**
   * One step with the gathered gradient, which is then cleared: of AdamW (adam.ts), or for the layers' matrices of Muon
   * (muon.ts). A gradient that is not finite changes nothing else: the norm returned says so.
   */
  async optimStep(options: StepOptions): Promise<{ readonly gradientNorm: number }> {
    const gradientNorm = Math.sqrt(this.#square ?? squareOf(this.gradient));
    if (Number.isFinite(gradientNorm) && gradientNorm <= (options.limit ?? gradientNorm)) {
      this.#step++;
      const shrink = Math.min(1, (options.clipNorm ?? 1) / (gradientNorm + 1e-6));
      const matrices = options.orthogonal ? this.parameters.filter(isMatrix) : [];
      const others = this.parameters.filter((spec) => !matrices.includes(spec));
      await this.#help.step(
        this.#moments(),
        others.map((spec) => partOf(spec, options)),
        this.#pace(shrink, options),
      );
      await this.#turn(matrices, options);
    }
    this.clearGradient();
    return { gradientNorm };
  }

  /** A copy of the state; the gathered gradient is not part of it. */
  state(): LearnerState {
    return { theta: this.theta.slice(), m: this.#m.slice(), v: this.#v.slice(), step: this.#step };
  }

  /** Goes back to a state and clears the gradient. Throws RangeError if it is of another model. */
  restore({ theta, m, v, step }: LearnerState): void {
    this.theta.set(fitting(theta, this.theta.length));
    this.#m.set(fitting(m, this.theta.length));
    this.#v.set(fitting(v, this.theta.length));
    this.clearGradient();
    this.#step = step;
  }

  /** Frees the compiled graphs. */
  async close(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    for (const program of programs) await (await program).release();
  }

  async #run(
    objective: Objective,
    micro: MicroBatch,
    theta: Float32Array<ArrayBuffer>,
    extra: Record<string, Feed>,
    base = this.#adapter?.base,
  ) {
    const program = await this.#compile(objective, micro.cut);
    const feeds: Record<string, Feed> = { ...extra, ...(base ? feedParameters(this.config, base) : {}) };
    for (const spec of this.parameters) feeds[spec.name] = { shape: spec.shape, data: viewParameter(theta, spec) };
    if (micro.cut.shared) feeds.positions = micro.feeds.positions!;
    for (const name of [...feedNames(objective), ...cutNames(micro.cut)]) feeds[name] = micro.feeds[name]!;
    return program.run(feeds);
  }

  #compile(objective: Objective, cut: Cut): Promise<Program> {
    const key = JSON.stringify([objective, cut]);
    const known = this.#programs.get(key);
    if (known) return known;
    const program = this.#executor.compile(buildObjective(this.config, objective, cut, this.#adapter?.lora));
    this.#programs.set(key, program);
    return program;
  }

  /** Muon's steps, the matrices of one shape together. Their scale is their own, so the gradient's length does not matter. */
  async #turn(matrices: readonly ParameterSpec[], options: StepOptions): Promise<void> {
    for (const key of new Set(matrices.map(({ shape }) => shape.join()))) {
      const group = matrices.filter(({ shape }) => shape.join() === key);
      const shape = group[0]!.shape as readonly [number, number];
      const updates = gatherUpdates(group, this.#m, this.#gradient, options.beta1 ?? 0.95);
      const program = await this.#orthogonal(shape);
      const { steps } = await program.run({ updates: { shape: [group.length, ...shape], data: updates } });
      const { learningRate, weightDecay = 0 } = options;
      const [keep, rate] = [1 - learningRate * weightDecay, learningRate * stepScale(shape)];
      const size = sizeOf(shape);
      for (const [at, { offset }] of group.entries()) {
        for (let i = 0; i < size; i++) {
          this.theta[offset + i] = this.theta[offset + i]! * keep - rate * steps![at * size + i]!;
        }
      }
    }
  }

  #orthogonal(shape: readonly [number, number]): Promise<Program> {
    const key = `orthogonal ${shape}`;
    const known = this.#programs.get(key);
    if (known) return known;
    const program = this.#stepExecutor.compile(buildOrthogonal(shape));
    this.#programs.set(key, program);
    return program;
  }

  #moments(): Moments {
    return { theta: this.theta, m: this.#m, v: this.#v, gradient: this.#gradient };
  }

  #pace(shrink: number, { learningRate, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8 }: StepOptions): Pace {
    const rate = learningRate / (1 - beta1 ** this.#step);
    const spread = 1 / Math.sqrt(1 - beta2 ** this.#step);
    return { rate, spread, beta1, beta2, epsilon, shrink };
  }
}

/** A parameter as AdamW steps it: norms do not decay. */
function partOf({ shape, offset }: ParameterSpec, { learningRate, weightDecay = 0 }: StepOptions): Part {
  return { offset, size: sizeOf(shape), keep: shape.length > 1 ? 1 - learningRate * weightDecay : 1 };
}

/** A model's weights as inputs of a graph. */
function feedParameters(config: ModelConfig, theta: Float32Array<ArrayBuffer>): Record<string, Feed> {
  return Object.fromEntries(
    listParameters(config).map((spec) => [spec.name, { shape: spec.shape, data: viewParameter(theta, spec) }]),
  );
}

/** Whether a parameter is a weight matrix of a layer. */
function isMatrix({ name, shape }: ParameterSpec): boolean {
  return shape.length === 2 && name.startsWith('model.layers.');
}

/** Sums what micro-batches report, in double precision. */
class Tally {
  readonly #batch: Batch;
  readonly #loss: Loss;
  readonly #logps: Float32Array[];
  #total = 0;
  #weight = 0;
  #entropy = 0;
  #kl = 0;
  #clipped = 0;

  constructor(batch: Batch, loss: Loss) {
    this.#batch = batch;
    this.#loss = loss;
    this.#logps = batch.data.map((datum) => new Float32Array(datum.tokens.length));
  }

  add(micro: MicroBatch, results: Readonly<Record<string, Float32Array>>): void {
    this.#total += results.loss![0]!;
    const clipped = findClipped(this.#loss, this.#batch, micro, results.logps!);
    for (const [index, site] of micro.sites.entries()) {
      const datum = this.#batch.data[site.datum]!;
      const logp = results.logps![index]!;
      const weight = datum.weights[site.token]!;
      this.#logps[site.datum]![site.token] = logp;
      this.#weight += weight;
      this.#entropy += weight * results.entropies![index]!;
      if (datum.refLogps) this.#kl += weight * estimateKl(datum.refLogps[site.token]! - logp);
      if (clipped[index]) this.#clipped += weight;
    }
  }

  pass(): Pass {
    const mean = (sum: number) => (this.#weight === 0 ? 0 : sum / this.#weight);
    const hasReference = this.#batch.data.some((datum) => datum.refLogps !== undefined);
    return {
      loss: this.#total,
      logps: this.#logps,
      kl: hasReference ? mean(this.#kl) : null,
      clipFraction: this.#loss.kind === 'grpo' ? mean(this.#clipped) : null,
      entropy: mean(this.#entropy),
    };
  }
}

/** Nesterov momentum of the gradients of some matrices, one after another, each of norm 1; the momentum moves on in `m`. */
function gatherUpdates(
  group: readonly ParameterSpec[],
  m: Float32Array,
  gradient: Float32Array,
  beta: number,
): Float32Array<ArrayBuffer> {
  const size = sizeOf(group[0]!.shape);
  const updates = new Float32Array(group.length * size);
  for (const [at, { offset }] of group.entries()) {
    const update = updates.subarray(at * size, (at + 1) * size);
    for (let i = 0; i < size; i++) {
      const g = gradient[offset + i]!;
      const mean = beta * m[offset + i]! + (1 - beta) * g;
      m[offset + i] = mean;
      update[i] = beta * mean + (1 - beta) * g;
    }
    const norm = Math.sqrt(squareOf(update)) + 1e-12;
    for (let i = 0; i < size; i++) update[i] = update[i]! / norm;
  }
  return updates;
}

function fitting(array: Float32Array, length: number): Float32Array {
  if (array.length !== length) throw new RangeError(`a state of ${array.length} elements for a model of ${length}`);
  return array;
}
