// Sequences in one row: each prompt once, whole rows for each thread, and what is learned is what each sequence alone would teach.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCut } from './attention.ts';
import { countPositions, type Datum } from './batch.ts';
import { seedGenerator } from './choose.ts';
import { dot } from './differences.ts';
import { cpuExecutor } from './executor.ts';
import { LocalLearner } from './learner.ts';
import { defaultConfig, initialise, type ModelConfig } from './model.ts';
import { planRows, shareRows } from './rows.ts';

const config: ModelConfig = {
  ...{ vocab: 31, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 20 },
  ...{ theta: 1000, eps: 1e-6, context: 640 },
};

test('what a group begins with is computed once, and each thread gets whole rows', () => {
  const rng = seedGenerator(7);
  const draw = (length: number) => Int32Array.from({ length }, () => Math.floor(rng() * 30));
  const data = Array.from({ length: 4 }, () => draw(40)).flatMap((prompt) =>
    Array.from({ length: 8 }, () => {
      const tokens = Int32Array.from([...prompt, ...draw(10)]);
      return { tokens, weights: Float32Array.from(tokens, (_, at) => (at < 40 ? 0 : 1)) };
    }),
  );
  // Of 40 tokens the last predicts the first of an end, so each member has it: 39 + 8 · 10 positions instead of 8 · 49.
  const { used, computed } = countPositions(defaultConfig(30), { data }, { tokens: 2048, masked: false });
  assert.deepEqual([used, computed], [4 * 119, 4 * 120]);
  const shares = shareRows(data, 2);
  assert.deepEqual(
    shares.map((share) => share.length),
    [16, 16],
  );
  for (const share of shares) {
    const whole = planRows(share.map((datum) => data[datum]!));
    assert.deepEqual(
      whole.map(({ sequences }) => sequences.length),
      [8, 8],
    );
  }
  // Where the first token of the prompt counts there is nothing in common to share.
  const counting = data.map(({ tokens }) => ({
    tokens,
    weights: Float32Array.from(tokens, (_, at) => (at < 1 ? 0 : 1)),
  }));
  assert.equal(planRows(counting).length, 32);
});

for (const [kvHeads, prompt] of [
  [4, 20],
  [2, 20],
  [2, 500],
] as const) {
  test(`sequences that share ${prompt} tokens learn as each alone does, ${kvHeads} heads of keys for 4`, async () => {
    const sizes = { ...config, kvHeads };
    const theta = initialise(sizes, seedGenerator(8));
    const rng = seedGenerator(9);
    const draw = (length: number) => Int32Array.from({ length }, () => Math.floor(rng() * sizes.vocab));
    const makeGroup = (common: number, ends: readonly number[]): Datum[] => {
      const beginning = draw(common);
      return ends.map((length) => {
        const tokens = Int32Array.from([...beginning, ...draw(length)]);
        const weights = Float32Array.from(tokens, (_, at) =>
          at < common || (at > common && rng() < 0.2) ? 0 : 0.2 + rng(),
        );
        return { tokens, weights };
      });
    };
    const first = makeGroup(prompt, prompt > 100 ? [90, 80, 70, 60] : [5, 9, 1, 30]);
    const [row, ...more] = planRows(first);
    assert.ok(row && more.length === 0, 'one row');
    assert.deepEqual(chooseCut(row.length, true).recompute, prompt > 100);
    const data = [...first, ...makeGroup(12, [17]), ...makeGroup(31, [8, 8, 20])];
    const learn = async (parts: readonly (readonly Datum[])[]) => {
      const learner = new LocalLearner(sizes, theta, cpuExecutor());
      const logps: Float32Array[] = [];
      for (const part of parts)
        logps.push(...(await learner.forwardBackward({ data: part }, { kind: 'crossEntropy' })).logps);
      const gradient = learner.gradient.slice();
      await learner.close();
      return { gradient, logps };
    };
    const [joint, apart] = [await learn([data]), await learn(data.map((datum) => [datum]))];
    const distance = (a: Float32Array, b: Float32Array) => {
      const gap = a.map((x, at) => x - b[at]!);
      return Math.sqrt(dot(gap, gap) / dot(b, b));
    };
    assert.ok(distance(joint.gradient, apart.gradient) < 1e-6, `${distance(joint.gradient, apart.gradient)}`);
    for (const [at, logps] of joint.logps.entries())
      for (const [token, logp] of logps.entries()) assert.ok(Math.abs(logp - apart.logps[at]![token]!) < 1e-5);
    // Another end of one member changes nothing for the others, and what all begin with does.
    const change = async (datum: number, token: number) => {
      const tokens = data[datum]!.tokens.slice();
      tokens[token] = (tokens[token]! + 1) % sizes.vocab;
      const group = [0, 1, 2, 3].map((at) =>
        at === datum || token < prompt
          ? { ...data[at]!, tokens: replaced(data[at]!, token, tokens[token]!) }
          : data[at]!,
      );
      return (await learn([group])).logps;
    };
    const plain = (await learn([first])).logps;
    const other = await change(0, prompt + 1);
    assert.deepEqual(other.slice(1), plain.slice(1));
    assert.notDeepEqual(other[0], plain[0]);
    const start = await change(0, 3);
    for (const at of [0, 1, 2, 3]) assert.notDeepEqual(start[at], plain[at]);
  });
}

function replaced({ tokens }: Datum, at: number, token: number): Int32Array {
  return tokens.map((before, place) => (place === at ? token : before));
}
