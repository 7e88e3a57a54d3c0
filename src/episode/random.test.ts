// Facts about the seeded generator: the same on every machine, even enough, and forks that do not disturb each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Random, rng } from './random.ts';

const words = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next() * 2 ** 32);

/** Pearson's chi-squared of counts against equal shares. */
function chiSquared(counts: readonly number[]): number {
  const total = counts.reduce((sum, n) => sum + n, 0);
  const expected = total / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

test('a seed gives the same numbers for ever (golden values)', () => {
  assert.deepEqual(words(rng(), 3), [1161089864, 282440063, 3572964126]);
  assert.deepEqual(words(rng('run', 1), 3), [2782659208, 1498565426, 1724510167]);
  assert.deepEqual(words(rng(1), 3), [629163620, 3612687622, 2937965590]);
  assert.deepEqual(rng(7).shuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), [9, 1, 2, 7, 0, 8, 4, 6, 5, 3]);
});

test('the number 1 and the string "1", and differently cut key lists, are different streams', () => {
  const streams = [rng(1), rng('1'), rng('ab', 'c'), rng('a', 'bc'), rng('abc'), rng()].map((r) => words(r, 2).join());
  assert.equal(new Set(streams).size, streams.length);
});

test('a fork is the stream of the joined names, whatever was drawn before it', () => {
  const parent = rng('run', 3);
  parent.next();
  parent.shuffle([1, 2, 3, 4]);
  assert.deepEqual(words(parent.fork('step', 9), 4), words(rng('run', 3, 'step', 9), 4));
});

test('drawing from a fork does not advance its parent', () => {
  const parent = rng('a');
  words(parent.fork('b'), 100);
  assert.deepEqual(words(parent, 3), words(rng('a'), 3));
});

test('neighbouring seeds are uncorrelated', () => {
  const first = Array.from({ length: 4000 }, (_, i) => rng('group', i).next());
  const pairs = first.slice(1).map((x, i) => (x - 0.5) * ((first[i] ?? 0) - 0.5));
  const correlation = pairs.reduce((sum, x) => sum + x, 0) / pairs.length / (1 / 12);
  assert.ok(Math.abs(correlation) < 0.07, `correlation ${correlation}`);
  const counts = new Array<number>(16).fill(0);
  for (const x of first) counts[Math.floor(x * 16)]! += 1;
  assert.ok(chiSquared(counts) < 45, `chi-squared ${chiSquared(counts)} with 15 degrees of freedom`);
});

test('int is even over its range, and the check notices a loaded die', () => {
  const random = rng('dice');
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 12_000; i++) counts[random.int(6)]! += 1;
  assert.ok(chiSquared(counts) < 25, `chi-squared ${chiSquared(counts)} with 5 degrees of freedom`);
  assert.ok(chiSquared([2300, 1940, 1940, 1940, 1940, 1940]) > 25);
});

test('shuffle reaches every order of three about equally often and leaves its input alone', () => {
  const random = rng('cards');
  const input = ['a', 'b', 'c'] as const;
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle(input).join('');
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.equal(orders.size, 6);
  assert.ok(chiSquared([...orders.values()]) < 25);
  assert.deepEqual(input, ['a', 'b', 'c']);
});

test('every draw stays in its range, for any seed', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.integer())), fc.integer({ min: 1, max: 2 ** 32 }), (keys, n) => {
      const random = rng(...keys);
      const x = random.next();
      const i = random.int(n);
      return x >= 0 && x < 1 && Number.isInteger(i) && i >= 0 && i < n;
    }),
  );
});

test('misuse throws at once', () => {
  const random = rng(0);
  for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) assert.throws(() => random.int(n), RangeError);
  assert.throws(() => random.pick([]), RangeError);
  assert.throws(() => rng(Number.NaN), RangeError);
  assert.throws(() => random.fork(Number.POSITIVE_INFINITY), RangeError);
});
