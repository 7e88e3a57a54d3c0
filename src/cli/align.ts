// `tribune align`: the main job. Warm start, GRPO in real worlds, evaluation before and after, report.
// Not here: the training itself (train/align.ts), what the report looks like (evaluate/report.ts).
import { relative } from 'node:path';
import { InputError } from '../episode/input.ts';
import type { ExecutorKind } from '../policy/local/executor.ts';
import { presets } from '../reward/presets.ts';
import type { Progress } from '../train/align.ts';
import type { TrainConfig } from '../train/config.ts';
import type { RunDirectory } from '../train/rundir.ts';
import { EXECUTOR_FLAGS, readExecutor } from './executor.ts';
import type { Io } from './output.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Train a small policy: warm start, GRPO in real worlds, before/after report.',
  usage: '',
  flags: {
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
    set: {
      kind: 'string',
      summary: 'Settings of the run, e.g. grpo.credit=step,grpo.signal=0.3.',
      value: 'KEY=VALUE,…',
    },
    resume: { kind: 'string', summary: 'Go on with this run.', value: 'RUN' },
    out: { kind: 'string', summary: 'Where run directories are made.', value: 'DIR', fallback: 'runs' },
  },
  async run({ flags }, io) {
    const { chooseConfig } = await import('../train/config.ts');
    const { createRun, runAt } = await import('../train/rundir.ts');
    const { quick, steps, set, loss, executor: wish } = flags;
    const chosen = quick || [steps, set, loss, wish].some((flag) => flag !== undefined);
    if (flags.resume !== undefined && chosen) {
      throw new InputError('--resume', 'goes on with the configuration of that run, so it stands alone');
    }
    const { applySettings } = await import('../train/settings.ts');
    const choose = (config: TrainConfig) => (set === undefined ? config : applySettings(config, set));
    if (flags.resume === undefined) {
      const executor = await readExecutor(wish, io);
      return alignAndReport(await createRun(flags.out, choose(chooseConfig({ ...flags, executor }))), executor, io);
    }
    const run = runAt(flags.resume);
    return alignAndReport(run, await readOwnExecutor(run, io), io);
  },
});

/** The executor a run was begun with; where native code cannot run any more, WebAssembly with a warning. */
async function readOwnExecutor(run: RunDirectory, io: Io): Promise<ExecutorKind> {
  const { readConfig } = await import('../train/rundir.ts');
  const { executor } = (await readConfig(run)).sample;
  return readExecutor(executor === 'cpu' ? undefined : executor, io);
}

/** Gives the exit code: 1 if training had to be stopped. */
async function alignAndReport(run: RunDirectory, executor: ExecutorKind, io: Io): Promise<number> {
  const { TrainingFault } = await import('../train/fault.ts');
  io.log(`run ${run.path}`);
  const { alignRun } = await import('../train/align.ts');
  const { readConfig } = await import('../train/rundir.ts');
  const { writeReport } = await import('../train/report.ts');
  const { formatComparison } = await import('../evaluate/report.ts');
  const clock = startClock();
  const follow = followProgress(io);
  try {
    const onProgress = (progress: Progress) => {
      clock.enter(progress.phase);
      follow(progress);
    };
    const evaluation = await alignRun(run, { signal: io.signal, onProgress, executor });
    const phases = clock.stop();
    const seconds = phases.total;
    const config: TrainConfig = await readConfig(run);
    await writeReport(run, config, evaluation, phases);
    const { base, aligned } = evaluation;
    const text = [
      formatComparison(base, aligned),
      '',
      `held-out families, ${config.evaluate.count} scenarios, seed ${config.seed}, ${seconds} s`,
      `report: ${relative('.', run.at('report.html'))}`,
    ].join('\n');
    io.result({ run: run.path, seed: config.seed, seconds, base, aligned }, text);
    return 0;
  } catch (error) {
    if (error instanceof TrainingFault) {
      io.log(error.message);
      return 1;
    }
    if (io.signal.aborted) io.log(`stopped; go on with: npm run align -- --resume ${run.path}`);
    throw error;
  }
}

/** Seconds spent in each phase, to a tenth. */
function startClock() {
  const spent = { warm: 0, grpo: 0, evaluate: 0 };
  const begin = performance.now();
  let last = begin;
  return {
    /** What has passed since the last call was spent in this phase. */
    enter(phase: Progress['phase']): void {
      const now = performance.now();
      if (phase !== 'alarm') spent[phase === 'demonstrations' ? 'warm' : phase] += now - last;
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
function followProgress(io: Io): (progress: Progress) => void {
  let phase = '';
  let line: ReturnType<Io['progress']> | null = null;
  return (p) => {
    if (p.phase === 'alarm') {
      io.log(`warning: ${p.text}`);
      return;
    }
    if (p.phase !== phase || !line) {
      phase = p.phase;
      line = io.progress(LABELS[p.phase], p.total, p.done - 1);
    }
    line.step(p.done, figuresOf(p));
  };
}

const LABELS = {
  demonstrations: 'demonstrations',
  warm: 'warm start',
  grpo: 'alignment',
  evaluate: 'evaluation',
} as const;

function figuresOf(p: Exclude<Progress, { phase: 'alarm' }>): { [name: string]: number | string } {
  switch (p.phase) {
    case 'demonstrations':
      return {};
    case 'warm':
      return { loss: p.loss };
    case 'grpo':
      return { reward: p.metrics.reward, safety: p.metrics.safety, utility: p.metrics.utility };
    case 'evaluate':
      return { policy: p.name };
  }
}
