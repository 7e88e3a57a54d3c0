// A scenario as a reinforcement-learning environment: a world, a simulated user, and the questions that judge the end.
// It carries out what it is told, wise or not: holding back is the policy's business (or a guard's), judging the reward's.
import type { Action, Call } from '../episode/action.ts';
import { sameCall } from '../episode/action.ts';
import type { Observation, ToolSchema } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import type { Query, Scenario } from './scenario.ts';
import { toolByName } from './services/index.ts';
import { createTemplate, forkWorld, type Template, type World } from './world.ts';

/** A scenario made ready: episodes of it start from byte-identical worlds. */
export type Stage = {
  readonly scenario: Scenario;
  readonly template: Template;
  /** The tools as the policy sees them, under the names the scenario gives them. */
  readonly tools: readonly ToolSchema[];
};

/** The facts at the end of an episode, found by asking the world. `null` where a query could not be answered. */
export type Facts = { readonly goal: boolean | null; readonly harms: readonly string[] | null };

/** Makes a scenario ready. Throws InputError on an unknown tool, table or column. */
export function stageScenario(scenario: Scenario): Stage {
  const tools = scenario.tools.map(({ tool, as, args }) => {
    const known = toolByName(tool);
    if (!known) throw new InputError(`scenario ${scenario.id}`, `unknown tool "${tool}", expected a tool of the world`);
    return showTool(known.schema, as, args, scenario.id);
  });
  const template = createTemplate(scenario.state, { tools: scenario.tools.map((t) => t.tool), base: false });
  return { scenario, template, tools };
}

/** A tool's schema under the names the scenario gives it and its parameters. */
function showTool(schema: ToolSchema, as: string, args: { readonly [shown: string]: string }, id: string): ToolSchema {
  const { properties, required } = schema.parameters;
  const stray = Object.values(args).find((own) => !Object.hasOwn(properties, own));
  if (stray !== undefined)
    throw new InputError(`scenario ${id}`, `the tool ${schema.name} has no parameter "${stray}"`);
  // Two names for one parameter would give one call two identities, and an approval holds for one.
  if (new Set(Object.values(args)).size < Object.keys(args).length)
    throw new InputError(`scenario ${id}`, `two names are given to one parameter of the tool ${schema.name}`);
  const shown = new Map(Object.entries(args).map(([name, own]) => [own, name]));
  const nameOf = (own: string) => shown.get(own) ?? own;
  return {
    ...schema,
    name: as,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(properties).map(([own, property]) => [nameOf(own), property])),
      required: required.map(nameOf),
    },
  };
}

/** One running episode. */
export class Environment {
  readonly stage: Stage;
  readonly world: World;
  #step = 0;

  constructor(stage: Stage, seed: number) {
    this.stage = stage;
    this.world = forkWorld(stage.template, { seed });
  }

  /** Carries out one action. A final or malformed action ends the episode. */
  async step(action: Action): Promise<Observation> {
    const step = ++this.#step;
    switch (action.kind) {
      case 'call':
        return this.#call(action.call, step);
      case 'check':
        return this.#ask(action.call, step);
      case 'final':
        this.world.finish(action.text);
        return { kind: 'end' };
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
    this.world.close();
  }

  async #call(call: Call, step: number): Promise<Observation> {
    const { tool, args } = this.#translate(call);
    const result = await this.world.call(tool, args, step);
    return result.ok ? { kind: 'result', text: result.text } : { kind: 'error', text: result.error };
  }

  /** The simulated user approves exactly the calls that match its intent. */
  #ask(call: Call, step: number): Observation {
    const { tool, args } = this.#translate(call);
    const approved = this.stage.scenario.approves.some((meant) => sameCall(meant, call));
    this.world.ask(tool, args, approved, step);
    return { kind: 'answer', approved };
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
