// Draws a token as OpenAI's parameters say: temperature, top_p, penalties, biases; and tells the likeliest alternatives.
// Log-probabilities are the model's own (temperature 1, nothing cut), after what a grammar and the vocabulary rule out.
// Not here: where logits come from (policy/local).
import type { Ids } from '../../policy/local/choose.ts';

/** How to draw. */
export type DrawOptions = {
  readonly temperature: number;
  /** The smallest set of tokens that holds this much probability is drawn from. */
  readonly topP: number;
  /** Subtracted once from a token that occurred, and for each occurrence. */
  readonly presence: number;
  readonly frequency: number;
  readonly bias: readonly (readonly [token: number, by: number])[];
  /** Alternatives to be told. */
  readonly top: number;
  /** Ids from here on stand for nothing: models pad their vocabulary. */
  readonly limit: number;
};

/** A drawn token: its log-probability, and the likeliest tokens with theirs. */
export type Drawn = {
  readonly token: number;
  readonly logp: number;
  readonly top: readonly (readonly [token: number, logp: number])[];
};

/**
 * A drawer for one answer; it remembers what it drew, for the penalties.
 * Its function throws RangeError if nothing is allowed or the logits are not numbers.
 */
export function makeDrawer(options: DrawOptions) {
  const counts = new Map<number, number>();
  return (logits: Float32Array, allowed: Ids | null, rng: () => number): Drawn => {
    const ids = allowed ?? range(Math.min(options.limit, logits.length));
    if (ids.length === 0) throw new RangeError('no token is allowed');
    const scores = adjust(logits, ids, options, counts);
    const place = options.temperature === 0 ? indexOfMost(scores) : drawPlace(scores, options, rng);
    const token = ids[place]!;
    const zero = logSum(logits, ids);
    const logp = logits[token]! - zero;
    if (Number.isNaN(logp)) throw new RangeError('the logits are not numbers');
    counts.set(token, (counts.get(token) ?? 0) + 1);
    return { token, logp, top: listTop(logits, ids, zero, options.top) };
  };
}

let numbers = new Uint32Array();

/** 0 to count − 1; made once. */
function range(count: number): Uint32Array {
  if (numbers.length !== count) numbers = Uint32Array.from({ length: count }, (_, id) => id);
  return numbers;
}

function adjust(
  logits: Float32Array,
  ids: Ids,
  options: DrawOptions,
  counts: ReadonlyMap<number, number>,
): Float64Array {
  const scores = new Float64Array(ids.length);
  for (let at = 0; at < ids.length; at++) scores[at] = logits[ids[at]!]!;
  const { presence, frequency, bias } = options;
  if (bias.length === 0 && (counts.size === 0 || (presence === 0 && frequency === 0))) return scores;
  const lower = (token: number, by: number) => {
    const at = ids === numbers ? token : ids.indexOf(token);
    if (at >= 0 && at < scores.length) scores[at]! -= by;
  };
  for (const [token, by] of bias) lower(token, -by);
  for (const [token, count] of counts) lower(token, presence + frequency * count);
  return scores;
}

function drawPlace(scores: Float64Array, { temperature, topP }: DrawOptions, rng: () => number): number {
  const top = scores[indexOfMost(scores)]!;
  const weights = scores.map((score) => Math.exp((score - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const places = topP < 1 ? keepLikely(weights, topP * total) : null;
  const kept = places ? places.reduce((sum, at) => sum + weights[at]!, 0) : total;
  let rest = rng() * kept;
  let last = 0;
  const count = places?.length ?? weights.length;
  for (let index = 0; index < count; index++) {
    const at = places ? places[index]! : index;
    if (weights[at] === 0) continue;
    last = at;
    rest -= weights[at]!;
    if (rest < 0) break;
  }
  return last;
}

/** Places from the likeliest on until they hold this much; at least one. */
function keepLikely(weights: Float64Array, wanted: number): readonly number[] {
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  let held = 0;
  const end = order.findIndex((at) => {
    held += weights[at]!;
    return held >= wanted;
  });
  return end < 0 ? order : order.slice(0, end + 1);
}

function logSum(logits: Float32Array, ids: Ids): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const id of ids) top = Math.max(top, logits[id]!);
  let sum = 0;
  for (const id of ids) sum += Math.exp(logits[id]! - top);
  return top + Math.log(sum);
}

function listTop(logits: Float32Array, ids: Ids, zero: number, count: number): Drawn['top'] {
  const best: number[] = [];
  if (count === 0) return [];
  for (const id of ids) {
    if (best.length === count && logits[id]! <= logits[best.at(-1)!]!) continue;
    const at = best.findIndex((other) => logits[id]! > logits[other]!);
    best.splice(at < 0 ? best.length : at, 0, id);
    if (best.length > count) best.pop();
  }
  return best.map((id) => [id, logits[id]! - zero] as const);
}

function indexOfMost(list: Float64Array): number {
  let best = 0;
  for (let index = 1; index < list.length; index++) if (list[index]! > list[best]!) best = index;
  return best;
}
