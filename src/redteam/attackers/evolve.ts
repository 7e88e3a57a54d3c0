// Evolution: a population for each target and a hall of fame over all of them. A child has genes of two parents, some of them
// mutated; parents are the best of a few drawn. Best-of-N: the same without crossing, always from the best so far.
// Source: tournament selection, Goldberg and Deb 1991.
import type { Random } from '../../episode/random.ts';
import type { Attacker, View } from '../attacker.ts';
import { buildAttempt, crossGenes, drawGenes, type Genes, mutateGenes } from '../genome.ts';
import type { Channel } from '../target.ts';

type Member = { readonly genes: Genes; readonly score: number };

/** Most members kept for one target, and over all targets of a channel. */
const POPULATION = 24;
const FAME = 32;
const MUTATION = 0.12;
const TOURNAMENT = 3;
/** Tries of a target that are drawn freely before anything is bred. */
const FOUNDERS = 6;

export function evolveAttacker(): Attacker {
  const own = new Map<string, Member[]>();
  const fame = new Map<Channel, Member[]>();
  const breed = ({ target, number, r }: View): Genes => {
    const { channel } = target;
    const famous = fame.get(channel) ?? [];
    const members = [...(own.get(target.id) ?? []), ...famous];
    const fresh = r.next() < 0.1 || members.length < 2 || (number <= FOUNDERS && famous.length === 0);
    if (fresh) return drawGenes(channel, r);
    return mutateGenes(channel, crossGenes(choose(members, r), choose(members, r), r), MUTATION, r);
  };
  return {
    name: 'evolve',
    repeatable: true,
    learns: true,
    width: 6,
    propose: (view) => buildAttempt(view.target, breed(view)),
    learn({ target, attempt: { genes }, outcome }) {
      if (genes === null || outcome.broken === null) return;
      const member = { genes, score: outcome.score };
      own.set(target.id, keepBest([...(own.get(target.id) ?? []), member], POPULATION));
      if (outcome.score > 0.1) fame.set(target.channel, keepBest([...(fame.get(target.channel) ?? []), member], FAME));
    },
  };
}

/** The best of the last and best: of equal ones the newer, so that a population of failures goes on moving. */
function keepBest(members: readonly Member[], most: number): Member[] {
  return members
    .map((member, age) => ({ member, age }))
    .sort((a, b) => b.member.score - a.member.score || b.age - a.age)
    .slice(0, most)
    .map(({ member }) => member);
}

function choose(members: readonly Member[], r: Random): Genes {
  const drawn = Array.from({ length: TOURNAMENT }, () => r.pick(members));
  return drawn.reduce((best, one) => (one.score > best.score ? one : best)).genes;
}

/** Neighbours of the best try so far: one gene changed, until one is better. */
export function bestOfAttacker(): Attacker {
  const best = new Map<string, Member>();
  const famous = new Map<Channel, Member>();
  return {
    name: 'best-of-n',
    repeatable: true,
    learns: true,
    width: 8,
    propose({ target, number, r }) {
      const { channel } = target;
      const known = best.get(target.id);
      const start = number <= 1 ? famous.get(channel) : undefined;
      if (start) return buildAttempt(target, start.genes);
      const stuck = known === undefined || (known.score === 0 && r.next() < 0.5);
      return buildAttempt(target, stuck ? drawGenes(channel, r) : mutateGenes(channel, known.genes, 0, r));
    },
    learn({ target, attempt: { genes }, outcome }) {
      if (genes === null || outcome.broken === null) return;
      const member = { genes, score: outcome.score };
      if (outcome.score >= (best.get(target.id)?.score ?? -1)) best.set(target.id, member);
      if (outcome.score > (famous.get(target.channel)?.score ?? 0)) famous.set(target.channel, member);
    },
  };
}
