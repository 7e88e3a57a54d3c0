// What was measured: the evaluation of a training run, or a benchmark's report; rates by family and the confusion of what was
// due with what was done, from the index of its episodes; and two sets of episodes compared pair by pair.
import { join } from 'node:path';
import { z } from 'zod';
import { rng } from '../episode/random.ts';
import type { Row } from '../evaluate/benchmarks/row.ts';
import { compareRuns } from '../evaluate/compare.ts';
import { METRICS, type MetricName, type Metrics, type Rate, wilson } from '../evaluate/metrics.ts';
import { type Outcome, outcomeSchema } from '../evaluate/outcome.ts';
import { DECISIONS } from '../safety/taxonomy.ts';
import { type CaseIndex, crossFacts } from './cases.ts';
import type { RunIndex } from './episodes.ts';
import { type Found, findRun, readPlain, STUDY, TRIES } from './files.ts';
import {
  CASES,
  type EpisodeRow,
  type EvaluationDetail,
  type EvaluationRow,
  type FamilyRates,
  type Fault,
  type MeasureRow,
  type PairedRow,
} from './shape.ts';
import { readStudy } from './studies.ts';

const MOST = 64_000_000;

const share = z.number().nullable();
const rateSchema: z.ZodType<Rate> = z.object({ rate: share, low: share, high: share, n: z.int() });
const metricsSchema: z.ZodType<Metrics> = z.object({
  refuse: rateSchema,
  verify: rateSchema,
  withstand: rateSchema,
  unharmed: rateSchema,
  utility: rateSchema,
  overAsk: rateSchema,
  overRefuse: rateSchema,
});
const evaluationSchema = z.object({
  rows: z.array(
    z.object({ policy: z.string(), split: z.string(), metrics: metricsSchema, unjudged: z.int().default(0) }),
  ),
});

/** What a run measured; null where there is no such run. A report that cannot be read is a fault, not an error. */
export async function readEvaluation(
  root: string,
  id: string,
  index: RunIndex | null,
  cases: CaseIndex | null,
): Promise<EvaluationDetail | null> {
  const run = await findRun(root, id);
  if (run === null) return null;
  const faults: Fault[] = [];
  const rows = await readRows(run, index, faults);
  const benchmark = await readBenchmark(run, cases, faults);
  const study = run.files.includes(STUDY) ? await readStudy(run, faults) : null;
  const sets = [
    ...(cases === null || benchmark === null ? [] : [CASES]),
    ...(index?.files ?? []).map(({ name }) => name),
  ];
  return { run: id, rows, benchmark, study, sets, faults: [...faults, ...(cases?.faults ?? [])] };
}

/** The measures of a benchmark's run; null where it is none, or cannot be read. */
export async function readMeasures(
  root: string,
  id: string,
): Promise<Pick<Outcome, 'benchmark' | 'definitions'> | null> {
  const run = await findRun(root, id);
  return run?.files.includes('report.json') ? readJson(run, 'report.json', outcomeSchema, []) : null;
}

async function readRows(run: Found, index: RunIndex | null, faults: Fault[]): Promise<readonly EvaluationRow[]> {
  const found = await readJson(run, join('reports', 'evaluation.json'), evaluationSchema, faults);
  const files = (index?.files ?? []).map(({ name }) => name);
  return (found?.rows ?? []).map((row) => {
    const source = `${row.policy.replaceAll(' ', '-')}-${row.split}`;
    return { ...row, source: files.includes(source) ? source : null };
  });
}

async function readBenchmark(
  run: Found,
  cases: CaseIndex | null,
  faults: Fault[],
): Promise<EvaluationDetail['benchmark']> {
  // A red team's report is of another kind; its attacks are browsed as scenarios.
  const isOne = run.files.includes('report.json') && !run.files.includes(TRIES);
  const found = isOne ? await readJson(run, 'report.json', outcomeSchema, faults) : null;
  if (found === null) return null;
  const { benchmark, version, policy, n, definitions, measures, baselines, notes } = found;
  const rows = definitions.flatMap(({ name, title, better, twin }): MeasureRow[] => {
    const measured = measures[name];
    if (measured === undefined) return [];
    const beside = Object.entries(baselines).flatMap(([policy, rates]) =>
      rates[name] ? [[policy, rates[name]] as const] : [],
    );
    const { rate, low, high, n } = measured;
    const groups = measured.groups;
    return [
      {
        name,
        title,
        better,
        twin: twin ?? null,
        rate: { rate, low, high, n },
        groups,
        baselines: Object.fromEntries(beside),
      },
    ];
  });
  const crossed = cases === null ? [] : crossFacts(cases, definitions);
  return { title: `${benchmark} ${version}`, policy, n, measures: rows, crossed, notes };
}

async function readJson<T>({ path }: Found, file: string, schema: z.ZodType<T>, faults: Fault[]): Promise<T | null> {
  try {
    const text = await readPlain(join(path, file), MOST);
    if (text === null) return null;
    const read = schema.safeParse(JSON.parse(text));
    if (read.success) return read.data;
    const issue = read.error.issues[0]!;
    faults.push({ file, line: null, what: `${issue.path.join('.')}: ${issue.message}` });
  } catch (error) {
    faults.push({
      file,
      line: null,
      what: error instanceof SyntaxError ? 'not JSON: cut off or not of this program' : String(error),
    });
  }
  return null;
}

/** Rates by family, and the confusion, of the episodes of one file. */
export function measureFamilies({ files }: RunIndex, file: string): FamilyRates | null {
  const rows = files.find(({ name }) => name === file)?.rows;
  if (rows === undefined) return null;
  const families = [...Map.groupBy(rows, ({ family }) => family)].sort(([a], [b]) => (a < b ? -1 : 1));
  const count = (due: string, did: string): number =>
    rows.filter((row) => row.outcome !== 'unjudged' && row.due === due && row.did === did).length;
  const confusion = Object.fromEntries(
    DECISIONS.map((due) => [due, Object.fromEntries(DECISIONS.map((did) => [did, count(due, did)]))]),
  ) as FamilyRates['confusion'];
  return { families: families.map(([family, members]) => ({ family, rates: measureRows(members) })), confusion };
}

function measureRows(rows: readonly EpisodeRow[]): { readonly [name in MetricName]: Rate } {
  const rates = METRICS.map((name, at) => {
    const known = rows.map(({ facts }) => facts[at]).filter((fact) => fact === '1' || fact === '0');
    return [name, wilson(known.filter((fact) => fact === '1').length, known.length)];
  });
  return Object.fromEntries(rates) as { readonly [name in MetricName]: Rate };
}

/** Compares two files of episodes, paired by scenario and member. */
export function compareFiles(first: readonly EpisodeRow[], second: readonly EpisodeRow[]): readonly PairedRow[] {
  const measures = METRICS.map((name) => ({
    name,
    title: name,
    better: name.startsWith('over') ? ('low' as const) : ('high' as const),
  }));
  return compareRuns(measures, first.map(toRow), second.map(toRow), rng('compare', 1));
}

function toRow({ scenario, member, family, facts }: EpisodeRow): Row {
  const named = METRICS.map((name, at): [string, boolean | null] => [
    name,
    facts[at] === '1' ? true : facts[at] === '0' ? false : null,
  ]);
  return { id: scenario, group: family, trial: member, facts: Object.fromEntries(named), transcript: [] };
}
