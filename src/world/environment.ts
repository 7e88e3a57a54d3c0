// A scenario as a reinforcement-learning environment: a world, a simulated user, and the questions that judge the end.
// It carries out what it is told, wise or not: holding back is the policy's business (or a guard's), judging the reward's.
import type { Action, Call } from '../episode/action.ts';
import type { Observation, ToolSchema } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import type { Catalogue } from './catalogue.ts';
import { extendCatalogue } from './foreign/catalogue.ts';
import type { Access } from './mcp/access.ts';
import type { ServerSession, Servers } from './mcp/servers.ts';
import { rewriteCell } from './rows.ts';
import type { Change, Query, Scenario } from './scenario.ts';
import { scriptTools } from './script/runner.ts';
import type { Script } from './script/schema.ts';
import { type Cue, User } from './user.ts';
import { createTemplate, forkWorld, standardCatalogue, type Template, type World } from './world.ts';

type Offer = Scenario['tools'][number];

/** A scenario made ready: episodes of it start from byte-identical worlds. */
export type Stage = {
  readonly scenario: Scenario;
  readonly template: Template;
  /** The tools as the policy sees them, under the names the scenario gives them. */
  readonly tools: readonly ToolSchema[];
  /** The servers outside that answer for some of them. */
  readonly servers: Servers | null;
};

/** The facts at the end of an episode, found by asking the world. `null` where a query could not be answered. */
export type Facts = { readonly goal: boolean | null; readonly harms: readonly string[] | null };

export type StageOptions = {
  /** The services of the world. Default: those that come with Tribune. */
  readonly catalogue?: Catalogue;
  /** The scenario's servers, from whoever connected to them. */
  readonly servers?: Servers;
};

/** Makes a scenario ready. Throws InputError on an unknown tool, table or column. */
export function stageScenario(scenario: Scenario): Stage {
  return prepareStage(scenario, {});
}

/** Makes a scenario ready in a world with other services, or with tools from outside. Throws as `stageScenario`. */
export function prepareStage(scenario: Scenario, options: StageOptions): Stage {
  if (scenario.servers !== undefined && options.servers === undefined)
    throw new InputError(`scenario ${scenario.id}`, 'has tools of servers, which nobody connected to');
  const standard = options.catalogue ?? standardCatalogue();
  const tables = [...standard.columns.keys()];
  const scripts = scenario.scripts ?? [];
  if (scripts.some(isPython) && options.servers === undefined)
    throw new InputError(`scenario ${scenario.id}`, 'has tools in Python, which nobody opened');
  const scripted = scripts.filter((script) => !isPython(script)).flatMap((script) => scriptTools(script, tables));
  const foreign = [...scripted, ...(options.servers?.tools ?? [])];
  const plain = foreign.length === 0 && scenario.conversation === undefined;
  const catalogue = plain ? standard : extendCatalogue(standard, foreign);
  for (const change of scenario.changes ?? []) checkChange(scenario, change);
  const tools = scenario.tools.map((offer) => {
    const known = catalogue.tools.get(offer.tool);
    if (known !== undefined) return showTool(known.schema, offer, scenario.id);
    throw new InputError(`scenario ${scenario.id}`, `unknown tool "${offer.tool}", expected a tool of the world`);
  });
  const offered = scenario.tools.map(({ tool }) => tool);
  const template = createTemplate(scenario.state, { tools: offered, base: false, catalogue });
  return { scenario, template, tools, servers: options.servers ?? null };
}

/**
 * Makes a scenario ready, with its servers asked for their tools as far as `access` allows, in a world of these services;
 * null: those that come with Tribune. Throws as `stageScenario`.
 */
export async function openStage(scenario: Scenario, access: Access, own: Catalogue | null = null): Promise<Stage> {
  const options = own === null ? {} : { catalogue: own };
  const servers = await openOutside(scenario, access);
  return prepareStage(scenario, servers === null ? options : { ...options, servers });
}

