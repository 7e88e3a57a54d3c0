// How rates and weights move over a run.

/** The rate at a step (from 0) of `steps`: rises over `rise` steps to `peak`, then falls to `floor` times it. */
export function rateAt(step: number, steps: number, peak: number, rise: number, floor: number): number {
  const up = Math.min(1, (step + 1) / Math.max(1, rise));
  const down = 1 - (1 - floor) * (step / Math.max(1, steps));
  return peak * up * down;
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
