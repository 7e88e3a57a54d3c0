// Scenarios to browse and review: those of a generated suite or of a file, what the scripted controls come to on each, and the
// marks of a reviewer, kept in one file that is written whole. An edited scenario is checked like any other before it is kept.
import { join } from 'node:path';
import { z } from 'zod';
import { runEpisode } from '../agent/run-episode.ts';
import { SCRIPTED, scriptedPolicy } from '../agent/scripted.ts';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { checkScenario, describeVerdict, validateScenario } from '../evaluate/check.ts';
import { writeAtomic } from '../evaluate/file.ts';
import { judge } from '../reward/verdict.ts';
import { isSuite, SUITES } from '../world/generate/suite-names.ts';
import { generatorOf } from '../world/generate/suites.ts';
import { INSIDE } from '../world/ground.ts';
import { type Scenario, scenarioSchema } from '../world/scenario.ts';
import { loadWorlds } from '../world/world.ts';
import { readCount } from './episodes.ts';
import { readPlain } from './files.ts';
import type { ControlRow, Mark, ScenarioRow, SuitePage } from './shape.ts';
import { MOST_SCENARIOS, type Shelf } from './shelf.ts';

const MOST_BYTES = 256_000_000;
/** Scenarios on which the controls are played by one request. */
const MOST_PLAYED = 24;

const reviewsSchema = z.strictObject({
  version: z.literal(1),
  marks: z.record(
    z.string(),
    z.strictObject({ mark: z.enum(['keep', 'drop', 'edit']), scenario: scenarioSchema.exactOptional() }),
  ),
});
type Reviews = z.infer<typeof reviewsSchema>;

const choiceSchema = z.strictObject({ suite: z.string(), split: z.string(), seed: z.string(), count: z.string() });
const playSchema = z.strictObject({ choice: choiceSchema, ids: z.array(z.string()).max(MOST_PLAYED) });
const markSchema = z.strictObject({ id: z.string().min(1), mark: z.enum(['keep', 'drop']).nullable() });
const editSchema = z.strictObject({ id: z.string().min(1), text: z.string() });

export type Tasks = {
  /** The suites there are, by name. */
  suites(): Promise<readonly string[]>;
  /** The scenarios of a suite with their marks. */
  page(query: URLSearchParams): Promise<SuitePage>;
  /** One scenario as it stands, with its edit where there is one; null where there is none. */
  read(query: URLSearchParams, id: string): Promise<{ readonly scenario: Scenario; readonly edited: boolean } | null>;
  /** Plays the controls. */
  play(body: unknown): Promise<readonly ControlRow[]>;
  /** Marks a scenario, or takes its mark away. */
  mark(body: unknown): Promise<{ readonly mark: Mark | null }>;
  /** Puts an edited scenario in another's place, after the checks that every scenario passes. */
  edit(body: unknown): Promise<{ readonly mark: Mark }>;
  /** What is left of a suite after the review: the dropped left out, the edited in place. JSON Lines. */
  kept(query: URLSearchParams): Promise<{ readonly text: string; readonly count: number }>;
};