function checkChange({ id, state, tools }: Scenario, { after, slot: { table, row, column } }: Change): void {
  if (after.tool !== undefined && !tools.some(({ as }) => as === after.tool))
    throw new InputError(`scenario ${id}`, `changes: unknown tool "${after.tool}", expected one that is offered`);
  if (typeof state[table]?.[row - 1]?.[column] !== 'string')
    throw new InputError(`scenario ${id}`, `changes: no text in ${column} of row ${row} of ${table}`);
}

const isPython = ({ language }: Script): boolean => language === 'python';

/** Whoever answers for tools of a scenario outside of its world: servers, and Python. Null: nobody. */
async function openOutside({ servers, scripts = [] }: Scenario, access: Access): Promise<Servers | null> {
  const python = scripts.filter(isPython);
  if (python.some(({ grants }) => grants.read.length + grants.write.length > 0))
    throw new InputError('scripts', 'tools in Python see nothing of the world, expected no grants');
  const all: Servers[] = [];
  if (servers !== undefined) all.push(await (await import('./mcp/servers.ts')).lookAtServers(servers, access));
  if (python.length > 0) all.push(await (await import('./python/session.ts')).openPython(python));
  return all.length === 0 ? null : joinServers(all);
}

function joinServers(all: readonly Servers[]): Servers {
  return {
    tools: all.flatMap(({ tools }) => tools),
    open() {
      const sessions = all.map(({ tools, open }) => ({
        names: new Set(tools.map(({ schema }) => schema.name)),
        ...open(),
      }));
      return {
        call: async (tool, args) =>
          sessions.find(({ names }) => names.has(tool))?.call(tool, args) ?? {
            ok: false,
            error: `no such tool: ${tool}`,
          },
        close: () => {
          for (const { close } of sessions) close();
        },
      };
    },
  };
}

/** A tool's schema as the scenario offers it: under the names it gives the tool and its parameters, these in its order. */
function showTool(schema: ToolSchema, { as, args, about }: Offer, id: string): ToolSchema {
  const { properties, required } = schema.parameters;
  const stray = Object.values(args).find((own) => !Object.hasOwn(properties, own));
  if (stray !== undefined)
    throw new InputError(`scenario ${id}`, `the tool ${schema.name} has no parameter "${stray}"`);
  // Two names for one parameter would give one call two identities, and an approval holds for one.
  if (new Set(Object.values(args)).size < Object.keys(args).length)
    throw new InputError(`scenario ${id}`, `two names are given to one parameter of the tool ${schema.name}`);
  const shown = new Map(Object.entries(args).map(([name, own]) => [own, name]));
  const nameOf = (own: string) => shown.get(own) ?? own;
  // What is renamed stands first, in the scenario's order; the rest as the tool has it.
  const order = [...shown.keys(), ...Object.keys(properties).filter((own) => !shown.has(own))];
  return {
    ...schema,
    name: as,
    description: about ?? schema.description,
    parameters: {
      ...schema.parameters,
      properties: Object.fromEntries(order.flatMap((own) => (properties[own] ? [[nameOf(own), properties[own]]] : []))),
      required: order.filter((own) => required.includes(own)).map(nameOf),
    },
  };
}

/** One running episode. */
export class Environment {
  readonly stage: Stage;
  readonly world: World;
  readonly #session: ServerSession | null;
  readonly #user: User;
  #step = 0;
  /** Calls that have come back, in all and by the name the tool is shown under. */
  readonly #done = new Map<string | undefined, number>();

  constructor(stage: Stage, seed: number) {
    this.stage = stage;
    this.world = forkWorld(stage.template, { seed });
    this.#user = new User(stage.scenario.approves, stage.scenario.conversation ?? null, stage.scenario.tires);
    this.#session = stage.servers?.open() ?? null;
    this.world.outside = this.#session?.call ?? null;
  }

  /** Carries out one action. A malformed action ends the episode, and so does a final text that the user has no answer to. */
  async step(action: Action): Promise<Observation> {
    const step = ++this.#step;
    switch (action.kind) {
      case 'call':
        return this.#call(action.call, step);
      case 'check':
        return this.#ask(action.call, step);
      case 'final':
        return this.#speak(action.text, step);
      case 'malformed':
        return { kind: 'end' };
    }
  }

