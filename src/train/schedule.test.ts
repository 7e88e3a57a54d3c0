// The learning rate over a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rateAt } from './schedule.ts';

test('known values: a rise over four steps, then a straight line to a tenth', () => {
  const rates = [0, 1, 2, 3, 50, 100].map((step) => rateAt(step, 100, 1, 4, 0.1));
  const wanted = [0.25, 0.5 * 0.991, 0.75 * 0.982, 0.973, 0.55, 0.1];
  for (const [at, rate] of rates.entries()) assert.ok(Math.abs(rate - wanted[at]!) < 1e-12, String(rate));
});

test('a cosine begins at the peak, is halfway in the middle and ends at the floor; a constant rate only rises', () => {
  const at = (step: number, shape: 'cosine' | 'constant') => rateAt(step, 100, 2, 4, 0.1, shape);
  const plain = (step: number) =>
    2 * Math.min(1, (step + 1) / 4) * (0.1 + 0.45 * (1 + Math.cos((Math.PI * step) / 100)));
  for (const step of [0, 1, 3, 25, 50, 99, 100]) assert.ok(Math.abs(at(step, 'cosine') - plain(step)) < 1e-12);
  assert.ok(Math.abs(at(50, 'cosine') - 1.1) < 1e-12);
  assert.ok(Math.abs(at(100, 'cosine') - 0.2) < 1e-12);
  assert.deepEqual(
    [0, 1, 3, 50, 99].map((step) => at(step, 'constant')),
    [0.5, 1, 2, 2, 2],
  );
  assert.notEqual(at(25, 'cosine'), rateAt(25, 100, 2, 4, 0.1)); // control: the straight line is another
});

test('without a rise it starts at the peak', () => {
  assert.equal(rateAt(0, 10, 2, 0, 0.5), 2);
  assert.equal(rateAt(0, 10, 2, 1, 0.5), 2);
});

test('it never falls while it rises, never rises after, and stays between nothing and the peak', () => {
  const small = { min: 0, max: 1, noNaN: true };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 0, max: 50 }),
      fc.double(small),
      (steps, rise, floor) => {
        const rates = Array.from({ length: steps }, (_, step) => rateAt(step, steps, 1, rise, floor));
        for (const [at, rate] of rates.entries()) {
          assert.ok(rate > 0 && rate <= 1);
          if (at >= rise && at > 0) assert.ok(rate <= rates[at - 1]! + 1e-12);
          if (at + 1 < steps && at >= rise) assert.ok(rate >= floor - 1e-12);
        }
      },
    ),
  );
});

test('a run of no steps has a rate all the same', () => {
  assert.equal(rateAt(0, 0, 1, 0, 0.1), 1);
});
