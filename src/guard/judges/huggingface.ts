// Any sequence classifier of Hugging Face's form as a judge, run by transformers.js from a folder on this machine: nothing is
// downloaded. Which labels mean an attack is said in `judge.json` beside the model, never guessed; a text longer than the
// model takes is read in overlapping windows. What cannot be loaded, is no number or has other labels is an error, and the
// guard refuses. Not covered: what the model does not know; run as it is, its probabilities are calibrated only where
// `slope` and `shift` were measured (scripts/guard-judges.ts --calibrate). Shapes: transformers.js 4.
import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { CHANNELS, MODES } from '../../safety/taxonomy.ts';
import type { Classifier } from '../classify.ts';
import { createSequenceJudge, type Rating, type SequenceModel } from './sequence.ts';

/** A tensor as far as it is read here. */
export type LibraryTensor = { readonly dims: readonly number[]; readonly data: unknown };
type Encoded = { readonly [name: string]: unknown };
/** A tokenizer: called, it gives a model's inputs. */
export type LibraryTokenizer = {
  (texts: string[], options: { padding: boolean; truncation: boolean }): Encoded;
  encode(text: string): readonly number[];
  readonly model_max_length?: number;
};
/** A model: called with the inputs of its tokenizer, it gives logits. */
export type LibraryModel = {
  (inputs: Encoded): Promise<{ readonly logits: LibraryTensor }>;
  readonly config: unknown;
};
type LoadOptions = { readonly local_files_only: boolean; readonly dtype?: string; readonly model_file_name?: string };
type Loader<T> = { from_pretrained(directory: string, options: LoadOptions): Promise<T> };
/** What is used of transformers.js: `await import('@huggingface/transformers')`. */
export type Library = {
  readonly AutoTokenizer: Loader<unknown>;
  readonly AutoModelForSequenceClassification: Loader<unknown>;
};

const channelSchema = z.strictObject({
  /** What the model's labels mean; one that is not named is benign. */
  labels: z.record(z.string(), z.enum(MODES)),
  /** From which calibrated probability on a part is marked. */
  threshold: z.number().min(0).max(1).default(0.5),
  /** Probability = 1 / (1 + exp(-(slope × log-odds + shift))), the log-odds being the model's. */
  slope: z.number().positive().default(1),
  shift: z.number().default(0),
});

