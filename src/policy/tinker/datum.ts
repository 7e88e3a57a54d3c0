// What a Tinker server learns from, built and checked here: servers take wrong lengths, missing tensors and numbers that are
// none without a word, and teach the model nonsense. Not here: which losses need what (training.ts), our own batches (learner.ts).
import { encodeFloats, encodeInput, encodeInts, type WireDatum } from './wire.ts';

/**
 * One sequence to learn from. The arrays are as long as `tokens`; the entry of token t is about predicting it from those
 * before, so the first entry is not used.
 */
export type TinkerDatum = {
  readonly tokens: readonly number[];
  /** 0: not learned. */
  readonly weights: readonly number[];
  /** Log-probabilities under the policy that sampled. */
  readonly logprobs?: readonly number[];
  readonly advantages?: readonly number[];
};

/** Throws RangeError naming the datum for anything a server would silently get wrong. `vocab`: ids are below it. */
export function checkData(data: readonly TinkerDatum[], vocab = 2 ** 31): void {
  if (data.length === 0) throw new RangeError('no data: a server never answers an empty batch');
  for (const [at, datum] of data.entries()) {
    const { tokens, weights, logprobs, advantages } = datum;
    const fail = (what: string): RangeError => new RangeError(`datum ${at}: ${what}`);
    if (tokens.length < 2) throw fail(`${tokens.length} tokens, expected 2 or more`);
    const stranger = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
    if (stranger !== undefined) throw fail(`token ${stranger}, expected a whole number from 0 to ${vocab - 1}`);
    for (const [name, list] of Object.entries({ weights, logprobs, advantages })) {
      if (list === undefined) continue;
      if (list.length !== tokens.length) throw fail(`${list.length} ${name}, ${tokens.length} tokens`);
      const odd = list.findIndex((value) => !Number.isFinite(value));
      if (odd >= 0) throw fail(`${name}[${odd}] is ${list[odd]}`);
    }
    if (!weights.slice(1).some((weight) => weight !== 0))
      throw fail('all weights are 0: it would only thin out the others'); // a mean over data counts it
  }
}

/** A datum as the API takes it: positions predict the next token, so each tensor is one shorter than the sequence. */
export function encodeDatum({ tokens, weights, logprobs, advantages }: TinkerDatum): WireDatum {
  return {
    model_input: encodeInput(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: encodeInts(tokens.slice(1)),
      weights: encodeFloats(weights.slice(1)),
      ...(logprobs ? { logprobs: encodeFloats(logprobs.slice(1)) } : {}),
      ...(advantages ? { advantages: encodeFloats(advantages.slice(1)) } : {}),
    },
  };
}

/** Cuts data into requests of at most `count` data and `tokens` tokens; a datum longer than that goes alone. */
export function chunkData<T extends { readonly tokens: { readonly length: number } }>(
  data: readonly T[],
  count: number,
  tokens: number,
): T[][] {
  const chunks: T[][] = [];
  let size = 0;
  for (const datum of data) {
    const last = chunks.at(-1);
    if (last === undefined || last.length >= count || size + datum.tokens.length > tokens) {
      chunks.push([datum]);
      size = datum.tokens.length;
    } else {
      last.push(datum);
      size += datum.tokens.length;
    }
  }
  return chunks;
}
