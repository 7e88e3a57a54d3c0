// How the learning rate moves: up over the first steps, then down in a straight line to a floor.

/** The rate at a step (from 0) of `steps`: rises over `rise` steps to `peak`, then falls to `floor` times it. */
export function rateAt(step: number, steps: number, peak: number, rise: number, floor: number): number {
  const up = Math.min(1, (step + 1) / Math.max(1, rise));
  const down = 1 - (1 - floor) * (step / Math.max(1, steps));
  return peak * up * down;
}
