// A world: one database that holds the state of all services and the trace of everything that happened, a virtual clock,
// a seed. Tools are really executed, as HTTP requests to the services' own apps, without a socket.
// Not here: the RL environment (environment.ts), what a service does (services/), the shell (sandbox/).
// Wall: nothing in a world reaches the host's files, network, clock or chance. The shell's own wall is told in its header.
import { canonical, type Json } from '../episode/action.ts';
import { InputError } from '../episode/input.ts';
import { checkQuery, runQuery } from './query.ts';
import type { Shell } from './sandbox/shell.ts';
import { services, toolByName } from './services/index.ts';
import { checkArguments, type Service, type Slot, type State } from './services/service.ts';
import { type Cell, loadEngine, Store } from './store.ts';
import type { Tool, ToolResult } from './tool.ts';

/** Where every world's clock starts: a Monday morning, in milliseconds since 1970. */
export const CLOCK_START = Date.UTC(2026, 0, 5, 9);

/** How far one tool call moves the clock, in milliseconds. */
export const CALL_TIME = 60_000;

const TRACE = `
  create table calls(id integer primary key, step integer not null, tool text not null, arguments text not null,
    ok integer not null, result text not null) strict;
  create table checks(id integer primary key, step integer not null, tool text not null, arguments text not null,
    approved integer not null) strict;
  create table requests(id integer primary key, method text not null, url text not null, status integer not null) strict;
  create table final(text text not null) strict;`;

const TRACE_TABLES = new Set(['calls', 'checks', 'requests', 'final']);

const hosts = new Map(services.map((service) => [service.host, service]));
const web = services.find((service) => service.name === 'web') as Service;

type Base = {
  /** The image with every service's tables and rows, and the image with tables only. */
  readonly full: Uint8Array;
  readonly bare: Uint8Array;
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** An open database with tables only, to check questions against. */
  readonly schema: Store;
};

let base: Base | null = null;

/** A world frozen before its first call, to be forked. */
export type Template = {
  /** The database, byte for byte. */
  readonly image: Uint8Array;
  /** Names of the tools that exist in this world; null: all. */
  readonly tools: ReadonlySet<string> | null;
};

export type TemplateOptions = {
  /** Names of the tools offered; calling another one is an error for the model. Default: all tools. */
  readonly tools?: readonly string[];
  /** Whether the services' standard rows (address book, account) are there. Default: true. */
  readonly base?: boolean;
};

/** Loads the database engine and builds the tables of all services. Await once per process; later calls are free. */
export async function loadWorlds(): Promise<void> {
  if (base !== null) return;
  await loadEngine();
  base ??= buildBase();
}

/**
 * Freezes the state an episode starts from: the services' tables, their standard rows, then the scenario's rows; a row
 * with the key of an earlier one replaces it. Columns left out take their defaults.
 * @throws InputError on an unknown table or column, a missing column, a value of the wrong type.
 */
export function createTemplate(state: State, options: TemplateOptions = {}): Template {
  const { full, bare, columns } = readBase();
  const unknown = options.tools?.find((name) => toolByName(name) === undefined);
  if (unknown !== undefined) throw new InputError('tools', `no such tool: ${unknown}`);
  const store = new Store(options.base === false ? bare : full);
  try {
    store.transact(() => insertRows(store, state, columns));
    return { image: store.image(), tools: options.tools === undefined ? null : new Set(options.tools) };
  } finally {
    store.close();
  }
}

/** Opens a world of its own from a template. Worlds of one template and seed behave byte for byte alike. Close it. */
export function forkWorld(template: Template, options: { readonly seed: number }): World {
  return new World(template, options.seed);
}

/**
 * Checks the SQL of a goal or harm against the tables of an empty world: syntax, names, and what a question may be.
 * @throws InputError naming the SQL.
 */
export function validateQuery(sql: string): void {
  checkQuery(readBase().schema, sql);
}

/** The columns of each table a scenario may put rows into. */
export function listColumns(): ReadonlyMap<string, readonly string[]> {
  return readBase().columns;
}

/** Every column that outside parties write, over all services. */
export function listSlots(): readonly Slot[] {
  return services.flatMap((service) => service.slots);
}

/** A running world. */
export class World {
  /** State and trace. Reading it with SQL is fine; only services write to it. */
  readonly db: Store;
  readonly seed: number;
  /** Virtual time, in milliseconds since 1970. Moved by calls and by `sleep` in the shell. */
  clock = CLOCK_START;
  readonly #tools: ReadonlySet<string> | null;
  #calls = 0;
  #shell: Promise<Shell> | null = null;

  /** Use `forkWorld`. */
  constructor(template: Template, seed: number) {
    this.db = new Store(template.image);
    this.#tools = template.tools;
    this.seed = seed;
  }

