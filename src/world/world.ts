// A world: one database that holds the state of all services and the trace of everything that happened, a virtual clock,
// a seed. Tools are really executed, as HTTP requests to the services' own apps, without a socket.
// Not here: the RL environment (environment.ts), what a service does (services/), the shell (sandbox/).
// Wall: nothing in a world reaches the host's files, network, clock or chance. The shell's own wall is told in its header.
import { canonical, type Json } from '../episode/action.ts';
import { InputError } from '../episode/input.ts';
import { buildCatalogue, type Catalogue } from './catalogue.ts';
import { checkForeign } from './foreign/schema.ts';
import { checkQuery, runQuery } from './query.ts';
import { insertRows } from './rows.ts';
import type { Shell } from './sandbox/shell.ts';
import { services } from './services/index.ts';
import { checkArguments, type Service, type Slot, type State } from './services/service.ts';
import { type Cell, loadEngine, type Start, Store } from './store.ts';
import type { Origin, Tool, ToolResult } from './tool.ts';

/** Where every world's clock starts: a Monday morning, in milliseconds since 1970. */
export const CLOCK_START = Date.UTC(2026, 0, 5, 9);

/** How far one tool call moves the clock, in milliseconds. */
export const CALL_TIME = 60_000;

let standard: Catalogue | null = null;

/** A world frozen before its first call, to be forked. */
export type Template = {
  /** What a world's database starts from. */
  readonly start: Start;
  /** The database, byte for byte. */
  readonly image: Uint8Array;
  /** Names of the tools that exist in this world; null: all. */
  readonly tools: ReadonlySet<string> | null;
  /** The services of the world. */
  readonly catalogue: Catalogue;
  /** Whether the scenario brings outages or rate limits: other worlds do not look for them. */
  readonly troubled: boolean;
};

export type TemplateOptions = {
  /** Names of the tools offered; calling another one is an error for the model. Default: all tools. */
  readonly tools?: readonly string[];
  /** Whether the services' standard rows (address book, account) are there. Default: true. */
  readonly base?: boolean;
  /** The services of the world, from `openCatalogue`. Default: those that come with Tribune. */
  readonly catalogue?: Catalogue;
};

/** Loads the database engine and builds the tables of all services. Await once per process; later calls are free. */
export async function loadWorlds(): Promise<void> {
  if (standard !== null) return;
  await loadEngine();
  standard ??= buildCatalogue(services);
}

/**
 * The services that come with Tribune and yours, as one value to make templates and stages of. Loads the engine.
 * @throws InputError if a name, host, tool or table is there twice, or a service's tables or rows are wrong.
 */
export async function openCatalogue(own: readonly Service[]): Promise<Catalogue> {
  await loadEngine();
  return buildCatalogue([...services, ...own]);
}

/**
 * Freezes the state an episode starts from: the services' tables, their standard rows, then the scenario's rows; a row
 * with the key of an earlier one replaces it. Columns left out take their defaults.
 * @throws InputError on an unknown table or column, a missing column, a value of the wrong type.
 */
export function createTemplate(state: State, options: TemplateOptions = {}): Template {
  const catalogue = options.catalogue ?? standardCatalogue();
  const { full, bare, columns, tools } = catalogue;
  const unknown = options.tools?.find((name) => !tools.has(name));
  if (unknown !== undefined) throw new InputError('tools', `no such tool: ${unknown}`);
  const store = new Store({ image: options.base === false ? bare : full, changes: [] });
  try {
    store.transact(() => insertRows(store, state, columns));
    const start = store.toStart();
    return {
      start,
      get image() {
        return readImage(start);
      },
      tools: options.tools === undefined ? null : new Set(options.tools),
      catalogue,
      troubled: 'outages' in state || 'quotas' in state,
    };
  } finally {
    store.close();
  }
}

