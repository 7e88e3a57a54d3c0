// Stale episodes: what the correction gives is the gradient of the policy that learns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../policy/local/batch.ts';
import type { ModelConfig } from '../policy/local/model.ts';
import type { Learner } from '../policy/local/parallel.ts';
import type { Group } from './groups.ts';
import { buildBatch } from './grpo.ts';
import { correctGroups } from './stale.ts';

const softmax = (logits: readonly number[]): number[] => {
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / sum);
};
/** Probabilities of one token out of four, as it was drawn and as it is now. */
const OLD = softmax([0, 0.5, 1, -0.5]);
const NOW = softmax([0.3, 0.2, 1.4, -0.5]);
const REWARDS = [1, 0, -2, 0.5];

/** A policy over one token after a prompt of one; it keeps what it was taught. */
function makeLearner(): { readonly learner: Learner; readonly taught: Batch[] } {
  const taught: Batch[] = [];
  const none = new Float32Array(0);
  const told = (batch: Batch): Float32Array[] =>
    batch.data.map(({ tokens }) => Float32Array.from(tokens, (token, at) => (at === 0 ? 0 : Math.log(NOW[token]!))));
  const learner: Learner = {
    config: {} as ModelConfig,
    theta: none,
    logps: async (batch) => told(batch),
    forwardBackward: async (batch) => {
      taught.push(batch);
      return { loss: 0, logps: told(batch), kl: null, clipFraction: 0, entropy: 0 };
    },
    optimStep: async () => ({ gradientNorm: 0 }),
    state: () => ({ theta: none, m: none, v: none, step: 0 }),
    restore: () => undefined,
  };
  return { learner, taught };
}

const ALL = Uint32Array.of(0, 1, 2, 3);

/** A group in which each token was drawn once; advantages carry how often it would have been. */
function drawAll(probabilities: readonly number[], weights: readonly number[]): Group {
  const members = probabilities.map((p, token) => ({
    episode: {} as Group['members'][number]['episode'],
    transcript: { tokens: [0, token], own: [false, true], logps: [0, Math.log(p)], masks: [null, ALL] },
    advantage: weights[token]! * REWARDS[token]!,
  }));
  return { index: 0, scenario: {} as Group['scenario'], members };
}

/** The gradient over logits that a batch means: at ratio 1 each token's advantage times the slope of its log-probability. */
function gradientOf(batch: Batch): number[] {
  return NOW.map((p, logit) =>
    batch.data.reduce((sum, { tokens, advantages }) => sum + advantages![1]! * ((tokens[1] === logit ? 1 : 0) - p), 0),
  );
}

async function teach(groups: readonly Group[], most: number) {
  const { learner, taught } = makeLearner();
  const corrected = await correctGroups(learner, groups, most);
  const batch = buildBatch(
    corrected.groups.map(({ members }) => members),
    new Uint32Array(),
    1,
  );
  const pass = await corrected.learner.forwardBackward(batch, { kind: 'grpo' });
  return { batch: taught[0]!, pass, drift: corrected.drift };
}

const near = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, at) => Math.abs(value - b[at]!) < 1e-6);

test('stale episodes, corrected, have the expected gradient of fresh ones; uncorrected they have not', async () => {
  const stale = drawAll(OLD, OLD);
  const { batch, pass, drift } = await teach([stale], 100);
  const fresh = buildBatch([drawAll(NOW, NOW).members], new Uint32Array(), 1);
  assert.ok(near(gradientOf(batch), gradientOf(fresh)), `${gradientOf(batch)} ${gradientOf(fresh)}`);
  assert.ok(!near(gradientOf(buildBatch([stale.members], new Uint32Array(), 1)), gradientOf(fresh)));
  // PPO's ratio starts at 1: the log-probabilities are the trainer's.
  for (const [row, { oldLogps }] of batch.data.entries()) assert.deepEqual(oldLogps, pass.logps[row]);
  const ratios = NOW.map((p, at) => p / OLD[at]!);
  assert.ok(Math.abs(drift.largest - Math.max(...ratios)) < 1e-6);
  assert.ok(Math.abs(drift.mean - ratios.reduce((a, b) => a + b, 0) / 4) < 1e-6);
  assert.ok(Math.abs(drift.mismatch - Math.max(...ratios.map((ratio) => Math.abs(Math.log(ratio))))) < 1e-6);
  assert.equal(drift.held, 0);
});

test('a ratio beyond the bound is held to it, and counted', async () => {
  const ratios = NOW.map((p, at) => p / OLD[at]!);
  const most = (ratios.toSorted((a, b) => b - a)[0]! + ratios.toSorted((a, b) => b - a)[1]!) / 2;
  const { batch, drift } = await teach([drawAll(OLD, [1, 1, 1, 1])], most);
  const expected = ratios.map((ratio, at) => Math.min(ratio, most) * REWARDS[at]!);
  assert.ok(
    near(
      batch.data.map(({ advantages }) => advantages![1]!),
      expected,
    ),
  );
  assert.equal(drift.held, 0.25);
});

test('episodes of these very weights stay as they are', async () => {
  const group = drawAll(NOW, NOW);
  const { batch, drift } = await teach([group], 2);
  assert.ok(near(gradientOf(batch), gradientOf(buildBatch([group.members], new Uint32Array(), 1))));
  assert.ok(near([drift.mean, drift.largest, drift.held, drift.mismatch], [1, 1, 0, 0]));
});
