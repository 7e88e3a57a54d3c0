// The whole model's gradient, the losses, the optimiser, and what must not depend on threads or on padding.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Batch, Datum } from './batch.ts';
import { seedGenerator } from './choose.ts';
import { dot, randomVector } from './differences.ts';
import { cpuExecutor } from './executor.ts';
import { PLAIN } from './family.ts';
import type { Loss } from './learner.ts';
import { LocalLearner } from './learner.ts';
import type { ModelConfig } from './model.ts';
import { defaultConfig, initialise, listParameters, viewParameter } from './model.ts';

const config: ModelConfig = {
  ...{ vocab: 31, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 20 },
  ...{ theta: 1000, eps: 1e-6, context: 64 },
};
const maskTable = [Uint16Array.of(1, 2, 3, 4, 5), Uint16Array.from({ length: 20 }, (_, at) => at), Uint16Array.of(7)];

function makeTheta(seed: number): Float32Array<ArrayBuffer> {
  return initialise(config, seedGenerator(seed));
}

/** Episodes of several lengths; about half of the tokens count, some under a mask that allows them. */
function makeData(seed: number, count = 5): Datum[] {
  const rng = seedGenerator(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = 9 + 7 * index;
    const tokens = Int32Array.from({ length }, () => Math.floor(rng() * config.vocab));
    const weights = Float32Array.from({ length }, (__, at) => (at > 2 && rng() < 0.6 ? 0.2 + rng() : 0));
    const masks = Int32Array.from(tokens, (token) => maskTable.findIndex((ids) => ids.includes(token)));
    const noise = (size: number) => Float32Array.from({ length }, () => -2 + size * (rng() - 0.5));
    return { tokens, weights, masks, advantages: randomVector(length, rng), oldLogps: noise(4), refLogps: noise(3) };
  });
}

/** Log-ratios on both sides of every bound tested here, none close enough to one to cross it in a small step. */
const LOG_RATIOS = [-0.6, -0.3, -0.16, -0.04, 0.05, 0.15, 0.35, 0.6];

/** Data whose old and reference log-probabilities are near the model's. */
async function makeNear(learner: LocalLearner, batch: Batch): Promise<Batch> {
  const rng = seedGenerator(77);
  const logps = await learner.logps(batch);
  const data = batch.data.map((datum, index) => ({
    ...datum,
    oldLogps: logps[index]!.map((x) => x - LOG_RATIOS[Math.floor(rng() * LOG_RATIOS.length)]!),
    refLogps: logps[index]!.map((x) => x + 2 * rng() - 1),
  }));
  return { ...batch, data };
}

/** The formulas, in double precision, from log-probabilities alone. */
function evaluatePlainly({ data }: Batch, logps: readonly Float32Array[], loss: Loss) {
  let [sum, kl, clipped, weight] = [0, 0, 0, 0];
  for (const [index, datum] of data.entries()) {
    for (const [at, w] of datum.weights.entries()) {
      const logp = logps[index]![at]!;
      const advantage = datum.advantages![at]!;
      const ratio = Math.exp(logp - datum.oldLogps![at]!);
      const difference = datum.refLogps![at]! - logp;
      const k3 = Math.exp(difference) - difference - 1;
      weight += w;
      kl += w * k3;
      if (loss.kind === 'crossEntropy') {
        sum -= w * logp;
        continue;
      }
      const [low, high] = [1 - (loss.clipLow ?? 0.2), 1 + (loss.clipHigh ?? 0.28)];
      const held = Math.min(high, Math.max(low, ratio));
      sum += w * ((loss.klCoef ?? 0) * k3 - Math.min(ratio * advantage, held * advantage));
      clipped += (advantage > 0 && ratio > high) || (advantage < 0 && ratio < low) ? w : 0;
    }
  }
  return { loss: sum, kl: kl / weight, clipFraction: clipped / weight };
}

