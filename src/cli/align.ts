// `tribune align`: the main job. Warm start, GRPO in real worlds, evaluation before and after, report.
// Not here: the training itself (train/align.ts), what the report looks like (evaluate/report.ts).
import { relative, resolve } from 'node:path';
import { InputError } from '../episode/input.ts';
import type { ExecutorKind } from '../policy/local/executor.ts';
import type { TurnProgress } from '../redteam/adversary/run.ts';
import { presets } from '../reward/presets.ts';
import type { TrainConfig } from '../train/config.ts';
import type { Evaluation } from '../train/evaluation.ts';
import type { RunDirectory } from '../train/rundir.ts';
import type { Place } from '../world/ground.ts';
import { ADVERSARY_FLAGS, addAdversary, checkAdversary, figuresOfTurn, labelTurn } from './adversary.ts';
import { EXECUTOR_FLAGS, readExecutor } from './executor.ts';
import type { Io } from './output.ts';
import { choosePlace, placeFields, tellPlace, WALL_FLAGS } from './place.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Train a small policy, or a model of yours: GRPO in real worlds, before/after report.',
  usage: '',
  flags: {
    model: {
      kind: 'string',
      value: 'DIR',
      summary: 'Align this Qwen3, Qwen2 or Llama model instead of training a small one.',
    },
    lora: {
      kind: 'integer',
      min: 1,
      max: 1024,
      summary: 'With --model: train an adapter of this rank, not all weights.',
    },
    learner: {
      kind: 'string',
      value: 'tinker:MODEL@URL#DIR',
      summary: 'Train on a Tinker server; DIR: tokenizer and template (docs/tinker.md). Key: TINKER_API_KEY.',
    },
    free: { kind: 'boolean', summary: 'With --model: turns are free text, not held to the form of a turn.' },
    suite: {
      kind: 'choice',
      summary: 'What it learns from: core, or open, tasks under names nobody knows (docs/transfer.md).',
      choices: ['core', 'open'],
    },
    quick: { kind: 'boolean', summary: 'A shorter run on the same suite: shows the direction, not the figures.' },
    seed: { kind: 'integer', summary: 'Seed of everything the run draws.', min: 0, max: 1_000_000, fallback: 1 },
    steps: { kind: 'integer', summary: 'GRPO steps; default as the configuration says.', min: 1, max: 100_000 },
    reward: { kind: 'choice', summary: 'What is rewarded.', choices: Object.keys(presets), fallback: 'tribune' },
    loss: {
      kind: 'choice',
      summary: 'Loss of the alignment: clipped ratios (ppo) or another (docs/learner-exactness.md).',
      choices: ['ppo', 'importance_sampling', 'cispo', 'gspo'],
    },
    ...EXECUTOR_FLAGS,
    ...WALL_FLAGS,
    set: {
      kind: 'string',
      summary: 'Settings of the run, e.g. grpo.credit=step,grpo.signal=0.3.',
      value: 'KEY=VALUE,…',
    },
    ...ADVERSARY_FLAGS,
    resume: { kind: 'string', summary: 'Go on with this run.', value: 'RUN' },
    out: { kind: 'string', summary: 'Where run directories are made.', value: 'DIR', fallback: 'runs' },
    watch: { kind: 'boolean', summary: 'Open the dashboard on the run while it goes on (docs/dashboard.md).' },
  },
  async run({ flags }, io) {
    const { chooseConfig } = await import('../train/config.ts');
    const { createRun, runAt } = await import('../train/rundir.ts');
    const {
      suite,
      quick,
      steps,
      set,
      loss,
      executor: wish,
      model,
      lora,
      learner,
      free,
      watch,
      adversary,
      from,
    } = flags;
    const given = [suite, steps, set, loss, wish, model, lora, learner, adversary, from];
    const chosen = quick || free || given.some((flag) => flag !== undefined);
    if (flags.resume !== undefined && chosen) {
      throw new InputError('--resume', 'goes on with the configuration of that run, so it stands alone');
    }
    checkAdversary(flags);
    if (suite === 'open' && (model ?? learner ?? adversary) !== undefined)
      throw new InputError('--suite', 'open is for the small model alone, not with --model, --learner or --adversary');
    if (learner !== undefined) {
      const { createRemote, remoteAndReport } = await import('./tinker.ts');
      const place = await choosePlace(flags, []);
      tellPlace(io, place);
      const run = await createRemote(learner, flags);
      return remoteAndReport(run, place, io, (train) => runAndReport(run, { place, watch }, io, train));
    }
    if (model === undefined && (lora !== undefined || free))
      throw new InputError(
        lora === undefined ? '--free' : '--lora',
        'says how to train a model, expected --model DIR too',
      );
    const place = await choosePlace(flags, []);
    tellPlace(io, place);
    if (model !== undefined) return tuneAndReport(await createTune(model, flags, io), { place, watch }, io);
    if (flags.resume !== undefined) {
      const { isRemote } = await import('../train/remoteconfig.ts');
      if (await isRemote(runAt(flags.resume))) {
        const { remoteAndReport } = await import('./tinker.ts');
        const run = runAt(flags.resume);
        return remoteAndReport(run, place, io, (train) => runAndReport(run, { place, watch }, io, train));
      }
      const { isTune } = await import('../train/tuneconfig.ts');
      if (await isTune(runAt(flags.resume))) return tuneAndReport(runAt(flags.resume), { place, watch }, io);
    }
    const { applySettings } = await import('../train/settings.ts');
    const choose = (config: TrainConfig) => (set === undefined ? config : applySettings(config, set));
    if (flags.resume === undefined) {
      const executor = await readExecutor(wish, io);
      return alignAndReport(
        await createRun(flags.out, choose(await addAdversary(chooseConfig({ ...flags, executor }), flags))),
        executor,
        { place, watch },
        io,
      );
    }
    const run = runAt(flags.resume);
    return alignAndReport(run, await readOwnExecutor(run, io), { place, watch }, io);
  },
});

