// Models of others: a Hugging Face directory of the Qwen3, Qwen2 or Llama architecture into one flat vector, and back.
// Safetensors only, in one file or in shards; pickled weights run code when they are read and are not read here.
// Not here: our own checkpoints with their training state (checkpoint.ts), the tokenizer (vocabulary.ts).
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { SUMS, sumFiles } from './checksum.ts';
import { readDirectory, writeDirectory } from './directory.ts';
import { readFamily } from './family.ts';
import { countParameters, listParameters, type ModelConfig, type ParameterSpec, viewParameter } from './model.ts';
import { packTensors, type ReadRange, streamTensors } from './safetensors.ts';

/** The files of a model that are carried along as they are. */
const PASSENGERS = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'generation_config.json',
  'chat_template.jinja',
  'vocab.json',
  'merges.txt',
  'tribune.json',
] as const;
/** Further files such a directory may hold: the state of training. */
const COMPANIONS = ['optimizer.safetensors', 'trainer_state.json'] as const;
const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

export type Model = {
  readonly config: ModelConfig;
  /** All parameters, in `listParameters(config)` order. */
  readonly theta: Float32Array<ArrayBuffer>;
  /** config.json, and the tokenizer's and other small files, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** A model's small files and its sizes, without its weights. Throws InputError. */
export async function readModelFiles(dir: string): Promise<Omit<Model, 'theta'>> {
  const files = await readDirectory(dir, [CONFIG, ...PASSENGERS]);
  const bytes = files.get(CONFIG);
  const where = join(dir, CONFIG);
  if (bytes === undefined) throw new InputError(where, "no such file, expected a model's configuration");
  return { config: readFamily(parseJson(new TextDecoder().decode(bytes), where), where), files };
}

/**
 * Loads a model. Memory: four bytes for each parameter, and the largest tensor once more.
 * Throws InputError naming the file for anything missing, broken, of the wrong shape, unknown or not finite.
 */
export async function loadModel(dir: string): Promise<Model> {
  const { config, files } = await readModelFiles(dir);
  const layout = new Map(listParameters(config).map((spec) => [spec.name, spec]));
  const theta = new Float32Array(countParameters(config));
  const missing = new Set(layout.keys());
  for (const name of await listShards(dir)) {
    const path = join(dir, name);
    for await (const tensor of readShard(path)) {
      const spec = layout.get(tensor.name);
      if (spec === undefined && isIgnored(tensor.name, config)) continue;
      viewParameter(theta, checkTensor(tensor, spec, path)).set(tensor.data);
      if (!missing.delete(tensor.name)) throw new InputError(path, `tensor ${tensor.name}: stands in two places`);
    }
  }
  const [first] = missing;
  if (first !== undefined) throw new InputError(dir, `tensor ${first}: missing, expected ${layout.size} tensors`);
  return { config, theta, files };
}

/** Tensors some writers add: what is computed anyway, and a second copy of a tied output. */
function isIgnored(name: string, config: ModelConfig): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (name === 'lm_head.weight' && config.variant?.tied === true);
}

type Named = { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array };

function checkTensor({ name, shape, data }: Named, spec: ParameterSpec | undefined, where: string): ParameterSpec {
  if (spec === undefined) throw new InputError(where, `tensor ${name}: unknown, expected those of ${CONFIG}'s model`);
  if (`${shape}` !== `${spec.shape}`)
    throw new InputError(where, `tensor ${name}: shape [${shape}], expected [${spec.shape}]`);
  const bad = data.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) throw new InputError(where, `tensor ${name}: element ${bad} is ${data[bad]}, expected finite numbers`);
  return spec;
}

// A shard's name comes from a file: it must stay in the directory.
const indexSchema = z.looseObject({
  weight_map: z.record(z.string(), z.string().regex(/^[\w.-]+\.safetensors$/, 'expected the name of a shard')),
});

async function listShards(dir: string): Promise<readonly string[]> {
  const index = (await readDirectory(dir, [INDEX])).get(INDEX);
  if (index === undefined) return [WEIGHTS];
  const where = join(dir, INDEX);
  const { weight_map } = checkInput(indexSchema, parseJson(new TextDecoder().decode(index), where), where);
  return [...new Set(Object.values(weight_map))].sort();
}

async function* readShard(path: string): AsyncGenerator<Named> {
  const info = await stat(path).catch(() => null);
  if (info === null) throw new InputError(path, 'no such file, expected the weights of a model (safetensors)');
  const file = await open(path, 'r');
  const read: ReadRange = async (offset, length) => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done);
      if (bytesRead === 0) throw new InputError(path, 'ends too early, expected a whole safetensors file');
      done += bytesRead;
    }
    return bytes;
  };
  try {
    yield* streamTensors(read, info.size, path);
  } finally {
    await file.close();
  }
}

/**
 * Writes a model with other weights, as 32-bit numbers in one file; all else as it was loaded, and `more` files beside it.
 * Replaces such a directory.
 * Throws InputError if `dir` holds anything else, RangeError if theta does not fit.
 */
export async function saveModel(
  dir: string,
  { config, theta, files }: Model,
  more: ReadonlyMap<string, readonly Uint8Array[]> = new Map(),
): Promise<void> {
  if (theta.length !== countParameters(config))
    throw new RangeError(`theta: ${theta.length} numbers, expected ${countParameters(config)}`);
  const tensors = listParameters(config).map(
    (spec) => [spec.name, { shape: spec.shape, data: viewParameter(theta, spec) }] as const,
  );
  const written = new Map<string, readonly Uint8Array[]>([
    ...Array.from(files, ([name, bytes]) => [name, [bytes]] as const),
    [CONFIG, [relabel(files.get(CONFIG))]],
    [WEIGHTS, packTensors(new Map(tensors))],
    ...more,
  ]);
  written.set(SUMS, sumFiles(written));
  await writeDirectory(dir, written, [CONFIG, WEIGHTS, SUMS, ...PASSENGERS, ...COMPANIONS]);
}

/** The configuration, saying what type the weights now have. */
function relabel(bytes: Uint8Array | undefined): Uint8Array {
  const value = parseJson(new TextDecoder().decode(bytes), CONFIG) as { readonly [key: string]: unknown };
  const { torch_dtype: _, ...rest } = value;
  return new TextEncoder().encode(`${JSON.stringify({ ...rest, dtype: 'float32' }, null, 2)}\n`);
}
