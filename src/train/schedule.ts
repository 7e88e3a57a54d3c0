// How rates and weights move over a run.

/** How a rate falls after its rise: in a straight line, along half a cosine (Loshchilov and Hutter, SGDR, 2017), or not. */
export const RATE_SHAPES = ['linear', 'cosine', 'constant'] as const;
export type RateShape = (typeof RATE_SHAPES)[number];

/** The rate at a step (from 0) of `steps`: rises over `rise` steps to `peak`, then falls to `floor` times it. */
export function rateAt(
  step: number,
  steps: number,
  peak: number,
  rise: number,
  floor: number,
  shape: RateShape = 'linear',
): number {
  const up = Math.min(1, (step + 1) / Math.max(1, rise));
  return peak * up * shareAt(step / Math.max(1, steps), floor, shape);
}

/** What is left of the peak after a part of the run. */
function shareAt(part: number, floor: number, shape: RateShape): number {
  switch (shape) {
    case 'linear':
      return 1 - (1 - floor) * part;
    case 'cosine':
      return floor + ((1 - floor) * (1 + Math.cos(Math.PI * part))) / 2;
    case 'constant':
      return 1;
  }
}

/** How the weight of the KL estimate moves over a run: stays, falls to nothing, or rises from nothing. */
export const KL_SHAPES = ['constant', 'falling', 'rising'] as const;
export type KlShape = (typeof KL_SHAPES)[number];

/** The weight of the KL estimate at a step (from 0) of `steps`. */
export function klAt(step: number, steps: number, weight: number, shape: KlShape): number {
  const part = step / Math.max(1, steps);
  switch (shape) {
    case 'constant':
      return weight;
    case 'falling':
      return weight * (1 - part);
    case 'rising':
      return weight * part;
  }
}
