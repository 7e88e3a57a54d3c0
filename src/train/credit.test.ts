// Credit to steps: what was earned later counts for the step, what was earned before does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spreadCredit, stepAdvantages } from './credit.ts';

const rewards = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 8 });

test('known values: differences from the mean of all steps, summed from the end', () => {
  assert.deepEqual(
    stepAdvantages(
      [
        [0, 1],
        [0, -1],
      ],
      'none',
    ),
    [
      [1, 1],
      [-1, -1],
    ],
  );
  assert.deepEqual(
    stepAdvantages(
      [
        [-1, 1],
        [1, -1],
      ],
      'none',
    ),
    [
      [0, 1],
      [0, -1],
    ],
  );
});

test('a step’s advantage does not hang on what its own episode earned before it', () => {
  fc.assert(
    fc.property(rewards, rewards, fc.double({ min: 0.1, max: 1, noNaN: true }), (first, second, more) => {
      const before = stepAdvantages([first, second], 'none');
      // Moving a reward from the first step of one episode to the first of the other keeps the mean.
      const [head = 0, ...tail] = first;
      const [other = 0, ...rest] = second;
      const after = stepAdvantages(
        [
          [head + more, ...tail],
          [other - more, ...rest],
        ],
        'none',
      );
      for (const [at, advantage] of (before[0] ?? []).entries())
        if (at > 0) assert.ok(Math.abs((after[0]?.[at] ?? Number.NaN) - advantage) < 1e-9);
      assert.ok((after[0]?.[0] ?? 0) > (before[0]?.[0] ?? 0), 'and the step itself is credited');
    }),
  );
});

test('an episode without a verdict has no advantages and changes no other', () => {
  const group = [
    [1, 0],
    [0, 0],
  ];
  assert.deepEqual(stepAdvantages([...group, null], 'deviation'), [...stepAdvantages(group, 'deviation'), null]);
  assert.deepEqual(stepAdvantages([[1, 0], null], 'deviation'), [null, null]);
});

test('each run of own tokens is one step, and what was read gets nothing', () => {
  const own = [false, true, true, false, false, true, false];
  assert.deepEqual([...spreadCredit(own, [2, -1])], [0, 2, 2, 0, 0, -1, 0]);
});