function readImage(start: Start): Uint8Array {
  const store = new Store(start);
  try {
    return store.image();
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
export function validateQuery(sql: string, catalogue: Catalogue = standardCatalogue()): void {
  checkQuery(catalogue.schema, sql);
}

/** The columns of each table a scenario may put rows into. */
export function listColumns(catalogue: Catalogue = standardCatalogue()): ReadonlyMap<string, readonly string[]> {
  return catalogue.columns;
}

/** Every column that outside parties write, over all services. */
export function listSlots(all: readonly Service[] = services): readonly Slot[] {
  return all.flatMap((service) => service.slots);
}

/** A running world. */
export class World {
  /** State and trace. Reading it with SQL is fine; only services write to it. */
  readonly db: Store;
  readonly seed: number;
  /** Virtual time, in milliseconds since 1970. Moved by calls and by `sleep` in the shell. */
  clock = CLOCK_START;
  readonly #tools: ReadonlySet<string> | null;
  readonly catalogue: Catalogue;
  /** Whether outages or rate limits are to be looked for. */
  readonly troubled: boolean;
  /** Where calls of servers outside go, for as long as somebody keeps connections for this world. */
  outside: ((tool: string, args: { readonly [argument: string]: Json }) => Promise<ToolResult>) | null = null;
  #calls = 0;
  #shell: Promise<Shell> | null = null;

  /** Use `forkWorld`. */
  constructor(template: Template, seed: number) {
    this.db = new Store(template.start);
    this.#tools = template.tools;
    this.catalogue = template.catalogue;
    this.troubled = template.troubled;
    this.seed = seed;
  }

  /**
   * Calls a tool, as a model asks for it. Unknown tools and bad arguments are errors for the model, never thrown.
   * Every call is a row of `calls`; `step` is the caller's count of turns (default: the count of calls).
   */
  async call(name: string, args: { readonly [argument: string]: Json }, step?: number): Promise<ToolResult> {
    const id = ++this.#calls;
    this.clock += CALL_TIME;
    this.db.pin(); // what a tool awaits may hold a transaction open
    const result = await this.#perform(name, args).finally(() => this.db.unpin());
    const origin = this.originOf(name);
    if (origin !== null)
      this.db.run('insert into origins(call, kind, name) values(?, ?, ?)', [id, origin.kind, origin.name]);
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

  /** Records what was said in a conversation before its end: a row of `talk`, which only worlds of conversations have. */
  talk(step: number, speaker: 'agent' | 'user', text: string): void {
    this.db.run('insert into talk(step, speaker, text) values(?, ?, ?)', [step, speaker, text]);
  }

  /** Records the episode's final text, in the table `final`. */
  finish(text: string): void {
    this.db.run('insert into final(text) values(?)', [text]);
  }

  /** Asks one read-only SELECT with one row and one column. Throws InputError naming the SQL on anything else. */
  query(sql: string): Cell {
    return runQuery(this.db, sql);
  }

  /** Where the results of a tool come from, if it is not the world's own; null otherwise. */
  originOf(name: string): Origin | null {
    return this.#find(name)?.origin ?? null;
  }

  /** The whole database, byte for byte: equal iff state and trace are equal. */
  image(): Uint8Array {
    return this.db.image();
  }

  /** Goes back to how it was forked: state, trace, clock, files. Not while a call is under way. */
  reset(): void {
    this.db.reset();
    this.clock = CLOCK_START;
    this.#calls = 0;
    this.#endShell();
  }

  /** Frees the world's memory. */
  close(): void {
    this.#endShell();
    this.db.close();
  }

  #endShell(): void {
    this.#shell?.then((shell) => shell.close()).catch(() => null);
    this.#shell = null;
  }

  async #perform(name: string, args: { readonly [argument: string]: Json }): Promise<ToolResult> {
    const tool = this.#find(name);
    if (tool === undefined) return { ok: false, error: `no such tool: ${name}` };
    const wrong = tool.origin === undefined ? checkArguments(tool.schema, args) : checkForeign(tool.schema, args);
    return wrong === null ? tool.run(this, args) : { ok: false, error: wrong };
  }

  #find(name: string): Tool | undefined {
    return this.#tools === null || this.#tools.has(name) ? this.catalogue.tools.get(name) : undefined;
  }
}

async function routeRequest(world: World, url: string, init: RequestInit): Promise<Response> {
  const host = URL.parse(url)?.hostname;
  if (host === undefined) return new Response(`bad address: ${url}`, { status: 400 });
  const service = world.catalogue.hosts.get(host);
  const { web } = world.catalogue;
  if (service !== undefined) return service.app.request(url, init, { world });
  if (init.method === 'GET' || init.method === 'HEAD') {
    return web.app.request(`https://${web.host}/page?site=${encodeURIComponent(host)}`, { method: 'GET' }, { world });
  }
  const body = JSON.stringify({ site: host, text: await new Response(init.body ?? '').text() });
  const headers = { 'content-type': 'application/json' };
  return web.app.request(`https://${web.host}/posts`, { method: 'POST', body, headers }, { world });
}

/** The services that come with Tribune. Throws if the engine is not loaded. */
export function standardCatalogue(): Catalogue {
  if (standard === null) throw new Error('the world engine is not loaded: await loadWorlds() first');
  return standard;
}
