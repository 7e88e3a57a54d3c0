// A learner of two threads against one of one: the same gradient, and gradients that add up over parts of a batch.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Datum } from './batch.ts';
import { seedGenerator } from './choose.ts';
import { cpuExecutor } from './executor.ts';
import { LocalLearner } from './learner.ts';
import { initialise, type ModelConfig } from './model.ts';
import { ParallelLearner } from './parallel.ts';

const config: ModelConfig = {
  ...{ vocab: 40, width: 16, layers: 2, heads: 2, kvHeads: 1, headDim: 8, hidden: 24 },
  ...{ theta: 10_000, eps: 1e-6, context: 64 },
};
const theta = initialise(config, seedGenerator(1));
const rng = seedGenerator(2);
const data = Array.from({ length: 12 }, (_, at): Datum => {
  const length = 8 + 4 * at;
  return {
    tokens: Int32Array.from({ length }, () => Math.floor(rng() * config.vocab)),
    weights: Float32Array.from({ length }, (_, place) => (place === 0 ? 0 : rng() / 300)),
  };
});
const parallel = new ParallelLearner(config, theta, 2);
after(() => parallel.close());

/** ‖a − b‖ / ‖b‖ */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [gap, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    gap += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(gap / size);
}

/** The gradient of the data given in parts, one after another, and the sum of the losses. */
async function gather(parts: readonly (readonly Datum[])[], microBatchTokens: number) {
  const learner = new LocalLearner(config, theta, cpuExecutor(), { microBatchTokens });
  let loss = 0;
  for (const part of parts) loss += (await learner.forwardBackward({ data: part }, { kind: 'crossEntropy' })).loss;
  const gradient = learner.gradient.slice();
  await learner.close();
  return { loss, gradient };
}

test('gathered over small batches, the gradient is that of the big one to 1e-5', async () => {
  const whole = await gather([data], 100_000);
  for (const [parts, budget] of [
    [[data], 64],
    [data.map((datum) => [datum]), 64],
    [[data.slice(0, 5), data.slice(5)], 256],
  ] as const) {
    const sum = await gather(parts, budget);
    assert.ok(distance(sum.gradient, whole.gradient) < 1e-5, `${distance(sum.gradient, whole.gradient)}`);
    assert.ok(Math.abs(sum.loss - whole.loss) < 1e-5);
  }
  const lacking = await gather([data.slice(1)], 64);
  assert.ok(distance(lacking.gradient, whole.gradient) > 1e-3, 'a sequence left out went unnoticed');
});

test('two threads learn what one learns, step after step', async () => {
  const single = new LocalLearner(config, theta, cpuExecutor());
  for (let step = 0; step < 3; step++) {
    const passes = [];
    for (const learner of [single, parallel]) {
      passes.push(await learner.forwardBackward({ data }, { kind: 'crossEntropy' }));
      await learner.optimStep({ learningRate: 1e-3 });
    }
    assert.ok(Math.abs(passes[0]!.loss - passes[1]!.loss) < 1e-5);
  }
  assert.ok(distance(parallel.theta, single.theta) < 1e-5);
  assert.ok(distance(parallel.theta, theta) > 1e-3, 'nothing was learned');
  const own = await parallel.logps({ data });
  const other = await parallel.logps({ data }, theta);
  const expected = await single.logps({ data }, theta);
  await single.close();
  for (const [at, logps] of other.entries()) assert.ok(distance(logps, expected[at]!) < 1e-5);
  assert.ok(distance(own[0]!, other[0]!) > 1e-4);
});

test('a thread whose share has nothing to learn loses nothing of what the other gathers', async () => {
  const mute = { ...data[11]!, weights: new Float32Array(data[11]!.tokens.length) };
  const part = [mute, data[3]!];
  const single = new LocalLearner(config, theta, cpuExecutor());
  parallel.restore({ ...single.state() });
  for (const learner of [single, parallel]) {
    await learner.forwardBackward({ data: part }, { kind: 'crossEntropy' });
    await learner.forwardBackward({ data: [data[5]!] }, { kind: 'crossEntropy' });
  }
  const norms = [await single.optimStep({ learningRate: 0 }), await parallel.optimStep({ learningRate: 0 })];
  await single.forwardBackward({ data: [data[5]!] }, { kind: 'crossEntropy' });
  const half = await single.optimStep({ learningRate: 0 });
  await single.close();
  assert.ok(Math.abs(norms[0]!.gradientNorm - norms[1]!.gradientNorm) < 1e-6);
  assert.ok(Math.abs(norms[0]!.gradientNorm - half.gradientNorm) > 1e-3);
});
