// A model on a Tinker server as the trainer's learner: the same calls, batches and losses as the local one, so grpo.ts runs on
// either. A vector of weights stands for weights over there: `theta` is empty, and any other vector means the base model.
// What a server's losses lack is brought into their terms: token weights and a mean over data into the advantages, the KL term too,
// `gspo` into slopes. Not here: checkpoints and what to do when a server is lost (train/remote.ts).
// Not the same: entropy is estimated from the tokens drawn, masks are not held (servers have none), a step's limit is not known
// before it is taken, and moments stay over there: `state` and `restore` carry none.
import type { Batch, Datum } from '../local/batch.ts';
import type { LearnerState, Pass, StepOptions } from '../local/learner.ts';
import { boundsOf, estimateKl, KL_BOUND, type Loss } from '../local/loss.ts';
import type { ModelConfig } from '../local/model.ts';
import type { Learner } from '../local/parallel.ts';
import type { TinkerDatum } from './datum.ts';
import type { SamplingClient } from './sampling.ts';
import type { TrainingClient } from './training.ts';

/**
 * What a server makes of a batch's gradient: `mean`, of each datum's sum divided by its weights' (SkyRL with JAX, as measured);
 * `sum`, over all tokens (as hosted Tinker documents it).
 */
export type LossScale = 'mean' | 'sum';

export type RemoteOptions = {
  readonly config: ModelConfig;
  readonly training: TrainingClient;
  /** The model KL holds to. */
  readonly base: SamplingClient;
  readonly scale: LossScale;
};

/** Makes a learner of a remote model. One call at a time, as with the local one. */
export function remoteLearner({ config, training, base, scale }: RemoteOptions): Learner {
  const theta = new Float32Array(0);
  let step = 0;

  async function forwardBackward(batch: Batch, loss: Loss): Promise<Pass> {
    const used = batch.data.flatMap((datum, at) => (datum.weights.some((w) => w !== 0) ? [{ datum, at }] : []));
    const data = used.map(({ datum }) => datum);
    if (data.length === 0) return measurePass(batch, [], loss);
    const logprobs = await sendLoss(training, data, loss, scale);
    const logps = batch.data.map((datum) => new Float32Array(datum.tokens.length));
    for (const [row, { datum, at }] of used.entries())
      logps[at] = Float32Array.from(datum.weights, (weight, token) => (weight === 0 ? 0 : logprobs[row]![token]!));
    return measurePass(batch, logps, loss);
  }

  async function logps(batch: Batch, of: Float32Array<ArrayBuffer> = theta): Promise<Float32Array[]> {
    const used = batch.data.flatMap((datum, at) => (datum.weights.some((w) => w !== 0) ? [{ datum, at }] : []));
    const found = batch.data.map((datum) => new Float32Array(datum.tokens.length));
    const lists =
      of === theta
        ? (await training.forward(used.map(({ datum }) => encodePlain(datum)))).logprobs
        : await Promise.all(used.map(({ datum }) => base.logprobs([...datum.tokens])));
    for (const [row, { datum, at }] of used.entries())
      found[at] = Float32Array.from(datum.weights, (weight, token) => (weight === 0 ? 0 : lists[row]![token]!));
    return found;
  }

  async function optimStep(options: StepOptions): Promise<{ readonly gradientNorm: number }> {
    const { learningRate, beta1, beta2, epsilon = 1e-8, weightDecay, clipNorm = 1, orthogonal } = options;
    if (orthogonal) throw new RangeError('a Tinker server has no orthogonal steps, expected grpo.optimizer=adamw');
    const metrics = await training.optimStep({
      learningRate,
      epsilon,
      clipNorm,
      ...(beta1 === undefined ? {} : { beta1 }),
      ...(beta2 === undefined ? {} : { beta2 }),
      ...(weightDecay === undefined ? {} : { weightDecay }),
    });
    step += 1;
    const norm = Object.entries(metrics).find(([name]) => /grad(ient)?_norm/.test(name))?.[1];
    return { gradientNorm: norm ?? 0 }; // 0: the server does not say
  }

  const state = (): LearnerState => ({ theta, m: theta, v: theta, step });
  return {
    config,
    theta,
    forwardBackward,
    logps,
    optimStep,
    state,
    restore(given) {
      if (given.theta !== theta)
        throw new RangeError('weights of a Tinker server are restored from its checkpoints only');
    },
  };
}

const encodePlain = (datum: Datum): TinkerDatum => ({
  tokens: [...datum.tokens],
  weights: [...datum.weights].map(toMask),
});
const toMask = (weight: number): number => (weight === 0 ? 0 : 1);
const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** Sends a batch and its loss as the server can take it; gives log-probabilities. */
async function sendLoss(training: TrainingClient, data: readonly Datum[], loss: Loss, scale: LossScale) {
  if (loss.kind === 'crossEntropy') return sendCrossEntropy(training, data, scale);
  for (const { advantages, oldLogps } of data)
    if (!advantages || !oldLogps) throw new RangeError('GRPO needs advantages and oldLogps in every datum');
  const { surrogate = 'ppo' } = loss;
  if (surrogate === 'gspo') {
    const plain = data.map(encodePlain);
    const share = data.map((datum) => factorOf(datum, data.length, scale));
    const slopes = (pass: { readonly logprobs: readonly (readonly number[])[] }) =>
      data.map((datum, at) => sequenceSlopes(datum, pass.logprobs[at]!, loss).map((slope) => slope * share[at]!));
    return (await training.forwardBackwardCustom(plain, slopes)).logprobs;
  }
  const { low, high } = boundsOf(loss);
  const config =
    surrogate === 'importance_sampling' ? undefined : { clip_low_threshold: low, clip_high_threshold: high };
  const sent = data.map((datum): TinkerDatum => {
    const factor = factorOf(datum, data.length, scale);
    return {
      ...encodePlain(datum),
      logprobs: [...(datum.oldLogps ?? [])],
      advantages: Array.from(
        datum.weights,
        (weight, at) => weight * factor * (datum.advantages![at]! + pullOf(datum, at, loss)),
      ),
    };
  });
  return (await training.forwardBackward(sent, surrogate, config)).logprobs;
}