const losses: readonly { readonly name: string; readonly loss: Loss; readonly masked: boolean }[] = [
  { name: 'cross entropy', loss: { kind: 'crossEntropy' }, masked: false },
  { name: 'masked cross entropy', loss: { kind: 'crossEntropy', masked: true }, masked: true },
  { name: 'GRPO', loss: { kind: 'grpo' }, masked: false },
  { name: 'GRPO with masks and KL', loss: { kind: 'grpo', klCoef: 0.3, clipLow: 0.1 }, masked: true },
];

for (const [name, tied] of [
  ['shared with the output', true],
  ['a table of its own', false],
] as const) {
  test(`the gradient of an embedding ${name} agrees with finite differences token by token`, async () => {
    const sizes: ModelConfig = { ...config, variant: { ...PLAIN, tied } };
    // Long vectors: a norm follows, and short ones bend too much for a step that single precision can measure.
    const theta = initialise(sizes, seedGenerator(4)).map((x, at) => (at < sizes.vocab * sizes.width ? 10 * x : x));
    const learner = new LocalLearner(sizes, theta, cpuExecutor());
    // Twice, so that the second micro-batch is added to the first.
    const batch: Batch = { data: makeData(6).map(({ masks: _, ...datum }) => datum) };
    await learner.forwardBackward(batch, { kind: 'crossEntropy' });
    await learner.forwardBackward(batch, { kind: 'crossEntropy' });
    const { gradient } = learner;
    const r = randomVector(sizes.width, seedGenerator(5));
    let occurring = 0;
    for (let token = 0; token < sizes.vocab; token++) {
      const moved = (step: number) => {
        const copy = theta.slice();
        for (const [i, x] of r.entries()) copy[token * sizes.width + i]! += step * x;
        return copy;
      };
      const lossAt = async (step: number) =>
        evaluatePlainly(batch, await learner.logps(batch, moved(step)), { kind: 'crossEntropy' }).loss;
      const slope = ((await lossAt(5e-3)) - (await lossAt(-5e-3))) / 1e-2;
      const found = dot(gradient.subarray(token * sizes.width, (token + 1) * sizes.width), r) / 2;
      assert.ok(Math.abs(slope - found) < 0.02 + 0.01 * Math.abs(slope), `token ${token}: ${slope}, ${found}`);
      if (Math.abs(slope) > 0.2) occurring++;
    }
    assert.ok(occurring > 10, `${occurring} tokens matter`);
  });
}

for (const { name, loss, masked } of losses) {
  test(`the gradient of ${name} agrees with finite differences along random directions`, async () => {
    const theta = makeTheta(1);
    const learner = new LocalLearner(config, theta, cpuExecutor());
    const data = makeData(2).map(({ masks, ...datum }) => (masked ? { ...datum, masks: masks! } : datum));
    const batch = await makeNear(learner, { data, ...(masked ? { maskTable } : {}) });
    await learner.forwardBackward(batch, loss);
    const { gradient } = learner;
    // A gradient that lacks one small matrix is to be found wrong by the same check.
    const short = gradient.slice();
    for (const spec of listParameters(config))
      if (spec.name.endsWith('0.mlp.down_proj.weight')) viewParameter(short, spec).fill(0);
    const lossAt = async (direction: Float32Array, step: number) => {
      const moved = theta.map((x, at) => x + step * direction[at]!);
      return evaluatePlainly(batch, await learner.logps(batch, moved), loss).loss;
    };
    const length = Math.sqrt(dot(gradient, gradient));
    const errors: number[] = [];
    for (const seed of [1, 2, 3, 4]) {
      const direction = randomVector(theta.length, seedGenerator(seed));
      const slope = ((await lossAt(direction, 2e-4)) - (await lossAt(direction, -2e-4))) / 4e-4;
      assert.ok(
        Math.abs(slope - dot(gradient, direction)) < 0.005 * length,
        `${slope} ${dot(gradient, direction)} ${length}`,
      );
      errors.push(Math.abs(slope - dot(short, direction)) / length);
    }
    assert.ok(Math.max(...errors) > 0.02, `${errors}`);
    await learner.close();
  });

  test(`the loss of ${name}, its KL and clip fraction are those of the formula`, async () => {
    const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
    const data = makeData(2).map(({ masks, ...datum }) => (masked ? { ...datum, masks: masks! } : datum));
    const batch = await makeNear(learner, { data, ...(masked ? { maskTable } : {}) });
    const pass = await learner.forwardBackward(batch, loss);
    const plain = evaluatePlainly(batch, pass.logps, loss);
    assert.ok(Math.abs(pass.loss - plain.loss) < 1e-4 * Math.abs(plain.loss));
    assert.ok(Math.abs(pass.kl! - plain.kl) < 1e-4 * plain.kl);
    assert.ok(
      loss.kind === 'crossEntropy'
        ? pass.clipFraction === null
        : Math.abs(pass.clipFraction! - plain.clipFraction) < 1e-6,
    );
    assert.ok(loss.kind === 'crossEntropy' || plain.clipFraction > 0.1);
    await learner.close();
  });
}

