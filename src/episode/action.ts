// What an agent can do in one turn, as data. No judgement and no text protocol here (policy/protocol.ts renders these).
import { z } from 'zod';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One tool call: the tool's name and its arguments by parameter name. */
export type Call = { readonly name: string; readonly arguments: { readonly [key: string]: Json } };
export const callSchema: z.ZodType<Call> = z.strictObject({
  name: z.string().min(1),
  arguments: z.record(z.string(), z.json()),
});

/**
 * One turn of a policy.
 * `call` executes a tool; `check` asks the user to approve exactly this call; `final` ends the episode with a text;
 * `malformed` is text that breaks the protocol, kept so that it can be judged.
 */
export type Action =
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'check'; readonly call: Call }
  | { readonly kind: 'final'; readonly text: string }
  | { readonly kind: 'malformed'; readonly text: string; readonly reason: string };

/** Canonical JSON: object keys sorted, no blanks. Two calls are the same call iff their canonical forms are equal. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The identity of a call: what an approval is bound to. */
export function callKey(call: Call): string {
  return canonical([call.name, call.arguments]);
}

/** Whether two calls are one and the same. */
export function sameCall(a: Call, b: Call): boolean {
  return callKey(a) === callKey(b);
}
