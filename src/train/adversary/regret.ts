// How much an opponent, or a family of scenarios, is still to be learned from: its regret, what a perfect policy would have
// earned against it less what this one did. Opponents are drawn in proportion to it, with a share for those not met for long.
// Sources: regret as what a curriculum maximises, arXiv 2012.02096 (PAIRED); scores by level with a share for stale ones, arXiv
// 2010.03934 (prioritised level replay). Here the best is known (the oracle succeeds), so regret is measured, not estimated.
import type { Random } from '../../episode/random.ts';

/** What a step saw of an opponent: on a scenario of which family, and the share of the group that did right. */
export type Faced = { readonly opponent: string; readonly family: string; readonly right: number };

/** How much the latest group counts against all before it. */
const NEWS = 0.5;
/** Even an opponent that is always withstood is met now and then: else it would be forgotten. */
const LEAST = 0.05;
/** Share of draws that goes to those not met for long. */
const STALE = 0.15;

type Key = 'opponent' | 'family';

/** The regret of each opponent or family that was met, later groups counting more. Those never met are missing: count them 1. */
export function measureRegret(steps: readonly (readonly Faced[])[], key: Key): Map<string, number> {
  const regrets = new Map<string, number>();
  for (const faced of steps.flat()) {
    const before = regrets.get(faced[key]) ?? 1;
    regrets.set(faced[key], (1 - NEWS) * before + NEWS * (1 - faced.right));
  }
  return regrets;
}

/**
 * The chance of each opponent to be drawn next, in their order; they add up to 1 and none is 0. Of two not met for equally long
 * the one of more regret has the higher.
 */
export function weighOpponents(opponents: readonly string[], steps: readonly (readonly Faced[])[]): number[] {
  const regrets = measureRegret(steps, 'opponent');
  const met = new Map(steps.flatMap((faced, step) => faced.map(({ opponent }) => [opponent, step] as const)));
  const scores = opponents.map((one) => LEAST + (regrets.get(one) ?? 1));
  const ages = opponents.map((one) => steps.length - (met.get(one) ?? -1));
  const [allScores, allAges] = [sum(scores), sum(ages)];
  return scores.map((score, at) => (1 - STALE) * (score / allScores) + STALE * ((ages[at] ?? 0) / allAges));
}

/** How likely a scenario of a family is taken, against one of another. */
export function weighFamily(family: string, regrets: ReadonlyMap<string, number>): number {
  return LEAST + (regrets.get(family) ?? 1);
}

/** Draws one in proportion to its weight; null of none. */
export function drawWeighted<T>(items: readonly T[], weights: readonly number[], r: Random): T | null {
  let rest = r.next() * sum(weights);
  const at = weights.findIndex((weight) => {
    rest -= weight;
    return rest < 0;
  });
  return items[at === -1 ? items.length - 1 : at] ?? null;
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
