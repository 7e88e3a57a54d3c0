// An attacker that meets every target with some of the population first, and then goes its own way, knowing what came of them.
// So a round begins where the ones before it ended, whoever attacks. Its dresses can be confined, to see what carries over.
import type { Attempt } from '../attack.ts';
import type { Attacker } from '../attacker.ts';
import { buildAttempt, type Genes } from '../genome.ts';
import type { Target } from '../target.ts';
import { confineGenes } from './members.ts';

export type Seeding = {
  /** The genes tried first on a target. */
  readonly elders: (target: Target) => readonly Genes[];
  /** Styles of dress it does without. */
  readonly hold: readonly string[];
};

/** An attacker after its elders. */
export function seededAttacker(attacker: Attacker, { elders, hold }: Seeding): Attacker {
  const confine = (target: Target, attempt: Attempt): Attempt =>
    attempt.genes === null ? attempt : buildAttempt(target, confineGenes(target.channel, attempt.genes, hold));
  return {
    ...attacker,
    async propose(view) {
      const { target, number } = view;
      const elder = elders(target)[number - 1];
      if (elder !== undefined) return buildAttempt(target, elder);
      const attempt = await attacker.propose(view);
      return attempt === null || hold.length === 0 ? attempt : confine(target, attempt);
    },
  };
}
