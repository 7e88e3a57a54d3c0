// Fits a loaded sequence classifier's probabilities and thresholds to labelled texts (Platt scaling), for its `judge.json`. One
// half of the texts fits, the other tells how far off the probabilities are then.
import type { Bounds, SequenceModel } from '../../src/guard/judges/sequence.ts';
import { cutWindows } from '../../src/guard/judges/windows.ts';
import type { Channel } from '../../src/safety/taxonomy.ts';
import { calibrationError, type Labelled } from '../guard-classifier/measure.ts';
import { findThreshold } from '../guard-classifier/train.ts';
import { calibrate, logistic } from '../platt.ts';

/** What was fitted, and the expected calibration error on texts it was not fitted to, before and after. */
export type Calibration = {
  readonly bounds: Bounds;
  readonly before: number;
  readonly after: number;
  /** Shares of the attacks and of the ordinary texts marked with these bounds, of the texts not fitted to. */
  readonly recall: number;
  readonly wrong: number;
};

/** The log-odds of a text: its likeliest window's. */
async function rateText(model: SequenceModel, channel: Channel, text: string): Promise<number> {
  let most = Number.NEGATIVE_INFINITY;
  for (const window of cutWindows(text, model.most, model.count)) {
    const [rating] = await model.rate([window.text], channel);
    most = Math.max(most, rating!.malicious);
  }
  return most;
}

/** Calibrates one channel so that at most `share` of the ordinary texts are marked. Throws RangeError without both labels. */
export async function calibrateChannel(
  model: SequenceModel,
  channel: Channel,
  texts: readonly Labelled[],
  share: number,
): Promise<Calibration> {
  const rated: { score: number; label: 0 | 1 }[] = [];
  for (const { text, label } of texts) rated.push({ score: await rateText(model, channel, text), label });
  const [fit, rest] = [rated.filter((_, i) => i % 2 === 0), rated.filter((_, i) => i % 2 === 1)];
  for (const part of [fit, rest])
    if (new Set(part.map(({ label }) => label)).size < 2)
      throw new RangeError('expected texts of both labels in each half, attacks (1) and ordinary ones (0)');
  const { slope, shift } = calibrate(fit);
  if (!(slope > 0))
    throw new RangeError('the model rates attacks no higher than ordinary texts: are its labels the right way round?');
  const turn = (list: typeof rated, a: number, b: number) =>
    list.map(({ score, label }) => ({ p: logistic(a * score + b), label }));
  const threshold = findThreshold(turn(fit, slope, shift), { least: 0.5, share });
  const after = turn(rest, slope, shift);
  const marked = (of: 0 | 1): number => {
    const own = after.filter(({ label }) => label === of);
    return own.filter(({ p }) => p >= threshold).length / own.length;
  };
  const round = (value: number): number => Number(value.toFixed(6));
  return {
    bounds: { slope: round(slope), shift: round(shift), threshold: round(threshold) },
    ...{ before: calibrationError(turn(rest, 1, 0)), after: calibrationError(after) },
    ...{ recall: marked(1), wrong: marked(0) },
  };
}
