import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type DrawOptions, makeDrawer } from './draw.ts';

const PLAIN: DrawOptions = { temperature: 1, topP: 1, presence: 0, frequency: 0, bias: [], top: 0, limit: 1000 };

/** Probabilities as OpenAI's reference has them, written plainly: scores changed, divided by the temperature, cut at topP. */
function distribute(logits: readonly number[], options: DrawOptions, said: readonly number[]): readonly number[] {
  const scores = logits.map((logit, token) => {
    const bias = options.bias.filter(([id]) => id === token).reduce((sum, [, by]) => sum + by, 0);
    const count = said.filter((id) => id === token).length;
    return logit + bias - (count > 0 ? options.presence : 0) - options.frequency * count;
  });
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp((score - top) / options.temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  const order = weights.map((_, token) => token).sort((a, b) => weights[b]! - weights[a]! || a - b);
  let held = 0;
  const kept = new Set<number>();
  for (const token of order) {
    kept.add(token);
    held += weights[token]!;
    if (options.topP < 1 && held >= options.topP * total) break;
  }
  return weights.map((weight, token) => (kept.has(token) ? weight / held : 0));
}

/** Whether a number of the generator falls to a token, within rounding. */
function falls(probabilities: readonly number[], token: number, at: number, inOrder: readonly number[]): boolean {
  let from = 0;
  for (const one of inOrder) {
    const until = from + probabilities[one]!;
    if (one === token) return probabilities[one]! > 0 && at >= from - 1e-9 && at <= until + 1e-9;
    from = until;
  }
  return false;
}

const logitsOf = fc.array(
  fc.integer({ min: -3000, max: 3000 }).map((hundredths) => hundredths / 100),
  { minLength: 2, maxLength: 30 },
);
const optionsOf = fc.record({
  temperature: fc.constantFrom(1, 1, 0.5, 2),
  topP: fc.constantFrom(1, 1, 0.9, 0.3),
  presence: fc.constantFrom(0, 1.5, -2),
  frequency: fc.constantFrom(0, 0.7, -2),
  bias: fc.array(fc.tuple(fc.nat(29), fc.constantFrom(-100, -3, 0.5, 100)), { maxLength: 3 }),
  top: fc.constant(0),
  limit: fc.constant(1000),
});

test('a token is drawn as often as temperature, top_p, penalties and biases say', () => {
  fc.assert(
    fc.property(
      logitsOf,
      optionsOf,
      fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true })),
      (list, options, at) => {
        const logits = Float32Array.from(list);
        const draw = makeDrawer(options);
        const said: number[] = [];
        for (const number of at) {
          const { token } = draw(logits, null, () => number);
          const probabilities = distribute([...logits], options, said);
          const ids = list.map((_, id) => id);
          const order = options.topP < 1 ? ids.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b) : ids;
          assert.ok(falls(probabilities, token, number, order), `token ${token} at ${number}: ${probabilities}`);
          said.push(token);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a token that had nearly all and is ruled out leaves the others their shares', () => {
  const logits = Float32Array.from([90, 0, 0, 0]);
  const draw = makeDrawer({ ...PLAIN, bias: [[0, -100]] });
  const drawn = [0.1, 0.4, 0.9].map((at) => draw(logits, null, () => at).token);
  assert.deepEqual(drawn, [1, 2, 3]);
  // So far below that their own weights are no numbers any more.
  const far = makeDrawer({ ...PLAIN, frequency: 2 });
  const steep = Float32Array.from([2000, 0, 0, 0]);
  for (let at = 0; at < 1000; at++) assert.equal(far(steep, null, () => 0.5).token, 0);
  const after = Array.from({ length: 40 }, () => far(steep, null, () => 0.99).token);
  assert.ok(after.some((token) => token !== 0));
});

test('log-probabilities are the model\u2019s own, whatever is changed', () => {
  const logits = Float32Array.from([1, 2, 3]);
  const zero = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3));
  for (const options of [PLAIN, { ...PLAIN, temperature: 0.3 }, { ...PLAIN, bias: [[2, -100] as const] }]) {
    const { token, logp, top } = makeDrawer({ ...options, top: 2 })(logits, null, () => 0.7);
    assert.ok(Math.abs(logp - (logits[token]! - zero)) < 1e-9);
    assert.deepEqual(
      top.map(([id]) => id),
      [2, 1],
    );
  }
});

test('only what is allowed is drawn, and at temperature 0 the likeliest of it', () => {
  const logits = Float32Array.from([9, 2, 3, 4]);
  const allowed = Uint16Array.from([1, 2]);
  assert.equal(makeDrawer({ ...PLAIN, temperature: 0 })(logits, allowed, () => 0).token, 2);
  assert.equal(makeDrawer({ ...PLAIN, temperature: 0, bias: [[1, 5]] })(logits, allowed, () => 0).token, 1);
  assert.equal(makeDrawer({ ...PLAIN, bias: [[3, 100]] })(logits, allowed, () => 0.999).token, 2);
});

test('logits that are no numbers and an empty choice are refused', () => {
  const draw = makeDrawer(PLAIN);
  assert.throws(() => draw(Float32Array.from([Number.NaN, 1]), null, () => 0.5), /not numbers/);
  assert.throws(() => draw(Float32Array.from([1]), new Uint16Array(), () => 0.5), /no token/);
});
