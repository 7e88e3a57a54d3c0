// A checkpoint: an ordinary Hugging Face directory of a Qwen3 model, plus what a learner needs to go on.
// Not here: the container of the numbers (safetensors.ts), writing whole or not at all (directory.ts).
// Every file is under a checksum (checksum.ts), so that half a file, or one of another checkpoint, is refused and named.
// Field names: transformers, `Qwen3Config`. The optimizer's moments are named as in torch: exp_avg, exp_avg_sq.
import { join } from 'node:path';
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { checkSums, hashBytes, SUMS, sumFiles } from './checksum.ts';
import { readDirectory, type WriteFile, writeDirectory } from './directory.ts';
import { layoutOf } from './layout.ts';
import { listParameters, type ModelConfig, type ParameterSpec, sizeOf } from './model.ts';
import { packTensors, type Tensor, unpackTensors } from './safetensors.ts';
import { parseTokenizer, type Tokenizer } from './tokenizer.ts';

/** What is needed to go on training: AdamW's moments (laid out as theta), steps taken, and whatever else the caller notes. */
export type TrainingState = {
  readonly m: Float32Array<ArrayBuffer>;
  readonly v: Float32Array<ArrayBuffer>;
  readonly step: number;
  readonly notes: Json;
};

export type Checkpoint = {
  readonly config: ModelConfig;
  /** All parameters in one vector, in `listParameters(config)` order. */
  readonly theta: Float32Array<ArrayBuffer>;
  readonly tokenizer: Tokenizer;
  /** Names of the special that ends a turn and of the one that fills a batch. */
  readonly end: string;
  readonly pad: string;
  /** Jinja template for chat; null if the model has none, save that one of the protocol is saved with the protocol's own. */
  readonly chatTemplate: string | null;
  readonly training: TrainingState | null;
};

const FILES = {
  config: 'config.json',
  weights: 'model.safetensors',
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  generation: 'generation_config.json',
  optimizer: 'optimizer.safetensors',
  trainer: 'trainer_state.json',
} as const;
const NAMES: readonly string[] = [...Object.values(FILES), SUMS];

// ---- saving ----

/**
 * Saves a checkpoint as directory `dir`, replacing an older checkpoint there.
 * If anything fails (a full disk) the old one stays and that error is thrown.
 * Throws InputError if `dir` holds anything but a checkpoint, RangeError if the parts do not fit each other or are not finite.
 */
export async function saveCheckpoint(dir: string, checkpoint: Checkpoint, writeFile?: WriteFile): Promise<void> {
  const files = packCheckpoint(checkpoint);
  await writeDirectory(dir, files.set(SUMS, sumFiles(files)), NAMES, writeFile);
}

/** All files of a checkpoint in memory (the numbers as views). */
function packCheckpoint(checkpoint: Checkpoint): Map<string, Uint8Array[]> {
  const { config, tokenizer, training } = checkpoint;
  if (tokenizer.size > config.vocab) {
    throw new RangeError(`vocab ${config.vocab}: expected at least the tokenizer's ${tokenizer.size}`);
  }
  const layout = listParameters(config);
  const files = new Map<string, Uint8Array[]>([
    [FILES.config, packJson(writeConfig(checkpoint))],
    [FILES.weights, packTensors(sliceVector('theta', checkpoint.theta, layout))],
    [FILES.tokenizer, packJson(tokenizer.toJSON())],
    [FILES.tokenizerConfig, packJson(writeTokenizerConfig(checkpoint))],
    [FILES.generation, packJson(writeGeneration(checkpoint))],
  ]);
  if (training === null) return files;
  const moments = new Map([
    ...prefixNames('exp_avg.', sliceVector('m', training.m, layout)),
    ...prefixNames('exp_avg_sq.', sliceVector('v', training.v, layout)),
  ]);
  return files
    .set(FILES.optimizer, packTensors(moments))
    .set(FILES.trainer, packJson({ global_step: training.step, notes: training.notes }));
}

const packJson = (value: unknown): Uint8Array[] => [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)];

const prefixNames = (prefix: string, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] =>
  Array.from(tensors, ([name, tensor]) => [prefix + name, tensor]);

