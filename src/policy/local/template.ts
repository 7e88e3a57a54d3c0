// Conversations as tokens of a model, by its own chat template (Jinja, rendered by Hugging Face's library).
// What a message says can never become a control token: their names are broken with a sign that no text has before the
// template sees them, and mended when the pieces between the template's own control tokens are encoded.
// Not here: what a model answers (native.ts); the template of our own models (layout.ts) is only for
// other programs.
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { REPLY_MARKS } from './native.ts';
import { encodeMarked, markPattern, type Vocabulary } from './vocabulary.ts';

/** A message as chat templates know it. `arguments` of calls is an object. */
export type TemplateMessage = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly reasoning_content?: string;
  readonly name?: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id?: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: Json };
  }[];
};

export type TemplateInput = {
  readonly messages: readonly TemplateMessage[];
  /** Tools as OpenAI writes them. */
  readonly tools?: readonly Json[];
  /** Whether the assistant's next turn is begun. Default true. */
  readonly begin?: boolean;
  /** Other variables of the template, such as enable_thinking. */
  readonly extra?: { readonly [name: string]: Json };
};

export type ChatTemplate = {
  readonly source: string;
  /** The conversation as text with control tokens spelled out, for reading. Throws InputError if the template refuses it. */
  show(input: TemplateInput): string;
  /** The conversation as tokens. Throws InputError if the template refuses it. */
  render(input: TemplateInput): number[];
  /**
   * The tokens after the content of the first message of the assistant, whatever that is: what a conversation goes on with
   * once the assistant has spoken, while its own tokens stay as they were sampled. Throws InputError as `render`.
   */
  renderRest(input: TemplateInput): number[];
};

const namedToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const settingsSchema = z.looseObject({
  bos_token: namedToken.nullish(),
  eos_token: namedToken.nullish(),
  pad_token: namedToken.nullish(),
  unk_token: namedToken.nullish(),
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
});

/** A sign that is no character of any text: names of control tokens are broken with it. */
const BREAK = '\uFDD0';
/** Stands for what the assistant said. Whoever else writes it comes later in the conversation. */
const SPOKEN = '\uFDD1';

/** The template of a model's files; null if it has none. Throws InputError for one that cannot be read. */
export function readTemplate(
  files: ReadonlyMap<string, Uint8Array>,
  vocabulary: Vocabulary,
  where: string,
): ChatTemplate | null {
  const text = (name: string) => (files.has(name) ? new TextDecoder().decode(files.get(name)) : undefined);
  const file = 'tokenizer_config.json';
  const settings = checkInput(settingsSchema, parseJson(text(file) ?? '{}', file), `${where}/${file}`);
  const source = text('chat_template.jinja') ?? pickTemplate(settings.chat_template);
  if (source === null) return null;
  const tokens = Object.fromEntries(
    (['bos_token', 'eos_token', 'pad_token', 'unk_token'] as const).map((name) => [name, settings[name] ?? '']),
  );
  return makeTemplate(source, vocabulary, tokens, where);
}

function pickTemplate(given: z.infer<typeof settingsSchema>['chat_template']): string | null {
  if (typeof given === 'string' || given == null) return given ?? null;
  return (
    (given.find(({ name }) => name === 'tool_use') ?? given.find(({ name }) => name === 'default'))?.template ?? null
  );
}

function makeTemplate(
  source: string,
  vocabulary: Vocabulary,
  tokens: { readonly [name: string]: string },
  where: string,
): ChatTemplate {
  const template = compile(source, where);
  const { special, every } = breakers(vocabulary);
  const write = ({ messages, tools, begin = true, extra = {} }: TemplateInput): string => {
    const variables = {
      ...tokens,
      ...extra,
      messages: messages.map((message) => breakMessage(message, message.role === 'assistant' ? special : every)),
      tools: tools && tools.length > 0 ? tools.map((tool) => breakDeep(tool, every)) : null,
      add_generation_prompt: begin,
    };
    try {
      return template.render(variables);
    } catch (error) {
      throw new InputError('chat template', error instanceof Error ? error.message : String(error));
    }
  };
  return {
    source,
    show: (input) => mend(write(input)),
    render: (input) => encodeMarked(vocabulary, write(input), mend),
    renderRest(input) {
      const at = input.messages.findIndex(({ role }) => role === 'assistant');
      const messages = input.messages.map((message, index) =>
        index === at ? { role: message.role, content: SPOKEN } : message,
      );
      const text = write({ ...input, messages });
      const from = text.indexOf(SPOKEN);
      if (from < 0) throw new InputError('chat template', 'leaves out what an assistant said before a further message');
      return encodeMarked(vocabulary, text.slice(from + SPOKEN.length), mend);
    },
  };
}

function compile(source: string, where: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    throw new InputError(where, `chat_template: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Two ways to break names of control tokens: all of them; and, for what the model itself said, only the special ones that
 * do not mark its thoughts and calls.
 */
function breakers(vocabulary: Vocabulary) {
  const breaker = (marks: Vocabulary['marks']) => {
    // A name of one sign cannot be broken; such are pieces of text, as some tokenizers list them.
    const pattern = markPattern({ marks: marks.filter(({ content }) => content.length > 1) });
    return (text: string): string => {
      let broken = text.replaceAll(BREAK, BREAK + BREAK);
      // Names may overlap: breaking one can leave another whole.
      while (broken.search(pattern) >= 0) broken = broken.replace(pattern, (name) => name[0] + BREAK + name.slice(1));
      return broken;
    };
  };
  return {
    every: breaker(vocabulary.marks),
    special: breaker(vocabulary.marks.filter(({ special, content }) => special && !REPLY_MARKS.includes(content))),
  };
}

const mend = (piece: string): string =>
  piece.replace(/\uFDD0\uFDD0|\uFDD0/g, (found) => (found.length === 2 ? BREAK : ''));

type Breaker = (text: string) => string;

function breakMessage(message: TemplateMessage, broken: Breaker): TemplateMessage {
  return breakDeep(message as unknown as Json, broken) as unknown as TemplateMessage;
}

/** Breaks every text in a value, keys included: a tool's description and its parameters' names are from outside too. */
function breakDeep(value: Json, broken: Breaker): Json {
  if (typeof value === 'string') return broken(value);
  if (Array.isArray(value)) return value.map((item) => breakDeep(item as Json, broken));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [broken(key), breakDeep(item as Json, broken)]));
}
