// A try as the local policy would read it: the tokens up to the turn that decides, the turn the attacker wants, and which tokens
// the grammar allows in it. The way there is that of an agent that does what it is told.
// Not here: models of others, whose prompts are templates; what to do with the tokens (gradient.ts).
import { runEpisode } from '../../agent/run-episode.ts';
import { scriptedPolicy } from '../../agent/scripted.ts';
import type { Ids } from '../../policy/local/choose.ts';
import { constrainTurn, type Grammar, situate } from '../../policy/local/grammar.ts';
import { renderEpisode, renderTurn } from '../../policy/local/render.ts';
import { stageScenario } from '../../world/environment.ts';
import { type Attempt, applyAttack } from '../attack.ts';
import type { Target } from '../target.ts';

/** What is read, then what is wanted; `masks` are of the wanted tokens. */
export type Reading = {
  readonly read: readonly number[];
  readonly wanted: readonly number[];
  readonly masks: readonly Ids[];
};

/** The reading of a try; null where its text is not read, or the wanted turn is none that the policy could take. */
export async function readTry(grammar: Grammar, target: Target, attempt: Attempt): Promise<Reading | null> {
  const { tokenizer } = grammar;
  const scenario = applyAttack(target, attempt, target.scenario.id);
  const stage = stageScenario(scenario);
  const script = target.channel === 'user' || target.channel === 'approval' ? 'comply' : 'compromised';
  const { episode } = await runEpisode(scriptedPolicy(script, scenario), stage, {
    ...{ seed: scenario.seed, member: 0, index: 0 },
  });
  const texts = attempt.pieces.map(({ text }) => text);
  const isRead = (text: string): boolean => texts.some((one) => text.includes(one));
  const last =
    target.channel === 'user'
      ? -1
      : episode.steps.findIndex(({ observation }) => 'text' in observation && isRead(observation.text));
  const wanted = episode.steps[last + 1];
  if (wanted === undefined || (last < 0 && target.channel !== 'user')) return null;
  const before = renderEpisode(tokenizer, stage.tools, scenario.request, episode.steps.slice(0, last + 1));
  const said = { texts: [scenario.request, ...texts] };
  const turn = renderTurn(tokenizer, stage.tools, wanted.think, wanted.action, said);
  const masks = allowTurn(grammar, stage.tools, before, turn);
  return masks === null ? null : { read: before.tokens, wanted: turn, masks };
}

/** What was allowed at each token of a turn; null where the turn leaves the grammar. */
function allowTurn(
  grammar: Grammar,
  tools: Parameters<typeof situate>[1],
  before: Parameters<typeof situate>[2],
  turn: readonly number[],
): readonly Ids[] | null {
  const constraint = constrainTurn(grammar, situate(grammar.tokenizer, tools, before), null);
  const masks: Ids[] = [];
  for (const token of turn) {
    const allowed = constraint.allowed();
    if (allowed === null || !allowed.includes(token)) return null;
    masks.push(allowed);
    constraint.accept(token);
  }
  return masks;
}
