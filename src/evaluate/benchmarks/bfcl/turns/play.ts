// A conversation of BFCL held with a chat model, as the official harness holds it: each turn goes on until an answer without
// a call, at most twenty steps; results are those of the simulated world.
// Source: bfcl_eval/model_handler/base_handler.py (inference_multi_turn_FC).
import type { Chat } from '../../../../agent/chat.ts';
import type { Message as GuardMessage } from '../../../../guard/conversation.ts';
import type { Guard } from '../../../../guard/guard.ts';
import type { ChatMessage, ChatTool } from '../../../../policy/remote/message.ts';
import { writeCall } from '../../converse.ts';
import type { Line } from '../../row.ts';
import type { FunctionDoc } from '../data.ts';
import { type AskMode, readChatCall, toCall } from '../play.ts';
import type { Py } from '../python/value.ts';
import { toTool } from '../tools.ts';
import type { TurnsAnswer } from './check.ts';
import { type Conversation, readTurnCall } from './data.ts';
import { openShared, openWorld, type TurnCall } from './execute.ts';
import { playPrompted, sayPrompted } from './prompt.ts';
import { MORE, MOST_STEPS, REFUSED, type Steps, say, type Talk } from './talk.ts';

export type Held = {
  /** Null: the conversation became longer than the model takes. */
  readonly answer: TurnsAnswer | null;
  readonly held: number;
  readonly transcript: readonly Line[];
};

/** Holds a conversation. `functions` are those of its classes. A run that does not end is broken off, its turns too few. */
export async function holdConversation(
  { chat, guard, mode }: { readonly chat: Chat; readonly guard: Guard | null; readonly mode: AskMode },
  conversation: Conversation,
  functions: readonly FunctionDoc[],
  long: ReadonlyMap<string, Py> | null,
  trial: number,
): Promise<Held> {
  const world = openWorld(conversation, openShared(long), 'model');
  const { id } = conversation;
  const talk: Talk = { id, chat, guard, world, messages: [], heard: [], lines: [], salt: String(trial), held: 0 };
  const answer: (readonly (readonly TurnCall[])[])[] = [];
  for (const [at, said] of conversation.turns.entries()) {
    const opening = conversation.missed.has(at) ? [{ role: 'user', content: MORE }] : said;
    say(talk, mode === 'prompt' ? sayPrompted(conversation, functions, at) : opening);
    const steps = await (mode === 'prompt'
      ? playPrompted(talk)
      : playTurn(talk, offerTools(conversation, functions, at)));
    if (steps === 'full') return { answer: null, held: talk.held, transcript: talk.lines };
    if (steps === 'endless') break;
    answer.push(steps);
  }
  return { answer, held: talk.held, transcript: talk.lines };
}

/** The functions on offer in a turn: those kept back come with theirs. */
function offerTools({ missed }: Conversation, functions: readonly FunctionDoc[], turn: number): readonly ChatTool[] {
  const later = [...missed].filter(([at]) => at > turn).flatMap(([, names]) => names);
  const offered = functions.filter(({ name }) => !later.includes(name));
  const kept = new Set([...missed.values()].flat());
  return offered.map((described) => ({ ...toTool(described, 'python', !kept.has(described.name)) }) as ChatTool);
}

async function playTurn(talk: Talk, tools: readonly ChatTool[]): Promise<Steps> {
  const steps: TurnCall[][] = [];
  while (steps.length <= MOST_STEPS) {
    const reply = await talk.chat.ask({ messages: talk.messages, tools }, talk.salt);
    if ('declined' in reply) {
      talk.lines.push({ role: 'assistant', text: `(${reply.declined}) ${reply.what}` });
      return reply.declined === 'length' ? 'full' : steps;
    }
    // Ids are this conversation's own: some servers give the same ones again.
    const calls = reply.calls.map((call, at) => ({ ...call, id: `call_${talk.messages.length}_${at}` }));
    talk.messages.push({ role: 'assistant', text: reply.text, calls });
    if (reply.text !== '') talk.lines.push({ role: 'assistant', text: reply.text });
    const read = calls.map(readChatCall);
    if (read.length === 0 || read.includes(null)) return steps;
    const step: TurnCall[] = [];
    for (const [at, call] of read.entries()) await carryOut(talk, tools, call, calls[at]!.id, step);
    steps.push(step);
  }
  return 'endless';
}

async function carryOut(
  talk: Talk,
  tools: readonly ChatTool[],
  call: Py,
  callId: string,
  step: TurnCall[],
): Promise<void> {
  const known = tools.map(({ name, description }) => ({ name, description }));
  const seen = talk.guard === null ? [] : toGuard(talk.messages.slice(0, -1));
  const judgement = await talk.guard?.judgeCall({ id: talk.id, tools: known, messages: seen }, toCall(call));
  const refused = judgement?.decision === 'refuse';
  const made = readTurnCall(call)!;
  const text = refused ? REFUSED : talk.world.run([made])[0]!;
  if (refused) talk.held++;
  else step.push(made);
  talk.messages.push({ role: 'tool', text, callId });
  talk.lines.push({ role: 'call', text: writeCall(toCall(call)) }, { role: 'tool', text });
}

function toGuard(messages: readonly ChatMessage[]): GuardMessage[] {
  const names = new Map<string, string>();
  return messages.map((message): GuardMessage => {
    if (message.role === 'tool')
      return { role: 'tool', text: message.text, tool: names.get(message.callId) ?? 'unknown' };
    if (message.role !== 'assistant') return message;
    for (const { id, name } of message.calls) names.set(id, name);
    const calls = message.calls.map((call) => toCall(readChatCall(call) ?? new Map([[call.name, new Map()]])));
    return { role: 'assistant', text: message.text, calls };
  });
}
