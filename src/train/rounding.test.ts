// Differences between sampler and trainer: rounding of an ill-conditioned model is told from a wrong sampler.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../episode/random.ts';
import type { Batch } from '../policy/local/batch.ts';
import { cpuExecutor } from '../policy/local/executor.ts';
import { LocalLearner } from '../policy/local/learner.ts';
import { initialise, listParameters, type ModelConfig } from '../policy/local/model.ts';
import { unexplainedMismatch } from './rounding.ts';

const MODEL: ModelConfig = {
  ...{ vocab: 20, width: 16, layers: 2, heads: 2, kvHeads: 2, headDim: 8, hidden: 32 },
  ...{ theta: 500, eps: 1e-6, context: 32 },
};

/** A batch whose sampler is off by so much at one token; `scale`: how large the last norm makes the logits. */
async function play(scale: number, off: number) {
  const r = rng('rounding', 1);
  const theta = initialise(MODEL, r.next);
  const norm = listParameters(MODEL).find(({ name }) => name === 'model.norm.weight')!;
  theta.fill(scale, norm.offset, norm.offset + MODEL.width);
  const learner = new LocalLearner(MODEL, theta, cpuExecutor());
  const tokens = Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const weights = Float32Array.from(tokens, (_, at) => (at === 0 ? 0 : 1));
  const [logps] = await learner.logps({ data: [{ tokens, weights }] });
  const oldLogps = Float32Array.from(logps!, (value, at) => (at === 4 ? value + off : value));
  const batch: Batch = { data: [{ tokens, weights, oldLogps }] };
  const found = await unexplainedMismatch(learner, batch, [logps!], 1e-4);
  await learner.close();
  return found;
}

test('a difference that the last bits of the parameters make too is rounding', async () => {
  assert.ok((await play(3000, 3e-4)) <= 1e-4);
});

test('the same difference in a well-conditioned model is a fault', async () => {
  assert.ok(Math.abs((await play(1, 3e-4)) - 3e-4) < 1e-5);
});

test('no rounding explains a large difference, or one that is no number', async () => {
  assert.ok((await play(3000, 0.5)) > 0.4);
  assert.ok(Number.isNaN(await play(3000, Number.NaN)));
});

test('where all agree nothing is measured', async () => {
  const refuse = () => Promise.reject(new Error('asked'));
  const data = [{ tokens: new Int32Array(2), weights: Float32Array.of(0, 1), oldLogps: Float32Array.of(0, -1) }];
  const learner = { theta: new Float32Array(1), logps: refuse };
  assert.ok((await unexplainedMismatch(learner, { data }, [Float32Array.of(0, -1.00005)], 1e-4)) <= 1e-4);
});
