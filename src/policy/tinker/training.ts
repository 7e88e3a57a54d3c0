// A model that learns on a Tinker server. Requests go out in the order they are called, each with the next sequence number;
// results come when they come, so a gradient and the step on it can be under way together.
// Every number is checked before it is sent and after it came (datum.ts): servers do neither. Not here: our own batches (learner.ts).

import type { z } from 'zod';
import { checkData, chunkData, encodeDatum, type TinkerDatum } from './datum.ts';
import { TinkerError } from './fault.ts';
import { readFloats } from './sampling.ts';
import type { Transport } from './transport.ts';
import type { Meter } from './usage.ts';
import { anySchema, type LossName, passSchema, pathSchema, stepSchema } from './wire.ts';

/** What a pass gives: log-probabilities of each datum's tokens (the first 0), and what the server measured. */
export type TinkerPass = {
  readonly logprobs: readonly (readonly number[])[];
  readonly metrics: { readonly [name: string]: number };
};

/** AdamW. Defaults are the API's: 1e-4, 0.9, 0.95, 1e-12, 0. */
export type AdamParams = {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** The gradient is shortened to this length; 0: not. SkyRL ignores it. */
  readonly clipNorm?: number;
};

/** Numbers of a loss, by the API's names: `clip_low_threshold` and `clip_high_threshold` are bounds of the ratio itself. */
export type LossConfig = { readonly [name: string]: number };

/** dLoss/dlogprob of each token, as long as the datum's tokens; where the weight is 0 it is not used. */
export type Slopes = readonly (readonly number[])[];

export type TrainingClient = {
  readonly model: string;
  /** Log-probabilities only. */
  forward(data: readonly TinkerDatum[]): Promise<TinkerPass>;
  /** Adds a loss's gradient to that gathered since the last step. */
  forwardBackward(data: readonly TinkerDatum[], loss: LossName, config?: LossConfig): Promise<TinkerPass>;
  /**
   * Any loss that is a function of log-probabilities: a pass forward, your derivative, and a pass back that has exactly this
   * derivative. Slopes are given as −w·A of `importance_sampling`, whose ratio is 1 there. Resolves with the first pass.
   */
  forwardBackwardCustom(
    data: readonly TinkerDatum[],
    slopes: (pass: TinkerPass) => Slopes | Promise<Slopes>,
  ): Promise<TinkerPass>;
  /** Takes a step. Resolves with the server's metrics, such as the gradient's length. */
  optimStep(params: AdamParams): Promise<{ readonly [name: string]: number }>;
  /** Saves what training needs to go on. Resolves with the tinker:// path. A name can be used once. */
  save(name: string): Promise<string>;
  /** Saves weights to sample from. Resolves with the tinker:// path. */
  saveForSampler(name: string): Promise<string>;
  /** Loads a training checkpoint; on SkyRL only as a model's first request. */
  load(path: string): Promise<void>;
  /** Frees its place. `by`: another way to the server. */
  unload(by?: Transport): Promise<void>;
};

type Context = {
  readonly transport: Transport;
  readonly meter: Meter;
  readonly vocab: number | undefined;
  readonly check: () => void;
  readonly model: string;
};

/** Most data and tokens of one request; more go in several. */
const MOST_DATA = 1024;
const MOST_TOKENS = 1_000_000;

