// The losses on the log-probabilities of chosen tokens: their graphs, what feeds them, and how much of a batch is clipped.
// All are sums over tokens, each times its weight, as at a Tinker server; the gradient of several on one step is their sum.
// Names and formulas: docs/learner-exactness.md. Not here: the model under them (objective.ts), weights and advantages (train/).
import type { Batch, MicroBatch } from './batch.ts';
import type { Feed } from './executor.ts';
import type { Graph, Tensor } from './graph.ts';
import { add, clamp, exponential, minimum, multiply, product, subtract, total } from './ops.ts';

/** The most that a token's reference and policy log-probabilities may differ in the KL term, so that exp stays finite. */
export const KL_BOUND = 20;

/** What stands between advantages and log-probabilities. The names are those of the Tinker API. */
export const SURROGATES = ['ppo', 'importance_sampling', 'cispo', 'gspo'] as const;
export type Surrogate = (typeof SURROGATES)[number];

/** Sums over tokens, each times its weight: whoever wants a mean divides the weights. */
export type Loss =
  | {
      readonly kind: 'crossEntropy';
      /** Whether the batch's masks restrict the distribution; default no. */
      readonly masked?: boolean;
    }
  | {
      readonly kind: 'grpo';
      /** Default `ppo`. */
      readonly surrogate?: Surrogate;
      /** The ratio is held to [1 − clipLow, 1 + clipHigh]; defaults 0.2 and 0.28, for `gspo` 0.0003 and 0.0004. */
      readonly clipLow?: number;
      readonly clipHigh?: number;
      /** Weight of the KL estimate against the reference log-probabilities; default 0, which needs none. */
      readonly klCoef?: number;
    };

/** Which graph: `none` has no loss and no gradient; `masked` takes a mask table; `kl` takes reference log-probabilities. */
export type Objective =
  | { readonly kind: 'none' | 'crossEntropy'; readonly masked: boolean }
  | { readonly kind: 'grpo'; readonly surrogate: Surrogate; readonly masked: boolean; readonly kl: boolean };

/** The graph that a loss on a batch needs. Throws RangeError if the data lack what it needs. */
export function objectiveOf(batch: Batch, loss: Loss): Objective {
  if (loss.kind === 'crossEntropy') return { kind: 'crossEntropy', masked: loss.masked ?? false };
  const kl = (loss.klCoef ?? 0) !== 0;
  for (const datum of batch.data) {
    if (!datum.advantages || !datum.oldLogps) throw new RangeError('GRPO needs advantages and oldLogps in every datum');
    if (kl && !datum.refLogps) throw new RangeError('a KL term needs refLogps in every datum');
  }
  return { kind: 'grpo', surrogate: loss.surrogate ?? 'ppo', masked: isMasked(batch), kl };
}

/** A datum that names a mask asks for a table: a forgotten one is an error, not an unmasked loss. */
export function isMasked({ data, maskTable }: Batch): boolean {
  return maskTable !== undefined || data.some((datum) => datum.masks?.some((mask) => mask >= 0));
}

/** The bounds of the ratio; none for a loss without. */
export function boundsOf(loss: Loss): { readonly low: number; readonly high: number } {
  if (loss.kind === 'crossEntropy' || loss.surrogate === 'importance_sampling') return { low: 0, high: Infinity };
  const [low, high] = loss.surrogate === 'gspo' ? [3e-4, 4e-4] : [0.2, 0.28];
  return { low: 1 - (loss.clipLow ?? low), high: 1 + (loss.clipHigh ?? high) };
}

/** The tokens that count, of whole sequences. */
type Sites = Pick<MicroBatch, 'sites'>;

/** The inputs of a graph beside the parameters that come from the micro-batch as it is. */
export function feedNames(objective: Objective): string[] {
  return [
    ...['tokens', 'attention', 'places', 'targets'],
    ...(objective.masked ? ['table', 'rows'] : []),
    ...(objective.kind === 'none' ? [] : ['returns', 'weights']),
    ...(objective.kind === 'grpo' ? ['advantages', 'old'] : []),
    ...(objective.kind === 'grpo' && objective.kl ? ['reference'] : []),
  ];
}

