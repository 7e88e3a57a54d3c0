// Regenerates docs/results-align.md: the default run with several seeds, and the ablation of the reward from one base.
//   npm run results -- --seeds 1,2,3 --ablation-steps 60
// Needs about seven minutes a seed and two an arm on two cores. Finished runs under runs/results are used again.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeAtomic } from '../src/evaluate/file.ts';
import { METRICS, type MetricName, type Metrics } from '../src/evaluate/metrics.ts';
import { presets } from '../src/reward/presets.ts';
import { alignRun, branchRun, type Progress } from '../src/train/align.ts';
import { DEFAULT_CONFIG, type TrainConfig } from '../src/train/config.ts';
import type { Evaluation, Row } from '../src/train/evaluation.ts';
import type { StepMetrics } from '../src/train/grpo.ts';
import { writeReport } from '../src/train/report.ts';
import { type RunDirectory, readMetrics, runAt } from '../src/train/rundir.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1,2,3' }, 'ablation-steps': { type: 'string', default: '60' } },
});
const seeds = values.seeds.split(',').map(Number);
const ROOT = 'runs/results';

type Finished = { readonly rows: readonly Row[]; readonly seconds: number; readonly run: RunDirectory };

/** Runs a configuration in a directory of that name, or takes what is there. Gives its evaluation and seconds. */
async function runOnce(name: string, config: TrainConfig, base: RunDirectory | null): Promise<Finished> {
  const run = runAt(join(ROOT, name));
  const done = run.at('reports', 'done.json');
  if (!existsSync(done)) {
    const begin = performance.now();
    for (const folder of ['episodes', 'checkpoints', 'reports']) await mkdir(run.at(folder), { recursive: true });
    await writeAtomic(run.at('config.json'), `${JSON.stringify(config, null, 2)}\n`);
    if (base && !existsSync(run.at('checkpoints', 'latest'))) await branchRun(base, run);
    const evaluation: Evaluation = await alignRun(run, {
      signal: new AbortController().signal,
      onProgress: tell(name),
    });
    await writeReport(run, config, evaluation, null);
    await writeAtomic(done, `${JSON.stringify({ seconds: Math.round((performance.now() - begin) / 1000) })}\n`);
  }
  const { rows } = JSON.parse(await readFile(run.at('reports', 'evaluation.json'), 'utf8')) as { rows: Row[] };
  const { seconds } = JSON.parse(await readFile(done, 'utf8')) as { seconds: number };
  return { rows, seconds, run };
}

function tell(name: string): (progress: Progress) => void {
  return (p) => {
    if (p.phase === 'grpo' && p.done % 20 === 0)
      process.stderr.write(`${name}: step ${p.done}/${p.total}, reward ${p.metrics.reward.toFixed(2)}\n`);
  };
}

const metricsOf = (rows: readonly Row[], policy: string, split: Row['split'] = 'heldout'): Metrics => {
  const row = rows.find((r) => r.policy === policy && r.split === split);
  if (!row) throw new Error(`no row ${policy} ${split}`);
  return row.metrics;
};
const show = (value: number | null) => (value === null ? '–' : value.toFixed(3));
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
const rates = (metrics: Metrics) => METRICS.map((name) => show(metrics[name].rate));

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const summary = (all: readonly Metrics[], name: MetricName) => {
  const known = all.flatMap((metrics) => metrics[name].rate ?? []);
  return `${show(median(known))} (${show(Math.min(...known))} to ${show(Math.max(...known))})`;
};

const runs: Finished[] = [];
for (const seed of seeds) runs.push(await runOnce(`seed-${seed}`, { ...DEFAULT_CONFIG, seed }, null));
const [first] = runs;
if (!first) throw new Error('no seeds');

const steps = Number(values['ablation-steps']);
const arms: (Finished & { readonly preset: string })[] = [];
for (const preset of Object.keys(presets) as (keyof typeof presets)[]) {
  const config: TrainConfig = {
    ...DEFAULT_CONFIG,
    seed: seeds[0] ?? 1,
    grpo: { ...DEFAULT_CONFIG.grpo, steps, preset },
  };
  arms.push({ preset, ...(await runOnce(`arm-${preset}-${steps}`, config, first.run)) });
}

