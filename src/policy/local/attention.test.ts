// Attention by blocks against attention at once, which ops.test.ts holds to finite differences: values and gradients.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attendCausal, chooseCut, LENGTH_STEP } from './attention.ts';
import { seedGenerator } from './choose.ts';
import { cpuExecutor, type Feed } from './executor.ts';
import { Graph } from './graph.ts';
import { attend } from './layers.ts';
import { multiply, reshape, total } from './ops.ts';

const [B, H, K, T, E] = [2, 4, 2, 48, 8];
const SCALE = 0.4;

/** Inputs q, k, v and a direction, and the mask of `rows` last queries, for each head of a group. */
function makeFeeds(rows: number): Record<string, Feed> {
  const rng = seedGenerator(5);
  const fill = (...shape: number[]): Feed => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * rng() - 1),
  });
  const mask = Float32Array.from({ length: (H / K) * rows * T }, (_, at) =>
    at % T > T - rows + (Math.floor(at / T) % rows) ? -1e9 : 0,
  );
  const tensors = { q: fill(B, H, T, E), k: fill(B, K, T, E), v: fill(B, K, T, E), d: fill(B, H, T, E) };
  return { ...tensors, mask: { shape: [(H / K) * rows, T], data: mask } };
}

/** The output and the gradients of its product with the direction, as one list of numbers. */
async function run(blocks: number, recompute: boolean, changed = 0): Promise<number[]> {
  const graph = new Graph();
  const input = (name: string, heads: number) => graph.input(name, [B, heads, 'T', E]);
  const [q, k, v] = [input('q', H), input('k', K), input('v', K)];
  const mask = graph.input('mask', ['Q', 'T']);
  const rows = T / (blocks || 1);
  const cuts = Array.from({ length: Math.max(0, blocks - 1) }, (_, at) => graph.list([(at + 1) * rows]));
  const joined = blocks === 0 ? reshape(graph, q, [B, K, 'Q', E]) : q;
  const output =
    blocks === 0
      ? reshape(graph, attend(graph, joined, k, v, mask, SCALE), [B, H, 'T', E])
      : attendCausal(graph, q, k, v, SCALE, { cuts, mask, recompute, shared: false });
  const loss = total(graph, multiply(graph, output, graph.input('d', [B, H, 'T', E])));
  graph.output('output', output);
  for (const [at, gradient] of graph.gradients(loss, [q, k, v]).entries()) graph.output(`gradient.${at}`, gradient);
  const program = await cpuExecutor().compile(graph.build());
  const feeds = makeFeeds(rows);
  feeds.v!.data[0] = Number(feeds.v!.data[0]) + changed;
  const results = await program.run(feeds);
  await program.release();
  return Object.keys(results)
    .sort()
    .flatMap((name) => [...results[name]!]);
}

const worst = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, at) => Math.abs(x - b[at]!)));

test('attention by blocks is attention at once, weights kept or computed again', async () => {
  const whole = await run(0, false);
  for (const blocks of [1, 2, 4, 16]) {
    for (const recompute of [false, true]) {
      const parts = await run(blocks, recompute);
      assert.equal(parts.length, whole.length);
      assert.ok(worst(parts, whole) < 1e-5, `${blocks} blocks: ${worst(parts, whole)}`);
    }
  }
  assert.ok(worst(await run(4, true, 0.01), whole) > 1e-4, 'a changed value went unnoticed');
});

test('every padded length divides into its blocks', () => {
  for (let length = LENGTH_STEP; length <= 8192; length += LENGTH_STEP) {
    assert.equal(length % chooseCut(length, false).blocks, 0);
  }
});
