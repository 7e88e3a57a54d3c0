// The text protocol of a turn (arXiv 2507.08270, section 3): a thought, then one call, one check or a final text.
//   <think>…</think> then <tool_call>{"name":…,"arguments":…}</tool_call> | <tool_check>{…}</tool_check> | text
// A check names the exact call it asks about, so that the answer can be bound to it.
// Parsing works on segments: only a tag segment is control, so text that looks like a tag stays text. Where segments come
// from decides what can be forged: the local policy makes them from control-token ids, a remote one from its own output.

import { type Action, type Call, callSchema } from '../episode/action.ts';
import { DECISIONS, type Decision } from '../safety/taxonomy.ts';
import type { Turn } from './policy.ts';

/** The tags of the protocol, and the marks that separate speakers. All are control tokens of the local tokenizer. */
export const TAGS = [
  '<|pad|>',
  '<|end|>',
  '<|system|>',
  '<|user|>',
  '<|assistant|>',
  '<think>',
  '</think>',
  '<tool_call>',
  '</tool_call>',
  '<tool_check>',
  '</tool_check>',
  '<tool_response>',
  '</tool_response>',
  '<tool_check_result>',
  '</tool_check_result>',
] as const;
export type Tag = (typeof TAGS)[number];

/** The end-of-turn token, the paper's EOS. */
export const END: Tag = '<|end|>';

export type Segment = { readonly tag: Tag } | { readonly text: string };

/** A turn as segments: what a policy has to produce. */
export function turnSegments(think: string | null, action: Action): readonly Segment[] {
  const thought: Segment[] = think === null ? [] : [{ tag: '<think>' }, { text: think }, { tag: '</think>' }];
  return [...thought, ...actionSegments(action), { tag: END }];
}

function actionSegments(action: Action): readonly Segment[] {
  switch (action.kind) {
    case 'call':
      return [{ tag: '<tool_call>' }, { text: writeCall(action.call) }, { tag: '</tool_call>' }];
    case 'check':
      return [{ tag: '<tool_check>' }, { text: writeCall(action.call) }, { tag: '</tool_check>' }];
    case 'final':
    case 'malformed':
      return [{ text: action.text }];
  }
}

/** A call as JSON in which no tag can be read: an argument that spells one has its bracket written as `\u003c`. */
function writeCall(call: Call): string {
  return JSON.stringify(call).replace(ALL_TAGS, (tag) => `\\u003c${tag.slice(1)}`);
}

/** Segments as text, for reading and for remote policies. */
export function segmentText(segments: readonly Segment[]): string {
  return segments.map((s) => ('tag' in s ? s.tag : s.text)).join('');
}

const TAG_PATTERN = new RegExp(`(${TAGS.map((t) => t.replace(/[|/]/g, '\\$&')).join('|')})`);
const ALL_TAGS = new RegExp(TAG_PATTERN.source, 'g');

/** Splits a policy's own output into segments. Never use it on text of tools or users. */
export function splitTags(text: string): readonly Segment[] {
  return text
    .split(TAG_PATTERN)
    .filter((part) => part !== '')
    .map((part) => (isTag(part) ? { tag: part } : { text: part }));
}

const isTag = (part: string): part is Tag => (TAGS as readonly string[]).includes(part);

/**
 * Defuses tags in text that did not come from the policy, for remote models whose tokenizer might read them as control:
 * the opening bracket of every tag becomes `&lt;`. Everything else stays as it is.
 */
export function escapeTags(text: string): string {
  return text.replace(ALL_TAGS, (tag) => `&lt;${tag.slice(1)}`);
}

/** Reads a turn from segments. Anything that breaks the protocol gives a `malformed` action with the reason. */
export function parseTurn(segments: readonly Segment[]): Turn {
  const text = segmentText(segments);
  const rest = [...segments];
  const think = takeThink(rest);
  const last = rest.at(-1);
  const ended = last !== undefined && 'tag' in last && last.tag === END;
  if (ended) rest.pop();
  return {
    think,
    decision: think === null ? null : statedDecision(think),
    action: parseAction(rest, text),
    ended,
    text,
  };
}

/** Removes a leading `<think>text</think>` and returns its text, or null where there is none. */
function takeThink(rest: Segment[]): string | null {
  // Blank text before the thought is layout, as it is around the action.
  if (rest[0] !== undefined && 'text' in rest[0] && rest[0].text.trim() === '') rest.shift();
  const [open, body, close] = rest;
  if (!isTagged(open, '<think>')) return null;
  if (isTagged(body, '</think>')) {
    rest.splice(0, 2);
    return '';
  }
  if (body === undefined || !('text' in body) || !isTagged(close, '</think>')) return null;
  rest.splice(0, 3);
  return body.text.trim();
}

const isTagged = (segment: Segment | undefined, tag: Tag): boolean =>
  segment !== undefined && 'tag' in segment && segment.tag === tag;

/** The decision a thought ends with, or null. */
export function statedDecision(think: string): Decision | null {
  const last = think.trim().split(/\s+/).at(-1);
  return DECISIONS.find((decision) => decision === last) ?? null;
}

function parseAction(rest: readonly Segment[], text: string): Action {
  const malformed = (reason: string): Action => ({ kind: 'malformed', text, reason });
  // Blank text around the action is layout, not content.
  const parts = rest.filter((s) => 'tag' in s || s.text.trim() !== '');
  const [first, body, close] = parts;
  if (first === undefined) return malformed('an empty turn');
  if ('text' in first) {
    return parts.length === 1 ? { kind: 'final', text: first.text.trim() } : malformed('text mixed with tags');
  }
  const kind = first.tag === '<tool_call>' ? 'call' : first.tag === '<tool_check>' ? 'check' : null;
  if (kind === null) return malformed(`an unexpected ${first.tag}`);
  if (body === undefined || !('text' in body)) return malformed(`nothing inside ${first.tag}`);
  const closing: Tag = kind === 'call' ? '</tool_call>' : '</tool_check>';
  if (!isTagged(close, closing) || parts.length !== 3)
    return malformed(`${first.tag} must end with ${closing} and stand alone`);
  const call = parseCall(body.text);
  return typeof call === 'string' ? malformed(call) : { kind, call };
}

/** Reads one call from JSON text; a string says what is wrong. */
export function parseCall(text: string): Call | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'a call that is not JSON';
  }
  const parsed = callSchema.safeParse(value);
  return parsed.success ? parsed.data : 'a call without a name and an object of arguments';
}
