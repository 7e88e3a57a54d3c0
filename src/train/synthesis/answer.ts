// A writer's answer as data: the JSON object in it, checked against the role's schema. A model's text is foreign: whatever it is,
// it becomes an answer or one line that says what is wrong with it.
import { z } from 'zod';
import type { Declined } from '../../policy/remote/client.ts';
import type { Reply } from '../../policy/remote/message.ts';
import { isRefusal } from '../../reward/refusal.ts';
import type { Role } from './brief.ts';

const line = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .refine((text) => !/\p{Cc}/u.test(text), 'control characters or more than one line');

const SCHEMAS = {
  user: z.strictObject({ values: z.record(z.string(), z.string()).optional(), request: line }),
  tool: z.strictObject({ texts: z.array(line).min(1).max(20) }),
  attacker: z.strictObject({ text: line }),
} as const;

/** What a role wrote; fields of other roles are empty. */
export type Answer = {
  readonly values: { readonly [old: string]: string };
  /** The request, the texts, or the planted text. */
  readonly texts: readonly string[];
};

/** Why an answer cannot be used. */
export type Fault = { readonly fault: string };

/** Reads what came back for a role. */
export function readAnswer(role: Role, reply: Reply | Declined): Answer | Fault {
  if ('declined' in reply) return { fault: `the server declined (${reply.declined})` };
  if (reply.refusal !== null) return { fault: 'the model refused' };
  if (reply.finish === 'filter') return { fault: 'the model refused (cut off by a filter)' };
  const found = findObject(reply.text);
  if (found === null) {
    if (isRefusal(reply.text)) return { fault: 'the model refused' };
    const cut = reply.finish === 'length' ? ', cut off at the longest answer' : '';
    return { fault: `no JSON object in the answer${cut}` };
  }
  return checkAnswer(role, found.value);
}

function checkAnswer(role: Role, value: unknown): Answer | Fault {
  const parsed = SCHEMAS[role].safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { fault: `not the form asked for (${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'wrong'})` };
  }
  const { data } = parsed;
  if ('request' in data) return { values: data.values ?? {}, texts: [data.request] };
  return { values: {}, texts: 'texts' in data ? data.texts : [data.text] };
}

/** The first JSON object of a text, also inside a fence or between words; null where there is none that parses. */
export function findObject(text: string): { readonly value: unknown } | null {
  const [from, to] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (from < 0 || to < from) return null;
  try {
    const value: unknown = JSON.parse(text.slice(from, to + 1));
    return { value };
  } catch {
    return null;
  }
}
