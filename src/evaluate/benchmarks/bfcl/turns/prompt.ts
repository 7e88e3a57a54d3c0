// A conversation of BFCL held in prompt mode, as the official harness holds it: calls are read from the model's text, their results
// go back as one message of the user's. A text without calls ends the turn.
// Source: bfcl_eval/model_handler/base_handler.py (inference_multi_turn_prompting).
import type { FunctionDoc } from '../data.ts';
import { decodeSteps, decodeText } from '../decode.ts';
import { cutThought, toCall } from '../play.ts';
import { openPrompt, writeSystem } from '../prompt.ts';
import { repr } from '../python/print.ts';
import { dictOf, type Py, PyError } from '../python/value.ts';
import type { Conversation } from './data.ts';
import { MORE, MOST_STEPS, REFUSED, type Steps, type Talk } from './talk.ts';

/** What the user says in a turn of prompt mode: the functions on offer first, those kept back in their turn. */
export function sayPrompted(
  { turns, missed }: Conversation,
  functions: readonly FunctionDoc[],
  turn: number,
): Conversation['turns'][number] {
  const kept = new Set([...missed.values()].flat());
  const late = missed.get(turn);
  const docs = late?.map((name): Py => functions.find((one) => one.name === name)?.raw ?? null) ?? [];
  const said = late === undefined ? turns[turn]! : [{ role: 'user', content: `${repr(docs)}\n${MORE}` }];
  if (turn > 0) return said;
  return openPrompt(
    said,
    writeSystem(
      functions.filter(({ name }) => !kept.has(name)),
      'python',
    ),
  );
}

/** One turn: steps until a text without calls. */
export async function playPrompted(talk: Talk): Promise<Steps> {
  const steps: string[][] = [];
  while (steps.length <= MOST_STEPS) {
    const reply = await talk.chat.ask({ messages: talk.messages, tools: [] }, talk.salt);
    if ('declined' in reply) {
      talk.lines.push({ role: 'assistant', text: `(${reply.declined}) ${reply.what}` });
      return reply.declined === 'length' ? 'full' : steps;
    }
    const text = cutThought(reply.text);
    talk.messages.push({ role: 'assistant', text, calls: [] });
    talk.lines.push({ role: 'assistant', text: reply.text });
    const calls = readSteps(text);
    if (calls === null) return steps;
    steps.push(await carryAll(talk, text, calls));
  }
  return 'endless';
}

type Step = { readonly source: string; readonly call: Py };

/** The calls of a text; null where there are none or it cannot be read. */
function readSteps(text: string): readonly Step[] | null {
  try {
    const sources = decodeSteps(text);
    const calls = decodeText(text, 'python') as readonly Py[];
    if (sources.length === 0 || (sources.length === 1 && sources[0] === '')) return null;
    return sources.map((source, at) => ({ source, call: calls[at]! }));
  } catch (error) {
    if (error instanceof PyError) return null;
    throw error;
  }
}

/** Carries out what the guard lets through and tells the model all results in one message. */
async function carryAll(talk: Talk, text: string, steps: readonly Step[]): Promise<string[]> {
  const passed: string[] = [];
  const results: Py[] = [];
  // Results come back in the user's name; a guard must know whose words they are.
  const seen = [...talk.heard];
  talk.heard.push({ role: 'assistant', text, calls: steps.map(({ call }) => toCall(call)) });
  for (const { source, call } of steps) {
    const judgement = await talk.guard?.judgeCall({ id: talk.id, tools: [], messages: seen }, toCall(call));
    const refused = judgement?.decision === 'refuse';
    const content = refused ? REFUSED : talk.world.run([source])[0]!;
    if (refused) talk.held++;
    else passed.push(source);
    results.push(dictOf({ role: 'tool', name: source, content }));
    talk.heard.push({ role: 'tool', text: content, tool: toCall(call).name });
    talk.lines.push({ role: 'call', text: source }, { role: 'tool', text: content });
  }
  talk.messages.push({ role: 'user', text: repr(results) });
  return passed;
}
