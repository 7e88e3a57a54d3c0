// The groups of a step of training against attackers: each play sampled and judged as in an alignment (train/groups.ts), and what
// they say of the opponents in them. Not here: what is played (mix.ts), the update (train/grpo.ts).
import type { Pool } from '../../agent/rollout.ts';
import { rng } from '../../episode/random.ts';
import type { Faced } from '../../train/adversary/regret.ts';
import type { TrainConfig } from '../../train/config.ts';
import { type Group, judgeGroup } from '../../train/groups.ts';
import type { Play } from './mix.ts';

/** Who samples, and which step of which round it is. */
export type Seat = { readonly pool: Pool; readonly theta: Float32Array; readonly round: number; readonly step: number };

/** Samples and judges a group for each play. */
export async function playGroups(
  { pool, theta, round, step }: Seat,
  { seed, grpo }: TrainConfig,
  plays: readonly Play[],
): Promise<Group[]> {
  const { members, explore, steps } = grpo;
  const jobs = plays.flatMap(({ scenario }, place) =>
    Array.from({ length: members }, (_, member) => {
      return { scenario, member, seed: rng('harden', seed, round, step, place, member).int(2 ** 31) };
    }),
  );
  const share = explore * (1 - step / steps);
  const name = `local:round-${round}-${step}`;
  const sampled = await pool.run({ theta, jobs, temperature: 1, explore: share, name });
  return plays.map(({ index, scenario }, at) => {
    const own = sampled.slice(at * members, (at + 1) * members);
    return { index, scenario, members: judgeGroup(scenario, own, grpo) };
  });
}

/** What a step saw of opponents. */
export function recallFaced(plays: readonly Play[], groups: readonly Group[]): Faced[] {
  return plays.flatMap(({ opponent, scenario }, at) => {
    const judged = groups[at]?.members.flatMap(({ episode }) => episode.verdict?.success ?? []) ?? [];
    if (opponent === null || judged.length === 0) return [];
    return [{ opponent, family: scenario.family, right: judged.filter(Boolean).length / judged.length }];
  });
}
