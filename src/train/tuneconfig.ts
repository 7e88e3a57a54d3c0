// Everything a run that aligns a model of others is determined by. Stored as runs/<id>/config.json, like config.ts's, from which
// it differs in having a model instead of sizes, and no warm start: such a model can already write.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { PROJECTIONS, type Projection } from '../policy/local/family.ts';
import { mannerSchema } from '../policy/local/foreign.ts';
import { configSchema, DEFAULT_CONFIG, type TrainConfig } from './config.ts';
import type { RunDirectory } from './rundir.ts';

const count = z.int().min(1);

export const tuneSchema = z.strictObject({
  version: z.literal(1),
  seed: z.int(),
  suite: z.literal('core'),
  model: z.strictObject({
    /** Where it is, and the SHA-256 of its weights as 32-bit numbers: another model under that name is refused. */
    directory: z.string().min(1),
    digest: z.string().length(64),
    /** Null: all weights are trained. */
    lora: z
      .strictObject({ rank: count, alpha: z.number().positive(), targets: z.array(z.enum(PROJECTIONS)).min(1) })
      .nullable(),
  }),
  /** How the model takes its turns. */
  manner: mannerSchema,
  grpo: configSchema.shape.grpo,
  sample: configSchema.shape.sample.extend({
    /** Threads of one step of the model, in sampling and in training. */
    threads: count,
    /** Most padded tokens of one training run, which bounds memory. */
    batch: count,
  }),
  evaluate: configSchema.shape.evaluate,
  checkpoint: count,
});
export type TuneConfig = z.infer<typeof tuneSchema>;

/** Matrices that gain an adapter unless others are named: all of them. */
const TARGETS: readonly Projection[] = PROJECTIONS;

/** What a person may choose. */
export type TuneWishes = {
  readonly directory: string;
  readonly digest: string;
  readonly vocab: number;
  readonly room: { readonly slots: number; readonly capacity: number };
  readonly manner: TuneConfig['manner'];
  readonly lora: number | null;
  readonly seed: number;
  readonly steps: number;
  readonly reward: string;
  readonly threads: number;
  readonly executor: TrainConfig['sample']['executor'];
};

/**
 * The configuration of a new run. Small groups, AdamW, low rates: those that GRPO on language models is usually run with
 * (1e-6 for all weights, 1e-5 for adapters; arXiv 2402.03300 and TRL's defaults). None was tuned here.
 */
export function chooseTune(wishes: TuneWishes): TuneConfig {
  const { directory, digest, vocab, room, manner, lora, seed, steps, reward, threads, executor } = wishes;
  return tuneSchema.parse({
    version: 1,
    seed,
    suite: 'core',
    model: { directory, digest, lora: lora === null ? null : { rank: lora, alpha: 2 * lora, targets: [...TARGETS] } },
    manner,
    grpo: {
      ...DEFAULT_CONFIG.grpo,
      steps,
      groups: 8,
      members: 8,
      optimizer: 'adamw',
      learningRate: lora === null ? 1e-6 : 1e-5,
      beta2: 0.999,
      explore: 0,
      emphasis: 1,
      replay: 0,
      preset: reward,
    },
    sample: {
      workers: 1,
      ...room,
      threads,
      executor,
      // Logits are tokens × vocabulary, and several such tensors live at once: 2²⁵ numbers are 128 MiB each.
      batch: Math.max(64, Math.min(2048, Math.floor(2 ** 25 / vocab))),
    },
    evaluate: { count: 96, seed: DEFAULT_CONFIG.evaluate.seed },
    checkpoint: 5,
  });
}

/** Whether a run aligns a model of others. Throws InputError for what is no run. */
export async function isTune(run: RunDirectory): Promise<boolean> {
  const file = run.at('config.json');
  if (!existsSync(file)) throw new InputError(run.path, 'is not a run: it has no config.json');
  const value = parseJson(await readFile(file, 'utf8'), file) as { readonly model?: { readonly directory?: unknown } };
  return typeof value?.model?.directory === 'string';
}

/** The configuration of such a run. Throws InputError. */
export async function readTune(run: RunDirectory): Promise<TuneConfig> {
  const file = run.at('config.json');
  const config = checkInput(tuneSchema, parseJson(await readFile(file, 'utf8'), file), file);
  if (config.grpo.replay !== 0)
    throw new InputError(file, `grpo.replay: ${config.grpo.replay}, expected 0: there are no demonstrations to replay`);
  return config;
}

/** The same as the trainer's steps take it: nothing is warmed up and nothing replayed, so sizes and warm start are not looked at. */
export function asTraining({ seed, suite, grpo, sample, evaluate, checkpoint }: TuneConfig): TrainConfig {
  const { workers, slots, capacity, executor } = sample;
  return { ...DEFAULT_CONFIG, seed, suite, grpo, sample: { workers, slots, capacity, executor }, evaluate, checkpoint };
}
