// What a row reads and is told does not depend on who shares its run, on gaps between rows, or on how much is asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedGenerator } from './choose.ts';
import { cpuExecutor } from './executor.ts';
import { Forward } from './forward.ts';
import { initialise, type ModelConfig } from './model.ts';

const config: ModelConfig = {
  ...{ vocab: 40, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 20 },
  ...{ theta: 1000, eps: 1e-6, context: 160 },
};
const theta = initialise(config, seedGenerator(1)).map((x) => 3 * x);

function tokensOf(row: number, count: number): number[] {
  const rng = seedGenerator(row);
  return Array.from({ length: count }, () => Math.floor(rng() * config.vocab));
}

async function open(): Promise<Forward> {
  const model = new Forward(config, 6);
  await model.load(cpuExecutor(), theta);
  return model;
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, at) => Math.abs(x - b[at]!)));

test('rows read together, with gaps between them and of different lengths, hold what each would alone', async () => {
  const [together, alone] = [await open(), await open()];
  const rows = [1, 2, 5];
  const lengths = [9, 30, 17];
  await together.read({ rows: [0, 1, 2, 3, 4, 5], tokens: rows.map(() => [1]).concat(rows.map(() => [1])) }, 6);
  await together.read({ rows, tokens: rows.map((row, at) => tokensOf(row, lengths[at]!)) }, 6);
  await alone.read({ rows: [0, 1, 2, 3, 4, 5], tokens: rows.map(() => [1]).concat(rows.map(() => [1])) }, 6);
  for (const [at, row] of rows.entries()) await alone.read({ rows: [row], tokens: [tokensOf(row, lengths[at]!)] }, 6);
  const ask = (model: Forward, row: number) => model.score({ rows: [row], tokens: [[3]] }, 6, [0], null);
  for (const row of rows) {
    const [[a], [b]] = [await ask(together, row), await ask(alone, row)];
    assert.ok(far(a!, b!) < 1e-5);
  }
  const [[a], [b]] = [await ask(together, 0), await ask(alone, 5)];
  assert.ok(far(a!, b!) > 0.1, 'rows that read other tokens differ');
  await together.release();
  await alone.release();
});

test('the logits of what is allowed are those of the whole vocabulary at these places', async () => {
  const [whole, narrow] = [await open(), await open()];
  const reading = { rows: [0, 1, 2], tokens: [tokensOf(1, 3), tokensOf(2, 5), tokensOf(3, 1)] };
  const allowed = [Uint32Array.of(7, 3, 39), Uint32Array.of(), Uint16Array.of(0)];
  const all = await whole.score(reading, 3, [2, 0, 1], null);
  const own = await narrow.score(reading, 3, [2, 0, 1], allowed);
  for (const [at, ids] of allowed.entries()) {
    assert.deepEqual(
      [...own[at]!],
      Array.from(ids, (id) => all[at]![id]),
    );
  }
  assert.deepEqual([whole.counts, narrow.counts], Array(2).fill({ runs: 1, positions: 9 }));
  await whole.release();
  await narrow.release();
});

test('without weights nothing is read', async () => {
  const model = new Forward(config, 2);
  await assert.rejects(model.read({ rows: [0], tokens: [[1]] }, 1), /no weights/);
});
