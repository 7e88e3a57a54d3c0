// What a study is: which arms are trained with which seeds, and on what they are evaluated. Stored as study.json; the same
// study gives the same figures.
import { z } from 'zod';
import { AXES } from '../../world/generate/axes.ts';
import { configSchema, DEFAULT_CONFIG, QUICK_CONFIG, type TrainConfig } from '../config.ts';

/** What may be trained from a seed's unsafe base. */
export const ARMS = ['user', 'joint', 'joint-paper', 'user-paper', 'supervised'] as const;
export type Arm = (typeof ARMS)[number];

export const studySchema = z.strictObject({
  version: z.literal(1),
  seeds: z.array(z.int()).min(1),
  /** How many of the seeds each arm is trained with; 0 leaves it out. */
  arms: z.record(z.enum(ARMS), z.int().min(0)),
  /** The run of every arm, but for seed, channels and reward. */
  train: configSchema,
  evaluate: z.strictObject({ count: z.int().min(1), seed: z.int() }),
  /** The agent that is measured (chat:MODEL@URL), where nothing is trained. */
  agent: z.string().optional(),
});
export type StudyConfig = z.infer<typeof studySchema>;

/** One core for each job: they run side by side. */
const alone = (train: TrainConfig): TrainConfig => ({ ...train, sample: { ...train.sample, workers: 1 } });

/** The default study: under 90 minutes on two cores. The method has ten seeds, what it is compared with five. */
export const DEFAULT_STUDY: StudyConfig = {
  version: 1,
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  arms: { user: 5, joint: 10, supervised: 5, 'joint-paper': 5, 'user-paper': 0 },
  train: alone(DEFAULT_CONFIG),
  evaluate: { count: 240, seed: 9001 },
};

/** Under ten minutes: shows the direction, not the figures. */
export const QUICK_STUDY: StudyConfig = {
  version: 1,
  seeds: [1, 2],
  arms: { user: 2, joint: 2, supervised: 2, 'joint-paper': 0, 'user-paper': 0 },
  train: alone(QUICK_CONFIG),
  evaluate: { count: 96, seed: 9001 },
};

/** The seeds an arm is trained with. */
export function seedsOf({ seeds, arms }: StudyConfig, arm: Arm): readonly number[] {
  return seeds.slice(0, arms[arm] ?? 0);
}

/** The configuration of one arm's run. */
export function armConfig({ train }: StudyConfig, arm: Arm, seed: number): TrainConfig {
  const preset = arm.endsWith('paper') ? 'paper' : train.grpo.preset;
  return { ...train, seed, grpo: { ...train.grpo, preset, channels: arm.startsWith('user') ? 'user' : 'joint' } };
}

/** Where policies are evaluated: each axis, and the suite's held-out split, where everything is new at once. */
export const PLACES = [...AXES, 'heldout'] as const;
export type Place = (typeof PLACES)[number];

/** A study of an agent that is not trained here: its arms and the baselines, once. */
export function agentStudy(agent: string, base: StudyConfig): StudyConfig {
  return { ...base, seeds: [1], arms: Object.fromEntries(ARMS.map((arm) => [arm, 0])) as StudyConfig['arms'], agent };
}
