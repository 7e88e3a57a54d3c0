// The losses against a plain reference in double precision: values and slopes of the formulas over random tokens, then the
// gradient of a whole model, a mixture of losses on one step, and what must not change them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rng } from '../../episode/random.ts';
import type { Batch, Datum, Site } from './batch.ts';
import { cpuExecutor, type Feed } from './executor.ts';
import { Graph } from './graph.ts';
import { LocalLearner } from './learner.ts';
import { boundsOf, buildLoss, findClipped, type Loss, lossFeeds, objectiveOf, SURROGATES } from './loss.ts';
import { initialise, type ModelConfig } from './model.ts';

/** One token as the formulas see it. */
type Token = { logp: number; old: number; advantage: number; weight: number; reference: number; sequence: number };
type Plain = { readonly value: number; readonly slopes: readonly number[] };

/** The loss and its slope in each log-probability, written out from the papers' formulas. */
function evaluatePlainly(tokens: readonly Token[], loss: Loss): Plain {
  const slopes = tokens.map(() => 0);
  let value = 0;
  const meanDrift = (sequence: number) => {
    const own = tokens.filter((token) => token.sequence === sequence);
    return own.reduce((sum, { logp, old }) => sum + logp - old, 0) / own.length;
  };
  for (const [at, { logp, old, advantage, weight, reference, sequence }] of tokens.entries()) {
    if (loss.kind === 'crossEntropy') {
      value -= weight * logp;
      slopes[at] = -weight;
      continue;
    }
    const { low, high } = boundsOf(loss);
    const own = Math.exp(logp - old);
    const ratio = loss.surrogate === 'gspo' ? Math.exp(meanDrift(sequence)) : own;
    const held = Math.min(high, Math.max(low, ratio));
    switch (loss.surrogate ?? 'ppo') {
      case 'importance_sampling':
        value -= weight * ratio * advantage;
        slopes[at]! -= weight * ratio * advantage;
        break;
      case 'cispo':
        value -= weight * held * advantage * logp;
        slopes[at]! -= weight * held * advantage;
        break;
      case 'ppo':
      case 'gspo':
        value -= weight * Math.min(ratio * advantage, held * advantage);
        // The bound acts where it makes the gain smaller.
        if (ratio * advantage <= held * advantage) slopes[at]! -= weight * ratio * advantage;
        break;
    }
    const coefficient = loss.klCoef ?? 0;
    const d = Math.max(-20, Math.min(20, reference - logp));
    value += coefficient * weight * (Math.exp(d) - d - 1);
    if (Math.abs(reference - logp) < 20) slopes[at]! += coefficient * weight * (1 - Math.exp(d));
  }
  return { value, slopes };
}

const losses: readonly Loss[] = [
  { kind: 'crossEntropy' },
  ...SURROGATES.flatMap((surrogate): Loss[] => [
    { kind: 'grpo', surrogate },
    { kind: 'grpo', surrogate, clipLow: 0.1, clipHigh: 0.5, klCoef: 0.3 },
  ]),
];
const nameOf = (loss: Loss) =>
  loss.kind === 'grpo' ? `${loss.surrogate}${loss.klCoef ? ' with KL' : ''}` : 'cross_entropy';

const executor = cpuExecutor();

/** The same by the graph. */
async function openGraph(loss: Loss) {
  const data = [{ tokens: new Int32Array(), weights: new Float32Array(), ...EMPTY }];
  const objective = objectiveOf({ data }, loss);
  if (objective.kind === 'none') throw new Error('no loss');
  const graph = new Graph();
  const logps = graph.input('logps', ['M', 1]);
  const value = buildLoss(graph, logps, objective);
  graph.output('value', value);
  graph.output('slopes', graph.gradients(value, [logps])[0]!);
  const program = await executor.compile(graph.build());
  return async (tokens: readonly Token[]): Promise<Plain> => {
    const column = (key: keyof Token): Feed => ({
      shape: [tokens.length, 1],
      data: Float32Array.from(tokens, (token) => token[key]),
    });
    const sites: Site[] = tokens.map(({ sequence }, token) => ({ datum: sequence, token }));
    const { value, slopes } = await program.run({
      ...{ logps: column('logp'), weights: column('weight') },
      ...(objective.kind === 'grpo' ? { advantages: column('advantage'), old: column('old') } : {}),
      ...(objective.kind === 'grpo' && objective.kl ? { reference: column('reference') } : {}),
      ...lossFeeds(loss, { sites }),
    });
    return { value: value![0]!, slopes: [...slopes!] };
  };
}
const EMPTY = { advantages: new Float32Array(), oldLogps: new Float32Array(), refLogps: new Float32Array() };

/** Values on a grid: binary fractions are the same numbers in both precisions. */
const grid = (least: number, most: number, parts: number) =>
  fc.integer({ min: least * parts, max: most * parts }).map((n) => n / parts);
