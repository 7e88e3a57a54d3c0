// Chooses a token from logits: restricted to what a constraint allows, at a temperature, with a seeded generator.
// Not here: where the logits come from, what the constraint means.

/** A set of token ids. 16 bits hold no large vocabulary (Qwen's is 151,936), so whoever cannot know takes 32. */
export type Ids = Uint16Array | Uint32Array;

/** What a turn may say next: a grammar, as the sampler sees it. */
export type Constraint = {
  /** The ids allowed next; null = all; one id = forced, with log-probability 0 and no draw. */
  allowed(): Ids | null;
  /** Told of each token of the turn, chosen or forced; true = the turn is over. */
  accept(token: number): boolean;
  /**
   * Probabilities over `allowed()` (over the vocabulary if that is null) to draw from instead of the model's;
   * null = the model's. The log-probability recorded remains the model's.
   */
  explore?(): Float32Array | null;
};

export type Choice = { readonly token: number; readonly logp: number };

export type ChooseOptions = {
  /** 0 takes the most likely token without a draw. */
  readonly temperature: number;
  readonly behaviour: Float32Array | null;
  readonly rng: () => number;
};

/** A generator of uniform numbers in [0, 1) from a 32-bit seed. Source: mulberry32, Tommy Ettinger (public domain). */
export function seedGenerator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * One token of `allowed` (null = all). Its log-probability is that of the model restricted to `allowed` at temperature 1,
 * whatever it was drawn from, so that it compares with a trainer's.
 * @throws RangeError if nothing is allowed, the behaviour has another length or is all 0, or the logits are not numbers.
 */
export function chooseToken(logits: Float32Array, allowed: Ids | null, options: ChooseOptions): Choice {
  return chooseAmong(allowed ? gatherLogits(logits, allowed) : logits, allowed, options);
}

/** The same from the logits of what is allowed alone, in its order. */
export function chooseAmong(own: Float32Array, allowed: Ids | null, options: ChooseOptions): Choice {
  const { temperature, behaviour, rng } = options;
  if (own.length === 0) throw new RangeError('the constraint allows no token');
  if (behaviour && behaviour.length !== own.length) {
    throw new RangeError(`${behaviour.length} probabilities for ${own.length} tokens`);
  }
  const best = indexOfMost(own);
  const top = own[best]!;
  const powers = exponentiate(own, top, 1);
  const sum = sumOf(powers);
  const index = behaviour
    ? drawIndex(behaviour, sumOf(behaviour), rng)
    : temperature === 1
      ? drawIndex(powers, sum, rng)
      : temperature === 0
        ? best
        : drawHeated(own, top, temperature, rng);
  const logp = own[index]! - top - Math.log(sum);
  if (Number.isNaN(logp)) throw new RangeError('the logits are not numbers: the model has diverged');
  return { token: allowed ? allowed[index]! : index, logp };
}

function gatherLogits(logits: Float32Array, allowed: Ids): Float32Array {
  const own = new Float32Array(allowed.length);
  for (let at = 0; at < allowed.length; at++) own[at] = logits[allowed[at]!]!;
  return own;
}

function drawHeated(own: Float32Array, top: number, temperature: number, rng: () => number): number {
  const heated = exponentiate(own, top, temperature);
  return drawIndex(heated, sumOf(heated), rng);
}

/** Used again and again, since a vocabulary's worth of memory for each token keeps the garbage collector busy. */
let room = new Float64Array(0);

/** exp((x − top) / temperature). The result is valid until the next call. */
function exponentiate(list: Float32Array, top: number, temperature: number): Float64Array {
  if (room.length < list.length) room = new Float64Array(2 * list.length);
  const powers = room.subarray(0, list.length);
  for (let index = 0; index < list.length; index++) powers[index] = Math.exp((list[index]! - top) / temperature);
  return powers;
}

/** An index in proportion to its weight. One of weight 0 is never drawn, not even by rounding at the end of the list. */
function drawIndex(weights: Float64Array | Float32Array, sum: number, rng: () => number): number {
  if (!(sum > 0)) throw new RangeError(`the weights to draw from sum to ${sum}`);
  let rest = rng() * sum;
  let last = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    if (weight === 0) continue;
    last = index;
    rest -= weight;
    if (rest < 0) break;
  }
  return last;
}

function indexOfMost(list: Float32Array): number {
  let best = 0;
  for (let index = 1; index < list.length; index++) if (list[index]! > list[best]!) best = index;
  return best;
}

function sumOf(list: Float64Array | Float32Array): number {
  let sum = 0;
  for (let index = 0; index < list.length; index++) sum += list[index]!;
  return sum;
}