/** The vector as named tensors (views). */
function sliceVector(what: string, vector: Float32Array, layout: readonly ParameterSpec[]): Map<string, Tensor> {
  const size = layout.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (vector.length !== size) throw new RangeError(`${what}: ${vector.length} numbers, expected ${size}`);
  return new Map(
    layout.map(({ name, shape, offset }) => {
      const data = vector.subarray(offset, offset + sizeOf(shape));
      const bad = findInfinite(data);
      if (bad >= 0) throw new RangeError(`${what}: ${name}[${bad}] is ${data[bad]}, expected finite numbers`);
      return [name, { shape, data }];
    }),
  );
}

const findInfinite = (data: Float32Array): number => data.findIndex((x) => !Number.isFinite(x));

function specialId({ tokenizer }: Checkpoint, name: string): number {
  const id = tokenizer.specials.get(name);
  if (id === undefined) throw new RangeError(`"${name}" is no special of the tokenizer`);
  return id;
}

const writeConfig = (checkpoint: Checkpoint) => ({
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  vocab_size: checkpoint.config.vocab,
  hidden_size: checkpoint.config.width,
  intermediate_size: checkpoint.config.hidden,
  num_hidden_layers: checkpoint.config.layers,
  num_attention_heads: checkpoint.config.heads,
  num_key_value_heads: checkpoint.config.kvHeads,
  head_dim: checkpoint.config.headDim,
  max_position_embeddings: checkpoint.config.context,
  rope_theta: checkpoint.config.theta,
  rope_scaling: null,
  rms_norm_eps: checkpoint.config.eps,
  hidden_act: 'silu',
  attention_bias: false,
  attention_dropout: 0,
  use_sliding_window: false,
  sliding_window: null,
  max_window_layers: checkpoint.config.layers,
  initializer_range: 0.02,
  tie_word_embeddings: true,
  torch_dtype: 'float32',
  use_cache: true,
  bos_token_id: null,
  eos_token_id: specialId(checkpoint, checkpoint.end),
  pad_token_id: specialId(checkpoint, checkpoint.pad),
});

const writeTokenizerConfig = ({ tokenizer, config, end, pad, chatTemplate }: Checkpoint) => ({
  tokenizer_class: 'PreTrainedTokenizerFast',
  model_max_length: config.context,
  clean_up_tokenization_spaces: false,
  bos_token: null,
  eos_token: end,
  pad_token: pad,
  unk_token: null,
  added_tokens_decoder: Object.fromEntries(tokenizer.toJSON().added_tokens.map(({ id, ...token }) => [id, token])),
  ...describeChat(chatTemplate ?? layoutOf(tokenizer)),
});

const describeChat = (template: string | null) => (template === null ? {} : { chat_template: template });

const writeGeneration = (checkpoint: Checkpoint) => ({
  do_sample: true,
  temperature: 1,
  bos_token_id: null,
  eos_token_id: specialId(checkpoint, checkpoint.end),
  pad_token_id: specialId(checkpoint, checkpoint.pad),
});

// ---- loading ----

const count = z.int().min(1);
const configSchema = z.object({
  architectures: z.tuple([z.literal('Qwen3ForCausalLM')]),
  model_type: z.literal('qwen3'),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count.max(1024),
  num_attention_heads: count,
  num_key_value_heads: count,
  head_dim: count,
  max_position_embeddings: count,
  rope_theta: z.number().positive(),
  rope_scaling: z.null().optional(),
  rms_norm_eps: z.number().positive(),
  hidden_act: z.literal('silu'),
  attention_bias: z.literal(false),
  use_sliding_window: z.literal(false).optional(),
  tie_word_embeddings: z.literal(true),
});

const tokenizerConfigSchema = z.object({
  eos_token: z.string(),
  pad_token: z.string(),
  chat_template: z.string().optional(),
});

const trainerSchema = z.object({ global_step: z.int().min(0), notes: z.json() });

/**
 * What tells a checkpoint from every other: the SHA-256 of its checksums.
 * Throws InputError if it has none.
 */
export async function identifyCheckpoint(dir: string): Promise<string> {
  return hashBytes(needFile(await readDirectory(dir, [SUMS]), SUMS, dir));
}

/**
 * Loads a checkpoint and checks all of it. Only a model without training state may lack its checksums: other programs write
 * such directories too.
 * Throws InputError naming the file for anything missing, of another checksum, broken, of the wrong shape or not finite.
 */
