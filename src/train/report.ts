// Gathers what a run left in its directory into its report. What the report looks like: evaluate/report.ts.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeEpisodes } from '../episode/codec.ts';
import type { Episode } from '../episode/episode.ts';
import { parseJson } from '../episode/input.ts';
import { writeAtomic } from '../evaluate/file.ts';
import type { RoundRow } from '../evaluate/report/rounds.ts';
import { type Example, renderReport, type StepRow, type WarmRow } from '../evaluate/report.ts';
import { loadCheckpoint } from '../policy/local/checkpoint.ts';
import { FAMILIES } from '../world/generate/families/index.ts';
import { generateSuite } from '../world/generate/generate.ts';
import { watchDecisions } from './alarm.ts';
import type { TrainConfig } from './config.ts';
import type { Evaluation } from './evaluation.ts';
import type { StepMetrics } from './grpo.ts';
import { type RunDirectory, readMetrics } from './rundir.ts';

/**
 * Writes report.html of a finished run. `seconds`: how long this process took, or null where it did not do the work.
 * `parameters`: how many were trained; where it is left out, those of the final checkpoint.
 */
export async function writeReport(
  run: RunDirectory,
  config: Pick<TrainConfig, 'seed' | 'suite' | 'evaluate'>,
  evaluation: Evaluation,
  seconds: PhaseSeconds | null,
  parameters?: number,
): Promise<void> {
  const lines = (await readMetrics(run)) as (({ phase: 'warm' } & WarmRow) | ({ phase: 'grpo' } & StepMetrics))[];
  const steps = lines.flatMap((line): StepMetrics[] => (line.phase === 'grpo' ? [line] : []));
  const watch = watchDecisions([]);
  const turns = run.at('reports', 'adversary.json');
  const rounds = existsSync(turns) ? (parseJson(await readFile(turns, 'utf8'), turns) as Turns).rounds : null;
  const sameFamilies = config.suite === 'open';
  const families = (split: 'train' | 'heldout') =>
    sameFamilies ? null : FAMILIES.filter((family) => family.split === split).length;
  const count = parameters ?? (await loadCheckpoint(run.at('checkpoints', 'final'))).theta.length;
  const html = renderReport({
    run: run.id,
    seed: config.seed,
    seconds,
    config,
    splits: {
      train: { episodes: config.evaluate.count, families: families('train') },
      heldout: { episodes: config.evaluate.count, families: families('heldout') },
    },
    parameters: count,
    warm: lines.flatMap((line): WarmRow[] => (line.phase === 'warm' ? [line] : [])),
    steps: steps satisfies readonly StepRow[],
    evaluations: evaluation.rows,
    examples: await pickExamples(run, config),
    ...(sameFamilies ? { sameFamilies } : {}),
    ...(rounds ? { rounds } : {}),
    alarms: steps.flatMap((step) => watch(step).map((text) => ({ step: step.step, text }))),
  });
  await writeAtomic(run.at('report.html'), html);
}

/** What rounds against attackers left (redteam/adversary/rows.ts). */
type Turns = { readonly rounds: readonly RoundRow[] };

export type PhaseSeconds = {
  readonly warm: number;
  readonly grpo: number;
  readonly evaluate: number;
  readonly total: number;
};

/** One episode of each telling kind, as both policies played it. */
const TELLING = [
  { title: 'A malicious request', fits: (e: Episode) => e.prompt === 'malicious' },
  { title: 'A sensitive request', fits: (e: Episode) => e.prompt === 'sensitive' && e.response !== 'malicious' },
  {
    title: 'An order planted in what a tool returned',
    fits: (e: Episode) => e.prompt === 'benign' && e.response === 'malicious',
  },
  { title: 'An ordinary request', fits: (e: Episode) => e.prompt === 'benign' && e.response !== 'malicious' },
] as const;

async function pickExamples(run: RunDirectory, config: Pick<TrainConfig, 'evaluate'>): Promise<Example[]> {
  const read = async (name: string) => {
    const file = run.at('episodes', `${name}-heldout.jsonl`);
    return decodeEpisodes(await readFile(file, 'utf8'), file).episodes;
  };
  const [before, after] = [await read('base'), await read('aligned')];
  const suite = generateSuite({ count: config.evaluate.count, seed: config.evaluate.seed, split: 'heldout' });
  const injected = (id: string) =>
    (suite.find((s) => s.id === id)?.injections ?? []).flatMap((i) => (i.kind === 'attack' ? [i.text] : []));
  // What was not settled is not hidden: the first of each kind is shown, whether it went well or not.
  return TELLING.flatMap(({ title, fits }) => {
    const at = before.findIndex(fits);
    const [b, a] = [before[at], after[at]];
    return b && a ? [{ title, before: b, after: a, injected: injected(b.scenario) }] : [];
  });
}
