// What the planted heads do before any training: where they look, reckoned apart from the model's own graph, and what the
// model then expects of a text that repeats itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../episode/random.ts';
import { cpuExecutor } from './index.ts';
import { plantInductionHeads } from './induction.ts';
import { LocalLearner } from './learner.ts';
import { initialise, listParameters, type ModelConfig, rotaryTables, viewParameter } from './model.ts';

const config: ModelConfig = {
  ...{ vocab: 60, width: 128, layers: 4, heads: 4, kvHeads: 4, headDim: 32, hidden: 64 },
  ...{ theta: 500, eps: 1e-6, context: 64 },
};

const STEPS = 60;

const fresh = (seed = 1) => {
  const r = rng('theta', seed);
  return initialise(config, () => r.next());
};

const planted = (seed = 1) => {
  const theta = fresh(seed);
  plantInductionHeads(config, theta);
  return theta;
};

const norm = (x: readonly number[]) => {
  const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + config.eps);
  return x.map((value) => value * scale);
};

/** Mean attention of a head of the first layer to the token `distance` back, over positions from 8 on. */
function lookBack(theta: Float32Array<ArrayBuffer>, head: number, distance: number): number {
  const read = (name: string) => viewParameter(theta, listParameters(config).find((spec) => spec.name === name)!);
  const { width, headDim, vocab, context } = config;
  const half = headDim / 2;
  const r = rng('tokens');
  const tokens = Array.from({ length: context }, () => r.int(vocab));
  const { cos, sin } = rotaryTables(config);
  const path = 'model.layers.0.self_attn';
  const heads = (kind: 'q' | 'k') =>
    tokens.map((token, at) => {
      const x = norm([...read('model.embed_tokens.weight').subarray(token * width, (token + 1) * width)]);
      const weight = read(`${path}.${kind}_proj.weight`);
      const raw = Array.from({ length: headDim }, (_, d) =>
        x.reduce((sum, value, w) => sum + value * weight[(head * headDim + d) * width + w]!, 0),
      );
      const scaled = norm(raw).map((value, d) => value * read(`${path}.${kind}_norm.weight`)[d]!);
      return scaled.map((value, d) => {
        const pair = at * half + (d % half);
        const other = scaled[(d + half) % headDim]!;
        return value * cos[pair]! + (d < half ? -other : other) * sin[pair]!;
      });
    });
  const [queries, keys] = [heads('q'), heads('k')];
  const shares = queries.slice(8).map((query, index) => {
    const at = index + 8;
    const scores = keys
      .slice(0, at + 1)
      .map((key) => Math.exp(key.reduce((sum, value, d) => sum + value * query[d]!, 0) / Math.sqrt(headDim)));
    return scores[at - distance]! / scores.reduce((a, b) => a + b, 0);
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

test('planted heads look one, two and three tokens back, before any training; others do not', () => {
  const [born, plain] = [planted(), fresh()];
  for (const [head, distance] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    const share = lookBack(born, head, distance);
    assert.ok(share > 0.6, `head ${head} gives ${share} to ${distance} back`);
    assert.ok(lookBack(born, head, distance + 1) < 0.2, 'and little further (control)');
    assert.ok(lookBack(plain, head, distance) < 0.2, 'a head left alone does not (control)');
  }
  assert.ok(lookBack(born, 3, 1) < 0.3, 'the fourth is left as it was');
});

test('planted, a model learns in a few steps to go on as a text did before; left alone it does not yet', async () => {
  const learn = async (theta: Float32Array<ArrayBuffer>) => {
    const learner = new LocalLearner(config, theta, cpuExecutor());
    const r = rng('repeated');
    let last = 0;
    for (let step = 0; step < STEPS; step++) {
      const data = Array.from({ length: 8 }, () => {
        const once = r.shuffle(Array.from({ length: config.vocab }, (_, id) => id)).slice(0, 20);
        const tokens = Int32Array.from([...once, ...once]);
        return { tokens, weights: Float32Array.from(tokens, (_, at) => (at > 20 ? 1 / (8 * 19) : 0)) };
      });
      const { loss } = await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
      await learner.optimStep({ learningRate: 1e-2, beta2: 0.95, orthogonal: true });
      last = step < STEPS - 5 ? 0 : last + loss / 5;
    }
    await learner.close();
    return last;
  };
  for (const seed of [1, 2]) {
    const [born, plain] = [await learn(planted(seed)), await learn(fresh(seed))];
    assert.ok(born < 0.5 * plain, `seed ${seed}: planted ${born}, left alone ${plain}`);
  }
});

test('a model without room for them is refused in one line', () => {
  const theta = fresh();
  assert.throws(() => plantInductionHeads({ ...config, headDim: 8 }, theta), /3 heads or more of 12 or more/);
  assert.throws(() => plantInductionHeads({ ...config, kvHeads: 2 }, theta), /as many heads of keys/);
});
