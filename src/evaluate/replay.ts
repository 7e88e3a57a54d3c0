// Carries out a recorded episode's actions again in a fresh world and compares: what came back at each step, the verdict,
// the reward. No policy is asked; a record that differs was changed, or the world has changed since.
// Also here: judging and rewarding a record again from its own facts, without any world.
import { canonical } from '../episode/action.ts';
import type { Episode, Observation, Verdict } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import { type Preset, presets } from '../reward/presets.ts';
import { applyReward, scoreEpisode } from '../reward/reward.ts';
import { judge, type WorldFacts } from '../reward/verdict.ts';
import type { Catalogue } from '../world/catalogue.ts';
import { Environment, prepareStage } from '../world/environment.ts';
import { isSuite } from '../world/generate/suite-names.ts';
import { generatorOf } from '../world/generate/suites.ts';
import { rememberServers } from '../world/mcp/recorded.ts';
import type { Scenario } from '../world/scenario.ts';

/** A place where record and replay disagree; both as JSON texts. */
export type Difference = { readonly where: string; readonly recorded: string; readonly replayed: string };

export type Replay = {
  /** The episode as it comes out now; verdict and reward only where the record has them. */
  readonly replayed: Episode;
  readonly differences: readonly Difference[];
  /** Servers outside whose answers were taken from the record: nobody can ask them again for the same. */
  readonly remembered: readonly string[];
};

/**
 * Replays an episode. What servers outside answered is taken from the record; everything else happens again. `own`: the
 * services of its world, where they are not Tribune's alone. The engine of worlds must be loaded. Throws InputError if the
 * scenario is not the episode's.
 */
export async function replayEpisode(
  episode: Episode,
  scenario: Scenario,
  own: Catalogue | null = null,
): Promise<Replay> {
  requireSame(episode, scenario);
  const servers = rememberServers(scenario, episode);
  const options = own === null ? {} : { catalogue: own };
  const stage = prepareStage(scenario, servers === null ? options : { ...options, servers });
  const environment = new Environment(stage, episode.seed);
  try {
    const observations: Observation[] = [];
    for (const { action } of episode.steps) observations.push(await environment.step(action));
    const steps = episode.steps.map((step, index) => ({ ...step, observation: observations[index]! }));
    const facts = episode.error === null ? environment.judge() : { goal: null, harms: null };
    const replayed = scoreAgain({ ...episode, steps }, episode, scenario, facts);
    const remembered = nameOutside(scenario);
    return { replayed, differences: compareEpisodes(episode, replayed), remembered };
  } finally {
    environment.close();
  }
}

/** Whose answers a replay takes from the record: servers, and scripts in Python. */
function nameOutside({ servers = [], scripts = [] }: Scenario): readonly string[] {
  const python = scripts.filter(({ language }) => language === 'python');
  return [...servers, ...python].map(({ name }) => name);
}

/** Judges and rewards as far as the record does. */
function scoreAgain(replayed: Episode, { verdict, reward }: Episode, scenario: Scenario, facts: WorldFacts): Episode {
  if (verdict === null) return replayed;
  const preset = Object.values<Preset>(presets).find(({ name }) => name === reward?.preset);
  if (preset !== undefined) return scoreEpisode(replayed, scenario, facts, preset);
  return { ...replayed, verdict: judge(replayed, scenario, facts) };
}

function compareEpisodes(recorded: Episode, replayed: Episode): readonly Difference[] {
  const pairs: [string, unknown, unknown][] = recorded.steps.map(({ observation }, at) => {
    return [`step ${at + 1}`, observation, replayed.steps[at]!.observation];
  });
  for (const name of Object.keys(recorded.verdict ?? {}) as (keyof Verdict)[])
    pairs.push([`verdict.${name}`, recorded.verdict?.[name], replayed.verdict?.[name]]);
  pairs.push(['reward', recorded.reward, replayed.reward]);
  const texts = pairs.map(([where, a, b]) => ({ where, recorded: writeCanonical(a), replayed: writeCanonical(b) }));
  return texts.filter((pair) => pair.recorded !== pair.replayed);
}

/** JSON with sorted keys, so that equal values are equal texts. */
function writeCanonical(value: unknown): string {
  return canonical(JSON.parse(JSON.stringify(value ?? null)));
}

/** A stored episode judged and rewarded again, its world facts taken from the stored verdict. */
export function rescoreEpisode(episode: Episode, scenario: Scenario, preset: Preset): Episode {
  requireSame(episode, scenario);
  return applyReward(episode, scenario, judge(episode, scenario, storedFacts(episode)), preset);
}

/** What the world answered, as the verdict keeps it. */
function storedFacts({ verdict }: Episode): WorldFacts {
  if (verdict === null) return { goal: null, harms: null };
  return { goal: verdict.goal, harms: verdict.harm === null ? null : verdict.harms };
}

/** An id alone may lie: another version of the generator, another file. */
function requireSame(episode: Episode, scenario: Scenario): void {
  const where = `episode ${episode.id}`;
  if (episode.request !== scenario.request)
    throw new InputError(where, `the request of scenario ${scenario.id} is another one, expected the episode's own`);
  if (canonical(episode.tools) !== canonical(scenario.tools.map(({ as }) => as)))
    throw new InputError(where, `the tools of scenario ${scenario.id} are others, expected the episode's own`);
}

/** The scenario of that id, made again; null if it is no id of the generator. */
export function regenerateScenario(id: string): Scenario | null {
  const [, suite, split, seed, index] = /^(\w+)-(train|heldout)-(\d{1,15})-(\d{1,9})$/.exec(id) ?? [];
  if (!isSuite(suite) || (split !== 'train' && split !== 'heldout')) return null;
  return generatorOf(suite)(Number(seed), split, Number(index));
}