const token: fc.Arbitrary<Token> = fc.record({
  logp: grid(-6, 0, 64),
  old: grid(-6, 0, 64),
  advantage: grid(-2, 2, 8),
  weight: grid(0, 2, 8),
  reference: grid(-6, 0, 64),
  sequence: fc.integer({ min: 0, max: 3 }),
});

const distance = (a: Plain, b: Plain): number => {
  const scale = Math.max(1, Math.abs(b.value), ...b.slopes.map(Math.abs));
  return Math.max(Math.abs(a.value - b.value), ...a.slopes.map((x, at) => Math.abs(x - b.slopes[at]!))) / scale;
};

for (const loss of losses) {
  test(`${nameOf(loss)}: value and slopes are those of the formula`, async () => {
    const run = await openGraph(loss);
    const property = fc.asyncProperty(fc.array(token, { minLength: 1, maxLength: 12 }), async (tokens) => {
      // On a bound the slope is one side's or the other's; float32 and double may choose differently.
      const edge = findEdge(tokens, loss);
      fc.pre(!edge);
      const far = distance(await run(tokens), evaluatePlainly(tokens, loss));
      assert.ok(far < 2e-6, `${far}`);
    });
    await fc.assert(property, { numRuns: 40, seed: 5 });
  });
}

/** Whether a ratio stands on a bound, to float32's precision. */
function findEdge(tokens: readonly Token[], loss: Loss): boolean {
  const { low, high } = boundsOf(loss);
  const near = (drift: number) => [low, high].some((bound) => Math.abs(Math.exp(drift) - bound) < 1e-5);
  const sums = new Map<number, number[]>();
  for (const { sequence, logp, old } of tokens) sums.set(sequence, [...(sums.get(sequence) ?? []), logp - old]);
  const means = [...sums.values()].map((list) => list.reduce((a, b) => a + b, 0) / list.length);
  return loss.kind === 'grpo' && (tokens.some(({ logp, old }) => near(logp - old)) || means.some(near));
}

test('the formulas differ: each loss is found wrong under the reference of every other', async () => {
  const r = rng('losses', 1);
  const tokens = Array.from({ length: 24 }, (_, at): Token => {
    const logp = -1 - r.next();
    const advantage = r.next() - 0.5;
    return {
      logp,
      old: logp + r.next() - 0.5,
      advantage,
      weight: 1,
      reference: logp + r.next() - 0.5,
      sequence: at % 3,
    };
  });
  for (const one of losses) {
    const run = await openGraph(one);
    const found = await run(tokens);
    for (const other of losses) {
      const far = distance(found, evaluatePlainly(tokens, other));
      if (one === other) assert.ok(far < 2e-6, `${nameOf(one)} ${far}`);
      else if (nameOf(one) !== nameOf(other)) assert.ok(far > 1e-3, `${nameOf(one)} / ${nameOf(other)} ${far}`);
    }
  }
});

test('where weights and advantages do not vary within a sequence, gspo is the loss of whole sequences', () => {
  const tokens = [0.1, -0.3, 0.25, 0.4].map((drift, at): Token => {
    const sequence = at < 2 ? 0 : 1;
    return { logp: -1 + drift, old: -1, advantage: sequence === 0 ? 1.5 : -0.5, weight: 0.25, reference: 0, sequence };
  });
  const loss: Loss = { kind: 'grpo', surrogate: 'gspo', clipLow: 0.5, clipHigh: 0.5 };
  const whole = (list: readonly Token[]) => {
    const gain = (own: readonly Token[]) => {
      const s = Math.exp(own.reduce((sum, { logp, old }) => sum + logp - old, 0) / own.length);
      const held = Math.min(1.5, Math.max(0.5, s));
      return 0.5 * Math.min(s * own[0]!.advantage, held * own[0]!.advantage);
    };
    return -gain(list.slice(0, 2)) - gain(list.slice(2));
  };
  const { value, slopes } = evaluatePlainly(tokens, loss);
  assert.ok(Math.abs(value - whole(tokens)) < 1e-12);
  for (const [at, slope] of slopes.entries()) {
    const moved = (step: number) => whole(tokens.map((t, i) => (i === at ? { ...t, logp: t.logp + step } : t)));
    assert.ok(Math.abs((moved(1e-5) - moved(-1e-5)) / 2e-5 - slope) < 1e-8);
  }
});

const config: ModelConfig = {
  ...{ vocab: 31, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 20 },
  ...{ theta: 1000, eps: 1e-6, context: 64 },
};
const generator = rng('loss-model', 1);
const theta = initialise(config, () => generator.next());

