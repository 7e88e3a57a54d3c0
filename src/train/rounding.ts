// How much of a difference between sampler and trainer is float32's rounding. Where a model computes a probability from large
// numbers that nearly cancel, two orders of summation differ by more than anywhere else, and neither is wrong. How much is
// measured there: the same log-probability with every parameter moved by its last bit.
import type { Batch, Datum } from '../policy/local/batch.ts';
import type { Learner } from '../policy/local/parallel.ts';

/** One unit in the last place of a float32, relative. */
const LAST_BIT = 2 ** -23;

/** How often it is measured, and how many times the largest finding is borne: maxima of few draws are low. */
const DRAWS = 4;
const MARGIN = 4;

/** No rounding explains more than this. */
const MOST = 0.01;

/**
 * The largest difference of a log-probability between sampler and trainer, those that rounding explains left out. `logps` are the
 * trainer's; only tokens that differ by more than `most` are looked at again, so that nothing is measured where all is well.
 */
export async function unexplainedMismatch(
  learner: Pick<Learner, 'theta' | 'logps'>,
  batch: Batch,
  logps: readonly Float32Array[],
  most: number,
): Promise<number> {
  const differences = batch.data.map((datum, at) => differencesOf(datum, logps[at]));
  const worst = largest(differences.flatMap((list) => [...list]));
  if (worst <= most || !(worst <= MOST)) return worst;
  const apart = differences.flatMap((list, at) => (list.some((one) => one > most) ? [at] : []));
  const data = apart.flatMap((at) => batch.data[at] ?? []);
  const borne = apart.map((at) => new Float64Array(logps[at]?.length ?? 0));
  for (let draw = 0; draw < DRAWS; draw++) {
    const moved = await learner.logps({ ...batch, data }, moveLastBits(learner.theta, draw));
    for (const [k, at] of apart.entries()) {
      for (const [token, was] of (logps[at] ?? []).entries()) {
        const by = MARGIN * Math.abs((moved[k]?.[token] ?? Number.NaN) - was);
        borne[k]![token] = Math.max(borne[k]![token]!, by);
      }
    }
  }
  return largest(
    differences.flatMap((list, at) => {
      const k = apart.indexOf(at);
      return [...list].filter((difference, token) => difference <= most || !(difference <= (borne[k]?.[token] ?? 0)));
    }),
  );
}

/** How far sampler and trainer are apart at each token that counts; 0 at the others. */
export function differencesOf({ weights, oldLogps }: Datum, logps: Float32Array | undefined): Float64Array {
  return Float64Array.from(weights, (weight, token) =>
    weight > 0 ? Math.abs((oldLogps?.[token] ?? 0) - (logps?.[token] ?? 0)) : 0,
  );
}

/** Every parameter one unit in the last place larger or smaller, by a hash of its place. */
function moveLastBits(theta: Float32Array, draw: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(theta, (value, at) => {
    const up = (Math.imul(at + 1, 0x9e3779b1 + 2 * draw) >>> 16) & 1;
    return value * (1 + (up === 1 ? LAST_BIT : -LAST_BIT));
  });
}

/** The largest of some numbers; not a number if one of them is none. */
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
