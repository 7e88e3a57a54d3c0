// The arm that shows what reinforcement adds: the same base, taught by demonstrations with the right decisions, on as many
// episodes of the same scenarios' stream as the reinforced arms sample, with the same optimiser and rates.
// Not covered: a kill in its middle starts it anew; it takes a few minutes.

import { runEpisode } from '../../agent/run-episode.ts';
import { scriptedPolicy } from '../../agent/scripted.ts';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from '../../policy/local/checkpoint.ts';
import { makeGrammar } from '../../policy/local/grammar.ts';
import { ParallelLearner } from '../../policy/local/parallel.ts';
import { stageScenario } from '../../world/environment.ts';
import type { Scenario } from '../../world/scenario.ts';
import { loadWorlds } from '../../world/world.ts';
import type { TrainConfig } from '../config.ts';
import { type Demonstration, makeLesson } from '../demonstrate.ts';
import { scenarioAt } from '../groups.ts';
import { appendMetrics, cutMetrics, type RunDirectory } from '../rundir.ts';
import { rateAt } from '../schedule.ts';
import { type Lesson, lessonBatch } from '../warmstart.ts';

/** Trains from the base in the run's directory and leaves checkpoints/final. */
export async function superviseRun(
  run: RunDirectory,
  config: TrainConfig,
  options: { readonly signal: AbortSignal; readonly onStep: (done: number, total: number) => void },
): Promise<void> {
  await loadWorlds();
  await cutMetrics(run, 0);
  const base = await loadCheckpoint(run.at('checkpoints', 'base'));
  const learner = new ParallelLearner(base.config, base.theta, config.sample.workers);
  try {
    await teach(run, config, base, learner, options);
    const final: Checkpoint = { ...base, theta: learner.theta, training: null };
    await saveCheckpoint(run.at('checkpoints', 'final'), final);
  } finally {
    await learner.close();
  }
}

async function teach(
  run: RunDirectory,
  config: TrainConfig,
  { tokenizer }: Checkpoint,
  learner: ParallelLearner,
  { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: (done: number, total: number) => void },
): Promise<void> {
  const { steps, groups, members, learningRate, rise, beta2, optimizer } = config.grpo;
  const grammar = makeGrammar(tokenizer);
  const size = groups * members;
  for (let step = 0; step < steps; step++) {
    signal.throwIfAborted();
    const lessons: Lesson[] = [];
    for (let at = 0; at < size; at++)
      lessons.push(makeLesson(grammar, await showRight(scenarioAt(config, step * size + at))));
    const { loss } = await learner.forwardBackward(lessonBatch(lessons), { kind: 'crossEntropy', masked: true });
    const rate = rateAt(step, steps, learningRate, rise, 0.1);
    const { gradientNorm } = await learner.optimStep({ learningRate: rate, beta2, orthogonal: optimizer === 'muon' });
    await appendMetrics(run, { phase: 'supervised', step, loss, gradientNorm });
    onStep(step + 1, steps);
  }
}

/** An episode of the policy that knows the labels. */
async function showRight(scenario: Scenario): Promise<Demonstration> {
  const stage = stageScenario(scenario);
  const { episode } = await runEpisode(scriptedPolicy('oracle', scenario), stage, {
    seed: scenario.seed,
    member: 0,
    index: 0,
  });
  if (episode.error) throw new Error(`the demonstration of ${scenario.id} failed: ${episode.error.message}`);
  return { episode, tools: stage.tools };
}