/** Episodes of several lengths, with old and reference log-probabilities near the model's. */
async function makeBatch(learner: LocalLearner): Promise<Batch> {
  const r = rng('loss-batch', 1);
  const plain = [9, 17, 30, 12].map(
    (length): Datum => ({
      tokens: Int32Array.from({ length }, () => r.int(config.vocab)),
      weights: Float32Array.from({ length }, (_, at) => (at > 2 && r.next() < 0.7 ? 0.1 + r.next() : 0)),
    }),
  );
  const logps = await learner.logps({ data: plain });
  const near = (list: Float32Array, size: number) => list.map((x) => x + size * (r.next() - 0.5));
  const data = plain.map((datum, at) => ({
    ...datum,
    advantages: datum.tokens.length % 2 ? near(datum.weights, 1) : datum.weights.map(() => -0.7),
    oldLogps: near(logps[at]!, 0.9),
    refLogps: near(logps[at]!, 1.2),
  }));
  return { data };
}

/** The tokens that count, as the reference takes them. */
function listTokens({ data }: Batch, logps: readonly Float32Array[]): { at: Site; token: Token }[] {
  return data.flatMap(({ weights, advantages, oldLogps, refLogps }, datum) =>
    [...weights.keys()].flatMap((token) => {
      if (weights[token] === 0) return [];
      const plain: Token = {
        logp: logps[datum]![token]!,
        old: oldLogps![token]!,
        advantage: advantages![token]!,
        weight: weights[token]!,
        reference: refLogps![token]!,
        sequence: datum,
      };
      return [{ at: { datum, token }, token: plain }];
    }),
  );
}

/** The batch whose cross-entropy has the gradient that a loss should have: each token weighs minus the loss's slope there. */
function mirrorBatch(batch: Batch, logps: readonly Float32Array[], loss: Loss): Batch {
  const tokens = listTokens(batch, logps);
  const { slopes } = evaluatePlainly(
    tokens.map(({ token }) => token),
    loss,
  );
  const data = batch.data.map((datum) => ({ tokens: datum.tokens, weights: new Float32Array(datum.tokens.length) }));
  for (const [index, { at }] of tokens.entries()) data[at.datum]!.weights[at.token] = -slopes[index]!;
  return { data };
}

const relative = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);

for (const loss of losses) {
  test(`the model's gradient of ${nameOf(loss)} is its slopes times that of the log-probabilities`, async () => {
    const learner = new LocalLearner(config, theta, executor, { microBatchTokens: 40 });
    const batch = await makeBatch(learner);
    const pass = await learner.forwardBackward(batch, loss);
    const tokens = listTokens(batch, pass.logps).map(({ token }) => token);
    assert.ok(Math.abs(pass.loss - evaluatePlainly(tokens, loss).value) < 2e-6 * Math.max(1, Math.abs(pass.loss)));
    const gradient = learner.gradient.slice();
    learner.gradient.fill(0);
    await learner.forwardBackward(mirrorBatch(batch, pass.logps, loss), { kind: 'crossEntropy' });
    assert.ok(relative(gradient, learner.gradient.slice()) < 5e-6);
    assert.ok(gradient.some((x) => x !== 0));
    await learner.close();
  });
}

test('several losses on one step give the sum of their gradients', async () => {
  const learner = new LocalLearner(config, theta, executor);
  const batch = await makeBatch(learner);
  const mixed: Loss[] = [{ kind: 'grpo', surrogate: 'cispo', klCoef: 0.1 }, { kind: 'crossEntropy' }, { kind: 'grpo' }];
  const sum = new Float32Array(theta.length);
  for (const loss of mixed) {
    await learner.forwardBackward(batch, loss);
    for (const [at, x] of learner.gradient.entries()) sum[at]! += x;
    learner.gradient.fill(0);
  }
  for (const loss of mixed) await learner.forwardBackward(batch, loss);
  assert.ok(relative(learner.gradient.slice(), sum) < 1e-6);
  assert.ok(
    relative(
      learner.gradient.map((x) => 1.001 * x),
      sum,
    ) > 1e-4,
    'the control differs',
  );
  await learner.close();
});

test('what a bound holds is counted: by the sign of the advantage, for gspo by the sequence, for cispo on both sides', () => {
  const data: Datum[] = [1, -1].map((advantage) => ({
    tokens: Int32Array.of(1, 2, 3),
    weights: Float32Array.of(0, 1, 1),
    advantages: Float32Array.of(0, advantage, advantage),
    oldLogps: Float32Array.of(0, -1, -1),
  }));
  const sites = data.flatMap((_, datum) => [1, 2].map((token) => ({ datum, token })));
  const logps = Float32Array.of(-0.5, -1.6, -0.5, -1.6);
  const clipped = (loss: Loss) => findClipped(loss, { data }, { sites }, logps);
  assert.deepEqual(clipped({ kind: 'grpo' }), [true, false, false, true]);
  assert.deepEqual(clipped({ kind: 'grpo', surrogate: 'cispo' }), [true, true, true, true]);
  assert.deepEqual(clipped({ kind: 'grpo', surrogate: 'gspo' }), [false, false, true, true]);
  assert.deepEqual(clipped({ kind: 'grpo', surrogate: 'importance_sampling' }), [false, false, false, false]);
});
