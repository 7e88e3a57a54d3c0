// A row of BFCL played by a policy, by function calls or in prompt mode: what it is offered, what it calls.
// A chat model is asked as the official harness asks it, all calls of an answer at once and its arguments as it wrote them.
// Any other policy speaks through its own protocol, one call a turn: there a number has no type but the declared one, and
// conversations cannot be held. Not here: judging (check.ts, turns/check.ts).
import type { Chat } from '../../../agent/chat.ts';
import type { Call, Json } from '../../../episode/action.ts';
import { InputError } from '../../../episode/input.ts';
import type { Message as GuardMessage } from '../../../guard/conversation.ts';
import type { Guard } from '../../../guard/guard.ts';
import type { Brief, Policy } from '../../../policy/policy.ts';
import type { ChatCall, ChatMessage, ChatTool } from '../../../policy/remote/message.ts';
import { converse, writeCall } from '../converse.ts';
import type { Line } from '../row.ts';
import { languageOf, scoringOf } from './categories.ts';
import { isFormed } from './check.ts';
import type { Message, SingleRow } from './data.ts';
import { decodeText } from './decode.ts';
import { openPrompt, writeSystem } from './prompt.ts';
import { loadJson, plainJson } from './python/json.ts';
import { type Py, type PyDict, PyError } from './python/value.ts';
import { bearingOf, scriptCalls } from './scripted.ts';
import { toTool } from './tools.ts';

/** How a chat model is asked: functions as tools of its API, or told in the prompt and called in plain text. */
export const ASK_MODES = ['functions', 'prompt'] as const;
export type AskMode = (typeof ASK_MODES)[number];

/** Who plays. */
export type Player = {
  readonly mode: AskMode;
  readonly name: string;
  readonly chat: Chat | null;
  readonly policy: Policy;
  readonly guard: Guard | null;
};

/** What a player answered. `calls` null: the row was longer than the model takes; `text`: what of prompt mode could not be read. */
export type Answered = {
  readonly calls: Py[] | null;
  readonly text?: string;
  /** Calls a guard did not let through. */
  readonly held: number;
  readonly transcript: readonly Line[];
};

/** Plays a single-turn row. `trial` and `index` as in a brief. */
export async function playRow(player: Player, row: SingleRow, trial: number, index: number): Promise<Answered> {
  const bearing = bearingOf(player.name);
  if (bearing !== null) return guardCalls(player.guard, row, scriptCalls(row, bearing), openLines(row.messages));
  if (player.chat !== null && player.mode === 'prompt') return askPlainly(player.chat, player.guard, row, trial);
  if (player.chat !== null) return askOnce(player.chat, player.guard, row, trial);
  return talkThrough(player, row, trial, index);
}

const openLines = (messages: readonly Message[]): Line[] =>
  messages.map(({ role, content }) => ({ role, text: content }));

const toolsOf = ({ functions, category }: SingleRow): readonly ChatTool[] =>
  functions.map((described) => ({ ...toTool(described, languageOf(category)) }) as ChatTool);

/** A message as a chat client takes it; a role it does not know is the user's. */
export function toChat({ role, content }: Message): ChatMessage {
  if (role === 'system') return { role, text: content };
  return role === 'assistant' ? { role, text: content, calls: [] } : { role: 'user', text: content };
}

async function askOnce(chat: Chat, guard: Guard | null, row: SingleRow, trial: number): Promise<Answered> {
  const lines = openLines(row.messages);
  const reply = await chat.ask({ messages: row.messages.map(toChat), tools: toolsOf(row) }, String(trial));
  if ('declined' in reply) {
    lines.push({ role: 'assistant', text: `(${reply.declined}) ${reply.what}` });
    return { calls: reply.declined === 'length' ? null : [], held: 0, transcript: lines };
  }
  if (reply.text !== '') lines.push({ role: 'assistant', text: reply.text });
  const calls = reply.calls.map(readChatCall);
  // One call that cannot be read spoils the answer, as the official decoder raises.
  if (calls.includes(null)) return { calls: [], held: 0, transcript: lines };
  return guardCalls(guard, row, calls as Py[], lines);
}

