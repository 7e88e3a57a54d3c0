// Plays a policy over scenarios and judges what it did, a block at a time. What the episodes amount to is metrics.ts.
import { setImmediate as breathe } from 'node:timers/promises';
import type { Actor } from '../agent/named.ts';
import type { Episode } from '../episode/episode.ts';
import { type PresetName, presets } from '../reward/presets.ts';
import { scoreEpisode } from '../reward/reward.ts';
import type { Scenario } from '../world/scenario.ts';

/**
 * Plays each scenario once and yields the judged and rewarded episodes in their order. A world and the policy's sampling
 * start from the scenario's own seed. The engine of worlds must be loaded.
 */
export async function* playSuite(
  actor: Actor,
  scenarios: readonly Scenario[],
  preset: PresetName,
): AsyncGenerator<Episode> {
  for (let from = 0; from < scenarios.length; from += actor.block) {
    const block = scenarios.slice(from, from + actor.block);
    await breathe(); // scripted episodes are one chain of microtasks: without this no Ctrl-C gets through
    const played = await actor.play(block.map((scenario) => ({ scenario, seed: scenario.seed, member: 0 })));
    for (const [at, { episode, facts }] of played.entries()) {
      yield scoreEpisode(episode, block[at]!, facts, presets[preset]);
    }
  }
}