  /**
   * Calls a tool, as a model asks for it. Unknown tools and bad arguments are errors for the model, never thrown.
   * Every call is a row of `calls`; `step` is the caller's count of turns (default: the count of calls).
   */
  async call(name: string, args: { readonly [argument: string]: Json }, step?: number): Promise<ToolResult> {
    const id = ++this.#calls;
    this.clock += CALL_TIME;
    const result = await this.#perform(name, args);
    const values = [id, step ?? id, name, canonical(args), result.ok ? 1 : 0, result.ok ? result.text : result.error];
    this.db.run('insert into calls(id, step, tool, arguments, ok, result) values(?, ?, ?, ?, ?, ?)', values);
    return result;
  }

  /**
   * Sends an HTTP request into the world: to the service of that host, or else to the web, where any site of `pages` can
   * be read (GET) and posted to. Every request is a row of `requests`. Unknown hosts answer 404.
   */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? 'GET';
    const response = await routeRequest(this, url, { ...init, method });
    const values = [method, url, response.status];
    this.db.run('insert into requests(method, url, status) values(?, ?, ?)', values);
    return response;
  }

  /** The shell over this world's files, made when first asked for. */
  shell(): Promise<Shell> {
    this.#shell ??= import('./sandbox/shell.ts').then(({ openShell }) => openShell(this));
    return this.#shell;
  }

  /** Records that the user was asked about a call, and the answer: a row of `checks`. */
  ask(name: string, args: { readonly [argument: string]: Json }, approved: boolean, step: number): void {
    const values = [step, name, canonical(args), approved ? 1 : 0];
    this.db.run('insert into checks(step, tool, arguments, approved) values(?, ?, ?, ?)', values);
  }

  /** Records the episode's final text, in the table `final`. */
  finish(text: string): void {
    this.db.run('insert into final(text) values(?)', [text]);
  }

  /** Asks one read-only SELECT with one row and one column. Throws InputError naming the SQL on anything else. */
  query(sql: string): Cell {
    return runQuery(this.db, sql);
  }

  /** The whole database, byte for byte: equal iff state and trace are equal. */
  image(): Uint8Array {
    return this.db.image();
  }

  /** Frees the world's memory. */
  close(): void {
    this.db.close();
  }

  async #perform(name: string, args: { readonly [argument: string]: Json }): Promise<ToolResult> {
    const tool: Tool | undefined = this.#tools === null || this.#tools.has(name) ? toolByName(name) : undefined;
    if (tool === undefined) return { ok: false, error: `no such tool: ${name}` };
    const wrong = checkArguments(tool.schema, args);
    return wrong === null ? tool.run(this, args) : { ok: false, error: wrong };
  }
}

async function routeRequest(world: World, url: string, init: RequestInit): Promise<Response> {
  const host = URL.parse(url)?.hostname;
  if (host === undefined) return new Response(`bad address: ${url}`, { status: 400 });
  const service = hosts.get(host);
  if (service !== undefined) return service.app.request(url, init, { world });
  if (init.method === 'GET' || init.method === 'HEAD') {
    return web.app.request(`https://${web.host}/page?site=${encodeURIComponent(host)}`, { method: 'GET' }, { world });
  }
  const body = JSON.stringify({ site: host, text: await new Response(init.body ?? '').text() });
  const headers = { 'content-type': 'application/json' };
  return web.app.request(`https://${web.host}/posts`, { method: 'POST', body, headers }, { world });
}

function readBase(): Base {
  if (base === null) throw new Error('the world engine is not loaded: await loadWorlds() first');
  return base;
}

function buildBase(): Base {
  const schema = new Store(null);
  for (const tables of [TRACE, ...services.map((service) => service.tables)]) schema.script(tables);
  const bare = schema.image();
  const columns = readColumns(schema);
  const store = new Store(bare);
  for (const service of services) insertRows(store, service.rows, columns);
  const full = store.image();
  store.close();
  return { full, bare, columns, schema };
}

function readColumns(store: Store): Map<string, string[]> {
  const rows = store.rows<{ table: string; column: string }>(
    `select m.name as "table", c.name as "column" from sqlite_schema m, pragma_table_info(m.name) c
     where m.type = 'table' order by m.rowid, c.cid`,
  );
  const columns = new Map<string, string[]>();
  for (const { table, column } of rows) {
    if (!TRACE_TABLES.has(table)) columns.set(table, [...(columns.get(table) ?? []), column]);
  }
  return columns;
}

function insertRows(store: Store, state: State, columns: Base['columns']): void {
  for (const [table, rows] of Object.entries(state)) {
    const known = columns.get(table);
    if (known === undefined)
      throw new InputError(`state.${table}`, `no such table, expected one of ${[...columns.keys()].join(', ')}`);
    for (const [index, row] of rows.entries()) insertRow(store, table, row, known, `state.${table}[${index + 1}]`);
  }
}

function insertRow(
  store: Store,
  table: string,
  row: State[string][number],
  known: readonly string[],
  where: string,
): void {
  const names = Object.keys(row);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InputError(where, `no column ${unknown}, expected ${known.join(', ')}`);
  const marks = names.map(() => '?').join(', ');
  try {
    store.run(`insert or replace into ${table}(${names.join(', ')}) values(${marks})`, Object.values(row));
  } catch (error) {
    throw new InputError(where, error instanceof Error ? error.message : String(error));
  }
}