/** What undoes the server's own division: it divides by the number of data and by each one's tokens, or by nothing. */
function factorOf(datum: Datum, count: number, scale: LossScale): number {
  return scale === 'sum' ? 1 : count * sum(Array.from(datum.weights, toMask));
}

/** The slope of −klCoef · k3 at the log-probability it was drawn with, which is that of the policy on its own tokens. */
function pullOf(datum: Datum, at: number, loss: Loss): number {
  if (loss.kind !== 'grpo' || !loss.klCoef) return 0;
  if (!datum.refLogps) throw new RangeError('a KL term needs refLogps in every datum');
  const difference = datum.refLogps[at]! - datum.oldLogps![at]!;
  return Math.abs(difference) > KL_BOUND ? 0 : loss.klCoef * (Math.exp(difference) - 1);
}

/** Weights cannot tell data apart where a server takes a mean of means, so those of each datum must sum to the same. */
async function sendCrossEntropy(training: TrainingClient, data: readonly Datum[], scale: LossScale) {
  const totals = data.map(({ weights }) => sum(weights));
  const uneven = scale === 'mean' && Math.max(...totals) - Math.min(...totals) > 1e-6 * Math.max(...totals);
  if (uneven) throw new RangeError('cross entropy over there is a mean over data: their weights must sum to the same');
  const sent = data.map((datum) => ({ tokens: [...datum.tokens], weights: [...datum.weights] }));
  return (await training.forwardBackward(sent, 'cross_entropy')).logprobs;
}

type Site = { readonly at: number; readonly weight: number; readonly drift: number };

function listSites(datum: Datum, logps: ArrayLike<number>): Site[] {
  return Array.from(datum.weights, (weight, at) => ({
    at,
    weight,
    drift: logps[at]! - (datum.oldLogps?.[at] ?? logps[at]!),
  })).filter(({ weight }) => weight !== 0);
}

/** Slopes of `gspo` (loss.ts) with its KL term: clipped where the sequence's ratio is. */
function sequenceSlopes(datum: Datum, logps: ArrayLike<number>, loss: Loss): number[] {
  const { low, high } = boundsOf(loss);
  const sites = listSites(datum, logps);
  const ratio = Math.exp(sum(sites.map(({ drift }) => drift)) / Math.max(1, sites.length));
  const slopes = Array.from(datum.tokens, () => 0);
  for (const { at, weight } of sites) {
    const advantage = datum.advantages![at]!;
    const clipped = advantage > 0 ? ratio > high : ratio < low;
    slopes[at] =
      -weight *
      ((clipped ? 0 : advantage * ratio) + pullOf({ ...datum, oldLogps: Float32Array.from(logps) }, at, loss));
  }
  return slopes;
}

/** What the local learner measures, from log-probabilities; entropy as the mean of −logp over the tokens drawn. */
function measurePass(batch: Batch, logps: readonly Float32Array[], loss: Loss): Pass {
  const { low, high } = boundsOf(loss);
  const surrogate = loss.kind === 'grpo' ? (loss.surrogate ?? 'ppo') : null;
  const total = { weight: 0, loss: 0, kl: 0, clipped: 0, entropy: 0 };
  for (const [row, datum] of batch.data.entries()) {
    const own = logps[row] ?? new Float32Array(datum.tokens.length);
    const sites = listSites(datum, own);
    const mean = Math.exp(sum(sites.map(({ drift }) => drift)) / Math.max(1, sites.length));
    for (const { at, weight, drift } of sites) {
      const ratio = surrogate === 'gspo' ? mean : Math.exp(drift);
      const advantage = datum.advantages?.[at] ?? 0;
      const held = Math.max(low, Math.min(high, ratio));
      const kl = loss.kind === 'grpo' && datum.refLogps ? estimateKl(datum.refLogps[at]! - own[at]!) : 0;
      total.weight += weight;
      total.entropy -= weight * own[at]!;
      total.kl += weight * kl;
      total.loss +=
        weight *
        (lossOf(surrogate, own[at]!, ratio, held, advantage) + (loss.kind === 'grpo' ? (loss.klCoef ?? 0) * kl : 0));
      const shut = surrogate === 'cispo' ? held !== ratio : advantage > 0 ? ratio > high : advantage < 0 && ratio < low;
      total.clipped += shut ? weight : 0;
    }
  }
  const mean = (value: number): number => (total.weight === 0 ? 0 : value / total.weight);
  return {
    loss: total.loss,
    logps,
    kl: loss.kind === 'grpo' && loss.klCoef ? mean(total.kl) : null,
    clipFraction: surrogate === null ? null : mean(total.clipped),
    entropy: mean(total.entropy),
  };
}

/** The loss of one token before its weight; formulas: local/loss.ts. */
function lossOf(surrogate: string | null, logp: number, ratio: number, held: number, advantage: number): number {
  switch (surrogate) {
    case null:
      return -logp;
    case 'importance_sampling':
      return -ratio * advantage;
    case 'cispo':
      return -held * advantage * logp;
    default:
      return -Math.min(ratio * advantage, held * advantage);
  }
}
