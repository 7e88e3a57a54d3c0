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
    const plain = exponentiate(logits, ids);
    const zero = plain.top + Math.log(plain.sum);
    const changes = listChanges(options, counts);
    const place =
      options.temperature === 0
        ? indexOfMost(adjust(logits, ids, changes))
        : drawPlace(weigh(logits, ids, options.temperature, changes, plain), options.topP, rng);
    const token = ids[place]!;
    const logp = logits[token]! - zero;
    if (Number.isNaN(logp)) throw new RangeError('the logits are not numbers');
    counts.set(token, (counts.get(token) ?? 0) + 1);
    return { token, logp, top: options.top === 0 ? NO_TOP : listTop(logits, ids, zero, options.top) };
  };
}

const NO_TOP: Drawn['top'] = [];

let numbers = new Uint32Array();

/** 0 to count − 1; made once. */
function range(count: number): Uint32Array {
  if (numbers.length !== count) numbers = Uint32Array.from({ length: count }, (_, id) => id);
  return numbers;
}

/** Weights in proportion to probabilities, and their sum. */
type Weights = { readonly weights: Float64Array; readonly sum: number };

/** Used again for each token: a vocabulary's worth of memory each time keeps the garbage collector busy. */
const rooms = { plain: new Float64Array(), changed: new Float64Array() };

/** Room for so many numbers, valid until it is next asked for. */
function takeRoom(name: keyof typeof rooms, count: number): Float64Array {
  if (rooms[name].length < count) rooms[name] = new Float64Array(2 * count);
  return rooms[name].subarray(0, count);
}

/** The model's own weights, the likeliest token's being 1. */
function exponentiate(logits: Float32Array, ids: Ids): Weights & { readonly top: number } {
  const weights = takeRoom('plain', ids.length);
  let top = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < ids.length; at++) top = Math.max(top, logits[ids[at]!]!);
  let sum = 0;
  for (let at = 0; at < ids.length; at++) {
    weights[at] = Math.exp(logits[ids[at]!]! - top);
    sum += weights[at]!;
  }
  return { weights, sum, top };
}

/** What is added to the scores of some tokens. */
type Changes = readonly (readonly [token: number, by: number])[];

function listChanges({ presence, frequency, bias }: DrawOptions, counts: ReadonlyMap<number, number>): Changes {
  if (counts.size === 0 || (presence === 0 && frequency === 0)) return bias;
  return [...bias, ...Array.from(counts, ([token, count]) => [token, -presence - frequency * count] as const)];
}

/** The place of a token among those allowed; -1: none. */
const placeOf = (ids: Ids, token: number): number =>
  ids !== numbers ? ids.indexOf(token) : token < ids.length ? token : -1;

/** The logits of what is allowed, changed. */
function adjust(logits: Float32Array, ids: Ids, changes: Changes): Float64Array {
  const scores = takeRoom('changed', ids.length);
  for (let at = 0; at < ids.length; at++) scores[at] = logits[ids[at]!]!;
  for (const [token, by] of changes) {
    const at = placeOf(ids, token);
    if (at >= 0) scores[at]! += by;
  }
  return scores;
}

/** Sums between which weights lose nothing to rounding. */
const [LEAST, MOST] = [1e-200, 1e200];

/** Weights at a temperature, some tokens' scores changed. */
function weigh(logits: Float32Array, ids: Ids, temperature: number, changes: Changes, plain: Weights): Weights {
  if (temperature === 1) {
    const near = changes.length === 0 ? plain : scale(ids, changes, plain);
    if (near.sum > LEAST && near.sum < MOST) return near;
  }
  // Anew, from what is likeliest now.
  const scores = adjust(logits, ids, changes);
  const top = scores[indexOfMost(scores)]!;
  let sum = 0;
  for (let at = 0; at < scores.length; at++) {
    scores[at] = Math.exp((scores[at]! - top) / temperature);
    sum += scores[at]!;
  }
  return { weights: scores, sum };
}

/** The model's own weights with those of some tokens multiplied. */
function scale(ids: Ids, changes: Changes, { weights: plain }: Weights): Weights {
  const weights = takeRoom('changed', plain.length);
  weights.set(plain);
  for (const [token, by] of changes) {
    const at = placeOf(ids, token);
    if (at >= 0) weights[at]! *= Math.exp(by);
  }
  // Added up anew: what is left beside a token that had nearly all would drown in the rounding of a difference.
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += weights[at]!;
  return { weights, sum };
}

function drawPlace({ weights, sum }: Weights, topP: number, rng: () => number): number {
  const places = topP < 1 ? keepLikely(weights, topP * sum) : null;
  const kept = places ? places.reduce((held, at) => held + weights[at]!, 0) : sum;
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
