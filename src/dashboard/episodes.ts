// The episodes of runs: their indexes, kept between requests and brought up to date by each, and pages of them by filter.
// Not here: reading one whole episode (reading.ts).
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../episode/input.ts';
import { type Found, findRun } from './files.ts';
import { type FileIndex, indexFile } from './index-file.ts';
import type { EpisodePage, EpisodeRow, Facet, Facets, Fault } from './shape.ts';

/** Runs whose indexes are kept at once, files of a run that are read, and rows of one page. */
const MOST_KEPT = 8;
const MOST_FILES = 2000;
const MOST_ROWS = 500;

/** All episodes of a run, in the order of its files. */
export type RunIndex = {
  readonly files: readonly FileIndex[];
  readonly rows: readonly EpisodeRow[];
  readonly faults: readonly Fault[];
};

export type Episodes = {
  /** The index of a run; null where there is no run of that id. */
  open(id: string): Promise<RunIndex | null>;
  /** Where a file of a run's episodes is; null where there is none of that name. */
  place(id: string, file: string): Promise<string | null>;
};

/** Opens the episodes below a root. Nothing is read before it is asked for. */
export function openEpisodes(root: string): Episodes {
  const kept = new Map<string, Promise<RunIndex>>();
  return {
    async open(id) {
      const run = await findRun(root, id);
      if (run === null) return null;
      // One after the other: two requests at once must not index one file twice.
      const before = kept.get(id) ?? Promise.resolve(null);
      const next = before.then(
        (known) => indexRun(run, known),
        () => indexRun(run, null),
      );
      kept.delete(id);
      kept.set(id, next);
      for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) kept.delete(old);
      return next;
    },
    async place(id, file) {
      const run = await findRun(root, id);
      return run !== null && (await listFiles(run)).includes(file) ? join(run.path, 'episodes', `${file}.jsonl`) : null;
    },
  };
}

async function listFiles({ path }: Found): Promise<readonly string[]> {
  const names = await readdir(join(path, 'episodes')).catch(() => []);
  // Tokens stand beside the episodes they belong to (train/tokens.ts) and are none.
  const own = names.filter((name) => /^[^.].*\.jsonl$/.test(name) && !name.endsWith('.tokens.jsonl'));
  const files = own.map((name) => name.slice(0, -6));
  return files.sort().slice(0, MOST_FILES);
}

async function indexRun(run: Found, known: RunIndex | null): Promise<RunIndex> {
  const files: FileIndex[] = [];
  for (const name of await listFiles(run)) {
    const before = known?.files.find((file) => file.name === name) ?? null;
    const found = await indexFile(join(run.path, 'episodes', `${name}.jsonl`), name, before);
    if (found !== null) files.push(found);
  }
  const same =
    known !== null && known.files.length === files.length && files.every((file, at) => file === known.files[at]);
  if (same) return known;
  return { files, rows: files.flatMap(({ rows }) => rows), faults: files.flatMap(({ faults }) => faults) };
}

const FLAGS: { readonly [name: string]: (row: EpisodeRow) => boolean } = {
  disagree: (row) => row.did !== row.due,
  suspect: (row) => row.suspect,
  harm: (row) => row.harm,
  broken: (row) => row.broken,
};
const FIELDS = ['file', 'cell', 'family', 'outcome'] as const;
const SORTS: { readonly [name: string]: (a: EpisodeRow, b: EpisodeRow) => number } = {
  reward: (a, b) => (a.reward ?? Number.POSITIVE_INFINITY) - (b.reward ?? Number.POSITIVE_INFINITY),
  turns: (a, b) => b.turns - a.turns,
};

type Choice = { readonly fitting: readonly EpisodeRow[]; readonly facets: Facets };

/** What was chosen last of an index: the pages of one list ask for the same again. */
const chosen = new WeakMap<RunIndex, { readonly key: string; readonly choice: Choice }>();

/** A page of a run's episodes. Throws InputError on a flag, an order or a place that is none. */
export function pageEpisodes(index: RunIndex, query: URLSearchParams): EpisodePage {
  const { rows, faults } = index;
  const from = readCount(query, 'from', 0, Number.MAX_SAFE_INTEGER);
  const count = readCount(query, 'count', 100, MOST_ROWS);
  const { fitting, facets } = recallChoice(index, query);
  return { all: rows.length, total: fitting.length, from, rows: fitting.slice(from, from + count), facets, faults };
}

function recallChoice(index: RunIndex, query: URLSearchParams): Choice {
  const filter = new URLSearchParams(query);
  for (const name of ['from', 'count', 'run']) filter.delete(name);
  const key = String(filter);
  const last = chosen.get(index);
  if (last?.key === key) return last.choice;
  const found = chooseRows(index.rows, filter);
  const order = filter.get('sort') ?? '';
  const choice = order === '' ? found : { ...found, fitting: found.fitting.toSorted(choose(SORTS, order, 'sort')) };
  chosen.set(index, { key, choice });
  return choice;
}

/** The rows that fit a filter; and how many each value of a field would show, the other filters as they are. */
function chooseRows(rows: readonly EpisodeRow[], query: URLSearchParams): Choice {
  const wanted = FIELDS.map((field) => ({ field, values: query.getAll(field), counts: new Map<string, number>() }));
  const fits = readConditions(query);
  const fitting = rows.filter((row) => {
    if (!fits(row)) return false;
    const against = wanted.filter(({ field, values }) => values.length > 0 && !values.includes(row[field]));
    // A row that only one field turns away would be there if that field said its value.
    for (const { field, counts } of against.length === 0 ? wanted : against.length === 1 ? against : [])
      counts.set(row[field], (counts.get(row[field]) ?? 0) + 1);
    return against.length === 0;
  });
  const facets = Object.fromEntries(wanted.map(({ field, counts }) => [field, sortCounts(counts)])) as Facets;
  return { fitting, facets };
}

function sortCounts(counts: ReadonlyMap<string, number>): readonly Facet[] {
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => (a.value < b.value ? -1 : 1));
}

/** The filters that are no fields: flags, a scenario, words. */
function readConditions(query: URLSearchParams): (row: EpisodeRow) => boolean {
  const flags = query.getAll('flag').map((flag) => choose(FLAGS, flag, 'flag'));
  const scenario = query.get('scenario');
  const words = (query.get('words') ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const says = (row: EpisodeRow): boolean => {
    const text = `${row.id} ${row.family} ${row.policy} ${row.request}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return (row) =>
    flags.every((fits) => fits(row)) &&
    (scenario === null || row.scenario === scenario) &&
    (words.length === 0 || says(row));
}

function choose<T>(table: { readonly [name: string]: T }, name: string, what: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new InputError(what, `expected one of ${Object.keys(table).join(', ')}`);
  return found;
}

/** A count of a query. Throws InputError. */
export function readCount(query: URLSearchParams, name: string, otherwise: number, most: number): number {
  const text = query.get(name);
  const value = text === null ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InputError(name, 'expected a whole number');
  return Math.min(value, most);
}
