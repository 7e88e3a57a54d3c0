// The groups of a training step: which scenarios are played, from identical worlds, and what each member earned against its
// group. Not here: the update (grpo.ts), which scenarios are worth playing (curriculum.ts).
// Sources: groups and advantages, arXiv 2402.03300; sampling until enough groups say something, arXiv 2503.14476 section 3.2.
import type { Job, Pool, Sampled } from '../agent/rollout.ts';
import type { Episode } from '../episode/episode.ts';
import { rng } from '../episode/random.ts';
import type { Transcript } from '../policy/local/policy.ts';
import { presets } from '../reward/presets.ts';
import { scoreEpisode } from '../reward/reward.ts';
import { ROUND } from '../world/generate/generate.ts';
import { generatorOf } from '../world/generate/suites.ts';
import type { Scenario } from '../world/scenario.ts';
import { groupAdvantages, hasSignal } from './advantage.ts';
import type { TrainConfig } from './config.ts';
import { stepAdvantages } from './credit.ts';
import { type Lived, pickPlaces } from './curriculum.ts';

/**
 * A member of a group, judged, with its advantage (null: not judged, or its group says nothing), and with those of its steps
 * where credit goes to steps.
 */
export type Member = {
  readonly episode: Episode;
  readonly transcript: Transcript;
  readonly advantage: number | null;
  readonly credit?: readonly number[];
};

/** A group of members that played the scenario at one place of the stream. */
export type Group = { readonly index: number; readonly scenario: Scenario; readonly members: readonly Member[] };

/** The scenario at a place of a run's stream of training scenarios. */
export function scenarioAt(config: TrainConfig, index: number): Scenario {
  const seed = config.seed * 1000 + 500;
  const generate = generatorOf(config.suite);
  if (config.grpo.channels === 'joint') return generate(seed, 'train', index);
  // Those without an order in a tool's text; every round of the suite holds the same number of them.
  const round = Math.floor(index / UNINJECTED);
  const own = ROUND.map((_, at) => generate(seed, 'train', round * ROUND.length + at));
  const scenario = own.filter(({ labels }) => labels.response !== 'malicious')[index % UNINJECTED];
  if (!scenario) throw new Error(`round ${round} has fewer scenarios without an attack than it should`);
  return scenario;
}

const UNINJECTED = ROUND.filter(([, extra]) => extra !== 'attack').length;

/** Places behind every other that a step may play; those of further rounds of one step. */
const EXTRA = 1_000_000_000;

/** The places a step plays: fresh ones, a whole number of rounds of the suite where `groups` allows, or as wished. */
export function pickIndexes(config: TrainConfig, step: number, past: readonly (readonly Lived[])[] = []): number[] {
  const { groups, signal, failures } = config.grpo;
  return pickPlaces({ seed: config.seed, step, groups }, { signal, failures }, past, (index) =>
    scenarioAt(config, index),
  );
}

/** Samples and judges the groups of a step. `past`: what earlier steps saw, for the curriculum. */
export async function sampleGroups(
  pool: Pool,
  theta: Float32Array,
  config: TrainConfig,
  step: number,
  past: readonly (readonly Lived[])[] = [],
): Promise<Group[]> {
  const { groups, rounds } = config.grpo;
  const sampled = await sampleAt(pool, theta, config, step, pickIndexes(config, step, past));
  const kept = sampled.filter(speaks);
  for (let round = 1; round < rounds && kept.length < groups; round++) {
    const begin = EXTRA + (step * rounds + round) * groups;
    const indexes = Array.from({ length: groups }, (_, at) => begin + at);
    kept.push(...(await sampleAt(pool, theta, config, step, indexes)).filter(speaks));
  }
  return rounds > 1 ? kept.slice(0, groups) : sampled;
}

const speaks = ({ members }: Group): boolean => members.some(({ advantage }) => advantage !== null);

async function sampleAt(
  pool: Pool,
  theta: Float32Array,
  config: TrainConfig,
  step: number,
  indexes: readonly number[],
): Promise<Group[]> {
  const { members, explore, steps } = config.grpo;
  const scenarios = indexes.map((index) => scenarioAt(config, index));
  const begin = (indexes[0] ?? 0) >= EXTRA ? (indexes[0] ?? 0) : 0;
  const jobs: Job[] = scenarios.flatMap((scenario, group) =>
    Array.from({ length: members }, (_, member) => ({
      scenario,
      member,
      seed: seedOf(config.seed, step, begin + group, member),
    })),
  );
  const share = explore * (1 - step / Math.max(1, steps));
  const sampled = await pool.run({ theta, jobs, temperature: 1, explore: share, name: `local:step-${step}` });
  return scenarios.map((scenario, at) => {
    const own = sampled.slice(at * members, (at + 1) * members);
    return { index: indexes[at] ?? 0, scenario, members: judgeGroup(scenario, own, config.grpo) };
  });
}

function seedOf(...keys: number[]): number {
  return rng('sample', ...keys).int(2 ** 31);
}

/** The members of a group: judged, rewarded, and told from each other. */
export function judgeGroup(
  scenario: Scenario,
  sampled: readonly Sampled[],
  { preset, scaling, credit }: TrainConfig['grpo'],
): Member[] {
  const judged = sampled.map(({ episode, facts, transcript }) => ({
    episode: scoreEpisode(episode, scenario, facts, presets[preset]),
    transcript,
  }));
  // An episode that broke off is a fault to look at, not a lesson: it is recorded and judged, but not learned from.
  const rewards = judged.map(({ episode }) => (episode.error ? null : (episode.reward?.total ?? null)));
  const advantages = groupAdvantages(rewards, scaling);
  const says = hasSignal(advantages);
  const members = judged.map((member, at) => ({ ...member, advantage: says ? (advantages[at] ?? null) : null }));
  if (credit === 'episode') return members;
  const steps = stepAdvantages(
    judged.map(({ episode }, at) => (rewards[at] === null ? null : episode.steps.map(({ reward }) => sumOf(reward)))),
    scaling,
  );
  return members.map((member, at) => ({ ...member, credit: steps[at] ?? [] }));
}

const sumOf = (terms: { readonly [term: string]: number } = {}): number =>
  Object.values(terms).reduce((sum, value) => sum + value, 0);

/** What a step saw of its scenarios, for the curriculum of later steps. */
export function recallGroups(groups: readonly Group[]): Lived[] {
  return groups.map((group) => {
    const judged = group.members.flatMap(({ episode }) => episode.verdict?.success ?? []);
    const right = judged.length === 0 ? 0 : judged.filter(Boolean).length / judged.length;
    return { index: group.index, family: group.scenario.family, right, spoke: speaks(group) };
  });
}
