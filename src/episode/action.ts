// What an agent can do in one turn, as data. No judgement and no text protocol here (policy/protocol.ts renders these).
import { z } from 'zod';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One tool call: the tool's name and its arguments by parameter name. */
export type Call = { readonly name: string; readonly arguments: { readonly [key: string]: Json } };
// Not z.record of z.json, which drop a key named `__proto__`: what is judged must be what was written.
export const callSchema: z.ZodType<Call> = z.strictObject({
  name: z.string().min(1),
  arguments: z.custom<Call['arguments']>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && isJson(value),
    { error: 'expected an object of JSON values' },
  ),
});

/** Whether a value is JSON through and through. Throws RangeError where it nests too deep or holds itself. */
export function isJson(value: unknown): value is Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    default:
      if (Array.isArray(value)) return value.every(isJson);
      return value === null || (isPlain(value) && Object.values(value).every(isJson));
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

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
