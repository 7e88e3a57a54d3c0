// The batches of the warm start, and what of a demonstration is learned.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_CONFIG, type TrainConfig } from './config.ts';
import { type Lesson, lessonBatch, pickBatch } from './warmstart.ts';

const makeData = (count: number): Lesson[] =>
  Array.from({ length: count }, (_, at) => ({ tokens: Int32Array.of(at), allowed: [null] }));
const configure = (batch: number, seed = 1): TrainConfig => ({
  ...DEFAULT_CONFIG,
  seed,
  warm: { ...DEFAULT_CONFIG.warm, batch },
});
const idsOf = (batch: readonly Lesson[]) => batch.map(({ tokens }) => tokens[0] ?? -1);
/** What the steps of one pass pick. */
const readPass = (data: readonly Lesson[], config: TrainConfig, pass: number) => {
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

test('only what the policy chose has weight: not what it read, not what the grammar forced', () => {
  const [two, one] = [Uint16Array.of(6, 9), Uint16Array.of(7)];
  const { data, maskTable } = lessonBatch([
    { tokens: Int32Array.of(5, 6, 7, 8), allowed: [null, two, one, null] },
    { tokens: Int32Array.of(5, 9), allowed: [null, Uint16Array.of(6, 9)] },
  ]);
  assert.deepEqual([...(data[0]?.weights ?? [])], [0, 0.5, 0, 0]);
  assert.deepEqual([...(data[1]?.weights ?? [])], [0, 0.5]);
  assert.deepEqual(
    data.map(({ masks }) => [...(masks ?? [])]),
    [
      [-1, 0, -1, -1],
      [-1, 0],
    ],
  );
  assert.deepEqual(maskTable, [two], 'equal masks share a row');
});

test('tokens chosen under a special mask after a cue weigh what they are told to, the rest share the total', () => {
  const [decision, other] = [Uint16Array.of(1, 2, 3), Uint16Array.of(4, 6, 9)];
  const lessons = [
    { tokens: Int32Array.of(5, 2, 8, 2, 6), allowed: [null, decision, null, decision, other] },
    { tokens: Int32Array.of(5, 9), allowed: [null, other] },
  ];
  const weigh = (weight: number) =>
    lessonBatch(lessons, { total: 2, special: { mask: decision, after: new Set([5]), weight } }).data.map(
      ({ weights }) => [...weights],
    );
  assert.deepEqual(weigh(0), [
    [0, 0, 0, Math.fround(2 / 3), Math.fround(2 / 3)],
    [0, Math.fround(2 / 3)],
  ]);
  assert.deepEqual(
    weigh(1),
    [
      [0, 0.5, 0, 0.5, 0.5],
      [0, 0.5],
    ],
    'at the weight of the rest it is nothing special (control)',
  );
});

test('what follows certain tokens weighs what it is told to, wherever they stand; elsewhere nothing changes', () => {
  const whole = Uint16Array.of(1, 2, 3, 6, 9);
  const lessons = [
    { tokens: Int32Array.of(7, 8, 3, 8, 2), allowed: [null, null, whole, null, whole] },
    { tokens: Int32Array.of(8, 9), allowed: [null, whole] },
  ];
  const weigh = (weight: number) =>
    lessonBatch(lessons, { total: 6, chosen: { after: [7, 8], weight } }).data.map(({ weights }) => [...weights]);
  // Only the 3 stands after both; the 2 and the 9 after the last of them alone.
  assert.deepEqual(weigh(4), [
    [0, 0, 4, 0, 1],
    [0, 1],
  ]);
  assert.deepEqual(
    weigh(1),
    lessonBatch(lessons, { total: 6 }).data.map(({ weights }) => [...weights]),
  );
});
