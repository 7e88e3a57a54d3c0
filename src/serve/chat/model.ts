// What a served model makes of a conversation: the tokens before the answer, and the answer's tokens as text and calls.
// Two kinds: models of others, by their own chat template and call format; policies of this project, whose protocol has no
// system prompt (it is passed over), one call a turn, and checks, which become calls of the tool request_user_approval.

import { type Action, callSchema } from '../../episode/action.ts';
import type { ToolSchema } from '../../episode/episode.ts';
import { detectFormat, REPLY_MARKS, type ReplyPart, readReply } from '../../policy/local/native.ts';
import { readTurn, renderObservation, renderPrompt, renderTurn } from '../../policy/local/render.ts';
import type { ChatTemplate, TemplateMessage } from '../../policy/local/template.ts';
import type { Tokenizer } from '../../policy/local/tokenizer.ts';
import { readStream, type Vocabulary } from '../../policy/local/vocabulary.ts';
import type { Ending, Job } from './engine.ts';
import { type ChatMessage, type ChatRequest, listStops, offeredTools, RequestError } from './request.ts';

export type Finish = 'stop' | 'length' | 'tool_calls';

/** Reads one answer. */
export type AnswerReader = {
  /** `done`: the answer was cut by a stop text, and nothing more is wanted. */
  push(token: number): { readonly parts: readonly ReplyPart[]; readonly done: boolean };
  end(ending: Ending): { readonly parts: readonly ReplyPart[]; readonly finish: Finish };
};

/** A conversation made ready. */
export type Prepared = Pick<Job, 'tokens' | 'ends' | 'turn'> & {
  /** Most tokens of an answer, whatever the caller allows. */
  readonly longest: number;
  read(): AnswerReader;
};

export type ChatModel = {
  /** Throws RequestError for a conversation this model cannot be shown. */
  prepare(request: ChatRequest): Prepared;
  /** What a token stands for, as log-probabilities tell it. */
  spell(token: number): { readonly token: string; readonly bytes: readonly number[] | null };
  /** Ids from here on are never drawn. */
  readonly limit: number;
};

// ---- models of others

export type ForeignOptions = {
  readonly vocabulary: Vocabulary;
  readonly template: ChatTemplate;
  /** Tokens that end an answer. */
  readonly ends: readonly number[];
};

/** A model of others. */
export function foreignModel({ vocabulary, template, ends }: ForeignOptions): ChatModel {
  const format = detectFormat(template.source);
  return {
    limit: vocabulary.size,
    prepare(request) {
      const tools = offeredTools(request);
      const input = {
        messages: request.messages.map((message) => toTemplate(message, template.source)),
        ...(tools.length > 0 ? { tools: tools.map(dropNulls) } : {}),
        ...(request.chat_template_kwargs ? { extra: request.chat_template_kwargs } : {}),
      };
      const shown = attempt(() => template.show(input));
      const thinking = /<think>\s*$/.test(shown);
      return {
        tokens: attempt(() => template.render(input)),
        ends,
        turn: null,
        longest: Number.POSITIVE_INFINITY,
        read: () => readForeign(vocabulary, ends, request, readReply(format, { thinking, calls: tools.length > 0 })),
      };
    },
    spell(token) {
      const text = vocabulary.decode([token], { special: true });
      return { token: text, bytes: text.includes('\uFFFD') ? null : [...new TextEncoder().encode(text)] };
    },
  };
}

/** What a template refuses is the caller's to mend. */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new RequestError(error instanceof Error ? error.message : String(error), 'messages');
  }
}

/** A thought is shown to a template in the way it reads one, and left out where it reads none. */
function toTemplate(message: ChatMessage, source: string): TemplateMessage {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: message.content };
    case 'user':
      return message;
    case 'tool':
      return message;
    case 'assistant': {
      const { content, reasoning_content: thought, tool_calls: calls } = message;
      const apart = source.includes('reasoning_content');
      return {
        role: 'assistant',
        content:
          thought && !apart && source.includes('</think>') ? `<think>\n${thought}\n</think>\n\n${content}` : content,
        ...(thought && apart ? { reasoning_content: thought } : {}),
        ...(calls && calls.length > 0 ? { tool_calls: calls } : {}),
      };
    }
  }
}

