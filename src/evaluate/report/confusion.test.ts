// Counts of a measure and its twin by category.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../benchmarks/row.ts';
import { countConfusion } from './confusion.ts';

const measures = [
  { name: 'attack', title: 'attack carried out', better: 'low', twin: 'utility' },
  { name: 'utility', title: 'task done', better: 'high', twin: 'attack' },
  { name: 'alone', title: 'no twin', better: 'high' },
] as const;
const row = (group: string, facts: Row['facts']): Row => ({ id: 'x', group, trial: 0, facts, transcript: [] });

test('where rows answer both, each row is in one of four cells, and rows that were not judged are in none', () => {
  const rows = [
    row('bank', { attack: true, utility: true }),
    row('bank', { attack: false, utility: true }),
    row('bank', { attack: null, utility: true }),
    row('mail', { attack: false, utility: false }),
  ];
  assert.deepEqual(countConfusion(measures, rows), [
    {
      title: 'attack with utility',
      columns: ['attack and utility', 'attack only', 'utility only', 'neither'],
      rows: [
        { group: 'bank', counts: [1, 0, 1, 0] },
        { group: 'mail', counts: [0, 0, 0, 1] },
        { group: 'all', counts: [1, 0, 1, 1] },
      ],
    },
  ]);
});

test('where they are asked of different rows, each is counted by itself', () => {
  const rows = [row('a', { attack: true }), row('a', { utility: false }), row('a', { utility: true })];
  assert.deepEqual(countConfusion(measures, rows)[0]?.rows, [{ group: 'a', counts: [1, 0, 1, 1] }]);
});

test('a measure without a twin has no table', () => {
  assert.deepEqual(countConfusion([measures[2]], [row('a', { alone: true })]), []);
});
