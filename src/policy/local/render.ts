// Episodes as tokens of the local model, and back. Tags and the words of thoughts are control tokens (thought.ts); all other
// text, whoever wrote it, is encoded as plain bytes and can never become one. Tools are shown by name, not as whole JSON Schemas: a model of a million
// parameters has a context of a few hundred tokens. Their parameters come with the grammar: a call spells them as it is made.
// Words begin with a blank wherever they stand (`" Anna"` in a call as in prose), so that a word is the same tokens
// everywhere, and a tool's name is shown with blanks for its underscores (`open note`), so that it is made of words too.
// Both are undone when a turn is read.
import type { Action, Call, Json } from '../../episode/action.ts';
import type { Observation, Step, ToolSchema } from '../../episode/episode.ts';
import type { Turn } from '../policy.ts';
import { parseTurn, type Segment, TAGS, type Tag, turnSegments } from '../protocol.ts';
import { type Deeds, findPointed, listPointers, markOf, pickPointer, splitName } from './pointing.ts';
import { decodeThought, encodeThought } from './thought.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A tag's token id. */
export function tagId(tokenizer: Tokenizer, tag: Tag): number {
  const id = tokenizer.specials.get(tag);
  if (id === undefined) throw new Error(`the tokenizer has no control token ${tag}`);
  return id;
}

/** A tool's name in words. */
export function showName(name: string): string {
  return ` ${name.replaceAll('_', ' ')}`;
}

/** The prompt: tools and request. */
export function renderPrompt(tokenizer: Tokenizer, tools: readonly ToolSchema[], request: string): number[] {
  return [
    tagId(tokenizer, '<|system|>'),
    ...listTools(tokenizer, tools),
    tagId(tokenizer, '<|user|>'),
    ...tokenizer.encode(` ${request}`),
    tagId(tokenizer, '<|assistant|>'),
  ];
}

/** The list of tools: names as they are, or, where tools are meant by words, their words after a mark. */
function listTools(tokenizer: Tokenizer, tools: readonly ToolSchema[]): number[] {
  const mark = markOf(tokenizer);
  if (mark === null) return tokenizer.encode(tools.map((tool) => showName(tool.name)).join(';'));
  return tools.flatMap(({ name }) => [mark, ...tokenizer.encode(` ${splitName(name).join(' ')}`)]);
}

/** How a call may name a tool: by its name, or by one of the words that mean it. */
export function listNames(tokenizer: Tokenizer, tools: readonly ToolSchema[], tool: ToolSchema): readonly string[] {
  if (markOf(tokenizer) === null) return [showName(tool.name)];
  return (listPointers(tools).get(tool)?.forms ?? []).map((word) => ` ${word}`);
}

/** What was said before a turn, by which a tool is named where words mean it; and words to prefer where none was said. */
export type Said = { readonly texts: readonly string[]; readonly deeds?: Deeds };
const NOTHING_SAID: Said = { texts: [] };

/** What the model reads of an observation. */
export function renderObservation(tokenizer: Tokenizer, observation: Observation): number[] {
  const wrap = (open: Tag, text: string, close: Tag) => [
    tagId(tokenizer, open),
    ...tokenizer.encode(text),
    tagId(tokenizer, close),
  ];
  const hear = (said: string | undefined) => (said === undefined ? [] : wrap('<|user|>', ` ${said}`, '<|assistant|>'));
  switch (observation.kind) {
    case 'result':
      return [...wrap('<tool_response>', ` ${observation.text}`, '</tool_response>'), ...hear(observation.said)];
    case 'error':
      return [...wrap('<tool_response>', ` error: ${observation.text}`, '</tool_response>'), ...hear(observation.said)];
    case 'answer':
      return [
        ...wrap('<tool_check_result>', observation.approved ? '1' : '0', '</tool_check_result>'),
        ...hear(observation.said),
      ];
    case 'message':
      return hear(observation.text);
    case 'end':
      return [];
  }
}

/** The pieces a call's JSON is made of; each is encoded by itself, so that token boundaries are piece boundaries. */
export type CallFrame = {
  readonly open: string;
  /** The JSON before each argument, and after the last. */
  readonly between: readonly string[];
  readonly kinds: readonly ('text' | 'number')[];
  readonly keys: readonly string[];
};

export const CALL_OPEN = '{"name":"';

/** JSON Schema types of arguments that the local policy can write; numbers are whole and not negative. */
const WRITABLE: ReadonlySet<string> = new Set(['string', 'integer', 'number']);

/** How calls of a tool are written. Only required parameters that are texts or numbers can be; others are left out. */
export function frameCall(tool: ToolSchema): CallFrame {
  const { properties, required } = tool.parameters;
  const entries = Object.entries(properties).filter(([key, { type }]) => required.includes(key) && WRITABLE.has(type));
  const kinds = entries.map(([, schema]) => (schema.type === 'string' ? 'text' : 'number') as 'text' | 'number');
  const quote = (at: number) => (kinds[at] === 'text' ? '"' : '');
  const between = entries.map(
    ([key], at) => `${at === 0 ? '","arguments":{' : `${quote(at - 1)},`}"${key}":${quote(at)}`,
  );
  const close = entries.length === 0 ? '","arguments":{}}' : `${quote(entries.length - 1)}}}`;
  return {
    open: CALL_OPEN,
    between: [...between, close],
    kinds,
    keys: entries.map(([key]) => key),
  };
}

