// Opens whatever a directory holds as a model to play with: a checkpoint of this project's own, a model of others, or an adapter
// of one (PEFT), which is merged into the model it names. Writes a model of others back, with what training needs to go on.
// Not here: how it plays (foreign.ts, policy.ts), our own checkpoints (checkpoint.ts).
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { TAGS } from '../protocol.ts';
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts';
import { checkSums } from './checksum.ts';
import { readDirectory } from './directory.ts';
import { MANNER_FILE, type Manner, readManner } from './foreign.ts';
import type { LearnerState } from './learner.ts';
import { loadModel, type Model, readModelFiles } from './load.ts';
import { loadAdapter, mergeAdapter } from './lora.ts';
import { type ModelConfig, type ParameterSpec, sizeOf } from './model.ts';
import { packTensors, unpackTensors } from './safetensors.ts';

/** The small files of a model of others and how it takes its turns: what a rollout worker needs beside sizes and weights. */
export type Voice = {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly manner: Manner;
  /** Names the directory in errors. */
  readonly where: string;
};

export type Opened =
  | { readonly kind: 'own'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'foreign'; readonly model: Model; readonly voice: Voice };

/** Opens a directory. Throws InputError naming what is missing or broken. */
export async function openModel(directory: string): Promise<Opened> {
  const adapter = await readAdapterBase(directory);
  const base = adapter ?? directory;
  const { config, files } = await readModelFiles(base);
  if (adapter === null && speaksProtocol(files, directory))
    return { kind: 'own', checkpoint: await loadCheckpoint(directory) };
  const model = await loadModel(base);
  if (adapter === null) return { kind: 'foreign', model, voice: voiceOf(files, directory) };
  const theta = mergeAdapter(config, model.theta, await loadAdapter(directory, config), model.theta);
  const manner = await readDirectory(directory, [MANNER_FILE]);
  return { kind: 'foreign', model: { ...model, theta }, voice: voiceOf(new Map([...files, ...manner]), directory) };
}

/** A model's voice, by its files. Throws InputError for a manner that cannot be read. */
export function voiceOf(files: ReadonlyMap<string, Uint8Array>, where: string): Voice {
  return { files, where, manner: readManner(files, where) };
}

const adapterSchema = z.looseObject({ base_model_name_or_path: z.string().min(1) });
const ADAPTER = 'adapter_config.json';

/** The directory of the model an adapter is of; null where there is none. */
export async function readAdapterBase(directory: string): Promise<string | null> {
  const bytes = (await readDirectory(directory, [ADAPTER])).get(ADAPTER);
  if (bytes === undefined) return null;
  const where = join(directory, ADAPTER);
  const { base_model_name_or_path: base } = checkInput(
    adapterSchema,
    parseJson(new TextDecoder().decode(bytes), where),
    where,
  );
  const path = isAbsolute(base) ? base : resolve(base);
  await readDirectory(path, []).catch(() => {
    throw new InputError(
      where,
      `is of ${JSON.stringify(base)}, expected the directory of a model (nothing is downloaded)`,
    );
  });
  return path;
}

const tokenizerSchema = z.looseObject({ added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })) });

/** Whether a model speaks this project's protocol: its control tokens are the first ids. Throws InputError. */
export function speaksProtocol(files: ReadonlyMap<string, Uint8Array>, directory: string): boolean {
  const where = join(directory, 'tokenizer.json');
  const bytes = files.get('tokenizer.json');
  if (bytes === undefined) throw new InputError(where, "no such file, expected the model's tokenizer");
  const { added_tokens } = checkInput(tokenizerSchema, parseJson(new TextDecoder().decode(bytes), where), where);
  return TAGS.every((tag, id) => added_tokens.some((token) => token.id === id && token.content === tag));
}

/** Bytes of keys and values that episodes under way may take, and the longest context that is made use of. */
const CACHE_BYTES = 2 ** 31;
const LONGEST = 4096;

/** How many episodes of a model go at once, at most `most`, and how long they may get. */
export function roomFor(config: ModelConfig, most: number): { readonly slots: number; readonly capacity: number } {
  const capacity = Math.min(config.context, LONGEST);
  const token = 2 * 4 * config.layers * config.kvHeads * config.headDim;
  return { slots: Math.max(1, Math.min(most, Math.floor(CACHE_BYTES / (token * capacity)))), capacity };
}

// ---- what training needs to go on

const OPTIMIZER = 'optimizer.safetensors';
const TRAINER = 'trainer_state.json';
/** Names of these files: a directory may hold them beside a model. */
export const TRAINING_FILES = [OPTIMIZER, TRAINER] as const;

const trainerSchema = z.object({ global_step: z.int().min(0), notes: z.json() });

/** The moments and notes as files. The moments are named as in torch. */
export function packTraining(
  layout: readonly ParameterSpec[],
  { m, v, step }: Omit<LearnerState, 'theta'>,
  notes: Json,
): ReadonlyMap<string, readonly Uint8Array[]> {
  const tensors = [['exp_avg.', m] as const, ['exp_avg_sq.', v] as const].flatMap(([prefix, vector]) =>
    layout.map(({ name, shape, offset }) => {
      const data = vector.subarray(offset, offset + sizeOf(shape));
      return [prefix + name, { shape, data }] as const;
    }),
  );
  const state = new TextEncoder().encode(`${JSON.stringify({ global_step: step, notes }, null, 2)}\n`);
  return new Map<string, readonly Uint8Array[]>([
    [OPTIMIZER, packTensors(new Map(tensors))],
    [TRAINER, [state]],
  ]);
}

/** Compares a checkpoint's files with their checksums. Throws InputError naming the file that is not as it was written. */
export async function verifySums(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => readdir(`${directory}.old`).catch(() => []));
  checkSums(await readDirectory(directory, names), directory);
}

/** Reads them back. Throws InputError for anything missing, of another shape, or not finite. */
export async function readTraining(
  directory: string,
  layout: readonly ParameterSpec[],
): Promise<Omit<LearnerState, 'theta'> & { readonly notes: Json }> {
  const files = await readDirectory(directory, TRAINING_FILES);
  const need = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined)
      throw new InputError(join(directory, name), 'no such file, expected a checkpoint of an unfinished run');
    return bytes;
  };
  const where = join(directory, OPTIMIZER);
  const { tensors } = unpackTensors(need(OPTIMIZER), where);
  const read = (prefix: string): Float32Array<ArrayBuffer> => {
    const vector = new Float32Array(layout.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
    for (const { name, shape, offset } of layout) {
      const tensor = tensors.get(prefix + name);
      if (tensor === undefined || `${tensor.shape}` !== `${shape}`)
        throw new InputError(where, `tensor ${prefix}${name}: expected one of shape [${shape}]`);
      if (!tensor.data.every(Number.isFinite))
        throw new InputError(where, `tensor ${prefix}${name}: expected finite numbers`);
      vector.set(tensor.data, offset);
    }
    return vector;
  };
  const file = join(directory, TRAINER);
  const { global_step: step, notes } = checkInput(
    trainerSchema,
    parseJson(new TextDecoder().decode(need(TRAINER)), file),
    file,
  );
  return { m: read('exp_avg.'), v: read('exp_avg_sq.'), step, notes };
}