/** Drives a model that exists. */
export function openTraining({ transport, meter, vocab, check, model }: Context): TrainingClient {
  let sequence = 0;
  let line: Promise<unknown> = Promise.resolve();
  let gone = false;

  /** Sends in the order of calls; the result is waited for outside the line. */
  async function run<S extends z.ZodType>(schema: S, path: string, body: object): Promise<z.output<S>> {
    check();
    if (gone) throw new TinkerError('lost', `${path}: model ${model} was unloaded`);
    const sent = line.then(() => {
      sequence += 1;
      return transport.post(path, { model_id: model, ...body, seq_id: sequence });
    });
    line = sent.catch(() => undefined);
    return transport.await(schema, (await sent).request_id, path);
  }

  async function pass(
    kind: 'forward' | 'forward_backward',
    data: readonly TinkerDatum[],
    loss: LossName,
    config?: LossConfig,
  ) {
    checkData(data, vocab);
    if (loss !== 'cross_entropy' && !data.every((datum) => datum.logprobs && datum.advantages))
      throw new RangeError(`${loss} needs logprobs and advantages in every datum`);
    const key = kind === 'forward' ? 'forward_input' : 'forward_backward_input';
    const chunks = chunkData(data, MOST_DATA, MOST_TOKENS);
    const answers = await Promise.all(
      chunks.map(async (chunk) => {
        const input = {
          data: chunk.map(encodeDatum),
          loss_fn: loss,
          ...(config ? { loss_fn_config: config } : {}),
        };
        const answer = await run(passSchema, `${API}/${kind}`, { [key]: input });
        return { chunk, answer };
      }),
    );
    const tokens = data.reduce((sum, datum) => sum + datum.tokens.length, 0);
    meter.add(kind === 'forward' ? { prefill: tokens } : { trained: tokens });
    return joinPasses(kind, answers);
  }

  async function save(path: string, name: string, type: string): Promise<string> {
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw new RangeError(`checkpoint name ${JSON.stringify(name)}`);
    const answer = await run(pathSchema, `${API}/${path}`, { path: name, type });
    if (!answer.path) throw new TinkerError('garbled', `${path}: an answer without a path`);
    return answer.path;
  }

  return {
    model,
    forward: (data) =>
      pass(
        'forward',
        data.map(({ tokens, weights }) => ({ tokens, weights })),
        'cross_entropy',
      ),
    forwardBackward: (data, loss, config) => pass('forward_backward', data, loss, config),
    async forwardBackwardCustom(data, slopes) {
      const first = await pass(
        'forward',
        data.map(({ tokens, weights }) => ({ tokens, weights })),
        'cross_entropy',
      );
      const given = await slopes(first);
      if (given.length !== data.length) throw new RangeError(`${given.length} lists of slopes, ${data.length} data`);
      await pass(
        'forward_backward',
        data.map((datum, at) => aimDatum(datum, first.logprobs[at]!, given[at]!)),
        'importance_sampling',
      );
      return first;
    },
    async optimStep({ learningRate, beta1, beta2, epsilon, weightDecay, clipNorm }) {
      const given = {
        learning_rate: learningRate,
        beta1,
        beta2,
        eps: epsilon,
        weight_decay: weightDecay,
        grad_clip_norm: clipNorm,
      };
      for (const [name, value] of Object.entries(given))
        if (value !== undefined && !(Number.isFinite(value) && value >= 0)) throw new RangeError(`${name} is ${value}`);
      const params = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const { metrics } = await run(stepSchema, `${API}/optim_step`, { adam_params: params, type: 'optim_step' });
      return keepNumbers(metrics);
    },
    save: (name) => save('save_weights', name, 'save_weights'),
    saveForSampler: (name) => save('save_weights_for_sampler', name, 'save_weights_for_sampler'),
    async load(path) {
      await run(anySchema, `${API}/load_weights`, { path, optimizer: true, type: 'load_weights' });
    },
    async unload(by = transport) {
      if (gone) return;
      gone = true;
      await line;
      await by.submit(anySchema, `${API}/unload_model`, { model_id: model, type: 'unload_model' });
    },
  };
}

const API = '/api/v1';

/** A datum whose loss has the given slopes: −w·A·ratio with the ratio at 1. */
function aimDatum(datum: TinkerDatum, logprobs: readonly number[], slopes: readonly number[]): TinkerDatum {
  if (slopes.length !== datum.tokens.length)
    throw new RangeError(`${slopes.length} slopes, ${datum.tokens.length} tokens`);
  const advantages = datum.weights.map((weight, at) => (weight === 0 ? 0 : -slopes[at]! / weight));
  return { tokens: datum.tokens, weights: datum.weights, logprobs, advantages };
}

type Answered = { readonly chunk: readonly TinkerDatum[]; readonly answer: z.output<typeof passSchema> };

function joinPasses(kind: string, answers: readonly Answered[]): TinkerPass {
  const logprobs = answers.flatMap(({ chunk, answer }) => {
    const { loss_fn_outputs: outputs } = answer;
    if (outputs.length !== chunk.length)
      throw new TinkerError('garbled', `${kind}: ${outputs.length} outputs, ${chunk.length} data`);
    return chunk.map((datum, at) => [0, ...readFloats(kind, outputs[at]!.logprobs.data, datum.tokens.length - 1)]);
  });
  return { logprobs, metrics: Object.assign({}, ...answers.map(({ answer }) => keepNumbers(answer.metrics))) };
}

function keepNumbers(metrics: { readonly [name: string]: number | null } | null | undefined): {
  [name: string]: number;
} {
  const kept: { [name: string]: number } = {};
  for (const [name, value] of Object.entries(metrics ?? {})) if (value !== null) kept[name] = value;
  return kept;
}