/** Prompt mode. What the decoder refuses, or reads into something else than calls, is judged as the text it is. */
async function askPlainly(chat: Chat, guard: Guard | null, row: SingleRow, trial: number): Promise<Answered> {
  const lines = openLines(row.messages);
  const prompt = openPrompt(row.messages, writeSystem(row.functions, languageOf(row.category)));
  const reply = await chat.ask({ messages: prompt.map(toChat), tools: [] }, String(trial));
  if ('declined' in reply) {
    lines.push({ role: 'assistant', text: `(${reply.declined}) ${reply.what}` });
    return { calls: reply.declined === 'length' ? null : [], held: 0, transcript: lines };
  }
  lines.push({ role: 'assistant', text: reply.text });
  const text = cutThought(reply.text);
  const calls = readCalls(text, row);
  return calls === null ? { calls: [], text, held: 0, transcript: lines } : guardCalls(guard, row, calls, lines);
}

/** What a model answered behind its thoughts, where it wrote them in its answer. */
export const cutThought = (text: string): string => text.split('</think>').at(-1)!;

function readCalls(text: string, row: SingleRow): Py[] | null {
  try {
    const calls = decodeText(text, languageOf(row.category));
    return isFormed(calls) ? [...calls] : null;
  } catch (error) {
    if (error instanceof PyError) return null;
    throw error;
  }
}

/** A call of a chat model as the checker takes it; null where its arguments are no JSON object. */
export function readChatCall({ name, arguments: text }: ChatCall): Py {
  try {
    const given = loadJson(text.trim() === '' ? '{}' : text, 'arguments');
    return given instanceof Map ? new Map([[name, given]]) : null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** A call as a guard sees it. */
export function toCall(call: Py): Call {
  const [[name, given]] = [...(call as PyDict)] as [[string, Py]];
  return { name, arguments: plainJson(given) as Call['arguments'] };
}

/** The calls a guard lets through. What it would ask about is what the user asked for, who says yes. */
async function guardCalls(guard: Guard | null, row: SingleRow, calls: Py[], lines: Line[]): Promise<Answered> {
  const passed: Py[] = [];
  const tools = guard === null ? [] : toolsOf(row).map(({ name, description }) => ({ name, description }));
  const messages = row.messages.map(
    ({ role, content }): GuardMessage => ({ role: role === 'system' ? role : 'user', text: content }),
  );
  for (const call of calls) {
    const judgement = await guard?.judgeCall({ id: row.id, tools, messages }, toCall(call));
    const refused = judgement?.decision === 'refuse';
    if (!refused) passed.push(call);
    const reasons = refused ? ` (guard: ${judgement.reasons.map(({ text }) => text).join('; ')})` : '';
    lines.push({ role: 'call', text: writeCall(toCall(call)) + reasons });
  }
  return { calls: passed, held: calls.length - passed.length, transcript: lines };
}

const DONE = 'done';
const MOST_CALLS = 20;

/** A policy of one call a turn: it goes on only where several calls are wanted. */
async function talkThrough({ policy, guard }: Player, row: SingleRow, trial: number, index: number): Promise<Answered> {
  const system = row.messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const rest = row.messages.filter(({ role }) => role !== 'system').map(({ content }) => content);
  const takes = policy.takes?.includes('system') === true && system.length > 0;
  const brief: Brief = {
    tools: row.functions.map((described) => toTool(described, languageOf(row.category))),
    request: [...(takes ? [] : system), ...rest].join('\n\n'),
    seed: trial,
    index,
    ...(takes ? { system: system.join('\n\n') } : {}),
  };
  const many = scoringOf(row.category) === 'parallel';
  const { calls, end, transcript } = await converse(policy, {
    id: row.id,
    brief,
    respond: () => ({ kind: 'result', text: DONE }),
    approve: () => true,
    guard,
    // One turn more than calls, for a policy that asks first.
    maxTurns: many ? MOST_CALLS : 2,
  });
  const made = calls.filter(({ ran }) => ran).map(({ call }) => typeCall(call, row));
  const shown = many ? made : made.slice(0, 1);
  return { calls: end === 'full' ? null : shown, held: calls.length - made.length, transcript };
}

/** A call whose numbers get the type the function declares, since JSON in this protocol has only one. */
function typeCall({ name, arguments: given }: Call, row: SingleRow): Py {
  const described = row.functions.find((one) => one.name.replaceAll('.', '_') === name);
  const entries = Object.entries(given).map(([key, value]): [string, Py] => {
    const parameter = described?.parameters.get(key);
    return [key, typeValue(value, parameter?.type === 'float', parameter?.items === 'float')];
  });
  return new Map<string, Py>([[name, new Map(entries)]]);
}

function typeValue(value: Json, float: boolean, items: boolean): Py {
  if (typeof value === 'number') return float || !Number.isSafeInteger(value) ? value : BigInt(value);
  if (Array.isArray(value)) return value.map((item: Json) => typeValue(item, items, items));
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, typeValue(item as Json, false, false)]));
}
