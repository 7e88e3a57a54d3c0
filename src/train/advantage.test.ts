// Advantages: relative to the group alone, and null where there is nothing to say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupAdvantages, hasSignal } from './advantage.ts';

const reward = fc.double({ min: -2, max: 2, noNaN: true });
const group = fc.array(reward, { minLength: 2, maxLength: 16 });
const sum = (values: readonly (number | null)[]) => values.reduce<number>((a, b) => a + (b ?? 0), 0);
const assertNear = (a: number | null | undefined, b: number, within = 1e-9) =>
  assert.ok(Math.abs((a ?? Number.NaN) - b) <= within, `${a} and ${b}`);

test('known values: (r − mean) / (deviation + 0.05)', () => {
  const [low, high] = groupAdvantages([0, 1]);
  assertNear(low, -0.5 / 0.55);
  assertNear(high, 0.5 / 0.55);
});

test('advantages of a group sum to zero and are ordered as the rewards', () => {
  fc.assert(
    fc.property(group, (rewards) => {
      const advantages = groupAdvantages(rewards);
      assertNear(sum(advantages), 0);
      for (const [i, a] of rewards.entries())
        for (const [j, b] of rewards.entries()) if (a > b) assert.ok((advantages[i] ?? 0) >= (advantages[j] ?? 0));
    }),
  );
});

test('adding the same to every reward changes nothing', () => {
  fc.assert(
    fc.property(group, reward, (rewards, more) => {
      const moved = groupAdvantages(rewards.map((r) => r + more));
      for (const [at, advantage] of groupAdvantages(rewards).entries()) assertNear(moved[at], advantage ?? 0, 1e-6);
    }),
  );
});

test('scaling rewards changes advantages only by the floor: they grow with the scale and stay below the plain z-score', () => {
  fc.assert(
    fc.property(group, fc.double({ min: 1, max: 100, noNaN: true }), (rewards, scale) => {
      const mean = sum(rewards) / rewards.length;
      const deviation = Math.sqrt(sum(rewards.map((r) => (r - mean) ** 2)) / rewards.length);
      const scaled = groupAdvantages(rewards.map((r) => r * scale));
      for (const [at, advantage] of groupAdvantages(rewards).entries()) {
        const [small, large] = [Math.abs(advantage ?? 0), Math.abs(scaled[at] ?? 0)];
        assert.ok(large >= small - 1e-9);
        assertNear(scaled[at], ((rewards[at]! - mean) * scale) / (deviation * scale + 0.05), 1e-6);
        if (deviation > 0) assert.ok(large <= Math.abs(rewards[at]! - mean) / deviation + 1e-9);
      }
    }),
  );
});

test('a group with hardly any spread does not explode', () => {
  for (const advantage of groupAdvantages([0, 0, 0, 1e-6])) assert.ok(Math.abs(advantage ?? 1) < 1e-4);
});

test('what was not judged stays null and moves nobody', () => {
  fc.assert(
    fc.property(fc.array(fc.option(reward), { minLength: 2, maxLength: 12 }), (rewards) => {
      const known = rewards.filter((r) => r !== null);
      fc.pre(known.length >= 2);
      const advantages = groupAdvantages(rewards);
      assert.deepEqual(
        advantages.map((a) => a === null),
        rewards.map((r) => r === null),
      );
      assert.deepEqual(
        advantages.filter((a) => a !== null),
        groupAdvantages(known),
      );
    }),
  );
});

test('a group of one, or with one that was judged, says nothing', () => {
  assert.deepEqual(groupAdvantages([]), []);
  assert.deepEqual(groupAdvantages([1]), [null]);
  assert.deepEqual(groupAdvantages([null, 0.3, null]), [null, null, null]);
});

test('a group has a signal iff somebody earned another reward', () => {
  assert.equal(hasSignal(groupAdvantages([0.3, 0.3, 0.3])), false);
  assert.equal(hasSignal(groupAdvantages([0.1 + 0.2, 0.3, 0.3])), false, 'dust of binary fractions');
  assert.equal(hasSignal(groupAdvantages([0.3, null, 0.3])), false);
  assert.equal(hasSignal([null, null]), false);
  assert.equal(hasSignal(groupAdvantages([0.3, 0.3, 0.4])), true);
});