const head = ['', ...METRICS];
const seedTable = (split: Row['split']) =>
  table(head, [
    ...runs.flatMap(({ rows }, at) =>
      (['base', 'aligned'] as const).map((policy) => [
        `${policy}, seed ${seeds[at]}`,
        ...rates(metricsOf(rows, policy, split)),
      ]),
    ),
    ...(runs.length > 1 ? (['base', 'aligned'] as const) : []).map((policy) => [
      `**${policy}, median (range)**`,
      ...METRICS.map((name) =>
        summary(
          runs.map(({ rows }) => metricsOf(rows, policy, split)),
          name,
        ),
      ),
    ]),
    ...['do nothing', 'comply with everything', 'oracle'].map((policy) => [
      policy,
      ...rates(metricsOf(first.rows, policy, split)),
    ]),
  ]);

/** Safety and utility over the steps of each arm, as a picture. */
async function drawCurves(): Promise<string> {
  const lines = [];
  for (const { preset, run } of arms) {
    const metrics = (await readMetrics(run)) as ({ phase: string } & StepMetrics)[];
    const grpo = metrics.filter((m) => m.phase === 'grpo');
    const every = (of: (m: StepMetrics) => number) =>
      [0, 0.25, 0.5, 0.75, 1].map((part) => {
        const at = Math.min(grpo.length - 1, Math.round(part * (grpo.length - 1)));
        const window = grpo.slice(Math.max(0, at - 2), at + 3);
        return show(window.reduce((sum, m) => sum + of(m), 0) / window.length);
      });
    lines.push([`${preset}, safety`, ...every((m) => m.safety)], [`${preset}, utility`, ...every((m) => m.utility)]);
  }
  return table(['sampled in training, at', 'start', '25 %', '50 %', '75 %', 'end'], lines);
}

const { groups, members } = DEFAULT_CONFIG.grpo;
const text = `# Results of single runs

Every figure here comes from one command; finished runs are kept under \`runs/results\` with their reports and episodes.

\`\`\`sh
npm run results -- --seeds ${values.seeds} --ablation-steps ${steps}
\`\`\`

Model: ${DEFAULT_CONFIG.model.layers} layers, width ${DEFAULT_CONFIG.model.width}, trained from nothing. Warm start: ${DEFAULT_CONFIG.warm.steps} steps of ${DEFAULT_CONFIG.warm.batch} demonstrations.
Alignment: ${DEFAULT_CONFIG.grpo.steps} steps of ${groups} scenarios × ${members} episodes, reward \`tribune\`. Evaluation: ${DEFAULT_CONFIG.evaluate.count} scenarios a split, seed ${DEFAULT_CONFIG.evaluate.seed}, greedy.
What each column counts: [evaluate.md](evaluate.md). Seconds for the whole run, on two cores that other work may have shared: ${runs.map(({ seconds }, at) => `seed ${seeds[at]} ${seconds} s`).join(', ')}.

## Held-out families

${seedTable('heldout')}

## Training families, fresh scenarios

${seedTable('train')}

## Ablation of the reward

Four rewards from the same warm start (seed ${seeds[0]}), ${steps} steps each, held-out families:

${table(
  head,
  arms.map(({ preset, rows }) => [`\`${preset}\``, ...rates(metricsOf(rows, 'aligned'))]),
)}

and on training families:

${table(
  head,
  arms.map(({ preset, rows }) => [`\`${preset}\``, ...rates(metricsOf(rows, 'aligned', 'train'))]),
)}

Their curves, as rates among the episodes sampled in training (means of five steps around the point; the full curves are in each arm's \`report.html\`):

${await drawCurves()}
`;
await writeAtomic('docs/results-align.md', text);
process.stdout.write(text);
process.exit(0);
