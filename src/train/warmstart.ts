// The warm start: next-token training on demonstrations, on the policy's own tokens only.
import { rng } from '../episode/random.ts';
import type { Datum } from '../policy/local/batch.ts';
import type { Learner } from '../policy/local/parallel.ts';
import type { Sequence } from '../policy/local/render.ts';
import type { TrainConfig } from './config.ts';
import { rateAt } from './schedule.ts';

/** A rendered demonstration as training data: weight 1 on own tokens, 0 on what the policy only read. */
export function toDatum({ tokens, own }: Sequence): Datum {
  return { tokens: Int32Array.from(tokens), weights: Float32Array.from(own, (mine) => (mine ? 1 : 0)) };
}

/** The demonstrations of one step: a pass through all of them in a seeded order, then another in a new one. */
export function pickBatch(data: readonly Datum[], config: TrainConfig, step: number): Datum[] {
  const { batch } = config.warm;
  const perPass = Math.ceil(data.length / batch);
  const order = rng('warm-order', config.seed, Math.floor(step / perPass)).shuffle(data.map((_, index) => index));
  const from = (step % perPass) * batch;
  return order.slice(from, from + batch).flatMap((index) => data[index] ?? []);
}

/** One optimiser step. Returns the mean loss per own token, in nats. */
export async function warmStep(
  learner: Learner,
  data: readonly Datum[],
  config: TrainConfig,
  step: number,
): Promise<{ loss: number; gradientNorm: number }> {
  const picked = pickBatch(data, config, step);
  const own = picked.reduce((sum, datum) => sum + datum.weights.reduce((a, b) => a + b, 0), 0);
  const scaled = picked.map((datum) => ({ ...datum, weights: datum.weights.map((weight) => weight / own) }));
  const { loss } = await learner.forwardBackward({ data: scaled }, { kind: 'crossEntropy' });
  const { steps, learningRate, rise, weightDecay } = config.warm;
  const { gradientNorm } = learner.optimStep({
    learningRate: rateAt(step, steps, learningRate, rise, 0.05),
    beta2: 0.95,
    weightDecay,
  });
  return { loss, gradientNorm };
}
