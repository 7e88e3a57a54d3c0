// A learner thread: computes the gradient of its share of a batch, and its share of a step. Started by parallel.ts only.
import { parentPort, workerData } from 'node:worker_threads';
import { stepParts } from './adam.ts';
import { openExecutor } from './executor.ts';
import { LocalLearner } from './learner.ts';
import { countParameters } from './model.ts';
import type { ShareAnswer, ShareStart, ShareTask } from './parallel.ts';

const { config, executor, theta, gradient } = workerData as ShareStart;
const learner = new LocalLearner(config, new Float32Array(countParameters(config)), openExecutor(executor), {
  gradient,
});

async function perform(task: ShareTask): Promise<ShareAnswer> {
  const { id } = task;
  if ('parts' in task) {
    stepParts(task.moments, task.parts, task.pace);
    return { id, stepped: true };
  }
  const { batch, loss } = task;
  learner.theta.set(theta);
  if (loss === null) return { id, logps: await learner.logps(batch) };
  learner.clearGradient();
  const pass = await learner.forwardBackward(batch, loss);
  // Looked at, it is whole: zeros where nothing of the share counted.
  if (learner.gradient !== gradient) throw new Error('the gradient is not where it is shared');
  return { id, pass };
}

parentPort?.on('message', (task: ShareTask) => {
  const answer = (message: ShareAnswer) => parentPort?.postMessage(message);
  perform(task).then(answer, (error: unknown) =>
    answer({ id: task.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