/** A turn as tokens. Throws if it calls a tool that is not offered. */
export function renderTurn(
  tokenizer: Tokenizer,
  tools: readonly ToolSchema[],
  think: string | null,
  action: Action,
  said: Said = NOTHING_SAID,
): number[] {
  const call = action.kind === 'call' || action.kind === 'check' ? action.call : null;
  const segments = turnSegments(think, action);
  return segments.flatMap((segment, at) => {
    if ('tag' in segment) return [tagId(tokenizer, segment.tag)];
    const before = segments[at - 1];
    const thought = before !== undefined && 'tag' in before && before.tag === '<think>';
    if (thought) return encodeThought(tokenizer, segment.text);
    return call ? renderCall(tokenizer, tools, call, said) : tokenizer.encode(` ${segment.text}`);
  });
}

function renderCall(tokenizer: Tokenizer, tools: readonly ToolSchema[], call: Call, said: Said): number[] {
  const tool = tools.find((t) => t.name === call.name);
  if (!tool) throw new Error(`no tool ${call.name} is offered`);
  const { open, between, kinds, keys } = frameCall(tool);
  const values = keys.map((key, at) => renderValue(call.arguments[key], kinds[at] ?? 'text'));
  const pieces = between.flatMap((piece, at) => (at < values.length ? [piece, values[at] ?? ''] : [piece]));
  const name =
    markOf(tokenizer) === null ? showName(tool.name) : ` ${pickPointer(tools, tool, said.texts, said.deeds)}`;
  return [open, name, ...pieces].flatMap((piece) => tokenizer.encode(piece));
}

function renderValue(value: Json | undefined, kind: 'text' | 'number'): string {
  return kind === 'number' ? String(value) : JSON.stringify(` ${String(value)}`).slice(1, -1);
}

/** Reads a turn from the model's own tokens. A name that is no offered tool's stays as it was written. */
export function readTurn(tokenizer: Tokenizer, tools: readonly ToolSchema[], tokens: readonly number[]): Turn {
  const turn = parseTurn(toSegments(tokenizer, tokens));
  const { action } = turn;
  return action.kind === 'call' || action.kind === 'check'
    ? { ...turn, action: { kind: action.kind, call: readCall(tools, action.call) } }
    : turn;
}

function readCall(tools: readonly ToolSchema[], call: Call): Call {
  const meant = tools.find((tool) => showName(tool.name) === call.name) ?? findPointed(tools, call.name.slice(1));
  const name = meant?.name ?? call.name;
  const trimmed = Object.entries(call.arguments).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.trim() : value,
  ]);
  return { name, arguments: Object.fromEntries(trimmed) };
}

const tagTables = new WeakMap<Tokenizer, ReadonlyMap<number, Tag>>();

/** The tags by their ids. */
function tagsOf(tokenizer: Tokenizer): ReadonlyMap<number, Tag> {
  const known = tagTables.get(tokenizer);
  if (known) return known;
  const table = new Map(
    TAGS.flatMap((tag) => {
      const id = tokenizer.specials.get(tag);
      return id === undefined ? [] : [[id, tag] as const];
    }),
  );
  tagTables.set(tokenizer, table);
  return table;
}

function toSegments(tokenizer: Tokenizer, tokens: readonly number[]): Segment[] {
  const tags = tagsOf(tokenizer);
  const segments: Segment[] = [];
  let text: number[] = [];
  const flush = () => {
    if (text.length > 0) segments.push({ text: decodeThought(tokenizer, text) });
    text = [];
  };
  for (const token of tokens) {
    const tag = tags.get(token);
    if (tag === undefined) text.push(token);
    else {
      flush();
      segments.push({ tag });
    }
  }
  flush();
  return segments;
}

/** An episode as one sequence of tokens, and which of them are the policy's own. */
export type Sequence = { readonly tokens: readonly number[]; readonly own: readonly boolean[] };

/** Renders a recorded episode: what the policy would have read and written. */
export function renderEpisode(
  tokenizer: Tokenizer,
  tools: readonly ToolSchema[],
  request: string,
  steps: readonly Step[],
  deeds?: Deeds,
): Sequence {
  const tokens = renderPrompt(tokenizer, tools, request);
  const own = tokens.map(() => false);
  const add = (more: readonly number[], mine: boolean) => {
    for (const token of more) {
      tokens.push(token);
      own.push(mine);
    }
  };
  const texts = [request];
  for (const step of steps) {
    add(renderTurn(tokenizer, tools, step.think, step.action, { texts, ...(deeds ? { deeds } : {}) }), true);
    add(renderObservation(tokenizer, step.observation), false);
    if (step.observation.kind === 'result') texts.push(step.observation.text);
  }
  return { tokens, own };
}
