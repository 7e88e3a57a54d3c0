// A user's text in the form of what only a model or the harness writes. Not here: tools' texts in such a form (directive.ts).
import type { Effect } from '../safety/taxonomy.ts';
import type { Finding } from './destination.ts';
import { isConsequential } from './effects.ts';
import type { View } from './view.ts';

/** What only a model's own turn or the harness writes: thoughts, calls, results, checks, turns. */
const STRUCTURE =
  /<\/?(?:think|thinking|tool_?calls?|tool_?responses?|tool_?results?|tool_check_results?|function_?calls?|im_start|im_end)\b[^<>]{0,60}>|<\|[\w ]{1,30}\|>|<<\/?sys>>|\[\/?inst\]/;

/** A user's text in the form of the agent's own thoughts, calls or results is no plain wish: what would change something is asked about. */
export function judgeForged(view: View, effects: readonly Effect[]): readonly Finding[] {
  if (!isConsequential(effects)) return [];
  const forged = view.user.find(({ digest }) => STRUCTURE.test(digest.folded.text));
  if (forged === undefined) return [];
  const text = 'the user\u2019s text holds signs of a model\u2019s own thoughts, calls or results';
  return [{ channel: 'user', mode: 'sensitive', source: 'structure', text }];
}
