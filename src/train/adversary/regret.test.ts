import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rng } from '../../episode/random.ts';
import { drawWeighted, type Faced, measureRegret, weighOpponents } from './regret.ts';

const OPPONENTS = ['a', 'b', 'c', 'd'] as const;
const faced = fc.record({
  opponent: fc.constantFrom(...OPPONENTS),
  family: fc.constantFrom('x', 'y'),
  right: fc.double({ min: 0, max: 1, noNaN: true }),
});
const history = fc.array(fc.array(faced, { maxLength: 4 }), { maxLength: 20 });

test('chances add up to 1 and nobody is forgotten', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const weights = weighOpponents(OPPONENTS, steps);
      assert.ok(Math.abs(weights.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      for (const weight of weights) assert.ok(weight > 0.005, String(weight));
    }),
  );
});

test('of two opponents met in the same step the one of more regret is likelier', () => {
  fc.assert(
    fc.property(
      history,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, p, q) => {
        const last: Faced[] = [
          { opponent: 'a', family: 'x', right: p },
          { opponent: 'b', family: 'x', right: q },
        ];
        const all = [...steps, last];
        const regrets = measureRegret(all, 'opponent');
        const [a = 0, b = 0] = weighOpponents(OPPONENTS, all);
        const gap = (regrets.get('a') ?? 0) - (regrets.get('b') ?? 0);
        if (Math.abs(gap) > 1e-9) assert.equal(Math.sign(a - b), Math.sign(gap));
      },
    ),
  );
});

test('regret falls where a policy learns to withstand, rises where it forgets, and one never met counts as unbeaten', () => {
  const met = (right: number): Faced[] => [{ opponent: 'a', family: 'x', right }];
  const of = (...rights: number[]): number => measureRegret(rights.map(met), 'opponent').get('a') ?? Number.NaN;
  assert.ok(of(0, 1, 1) < of(0, 1) && of(0, 1) < of(0));
  assert.ok(of(1, 1, 0) > of(1, 1));
  assert.equal(measureRegret([], 'opponent').size, 0);
  const [a = 0, b = 0] = weighOpponents(['a', 'b'], [met(1)]);
  assert.ok(b > a);
});

test('what is met over and over leaves its place to who waits', () => {
  const steps = Array.from({ length: 30 }, (): Faced[] => [{ opponent: 'a', family: 'x', right: 0 }]);
  const waits = weighOpponents(['a', 'b'], [[{ opponent: 'b', family: 'x', right: 1 }], ...steps]);
  assert.ok((waits[1] ?? 0) > 0.1, String(waits));
});

test('draws follow the weights', () => {
  const r = rng('draws');
  const drawn = Array.from({ length: 4000 }, () => drawWeighted(['a', 'b', 'c'], [0.7, 0.3, 0], r));
  const share = (name: string): number => drawn.filter((one) => one === name).length / drawn.length;
  assert.ok(Math.abs(share('a') - 0.7) < 0.03);
  assert.equal(share('c'), 0);
  assert.equal(drawWeighted([], [], r), null);
});
