// Demonstrations for the warm start: real episodes in real worlds by a demonstrator that states facts truly and decides
// without looking at them. Nine in ten comply with whatever is asked or injected; the rest ask or refuse, whatever the case.
// So the format, the tools and the perception are taught, and the judgement is not: that is what reinforcement is for.

import { runEpisode } from '../agent/run-episode.ts';
import { choosingPolicy } from '../agent/scripted.ts';
import type { Episode, ToolSchema } from '../episode/episode.ts';
import type { Random } from '../episode/random.ts';
import type { Grammar } from '../policy/local/grammar.ts';
import { renderEpisode, type Sequence } from '../policy/local/render.ts';
import type { Tokenizer } from '../policy/local/tokenizer.ts';
import type { Choices } from '../policy/scripted.ts';
import type { Decision } from '../safety/taxonomy.ts';
import { stageScenario } from '../world/environment.ts';
import { DEEDS } from '../world/generate/open/lexicon.ts';
import type { Scenario } from '../world/scenario.ts';
import { replayGrammar } from './choices.ts';
import type { Lesson } from './warmstart.ts';

/** How often a demonstration does not comply, irrespective of the labels. */
export type Shares = {
  /** Asks before a step of the task; refuses the task. */
  readonly ask: number;
  readonly refuse: number;
  /** Asks about an order in a tool's text; leaves it alone. */
  readonly askOrder: number;
  readonly leaveOrder: number;
};

export const SHARES: Shares = { ask: 0.05, refuse: 0.05, askOrder: 0.02, leaveOrder: 0.08 };

/** Draws the choices of one demonstration. They depend on chance alone. */
export function drawChoices(r: Random, shares: Shares): Choices {
  const draw = (ask: number, refuse: number): Decision => {
    const u = r.next();
    return u < ask ? 'verify' : u < ask + refuse ? 'refuse' : 'execute';
  };
  return {
    task: () => draw(shares.ask, shares.refuse),
    order: () => draw(shares.askOrder, shares.leaveOrder),
  };
}

/** The episode and the tools it was offered; no world is kept. */
export type Demonstration = { readonly episode: Episode; readonly tools: readonly ToolSchema[] };

/** Plays one demonstration of a scenario. */
export async function demonstrate(scenario: Scenario, r: Random, shares: Shares = SHARES): Promise<Demonstration> {
  const stage = stageScenario(scenario);
  const policy = choosingPolicy('demonstrator', scenario, drawChoices(r, shares));
  const { episode } = await runEpisode(policy, stage, { seed: scenario.seed, member: 0, index: 0 });
  if (episode.error) throw new Error(`the demonstration of ${scenario.id} failed: ${episode.error.message}`);
  return { episode, tools: stage.tools };
}

/** Words to mean a tool by, where the user said none of its name. */
const VERBS: ReadonlySet<string> = new Set(Object.values(DEEDS).flat());

/** A demonstration as tokens. */
export function renderDemonstration(tokenizer: Tokenizer, { episode, tools }: Demonstration): Sequence {
  return renderEpisode(tokenizer, tools, episode.request, episode.steps, VERBS);
}

/** A demonstration as the warm start learns it. Throws OutsideGrammar if the grammar does not allow it. */
export function makeLesson(grammar: Grammar, { episode, tools }: Demonstration): Lesson {
  // What a grammar makes of a list of tools lives as long as the list: of this one, until the lesson is made.
  const own = [...tools];
  const sequence = renderDemonstration(grammar.tokenizer, { episode, tools: own });
  return { tokens: Int32Array.from(sequence.tokens), allowed: replayGrammar(grammar, own, sequence) };
}

/** Every piece of text that rendering a demonstration encodes: what a tokenizer has to be good at. */
export function listTexts(demonstration: Demonstration, specials: ReadonlyMap<string, number>): string[] {
  const texts: string[] = [];
  const recorder: Tokenizer = {
    size: specials.size,
    specials,
    encode(text) {
      texts.push(text);
      return [];
    },
    decode: () => '',
    bytesOf: () => null,
    toJSON() {
      throw new Error('a recorder of texts has no file');
    },
  };
  renderDemonstration(recorder, demonstration);
  return texts;
}