/** The executor a run was begun with; where native code cannot run any more, WebAssembly with a warning. */
async function readOwnExecutor(run: RunDirectory, io: Io): Promise<ExecutorKind> {
  const { readConfig } = await import('../train/rundir.ts');
  const { executor } = (await readConfig(run)).sample;
  return readExecutor(executor === 'cpu' ? undefined : executor, io);
}

/** What of the flags says how a model is aligned. */
type TuneFlags = {
  readonly quick: boolean;
  readonly free: boolean;
  readonly seed: number;
  readonly reward: string;
  readonly out: string;
  readonly steps?: number | undefined;
  readonly lora?: number | undefined;
  readonly set?: string | undefined;
  readonly loss?: string | undefined;
  readonly executor?: ExecutorKind | undefined;
};

/** Makes the run directory of a model's alignment. Throws InputError for a directory without such a model. */
async function createTune(directory: string, flags: TuneFlags, io: Io): Promise<RunDirectory> {
  if (flags.quick) throw new InputError('--quick', 'is for the small policy, expected --steps with --model');
  const { openModel, roomFor } = await import('../policy/local/adopt.ts');
  const { chooseTune, tuneSchema } = await import('../train/tuneconfig.ts');
  const { putSettings } = await import('../train/settings.ts');
  const { digestWeights } = await import('../train/tune.ts');
  const { createRun } = await import('../train/rundir.ts');
  const { availableParallelism } = await import('node:os');
  const opened = await openModel(directory);
  if (opened.kind === 'own')
    throw new InputError(directory, 'is a policy of this project, expected a model with a chat template of its own');
  const { config, theta } = opened.model;
  const chosen = chooseTune({
    directory: resolve(directory),
    digest: digestWeights(theta),
    vocab: config.vocab,
    room: roomFor(config, 64),
    manner: { ...opened.voice.manner, grammar: !flags.free },
    lora: flags.lora ?? null,
    seed: flags.seed,
    steps: flags.steps ?? 100,
    reward: flags.reward,
    threads: availableParallelism(),
    executor: await readExecutor(flags.executor, io),
  });
  const set = [
    ...(flags.loss === undefined ? [] : [`grpo.loss=${flags.loss}`]),
    ...(flags.set ? [flags.set] : []),
  ].join();
  return createRun(flags.out, set === '' ? chosen : putSettings(tuneSchema, chosen, set));
}

/** Aligns a model of others. */
async function tuneAndReport(run: RunDirectory, setting: Setting, io: Io): Promise<number> {
  const { tuneRun } = await import('../train/tune.ts');
  const { readTune } = await import('../train/tuneconfig.ts');
  const wish = (await readTune(run)).sample.executor;
  const executor = await readExecutor(wish === 'cpu' ? undefined : wish, io);
  return runAndReport(run, setting, io, async (onProgress) => ({
    ...(await tuneRun(run, { signal: io.signal, onProgress, executor, place: setting.place })),
    config: await readTune(run),
  }));
}

/** Trains a small policy. */
async function alignAndReport(run: RunDirectory, executor: ExecutorKind, setting: Setting, io: Io): Promise<number> {
  const { readConfig } = await import('../train/rundir.ts');
  const config = await readConfig(run);
  const { adversaryRun } = await import('../redteam/adversary/run.ts');
  const { alignRun } = await import('../train/align.ts');
  const train = config.adversary === undefined ? alignRun : adversaryRun;
  return runAndReport(run, setting, io, async (onProgress) => ({
    evaluation: await train(run, { signal: io.signal, onProgress, executor, place: setting.place }),
    config,
  }));
}

