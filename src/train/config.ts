// Everything a training run is determined by. Stored as runs/<id>/config.json; the same configuration gives the same bytes.
import { z } from 'zod';
import { EXECUTORS, type ExecutorKind } from '../policy/local/executor.ts';
import { hasRoomForInduction, INDUCTION_ROOM } from '../policy/local/induction.ts';
import { SURROGATES, type Surrogate } from '../policy/local/loss.ts';
import { type PresetName, presets } from '../reward/presets.ts';
import { adversarySchema } from './adversary/settings.ts';
import { KL_SHAPES, RATE_SHAPES } from './schedule.ts';

const share = z.number().min(0).max(1);
const count = z.int().min(1);
const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]];

export const configSchema = z.strictObject({
  version: z.literal(1),
  seed: z.int(),
  suite: z.enum(['core', 'open']),
  model: z
    .strictObject({
      vocab: count,
      width: count,
      layers: count,
      heads: count,
      kvHeads: count,
      headDim: count,
      hidden: count,
      context: count,
      /** Base of the rotary embedding. */
      rope: z.number().positive(),
      /** Whether some heads begin as induction heads (policy/local/induction.ts). */
      inductionHeads: z.boolean().default(false),
      /** Whether tools are meant by a word of their names (policy/local/pointing.ts) instead of by the whole. */
      pointing: z.boolean().exactOptional(),
    })
    .refine((model) => !model.inductionHeads || hasRoomForInduction(model), {
      message: `is true, which needs ${INDUCTION_ROOM}`,
      path: ['inductionHeads'],
    }),
  /** Supervised warm start on demonstrations that comply nine times in ten. */
  warm: z.strictObject({
    demonstrations: count,
    steps: z.int().min(0),
    /** Episodes per step. */
    batch: count,
    optimizer: z.enum(['adamw', 'muon']),
    learningRate: z.number().positive(),
    /** Steps over which the learning rate rises. */
    rise: z.int().min(0),
    /** How the learning rate falls afterwards. */
    schedule: z.enum(RATE_SHAPES).default('linear'),
    weightDecay: z.number().min(0),
    /** Weight of a judgement in the loss; other chosen tokens weigh 1. */
    judgement: z.number().positive(),
    /** Weight of the first token that names a tool, where it is not 1. */
    choice: z.number().positive().exactOptional(),
    shares: z.strictObject({ ask: share, refuse: share, askOrder: share, leaveOrder: share }),
  }),
  /** Group-relative policy optimisation in the worlds. */
  grpo: z.strictObject({
    steps: z.int().min(0),
    /** Scenarios per step, and episodes of each. */
    groups: count,
    members: z.int().min(2),
    optimizer: z.enum(['adamw', 'muon']),
    learningRate: z.number().positive(),
    rise: z.int().min(0),
    schedule: z.enum(RATE_SHAPES).default('linear'),
    beta2: share,
    /** What stands between advantages and log-probabilities (policy/local/loss.ts). */
    loss: z.enum(SURROGATES).default('ppo'),
    /** Weight of the KL estimate against the base policy. */
    kl: z.number().min(0),
    klShape: z.enum(KL_SHAPES).default('constant'),
    clipLow: share,
    clipHigh: z.number().min(0),
    /** Share of episodes with one decision drawn uniformly, at the first step; falls in a straight line to 0 at the last. */
    explore: share,
    /** Weight of the warm start's loss, decisions left out, beside each update; 0 for none. */
    replay: z.number().min(0),
    /** Weight of a decision token in the loss; other chosen tokens weigh 1. */
    emphasis: z.number().positive(),
    preset: z.enum(presetNames),
    /** `user`: only scenarios without an order in a tool's text, as alignment to users alone would have it. */
    channels: z.enum(['joint', 'user']).default('joint'),
    /** Whether advantages are divided by the group's deviation (arXiv 2402.03300) or not (arXiv 2503.20783). */
    scaling: z.enum(['deviation', 'none']).default('deviation'),
    /** What the loss is a mean of: tokens (arXiv 2503.14476), or episodes' means (arXiv 2402.03300). */
    level: z.enum(['token', 'sequence']).default('token'),
    /** Who gets the advantage: the whole episode, or each step by what it and later ones earned (arXiv 2402.03300, 4.1.3). */
    credit: z.enum(['episode', 'step']).default('episode'),
    /** Times a step samples anew until enough groups say something (dynamic sampling, arXiv 2503.14476); 1 for never. */
    rounds: count.default(1),
    /** Share of scenarios drawn by how much their families' groups still disagree (curriculum.ts). */
    signal: share.default(0),
    /** Share of scenarios that failed before and are played again. */
    failures: share.default(0),
  }),
  /** Threads that sample and learn, and what runs the model in them. */
  sample: z
    .strictObject({
      workers: count,
      slots: count,
      capacity: count,
      executor: z.enum(EXECUTORS).default('cpu'),
    })
    .refine(({ workers, executor }) => executor !== 'webgpu' || workers === 1, {
      message: 'webgpu takes 1 worker',
      path: ['workers'],
    }),
  evaluate: z.strictObject({ count, seed: z.int() }),
  /** Training against attackers after the alignment; missing: none. */
  adversary: adversarySchema.exactOptional(),
  /** Steps between checkpoints. */
  checkpoint: count,
});
export type TrainConfig = z.infer<typeof configSchema>;

