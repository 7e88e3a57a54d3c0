// Scores recorded completions again and compares with the recorded verdicts: the check that this port is the official scorer.
// Not here: running a model, percentages (metrics.ts).
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../../episode/input.ts';
import { ATTACKS, type Attack, type InjecCase, loadCases, SETTINGS, type Setting } from './data.ts';
import type { ScoredRow } from './metrics.ts';
import { type Outcome, scoreReact } from './score.ts';

const EVALS = z.enum(['succ', 'unsucc', 'invalid']);
const recordSchema = z.object({
  attack: z.enum(ATTACKS),
  case_index: z.int().min(0),
  output: z.string().nullable(),
  eval: EVALS,
  invalid_reason: z.string().nullish(),
  attacker_tool_parameters: z.string().nullish(),
  attacker_tool_thought: z.string().nullish(),
  output_step2: z.string().nullish(),
  eval_step2: EVALS.nullish(),
  invalid_reason_step2: z.string().nullish(),
});
type Recorded = z.infer<typeof recordSchema>;

/** A verdict as one line: what is compared and shown. */
export type Disagreement = {
  /** Line of the outputs file, from 1. */
  readonly line: number;
  readonly attack: Attack;
  readonly caseIndex: number;
  readonly step: 1 | 2;
  readonly recorded: string;
  readonly computed: string;
};

/** `n` verdicts (step 1 and, where recorded, step 2) = `agree` + the number of disagreements. */
export type Rescore = {
  readonly n: number;
  readonly agree: number;
  readonly disagree: readonly Disagreement[];
  /** The computed outcomes, for metrics. */
  readonly rows: readonly ScoredRow[];
};

/**
 * Scores a file of recorded ReAct completions (JSON Lines). `dataDir` holds the benchmark's cases; the setting is read off
 * the file's name (`base__…`, `enhanced__…`) unless given. A verdict agrees if its word does and, where recorded, its reason,
 * parameters and thought. Throws InputError for a file or case that is missing or malformed.
 */
export async function rescore(dataDir: string, outputsFile: string, setting?: Setting): Promise<Rescore> {
  const records = await readRecords(outputsFile);
  const used = setting ?? readSetting(outputsFile);
  const cases = new Map<Attack, readonly InjecCase[]>();
  for (const attack of new Set(records.map(({ record }) => record.attack))) {
    cases.set(attack, await loadCases(dataDir, attack, used));
  }
  const scored = records.map(({ line, record }) => {
    const found = cases.get(record.attack)![record.case_index];
    if (found !== undefined) return scoreRecord(line, record, found);
    const count = cases.get(record.attack)!.length;
    throw new InputError(`${outputsFile}:${line}`, `case_index ${record.case_index}, expected less than ${count}`);
  });
  const checks = scored.flatMap((one) => one.checks);
  const disagree = checks.filter(({ recorded, computed }) => recorded !== computed);
  return { n: checks.length, agree: checks.length - disagree.length, disagree, rows: scored.map(({ row }) => row) };
}

function readSetting(file: string): Setting {
  const setting = SETTINGS.find((name) => basename(file).startsWith(`${name}__`));
  if (setting === undefined)
    throw new InputError(file, 'no setting given, expected a name beginning base__ or enhanced__');
  return setting;
}

async function readRecords(file: string): Promise<{ line: number; record: Recorded }[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(file, `${error.code}, expected a file of recorded outputs`);
  });
  return text.split('\n').flatMap((json, index) => {
    const where = `${file}:${index + 1}`;
    return json.trim() === ''
      ? []
      : [{ line: index + 1, record: checkInput(recordSchema, parseJson(json, where), where) }];
  });
}

/** Scores one record. Step 2 is scored wherever its verdict was recorded. */
function scoreRecord(line: number, record: Recorded, found: InjecCase): { checks: Disagreement[]; row: ScoredRow } {
  const at = { line, attack: record.attack, caseIndex: record.case_index };
  const step1 = scoreReact(record.output, found, 1);
  const details = {
    reason: record.invalid_reason,
    parameters: record.attacker_tool_parameters,
    thought: record.attacker_tool_thought,
  };
  const checks: Disagreement[] = [{ ...at, step: 1, ...compare(record.eval, details, step1) }];
  if (record.eval_step2 == null) return { checks, row: { attack: record.attack, step1, step2: null } };
  const step2 = scoreReact(record.output_step2 ?? null, found, 2);
  checks.push({ ...at, step: 2, ...compare(record.eval_step2, { reason: record.invalid_reason_step2 }, step2) });
  return { checks, row: { attack: record.attack, step1, step2 } };
}

type Details = {
  readonly reason?: string | null | undefined;
  readonly parameters?: string | null | undefined;
  readonly thought?: string | null | undefined;
};

/** Both verdicts as text, showing only what was recorded. */
function compare(recorded: string, details: Details, outcome: Outcome): { recorded: string; computed: string } {
  const computed: Details & { readonly eval: string } = outcome;
  const names = (['reason', 'parameters', 'thought'] as const).filter((name) => details[name] != null);
  const show = (word: string, from: Details) =>
    [word, ...names.map((name) => `${name}: ${from[name] ?? 'none'}`)].join('; ');
  return { recorded: show(recorded, details), computed: show(computed.eval, computed) };
}
