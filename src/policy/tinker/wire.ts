// What goes over the wire to a Tinker server and back: requests as plain objects, answers as schemas that read no more than is
// used. Names are the API's own (https://tinker-docs.thinkingmachines.ai), snake case included.
// Not here: sending (transport.ts), who sends what when (session.ts, training.ts, sampling.ts).
import { z } from 'zod';

/** Losses by the API's names. A server may know fewer: SkyRL with JAX knows the first four. */
export const LOSS_NAMES = [
  'cross_entropy',
  'importance_sampling',
  'ppo',
  'cispo',
  'gspo',
  'dro',
  'dppo',
  'ppo_critic',
  'stable_reinforce',
] as const;
export type LossName = (typeof LOSS_NAMES)[number];

/** A flat tensor. */
export type TensorData = {
  readonly data: readonly number[];
  readonly dtype: 'int64' | 'float32';
  readonly shape: readonly number[];
};

export type ModelInput = {
  readonly chunks: readonly { readonly type: 'encoded_text'; readonly tokens: readonly number[] }[];
};

export type WireDatum = {
  readonly model_input: ModelInput;
  readonly loss_fn_inputs: { readonly [name: string]: TensorData };
};

/** Tokens as a model's input. */
export const encodeInput = (tokens: readonly number[]): ModelInput => ({ chunks: [{ type: 'encoded_text', tokens }] });

export const encodeInts = (data: readonly number[]): TensorData => ({ data, dtype: 'int64', shape: [data.length] });
export const encodeFloats = (data: readonly number[]): TensorData => ({ data, dtype: 'float32', shape: [data.length] });

/** A request that was accepted and is under way. Servers give the id as text, or as a number. */
export const promiseSchema = z.looseObject({ request_id: z.union([z.string(), z.int()]).transform(String) });

export const sessionSchema = z.looseObject({
  session_id: z.string().min(1),
  info_message: z.string().nullish(),
  warning_message: z.string().nullish(),
  error_message: z.string().nullish(),
});

/** A poll that is not over yet. */
export const againSchema = z.looseObject({ type: z.literal('try_again'), queue_state: z.string().nullish() });
/** A request that came to nothing. */
export const failedSchema = z.looseObject({ error: z.string(), category: z.unknown() });

export const modelSchema = z.looseObject({ model_id: z.string().min(1) });
export const createdSchema = z.looseObject({
  model_id: z.string().min(1),
  request_id: z.union([z.string(), z.int()]).transform(String),
});

/** Floats; null where the server had one that is no number. */
const floats = z.looseObject({ data: z.array(z.number().nullable()) });
export const passSchema = z.looseObject({
  loss_fn_outputs: z.array(z.looseObject({ logprobs: floats })),
  metrics: z.record(z.string(), z.number().nullable()).nullish(),
});

export const stepSchema = z.looseObject({ metrics: z.record(z.string(), z.number().nullable()).nullish() });

export const samplesSchema = z.looseObject({
  sequences: z.array(
    z.looseObject({
      tokens: z.array(z.int()),
      logprobs: z.array(z.number().nullable()).nullish(),
      stop_reason: z.string().nullish(),
    }),
  ),
  prompt_logprobs: z.array(z.number().nullable()).nullish(),
});

export const pathSchema = z.looseObject({ path: z.string().nullish(), sampling_session_id: z.string().nullish() });
export const anySchema = z.looseObject({});

export const capabilitiesSchema = z.looseObject({
  supported_models: z.array(z.looseObject({ model_name: z.string().nullish() })),
});

export const checkpointsSchema = z.looseObject({
  checkpoints: z.array(
    z.looseObject({
      checkpoint_id: z.string(),
      checkpoint_type: z.string(),
      tinker_path: z.string(),
      time: z.string(),
    }),
  ),
});

/** `tinker://MODEL_ID/weights/NAME`, taken apart; null for anything else. */
export function parseTinkerPath(path: string): { readonly model: string; readonly name: string } | null {
  const found = /^tinker:\/\/([\w:-]+)\/(?:\w+\/)?([\w-]+)$/.exec(path);
  return found ? { model: found[1]!, name: found[2]! } : null;
}
