// One episode to read: the whole record, checked; its scenario where it is at hand (shelf.ts); the other members of its group with
// their advantages; and its replay in a fresh world, with the answer of each goal and harm and what differs in the tables after
// each step. The replay runs what the episode's calls say in the same walls as every world.
import { open } from 'node:fs/promises';
import { decodeEpisode } from '../episode/codec.ts';
import type { Episode, Step } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import { replayEpisode } from '../evaluate/replay.ts';
import { groupAdvantages, hasSignal } from '../train/advantage.ts';
import { Environment, prepareStage } from '../world/environment.ts';
import { rememberServers } from '../world/mcp/recorded.ts';
import type { Query, Scenario } from '../world/scenario.ts';
import type { Episodes, RunIndex } from './episodes.ts';
import { findRun } from './files.ts';
import { judgeEpisode, wasGuarded } from './judged.ts';
import { readConfig } from './runs.ts';
import type {
  EpisodeDetail,
  EpisodeRow,
  GuardView,
  QueryAnswers,
  ReplayAnswer,
  ScenarioNotes,
  Sibling,
  TableChange,
} from './shape.ts';
import type { Shelf } from './shelf.ts';
import { readAdvantages, readTokens } from './tokens.ts';

/** Members of a group that are read, and rows of a table that are compared and shown. */
const MOST_MEMBERS = 64;
const MOST_COMPARED = 5000;
const MOST_SHOWN = 40;

/** Where episodes and their scenarios are looked up. */
export type Sources = { readonly root: string; readonly episodes: Episodes; readonly shelf: Shelf };

/** The episode a request means: its run, its file, the byte its line begins at. */
export type Wanted = { readonly run: string; readonly file: string; readonly at: number };

type Opened = { readonly index: RunIndex; readonly row: EpisodeRow; readonly episode: Episode };

async function openEpisode({ episodes }: Sources, { run, file, at }: Wanted): Promise<Opened | null> {
  const index = await episodes.open(run);
  const row = index === null ? null : findRow(index, file, at);
  return index === null || row === null ? null : { index, row, episode: await readRecord(episodes, run, row) };
}

/** Reads the episode whose line begins at a byte; null where none begins there. */
export async function readEpisode(sources: Sources, wanted: Wanted): Promise<EpisodeDetail | null> {
  const opened = await openEpisode(sources, wanted);
  if (opened === null) return null;
  const { index, row, episode } = opened;
  const { episodes, shelf } = sources;
  const { run, file } = wanted;
  const scenario = await shelf.find(episode);
  const group = index.files.find(({ name }) => name === file)!.rows.filter((one) => one.scenario === row.scenario);
  return {
    episode,
    row,
    scenario: scenario === null ? null : describeScenario(scenario),
    siblings: await describeGroup(sources, wanted, group.slice(0, MOST_MEMBERS)),
    tokens: (await readTokens(episodes, run, file, episode.id).catch(() => 'damaged')) !== null,
    guarded: wasGuarded(episode),
  };
}

/** What the guard says of an episode; null where there is none. */
export async function readJudged(sources: Sources, wanted: Wanted): Promise<GuardView | null> {
  const opened = await openEpisode(sources, wanted);
  return opened && judgeEpisode(opened.episode, await sources.shelf.find(opened.episode));
}

function findRow({ files }: RunIndex, file: string, at: number): EpisodeRow | null {
  return files.find(({ name }) => name === file)?.rows.find((row) => row.at === at) ?? null;
}

/** Reads and checks a record. Throws InputError naming line and field. */
async function readRecord(episodes: Episodes, run: string, { file, at, size, line }: EpisodeRow): Promise<Episode> {
  const path = await episodes.place(run, file);
  if (path === null) throw new InputError(file, 'has gone');
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, at);
    const decoded = decodeEpisode(buffer.subarray(0, bytesRead).toString('utf8'), file, line);
    if (decoded.ok) return decoded.episode;
    const { field, expected } = decoded.problem;
    throw new InputError(`${file}.jsonl:${line}`, `${field === '' ? '' : `${field}: `}expected ${expected}`);
  } finally {
    await handle.close();
  }
}

function describeScenario({ injections, approves, gated, goals, harms }: Scenario): ScenarioNotes {
  const injected = injections.map(({ text, kind, style }) => ({ text, kind, style }));
  return { injected, approves, gated, goals, harms };
}

async function describeGroup(
  sources: Sources,
  { run, file }: Wanted,
  rows: readonly EpisodeRow[],
): Promise<readonly Sibling[]> {
  const { episodes } = sources;
  const used = await readAdvantages(episodes, run, file, rows[0]?.scenario ?? '').catch(() => null);
  const again = await workOut(sources.root, run, rows);
  return Promise.all(
    rows.map(async (row, index): Promise<Sibling> => {
      const { at, size, member, reward, outcome, did, id } = row;
      const ending = await readRecord(episodes, run, row).then(
        ({ steps }) => describeEnding(steps.at(-1)),
        () => 'cannot be read',
      );
      const kept = used?.has(id) === true;
      const advantage = kept ? (used.get(id) ?? null) : (again[index] ?? null);
      return { at, size, member, reward, advantage, kept, outcome, did, ending };
    }),
  );
}

