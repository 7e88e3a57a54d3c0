// Weights of a Tinker server to sample from. Log-probabilities are of the distribution at temperature 1 with nothing cut off, so at
// any other setting they are not those of the policy that drew. Not here: playing episodes (policy.ts).
import { TinkerError } from './fault.ts';
import type { Transport } from './transport.ts';
import type { Meter } from './usage.ts';
import { encodeInput, samplesSchema } from './wire.ts';

/** What to sample from: a model as it was published, or a sampler checkpoint (`tinker://…`). */
export type SampleFrom = { readonly baseModel: string } | { readonly modelPath: string };

export type SampleWishes = {
  readonly prompt: readonly number[];
  /** Most tokens of an answer. */
  readonly maxTokens: number;
  /** Answers to the same prompt; default 1. Answer i is drawn with seed + i on SkyRL: space seeds by that. */
  readonly count?: number;
  /** Default 1; 0 is greedy. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  /** Ids or texts that end an answer. A model's own end token ends nothing unless it is named here. */
  readonly stop?: readonly number[] | readonly string[];
  /** 0 to 2^31 − 1; without it the server draws one. */
  readonly seed?: number;
};

/** One answer. `tokens` includes the one that ended it. */
export type Sample = {
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
  readonly reason: 'stop' | 'length';
};

export type SamplingClient = {
  readonly from: SampleFrom;
  sample(wishes: SampleWishes): Promise<Sample[]>;
  /** The log-probability of each token given those before; of the first, 0. */
  logprobs(tokens: readonly number[]): Promise<number[]>;
};

type Context = {
  readonly transport: Transport;
  readonly meter: Meter;
  readonly vocab: number | undefined;
  readonly check: () => void;
  readonly from: SampleFrom;
};

/** Opens weights for sampling; nothing is sent yet. */
export function openSampling({ transport, meter, vocab = 2 ** 31, check, from }: Context): SamplingClient {
  const source = 'baseModel' in from ? { base_model: from.baseModel } : { model_path: from.modelPath };

  async function ask(wishes: SampleWishes, scored: boolean) {
    checkWishes(wishes, vocab);
    check();
    const { prompt, maxTokens, count = 1, temperature = 1, topK, topP, stop, seed } = wishes;
    const answer = await transport.submit(samplesSchema, '/api/v1/asample', {
      ...source,
      prompt: encodeInput(prompt),
      num_samples: count,
      sampling_params: {
        max_tokens: maxTokens,
        temperature,
        ...(topK === undefined ? {} : { top_k: topK }),
        ...(topP === undefined ? {} : { top_p: topP }),
        ...(stop === undefined ? {} : { stop }),
        ...(seed === undefined ? {} : { seed }),
      },
      ...(scored ? { prompt_logprobs: true } : {}),
      type: 'sample',
    });
    const sampled = answer.sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);
    meter.add({ prefill: prompt.length, sampled });
    return answer;
  }

  return {
    from,
    async sample(wishes) {
      const { sequences } = await ask(wishes, false);
      if (sequences.length !== (wishes.count ?? 1))
        throw new TinkerError('garbled', `asample: ${sequences.length} answers, ${wishes.count ?? 1} asked for`);
      return sequences.map(({ tokens, logprobs, stop_reason }) => ({
        tokens,
        logprobs: readFloats('asample', logprobs ?? [], tokens.length),
        reason: stop_reason === 'length' ? 'length' : 'stop',
      }));
    },
    async logprobs(tokens) {
      const { prompt_logprobs: found } = await ask({ prompt: tokens, maxTokens: 1 }, true);
      // Some servers give a first entry that stands for nothing, some leave it out.
      const rest = found?.length === tokens.length ? found.slice(1) : (found ?? []);
      return [0, ...readFloats('prompt_logprobs', rest, tokens.length - 1)];
    },
  };
}

/** Floats of an answer. Throws TinkerError for one that is none, or a wrong number of them. */
export function readFloats(what: string, values: readonly (number | null)[], count: number): number[] {
  if (values.length !== count) throw new TinkerError('garbled', `${what}: ${values.length} numbers, expected ${count}`);
  return values.map((value, at) => {
    if (value === null || !Number.isFinite(value))
      throw new TinkerError('garbled', `${what}: entry ${at} is no number`);
    return value;
  });
}

function checkWishes({ prompt, maxTokens, count = 1, temperature = 1, seed, stop }: SampleWishes, vocab: number): void {
  const whole = (name: string, value: number, least: number, most = 2 ** 31 - 1): void => {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`${name} ${value}, expected a whole number from ${least} to ${most}`);
  };
  if (prompt.length === 0) throw new RangeError('the prompt is empty');
  for (const token of prompt) whole('token', token, 0, vocab - 1);
  whole('maxTokens', maxTokens, 1);
  whole('count', count, 1); // none would never be answered
  if (seed !== undefined) whole('seed', seed, 0);
  if (!Number.isFinite(temperature) || temperature < 0)
    throw new RangeError(`temperature ${temperature}, expected 0 or more`);
  if (stop && new Set(stop.map((one) => typeof one)).size > 1) throw new RangeError('stop mixes ids and texts');
}
