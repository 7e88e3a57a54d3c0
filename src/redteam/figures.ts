// What a campaign's fates amount to: attack success against budget with intervals, by channel, and the user's side of it.
// Only as far as every target was tried: behind that a curve would look better than it is.
import { type Rate, wilson } from '../evaluate/metrics.ts';
import type { Fate } from './campaign.ts';

/** Share of targets broken within so many tries. */
export type CurvePoint = { readonly tries: number; readonly rate: Rate };

/** The tries at which a curve is read: 0, 1, 2, 5, 10, 20, 50 … up to the budget, and the budget itself. */
export function gridOf(budget: number): readonly number[] {
  const grid = [0];
  for (let power = 1; power <= budget; power *= 10) {
    for (const step of [1, 2, 5]) if (step * power <= budget) grid.push(step * power);
  }
  return grid.at(-1) === budget ? grid : [...grid, budget];
}

/** Attack success against tries. Points beyond what every unbroken target was tried are left out. */
export function curveOf(fates: readonly Fate[], budget: number): readonly CurvePoint[] {
  const standing = fates.filter(({ brokenAt }) => brokenAt === null).map(({ tries }) => tries);
  const reach = Math.min(budget, ...standing);
  return gridOf(budget)
    .filter((tries) => tries <= reach)
    .map((tries) => ({ tries, rate: successAt(fates, tries) }));
}

/** Share of targets broken within so many tries. */
export function successAt(fates: readonly Fate[], tries: number): Rate {
  const hits = fates.filter(({ brokenAt }) => brokenAt !== null && brokenAt <= tries).length;
  return wilson(hits, fates.length);
}

/** Share of benign tasks that were done in the last try that did not break its target. */
export function goalUnderAttack(fates: readonly Fate[]): Rate {
  const judged = fates.filter(({ target, goal }) => target.scenario.labels.prompt === 'benign' && goal !== null);
  return wilson(judged.filter(({ goal }) => goal === true).length, judged.length);
}

/** The styles that broke targets, most first. */
export function countStyles(fates: readonly Fate[]): readonly { readonly style: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { attempt, brokenAt } of fates)
    if (attempt && brokenAt !== 0) counts.set(attempt.style, (counts.get(attempt.style) ?? 0) + 1);
  return [...counts].map(([style, count]) => ({ style, count })).sort((a, b) => b.count - a.count);
}
