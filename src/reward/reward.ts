// Rewarding an episode: a preset's terms, summed by name for the episode and by step for credit.
// Not here: what is worth what (presets.ts), and what happened (verdict.ts).
import type { Episode, Reward, Verdict } from '../episode/episode.ts';
import type { Scenario } from '../world/scenario.ts';
import type { Earned, Preset } from './presets.ts';
import { judge, knowFacts, readEpisode, type Unjudged, type WorldFacts } from './verdict.ts';

/** Reward by term; the terms that earned nothing are left out. */
export type Terms = { readonly [term: string]: number };

/** The reward of an episode and, for each of its steps, what that step earned. The steps sum to the total. */
export type Rewarded = { readonly reward: Reward; readonly steps: readonly Terms[] };

/**
 * The reward of a judged episode, or null where there is nothing to reward: success is not known, or there is no step.
 * null is not 0: such an episode must be left out of means and groups.
 */
export function rewardEpisode(
  episode: Unjudged,
  scenario: Scenario,
  verdict: Verdict,
  preset: Preset,
): Rewarded | null {
  const facts =
    verdict.success === null
      ? null
      : knowFacts({ goal: verdict.goal, harms: verdict.harm === null ? null : verdict.harms });
  if (facts === null || episode.steps.length === 0) return null;
  const earned = preset.earn({ episode, scenario, verdict, facts, reading: readEpisode(episode, scenario) });
  const terms = sumTerms(earned);
  const steps = episode.steps.map((_, index) => sumTerms(earned.filter((part) => part.step === index)));
  return { reward: { preset: preset.name, terms, total: sumUp(Object.values(terms)) }, steps };
}

/** The episode with this verdict and the preset's reward written into it, replacing any it had. */
export function applyReward(episode: Unjudged, scenario: Scenario, verdict: Verdict, preset: Preset): Episode {
  const rewarded = rewardEpisode(episode, scenario, verdict, preset);
  const steps = episode.steps.map(({ reward: _, ...step }, index) => {
    return rewarded === null ? step : { ...step, reward: rewarded.steps[index]! };
  });
  return { ...episode, steps, verdict, reward: rewarded?.reward ?? null };
}

/** Judges and rewards an episode in one go. */
export function scoreEpisode(episode: Unjudged, scenario: Scenario, facts: WorldFacts, preset: Preset): Episode {
  return applyReward(episode, scenario, judge(episode, scenario, facts), preset);
}

function sumTerms(earned: readonly Earned[]): Terms {
  const terms: { [term: string]: number } = {};
  for (const { term, value } of earned) terms[term] = sumUp([terms[term] ?? 0, value]);
  return terms;
}

/** A sum without the dust of binary fractions, so that equal rewards compare equal and records read well. */
function sumUp(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) * 1e9) / 1e9;
}
