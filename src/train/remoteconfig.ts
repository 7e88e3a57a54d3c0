// Everything a run on a Tinker server is determined by, stored as runs/<id>/config.json. As tuneconfig.ts's, with a learner in place
// of a model here. Not here: the key, which is in no file.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { checkInput, parseJson } from '../episode/input.ts';
import { mannerSchema } from '../policy/local/foreign.ts';
import { configSchema, DEFAULT_CONFIG, type TrainConfig } from './config.ts';
import type { RunDirectory } from './rundir.ts';

const count = z.int().min(1);

export const remoteSchema = z.strictObject({
  version: z.literal(1),
  seed: z.int(),
  suite: z.literal('core'),
  learner: z.strictObject({
    kind: z.literal('tinker'),
    url: z.string().min(1),
    /** The base model's name over there. */
    model: z.string().min(1),
    /** Its tokenizer and chat template here. */
    directory: z.string().min(1),
    rank: count,
    /** What the server makes of a batch (policy/tinker/learner.ts). */
    scale: z.enum(['mean', 'sum']),
    /** Whether the server tells repeated submissions by their sequence number; SkyRL 0.3.0 does not. */
    repeats: z.boolean(),
    /** Sample the next step while this one is learned. */
    pipeline: z.boolean(),
    /** When the sampler's weights are weighed against the trainer's: if they are older, or always. */
    correct: z.enum(['stale', 'always']),
    /** Largest such weight of a token (truncated importance sampling). */
    most: z.number().min(1),
    /** Most by which sampler and trainer may differ in a log-probability; more stops the run. */
    tolerance: z.number().positive().default(1e-4),
    /** US dollars for a million tokens read, drawn and trained on; null: unknown. */
    prices: z.strictObject({ prefill: z.number(), sampled: z.number(), trained: z.number() }).nullable(),
  }),
  manner: mannerSchema,
  grpo: configSchema.shape.grpo,
  /** Episodes at once, and tokens one may have. */
  sample: z.strictObject({ slots: count, capacity: count }),
  evaluate: configSchema.shape.evaluate,
  checkpoint: count,
});
export type RemoteConfig = z.infer<typeof remoteSchema>;

export type RemoteWishes = {
  readonly target: { readonly url: string; readonly model: string; readonly directory: string };
  readonly context: number;
  readonly manner: RemoteConfig['manner'];
  readonly rank: number;
  readonly seed: number;
  readonly steps: number;
  readonly reward: string;
};

/** The configuration of a new run; rates as of an adapter here (tuneconfig.ts). Hosted Tinker sums, SkyRL takes means. */
export function chooseRemote({ target, context, manner, rank, seed, steps, reward }: RemoteWishes): RemoteConfig {
  const hosted = /(^|\.)thinkingmachines\.(dev|ai)$/.test(new URL(target.url).hostname);
  return remoteSchema.parse({
    version: 1,
    seed,
    suite: 'core',
    learner: {
      kind: 'tinker',
      ...target,
      rank,
      scale: hosted ? 'sum' : 'mean',
      repeats: hosted,
      pipeline: false,
      correct: 'stale',
      most: 2,
      tolerance: 1e-4,
      prices: null,
    },
    manner: { ...manner, grammar: false },
    grpo: {
      ...DEFAULT_CONFIG.grpo,
      steps,
      groups: 8,
      members: 8,
      optimizer: 'adamw',
      learningRate: 1e-5,
      beta2: 0.999,
      explore: 0,
      emphasis: 1,
      replay: 0,
      preset: reward,
    },
    sample: { slots: 64, capacity: Math.min(context, 4096) },
    evaluate: { count: 96, seed: DEFAULT_CONFIG.evaluate.seed },
    checkpoint: 5,
  });
}

/** Whether a run's learner is remote. */
export async function isRemote(run: RunDirectory): Promise<boolean> {
  const file = run.at('config.json');
  const value = parseJson(await readFile(file, 'utf8').catch(() => 'null'), file) as {
    readonly learner?: unknown;
  } | null;
  return value?.learner !== undefined;
}

/** The configuration of such a run. Throws InputError. */
export async function readRemote(run: RunDirectory): Promise<RemoteConfig> {
  const file = run.at('config.json');
  return checkInput(remoteSchema, parseJson(await readFile(file, 'utf8'), file), file);
}

/** The same as the trainer's steps take it. */
export function asTraining({ seed, suite, grpo, sample, evaluate, checkpoint }: RemoteConfig): TrainConfig {
  return {
    ...DEFAULT_CONFIG,
    seed,
    suite,
    grpo,
    sample: { ...sample, workers: 1, executor: 'cpu' },
    evaluate,
    checkpoint,
  };
}