/** The other inputs: numbers of the loss, and for `gspo` which token belongs to which sequence. */
export function lossFeeds(loss: Loss, micro: Sites): Record<string, Feed> {
  if (loss.kind === 'crossEntropy') return {};
  const scalar = (value: number): Feed => ({ shape: [], data: Float32Array.of(value) });
  const { low, high } = boundsOf(loss);
  const klCoef = loss.klCoef ?? 0;
  return {
    ...(loss.surrogate === 'importance_sampling' ? {} : { low: scalar(low), high: scalar(high) }),
    ...(loss.surrogate === 'gspo' ? sequenceFeeds(micro) : {}),
    ...(klCoef === 0 ? {} : { klCoef: scalar(klCoef) }),
  };
}

/** `sequences` int32 [M]: each token's sequence; `shares` [S, M]: 1 / length where the token is of the sequence, else 0. */
function sequenceFeeds({ sites }: Sites): Record<string, Feed> {
  const numbers = new Map<number, number>();
  for (const { datum } of sites) if (!numbers.has(datum)) numbers.set(datum, numbers.size);
  const sequences = Int32Array.from(sites, ({ datum }) => numbers.get(datum)!);
  const lengths = new Int32Array(numbers.size);
  for (const sequence of sequences) lengths[sequence]!++;
  const shares = new Float32Array(numbers.size * sites.length);
  for (const [at, sequence] of sequences.entries()) shares[sequence * sites.length + at] = 1 / lengths[sequence]!;
  return {
    sequences: { shape: [sites.length], data: sequences },
    shares: { shape: [numbers.size, sites.length], data: shares },
  };
}

/** The loss of an objective, a scalar, from the log-probabilities [M, 1] of the tokens that count. */
export function buildLoss(graph: Graph, logps: Tensor, objective: Exclude<Objective, { kind: 'none' }>): Tensor {
  return objective.kind === 'grpo' ? buildGrpo(graph, logps, objective) : buildCrossEntropy(graph, logps);
}

/** −Σ w · logp. */
function buildCrossEntropy(graph: Graph, logps: Tensor): Tensor {
  const weighted = multiply(graph, logps, graph.input('weights', ['M', 1]));
  return multiply(graph, total(graph, weighted), graph.scalar(-1));
}

/** −Σ w · gain + klCoef · Σ w · k3. */
function buildGrpo(
  graph: Graph,
  logps: Tensor,
  { surrogate, kl }: { readonly surrogate: Surrogate; readonly kl: boolean },
): Tensor {
  const weights = graph.input('weights', ['M', 1]);
  const gain = buildGain(graph, logps, surrogate);
  const loss = multiply(graph, total(graph, multiply(graph, gain, weights)), graph.scalar(-1));
  if (!kl) return loss;
  const penalty = multiply(graph, buildK3(graph, logps, graph.input('reference', ['M', 1])), weights);
  return add(graph, loss, multiply(graph, total(graph, penalty), graph.input('klCoef', [])));
}

/**
 * What a token gains, with r = exp(logp − old), A its advantage and sg(·) a value without a gradient:
 * - ppo: min(r A, clip(r) A). Schulman et al., PPO, 2017 (arXiv 1707.06347); for groups Shao et al., GRPO, 2024 (2402.03300);
 *   bounds of different width Yu et al., DAPO, 2025 (2503.14476);
 * - importance_sampling: r A;
 * - cispo: sg(clip(r)) A logp. MiniMax-M1, 2025 (2506.13585);
 * - gspo: as ppo with s = exp(mean of logp − old over the sequence) for r, its gradient that of sg(s) · logp. Zheng et al.,
 *   Group Sequence Policy Optimization, 2025 (2507.18071), equation 13; equal to equation 5 where w and A do not vary.
 */
