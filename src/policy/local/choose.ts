// Chooses a token from logits: restricted to what a constraint allows, at a temperature, with a seeded generator.
// Not here: where the logits come from, what the constraint means.

/** What a turn may say next: a grammar, as the sampler sees it. */
export type Constraint = {
  /** The ids allowed next; null = all; one id = forced, with log-probability 0 and no draw. */
  allowed(): Uint16Array | null;
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
 * @throws RangeError if nothing is allowed or the behaviour has another length.
 */
export function chooseToken(logits: Float32Array, allowed: Uint16Array | null, options: ChooseOptions): Choice {
  const count = allowed ? allowed.length : logits.length;
  if (count === 0) throw new RangeError('the constraint allows no token');
  const logit = (index: number) => logits[allowed ? allowed[index]! : index]!;
  let best = 0;
  for (let index = 1; index < count; index++) if (logit(index) > logit(best)) best = index;
  const top = logit(best);
  let sum = 0;
  for (let index = 0; index < count; index++) sum += Math.exp(logit(index) - top);
  const index = drawIndex(count, best, options, (at, temperature) => Math.exp((logit(at) - top) / temperature));
  return { token: allowed ? allowed[index]! : index, logp: logit(index) - top - Math.log(sum) };
}

function drawIndex(
  count: number,
  best: number,
  { temperature, behaviour, rng }: ChooseOptions,
  power: (index: number, temperature: number) => number,
): number {
  if (behaviour && behaviour.length !== count)
    throw new RangeError(`${behaviour.length} probabilities for ${count} tokens`);
  if (!behaviour && temperature === 0) return best;
  const weight = (index: number) => (behaviour ? behaviour[index]! : power(index, temperature));
  let sum = 0;
  for (let index = 0; index < count; index++) sum += weight(index);
  let rest = rng() * sum;
  let last = best;
  for (let index = 0; index < count; index++) {
    const part = weight(index);
    // A token of weight 0 is never drawn, not even by rounding at the end of the list.
    if (part > 0) last = index;
    rest -= part;
    if (rest < 0 && part > 0) return index;
  }
  return last;
}
