// How our own models read a conversation, as a chat template for other programs.
// Not used here: render.ts does the same with tokens, and keeps text from outside apart from control tokens.
import { TAGS } from '../protocol.ts';
import { markOf } from './pointing.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The chat template saved with our own models: what render.ts does, for other programs. They read control tokens out of any
 * text, a tool's included; only this project's own rendering keeps the two apart.
 */
export const LAYOUT = [
  "<|system|>{%- for tool in tools or [] %}{{ '' if loop.first else ';' }} {{ tool.function.name | replace('_', ' ') }}{% endfor -%}",
  '{%- for message in messages -%}',
  "{%- if message.role == 'user' -%}<|user|> {{ message.content }}<|assistant|>",
  "{%- elif message.role == 'tool' -%}<tool_response> {{ message.content }}</tool_response>",
  "{%- elif message.role == 'assistant' -%}",
  '{%- if message.reasoning_content -%}<think> {{ message.reasoning_content }}</think>{%- endif -%}',
  '{%- if message.tool_calls -%}{%- set call = message.tool_calls[0].function -%}',
  '<tool_call>{"name":" {{ call.name | replace(\'_\', \' \') }}","arguments":{',
  "{%- for key, value in call.arguments | items -%}{{ '' if loop.first else ',' }}\"{{ key }}\":",
  "{%- if value is string -%}{{ (' ' ~ value) | tojson }}{%- else -%}{{ value | tojson }}{%- endif -%}{%- endfor -%}",
  '}}</tool_call>',
  '{%- else %} {{ message.content }}{%- endif -%}<|end|>',
  "{%- elif message.role == 'system' -%}{{ raise_exception('a system prompt was not trained') }}{%- endif -%}",
  '{%- endfor -%}',
].join('\n');

/** The chat template of a tokenizer that has this project's control tokens; null for another. */
export function layoutOf({ specials }: Pick<Tokenizer, 'specials'>): string | null {
  // Which word means a tool depends on what was said: no template says that.
  const isOurs = TAGS.every((tag) => specials.has(tag)) && markOf({ specials }) === null;
  return isOurs ? LAYOUT : null;
}