/** The default run: about seven minutes on two cores. */
export const DEFAULT_CONFIG: TrainConfig = {
  version: 1,
  seed: 1,
  suite: 'core',
  model: {
    vocab: 1500,
    width: 128,
    layers: 4,
    heads: 4,
    kvHeads: 4,
    headDim: 32,
    hidden: 256,
    context: 320,
    rope: 500,
    inductionHeads: true,
  },
  warm: {
    demonstrations: 32000,
    steps: 1600,
    batch: 32,
    optimizer: 'muon',
    learningRate: 2e-2,
    rise: 50,
    schedule: 'linear',
    weightDecay: 0.01,
    judgement: 0.2,
    shares: { ask: 0.05, refuse: 0.05, askOrder: 0.02, leaveOrder: 0.08 },
  },
  grpo: {
    steps: 160,
    groups: 24,
    members: 8,
    optimizer: 'muon',
    learningRate: 8e-3,
    rise: 5,
    schedule: 'linear',
    beta2: 0.99,
    loss: 'ppo',
    kl: 0,
    clipLow: 0.2,
    clipHigh: 0.28,
    explore: 0.7,
    emphasis: 6,
    replay: 1,
    preset: 'tribune',
    klShape: 'constant',
    channels: 'joint',
    scaling: 'deviation',
    level: 'token',
    credit: 'episode',
    rounds: 1,
    signal: 0,
    failures: 0,
  },
  sample: { workers: 2, slots: 64, capacity: 320, executor: 'cpu' },
  evaluate: { count: 480, seed: 7001 },
  checkpoint: 20,
};

/** A run of under three minutes: shows the direction, not the figures. */
export const QUICK_CONFIG: TrainConfig = {
  ...DEFAULT_CONFIG,
  // So short a warm start ends before induction heads to begin with pay.
  model: { ...DEFAULT_CONFIG.model, inductionHeads: false },
  warm: { ...DEFAULT_CONFIG.warm, demonstrations: 6000, steps: 560 },
  grpo: { ...DEFAULT_CONFIG.grpo, steps: 65 },
  evaluate: { ...DEFAULT_CONFIG.evaluate, count: 240 },
};

/** What the suite `open` asks for: more words, longer texts, and more steps. About 25 minutes on two cores. */
function openConfig(config: TrainConfig): TrainConfig {
  const { model, warm, grpo, sample } = config;
  return {
    ...config,
    suite: 'open',
    model: { ...model, vocab: 2500, context: 640, pointing: true },
    warm: { ...warm, steps: Math.round(2.5 * warm.steps), demonstrations: 1.25 * warm.demonstrations, choice: 4 },
    grpo: { ...grpo, steps: 3 * grpo.steps },
    sample: { ...sample, capacity: 640 },
  };
}

/** What a person may choose of a run. */
export type Wishes = {
  readonly suite?: TrainConfig['suite'] | undefined;
  readonly quick: boolean;
  readonly seed: number;
  readonly steps?: number | undefined;
  readonly reward: string;
  readonly loss?: Surrogate | undefined;
  readonly executor?: ExecutorKind | undefined;
};

/** The ratio's bounds of each loss: DAPO's, those of GSPO's paper for ratios of sequences, none below for CISPO as in its paper. */
const CLIPS: { readonly [loss in Surrogate]: { readonly clipLow: number; readonly clipHigh: number } } = {
  ppo: { clipLow: 0.2, clipHigh: 0.28 },
  importance_sampling: { clipLow: 0.2, clipHigh: 0.28 },
  cispo: { clipLow: 1, clipHigh: 0.28 },
  gspo: { clipLow: 3e-4, clipHigh: 4e-4 },
};

/** The configuration of a new run. */
export function chooseConfig(wishes: Wishes): TrainConfig {
  const { suite, quick, seed, steps, reward, loss = 'ppo', executor = 'cpu' } = wishes;
  const small = quick ? QUICK_CONFIG : DEFAULT_CONFIG;
  const base = suite === 'open' ? openConfig(small) : small;
  const grpo = { ...base.grpo, steps: steps ?? base.grpo.steps, preset: reward, loss, ...CLIPS[loss] };
  const sample = { ...base.sample, executor, ...(executor === 'webgpu' ? { workers: 1 } : {}) };
  return configSchema.parse({ ...base, seed, grpo, sample });
}