function buildGain(graph: Graph, logps: Tensor, surrogate: Surrogate): Tensor {
  const advantages = graph.input('advantages', ['M', 1]);
  const drift = subtract(graph, logps, graph.input('old', ['M', 1]));
  const hold = (ratio: Tensor) => clamp(graph, ratio, graph.input('low', []), graph.input('high', []));
  const clip = (ratio: Tensor) => {
    const held = hold(ratio);
    return minimum(graph, multiply(graph, ratio, advantages), multiply(graph, held, advantages));
  };
  switch (surrogate) {
    case 'ppo':
      return clip(exponential(graph, drift));
    case 'importance_sampling':
      return multiply(graph, exponential(graph, drift), advantages);
    case 'cispo':
      return multiply(graph, multiply(graph, stop(graph, hold(exponential(graph, drift))), advantages), logps);
    case 'gspo':
      return clip(sequenceRatio(graph, logps, drift));
  }
}

/** The ratio of each token's sequence [M, 1]; to its token's log-probability it has the slope of that token's own ratio. */
function sequenceRatio(graph: Graph, logps: Tensor, drift: Tensor): Tensor {
  const shares = graph.input('shares', ['S', 'M']);
  const means = graph.emit('Exp', [product(graph, shares, drift, ['S', 1], {})], ['S', 1]);
  const ratio = graph.emit('Gather', [means, graph.input('sequences', ['M'], 'int32')], ['M', 1], {
    attributes: { axis: 0 },
  });
  return graph.record(ratio, [logps], (d) => [graph.emit('Mul', [d, ratio], ratio.shape)]);
}

/** The same value, through which no gradient flows: a value nobody recorded has none. */
function stop(graph: Graph, a: Tensor): Tensor {
  return graph.emit('Identity', [a], a.shape);
}

/** k3 = exp(d) − d − 1 with d = reference − logp, held to ±KL_BOUND. Source: Schulman, Approximating KL Divergence, 2020. */
function buildK3(graph: Graph, logps: Tensor, reference: Tensor): Tensor {
  const difference = subtract(graph, reference, logps);
  const held = clamp(graph, difference, graph.scalar(-KL_BOUND), graph.scalar(KL_BOUND));
  return subtract(graph, subtract(graph, exponential(graph, held), held), graph.scalar(1));
}

/** k3 of a difference reference − logp, in double precision. */
export function estimateKl(difference: number): number {
  const held = Math.max(-KL_BOUND, Math.min(KL_BOUND, difference));
  return Math.exp(held) - held - 1;
}

/** For each site of a micro-batch whether the bounds take its gradient away (ppo, gspo) or shorten it (cispo). */
export function findClipped(loss: Loss, batch: Batch, micro: Sites, logps: Float32Array): boolean[] {
  const { low, high } = boundsOf(loss);
  const drifts = micro.sites.map(
    ({ datum, token }, at) => logps[at]! - (batch.data[datum]!.oldLogps?.[token] ?? logps[at]!),
  );
  const means = loss.kind === 'grpo' && loss.surrogate === 'gspo' ? meanDrifts(micro, drifts) : drifts;
  return micro.sites.map(({ datum, token }, at) => {
    const ratio = Math.exp(means[at]!);
    if (loss.kind === 'grpo' && loss.surrogate === 'cispo') return ratio > high || ratio < low;
    const advantage = batch.data[datum]!.advantages?.[token] ?? 0;
    return advantage > 0 ? ratio > high : advantage < 0 && ratio < low;
  });
}

/** At each site the mean over its sequence. */
function meanDrifts({ sites }: Sites, drifts: readonly number[]): number[] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [at, { datum }] of sites.entries()) {
    const entry = sums.get(datum) ?? { sum: 0, count: 0 };
    sums.set(datum, { sum: entry.sum + drifts[at]!, count: entry.count + 1 });
  }
  return sites.map(({ datum }) => sums.get(datum)!.sum / sums.get(datum)!.count);
}
