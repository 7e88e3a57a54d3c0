// The jobs of a study and what each waits for. A job is done when its mark is there; a study killed anywhere goes on with
// what is left, and a training job with its last checkpoint.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ARMS, type Arm, type StudyConfig, seedsOf } from './config.ts';

/** Policies that need no training. */
export const SCRIPTS = ['do nothing', 'comply with everything', 'oracle'] as const;

/** The arms of an agent that is not trained here (agents.ts). */
export const AGENTS = ['agent', 'agent+prompt', 'agent+guard', 'agent+prompt+guard'] as const;

/** Who is evaluated: an arm, the base it came from, the joint arm behind the guard, or a script. */
export const PLAYERS = ['base', ...ARMS, 'joint+guard', 'base+guard', ...AGENTS, ...SCRIPTS] as const;
export type Player = (typeof PLAYERS)[number];

export const jobSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('warm'), seed: z.int() }),
  z.strictObject({ kind: z.literal('train'), arm: z.enum(ARMS), seed: z.int() }),
  z.strictObject({ kind: z.literal('play'), player: z.enum(PLAYERS), seed: z.int() }),
]);
export type Job = z.infer<typeof jobSchema>;

/** The name of a job: of its folder, and in progress. */
export function nameJob(job: Job): string {
  switch (job.kind) {
    case 'warm':
      return `base-${job.seed}`;
    case 'train':
      return `${job.arm}-${job.seed}`;
    case 'play':
      return `play-${job.player.replaceAll(' ', '-')}-${job.seed}`;
  }
}

/** All jobs, in an order in which each comes after what it needs; what takes longest comes first. */
export function listJobs(config: StudyConfig): Job[] {
  const { seeds } = config;
  const trained = ARMS.flatMap((arm) => seedsOf(config, arm).map((seed): Job => ({ kind: 'train', arm, seed })));
  const play = (player: Player, list: readonly number[]): Job[] => list.map((seed) => ({ kind: 'play', player, seed }));
  if (config.agent !== undefined) return [...AGENTS, ...SCRIPTS].flatMap((player) => play(player, seeds));
  return [
    ...seeds.map((seed): Job => ({ kind: 'warm', seed })),
    ...trained.sort((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed)),
    ...play('base', seeds),
    ...play('base+guard', seeds),
    ...ARMS.flatMap((arm) => play(arm, seedsOf(config, arm))),
    ...play('joint+guard', seedsOf(config, 'joint')),
    ...SCRIPTS.flatMap((script) => play(script, seeds.slice(0, 1))),
  ];
}

/** About what a job takes, in steps of the warm start as measured with the small model: for the time left, and nothing else. */
export function effortOf({ train, evaluate }: StudyConfig, job: Job): number {
  const { steps, groups, members } = train.grpo;
  switch (job.kind) {
    case 'warm':
      return train.warm.steps;
    case 'train':
      return (steps * groups * members) / (job.arm === 'supervised' ? 44 : 26);
    case 'play':
      return evaluate.count / (isScript(job.player) ? 16 : 4);
  }
}

/** The job this one needs to be done, or null. */
export function needOf(job: Job): Job | null {
  if (job.kind === 'warm') return null;
  const warm: Job = { kind: 'warm', seed: job.seed };
  if (job.kind === 'train') return warm;
  if (isScript(job.player)) return null;
  const arm = armOf(job.player);
  return arm === null ? warm : { kind: 'train', arm, seed: job.seed };
}

export const isScript = (player: Player): boolean => (SCRIPTS as readonly string[]).includes(player);

/** The arm whose weights a player has; null for the base's. */
export function armOf(player: Player): Arm | null {
  const name = player.replace('+guard', '');
  return ARMS.find((arm) => arm === name) ?? null;
}

export const markOf = (root: string, job: Job): string => join(root, 'done', `${nameJob(job)}.json`);
export const isDone = (root: string, job: Job): boolean => existsSync(markOf(root, job));
