// How rows that lag are brought up together: nothing is read twice or left out, and no row takes over what is not there yet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { divideRuns, type Lagging, planCatchUp } from './catchup.ts';

/** A cache of these rows that finds prefixes as the real one does. */
const hold = (rows: readonly (readonly number[])[]) => ({
  tokens: (row: number) => rows[row] ?? [],
  findPrefix(tokens: readonly number[], planned: ReadonlyMap<number, readonly number[]>) {
    let best = { row: 0, length: 0 };
    for (const [row, held] of rows.entries()) {
      const now = planned.get(row) ?? held;
      let length = 0;
      while (length < now.length && length < tokens.length && now[length] === tokens[length]) length++;
      if (length > best.length) best = { row, length };
    }
    return best;
  },
});

const range = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at);
const fresh = (pending: readonly number[]): Lagging => ({ pending, isFresh: true });

test('members of a group read their prompt once: the first reads, the others take over', () => {
  const prompt = range(0, 20);
  const other = range(100, 15);
  const plans = planCatchUp([fresh(prompt), fresh(prompt), fresh(other), fresh(other)], hold([[], [], [], []]));
  assert.deepEqual(
    plans.map(({ at, level, copy, count }) => [at, level, copy?.row, copy?.length, count]),
    [
      [0, 0, 0, 0, 19],
      [1, 1, 0, 19, 0],
      [2, 0, 0, 0, 14],
      [3, 1, 2, 14, 0],
    ],
  );
});

test('a row that is not far behind is left to the common step, and an old row keeps what it holds', () => {
  const rows: Lagging[] = [
    { pending: range(0, 6), isFresh: false },
    { pending: range(0, 7), isFresh: false },
  ];
  assert.deepEqual(planCatchUp(rows, hold([[9], [8]])), [{ at: 1, level: 0, copy: null, count: 6 }]);
});

test('carried out level by level, every row holds its tokens, whatever rows have in common', () => {
  const row = fc.record({ held: fc.array(fc.nat(2), { maxLength: 12 }), more: fc.array(fc.nat(2), { maxLength: 20 }) });
  fc.assert(
    fc.property(fc.array(fc.tuple(row, fc.boolean()), { minLength: 1, maxLength: 6 }), (list) => {
      const rows = list.map(([{ held }]) => [...held]);
      const lagging = list.map(([{ more }, isFresh]) => ({ pending: [1, ...more], isFresh }));
      const plans = planCatchUp(lagging, hold(rows.map((held) => [...held])));
      const left = lagging.map(({ pending }) => [...pending]);
      const before = rows.map((held) => [...held]);
      for (let level = 0; plans.some((plan) => plan.level >= level); level++) {
        const now = plans.filter((plan) => plan.level === level);
        for (const { at, copy } of now) {
          if (!copy) continue;
          rows[at] = rows[copy.row]!.slice(0, copy.length);
          left[at]!.splice(0, copy.length);
        }
        for (const { at, count } of now) rows[at]!.push(...left[at]!.splice(0, count));
      }
      for (const [at, { pending, isFresh }] of lagging.entries()) {
        assert.deepEqual([...rows[at]!, ...left[at]!], [...(isFresh ? [] : before[at]!), ...pending]);
        assert.ok(left[at]!.length >= 1 && left[at]!.length <= 6);
      }
    }),
  );
});

test('runs hold every token once, in order, none above the bound and with little padding', () => {
  const counts = fc.array(fc.nat(1300), { maxLength: 30 });
  fc.assert(
    fc.property(counts, (list) => {
      const runs = divideRuns(list.map((count, at) => ({ at, count })));
      const sums = list.map(() => 0);
      for (const run of runs) {
        const width = Math.max(...run.map(({ count }) => count));
        assert.ok(width * run.length <= 512);
        for (const { at, count } of run) {
          assert.ok(count > 0 && width - count <= 12);
          sums[at]! += count;
        }
        assert.deepEqual(
          run.map(({ at }) => at),
          [...new Set(run.map(({ at }) => at))].sort((a, b) => a - b),
        );
      }
      assert.deepEqual(sums, list);
    }),
  );
});
