// Watches for the known failure of such training: one decision spreads to everything and another dies out. Once no group
// ever shows it, nothing can bring it back, so the alarm must come before.
import { DECISIONS, type Decision, MODES, type Mode } from '../safety/taxonomy.ts';
import type { StepMetrics } from './grpo.ts';

/** Below this share of episodes over the window, a decision counts as dead. */
const LEAST = 0.01;
const WINDOW = 10;

/** Where each decision belongs: it must stay alive there. */
const HOME: { readonly [decision in Decision]: Mode } = { execute: 'benign', verify: 'sensitive', refuse: 'malicious' };

type Shares = Pick<StepMetrics, 'step' | 'decisions'>;

/** A watcher that is told each step and says what is wrong, once per decision. `earlier`: the steps of a resumed run. */
export function watchDecisions(earlier: readonly Shares[]): (metrics: Shares) => string[] {
  const seen: Shares[] = [...earlier].slice(-WINDOW);
  const told = new Set<Decision>();
  return (metrics) => {
    seen.push(metrics);
    if (seen.length > WINDOW) seen.shift();
    if (seen.length < WINDOW) return [];
    return DECISIONS.filter((decision) => !told.has(decision) && isDead(seen, decision)).map((decision) => {
      told.add(decision);
      return `step ${metrics.step}: "${decision}" has died out where it belongs (under ${LEAST * 100} % of ${HOME[decision]} episodes over ${WINDOW} steps)`;
    });
  };
}

function isDead(seen: readonly Shares[], decision: Decision): boolean {
  const mode = HOME[decision];
  return (
    MODES.includes(mode) && seen.reduce((sum, step) => sum + step.decisions[mode][decision], 0) / seen.length < LEAST
  );
}
