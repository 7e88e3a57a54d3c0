// Sampling in the shape of the Tinker API: prompts in, token sequences with log-probabilities out.
// For agents, whose turns alternate with an environment's, use the streams of sampler.ts instead.
import type { Constraint } from './choose.ts';
import type { Generation, Sampler } from './sampler.ts';

export type SampleOptions = {
  /** Sequences per prompt. */
  readonly count: number;
  readonly temperature: number;
  readonly maxTokens: number;
  /** Ids that end a sequence; the one that did is part of it. */
  readonly stop: readonly number[];
  /** Sequence i of prompt p draws from seed + p · count + i. */
  readonly seed: number;
};

/**
 * `count` sequences for each prompt, grouped by prompt. No other stream of the sampler may be open.
 * @throws RangeError if a prompt is empty or holds a token outside the vocabulary.
 */
export async function samplePrompts(
  sampler: Sampler,
  prompts: readonly (Int32Array | readonly number[])[],
  options: SampleOptions,
): Promise<Generation[][]> {
  const { count, seed } = options;
  if (prompts.some((prompt) => prompt.length === 0)) throw new RangeError('a prompt is empty');
  sampler.expect(prompts.length * count);
  const flat = Array.from({ length: prompts.length * count }, async (_, index) => {
    const stream = await sampler.open(index, seed + index);
    try {
      stream.extend(prompts[Math.floor(index / count)]!);
      return await stream.generate(stopAt(options.stop), options);
    } finally {
      stream.close();
    }
  });
  const generations = await Promise.all(flat);
  return prompts.map((_, at) => generations.slice(at * count, (at + 1) * count));
}

/** Allows everything until one of these ids. */
export function stopAt(ids: readonly number[]): Constraint {
  return { allowed: () => null, accept: (token) => ids.includes(token) };
}
