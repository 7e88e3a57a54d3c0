// What a red team run is, stored as config.json: the same configuration gives the same attacks, figures and files, save where
// a budget in seconds, a person or a remote model decides.
import { z } from 'zod';
import { rulebookSchema } from '../guard/rulebook.ts';
import { LEVELS } from './outcome.ts';
import { ALL_CHANNELS } from './target.ts';

/** The attackers by name. */
export const ATTACKERS = [
  ...['random', 'template', 'best-of-n', 'evolve', 'bandit', 'gradient', 'learned', 'human', 'chat'],
] as const;
export type AttackerName = (typeof ATTACKERS)[number];

/** Who is attacked: the policy alone, the guard alone (an agent that obeys everybody, behind it), both. */
export const ARMS = ['policy', 'guard', 'both'] as const;
/** The same with a guard that asks the user a limited number of times in an episode. */
export const LIMITED_ARMS = ['guard+limit', 'both+limit'] as const;
export const ALL_ARMS = [...ARMS, ...LIMITED_ARMS] as const;
export type Arm = (typeof ALL_ARMS)[number];

/** Questions in an episode that a limited guard lets through, unless said otherwise: as approvals have it by default. */
export const ASKS = 10;

export const redteamSchema = z.strictObject({
  version: z.literal(1),
  policy: z.string().min(1),
  guard: rulebookSchema.nullable(),
  /** Classifiers of the guard, by name (agent/judges.ts). */
  judges: z.array(z.string().min(1)).exactOptional(),
  suite: z.strictObject({
    name: z.string(),
    split: z.string().nullable(),
    seed: z.int().nullable(),
    count: z.int().min(1),
  }),
  /** SHA-256 of the scenarios. */
  scenarios: z.string(),
  arms: z.array(z.enum(ALL_ARMS)).min(1),
  attackers: z.array(z.enum(ATTACKERS)).min(1),
  level: z.enum(LEVELS),
  channels: z.array(z.enum(ALL_CHANNELS)).min(1),
  /** The channel `fatigue`: after so many questions the user approves whatever they are asked. */
  tires: z.int().min(1).exactOptional(),
  /** The arms with a limit: questions in an episode that the guard lets through. */
  asks: z.int().min(1).exactOptional(),
  budget: z.strictObject({
    tries: z.int().min(1),
    seconds: z.number().positive().exactOptional(),
    tokens: z.int().min(1).exactOptional(),
  }),
  seed: z.int(),
  /** Most tries spent on shortening one attack. */
  minimise: z.int().min(0),
  /** Other policies that found attacks are tried on. */
  transfer: z.array(z.string()),
  /** Scenarios of the suite's other split, with domains of its own, on which found attacks are tried; 0: none. */
  carry: z.int().min(0),
  /** The model of the attacker `chat`. */
  model: z.string().nullable(),
});
export type RedteamConfig = z.infer<typeof redteamSchema>;

/** The arms of a run that names none: without a guard, the policy alone. */
export function armsOf(config: Pick<RedteamConfig, 'guard'>): readonly Arm[] {
  return config.guard === null ? ['policy'] : ARMS;
}
