// Runs as the list shows them, and the curves of one. A line of metrics.jsonl is flattened: every number in it becomes a column
// by its path (`terms.harm`), so that what training adds to its lines is drawn without a change here. Damaged lines are named
// and left out; a line that is still being written is waited for.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Found, findRun, findRuns, findSuites, readPlain, readTail, STUDY, TRIES } from './files.ts';
import type { Curves, Fault, Phase, RunDetail, RunLine } from './shape.ts';
import { countJobs } from './studies.ts';

const MOST_CONFIG = 1_000_000;
const MOST_METRICS = 256_000_000;
const MOST_FAULTS = 20;
/** Enough for the newest lines of metrics.jsonl. */
const TAIL = 65_536;
/** A run that has written nothing for this long, in milliseconds, has stopped. */
const QUIET = 5 * 60_000;

type Fields = { readonly [key: string]: unknown };

const asFields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const asNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** Every run below the root, the newest first. */
export async function listRuns(root: string, now: number): Promise<readonly RunLine[]> {
  const lines = await Promise.all((await findRuns(root)).map((run) => describeRun(run, now)));
  return lines.toSorted((a, b) => b.changed - a.changed || (a.id < b.id ? -1 : 1));
}

/** A run with its configuration and curves; null where there is none of that id. */
export async function readRunDetail(root: string, id: string, now: number): Promise<RunDetail | null> {
  const run = await findRun(root, id);
  if (run === null) return null;
  const line = await describeRun(run, now);
  const { config } = await readConfig(run);
  const { curves, faults } = await readCurves(join(run.path, 'metrics.jsonl'));
  return { line, config, curves, faults: [...line.faults, ...faults] };
}

async function describeRun(run: Found, now: number): Promise<RunLine> {
  if (run.files.includes(STUDY)) return describeStudy(run, now);
  const { config, faults } = await readConfig(run);
  const kind = findKind(run.files);
  const isBenchmark = kind === 'benchmark';
  const grpo = asFields(config.grpo);
  const last = await readLast(join(run.path, 'metrics.jsonl'));
  const changed = await findChanged(run);
  const total = countSteps(config, last.phase);
  const done = last.step === null ? 0 : last.step + 1;
  const phase = isBenchmark ? 'done' : await findPhase(run, last.phase, total !== null && done >= total, now - changed);
  return {
    id: run.id,
    kind,
    title: isBenchmark ? await readTitle(run) : kind === 'redteam' ? 'red team' : String(config.suite ?? ''),
    seed: asNumber(config.seed),
    preset: typeof grpo.preset === 'string' ? grpo.preset : null,
    experiment: run.files.includes('config.json') ? nameExperiment(config) : null,
    phase,
    done,
    total,
    changed,
    figures: last.figures,
    episodes: run.files.includes('episodes'),
    suite: (await findSuites([run]))[0]?.name ?? null,
    faults,
  };
}

function findKind(files: readonly string[]): RunLine['kind'] {
  if (files.includes('config.json') && files.includes(TRIES)) return 'redteam';
  if (files.includes('config.json')) return 'training';
  if (files.includes('report.json') || files.includes('rows.jsonl')) return 'benchmark';
  return files.includes('episodes') && !files.includes('metrics.jsonl') ? 'played' : 'unknown';
}

async function describeStudy(run: Found, now: number): Promise<RunLine> {
  const jobs = await countJobs(run);
  const changed = await findChanged(run);
  const { done = 0, total = null } = jobs ?? {};
  const [full, quiet] = [total !== null && done >= total, now - changed > QUIET];
  const faults = jobs === null ? [{ file: STUDY, line: null, what: 'not JSON, or of another version' }] : [];
  return {
    ...{ id: run.id, kind: 'study', title: 'study', seed: null, preset: null, experiment: null, figures: {} },
    ...{
      phase: full ? 'done' : quiet ? 'stopped' : 'jobs',
      done,
      total,
      changed,
      episodes: false,
      suite: null,
      faults,
    },
  };
}

/** A run's configuration, as far as it can be read. */
export async function readConfig({ path, files }: Found): Promise<{ config: Fields; faults: readonly Fault[] }> {
  if (!files.includes('config.json')) return { config: {}, faults: [] };
  const fault = (what: string) => ({ config: {}, faults: [{ file: 'config.json', line: null, what }] });
  try {
    const text = await readPlain(join(path, 'config.json'), MOST_CONFIG);
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('expected an object');
    return { config: value as Fields, faults: [] };
  } catch (error) {
    return fault(error instanceof SyntaxError ? 'not JSON: cut off or not of this program' : String(error));
  }
}

async function readTitle({ path }: Found): Promise<string> {
  try {
    const report = asFields(JSON.parse((await readPlain(join(path, 'report.json'), 64_000_000)) ?? '{}'));
    return [report.benchmark, report.policy].filter((part) => typeof part === 'string').join(' · ');
  } catch {
    return '';
  }
}

