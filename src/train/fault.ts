// Stops training that has gone wrong: a loss or a gradient that is no number, or one far beyond what it was. Before it stops it
// computes the parts of the step one by one, so that it can say where the fault comes from.
// Not here: decisions that die out while all numbers are in order (alarm.ts).
import type { Batch } from '../policy/local/batch.ts';
import type { Loss } from '../policy/local/loss.ts';
import type { Learner } from '../policy/local/parallel.ts';

/** Training that must not go on. Its step has changed nothing. */
export class TrainingFault extends Error {}

/** A part of a step that can be computed alone: where its data are from, and which term of the loss it is. */
export type Part = { readonly where: string; readonly term: string; readonly batch: Batch; readonly loss: Loss };

/** What a step measured, and its bounds: beyond them it counts as exploded. */
export type Reading = { readonly what: string; readonly value: number; readonly most: number };

const WINDOW = 20;
const LEAST_KNOWN = 5;
const FACTOR = 1000;

/** The longest gradient that is believed: a thousand times the median of the last 20 that were not 0; none before there are 5. */
export function limitNorm(norms: readonly number[]): number {
  const known = norms.filter((norm) => norm > 0).slice(-WINDOW);
  if (known.length < LEAST_KNOWN) return Number.POSITIVE_INFINITY;
  return FACTOR * known.toSorted((a, b) => a - b)[known.length >> 1]!;
}

/** Mean loss of a token (nats) above which a model is lost: four times what guessing evenly costs. */
export function limitLoss(vocab: number): number {
  return 4 * Math.log(vocab);
}

/** Mean KL estimate of a token (nats) above which the policy has left its reference for good. */
export const KL_LIMIT = 100;

/**
 * Throws TrainingFault if a reading is no finite number or beyond its bound; `phase` and `step` say when, `parts` is asked for
 * what the step was made of. The learner's state is as before, its gradient cleared.
 */
export async function checkReadings(
  learner: Learner,
  when: { readonly phase: string; readonly step: number },
  readings: readonly Reading[],
  parts: () => readonly Part[],
): Promise<void> {
  const bad = readings.find(({ value, most }) => !(value <= most && value > Number.NEGATIVE_INFINITY));
  if (bad === undefined) return;
  const size = Number.isFinite(bad.value)
    ? `is ${bad.value.toPrecision(3)}, more than ${bad.most.toPrecision(3)}`
    : `is ${bad.value}`;
  const culprit = await findCulprit(learner, parts());
  throw new TrainingFault(`${when.phase}, step ${when.step}: ${bad.what} ${size}; ${culprit}`);
}

/** Computes each part alone, and names the first that is no finite number, or else the one with the longest gradient. */
async function findCulprit(learner: Learner, parts: readonly Part[]): Promise<string> {
  const state = learner.state();
  const found: { readonly part: Part; readonly size: number }[] = [];
  for (const part of parts) {
    learner.restore(state);
    const { loss, kl } = await learner.forwardBackward(part.batch, part.loss);
    const { gradientNorm } = await learner.optimStep({ learningRate: 0 });
    const finite = [loss, kl ?? 0, gradientNorm].every(Number.isFinite);
    found.push({ part, size: finite ? gradientNorm : Number.POSITIVE_INFINITY });
  }
  learner.restore(state);
  const broken = found.filter(({ size }) => size === Number.POSITIVE_INFINITY);
  const worst = broken[0] ?? found.toSorted((a, b) => b.size - a.size)[0];
  if (worst === undefined) return 'the step has no parts';
  const name = `${worst.part.where}, term ${worst.part.term}`;
  if (broken.length === 0) return `the longest gradient (${worst.size.toPrecision(3)}) is that of ${name}`;
  return broken.length === 1 ? `it comes from ${name}` : `it comes from ${broken.length} parts, first ${name}`;
}
