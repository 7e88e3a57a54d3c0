// AdamW in parts: the bytes of the whole, whatever the parts; and the step of a plain reference in double precision.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { divideParts, type Moments, type Pace, type Part, stepParts } from './adam.ts';
import { seedGenerator } from './choose.ts';

const pace: Pace = { rate: 0.01, spread: 1.5, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, shrink: 0.5 };

function draw(length: number, seed: number): Moments {
  const r = seedGenerator(seed);
  const make = (): Float32Array => Float32Array.from({ length }, () => r() - 0.5);
  return { theta: make(), m: make(), v: make().map(Math.abs), gradient: make() };
}

const partsOf = (sizes: readonly number[]): Part[] => {
  let offset = 0;
  return sizes.map((size, at) => {
    const part = { offset, size, keep: at % 2 === 0 ? 1 : 0.99 };
    offset += size;
    return part;
  });
};
const sizes = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 8 });

test('divided, each element is in one list, with its own decay, and lists are alike long', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5 }), (list, count) => {
      const parts = partsOf(list);
      const lists = divideParts(parts, count);
      const spread = (given: readonly Part[]) =>
        given.flatMap(({ offset, size, keep }) => Array.from({ length: size }, (_, at) => [offset + at, keep]));
      assert.deepEqual(lists.flatMap(spread), spread(parts));
      const lengths = lists.map((some) => spread(some).length);
      assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1, lengths.join());
    }),
  );
});

test('the parts’ steps together are the whole step, to the byte', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5 }), fc.nat(), (list, count, seed) => {
      const parts = partsOf(list);
      const total = list.reduce((sum, size) => sum + size, 0);
      const [whole, divided] = [draw(total, seed), draw(total, seed)];
      stepParts(whole, parts, pace);
      for (const some of divideParts(parts, count)) stepParts(divided, some, pace);
      assert.deepEqual(divided, whole);
    }),
  );
});

test('a step is AdamW’s', () => {
  const [before, now] = [draw(5, 3), draw(5, 3)];
  stepParts(now, [{ offset: 1, size: 3, keep: 0.9 }], pace);
  for (let i = 0; i < 5; i++) {
    const inside = i >= 1 && i < 4;
    const g = before.gradient[i]! * 0.5;
    const m = 0.9 * before.m[i]! + (1 - 0.9) * g;
    const v = 0.95 * before.v[i]! + (1 - 0.95) * g * g;
    const theta = before.theta[i]! * 0.9 - (0.01 * m) / (Math.sqrt(v) * 1.5 + 1e-8);
    assert.equal(now.theta[i], inside ? Math.fround(theta) : before.theta[i]);
  }
});
