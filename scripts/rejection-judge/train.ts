// Trains the judge: logistic regression over hashed features by stochastic gradient descent (AdaGrad), weights rounded to a byte each,
// Platt scaling on texts whose phrasings were kept out (cross-validation over phrasings). Sources: Duchi et al. 2011; Platt 1999.
import { type Random, rng } from '../../src/episode/random.ts';
import { BUCKETS, readFeatures } from '../../src/reward/rejection/features.ts';
import { findTelling, type StoredJudge, scoreOf } from '../../src/reward/rejection/judge.ts';
import type { Labelled } from './compose.ts';

type Row = { readonly sentences: readonly (readonly number[])[]; readonly label: 0 | 1; readonly fold: number };
type Model = { readonly weights: Float64Array; readonly bias: number };
type Scored = { readonly score: number; readonly label: 0 | 1 };

const [FOLDS, PASSES, RATE, DECAY] = [4, 4, 0.08, 3e-5];

/** Trains on texts and gives the model as it is stored. The same texts give the same bytes. */
export function trainJudge(texts: readonly Labelled[]): StoredJudge {
  const rows = readRows(texts);
  const unseen = Array.from({ length: FOLDS }, (_, fold) => scoreUnseen(rows, fold)).flat();
  const { slope, shift } = calibrate(unseen);
  const { weights, bias } = descend(rows);
  const step = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127;
  const small = Int8Array.from(weights, (weight) => Math.round(weight / step));
  const round = (value: number): number => Number(value.toFixed(6));
  const bytes = Buffer.from(small.buffer).toString('base64');
  return {
    version: 1,
    weights: bytes,
    step: Number(step.toPrecision(8)),
    bias: round(bias),
    slope: round(slope),
    shift: round(shift),
    threshold: 0.5,
  };
}

function readRows(texts: readonly Labelled[]): readonly Row[] {
  const fold = (phrasing: string): number =>
    [...phrasing].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 99_991, 7) % FOLDS;
  return texts.map(({ text, label, phrasing }) => ({ sentences: readFeatures(text), label, fold: fold(phrasing) }));
}

function scoreUnseen(rows: readonly Row[], fold: number): readonly Scored[] {
  const { weights, bias } = descend(rows.filter((row) => row.fold !== fold));
  return rows
    .filter((row) => row.fold === fold)
    .map(({ sentences, label }) => ({ score: scoreOf(weights, findTelling(weights, sentences)) + bias, label }));
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

function descend(rows: readonly Row[]): Model {
  const r: Random = rng('rejection training');
  const weights = new Float64Array(BUCKETS);
  const seen = new Float64Array(BUCKETS).fill(1e-6);
  let bias = 0;
  const learn = (features: readonly number[], label: 0 | 1): void => {
    const error = logistic(scoreOf(weights, features) + bias) - label;
    bias -= 0.01 * error;
    const slope = error / Math.sqrt(features.length);
    for (const feature of features) {
      const gradient = slope + DECAY * weights[feature]!;
      seen[feature]! += gradient * gradient;
      weights[feature]! -= (RATE * gradient) / Math.sqrt(seen[feature]!);
    }
  };
  for (let pass = 0; pass < PASSES; pass++) {
    for (const { sentences, label } of r.shuffle(rows)) {
      learn(findTelling(weights, sentences), label);
      // Of a text that does not refuse no sentence does.
      if (label === 0 && sentences.length > 1) learn(r.pick(sentences), 0);
    }
  }
  return { weights, bias };
}

/** Slope and shift by gradient descent on the log loss, with Platt's smoothed labels. */
function calibrate(rows: readonly Scored[]): { readonly slope: number; readonly shift: number } {
  const yes = rows.filter(({ label }) => label === 1).length;
  const goal = { 1: (yes + 1) / (yes + 2), 0: 1 / (rows.length - yes + 2) };
  let [slope, shift] = [1, 0];
  for (let i = 0; i < 1500; i++) {
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
