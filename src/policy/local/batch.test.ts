// What packing must keep: every token that counts once, in its place, within the budget.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Datum } from './batch.ts';
import { countPositions, DISALLOWED, packBatch } from './batch.ts';
import { seedGenerator } from './choose.ts';
import type { Feed } from './executor.ts';
import { defaultConfig } from './model.ts';

const config = { ...defaultConfig(30), context: 100 };
const maskTable = [Uint16Array.of(1, 2), Uint16Array.of(3)];

const datum: fc.Arbitrary<Datum> = fc
  .array(fc.tuple(fc.nat(29), fc.constantFrom(0, 0, 0.5, 1), fc.constantFrom(-1, 0, 1)), {
    minLength: 1,
    maxLength: 100,
  })
  .map((rows) => ({
    tokens: Int32Array.from(rows, (row) => row[0]),
    weights: Float32Array.from(rows, (row, at) => (at === 0 ? 0 : row[1])),
    masks: Int32Array.from(rows, (row) => row[2]),
  }));

/** Groups of them with a beginning in common, which does not count, as prompts do not. */
const grouped: fc.Arbitrary<Datum[]> = fc
  .array(
    fc.tuple(fc.array(fc.nat(29), { maxLength: 30, size: 'max' }), fc.array(datum, { minLength: 1, maxLength: 6 })),
    {
      maxLength: 4,
    },
  )
  .map((groups) =>
    groups.flatMap(([prompt, ends]) =>
      ends.map(({ tokens, weights, masks }) => ({
        tokens: Int32Array.from([...prompt, ...tokens].slice(0, 100)),
        weights: Float32Array.from(
          [...prompt.map(() => 0), ...(prompt.length > 0 ? weights.with(0, 1) : weights)].slice(0, 100),
        ),
        masks: Int32Array.from([...prompt.map(() => -1), ...masks!].slice(0, 100)),
      })),
    ),
  );

/** The tokens that a place looks at, in the order of their positions, itself included. */
function lookBack(feeds: Readonly<Record<string, Feed>>, place: number): number[] {
  const [, length] = feeds.tokens!.shape as [number, number];
  const begin = place - (place % length);
  const row = [...feeds.tokens!.data.subarray(begin, begin + length)].map(Number);
  if (!feeds.positions) return row.slice(0, (place % length) + 1);
  const line = feeds.attention!.data.subarray(place * length, (place + 1) * length);
  const seen = row.flatMap((token, at) =>
    line[at] === 0 ? [{ token, at: Number(feeds.positions!.data[begin + at]) }] : [],
  );
  assert.deepEqual(
    seen.map(({ at }) => at),
    seen.map((_, at) => at),
  );
  return seen.map(({ token }) => token);
}

test('every token that counts is in exactly one micro-batch, predicted from the tokens before it, under its mask', () => {
  let shared = 0;
  const property = fc.property(grouped, fc.integer({ min: 1, max: 400 }), (data, budget) => {
    const found = new Set<string>();
    for (const { sites, feeds } of packBatch(config, { data, maskTable }, { tokens: budget, masked: true })) {
      const [rows, length] = feeds.tokens!.shape as [number, number];
      assert.ok(rows === 1 || rows * length <= budget);
      if (feeds.positions) shared++;
      for (const [index, { datum: at, token }] of sites.entries()) {
        found.add(`${at}:${token}`);
        const place = Number(feeds.places!.data[index]);
        assert.deepEqual(lookBack(feeds, place), [...data[at]!.tokens.subarray(0, token)]);
        assert.equal(feeds.returns!.data[place], index);
        assert.equal(feeds.targets!.data[index], data[at]!.tokens[token]);
        assert.equal(feeds.weights!.data[index], data[at]!.weights[token]);
        const line = Number(feeds.rows!.data[index]) * config.vocab;
        const mask = maskTable[data[at]!.masks![token]!];
        const open = Array.from({ length: config.vocab }, (_, id) => id).filter(
          (id) => feeds.table!.data[line + id] === 0,
        );
        assert.deepEqual(open, mask ? [...mask] : Array.from({ length: config.vocab }, (_, id) => id));
      }
    }
    const counted = data.reduce((sum, { weights }) => sum + weights.filter((w) => w !== 0).length, 0);
    assert.equal(found.size, counted);
  });
  fc.assert(property, { seed: 2, numRuns: 100 });
  assert.ok(shared > 20, `${shared} micro-batches with shared rows`);
});

test('the mask of the last block hides what comes later, once for each head of a group', () => {
  for (const [length, blocks] of [
    [16, 2],
    [776, 8],
  ] as const) {
    const tokens = new Int32Array(length).fill(1);
    const data = [{ tokens, weights: Float32Array.from(tokens, (_, at) => (at === 0 ? 0 : 1)) }];
    const [micro] = packBatch({ ...config, kvHeads: 2, context: 800 }, { data }, { tokens: 64, masked: false });
    const { shape, data: mask } = micro!.feeds.attention!;
    const rows = length / blocks;
    assert.deepEqual(shape, [2 * rows, length]);
    for (const [at, value] of mask.entries()) {
      const query = length - rows + (Math.floor(at / length) % rows);
      assert.equal(value, at % length > query ? Math.fround(DISALLOWED) : 0);
    }
    const cuts = Array.from({ length: blocks - 1 }, (_, at) => Number(micro!.feeds[`cut.${at + 1}`]!.data[0]));
    assert.deepEqual(
      cuts,
      cuts.map((_, at) => (at + 1) * rows),
    );
    assert.equal(micro!.feeds[`cut.${blocks}`], undefined);
  }
});

test('of episodes of many lengths at most a tenth is padding', () => {
  const rng = seedGenerator(4);
  const wide = { ...config, context: 320 };
  const data = Array.from({ length: 96 }, () => {
    const length = 60 + Math.floor(240 * rng() ** 2);
    return { tokens: new Int32Array(length), weights: Float32Array.from({ length }, (_, at) => (at === 0 ? 0 : 1)) };
  });
  const { used, computed } = countPositions(wide, { data }, { tokens: 2048, masked: false });
  assert.equal(
    used,
    data.reduce((sum, { tokens }) => sum + tokens.length - 1, 0),
  );
  assert.ok(1 - used / computed <= 0.1, `${1 - used / computed}`);
  // In one rectangle, as without buckets, it would be far more.
  const longest = Math.max(...data.map(({ tokens }) => tokens.length - 1));
  assert.ok(1 - used / (longest * data.length) > 0.3);
});

test('data that do not fit are refused with the reason', () => {
  const pack = (one: Datum, masked = true) => packBatch(config, { data: [one], maskTable }, { tokens: 64, masked });
  const good = { tokens: Int32Array.of(1, 2), weights: Float32Array.of(0, 1) };
  assert.equal(pack(good).length, 1);
  assert.throws(() => pack({ ...good, weights: Float32Array.of(0) }), /weights: 1 entries, 2 tokens/);
  assert.throws(() => pack({ ...good, weights: Float32Array.of(1, 1) }), /first token has a weight/);
  assert.throws(() => pack({ ...good, tokens: Int32Array.of(1, 30) }), /token 30 is outside/);
  assert.throws(() => pack({ ...good, masks: Int32Array.of(-1, 2) }), /mask 2 is outside the table of 2/);
  assert.throws(() => pack({ tokens: new Int32Array(101), weights: new Float32Array(101) }), /the context is 100/);
});
