// What a person's wishes make of the configuration.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SURROGATES } from '../policy/local/loss.ts';
import { chooseConfig, configSchema, DEFAULT_CONFIG } from './config.ts';

const wishes = { quick: false, seed: 1, reward: 'tribune' };

test('without wishes it is the default configuration', () => {
  assert.deepEqual(chooseConfig(wishes), DEFAULT_CONFIG);
});

test('the suite open brings more words and a longer context, in a short run too', () => {
  for (const quick of [false, true]) {
    const { suite, model, sample } = chooseConfig({ ...wishes, quick, suite: 'open' });
    assert.deepEqual([suite, model.pointing, sample.capacity], ['open', true, model.context]);
    assert.ok(model.vocab > DEFAULT_CONFIG.model.vocab && model.context > DEFAULT_CONFIG.model.context);
  }
  assert.deepEqual(chooseConfig({ ...wishes, suite: 'core' }), DEFAULT_CONFIG);
});

test('a loss brings its own bounds of the ratio, an executor is kept', () => {
  for (const loss of SURROGATES) assert.equal(chooseConfig({ ...wishes, loss }).grpo.loss, loss);
  const { clipLow, clipHigh } = chooseConfig({ ...wishes, loss: 'gspo' }).grpo;
  assert.deepEqual([clipLow, clipHigh], [3e-4, 4e-4]);
  assert.equal(chooseConfig({ ...wishes, loss: 'cispo' }).grpo.clipLow, 1);
  const sampled = (executor: 'wasm' | 'webgpu') => chooseConfig({ ...wishes, executor }).sample;
  assert.deepEqual([sampled('wasm').executor, sampled('wasm').workers], ['wasm', 2]);
  assert.deepEqual([sampled('webgpu').executor, sampled('webgpu').workers], ['webgpu', 1]);
  const two = { ...DEFAULT_CONFIG.sample, executor: 'webgpu', workers: 2 };
  assert.throws(() => configSchema.parse({ ...DEFAULT_CONFIG, sample: two }), /webgpu takes 1 worker/);
});

test('a configuration of a run from before has the loss, the schedule and the executor of then', () => {
  const { loss: _, schedule: __, ...grpo } = DEFAULT_CONFIG.grpo;
  const { schedule: ___, ...warm } = DEFAULT_CONFIG.warm;
  const { executor: ____, ...sample } = DEFAULT_CONFIG.sample;
  assert.deepEqual(configSchema.parse({ ...DEFAULT_CONFIG, grpo, warm, sample }), DEFAULT_CONFIG);
  assert.throws(() => configSchema.parse({ ...DEFAULT_CONFIG, grpo: { ...DEFAULT_CONFIG.grpo, loss: 'dro' } }));
});

test('a run from before has no induction heads to begin with, and a model without room for them is refused', () => {
  const { inductionHeads: _, ...model } = DEFAULT_CONFIG.model;
  assert.equal(configSchema.parse({ ...DEFAULT_CONFIG, model }).model.inductionHeads, false);
  const small = { ...DEFAULT_CONFIG, model: { ...model, layers: 2 } };
  configSchema.parse(small);
  const wanted = { ...small, model: { ...small.model, inductionHeads: true } };
  assert.throws(() => configSchema.parse(wanted), /needs 3 layers or more/);
});
