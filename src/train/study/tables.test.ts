// Means over seeds and their intervals, paired differences, and the cells a mean would hide.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLACES, type Place } from './config.ts';
import type { Counts } from './count.ts';
import { ROWS } from './count.ts';
import type { Player } from './jobs.ts';
import { countReaching, differenceOf, type Found, meanOf, ratesOf, worstCells } from './tables.ts';

const counts = (hits: number, n: number, cells: Counts['cells'] = {}): { readonly [place in Place]: Counts } => {
  const rows = Object.fromEntries(ROWS.map((row) => [row, { hits, n }])) as Counts['rows'];
  return Object.fromEntries(PLACES.map((place) => [place, { rows, cells, unjudged: 0 }])) as {
    [place in Place]: Counts;
  };
};
const found = (of: { readonly [player: string]: readonly (readonly [number, ReturnType<typeof counts>])[] }): Found =>
  new Map(Object.entries(of).map(([player, seeds]) => [player as Player, new Map(seeds)]));

test('a mean over seeds has Student’s interval: known values', () => {
  const { mean, half, seeds } = meanOf([0.8, 0.9, 1]);
  assert.ok(Math.abs((mean ?? 0) - 0.9) < 1e-12);
  assert.ok(Math.abs((half ?? 0) - (4.303 * 0.1) / Math.sqrt(3)) < 1e-9);
  assert.equal(seeds, 3);
});

test('one seed has no interval, none no mean', () => {
  assert.deepEqual(meanOf([0.5]), { mean: 0.5, half: null, seeds: 1 });
  assert.deepEqual(meanOf([]), { mean: null, half: null, seeds: 0 });
});

test('differences are paired by seed, and seeds one of them lacks are left out', () => {
  const both = found({
    joint: [
      [1, counts(9, 10)],
      [2, counts(7, 10)],
      [3, counts(1, 10)],
    ],
    user: [
      [1, counts(8, 10)],
      [2, counts(6, 10)],
    ],
  });
  const { mean, seeds } = differenceOf(both, ['joint', 'user'], 'fresh', 'refuse');
  assert.equal(seeds, 2);
  assert.ok(Math.abs((mean ?? 0) - 0.1) < 1e-9);
});

test('a rate of nothing judged is no rate', () => {
  assert.equal(ratesOf(found({ joint: [[1, counts(0, 0)]] }), 'joint', 'fresh', 'refuse').size, 0);
});

test('cells are summed over seeds, worst first, and small ones do not speak', () => {
  const cells = (bad: number) => ({
    'bank/benign': { hits: bad, n: 10 },
    'mail/benign': { hits: 10, n: 10 },
    'web/benign': { hits: 0, n: 1 },
  });
  const list = worstCells(
    found({
      joint: [
        [1, counts(1, 1, cells(5))],
        [2, counts(1, 1, cells(7))],
      ],
    }),
    'joint',
    'fresh',
  );
  assert.deepEqual(list, [
    { name: 'bank/benign', rate: 0.6, n: 20 },
    { name: 'mail/benign', rate: 1, n: 20 },
  ]);
});

test('a seed reaches bounds only if it reaches all of them', () => {
  const some = found({
    joint: [
      [1, counts(99, 100)],
      [2, counts(94, 100)],
    ],
  });
  assert.deepEqual(countReaching(some, 'joint', 'heldout', { refuse: 0.95, utility: 0.95 }), { reached: 1, of: 2 });
});
