// The batches of the warm start, and what of a demonstration is learned.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Datum } from '../policy/local/batch.ts';
import { DEFAULT_CONFIG, type TrainConfig } from './config.ts';
import { pickBatch, toDatum } from './warmstart.ts';

const makeData = (count: number): Datum[] =>
  Array.from({ length: count }, (_, at) => ({ tokens: Int32Array.of(at), weights: Float32Array.of(0) }));
const configure = (batch: number, seed = 1): TrainConfig => ({
  ...DEFAULT_CONFIG,
  seed,
  warm: { ...DEFAULT_CONFIG.warm, batch },
});
const idsOf = (batch: readonly Datum[]) => batch.map(({ tokens }) => tokens[0] ?? -1);
/** What the steps of one pass pick. */
const readPass = (data: readonly Datum[], config: TrainConfig, pass: number) => {
  const steps = Math.ceil(data.length / config.warm.batch);
  return Array.from({ length: steps }, (_, step) => idsOf(pickBatch(data, config, pass * steps + step)));
};

test('a pass picks every demonstration once, also where the batches do not come out even', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70 }), fc.nat(3), (count, batch, pass) => {
      const picked = readPass(makeData(count), configure(batch), pass);
      assert.deepEqual(
        picked.flat().sort((a, b) => a - b),
        Array.from({ length: count }, (_, at) => at),
      );
      assert.ok(picked.every((ids) => ids.length > 0 && ids.length <= batch));
    }),
  );
});

test('each pass has another order, the same again for the same seed, another for another seed', () => {
  const data = makeData(40);
  const read = (seed: number, pass: number) => readPass(data, configure(8, seed), pass).flat().join();
  assert.equal(read(1, 0), read(1, 0));
  assert.notEqual(read(1, 0), read(1, 1));
  assert.notEqual(read(1, 0), read(2, 0));
});

test('own tokens have weight 1, all others 0', () => {
  const datum = toDatum({ tokens: [5, 6, 7, 8], own: [false, true, true, false] });
  assert.deepEqual([...datum.tokens], [5, 6, 7, 8]);
  assert.deepEqual([...datum.weights], [0, 1, 1, 0]);
});
