// Places where decisions are held: which decision, at which token, with what weight; and none where nothing is decided.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../episode/random.ts';
import type { Batch } from '../../policy/local/batch.ts';
import { anchorDecisions } from './anchor.ts';

const [CUE, A, B, C] = [9, 4, 5, 6];
const DECIDING = { decisions: Uint16Array.of(A, B, C), cues: new Set([CUE]) };
const START = Float32Array.of(7);

/** Two sequences that decide, at their fourth and third token, and one that does not. */
const BATCH: Batch = {
  data: [
    [1, 2, CUE, A, 3],
    [1, CUE, A, 2, 3],
    [1, 2, 3, 1, 2],
  ].map((tokens) => ({
    tokens: Int32Array.from(tokens),
    weights: Float32Array.from(tokens, () => 1),
    masks: Int32Array.from(tokens, (_, at) => (tokens[at - 1] === CUE ? 1 : -1)),
  })),
  maskTable: [Uint16Array.of(1, 2), DECIDING.decisions],
};

/** A policy that decides C after a sequence of three, else B; it says which parameters it was asked with. */
const asked: number[] = [];
const learner = {
  logps: async ({ data }: Batch, theta?: Float32Array) =>
    data.map(({ tokens }) => {
      asked.push(theta?.[0] ?? Number.NaN);
      const likely = tokens.length === 4 ? C : B;
      return Float32Array.from(tokens, (token, at) => (at === tokens.length - 1 && token === likely ? -0.1 : -3));
    }),
};

test('each place is held at the decision that the policy took before, and weighs its share', async () => {
  const anchors = await anchorDecisions(learner, START, BATCH, DECIDING, { most: 5, total: 0.5, r: rng('anchor', 1) });
  assert.deepEqual(anchors.map(({ tokens }) => [...tokens]).sort(), [
    [1, 2, CUE, C],
    [1, CUE, B],
  ]);
  for (const { tokens, weights, masks } of anchors) {
    const last = tokens.length - 1;
    assert.deepEqual(
      [...weights],
      [...tokens].map((_, at) => (at === last ? 0.25 : 0)),
    );
    assert.deepEqual(
      [...masks!],
      [...tokens].map((_, at) => (at === last ? 1 : -1)),
    );
  }
  assert.ok(asked.length === 6 && asked.every((theta) => theta === 7), 'asked of the policy before the drill');
});

test('no more places than asked for; none where nothing is decided', async () => {
  const draw = (batch: Batch, most: number) =>
    anchorDecisions(learner, START, batch, DECIDING, { most, total: 1, r: rng('anchor', 2) });
  assert.equal((await draw(BATCH, 1)).length, 1);
  assert.deepEqual(await draw({ ...BATCH, data: BATCH.data.slice(2) }, 5), []);
  assert.deepEqual(await draw({ ...BATCH, maskTable: [] }, 5), []);
});