test('a token that is the only one allowed has log-probability 0 and no gradient', async () => {
  const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
  const tokens = Int32Array.of(3, 7, 7, 7);
  const data = [{ tokens, weights: Float32Array.of(0, 1, 1, 1), masks: Int32Array.of(-1, 2, 2, 2) }];
  const pass = await learner.forwardBackward({ data, maskTable }, { kind: 'crossEntropy', masked: true });
  assert.deepEqual([...pass.logps[0]!].map(Math.abs), [0, 0, 0, 0]);
  assert.ok(learner.gradient.every((x) => x === 0));
  assert.equal(Math.abs(pass.entropy), 0);
  await learner.forwardBackward({ data, maskTable }, { kind: 'crossEntropy' });
  assert.ok(learner.gradient.some((x) => x !== 0));
  await learner.close();
});

test('tokens of weight 0 contribute nothing, neither as targets nor behind the last that counts', async () => {
  const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
  const gradientOf = async (tokens: number[], weights: number[]) => {
    await learner.forwardBackward(
      { data: [{ tokens: Int32Array.from(tokens), weights: Float32Array.from(weights) }] },
      { kind: 'crossEntropy' },
    );
    const gradient = learner.gradient.slice();
    learner.restore(learner.state());
    return gradient;
  };
  const plain = await gradientOf([1, 2, 3, 4, 5, 6], [0, 0, 1, 1, 0, 0]);
  assert.deepEqual(await gradientOf([1, 2, 3, 4, 9, 9], [0, 0, 1, 1, 0, 0]), plain);
  assert.deepEqual(await gradientOf([1, 2, 3, 4], [0, 0, 1, 1]), plain);
  assert.notDeepEqual(await gradientOf([1, 2, 3, 4, 9, 9], [0, 0, 1, 1, 1, 0]), plain);
  assert.ok((await gradientOf([1, 2, 3], [0, 0, 0])).every((x) => x === 0));
  await learner.close();
});

test('one thread and two give the same gradient, bit for bit', async () => {
  const wide = defaultConfig(400);
  const theta = initialise(wide, seedGenerator(5));
  const rng = seedGenerator(6);
  const data = Array.from({ length: 4 }, () => ({
    tokens: Int32Array.from({ length: 120 }, () => Math.floor(rng() * 5)),
    weights: Float32Array.from({ length: 120 }, (_, at) => (at === 0 ? 0 : 0.01)),
  }));
  const gradients: Float32Array[] = [];
  for (const threads of [1, 2, 2]) {
    const learner = new LocalLearner(wide, theta, cpuExecutor({ threads }));
    await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
    gradients.push(learner.gradient.slice());
    await learner.close();
  }
  assert.deepEqual(gradients[1], gradients[0]);
  assert.deepEqual(gradients[2], gradients[0]);
  assert.ok(gradients[0]!.some((x) => x !== 0));
});

