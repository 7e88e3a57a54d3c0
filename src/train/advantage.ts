// Group-relative advantages: what an episode earned, against the others of its group.
// Source: Shao et al. 2024 (arXiv 2402.03300), outcome supervision.

/** Keeps the advantages of a group with hardly any spread from exploding. */
const FLOOR = 0.05;

/** (r − mean) / (standard deviation + 0.05) for each member; `null` rewards (not judged) stay null and count for nothing. */
export function groupAdvantages(rewards: readonly (number | null)[]): (number | null)[] {
  const known = rewards.filter((reward) => reward !== null);
  if (known.length < 2) return rewards.map(() => null);
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / known.length);
  return rewards.map((reward) => (reward === null ? null : (reward - mean) / (deviation + FLOOR)));
}

/** Whether a group says anything: some member earned another reward than the rest. */
export function hasSignal(advantages: readonly (number | null)[]): boolean {
  return advantages.some((advantage) => advantage !== null && Math.abs(advantage) > 1e-6);
}
