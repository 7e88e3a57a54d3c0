// Does one job of a study: trains a base or an arm, or plays a policy on every place and counts. Runs in a process of its
// own (child.ts), with one core.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { guardPolicy, knowingGuard } from '../../agent/guarded.ts';
import { openPool, type Job as Play, rollout } from '../../agent/rollout.ts';
import { runEpisode } from '../../agent/run-episode.ts';
import { type ScriptedName, scriptedPolicy } from '../../agent/scripted.ts';
import type { Episode } from '../../episode/episode.ts';
import { writeAtomic } from '../../evaluate/file.ts';
import { type Checkpoint, loadCheckpoint } from '../../policy/local/checkpoint.ts';
import { cpuExecutor } from '../../policy/local/executor.ts';
import { makeGrammar } from '../../policy/local/grammar.ts';
import { localPolicy } from '../../policy/local/policy.ts';
import { createSampler } from '../../policy/local/sampler.ts';
import { presets } from '../../reward/presets.ts';
import { scoreEpisode } from '../../reward/reward.ts';
import { type Facts, stageScenario } from '../../world/environment.ts';
import type { Scenario } from '../../world/scenario.ts';
import { toolByName } from '../../world/services/index.ts';
import { loadWorlds } from '../../world/world.ts';
import { branchRun, trainRun } from '../align.ts';
import type { TrainConfig } from '../config.ts';
import { armConfig, type StudyConfig } from './config.ts';
import { armOf, isScript, type Job, type Player } from './jobs.ts';
import { markDone, playPlaces, runOf } from './play.ts';
import { superviseRun } from './supervised.ts';

export type Watch = {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
};

/** Does a job and leaves its mark, which holds what was counted. What it needs must be done. */
export async function performJob(root: string, config: StudyConfig, job: Job, watch: Watch): Promise<void> {
  const begin = performance.now();
  const places = job.kind === 'play' ? await playJob(root, config, job, watch) : undefined;
  if (job.kind !== 'play') await train(root, config, job, watch);
  await markDone(root, job, performance.now() - begin, places);
}

async function train(
  root: string,
  config: StudyConfig,
  job: Exclude<Job, { kind: 'play' }>,
  watch: Watch,
): Promise<void> {
  const run = runOf(root, job);
  const own =
    job.kind === 'warm' ? onlyWarm(armConfig(config, 'joint', job.seed)) : armConfig(config, job.arm, job.seed);
  for (const folder of ['episodes', 'checkpoints', 'reports']) await mkdir(run.at(folder), { recursive: true });
  if (!existsSync(run.at('config.json'))) await writeAtomic(run.at('config.json'), `${JSON.stringify(own, null, 2)}\n`);
  const latest = run.at('checkpoints', 'latest');
  if (job.kind === 'train' && !existsSync(latest) && !existsSync(`${latest}.old`))
    await branchRun(runOf(root, { kind: 'warm', seed: job.seed }), run);
  if (job.kind === 'train' && job.arm === 'supervised')
    return superviseRun(run, own, { signal: watch.signal, onStep: watch.onProgress });
  await trainRun(run, {
    signal: watch.signal,
    onProgress: (p) => {
      if (p.phase === 'warm' || p.phase === 'grpo') watch.onProgress(p.done, p.total);
    },
  });
}

/** The warm start alone. */
const onlyWarm = (config: TrainConfig): TrainConfig => ({ ...config, grpo: { ...config.grpo, steps: 0 } });

async function playJob(root: string, config: StudyConfig, job: Extract<Job, { kind: 'play' }>, watch: Watch) {
  await loadWorlds();
  const played = await openPlayer(root, config, job.player, job.seed);
  try {
    return await playPlaces(root, job, config.evaluate, { ...watch, play: played.play });
  } finally {
    await played.close();
  }
}

type Opened = { play(suite: readonly Scenario[]): Promise<Episode[]>; close(): Promise<void> };

const SCRIPT_OF: { readonly [player: string]: ScriptedName } = {
  'do nothing': 'idle',
  'comply with everything': 'compromised',
  oracle: 'oracle',
};

const jobsOf = (suite: readonly Scenario[]): Play[] =>
  suite.map((scenario) => ({ scenario, seed: scenario.seed, member: 0 }));

function judgeAll(suite: readonly Scenario[], played: readonly { readonly episode: Episode; readonly facts: Facts }[]) {
  return suite.flatMap((scenario, at): Episode[] => {
    const one = played[at];
    return one ? [scoreEpisode(one.episode, scenario, one.facts, presets.tribune)] : [];
  });
}

async function openPlayer(root: string, config: StudyConfig, player: Player, seed: number): Promise<Opened> {
  if (isScript(player)) {
    const script = SCRIPT_OF[player] ?? 'idle';
    const play = async (suite: readonly Scenario[]) =>
      judgeAll(suite, await rollout((scenario) => scriptedPolicy(script, scenario), jobsOf(suite)));
    return { play, close: async () => undefined };
  }
  const checkpoint = await loadCheckpoint(weightsOf(root, player, seed));
  return player.endsWith('+guard') ? openGuarded(checkpoint, config, player) : openPlain(checkpoint, config, player);
}

function weightsOf(root: string, player: Player, seed: number): string {
  const arm = armOf(player);
  return arm === null
    ? runOf(root, { kind: 'warm', seed }).at('checkpoints', 'base')
    : runOf(root, { kind: 'train', arm, seed }).at('checkpoints', 'final');
}

function openPlain({ config: model, tokenizer, theta }: Checkpoint, { train }: StudyConfig, name: string): Opened {
  const pool = openPool({ config: model, tokenizer: tokenizer.toJSON(), ...train.sample });
  return {
    async play(suite) {
      const request = { theta, jobs: jobsOf(suite), temperature: 0, explore: 0, name: `local:${name}` };
      return judgeAll(suite, await pool.run(request));
    },
    close: () => pool.close(),
  };
}

/** The same policy behind the guard, which is told what the tools really do, as an operator would. */
async function openGuarded(checkpoint: Checkpoint, { train }: StudyConfig, name: string): Promise<Opened> {
  const { slots, capacity } = train.sample;
  const sampler = createSampler({ config: checkpoint.config, executor: cpuExecutor(), slots, capacity });
  await sampler.setWeights(checkpoint.theta);
  const grammar = makeGrammar(checkpoint.tokenizer);
  const inner = localPolicy({ name: `local:${name.replace('+guard', '')}`, sampler, grammar, temperature: 0 });
  const effectsIn = (scenario: Scenario) => (shown: string) =>
    toolByName(scenario.tools.find(({ as }) => as === shown)?.tool ?? '')?.effects ?? [];
  return {
    async play(suite) {
      sampler.expect(suite.length);
      const played = await Promise.all(
        suite.map((scenario, index) => {
          const policy = guardPolicy(inner, knowingGuard(effectsIn(scenario)));
          return runEpisode(policy, stageScenario(scenario), { seed: scenario.seed, member: 0, index });
        }),
      );
      return judgeAll(suite, played);
    },
    close: async () => undefined,
  };
}
