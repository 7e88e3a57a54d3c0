// Credit to the steps of an episode from the rewards they earned, so that an early fault is not blamed on what came after.
// Source: Shao et al. 2024 (arXiv 2402.03300), section 4.1.3, process supervision: step rewards are normalised over the whole
// group, and a step's advantage is the sum of its own and all later ones. The sum of one episode's advantages is therefore no
// longer zero over the group; long episodes weigh more.
import { type Scaling, spreadOf } from './advantage.ts';

/** Rewards of an episode's steps, in order; null for an episode that was not judged. */
export type StepRewards = readonly number[] | null;

/** The advantage of each step of each member; null where the member was not judged or the group has fewer than two. */
export function stepAdvantages(group: readonly StepRewards[], scaling: Scaling): StepRewards[] {
  const known = group.filter((rewards) => rewards !== null);
  if (known.length < 2) return group.map(() => null);
  const { mean, scale } = spreadOf(known.flat(), scaling);
  return group.map((rewards) => rewards && sumLater(rewards.map((reward) => (reward - mean) / scale)));
}

function sumLater(values: readonly number[]): number[] {
  const sums: number[] = [];
  let sum = 0;
  for (const value of [...values].reverse()) {
    sum += value;
    sums.push(sum);
  }
  return sums.reverse();
}

/** Spreads the advantages of steps over tokens: each run of the policy's own tokens is one step. Others get 0. */
export function spreadCredit(own: readonly boolean[], steps: readonly number[]): Float32Array {
  let step = -1;
  return Float32Array.from(own, (mine, at) => {
    if (!mine) return 0;
    if (!own[at - 1]) step += 1;
    return steps[step] ?? 0;
  });
}