test('how data are cut into micro-batches does not matter', async () => {
  const data = makeData(3, 6);
  const passes = [];
  for (const microBatchTokens of [16, 4096]) {
    const learner = new LocalLearner(config, makeTheta(1), cpuExecutor(), { microBatchTokens });
    const { loss, logps } = await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
    passes.push({ loss, logps, gradient: learner.gradient.slice() });
    await learner.close();
  }
  const [fine, coarse] = passes as [(typeof passes)[0], (typeof passes)[0]];
  assert.ok(Math.abs(fine.loss - coarse.loss) < 1e-4 * Math.abs(coarse.loss));
  for (const [at, logps] of fine.logps.entries()) {
    assert.ok(logps.every((x, token) => Math.abs(x - coarse.logps[at]![token]!) < 1e-5));
  }
  const gap = fine.gradient.map((x, at) => x - coarse.gradient[at]!);
  assert.ok(Math.sqrt(dot(gap, gap)) < 1e-5 * Math.sqrt(dot(coarse.gradient, coarse.gradient)));
});

test('the model memorises a few sequences', async () => {
  const learner = new LocalLearner(config, initialise(config, seedGenerator(1)), cpuExecutor());
  const data = makeData(4, 3);
  const losses: number[] = [];
  for (let step = 0; step < 60; step++) {
    losses.push((await learner.forwardBackward({ data }, { kind: 'crossEntropy' })).loss);
    await learner.optimStep({ learningRate: 0.02, clipNorm: 1 });
  }
  assert.ok(losses.at(-1)! < 0.1 * losses[0]!, `${losses[0]} ${losses.at(-1)}`);
  await learner.close();
});

test('a step is that of AdamW: clipped, bias-corrected, no decay on norms', async () => {
  const theta = makeTheta(1);
  const learner = new LocalLearner(config, theta, cpuExecutor());
  const batch = { data: makeData(5) };
  const options = { learningRate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-6, weightDecay: 0.5, clipNorm: 0.3 };
  const expected = Float64Array.from(theta);
  const [m, v] = [new Float64Array(theta.length), new Float64Array(theta.length)];
  for (let step = 1; step <= 3; step++) {
    await learner.forwardBackward(batch, { kind: 'crossEntropy' });
    const gradient = Float64Array.from(learner.gradient);
    const norm = Math.hypot(...gradient);
    assert.ok(norm > 0.3, 'the clip is at work');
    for (const spec of listParameters(config)) {
      const end = spec.offset + spec.shape.reduce((a, b) => a * b, 1);
      for (let at = spec.offset; at < end; at++) {
        const g = (gradient[at]! * 0.3) / norm;
        m[at] = 0.8 * m[at]! + 0.2 * g;
        v[at] = 0.9 * v[at]! + 0.1 * g * g;
        const decay = spec.shape.length > 1 ? 0.01 * 0.5 * expected[at]! : 0;
        expected[at]! -= decay + (0.01 * (m[at]! / (1 - 0.8 ** step))) / (Math.sqrt(v[at]! / (1 - 0.9 ** step)) + 1e-6);
      }
    }
    const { gradientNorm } = await learner.optimStep(options);
    assert.ok(Math.abs(gradientNorm / norm - 1) < 1e-6);
  }
  const worst = Math.max(...learner.theta.map((x, at) => Math.abs(x - expected[at]!)));
  assert.ok(worst < 1e-5, `${worst}`);
  await learner.close();
});

test("orthogonal steps move the layers' matrices by Muon and leave the rest to AdamW", async () => {
  const theta = makeTheta(1);
  const steps = async (orthogonal: boolean) => {
    const learner = new LocalLearner(config, theta, cpuExecutor());
    await learner.forwardBackward({ data: makeData(5) }, { kind: 'crossEntropy' });
    await learner.optimStep({ learningRate: 0.01, orthogonal });
    const moved = learner.theta.map((x, at) => x - theta[at]!);
    await learner.close();
    return moved;
  };
  const [muon, adam] = [await steps(true), await steps(false)];
  for (const { name, shape, offset } of listParameters(config)) {
    const [a, b] = [muon, adam].map((moved) => moved.subarray(offset, offset + shape.reduce((x, y) => x * y, 1)));
    const isMatrix = shape.length === 2 && name.startsWith('model.layers.');
    if (!isMatrix) assert.deepEqual(a, b, name);
    else assert.notDeepEqual(a, b, name);
    if (isMatrix) {
      // Of rank one or more, a step's root mean square is at most 0.2 · 1.3 times the learning rate.
      const size = Math.sqrt(a!.reduce((sum, x) => sum + x * x, 0) / a!.length);
      assert.ok(size > 1e-4 && size < 0.01 * 0.26, `${name} ${size}`);
    }
  }
});