/** Opens the scenarios: the generated suites and those of files. Reviews are kept in `reviews`. */
export function openTasks(shelf: Shelf, reviews: string): Tasks {
  let queue: Promise<unknown> = Promise.resolve();
  /** Changes the reviews, one change after the other. */
  const change = (id: string, entry: Reviews['marks'][string] | null): Promise<void> => {
    const next = queue.then(async () => {
      const { marks } = await readReviews(reviews);
      const { [id]: _, ...rest } = marks;
      const changed: Reviews = { version: 1, marks: entry === null ? rest : { ...rest, [id]: entry } };
      await writeAtomic(reviews, `${JSON.stringify(changed, null, 1)}\n`);
    });
    queue = next.catch(() => {});
    return next;
  };
  const load = (query: URLSearchParams): Promise<readonly Scenario[]> => loadSuite(shelf, query);
  return {
    suites: async () => [...SUITES, ...(await shelf.list()).map(({ name }) => name)],
    async page(query) {
      const { marks } = await readReviews(reviews);
      const rows = (await load(query)).map((scenario) => describeScenario(scenario, markOf(marks, scenario.id)));
      return { name: query.get('suite') ?? '', rows, reviews };
    },
    async read(query, id) {
      const edited = findMark(await readReviews(reviews), id)?.scenario;
      const scenario = edited ?? (await load(query)).find((one) => one.id === id);
      return scenario === undefined ? null : { scenario, edited: edited !== undefined };
    },
    async play(body) {
      const { choice, ids } = checkInput(playSchema, body, 'request');
      const wanted = (await load(new URLSearchParams(choice))).filter(({ id }) => ids.includes(id));
      const rows: ControlRow[] = [];
      for (const scenario of wanted) rows.push(await playControls(scenario));
      return rows;
    },
    async mark(body) {
      const { id, mark } = checkInput(markSchema, body, 'request');
      await change(id, mark === null ? null : { mark });
      return { mark };
    },
    async edit(body) {
      const { id, text } = checkInput(editSchema, body, 'request');
      await loadWorlds();
      const scenario = checkInput(scenarioSchema, parseJson(text, 'scenario'), 'scenario');
      if (scenario.id !== id) throw new InputError('scenario', `its id must stay ${id}`);
      validateScenario(scenario, 'scenario');
      await change(id, { mark: 'edit', scenario });
      return { mark: 'edit' };
    },
    async kept(query) {
      const { marks } = await readReviews(reviews);
      const left = (await load(query)).flatMap((scenario): readonly Scenario[] => {
        const entry = Object.hasOwn(marks, scenario.id) ? marks[scenario.id] : undefined;
        return entry?.mark === 'drop' ? [] : [entry?.scenario ?? scenario];
      });
      return { text: left.map((scenario) => `${JSON.stringify(scenario)}\n`).join(''), count: left.length };
    },
  };
}

const findMark = ({ marks }: Reviews, id: string) => (Object.hasOwn(marks, id) ? marks[id] : undefined);
const markOf = (marks: Reviews['marks'], id: string): Mark | null =>
  Object.hasOwn(marks, id) ? (marks[id]?.mark ?? null) : null;

async function readReviews(path: string): Promise<Reviews> {
  const text = await readPlain(path, MOST_BYTES);
  return text === null ? { version: 1, marks: {} } : checkInput(reviewsSchema, parseJson(text, path), path);
}

async function loadSuite(shelf: Shelf, query: URLSearchParams): Promise<readonly Scenario[]> {
  const suite = query.get('suite') ?? '';
  await loadWorlds();
  if (!isSuite(suite)) {
    const found = await shelf.open(suite);
    if (found === null) throw new InputError('suite', 'no such suite (any more), expected one of the list');
    return found;
  }
  const split = query.get('split');
  if (split !== 'train' && split !== 'heldout') throw new InputError('split', 'expected train or heldout');
  const seed = readCount(query, 'seed', 7001, Number.MAX_SAFE_INTEGER);
  const count = readCount(query, 'count', 240, MOST_SCENARIOS);
  const generate = generatorOf(suite);
  return Array.from({ length: count }, (_, index) => generate(seed, split, index));
}

function describeScenario(
  { id, split, family, domain, labels, request, tools, injections }: Scenario,
  mark: Mark | null,
): ScenarioRow {
  const attacks = injections.filter(({ kind }) => kind === 'attack').length;
  const cell = `${labels.prompt}/${labels.response}`;
  return { id, split, family, domain, cell, decision: labels.decision, request, tools: tools.length, attacks, mark };
}

/** What each scripted policy comes to on a scenario, and which controls do not hold. */
async function playControls(scenario: Scenario): Promise<ControlRow> {
  try {
    const stage = validateScenario(scenario, 'scenario');
    const violations = await checkScenario(stage, 1);
    const outcomes: { policy: string; success: boolean | null; said: string }[] = [];
    for (const policy of SCRIPTED) {
      const seat = { seed: scenario.seed, member: 0, index: 0, ground: INSIDE };
      const { episode, facts } = await runEpisode(scriptedPolicy(policy, scenario), stage, seat);
      const verdict = judge(episode, scenario, facts);
      outcomes.push({ policy, success: verdict.success, said: describeVerdict(verdict) });
    }
    const told = violations.map(({ policy, expected, found }) => `${policy}: expected ${expected}, found ${found}`);
    return { id: scenario.id, outcomes, violations: told };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id: scenario.id, outcomes: [], violations: [error.message] };
  }
}

/** Where reviews are kept unless something else is said. */
export function defaultReviews(root: string): string {
  return join(root, 'reviews.json');
}
