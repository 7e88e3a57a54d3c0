// Settings of training against attackers: how many rounds, who attacks, what a step of training plays. Part of a run's
// configuration; a run without it has no such phase. Not here: the phase itself (redteam/adversary/), flags (cli).
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.int().min(1);

/** Attackers whose finds are genes, which can be put on other scenarios. */
export const GENETIC = ['random', 'template', 'best-of-n', 'evolve', 'bandit', 'learned'] as const;
export type GeneticName = (typeof GENETIC)[number];

/**
 * Through whom attacks come (redteam/target.ts), and the further surfaces that can be trained on (redteam/surface.ts). Headers are
 * none: one training scenario in twenty has a place in one. A tired user is none either: what goes wrong there is not one decision.
 */
export const WAYS = ['tool', 'user', 'approval', 'late', 'error'] as const;
export type Way = (typeof WAYS)[number];

const listOf = (known: readonly string[]) =>
  z.string().refine((text) => text.split('+').every((name) => known.includes(name)), {
    message: `expected some of ${known.join(', ')}, joined by +`,
  });

export const adversarySchema = z
  .strictObject({
    /** The policy it begins with: a checkpoint's directory and the hash of its weights; null: the one this run aligns. */
    from: z.strictObject({ directory: z.string(), digest: z.string() }).nullable(),
    rounds: count,
    attackers: listOf(GENETIC),
    channels: listOf(WAYS),
    /** Training scenarios that are attacked in a round, and each attacker's tries on each target in them. */
    scenarios: count,
    tries: count,
    /** Past opponents that every target meets first, drawn by regret. */
    elders: z.int().min(0),
    /** Styles of dress that attackers and scenarios of training do without, joined by +: to see what carries over to them. */
    hold: z.string(),
    /** Steps of training in a round. */
    steps: count,
    groups: count,
    /** Of the first round; it falls in equal steps from round to round, and within each as in the alignment. */
    learningRate: z.number().positive(),
    explore: share,
    /** Weight of the KL estimate against the policy the phase began with. */
    kl: z.number().min(0),
    /** Shares of a step's scenarios: opponents of this round, of earlier ones, harmless requests in an attack's dress. */
    fresh: share,
    past: share,
    twins: share,
    /** Whether attacked and dressed scenarios are demonstrated beside the replay: what is true of them, not what to do about it. */
    taught: z.boolean().default(false),
    /** Demonstrations replayed beside each update (grpo.replay is their weight). */
    replay: count.default(32),
    /** Steps of drill before the first round (redteam/adversary/drill.ts), and the learning rate they begin with. */
    drill: z.int().min(0).default(0),
    drillRate: z.number().positive().default(1e-2),
    /** Share of drawn opponents of which some genes are drawn anew. */
    mutate: share,
    /** How much a rate on the fixed suite of training's families may fall before a round is undone; 1: never undone. */
    tolerance: share,
    /** Scenarios of each fixed suite. */
    evaluate: count,
  })
  .refine(({ fresh, past, twins }) => fresh + past + twins <= 1, {
    message: 'the shares fresh, past and twins add up to more than 1',
  });
export type AdversaryConfig = z.infer<typeof adversarySchema>;

/** The settings of a phase of so many rounds. */
export const DEFAULT_ADVERSARY: Omit<AdversaryConfig, 'from' | 'rounds'> = {
  attackers: 'evolve+bandit',
  channels: 'tool+user+approval',
  scenarios: 72,
  tries: 24,
  elders: 4,
  hold: '',
  steps: 24,
  groups: 24,
  learningRate: 2e-3,
  explore: 0.15,
  kl: 0,
  fresh: 0.25,
  past: 0.2,
  twins: 0.2,
  taught: true,
  replay: 32,
  drill: 400,
  drillRate: 1e-2,
  mutate: 0.5,
  tolerance: 0.05,
  evaluate: 480,
};

/** The members of a list such as `evolve+bandit`, each once; none of an empty one. */
export function splitList<T extends string>(text: string, known: readonly T[]): readonly T[] {
  const names = new Set(text.split('+'));
  return known.filter((name) => names.has(name));
}