const dropNulls = (tool: NonNullable<ChatRequest['tools']>[number]) => {
  const { name, description, parameters } = tool.function;
  return {
    type: tool.type,
    function: { name, ...(description == null ? {} : { description }), ...(parameters == null ? {} : { parameters }) },
  };
};

function readForeign(
  vocabulary: Vocabulary,
  ends: readonly number[],
  request: ChatRequest,
  reply: ReturnType<typeof readReply>,
): AnswerReader {
  const stream = readStream((ids) => vocabulary.decode(ids));
  const marks = new Map(vocabulary.marks.map(({ id, content }) => [id, content]));
  const spell = (token: number): string => {
    const mark = marks.get(token);
    return mark !== undefined && REPLY_MARKS.includes(mark) ? stream.end() + mark : stream.push(token);
  };
  const cutter = cutAt(listStops(request));
  let called = false;
  const keep = (parts: readonly ReplyPart[]): ReplyPart[] =>
    parts.filter((part) => {
      if (part.kind !== 'call') return true;
      const wanted = !called || request.parallel_tool_calls !== false;
      called = true;
      return wanted;
    });
  return {
    push(token) {
      if (ends.includes(token)) return { parts: [], done: false };
      const { text, done } = cutter.push(spell(token));
      return { parts: keep(reply.push(text)), done };
    },
    end(ending) {
      const rest = cutter.push(stream.end());
      const parts = keep([...reply.push(rest.text + (rest.done ? '' : cutter.end())), ...reply.end()]);
      return { parts, finish: called ? 'tool_calls' : ending === 'length' && !cutter.isCut() ? 'length' : 'stop' };
    },
  };
}

/** Lets text pass up to the first stop text, holding back what may be the beginning of one. */
function cutAt(stops: readonly string[]) {
  let held = '';
  let cut = false;
  return {
    push(text: string): { readonly text: string; readonly done: boolean } {
      if (cut) return { text: '', done: true };
      held += text;
      const found = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
      if (found.length > 0) {
        cut = true;
        return { text: held.slice(0, Math.min(...found)), done: true };
      }
      let safe = held.length;
      for (const stop of stops)
        for (let length = 1; length < stop.length; length++)
          if (held.endsWith(stop.slice(0, length))) safe = Math.min(safe, held.length - length);
      const passed = held.slice(0, safe);
      held = held.slice(safe);
      return { text: passed, done: false };
    },
    end: (): string => (cut ? '' : held),
    isCut: (): boolean => cut,
  };
}

// ---- policies of this project

/** The tool by which a policy asks the user; more underscores where a tool of the task has its name. */
const CHECK = /^request_user_approval_*$/;

/** As many tokens as a turn is given in training. */
const TURN_TOKENS = 96;

/** A policy of this project. */
export function ownModel(tokenizer: Tokenizer): ChatModel {
  return {
    limit: tokenizer.size,
    prepare(request) {
      if (listStops(request).length > 0)
        throw new RequestError('stop: not for this model, whose turns end by grammar', 'stop');
      const offered = offeredTools(request);
      const check = offered.find(({ function: { name } }) => CHECK.test(name))?.function.name ?? null;
      const tools = offered.filter(({ function: { name } }) => name !== check).map(toSchema);
      const { tokens, own } = renderConversation(tokenizer, tools, request.messages, check);
      return {
        tokens,
        ends: [],
        turn: { tools, own },
        longest: TURN_TOKENS,
        read: () => readOwn(tokenizer, tools, check),
      };
    },
    spell(token) {
      const bytes = tokenizer.bytesOf(token);
      return { token: tokenizer.decode([token]), bytes: bytes && [...bytes] };
    },
  };
}

const toSchema = ({
  function: { name, description, parameters },
}: NonNullable<ChatRequest['tools']>[number]): ToolSchema => {
  const { properties, required } = (parameters ?? {}) as { readonly properties?: unknown; readonly required?: unknown };
  const object = typeof properties === 'object' && properties !== null ? properties : {};
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'object' || value === null || typeof (value as { type?: unknown }).type !== 'string')
      throw new RequestError(`tools: ${name}: ${key}: expected a schema with one type`, 'tools');
  }
  return {
    name,
    description: description ?? '',
    parameters: {
      type: 'object',
      properties: object as ToolSchema['parameters']['properties'],
      required: Array.isArray(required) ? required.filter((key): key is string => typeof key === 'string') : [],
    },
  };
};

