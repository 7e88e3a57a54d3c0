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
  const tools = scenario.tools.map(({ tool, as }) => {
    const known = toolByName(tool);
    if (!known) throw new InputError(`scenario ${scenario.id}`, `unknown tool "${tool}", expected a tool of the world`);
    return { ...known.schema, name: as };
  });
  const template = createTemplate(scenario.state, { tools: scenario.tools.map((t) => t.tool), base: false });
  return { scenario, template, tools };
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
    const result = await this.world.call(this.#worldName(call.name) ?? call.name, call.arguments, step);
    return result.ok ? { kind: 'result', text: result.text } : { kind: 'error', text: result.error };
  }

  /** The simulated user approves exactly the calls that match its intent. Nothing is approved for a tool that is not there. */
  #ask(call: Call, step: number): Observation {
    const tool = this.#worldName(call.name);
    const approved = tool !== null && this.stage.scenario.approves.some((meant) => sameCall(meant, call));
    this.world.ask(tool ?? call.name, call.arguments, approved, step);
    return { kind: 'answer', approved };
  }

  #worldName(as: string): string | null {
    return this.stage.scenario.tools.find((tool) => tool.as === as)?.tool ?? null;
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
