// Attackers that do not learn: chance, and going through the dresses one by one. The baselines of the others.
import { rng } from '../../episode/random.ts';
import type { Attacker } from '../attacker.ts';
import { framesOf } from '../frames.ts';
import { buildAttempt, drawGenes, type Genes, sizesOf } from '../genome.ts';

/** Random genes at every try. */
export function randomAttacker(): Attacker {
  return {
    name: 'random',
    repeatable: true,
    learns: false,
    width: 8,
    propose: ({ target, r }) => buildAttempt(target, drawGenes(target.channel, r)),
    learn: () => undefined,
  };
}

/** Every dress once, plain in all else, in an order of the target's own; then every dress with one other gene changed. */
export function templateAttacker(seed: number): Attacker {
  return {
    name: 'template',
    repeatable: true,
    learns: false,
    width: 8,
    propose({ target, number }) {
      const { channel } = target;
      const sizes = sizesOf(channel);
      const count = framesOf(channel).length;
      const order = rng('template', seed, target.id).shuffle(Array.from({ length: count }, (_, at) => at));
      const round = Math.floor((number - 1) / count);
      const genes = sizes.map((size, at): number => {
        if (at === 0) return order[(number - 1) % count] ?? 0;
        const open = sizes.flatMap((one, gene) => (gene > 0 && one > 1 ? [gene] : []));
        const turn = open[(round - 1) % open.length];
        return round > 0 && at === turn ? (1 + Math.floor((round - 1) / open.length)) % size : 0;
      });
      return buildAttempt(target, genes satisfies Genes);
    },
    learn: () => undefined,
  };
}
