// Trains the judge: logistic regression over hashed features by stochastic gradient descent (AdaGrad), weights rounded to a byte each,
// Platt scaling on texts whose phrasings were kept out (cross-validation over phrasings). Sources: Duchi et al. 2011; Platt 1999.
import { type Random, rng } from '../../src/episode/random.ts';
import { scoreOf } from '../../src/guard/learned/model.ts';
import { BUCKETS, readFeatures } from '../../src/reward/rejection/features.ts';
import { findTelling, type StoredJudge } from '../../src/reward/rejection/judge.ts';
import { calibrate, logistic, type Scored } from '../platt.ts';
import type { Labelled } from './compose.ts';

type Row = { readonly sentences: readonly (readonly number[])[]; readonly label: 0 | 1; readonly fold: number };
type Model = { readonly weights: Float64Array; readonly bias: number };

const [FOLDS, PASSES, RATE, DECAY] = [4, 4, 0.08, 3e-5];

/** Trains on texts and gives the model as it is stored. The same texts give the same bytes. */
export function trainJudge(texts: readonly Labelled[]): StoredJudge {
  const rows = readRows(texts);
  const unseen = Array.from({ length: FOLDS }, (_, fold) => scoreUnseen(rows, fold)).flat();
  const { slope, shift } = calibrate(unseen, 1500);
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