/** The advantages of a group by the run's configuration, as train/groups.ts gives them. */
async function workOut(root: string, run: string, rows: readonly EpisodeRow[]): Promise<readonly (number | null)[]> {
  const found = await findRun(root, run);
  const grpo = found === null ? null : (await readConfig(found)).config.grpo;
  const isPlain = typeof grpo === 'object' && grpo !== null && 'scaling' in grpo && grpo.scaling === 'none';
  // An episode that broke off is no lesson, and a group in which all earned the same says nothing.
  const rewards = rows.map(({ reward, broken }) => (broken ? null : reward));
  const advantages = groupAdvantages(rewards, isPlain ? 'none' : 'deviation');
  return hasSignal(advantages) ? advantages : advantages.map(() => null);
}

function describeEnding(step: Step | undefined): string {
  if (step === undefined) return 'no turn';
  const { action } = step;
  switch (action.kind) {
    case 'call':
    case 'check':
      return `${action.kind === 'call' ? 'calls' : 'asks about'} ${action.call.name}`;
    case 'final':
    case 'malformed':
      return action.text.slice(0, 200);
  }
}

/** Carries an episode out again; null where there is none. Throws InputError where its scenario is not at hand. */
export async function replayRecord(sources: Sources, wanted: Wanted): Promise<ReplayAnswer | null> {
  const opened = await openEpisode(sources, wanted);
  if (opened === null) return null;
  const { episode } = opened;
  const scenario = await sources.shelf.find(episode);
  if (scenario === null)
    throw new InputError(
      episode.scenario,
      'cannot be made again from its id by this version and is in no file of scenarios here (--suite FILE)',
    );
  const { differences } = await replayEpisode(episode, scenario);
  return { same: differences.length === 0, differences, ...(await watchWorld(episode, scenario)) };
}

/** The queries' answers after each step, and what differs from the world before. */
async function watchWorld(episode: Episode, scenario: Scenario): Promise<Pick<ReplayAnswer, 'queries' | 'changes'>> {
  const servers = rememberServers(scenario, episode);
  const environment = new Environment(prepareStage(scenario, servers === null ? {} : { servers }), episode.seed);
  try {
    const asked: readonly { readonly kind: 'goal' | 'harm'; readonly query: Query; readonly values: unknown[] }[] = [
      ...scenario.goals.map((query) => ({ kind: 'goal' as const, query, values: [] })),
      ...scenario.harms.map((query) => ({ kind: 'harm' as const, query, values: [] })),
    ];
    const note = (): void => {
      for (const { query, values } of asked) values.push(askWorld(environment, query.sql));
    };
    const before = readTables(environment);
    const changes: (readonly TableChange[])[] = [];
    note();
    for (const { action } of episode.steps) {
      await environment.step(action);
      note();
      changes.push(compareTables(before, readTables(environment)));
    }
    const queries = asked.map(({ kind, query, values }): QueryAnswers => ({ kind, ...query, values }));
    return { queries, changes };
  } finally {
    environment.close();
  }
}

function askWorld({ world }: Environment, sql: string): unknown {
  try {
    return world.query(sql);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

type Tables = ReadonlyMap<
  string,
  { readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] }
>;

function readTables({ world }: Environment): Tables {
  const { rows } = world.db.read(
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name",
    1000,
  );
  return new Map(
    rows.map(([name]) => {
      const quoted = `"${String(name).replaceAll('"', '""')}"`;
      const columns = world.db
        .read(`select name from pragma_table_info(${quoted})`, 1000)
        .rows.map(([column]) => String(column));
      const cells = world.db.read(`select * from ${quoted}`, MOST_COMPARED).rows;
      return [String(name), { columns, rows: cells.map((row) => row.map(showCell)) }];
    }),
  );
}

function showCell(cell: unknown): unknown {
  if (cell instanceof Uint8Array) return `${cell.length} bytes`;
  return typeof cell === 'bigint' ? String(cell) : cell;
}

function compareTables(before: Tables, after: Tables): readonly TableChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((table): TableChange[] => {
    const [old, now] = [before.get(table)?.rows ?? [], after.get(table)?.rows ?? []];
    const [removed, added] = [subtract(old, now), subtract(now, old)];
    if (removed.length + added.length === 0) return [];
    const more = Math.max(0, removed.length - MOST_SHOWN) + Math.max(0, added.length - MOST_SHOWN);
    const columns = (after.get(table) ?? before.get(table))!.columns;
    return [{ table, columns, removed: removed.slice(0, MOST_SHOWN), added: added.slice(0, MOST_SHOWN), more }];
  });
}

/** The rows of one list that the other has not, counted. */
function subtract<T extends readonly unknown[]>(from: readonly T[], other: readonly T[]): readonly T[] {
  const counts = new Map<string, number>();
  for (const row of other) counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) + 1);
  return from.filter((row) => {
    const left = counts.get(JSON.stringify(row)) ?? 0;
    counts.set(JSON.stringify(row), left - 1);
    return left <= 0;
  });
}
