// The cases of a benchmark's run (rows.jsonl, as `tribune evaluate --out` writes them): listed by what was measured, each with its
// transcript; which two facts hold together; and two runs of one benchmark compared case by case.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { rng } from '../episode/random.ts';
import { type Measure, type Row, rowSchema } from '../evaluate/benchmarks/row.ts';
import { compareRuns } from '../evaluate/compare.ts';
import { readCount } from './episodes.ts';
import { findRun } from './files.ts';
import { indexLines, type LineIndex } from './lines.ts';
import type { CasePage, CaseRow, CrossTable, PairedRow } from './shape.ts';

const FILE = 'rows.jsonl';
const MOST_ROWS = 500;
/** Runs whose indexes are kept at once. */
const MOST_KEPT = 8;

export type CaseIndex = LineIndex<CaseRow>;

export type Cases = {
  /** The index of a run's cases; null where it has none. */
  open(id: string): Promise<CaseIndex | null>;
  /** The case whose line begins at a byte; null where none does. Throws InputError on a damaged one. */
  read(id: string, at: number): Promise<Row | null>;
};

/** Opens the cases of the runs below a root. Nothing is read before it is asked for. */
export function openCases(root: string): Cases {
  const kept = new Map<string, Promise<CaseIndex | null>>();
  const place = async (id: string): Promise<string | null> => {
    const run = await findRun(root, id);
    return run?.files.includes(FILE) ? join(run.path, FILE) : null;
  };
  const find = async (id: string): Promise<CaseIndex | null> => {
    const path = await place(id);
    if (path === null) return null;
    // One after the other: two requests at once must not index one file twice.
    const before = kept.get(id) ?? Promise.resolve(null);
    const index = (known: CaseIndex | null) => indexLines(path, FILE, known, readCase);
    const next = before.then(index, () => index(null));
    kept.delete(id);
    kept.set(id, next);
    for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) kept.delete(old);
    return next;
  };
  return {
    open: find,
    async read(id, at) {
      const [path, index] = [await place(id), await find(id)];
      const row = index?.rows.find((one) => one.at === at);
      if (path === null || row === undefined) return null;
      const file = await open(path, 'r');
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(row.size), 0, row.size, at);
        const where = `${FILE}:${row.line}`;
        return checkInput(rowSchema, parseJson(buffer.subarray(0, bytesRead).toString('utf8'), where), where);
      } finally {
        await file.close();
      }
    },
  };
}

function readCase(value: unknown, place: { readonly at: number; readonly size: number; readonly line: number }) {
  const read = rowSchema.safeParse(value);
  if (!read.success) return 'expected a case with id, group, trial, facts and transcript';
  const { id, group, trial, facts, faulty, transcript } = read.data;
  const first = transcript.find(({ role }) => role === 'user')?.text ?? transcript[0]?.text ?? '';
  return { ...place, id, group, trial, facts, faulty: faulty ?? null, begins: first.slice(0, 200) };
}

const HOLDS: { readonly [word: string]: boolean | null } = { yes: true, no: false, unjudged: null };

/** A page of a run's cases. Throws InputError on a filter that is none. */
export function pageCases({ rows, faults }: CaseIndex, query: URLSearchParams): CasePage {
  const from = readCount(query, 'from', 0, Number.MAX_SAFE_INTEGER);
  const count = readCount(query, 'count', 100, MOST_ROWS);
  const [group, words] = [query.get('group'), (query.get('words') ?? '').toLowerCase()];
  const wanted = query.getAll('fact').map((text): readonly [string, boolean | null] => {
    const [, name = '', word = ''] = /^(.+):(yes|no|unjudged)$/.exec(text) ?? [];
    if (name === '') throw new InputError('fact', 'expected NAME:yes, NAME:no or NAME:unjudged');
    return [name, HOLDS[word] ?? null];
  });
  const fits = ({ id, facts, begins }: CaseRow): boolean =>
    wanted.every(([name, holds]) => (Object.hasOwn(facts, name) ? (facts[name] ?? null) : null) === holds) &&
    (words === '' || `${id} ${begins}`.toLowerCase().includes(words));
  const chosen = rows.filter(fits);
  const fitting = group === null ? chosen : chosen.filter((row) => row.group === group);
  const groups = [...Map.groupBy(chosen, (row) => row.group)]
    .map(([value, members]) => ({ value, count: members.length }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
  return { all: rows.length, total: fitting.length, from, rows: fitting.slice(from, from + count), groups, faults };
}

/** Of each measure and its twin: how many cases have both, one or none of the two. */
export function crossFacts({ rows }: CaseIndex, measures: readonly Measure[]): readonly CrossTable[] {
  const pairs = measures.flatMap(({ name, twin }) => (twin === undefined ? [] : [[name, twin] as const]));
  const once = pairs.filter(
    ([a, b], at) => pairs.findIndex((one) => one.includes(a) && one.includes(b)) === at && a !== b,
  );
  return once.map(([first, second]) => {
    const count = (a: boolean, b: boolean): number =>
      rows.filter(({ facts }) => facts[first] === a && facts[second] === b).length;
    const counts = { both: count(true, true), first: count(true, false), second: count(false, true) };
    return { names: [first, second], ...counts, none: count(false, false) };
  });
}

/** Compares two runs of one benchmark, paired by case and trial, over the measures both declare. */
export function compareCases(
  measures: readonly Measure[],
  first: readonly CaseRow[],
  second: readonly CaseRow[],
): readonly PairedRow[] {
  const toRow = ({ id, group, trial, facts }: CaseRow): Row => ({ id, group, trial, facts, transcript: [] });
  return compareRuns(measures, first.map(toRow), second.map(toRow), rng('compare', 1));
}
