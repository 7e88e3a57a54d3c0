// A bandit for each gene: every value of it has a record over all targets of the channel, and Thompson sampling draws from the
// records, so that what broke one scenario is tried early on the next.
// Source: Thompson 1933; Chapelle and Li, An empirical evaluation of Thompson sampling, 2011.
import type { Random } from '../../episode/random.ts';
import type { Attacker } from '../attacker.ts';
import { buildAttempt, drawGenes, type Gene, type Genes, genesOf, PLAIN, sizesOf } from '../genome.ts';
import type { Channel } from '../target.ts';

/** Successes and failures of a value of a gene, in fractions where more than success is seen. */
type Arm = { won: number; lost: number };

/** Share of tries drawn without the records, so that no value is given up for good. */
const EXPLORE = 0.15;

export function banditAttacker(): Attacker {
  const records = new Map<Channel, Arm[][]>();
  const recordOf = (channel: Channel): Arm[][] => {
    const known = records.get(channel);
    if (known) return known;
    const fresh = sizesOf(channel).map((size) => Array.from({ length: size }, () => ({ won: 0, lost: 0 })));
    records.set(channel, fresh);
    return fresh;
  };
  return {
    name: 'bandit',
    repeatable: true,
    learns: true,
    width: 4,
    propose({ target, r }) {
      const { channel } = target;
      const drawn = drawGenes(channel, r);
      const genes = recordOf(channel).map((arms, at) =>
        r.next() < EXPLORE ? (drawn[at] ?? 0) : sampleGene(arms, genesOf(channel)[at] ?? 'frame', r),
      );
      return buildAttempt(target, genes satisfies Genes);
    },
    learn({ target, attempt, outcome }) {
      if (attempt.genes === null || outcome.broken === null) return;
      for (const [at, value] of attempt.genes.entries()) {
        const arm = recordOf(target.channel)[at]?.[value];
        if (arm === undefined) continue;
        arm.won += outcome.score;
        arm.lost += 1 - outcome.score;
      }
    },
  };
}

/** Whether a gene stays plain is an arm of its own, with the prior that `drawGenes` draws by; else the best of the rest. */
function sampleGene(arms: readonly Arm[], gene: Gene, r: Random): number {
  const plain = PLAIN[gene];
  if (plain === 0 || arms.length < 2) return sampleArm(arms, r);
  const [bare, ...rest] = arms as readonly [Arm, ...Arm[]];
  const sum = (of: (arm: Arm) => number): number => rest.reduce((total, arm) => total + of(arm), 0);
  const stay = drawBeta(2 * plain + bare.won, 2 + bare.lost, r);
  const change = drawBeta(2 * (1 - plain) + sum(({ won }) => won), 2 + sum(({ lost }) => lost), r);
  return stay >= change ? 0 : 1 + sampleArm(rest, r);
}

/** The value whose drawn chance is highest. Untried ones draw from a prior that expects little. */
function sampleArm(arms: readonly Arm[], r: Random): number {
  const draws = arms.map(({ won, lost }) => drawBeta(0.5 + won, 2 + lost, r));
  return draws.indexOf(Math.max(...draws));
}

/** A draw of Beta(a, b). */
export function drawBeta(a: number, b: number, r: Random): number {
  const [x, y] = [drawGamma(a, r), drawGamma(b, r)];
  return x + y === 0 ? 0 : x / (x + y);
}

/** A draw of Gamma(k, 1). Source: Marsaglia and Tsang, A simple method for generating gamma variables, 2000. */
function drawGamma(k: number, r: Random): number {
  if (k < 1) return drawGamma(k + 1, r) * (1 - r.next()) ** (1 / k);
  const d = k - 1 / 3;
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - r.next())) * Math.cos(2 * Math.PI * r.next());
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - r.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
