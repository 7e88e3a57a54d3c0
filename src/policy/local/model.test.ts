// The model against a plain reimplementation in double precision, and the layout that checkpoints rely on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedGenerator } from './choose.ts';
import { cpuExecutor } from './executor.ts';
import { LocalLearner } from './learner.ts';
import type { ModelConfig } from './model.ts';
import {
  checkConfig,
  countParameters,
  defaultConfig,
  initialise,
  listParameters,
  sizeOf,
  viewParameter,
} from './model.ts';

const grouped: ModelConfig = {
  ...{ vocab: 29, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 20 },
  ...{ theta: 1000, eps: 1e-6, context: 32 },
};

/** Fresh parameters with the norms' weights moved off 1, which would hide where they are applied. */
function scramble(config: ModelConfig, seed: number): Float32Array<ArrayBuffer> {
  const rng = seedGenerator(seed);
  const theta = initialise(config, rng);
  for (const spec of listParameters(config)) {
    const view = viewParameter(theta, spec);
    if (spec.shape.length === 1) view.set(view.map(() => 0.5 + rng()));
  }
  return theta.map((x) => 2 * x);
}

/** Log-probabilities of each token after the first, written as modeling_qwen3.py reads, without any of the engine. */
function referenceLogps(config: ModelConfig, theta: Float32Array<ArrayBuffer>, tokens: readonly number[]): number[] {
  const { width, heads, kvHeads, headDim, hidden, vocab, eps } = config;
  const specs = new Map(listParameters(config).map((spec) => [spec.name, Array.from(viewParameter(theta, spec))]));
  const weight = (name: string) => specs.get(`${name}.weight`)!;
  const apply = (name: string, x: number[], outputs: number) =>
    Array.from({ length: outputs }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * weight(name)[o * x.length + i]!, 0),
    );
  const norm = (name: string, x: number[]) => {
    const inverse = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + eps);
    return x.map((value, i) => value * inverse * weight(name)[i]!);
  };
  const turn = (x: number[], at: number) =>
    x.map((value, i) => {
      const half = headDim / 2;
      const angle = at / config.theta ** ((2 * (i % half)) / headDim);
      const other = i < half ? -x[i + half]! : x[i - half]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  const split = (x: number[], count: number) =>
    Array.from({ length: count }, (_, h) => x.slice(h * headDim, (h + 1) * headDim));
  let stream = tokens.map((token) => weight('model.embed_tokens').slice(token * width, (token + 1) * width));
  for (let layer = 0; layer < config.layers; layer++) {
    const name = (part: string) => `model.layers.${layer}.${part}`;
    const inputs = stream.map((x) => norm(name('input_layernorm'), x));
    const project = (part: string, count: number) =>
      inputs.map((x) => split(apply(name(`self_attn.${part}_proj`), x, count * headDim), count));
    const place = (part: string, count: number) =>
      project(part, count).map((all, at) => all.map((x) => turn(norm(name(`self_attn.${part}_norm`), x), at)));
    const [q, k, v] = [place('q', heads), place('k', kvHeads), project('v', kvHeads)];
    stream = stream.map((x, at) => {
      const mixed = Array.from({ length: heads }, (_, head) => {
        const group = Math.floor(head / (heads / kvHeads));
        const powers = Array.from({ length: at + 1 }, (__, j) =>
          Math.exp(q[at]![head]!.reduce((sum, value, i) => sum + value * k[j]![group]![i]!, 0) / Math.sqrt(headDim)),
        );
        const sum = powers.reduce((a, b) => a + b, 0);
        return Array.from({ length: headDim }, (__, i) =>
          powers.reduce((a, p, j) => a + (p / sum) * v[j]![group]![i]!, 0),
        );
      }).flat();
      return apply(name('self_attn.o_proj'), mixed, width).map((value, i) => value + x[i]!);
    });
    stream = stream.map((x) => {
      const y = norm(name('post_attention_layernorm'), x);
      const up = apply(name('mlp.up_proj'), y, hidden);
      const gated = apply(name('mlp.gate_proj'), y, hidden).map(
        (value, i) => (value / (1 + Math.exp(-value))) * up[i]!,
      );
      return apply(name('mlp.down_proj'), gated, width).map((value, i) => value + x[i]!);
    });
  }
  return tokens.slice(1).map((token, at) => {
    const logits = apply('model.embed_tokens', norm('model.norm', stream[at]!), vocab);
    return logits[token]! - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  });
}

for (const config of [grouped, { ...grouped, kvHeads: 4 }, { ...grouped, kvHeads: 1 }]) {
  test(`with ${config.kvHeads} key-value heads of 4 the log-probabilities are those of a plain Qwen3`, async () => {
    const theta = scramble(config, 4);
    const rng = seedGenerator(9);
    const lengths = [20, 7];
    const data = lengths.map((length) => ({
      tokens: Int32Array.from({ length }, () => Math.floor(rng() * config.vocab)),
      weights: Float32Array.from({ length }, (_, at) => (at === 0 ? 0 : 1)),
    }));
    const learner = new LocalLearner(config, theta, cpuExecutor());
    const found = await learner.logps({ data });
    const differenceFrom = (other: ModelConfig) =>
      Math.max(
        ...data.flatMap(({ tokens }, index) =>
          referenceLogps(other, theta, [...tokens]).map((logp, at) => Math.abs(logp - found[index]![at + 1]!)),
        ),
      );
    assert.ok(differenceFrom(config) < 1e-4, `${differenceFrom(config)}`);
    // The comparison sees another rotation.
    assert.ok(differenceFrom({ ...config, theta: 900 }) > 1e-3);
    await learner.close();
  });
}

test('parameters have the names, shapes and order of a Hugging Face checkpoint, one after the other', () => {
  const specs = listParameters(grouped);
  assert.equal(specs[0]!.name, 'model.embed_tokens.weight');
  assert.deepEqual(specs.find((spec) => spec.name === 'model.layers.1.self_attn.q_proj.weight')?.shape, [24, 16]);
  assert.deepEqual(specs.find((spec) => spec.name === 'model.layers.1.self_attn.k_proj.weight')?.shape, [12, 16]);
  assert.deepEqual(specs.find((spec) => spec.name === 'model.layers.0.self_attn.q_norm.weight')?.shape, [6]);
  assert.equal(new Set(specs.map((spec) => spec.name)).size, 2 + 11 * grouped.layers);
  let offset = 0;
  for (const spec of specs) {
    assert.equal(spec.offset, offset);
    offset += sizeOf(spec.shape);
  }
  assert.equal(countParameters(grouped), offset);
});

test('the default model has about a million parameters', () => {
  const count = countParameters(defaultConfig(800));
  assert.ok(count > 0.8e6 && count < 1.2e6, `${count}`);
});

test('fresh parameters have the stated deviations and depend on the generator alone', () => {
  const config = defaultConfig(300);
  const theta = initialise(config, seedGenerator(1));
  const deviation = (name: string) => {
    const view = viewParameter(theta, listParameters(config).find((spec) => spec.name === name)!);
    return Math.sqrt(view.reduce((sum, x) => sum + x * x, 0) / view.length);
  };
  const close = (found: number, expected: number) =>
    assert.ok(Math.abs(found / expected - 1) < 0.03, `${found} ${expected}`);
  close(deviation('model.embed_tokens.weight'), 0.05);
  close(deviation('model.layers.0.mlp.gate_proj.weight'), 1 / Math.sqrt(128));
  close(deviation('model.layers.3.mlp.down_proj.weight'), 1 / Math.sqrt(384 * 8));
  assert.equal(deviation('model.layers.2.input_layernorm.weight'), 1);
  assert.deepEqual(initialise(config, seedGenerator(1)), theta);
  assert.notDeepEqual(initialise(config, seedGenerator(2)), theta);
});

test('sizes that make no model are refused by name', () => {
  assert.throws(() => checkConfig({ ...grouped, kvHeads: 3 }), /kvHeads 3 does not divide heads 4/);
  assert.throws(() => checkConfig({ ...grouped, headDim: 5 }), /headDim 5 is odd/);
  assert.throws(() => checkConfig({ ...grouped, layers: 0 }), /layers must be a whole number/);
  checkConfig(grouped);
});
