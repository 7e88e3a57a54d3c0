// What the page may ask for, by path. Everything is found by name among what is there; nothing a request says becomes a path.
// Besides reading: answers to the guard's questions, and a reviewer's marks. A POST is needed for all that does something.
import { z } from 'zod';
import { checkInput, InputError } from '../episode/input.ts';
import { compareCases, openCases, pageCases } from './cases.ts';
import { openEpisodes, pageEpisodes, readCount } from './episodes.ts';
import type { Inbox } from './inbox.ts';
import { readLog } from './logs.ts';
import { compareFiles, measureFamilies, readEvaluation, readMeasures } from './measures.ts';
import { readEpisode, readJudged, replayRecord, type Sources, type Wanted } from './reading.ts';
import { listRuns, readRunDetail } from './runs.ts';
import type { Answer, Ask } from './server.ts';
import { CASES, type PairedRow, type State } from './shape.ts';
import { openShelf } from './shelf.ts';
import { openTasks } from './tasks.ts';
import { readTokens } from './tokens.ts';
import { answerSchema } from './wire.ts';

export type RouteOptions = {
  readonly root: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly inbox: Inbox | null;
  readonly logs: readonly string[];
  readonly logKey?: Uint8Array;
  /** Files of scenarios that may be browsed. */
  readonly suites: readonly string[];
  /** Where a reviewer's marks are kept. */
  readonly reviews: string;
};

const answeredSchema = z.strictObject({ id: z.string().min(1), answer: answerSchema });

type Route = (ask: Ask) => Promise<unknown>;

/** Answers every request of the page. */
export function createRoutes(options: RouteOptions): Answer {
  const { root, now, inbox, logs, logKey, reviews } = options;
  const episodes = openEpisodes(root);
  const cases = openCases(root);
  const shelf = openShelf(root, options.suites);
  const sources: Sources = { root, episodes, shelf };
  const tasks = openTasks(shelf, reviews);
  const pageOf = async ({ query }: Ask): Promise<unknown> => {
    const index = await episodes.open(need(query, 'run'));
    return index === null ? null : pageEpisodes(index, query);
  };
  const compare = async ({ query }: Ask): Promise<readonly PairedRow[] | null> => {
    const isCases = ['first', 'second'].map((which) => need(query, `${which}File`) === CASES);
    if (isCases[0] !== isCases[1]) throw new InputError('sets', 'episodes and cases have no pairs in common');
    if (isCases[0]) return compareBenchmarks(need(query, 'firstRun'), need(query, 'secondRun'));
    const rowsOf = async (which: string) => {
      const index = await episodes.open(need(query, `${which}Run`));
      return index?.files.find(({ name }) => name === need(query, `${which}File`))?.rows ?? null;
    };
    const [first, second] = [await rowsOf('first'), await rowsOf('second')];
    return first === null || second === null ? null : compareFiles(first, second);
  };
  const compareBenchmarks = async (first: string, second: string): Promise<readonly PairedRow[] | null> => {
    const [one, two] = await Promise.all([readMeasures(root, first), readMeasures(root, second)]);
    const [a, b] = [await cases.open(first), await cases.open(second)];
    if (one === null || two === null || a === null || b === null) return null;
    if (one.benchmark !== two.benchmark)
      throw new InputError(second, `a run of ${two.benchmark}, expected one of ${one.benchmark} as ${first} is`);
    const names = new Set(two.definitions.map(({ name }) => name));
    return compareCases(
      one.definitions.filter(({ name }) => names.has(name)),
      a.rows,
      b.rows,
    );
  };
  const read: { readonly [path: string]: Route } = {
    state: async (): Promise<State> => ({
      root,
      now: now(),
      inbox: { path: inbox?.path ?? null, open: inbox?.list().filter(({ state }) => state === 'open').length ?? 0 },
      logs,
      suites: await tasks.suites(),
    }),
    runs: () => listRuns(root, now()),
    run: ({ query }) => readRunDetail(root, need(query, 'run'), now()),
    episodes: pageOf,
    episode: ({ query }) => readEpisode(sources, readWanted(query)),
    judged: ({ query }) => readJudged(sources, readWanted(query)),
    tokens: ({ query }) => readTokens(episodes, need(query, 'run'), need(query, 'file'), need(query, 'id')),
    cases: async ({ query }) => {
      const index = await cases.open(need(query, 'run'));
      return index === null ? null : pageCases(index, query);
    },
    case: ({ query }) => cases.read(need(query, 'run'), readPlace(query)),
    evaluation: async ({ query }) => {
      const run = need(query, 'run');
      return readEvaluation(root, run, await episodes.open(run), await cases.open(run));
    },
    families: async ({ query }) => {
      const index = await episodes.open(need(query, 'run'));
      return index === null ? null : measureFamilies(index, need(query, 'file'));
    },
    compare,
    scenarios: ({ query }) => tasks.page(query),
    scenario: ({ query }) => tasks.read(query, need(query, 'id')),
    kept: ({ query }) => tasks.kept(query),
    inbox: async () => inbox?.list() ?? [],
    log: async ({ query }) => {
      const file = logs[readCount(query, 'log', 0, logs.length)];
      return file === undefined ? null : readLog(file, logKey);
    },
  };
  const act: { readonly [path: string]: Route } = {
    replay: ({ query }) => replayRecord(sources, readWanted(query)),
    answer: async ({ body }) => {
      const { id, answer } = checkInput(answeredSchema, body, 'answer');
      return { given: inbox?.answer(id, answer) ?? false };
    },
    controls: ({ body }) => tasks.play(body),
    mark: ({ body }) => tasks.mark(body),
    edit: ({ body }) => tasks.edit(body),
  };
  return async (ask) => {
    const table = ask.method === 'POST' ? act : read;
    return Object.hasOwn(table, ask.path) ? (table[ask.path]?.(ask) ?? null) : null;
  };
}

function need(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null) throw new InputError(name, 'missing');
  return value;
}

function readWanted(query: URLSearchParams): Wanted {
  return { run: need(query, 'run'), file: need(query, 'file'), at: readPlace(query) };
}

function readPlace(query: URLSearchParams): number {
  return readCount(query, 'at', 0, Number.MAX_SAFE_INTEGER);
}