test('a gradient that is not finite changes no parameter and is reported', async () => {
  const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
  const before = learner.state();
  const data = makeData(5, 1).map((datum) => ({
    ...datum,
    weights: datum.weights.map((w) => w * Number.POSITIVE_INFINITY || 0),
  }));
  await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
  assert.ok(!Number.isFinite((await learner.optimStep({ learningRate: 0.1 })).gradientNorm));
  assert.deepEqual(learner.state(), before);
  await learner.forwardBackward({ data: makeData(5, 1) }, { kind: 'crossEntropy' });
  assert.ok(Number.isFinite((await learner.optimStep({ learningRate: 0.1 })).gradientNorm));
  assert.notDeepEqual(learner.state(), before);
  await learner.close();
});

test('training goes on from a restored state exactly as it would have', async () => {
  const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
  const train = async () => {
    await learner.forwardBackward({ data: makeData(6) }, { kind: 'crossEntropy' });
    await learner.optimStep({ learningRate: 0.01 });
  };
  await train();
  const state = learner.state();
  await train();
  const after = learner.state();
  await learner.forwardBackward({ data: makeData(7) }, { kind: 'crossEntropy' });
  learner.restore(state);
  await train();
  assert.deepEqual(learner.state(), after);
  assert.throws(() => learner.restore({ ...state, theta: state.theta.subarray(1) }), /a state of/);
  await learner.close();
});

test('log-probabilities of another model are those a learner of it would give', async () => {
  const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
  const other = new LocalLearner(config, makeTheta(2), cpuExecutor());
  const batch = { data: makeData(8), maskTable };
  assert.deepEqual(await learner.logps(batch, other.theta), await other.logps(batch));
  assert.notDeepEqual(await learner.logps(batch), await other.logps(batch));
  await learner.close();
  await other.close();
});

test('GRPO without advantages or a KL term without a reference is refused', async () => {
  const learner = new LocalLearner(config, makeTheta(1), cpuExecutor());
  const { tokens, weights, advantages, oldLogps } = makeData(9, 1)[0]!;
  await assert.rejects(
    learner.forwardBackward({ data: [{ tokens, weights }] }, { kind: 'grpo' }),
    /advantages and oldLogps/,
  );
  const data = [{ tokens, weights, advantages: advantages!, oldLogps: oldLogps! }];
  await assert.rejects(learner.forwardBackward({ data }, { kind: 'grpo', klCoef: 0.1 }), /refLogps/);
  await learner.forwardBackward({ data }, { kind: 'grpo' });
  await learner.close();
});

test('the engine runs in a worker thread', async () => {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { parentPort } from 'node:worker_threads';
    import { cpuExecutor } from ${url('executor.ts')};
    import { LocalLearner } from ${url('learner.ts')};
    import { countParameters } from ${url('model.ts')};
    const config = ${JSON.stringify(config)};
    const learner = new LocalLearner(config, new Float32Array(countParameters(config)).fill(0.1), cpuExecutor());
    const data = [{ tokens: Int32Array.of(1, 2, 3), weights: Float32Array.of(0, 1, 1) }];
    parentPort.postMessage((await learner.forwardBackward({ data }, { kind: 'crossEntropy' })).loss);
    await learner.close();
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const loss = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  // All logits are equal, so each of the two tokens costs log(vocab).
  assert.ok(Math.abs(Number(loss) - 2 * Math.log(config.vocab)) < 1e-4);
  await worker.terminate();
});
