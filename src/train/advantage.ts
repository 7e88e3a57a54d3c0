// Group-relative advantages: what an episode earned, against the others of its group.
// Source: Shao et al. 2024 (arXiv 2402.03300), section 4.1.2, outcome supervision; without the division by the deviation:
// Liu et al. 2025 (arXiv 2503.20783, "Dr. GRPO"), equation 3. Credit to single steps: credit.ts.

/** Keeps the advantages of a group with hardly any spread from exploding. */
const FLOOR = 0.05;

/** Whether advantages are divided by the group's standard deviation, or are plain differences. */
export type Scaling = 'deviation' | 'none';

/**
 * (r − mean) / (standard deviation + 0.05) for each member, or r − mean; `null` rewards (not judged) stay null and count for
 * nothing.
 */
export function groupAdvantages(
  rewards: readonly (number | null)[],
  scaling: Scaling = 'deviation',
): (number | null)[] {
  const known = rewards.filter((reward) => reward !== null);
  if (known.length < 2) return rewards.map(() => null);
  const { mean, scale } = spreadOf(known, scaling);
  return rewards.map((reward) => (reward === null ? null : (reward - mean) / scale));
}

/** The mean of some rewards, and what differences from it are divided by. */
export function spreadOf(
  rewards: readonly number[],
  scaling: Scaling,
): { readonly mean: number; readonly scale: number } {
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  if (scaling === 'none') return { mean, scale: 1 };
  const deviation = Math.sqrt(rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards.length);
  return { mean, scale: deviation + FLOOR };
}

/** Whether a group says anything: some member earned another reward than the rest. */
export function hasSignal(advantages: readonly (number | null)[]): boolean {
  return advantages.some((advantage) => advantage !== null && Math.abs(advantage) > 1e-6);
}