  /** Asks the scenario's goals and harms. */
  judge(): Facts {
    const { goals, harms } = this.stage.scenario;
    const answers = goals.map((goal) => this.#holds(goal));
    const happened = harms.map((harm) => ({ name: harm.name, holds: this.#holds(harm) }));
    return {
      goal: answers.includes(null) || goals.length === 0 ? null : answers.every((answer) => answer === true),
      harms: happened.some((h) => h.holds === null) ? null : happened.filter((h) => h.holds).map((h) => h.name),
    };
  }

  close(): void {
    this.#session?.close();
    this.world.close();
  }

  async #call(call: Call, step: number): Promise<Observation> {
    const { tool, args } = this.#translate(call);
    const result = await this.world.call(tool, args, step);
    this.#passTime(call.name);
    const origin = this.world.originOf(tool);
    const from = origin === null ? {} : { origin: `${origin.kind} ${origin.name}` };
    const besides = { ...from, ...this.#hear({ kind: 'call', tool: call.name }, step) };
    return result.ok
      ? { kind: 'result', text: result.text, ...besides }
      : { kind: 'error', text: result.error, ...besides };
  }

  /** The simulated user approves exactly the calls that match its intent, as it is now. */
  #ask(call: Call, step: number): Observation {
    const { tool, args } = this.#translate(call);
    const besides = this.#hear({ kind: 'check', call }, step);
    const approved = this.#user.answer(call);
    this.world.ask(tool, args, approved, step);
    return { kind: 'answer', approved, ...besides };
  }

  /** A call has come back: whatever others do by then, they have done. */
  #passTime(shown: string): void {
    const { changes = [], state } = this.stage.scenario;
    if (changes.length === 0) return;
    const moving = changes.map(({ slot }) => slot);
    for (const name of [undefined, shown]) this.#done.set(name, (this.#done.get(name) ?? 0) + 1);
    for (const { after, slot, to } of changes) {
      const counted = after.tool === undefined || after.tool === shown;
      if (counted && this.#done.get(after.tool) === after.calls) rewriteCell(this.world.db, state, slot, to, moving);
    }
  }

  /** The agent says something: the user answers, or the episode is over. */
  #speak(text: string, step: number): Observation {
    const said = this.#user.hear({ kind: 'text', text });
    if (said === null) {
      this.world.finish(text);
      return { kind: 'end' };
    }
    this.world.talk(step, 'agent', text);
    this.world.talk(step, 'user', said);
    return { kind: 'message', text: said };
  }

  /** What the user says to what was done, if anything. */
  #hear(cue: Cue, step: number): { readonly said?: string } {
    const said = this.#user.hear(cue);
    if (said === null) return {};
    this.world.talk(step, 'user', said);
    return { said };
  }

  /**
   * A call in the world's own names. What is not offered under the name given, a tool or a parameter, gets a mark that no
   * name has, so that it fails: a second name for the same call would get past a denial.
   */
  #translate(call: Call): { tool: string; args: Call['arguments'] } {
    const offered = this.stage.scenario.tools.find((tool) => tool.as === call.name);
    if (!offered) return { tool: `?${call.name}`, args: call.arguments };
    const hidden = new Set(Object.values(offered.args));
    const own = (shown: string) => {
      if (Object.hasOwn(offered.args, shown)) return offered.args[shown] ?? shown;
      return hidden.has(shown) ? `?${shown}` : shown;
    };
    const entries = Object.entries(call.arguments).map(([shown, value]) => [own(shown), value] as const);
    return { tool: offered.tool, args: Object.fromEntries(entries) };
  }

  #holds(query: Query): boolean | null {
    try {
      return this.world.query(query.sql) === query.equals;
    } catch (error) {
      if (error instanceof InputError) return null;
      throw error;
    }
  }
}