/** The conversation as the policy would have lived it, and which of its tokens are its own. */
function renderConversation(
  tokenizer: Tokenizer,
  tools: readonly ToolSchema[],
  messages: readonly ChatMessage[],
  check: string | null,
): { readonly tokens: readonly number[]; readonly own: readonly boolean[] } {
  const tokens: number[] = [];
  const own: boolean[] = [];
  const add = (more: readonly number[], mine: boolean): void => {
    for (const token of more) {
      tokens.push(token);
      own.push(mine);
    }
  };
  let asked: string | null = null;
  const texts: string[] = [];
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') continue;
    if (tokens.length === 0 && message.role !== 'user')
      throw new RequestError(`messages: the first is of ${message.role}, expected the user's request`, 'messages');
    switch (message.role) {
      case 'user': {
        const { content } = message;
        texts.push(content);
        add(
          tokens.length === 0
            ? renderPrompt(tokenizer, tools, content)
            : renderObservation(tokenizer, { kind: 'message', text: content }),
          false,
        );
        break;
      }
      case 'assistant': {
        const { think, action } = readAssistant(message, check);
        asked = action.kind === 'check' ? (message.tool_calls?.[0]?.id ?? null) : null;
        add(
          attempt(() => renderTurn(tokenizer, tools, think, action, { texts })),
          true,
        );
        break;
      }
      case 'tool': {
        const approved = /^\s*(approved|yes|true|1)\b/i.test(message.content);
        const answer = message.tool_call_id === asked;
        const observation = answer
          ? ({ kind: 'answer', approved } as const)
          : ({ kind: 'result', text: message.content } as const);
        if (!answer) texts.push(message.content);
        add(renderObservation(tokenizer, observation), false);
        break;
      }
    }
  }
  if (tokens.length === 0) throw new RequestError("messages: expected the user's request", 'messages');
  return { tokens, own };
}

type Assistant = Extract<ChatMessage, { role: 'assistant' }>;

function readAssistant(
  message: Assistant,
  check: string | null,
): { readonly think: string | null; readonly action: Action } {
  const calls = message.tool_calls ?? [];
  if (calls.length > 1) throw new RequestError('messages: more than one call in a turn', 'messages');
  const [call] = calls;
  const thought = message.reasoning_content ?? (call && message.content !== '' ? message.content : null);
  if (!call) return { think: thought, action: { kind: 'final', text: message.content } };
  const { name, arguments: values } = call.function;
  if (name !== check) return { think: thought, action: { kind: 'call', call: { name, arguments: values } } };
  const asked = callSchema.safeParse(values);
  if (!asked.success) throw new RequestError(`messages: ${name} names no call`, 'messages');
  return { think: thought, action: { kind: 'check', call: asked.data } };
}

/** A turn is known when it ends; then its thought, and its call or text. */
function readOwn(tokenizer: Tokenizer, tools: readonly ToolSchema[], check: string | null): AnswerReader {
  const tokens: number[] = [];
  return {
    push(token) {
      tokens.push(token);
      return { parts: [], done: false };
    },
    end(ending) {
      const { think, action } = readTurn(tokenizer, tools, tokens);
      const thought = (kind: 'content' | 'reasoning'): ReplyPart[] => (think ? [{ kind, text: think }] : []);
      switch (action.kind) {
        // Callers send back what an assistant said beside a call, but not what it reasoned: the policy reads its own thoughts.
        case 'call':
          return { parts: [...thought('content'), action], finish: 'tool_calls' };
        case 'check':
          if (check !== null) {
            const { name, arguments: values } = action.call;
            const call = { name: check, arguments: { name, arguments: values } };
            return { parts: [...thought('content'), { kind: 'call', call }], finish: 'tool_calls' };
          }
          return {
            parts: [...thought('reasoning'), { kind: 'content', text: `May I call ${JSON.stringify(action.call)}?` }],
            finish: 'stop',
          };
        case 'final':
          return { parts: [...thought('reasoning'), { kind: 'content', text: action.text }], finish: 'stop' };
        case 'malformed':
          return { parts: [{ kind: 'content', text: action.text }], finish: ending === 'length' ? 'length' : 'stop' };
      }
    },
  };
}
