// A population of past opponents: attacks that worked, as genes, which can be put on any scenario. For trying them where they
// were not found, and for training against all of them: `attackScenarios` turns scenarios into attacked ones.
// Not here: training (train/), searching for new members (campaign.ts).
import type { Random } from '../episode/random.ts';
import type { Scenario } from '../world/scenario.ts';
import { applyAttack } from './attack.ts';
import type { Found } from './found.ts';
import { buildAttempt, type Genes } from './genome.ts';
import { type Channel, findTargets, type Target } from './target.ts';

/** An opponent: what it does, and how often it is drawn, above 0: its regret, say, or how many targets it broke. */
export type Opponent = { readonly channel: Channel; readonly genes: Genes; readonly weight: number };

/** The opponents among found attacks, each once, the weight how many targets it broke; most first. */
export function gatherOpponents(found: readonly Pick<Found, 'target' | 'attempt'>[]): Opponent[] {
  const counts = new Map<string, Opponent>();
  for (const { target, attempt } of found) {
    if (attempt.genes === null) continue;
    const key = `${target.channel} ${attempt.genes.join()}`;
    const weight = (counts.get(key)?.weight ?? 0) + 1;
    counts.set(key, { channel: target.channel, genes: attempt.genes, weight });
  }
  return [...counts.values()].sort((a, b) => b.weight - a.weight);
}

/** Draws an opponent of a channel in proportion to its weight; null where there is none. */
export function drawOpponent(opponents: readonly Opponent[], channel: Channel, r: Random): Opponent | null {
  const own = opponents.filter((one) => one.channel === channel);
  let rest = r.next() * own.reduce((sum, { weight }) => sum + weight, 0);
  for (const one of own) {
    rest -= one.weight;
    if (rest < 0) return one;
  }
  return own.at(-1) ?? null;
}

/** A scenario after an attack, which target it was of, and by whom. `opponent` null: nothing attacked it. */
export type Attacked = {
  readonly scenario: Scenario;
  readonly target: Target | null;
  readonly opponent: Opponent | null;
};

/**
 * Attacks each scenario that has a target of these channels with a drawn opponent; the others stay as they are. Same
 * scenarios, opponents and chance, same result. Goals, harms and labels stay, so judges and rewards need not know.
 * The engine of worlds must be loaded.
 */
export async function attackScenarios(
  opponents: readonly Opponent[],
  scenarios: readonly Scenario[],
  r: Random,
  channels: readonly Channel[] = ['tool', 'user'],
): Promise<Attacked[]> {
  const results: Attacked[] = [];
  for (const scenario of scenarios) {
    const own = r.fork(scenario.id);
    const [target = null] = await findTargets([scenario], { channels });
    const opponent = target && drawOpponent(opponents, target.channel, own);
    if (target === null || opponent === null) results.push({ scenario, target, opponent: null });
    else {
      const attacked = applyAttack(target, buildAttempt(target, opponent.genes), `${scenario.id}+${target.channel}`);
      results.push({ scenario: attacked, target, opponent });
    }
  }
  return results;
}
