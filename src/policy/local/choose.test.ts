// The choice of a token: what it may be, how often it is which, what is recorded of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseToken, seedGenerator } from './choose.ts';

const model = { temperature: 1, behaviour: null };
const logitsOf = fc
  .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 12 })
  .map((list) => Float32Array.from(list));

test('only what is allowed is chosen, with its log-probability among the allowed', () => {
  const property = fc.property(
    logitsOf,
    fc.integer(),
    fc.float({ min: 0, max: 2, noNaN: true }),
    (logits, seed, temperature) => {
      const rng = seedGenerator(seed);
      const some = [...logits.keys()].filter(() => rng() < 0.5);
      const allowed = some.length > 0 ? Uint16Array.from(some) : null;
      const { token, logp } = chooseToken(logits, allowed, { ...model, temperature, rng });
      const ids = allowed ? [...allowed] : [...logits.keys()];
      assert.ok(ids.includes(token));
      const sum = ids.reduce((total, id) => total + Math.exp(logits[id]! - logits[token]!), 0);
      assert.ok(Math.abs(logp + Math.log(sum)) < 1e-6);
    },
  );
  fc.assert(property, { seed: 1 });
});

test('tokens come as often as the temperature says', () => {
  const logits = Float32Array.of(0, 1, 2, -1);
  for (const temperature of [0.5, 1, 2]) {
    const rng = seedGenerator(5);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 20_000; draw++)
      counts[chooseToken(logits, null, { ...model, temperature, rng }).token]!++;
    const powers = [...logits].map((logit) => Math.exp(logit / temperature));
    const sum = powers.reduce((a, b) => a + b, 0);
    for (const [token, power] of powers.entries()) {
      const expected = power / sum;
      const deviation = Math.sqrt((expected * (1 - expected)) / 20_000);
      assert.ok(Math.abs(counts[token]! / 20_000 - expected) < 4 * deviation, `${counts}`);
    }
  }
});

test('at temperature 0 the best is taken without a draw', () => {
  const rng = () => assert.fail('a number was drawn');
  assert.equal(chooseToken(Float32Array.of(1, 3, 2), null, { ...model, temperature: 0, rng }).token, 1);
  assert.equal(chooseToken(Float32Array.of(1, 3, 2), Uint16Array.of(0, 2), { ...model, temperature: 0, rng }).token, 2);
});

test('a behaviour of probability 0 is never drawn', () => {
  const behaviour = Float32Array.of(0.5, 0, 0.5, 0);
  for (const u of [0, 0.25, 0.5, 0.999_999_999_9]) {
    const { token } = chooseToken(new Float32Array(4), null, { temperature: 1, behaviour, rng: () => u });
    assert.ok(token === 0 || token === 2);
  }
});

test('an empty constraint and a behaviour of the wrong length throw', () => {
  const rng = seedGenerator(1);
  assert.throws(() => chooseToken(new Float32Array(4), new Uint16Array(0), { ...model, rng }), /allows no token/);
  const behaviour = new Float32Array(3);
  assert.throws(
    () => chooseToken(new Float32Array(4), null, { temperature: 1, behaviour, rng }),
    /3 probabilities for 4/,
  );
});

test('logits that are not numbers and a behaviour of nothing throw', () => {
  const rng = seedGenerator(1);
  assert.throws(() => chooseToken(Float32Array.of(Number.NaN, 1), null, { ...model, rng }), /sum to NaN/);
  assert.throws(() => chooseToken(Float32Array.of(Number.NaN, 1), null, { ...model, temperature: 0, rng }), /diverged/);
  const behaviour = new Float32Array(2);
  assert.throws(() => chooseToken(new Float32Array(2), null, { temperature: 1, behaviour, rng }), /sum to 0/);
});

test('a generator is set by its seed and even on [0, 1)', () => {
  const draw = (seed: number) => Array.from({ length: 4000 }, seedGenerator(seed));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  const mean = draw(7).reduce((a, b) => a + b, 0) / 4000;
  assert.ok(Math.abs(mean - 0.5) < 0.02 && draw(7).every((x) => x >= 0 && x < 1));
});
