// The tasks that are served: which there are, by split, and how a caller names one. What leaves here for callers is a task's
// name, its place and its request; the scenario itself, with labels, goals and harms, is handed to the workers only, as text.
import type { Catalogue } from '../../world/catalogue.ts';
import type { Scenario } from '../../world/scenario.ts';
import { standardCatalogue } from '../../world/world.ts';
import { bindNames, controlTools, type ToolSpec } from './offer.ts';

/** A task as callers see it, and as its body travels. */
export type TaskCard = {
  readonly id: string;
  readonly split: string;
  /** Its place in the split, from 0. */
  readonly index: number;
  /** What the user asks for. */
  readonly prompt: string;
};

/** A task as the server has it. */
export type Task = { readonly card: TaskCard; readonly scenario: string };

/** How a caller names a task: by id, by place in a split, or by a seed alone. */
export type Wish = {
  readonly task_id?: string | number | null | undefined;
  readonly index?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly split?: string | null | undefined;
};

export type Tasks = {
  /** The splits that hold a task; the first is the one meant where none is named. */
  readonly splits: readonly string[];
  list(split: string): readonly Task[] | null;
  /** Finds the task; a text says why there is none. The same wish finds the same task. */
  find(wish: Wish): Task | string;
  /** Every tool of every task under the world's names, for callers that list tools before they choose a task. */
  readonly union: readonly ToolSpec[];
};

/** Orders scenarios, of worlds with these services, into tasks. Throws RangeError where there are none or two have one id. */
export function orderTasks(scenarios: readonly Scenario[], own: Catalogue | null = null): Tasks {
  const bySplit = new Map<string, Task[]>();
  const byId = new Map<string, Task>();
  for (const scenario of scenarios) {
    const { id, split, request } = scenario;
    if (byId.has(id)) throw new RangeError(`two scenarios have the id ${id}`);
    const list = bySplit.get(split) ?? [];
    const task = { card: { id, split, index: list.length, prompt: request }, scenario: JSON.stringify(scenario) };
    list.push(task);
    bySplit.set(split, list);
    byId.set(id, task);
  }
  const splits = ['train', 'heldout'].filter((split) => bySplit.has(split));
  const first = splits[0];
  if (first === undefined) throw new RangeError('no scenario to serve');
  const find = ({ task_id, index, seed, split }: Wish): Task | string => {
    if (typeof task_id === 'string') {
      const task = byId.get(task_id);
      if (task === undefined) return `task_id: no task ${JSON.stringify(task_id.slice(0, 100))}`;
      const other = split !== undefined && split !== null && split !== task.card.split;
      return other ? `task_id: this task is not in the split ${JSON.stringify(split.slice(0, 100))}` : task;
    }
    const list = bySplit.get(split ?? first);
    if (list === undefined) return `split: expected one of ${splits.join(', ')}`;
    const place = task_id ?? index ?? (seed ?? 0) % list.length;
    return list[place] ?? `task_id: expected an id or a number below ${list.length}`;
  };
  return {
    splits,
    find,
    list: (split) => bySplit.get(split) ?? null,
    union: uniteTools(scenarios, own ?? standardCatalogue()),
  };
}

function uniteTools(scenarios: readonly Scenario[], { tools }: Catalogue): readonly ToolSpec[] {
  const names = [...new Set(scenarios.flatMap((scenario) => scenario.tools.map(({ tool }) => tool)))].sort();
  const schemas = names.flatMap((name) => tools.get(name)?.schema ?? []);
  const bound = bindNames(schemas.map(({ name }) => name));
  const specs = schemas.map(({ name, description, parameters }) => {
    return { name: bound.get(name) ?? name, description, input_schema: { ...parameters } };
  });
  return [...specs, ...controlTools()];
}
