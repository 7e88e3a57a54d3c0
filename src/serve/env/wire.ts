// Shapes that travel: what callers may send, checked, and what they are answered, in OpenEnv's and ORS's words. Pure functions.
// Sources: openenv 0.10.0, core/env_server/{types,mcp_types,serialization}.py; ors-sdk 0.1.0, ors/types.py.
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';
import type { Shown } from './game.ts';
import type { Started } from './sessions.ts';

/** Most brackets inside one another in a message: deeper ones would exhaust the stack of whoever walks them. */
const DEPTH = 64;

/** Parses a message. Undefined where it is no JSON or too deep. */
export function parseMessage(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isDeep(value, DEPTH) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeep(value: Json, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isDeep(inner, left - 1));
}

/** Arguments of a tool. Messages have been parsed from JSON, so what is in them is JSON. */
const argsSchema = z.record(z.string(), z.unknown()).transform((args) => args as { readonly [name: string]: Json });
const natural = z.int().min(0);

/** What `reset` takes; anything else in it is left alone, as OpenEnv has it. */
export const resetSchema = z.object({
  seed: natural.nullish(),
  episode_id: z.string().max(255).nullish(),
  task_id: z.union([z.string().max(1000), natural]).nullish(),
  index: natural.nullish(),
  split: z.string().max(100).nullish(),
});

const metadata = z.record(z.string(), z.unknown()).optional();

/** What `step` takes: one of OpenEnv's two tool actions. */
export const actionSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('list_tools'), metadata }),
  z.strictObject({
    type: z.literal('call_tool'),
    tool_name: z.string().min(1).max(1000),
    arguments: argsSchema.default({}),
    metadata,
  }),
]);
export type ToolAction = z.infer<typeof actionSchema>;

/** Reads an action; `call_tool` is meant where no type is given, as its model has it for a default. */
export function readAction(value: unknown): ReturnType<typeof actionSchema.safeParse> {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !('type' in value);
  return actionSchema.safeParse(plain ? { type: 'call_tool', ...value } : value);
}

const data = z.record(z.string(), z.unknown());

/** Messages of `/ws`. */
export const messageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('reset'), data: data.default({}) }),
  z.strictObject({ type: z.literal('step'), data }),
  z.strictObject({ type: z.literal('state') }),
  z.strictObject({ type: z.literal('close') }),
  z.strictObject({ type: z.literal('mcp'), data }),
]);

/** The faults of a value, as pydantic lists them. */
export function listFaults(error: z.ZodError, ...where: readonly string[]) {
  return error.issues.slice(0, 10).map(({ code, path, message }) => {
    return { type: code, loc: [...where, ...path.map(String)], msg: message };
  });
}

type Triple = {
  readonly observation: { readonly [key: string]: unknown };
  readonly reward: number | null;
  readonly done: boolean;
  readonly metadata?: { readonly [key: string]: unknown };
};

/** The answer to `reset`: the request in the observation, the task beside it. */
export function tellStart({ card, seed }: Started): Triple {
  const { id, split, index, prompt } = card;
  const metadata = { task_id: id, split, index, seed };
  return { observation: { metadata: {}, prompt }, reward: null, done: false, metadata };
}

/** The answer to a call, as OpenEnv's own tool environments give it, with reward and end beside it. */
export function tellCall(tool: string, shown: Shown): Triple {
  const { reward, done, step, total, said } = shown;
  const { result, error } = tellResult(shown);
  const besides = {
    step,
    ...(said === null ? {} : { said }),
    ...(done && shown.kind !== 'over' ? { return: total } : {}),
  };
  return { observation: { metadata: {}, tool_name: tool, result, error }, reward, done, metadata: besides };
}

/** A tool's result in FastMCP's shape, or an error in OpenEnv's. */
export function tellResult({ kind, text, fault, said }: Shown) {
  if (kind !== 'result') return { result: null, error: { error_type: fault ?? 'execution_error', message: text } };
  // The user's own words are a part of their own: a tool's text cannot become one.
  const words = said === null ? [] : [{ type: 'text', text: said, annotations: null, meta: { speaker: 'user' } }];
  const content = [{ type: 'text', text, annotations: null, meta: null }, ...words];
  return {
    result: { content, structured_content: { result: text }, meta: null, data: text, is_error: false },
    error: null,
  };
}

/** The answer to an ORS call. An error of a tool is a step like others: its reward must arrive. */
export function tellOrs({ kind, text, said, reward, done, total }: Shown) {
  if (kind === 'over') return { ok: false, error: text };
  const words = kind === 'error' ? `error: ${text}` : text;
  const user = said === null ? [] : [{ text: said, detail: { speaker: 'user' }, type: 'text' }];
  const blocks = [{ text: words, detail: null, type: 'text' }, ...user];
  return { ok: true, output: { blocks, metadata: done ? { return: total } : null, reward, finished: done } };
}

/** Messages of ORS. */
export const orsSchemas = {
  split: z.strictObject({ split: z.string().max(100) }),
  task: z.strictObject({ split: z.string().max(100), index: z.int() }),
  range: z.strictObject({ split: z.string().max(100), start: z.int().nullish(), stop: z.int().nullish() }),
  create: z.strictObject({
    env_name: z.string().max(200).nullish(),
    task_spec: z.looseObject({ id: z.string().max(1000), seed: natural.optional() }).nullish(),
    split: z.string().max(100).nullish(),
    index: natural.nullish(),
    /** Nothing here needs any: taken, and forgotten. */
    secrets: z.record(z.string(), z.string()).nullish(),
  }),
  call: z.strictObject({
    name: z.string().min(1).max(1000),
    input: argsSchema,
    task_id: z.string().max(100).nullish(),
  }),
} as const;