export async function loadCheckpoint(dir: string): Promise<Checkpoint> {
  const files = await readDirectory(dir, NAMES);
  const resumable = files.has(FILES.optimizer) || files.has(FILES.trainer);
  if (resumable || files.has(SUMS)) checkSums(files, dir);
  const json = <T>(name: string, schema: z.ZodType<T>): T => {
    const where = join(dir, name);
    return checkInput(schema, parseJson(new TextDecoder().decode(needFile(files, name, dir)), where), where);
  };
  const config = readConfig(json(FILES.config, configSchema), join(dir, FILES.config));
  const layout = listParameters(config);
  const tokenizer = parseTokenizer(json(FILES.tokenizer, z.unknown()), join(dir, FILES.tokenizer));
  checkTokenizer(tokenizer, config, join(dir, FILES.tokenizer));
  const { eos_token, pad_token, chat_template } = json(FILES.tokenizerConfig, tokenizerConfigSchema);
  checkSpecials(tokenizer, [eos_token, pad_token], join(dir, FILES.tokenizerConfig));
  const vectors = (name: string, prefixes: readonly string[]) =>
    readVectors(needFile(files, name, dir), layout, prefixes, join(dir, name));
  const [theta] = vectors(FILES.weights, ['']);
  const base = { config, theta: theta!, tokenizer, end: eos_token, pad: pad_token };
  const extended = { ...base, chatTemplate: chat_template ?? null };
  if (!resumable) return { ...extended, training: null };
  const [m, v] = vectors(FILES.optimizer, ['exp_avg.', 'exp_avg_sq.']);
  const { global_step, notes } = json(FILES.trainer, trainerSchema);
  return { ...extended, training: { m: m!, v: v!, step: global_step, notes } };
}

function needFile(files: ReadonlyMap<string, Uint8Array>, name: string, dir: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new InputError(join(dir, name), 'no such file, expected a file of a checkpoint');
  return bytes;
}

function readConfig(file: z.infer<typeof configSchema>, where: string): ModelConfig {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: headDim } = file;
  if (heads % kvHeads !== 0) {
    throw new InputError(where, `num_key_value_heads: ${kvHeads}, expected a divisor of num_attention_heads ${heads}`);
  }
  if (headDim % 2 !== 0) throw new InputError(where, `head_dim: ${headDim}, expected an even number`);
  return {
    vocab: file.vocab_size,
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    hidden: file.intermediate_size,
    theta: file.rope_theta,
    eps: file.rms_norm_eps,
    context: file.max_position_embeddings,
  };
}

function checkTokenizer(tokenizer: Tokenizer, config: ModelConfig, where: string): void {
  if (tokenizer.size > config.vocab) {
    throw new InputError(where, `${tokenizer.size} tokens, expected at most the model's vocab_size ${config.vocab}`);
  }
}

function checkSpecials(tokenizer: Tokenizer, names: readonly string[], where: string): void {
  const unknown = names.find((name) => !tokenizer.specials.has(name));
  if (unknown !== undefined) throw new InputError(where, `"${unknown}" is no special of ${FILES.tokenizer}`);
}

/** One flat vector per prefix. Every tensor of the layout must be there, and no other. */
function readVectors(
  bytes: Uint8Array,
  layout: readonly ParameterSpec[],
  prefixes: readonly string[],
  where: string,
): Float32Array<ArrayBuffer>[] {
  const { tensors } = unpackTensors(bytes, where);
  const expected = new Set(prefixes.flatMap((prefix) => layout.map(({ name }) => prefix + name)));
  const stranger = [...tensors.keys()].find((name) => !expected.has(name));
  if (stranger !== undefined)
    throw new InputError(where, `tensor ${stranger}: unknown, expected the ${expected.size} of the model`);
  return prefixes.map((prefix) => {
    const parts = layout.map(({ name, shape }) => needTensor(tensors, prefix + name, shape, where));
    const vector = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    layout.forEach(({ offset }, index) => {
      vector.set(parts[index]!, offset);
    });
    return vector;
  });
}

function needTensor(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  shape: readonly number[],
  where: string,
): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new InputError(where, `tensor ${name}: missing, expected shape [${shape}]`);
  if (`${tensor.shape}` !== `${shape}`) {
    throw new InputError(where, `tensor ${name}: shape [${tensor.shape}], expected [${shape}]`);
  }
  const bad = findInfinite(tensor.data);
  if (bad >= 0)
    throw new InputError(where, `tensor ${name}: element ${bad} is ${tensor.data[bad]}, expected finite numbers`);
  return tensor.data;
}