/** Where worlds live, and whether a person watches. */
type Setting = { readonly place: Place; readonly watch: boolean };

/** What a finished run hands over to its report. */
type Finished = {
  readonly evaluation: Evaluation;
  readonly config: Pick<TrainConfig, 'seed' | 'suite' | 'evaluate'>;
  readonly parameters?: number;
};

/** Gives the exit code: 1 if training had to be stopped. */
async function runAndReport(
  run: RunDirectory,
  { place, watch }: Setting,
  io: Io,
  train: (onProgress: (progress: TurnProgress) => void) => Promise<Finished>,
): Promise<number> {
  const { TrainingFault } = await import('../train/fault.ts');
  io.log(`run ${run.path}`);
  const { writeReport } = await import('../train/report.ts');
  const { formatComparison } = await import('../evaluate/report.ts');
  const clock = startClock();
  const follow = followProgress(io);
  const page = watch ? await (await import('./watch.ts')).openWatch(run, io) : null;
  try {
    const onProgress = (progress: TurnProgress) => {
      clock.enter(progress.phase);
      follow(progress);
    };
    const { evaluation, config, parameters } = await train(onProgress);
    const phases = clock.stop();
    const seconds = phases.total;
    const shown = { ...config, wall: place.wall };
    await writeReport(run, shown, evaluation, phases, parameters);
    const { base, aligned } = evaluation;
    const text = [
      formatComparison(base, aligned),
      '',
      `held-out ${config.suite === 'open' ? 'words and wordings' : 'families'}, ${config.evaluate.count} scenarios, seed ${config.seed}, ${seconds} s`,
      `report: ${relative('.', run.at('report.html'))}`,
    ].join('\n');
    io.result({ run: run.path, seed: config.seed, seconds, ...placeFields(place), base, aligned }, text);
    return 0;
  } catch (error) {
    if (error instanceof TrainingFault) {
      io.log(error.message);
      return 1;
    }
    if (io.signal.aborted) io.log(`stopped; go on with: npm run align -- --resume ${run.path}`);
    throw error;
  } finally {
    await page?.close();
  }
}

/** Which of the report's three phases a phase is counted with. */
const SPENT = {
  demonstrations: 'warm',
  warm: 'warm',
  grpo: 'grpo',
  drill: 'grpo',
  attack: 'grpo',
  harden: 'grpo',
  fixed: 'grpo',
  evaluate: 'evaluate',
} as const;

/** Seconds spent in each phase, to a tenth. */
function startClock() {
  const spent = { warm: 0, grpo: 0, evaluate: 0 };
  const begin = performance.now();
  let last = begin;
  return {
    /** What has passed since the last call was spent in this phase. */
    enter(phase: TurnProgress['phase']): void {
      const now = performance.now();
      if (phase !== 'alarm') spent[SPENT[phase]] += now - last;
      last = now;
    },
    stop() {
      const tenth = (ms: number) => Math.round(ms / 100) / 10;
      const { warm, grpo, evaluate } = spent;
      return {
        warm: tenth(warm),
        grpo: tenth(grpo),
        evaluate: tenth(evaluate),
        total: tenth(performance.now() - begin),
      };
    },
  };
}

/** Shows each phase as a progress line of its own. */
function followProgress(io: Io): (progress: TurnProgress) => void {
  let phase = '';
  let line: ReturnType<Io['progress']> | null = null;
  return (p) => {
    if (p.phase === 'alarm') {
      io.log(`warning: ${p.text}`);
      return;
    }
    const label = labelOf(p);
    if (label !== phase || !line) {
      phase = label;
      line = io.progress(label, p.total, p.done - 1);
    }
    line.step(p.done, figuresOf(p));
  };
}

const LABELS = {
  demonstrations: 'demonstrations',
  warm: 'warm start',
  grpo: 'alignment',
  drill: 'drill',
  evaluate: 'evaluation',
} as const;

const labelOf = (p: Exclude<TurnProgress, { phase: 'alarm' }>): string =>
  p.phase === 'attack' || p.phase === 'harden' || p.phase === 'fixed' ? labelTurn(p) : LABELS[p.phase];

function figuresOf(p: Exclude<TurnProgress, { phase: 'alarm' }>): { [name: string]: number | string } {
  switch (p.phase) {
    case 'demonstrations':
      return {};
    case 'warm':
    case 'drill':
      return { loss: p.loss };
    case 'grpo':
      return { reward: p.metrics.reward, safety: p.metrics.safety, utility: p.metrics.utility };
    case 'evaluate':
      return { policy: p.name };
    case 'attack':
    case 'harden':
    case 'fixed':
      return figuresOfTurn(p);
  }
}
