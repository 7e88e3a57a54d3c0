// What a service is: tables, an HTTP app, and the tools that call it. A tool is declared once, as an endpoint; its schema,
// its HTTP route and its call are made from that. One file per service; services/index.ts lists them.
// Not here: the world's routing by host and its trace (world.ts).
import { type Context, Hono, type HonoRequest } from 'hono';
import type { Json } from '../../episode/action.ts';
import type { ToolSchema } from '../../episode/episode.ts';
import type { Effect } from '../../safety/taxonomy.ts';
import type { Cell, Store } from '../store.ts';
import type { Tool, ToolResult } from '../tool.ts';
import type { World } from '../world.ts';

/** Types of an endpoint's arguments, in the order they are shown. All are required. */
export type Shape = { readonly [argument: string]: 'string' | 'integer' };
type Input<A extends Shape> = { readonly [K in keyof A]: A[K] extends 'integer' ? number : string };
type Values = { readonly [argument: string]: string | number };

/** A column that outside parties write: where an injected text may stand. */
export type Slot = { readonly table: string; readonly column: string };

/** Rows to insert, by table. */
export type State = { readonly [table: string]: readonly { readonly [column: string]: Cell }[] };

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A tool and the HTTP route behind it. */
export type Endpoint = {
  readonly name: string;
  readonly about: string;
  readonly args: Shape;
  readonly effects: readonly Effect[];
  readonly method: Method;
  readonly path: string;
  /** Does it, inside a transaction, and gives the text of the answer. Throws `Refusal`, which undoes everything. */
  handle(db: Store, input: Values): string;
};

export type Env = { Bindings: { world: World } };

export type Service = {
  readonly name: string;
  /** The host its app answers at, in `world.request` and in the shell's curl. */
  readonly host: string;
  /** SQL that creates its tables. */
  readonly tables: string;
  /** What stands in its tables in every world, unless a template is made without it. */
  readonly rows: State;
  readonly slots: readonly Slot[];
  readonly app: Hono<Env>;
  readonly tools: readonly Tool[];
};

/** What a real service answers to a request it will not or cannot do. The message is shown to the model. */
export class Refusal extends Error {
  readonly status: 400 | 402 | 404 | 409;
  constructor(status: 400 | 402 | 404 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

/** Declares an endpoint; the handler's input is typed by `args`. */
export function endpoint<const A extends Shape>(
  spec: Omit<Endpoint, 'args' | 'handle'> & { readonly args: A; handle(db: Store, input: Input<A>): string },
): Endpoint {
  // Sound because an input has passed `checkArguments` for exactly these args before a handler sees it.
  return { ...spec, handle: (db, input) => spec.handle(db, input as Input<A>) };
}

/** Builds a service: its app has one route per endpoint, its tools one tool per endpoint. */
export function buildService(
  spec: Omit<Service, 'app' | 'tools'> & { readonly endpoints: readonly Endpoint[]; readonly extra?: readonly Tool[] },
): Service {
  const { endpoints, extra = [], ...rest } = spec;
  const app = new Hono<Env>();
  for (const item of endpoints) {
    const schema = buildSchema(item);
    app.on(item.method, item.path, (context) => answerRequest(context, item, schema));
  }
  app.notFound((context) => context.text('not found', 404));
  app.onError((error) => {
    throw error; // a bug of ours, not an answer of the service
  });
  return { ...rest, app, tools: [...endpoints.map((item) => buildTool(item, spec.name, spec.host)), ...extra] };
}

/**
 * Checks arguments against a schema of required strings and integers.
 * @returns what is wrong, in words for the model, or null.
 */
export function checkArguments(schema: ToolSchema, args: { readonly [name: string]: Json }): string | null {
  const { properties, required } = schema.parameters;
  for (const name of Object.keys(args)) {
    if (!Object.hasOwn(properties, name)) return `unknown argument: ${name}`;
  }
  for (const name of required) {
    if (!Object.hasOwn(args, name)) return `missing argument: ${name}`;
    const value = args[name];
    if (properties[name]?.type === 'integer') {
      if (!Number.isSafeInteger(value)) return `${name} must be a whole number`;
    } else if (typeof value !== 'string') return `${name} must be a text`;
    else if (value.trim() === '') return `${name} is empty`;
  }
  return null;
}

function buildSchema(item: Endpoint): ToolSchema {
  const properties = Object.fromEntries(Object.entries(item.args).map(([name, type]) => [name, { type }]));
  return {
    name: item.name,
    description: item.about,
    parameters: { type: 'object', properties, required: Object.keys(item.args) },
  };
}

function buildTool(item: Endpoint, service: string, host: string): Tool {
  return {
    schema: buildSchema(item),
    service,
    effects: item.effects,
    run: async (world, args) => readAnswer(await sendArguments(world, item, host, args)),
  };
}

/** Arguments travel as a query where the method has no body, else as JSON. */
function sendArguments(world: World, item: Endpoint, host: string, args: { readonly [name: string]: Json }) {
  const url = `https://${host}${item.path}`;
  if (hasBody(item.method)) {
    const init = { method: item.method, body: JSON.stringify(args), headers: { 'content-type': 'application/json' } };
    return world.request(url, init);
  }
  const query = new URLSearchParams(Object.entries(args).map(([name, value]) => [name, String(value)]));
  return world.request(query.size === 0 ? url : `${url}?${query}`, { method: item.method });
}

async function readAnswer(response: Response): Promise<ToolResult> {
  const text = await response.text();
  return response.ok ? { ok: true, text } : { ok: false, error: text };
}

async function answerRequest(context: Context<Env>, item: Endpoint, schema: ToolSchema): Promise<Response> {
  try {
    const input = await readInput(context.req, item);
    const wrong = checkArguments(schema, input);
    if (wrong !== null) return context.text(wrong, 400);
    const { db } = context.env.world;
    return context.text(db.transact(() => item.handle(db, input as Values)));
  } catch (error) {
    if (error instanceof Refusal) return context.text(error.message, error.status);
    throw error;
  }
}

/** Reads the arguments of a request: query, JSON, or a form (what curl sends by default). */
async function readInput(request: HonoRequest, item: Endpoint): Promise<{ readonly [name: string]: Json }> {
  if (!hasBody(item.method)) return readForm(request.query(), item.args);
  const body = await request.text();
  if (!request.header('content-type')?.startsWith('application/json')) {
    return readForm(Object.fromEntries(new URLSearchParams(body)), item.args);
  }
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as { readonly [name: string]: Json };
  } catch {} // falls through to the same answer
  throw new Refusal(400, 'the body is not a JSON object');
}

/** A form carries text only: whole numbers are read where the endpoint wants them. */
function readForm(form: { readonly [name: string]: string }, args: Shape): { readonly [name: string]: Json } {
  const read = ([name, text]: [string, string]): [string, Json] => [
    name,
    args[name] === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text,
  ];
  return Object.fromEntries(Object.entries(form).map(read));
}

function hasBody(method: Method): boolean {
  return method !== 'GET' && method !== 'DELETE';
}
