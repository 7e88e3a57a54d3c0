// Trains one head: logistic regression over hashed features by stochastic gradient descent (AdaGrad), weights rounded to a
// byte each, and Platt scaling on scores of texts whose templates were kept out of training (cross-validation over templates).
// Source: Platt 1999 (scaling); Duchi et al. 2011 (AdaGrad).
import { BUCKETS, type Concepts, cutSegments, readFeatures, readRequest } from '../../src/guard/learned/features.ts';
import { type StoredHead, scoreOf } from '../../src/guard/learned/model.ts';
import { calibrate, logistic, type Scored } from '../platt.ts';
import type { Labelled } from './measure.ts';
import { seedRandom } from './words.ts';

/** A text with the folds its templates are in. */
export type Folded = Labelled & { readonly folds: readonly number[] };
/** `meant` features stand for what words mean, and are never left out. */
type Row = {
  readonly features: readonly number[];
  readonly meant: number;
  readonly label: 0 | 1;
  readonly folds: readonly number[];
};
const [PASSES, RATE, DECAY] = [5, 0.1, 1e-5];

const readRow = ({ text, label, folds }: Folded, concepts: Concepts | null): readonly Row[] =>
  cutSegments(text).map((segment) => {
    const read =
      concepts === null ? { features: readFeatures(segment.text), meant: 0 } : readRequest(segment.text, concepts);
    return { ...read, label, folds };
  });

/** From which probability on a head may mark, and which share of ordinary texts of unseen templates it may mark; `doubt` is the share it may ask about. */
export type Bounds = { readonly least: number; readonly share: number; readonly doubt?: number };

/**
 * Trains and calibrates a head within its bounds. A text of several segments counts as several. With
 * `concepts` it is a head for requests.
 */
export function trainHead(
  texts: readonly Folded[],
  folds: number,
  bounds: Bounds,
  concepts: Concepts | null,
): StoredHead {
  const rows = texts.flatMap((text) => readRow(text, concepts));
  const unseen = Array.from({ length: folds }, (_, fold) => scoreUnseen(rows, fold)).flat();
  const { slope, shift } = calibrate(unseen);
  const rated = unseen.map(({ score, label }) => ({ p: logistic(slope * score + shift), label }));
  const threshold = findThreshold(rated, bounds);
  const { weights, bias } = descend(rows);
  const step = weights.reduce((found, weight) => Math.max(found, Math.abs(weight)), 0) / 127;
  const small = Int8Array.from(weights, (weight) => Math.round(weight / step));
  const round = (value: number): number => Number(value.toFixed(6));
  return {
    weights: Buffer.from(small.buffer).toString('base64'),
    ...{ step: Number(step.toPrecision(8)), bias: round(bias) },
    ...{ slope: round(slope), shift: round(shift), threshold: round(threshold) },
    ...(bounds.doubt === undefined
      ? {}
      : { doubt: round(findThreshold(rated, { least: bounds.least, share: bounds.doubt })) }),
  };
}

/** Scores of a fold's texts by a model that saw none of their templates. */
function scoreUnseen(rows: readonly Row[], fold: number): readonly Scored[] {
  const { weights, bias } = descend(rows.filter(({ folds }) => !folds.includes(fold)));
  return rows
    .filter(({ folds }) => folds.every((one) => one === fold))
    .map(({ features, label }) => ({ score: scoreOf(weights, features) + bias, label }));
}

function descend(rows: readonly Row[]): { readonly weights: Float64Array; readonly bias: number } {
  const r = seedRandom(99);
  const weights = new Float64Array(BUCKETS);
  const seen = new Float64Array(BUCKETS).fill(1e-6);
  const order = rows.map((_, i) => i);
  let bias = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    shuffle(order, r);
    for (const at of order) {
      const { features: all, meant, label } = rows[at]!;
      // Half of the time only what the words stand for is seen, so that unknown words do not leave the model without a word.
      const features = meant > 0 && r.next() < 0.5 ? all.slice(0, meant) : all;
      const error = logistic(scoreOf(weights, features) + bias) - label;
      bias -= 0.01 * error;
      const slope = error / Math.sqrt(features.length);
      for (const feature of features) {
        const gradient = slope + DECAY * weights[feature]!;
        seen[feature]! += gradient * gradient;
        weights[feature]! -= (RATE * gradient) / Math.sqrt(seen[feature]!);
      }
    }
  }
  return { weights, bias };
}

function shuffle(list: number[], r: ReturnType<typeof seedRandom>): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(r.next() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}

/** The least probability from `least` on at which at most a share of the ordinary texts of unseen templates is marked. */
export function findThreshold(
  rows: readonly { readonly p: number; readonly label: 0 | 1 }[],
  { least, share }: Bounds,
): number {
  const no = rows
    .filter(({ label }) => label === 0)
    .map(({ p }) => p)
    .sort((a, b) => b - a);
  return Math.min(0.99, Math.max(least, (no[Math.floor(no.length * share)] ?? 0) + 1e-6));
}