/** `judge.json`: what a model's labels mean on each channel it judges, and how it is run. */
export const judgeSchema = z
  .strictObject({
    version: z.literal(1),
    tool: channelSchema.exactOptional(),
    user: channelSchema.exactOptional(),
    /** The most tokens of a window; default: what tokenizer and model say, 512 where they say nothing. */
    window: z.int().min(8).max(1_000_000).exactOptional(),
    /** Which of the model's files: `fp32` is onnx/model.onnx, `q8` onnx/model_quantized.onnx. */
    dtype: z.enum(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4']).default('fp32'),
    /** The name of the model's file without `.onnx`, where it is not `model`. */
    file: z
      .string()
      .regex(/^[\w-]+$/)
      .exactOptional(),
  })
  .refine(({ tool, user }) => tool !== undefined || user !== undefined, 'expected tool or user, or both');
/** As `judge.json` is written; and as it is read, defaults filled in. */
export type JudgeFile = z.input<typeof judgeSchema>;
export type JudgeSettings = z.output<typeof judgeSchema>;
export const JUDGE_FILE = 'judge.json';

export type HuggingFaceOptions = {
  /** `await import('@huggingface/transformers')`, an optional peer. */
  readonly library: Library;
  /** A folder with `config.json`, `tokenizer.json` and `onnx/model.onnx`. */
  readonly directory: string;
  /** Default: `judge.json` in the folder. */
  readonly settings?: JudgeFile;
  /** Names it in reasons. Default `hf:` and the folder. */
  readonly name?: string;
};

/** Opens a model of a folder as a judge. Throws InputError where the folder or its `judge.json` is not what is needed. */
export async function openHuggingFaceJudge(options: HuggingFaceOptions): Promise<Classifier> {
  return createSequenceJudge(await loadSequenceModel(options), options.name ?? `hf:${options.directory}`);
}

/** Loads a model with its tokenizer and settings. Throws InputError naming the file that is missing or wrong. */
export async function loadSequenceModel({ library, directory, settings }: HuggingFaceOptions): Promise<SequenceModel> {
  const folder = resolve(directory);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    await access(join(folder, name)).catch(() => {
      throw new InputError(join(directory, name), 'not there, expected the folder of a Hugging Face model');
    });
  const config = readConfig(
    parseJson(await readFile(join(folder, 'config.json'), 'utf8'), join(directory, 'config.json')),
  );
  const own = settings ?? (await readSettings(folder, directory, config.labels));
  const checked = checkInput(judgeSchema, own, join(directory, JUDGE_FILE));
  checkLabels(checked, config.labels, join(directory, JUDGE_FILE));
  const load = { local_files_only: true, dtype: checked.dtype };
  const named = checked.file === undefined ? {} : { model_file_name: checked.file };
  try {
    const tokenizer = (await library.AutoTokenizer.from_pretrained(folder, load)) as LibraryTokenizer;
    const model = (await library.AutoModelForSequenceClassification.from_pretrained(folder, {
      ...load,
      ...named,
    })) as LibraryModel;
    const disarm = makeDisarm(parseJson(await readFile(join(folder, 'tokenizer.json'), 'utf8'), 'tokenizer.json'));
    return openModel({ tokenizer, model, config, settings: checked, disarm });
  } catch (fault) {
    throw new InputError(directory, `cannot be loaded: ${fault instanceof Error ? fault.message : String(fault)}`);
  }
}

type Config = { readonly labels: readonly string[]; readonly positions: number | undefined; readonly several: boolean };

const configSchema = z.object({
  id2label: z.record(z.string(), z.string()),
  max_position_embeddings: z.int().min(1).optional(),
  problem_type: z.string().nullish(),
});

function readConfig(value: unknown): Config {
  const { id2label, max_position_embeddings, problem_type } = checkInput(configSchema, value, 'config.json');
  const labels = Object.keys(id2label).map((_, at) => id2label[String(at)]);
  if (labels.length === 0 || labels.some((label) => label === undefined))
    throw new InputError('config.json', 'id2label has gaps, expected a label for each of 0, 1, …');
  const several = labels.length === 1 || problem_type === 'multi_label_classification';
  return { labels: labels as string[], positions: max_position_embeddings, several };
}

async function readSettings(folder: string, directory: string, labels: readonly string[]): Promise<unknown> {
  const path = join(directory, JUDGE_FILE);
  const text = await readFile(join(folder, JUDGE_FILE), 'utf8').catch(() => {
    const example = JSON.stringify({ version: 1, tool: { labels: { [labels.at(-1)!]: 'malicious' } } });
    throw new InputError(path, `not there, expected what the labels ${labels.join(', ')} mean, as in ${example}`);
  });
  return parseJson(text, path);
}

/** Throws where a label is named that the model has not, or where a channel could never mark anything. */
function checkLabels(settings: JudgeSettings, labels: readonly string[], where: string): void {
  for (const channel of CHANNELS) {
    const meant = settings[channel]?.labels;
    if (meant === undefined) continue;
    const unknown = Object.keys(meant).find((label) => !labels.includes(label));
    if (unknown !== undefined)
      throw new InputError(
        where,
        `${channel}.labels.${unknown} is no label of the model, expected of ${labels.join(', ')}`,
      );
    if (Object.values(meant).every((mode) => mode === 'benign'))
      throw new InputError(where, `${channel}.labels marks nothing, expected a label that is malicious or sensitive`);
  }
}

const tokensSchema = z.object({
  added_tokens: z.array(z.object({ content: z.string().min(1), special: z.boolean().optional() })).optional(),
});

/** Takes the tokenizer's signs out of a text, `[SEP]` or `</s>`: there they are data. The length stays the same. */
function makeDisarm(tokenizer: unknown): (text: string) => string {
  const { added_tokens = [] } = checkInput(tokensSchema, tokenizer, 'tokenizer.json');
  const signs = added_tokens.filter(({ special }) => special === true).map(({ content }) => content);
  if (signs.length === 0) return (text) => text;
  const escaped = signs.sort((a, b) => b.length - a.length).map((sign) => sign.replace(/[^\p{L}\p{N}_]/gu, '\\$&'));
  const pattern = new RegExp(escaped.join('|'), 'gi');
  return (text) => text.replace(pattern, (sign) => ` ${sign.slice(1)}`);
}

type Loaded = {
  readonly tokenizer: LibraryTokenizer;
  readonly model: LibraryModel;
  readonly config: Config;
  readonly settings: JudgeSettings;
  readonly disarm: (text: string) => string;
};

function openModel({ tokenizer, model, config, settings, disarm }: Loaded): SequenceModel {
  const said = tokenizer.model_max_length;
  const known = [said, config.positions].filter((one) => one !== undefined && Number.isFinite(one) && one < 1e6);
  const most = settings.window ?? (known.length === 0 ? 512 : Math.min(...(known as number[])));
  const { tool, user } = settings;
  return {
    ...{ most, bounds: { tool, user }, count: (text) => tokenizer.encode(disarm(text)).length },
    async rate(texts, channel) {
      const meant = settings[channel];
      if (meant === undefined) throw new Error(`the model says nothing of a ${channel}'s text`);
      const { logits } = await model(tokenizer(texts.map(disarm), { padding: true, truncation: false }));
      return readLogits(logits, texts.length, config).map((chances) => rateChances(chances, config, meant.labels));
    },
  };
}

/** The probabilities of each text's labels. Throws Error where the tensor is not one row of numbers for each text. */
function readLogits(
  { dims, data }: LibraryTensor,
  texts: number,
  { labels, several }: Config,
): readonly (readonly number[])[] {
  const fits = dims.length === 2 && dims[0] === texts && dims[1] === labels.length;
  if (!(data instanceof Float32Array) || !fits || data.length !== texts * labels.length)
    throw new Error(`the model's answer is ${dims.join(' × ')}, expected ${texts} × ${labels.length} numbers`);
  if (!data.every(Number.isFinite)) throw new Error("the model's answer is no number");
  return Array.from({ length: texts }, (_, row) => {
    const own = [...data.subarray(row * labels.length, (row + 1) * labels.length)];
    if (several) return own.map((value) => 1 / (1 + Math.exp(-value)));
    const top = Math.max(...own);
    const powers = own.map((value) => Math.exp(value - top));
    const sum = powers.reduce((all, power) => all + power, 0);
    return powers.map((power) => power / sum);
  });
}

function rateChances(chances: readonly number[], { labels, several }: Config, meant: Meant): Rating {
  const of = (...modes: readonly string[]): number => {
    const found = chances.filter((_, at) => modes.includes(meant[labels[at]!] ?? 'benign'));
    return several ? Math.max(0, ...found) : found.reduce((sum, chance) => sum + chance, 0);
  };
  const best = chances.indexOf(Math.max(...chances));
  return {
    malicious: oddsOf(of('malicious')),
    sensitive: oddsOf(of('malicious', 'sensitive')),
    said: `${labels[best]!} ${chances[best]!.toFixed(3)}`,
  };
}

type Meant = { readonly [label: string]: (typeof MODES)[number] };

function oddsOf(chance: number): number {
  const held = Math.min(1 - 1e-7, Math.max(1e-7, chance));
  return Math.log(held / (1 - held));
}
