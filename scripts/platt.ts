// Probabilities from scores, for the small models of these scripts. Source: Platt, 1999.

/** A score of a text the model was not trained on, and what is right for it. */
export type Scored = { readonly score: number; readonly label: 0 | 1 };

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Slope and shift by so many steps of gradient descent on the log loss, with Platt's smoothed labels. */
export function calibrate(rows: readonly Scored[], steps = 4000): { readonly slope: number; readonly shift: number } {
  const yes = rows.filter(({ label }) => label === 1).length;
  const goal = { 1: (yes + 1) / (yes + 2), 0: 1 / (rows.length - yes + 2) };
  let [slope, shift] = [1, 0];
  for (let i = 0; i < steps; i++) {
    let [bySlope, byShift] = [0, 0];
    for (const { score, label } of rows) {
      const error = logistic(slope * score + shift) - goal[label];
      bySlope += error * score;
      byShift += error;
    }
    slope -= (0.5 * bySlope) / rows.length;
    shift -= (0.5 * byShift) / rows.length;
  }
  return { slope, shift };
}