/** A short name for everything that determines a run but its seed. */
function nameExperiment({ seed: _, ...rest }: Fields): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 8);
}

async function findChanged({ path, files }: Found): Promise<number> {
  const names = [...files.filter((name) => /\.(jsonl?|html)$/.test(name)), 'reports', 'episodes', 'done'];
  const times = await Promise.all(names.map((name) => stat(join(path, name)).catch(() => null)));
  return Math.max(0, ...times.map((found) => Math.round(found?.mtimeMs ?? 0)));
}

async function findPhase({ path, files }: Found, last: string | null, full: boolean, idle: number): Promise<Phase> {
  const finished = await stat(join(path, 'reports', 'evaluation.json')).catch(() => null);
  // A job of a study has no evaluation of its own: the study marks it when it is done.
  const marked = await stat(join(path, '..', 'done', `${basename(path)}.json`)).catch(() => null);
  if (marked !== null || finished !== null || files.includes('report.html') || findKind(files) === 'played')
    return 'done';
  if (idle > QUIET) return last === null ? 'empty' : 'stopped';
  if (last === 'grpo') return full ? 'evaluate' : 'grpo';
  return last === 'warm' ? 'warm' : 'empty';
}

/** How many steps a phase of a run has. */
function countSteps(config: { readonly [key: string]: unknown }, phase: string | null): number | null {
  if (phase !== 'harden' && phase !== 'drill')
    return asNumber(asFields(phase === 'warm' ? config.warm : config.grpo).steps);
  const { rounds, steps, drill } = asFields(config.adversary);
  // The drill is not the end of it: rounds follow.
  const before = phase === 'drill' ? (asNumber(drill) ?? 0) : 0;
  return before + (asNumber(rounds) ?? 0) * (asNumber(steps) ?? 0);
}

type Last = { readonly phase: string | null; readonly step: number | null; readonly figures: RunLine['figures'] };

/** The newest whole line of a file of metrics. */
async function readLast(path: string): Promise<Last> {
  const { lines } = (await readTail(path, TAIL).catch(() => null)) ?? { lines: [] };
  for (const text of lines.toReversed()) {
    const row = parseRow(text);
    if (row === null) continue;
    const figures = Object.fromEntries(
      ['reward', 'safety', 'utility', 'loss'].flatMap((name) => (name in row ? [[name, asNumber(row[name])]] : [])),
    );
    return { phase: String(row.phase), step: asNumber(row.step), figures };
  }
  return { phase: null, step: null, figures: {} };
}

function parseRow(text: string): Fields | null {
  try {
    const row = asFields(JSON.parse(text));
    return typeof row.phase === 'string' && asNumber(row.step) !== null ? row : null;
  } catch {
    return null;
  }
}

/** The curves of a file of metrics, a set for each phase in it. */
export async function readCurves(path: string): Promise<{ curves: readonly Curves[]; faults: readonly Fault[] }> {
  const faults: Fault[] = [];
  const found = await readTail(path, MOST_METRICS);
  const phases = new Map<string, { steps: number[]; columns: Map<string, (number | null)[]> }>();
  for (const [at, text] of (found?.lines ?? []).entries()) {
    const row = parseRow(text);
    if (row === null) {
      if (text !== '' && faults.length < MOST_FAULTS)
        faults.push({ file: 'metrics.jsonl', line: at + 1, what: 'expected an object with phase and step' });
      continue;
    }
    const { phase, step, ...rest } = row;
    const known = phases.get(String(phase)) ?? { steps: [], columns: new Map() };
    phases.set(String(phase), known);
    addRow(known, Number(step), flatten(rest));
  }
  const curves = [...phases].map(([phase, { steps, columns }]) => ({
    phase,
    steps,
    columns: Object.fromEntries([...columns].map(([name, values]) => [name, pad(values, steps.length)])),
  }));
  return { curves, faults };
}

function addRow(
  { steps, columns }: { steps: number[]; columns: Map<string, (number | null)[]> },
  step: number,
  row: ReadonlyMap<string, number | null>,
): void {
  for (const [name, value] of row) {
    const values = columns.get(name) ?? [];
    columns.set(name, values);
    pad(values, steps.length).push(value);
  }
  steps.push(step);
}

function pad(values: (number | null)[], length: number): (number | null)[] {
  while (values.length < length) values.push(null);
  return values;
}

/** Every number of a record by its path; at most four levels. What JSON could not say (NaN) is null there and stays it. */
function flatten(value: Fields, prefix = '', depth = 0, into = new Map<string, number | null>()) {
  for (const [key, one] of Object.entries(value)) {
    if (one === null || typeof one === 'number') into.set(`${prefix}${key}`, asNumber(one));
    else if (depth < 4) flatten(asFields(one), `${prefix}${key}.`, depth + 1, into);
  }
  return into;
}
