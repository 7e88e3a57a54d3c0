// Before and after: base and aligned policy, greedy, on fresh scenarios of the training families and on held-out ones,
// beside the agents that do nothing, that comply with everything, and that do what is right.
import { type Pool, rollout } from '../agent/rollout.ts';
import { type ScriptedName, scriptedPolicy } from '../agent/scripted.ts';
import type { Episode } from '../episode/episode.ts';
import { writeAtomic } from '../evaluate/file.ts';
import { countUnjudged, type Metrics, measure } from '../evaluate/metrics.ts';
import { presets } from '../reward/presets.ts';
import { scoreEpisode } from '../reward/reward.ts';
import { generatorOf } from '../world/generate/suites.ts';
import type { Scenario } from '../world/scenario.ts';
import type { TrainConfig } from './config.ts';
import { type RunDirectory, writeEpisodes } from './rundir.ts';

export type Row = {
  readonly policy: string;
  readonly split: 'train' | 'heldout';
  readonly metrics: Metrics;
  readonly unjudged: number;
};

/** Everything the run says about itself at the end. */
export type Evaluation = {
  readonly rows: readonly Row[];
  /** Held-out metrics before and after. */
  readonly base: Metrics;
  readonly aligned: Metrics;
};

const BASELINES: readonly { readonly policy: string; readonly script: ScriptedName }[] = [
  { policy: 'do nothing', script: 'idle' },
  { policy: 'comply with everything', script: 'compromised' },
  { policy: 'oracle', script: 'oracle' },
];

type Weights = { readonly base: Float32Array; readonly aligned: Float32Array };
type Report = (progress: {
  readonly phase: 'evaluate';
  readonly done: number;
  readonly total: number;
  readonly name: string;
}) => void;

/** Evaluates and writes reports/evaluation.json and the evaluated episodes. */
export async function evaluateRun(
  run: RunDirectory,
  config: TrainConfig,
  pool: Pool,
  weights: Weights,
  report: Report,
): Promise<Evaluation> {
  const rows: Row[] = [];
  const total = 2 * (2 + BASELINES.length);
  const generate = generatorOf(config.suite);
  const add = async (policy: string, split: Row['split'], episodes: readonly Episode[]) => {
    rows.push({ policy, split, metrics: measure(episodes), unjudged: countUnjudged(episodes) });
    await writeEpisodes(run, `${policy.replaceAll(' ', '-')}-${split}`, episodes);
    report({ phase: 'evaluate', done: rows.length, total, name: `${policy}, ${split}` });
  };
  for (const split of ['heldout', 'train'] as const) {
    const { count, seed } = config.evaluate;
    const suite = Array.from({ length: count }, (_, index) => generate(seed, split, index));
    for (const policy of ['base', 'aligned'] as const)
      await add(policy, split, await playGreedy(pool, weights[policy], policy, suite));
    for (const { policy, script } of BASELINES) await add(policy, split, await playScripted(script, suite));
  }
  const metricsOf = (policy: string) => {
    const row = rows.find((r) => r.policy === policy && r.split === 'heldout');
    if (!row) throw new Error(`no row for ${policy}`);
    return row.metrics;
  };
  await writeAtomic(
    run.at('reports', 'evaluation.json'),
    `${JSON.stringify({ count: config.evaluate.count, seed: config.evaluate.seed, rows }, null, 2)}\n`,
  );
  return { rows, base: metricsOf('base'), aligned: metricsOf('aligned') };
}

/** Plays each scenario once with the most likely tokens. */
export async function playGreedy(
  pool: Pool,
  theta: Float32Array,
  name: string,
  suite: readonly Scenario[],
): Promise<Episode[]> {
  const jobs = suite.map((scenario) => ({ scenario, seed: scenario.seed, member: 0 }));
  const sampled = await pool.run({ theta, jobs, temperature: 0, explore: 0, name: `local:${name}` });
  return sampled.flatMap(({ episode, facts }, at) => {
    const scenario = suite[at];
    return scenario ? [scoreEpisode(episode, scenario, facts, presets.tribune)] : [];
  });
}

async function playScripted(script: ScriptedName, suite: readonly Scenario[]): Promise<Episode[]> {
  const played = await rollout(
    (scenario) => scriptedPolicy(script, scenario),
    suite.map((scenario) => ({ scenario, seed: scenario.seed, member: 0 })),
  );
  return played.flatMap(({ episode, facts }, at) => {
    const scenario = suite[at];
    return scenario ? [scoreEpisode(episode, scenario, facts, presets.tribune)] : [];
  });
}
