// Every pullback against finite differences, over shapes, and the one place where a runtime was caught racing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seedGenerator } from './choose.ts';
import type { Argument } from './differences.ts';
import { compareGradients, randomVector } from './differences.ts';
import { cpuExecutor } from './executor.ts';
import type { Tensor } from './graph.ts';
import { Graph } from './graph.ts';
import { attend, rmsNorm, rotate, swiglu, tokenLogps } from './layers.ts';
import { sizeOf } from './model.ts';
import * as ops from './ops.ts';

const executor = cpuExecutor();
const TOLERANCE = 0.01;

type Function = (graph: Graph, inputs: readonly Tensor[]) => Tensor;
type Sizes = { readonly a: number; readonly b: number; readonly c: number; readonly d: number };
type Case = {
  readonly name: string;
  readonly build: (sizes: Sizes) => Function;
  readonly args: (sizes: Sizes, rng: () => number) => Argument[];
};

const floats = (shape: number[], rng: () => number): Argument => ({ shape, data: randomVector(sizeOf(shape), rng) });
const ids = (shape: number[], below: number, rng: () => number): Argument => ({
  shape,
  data: Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(rng() * below)),
});
/** Numbers that keep a distance from the bounds ±0.5, where clamp and minimum have no slope to measure. */
const clear = (shape: number[], rng: () => number): Argument => ({
  shape,
  data: randomVector(sizeOf(shape), rng).map(
    (x) => x + (x < 0 ? -0.05 : 0.05) + (Math.abs(Math.abs(x) - 0.45) < 0.05 ? 0.2 : 0),
  ),
});

const cases: readonly Case[] = [
  {
    name: 'add with broadcasting',
    build:
      () =>
      (g, [x, y]) =>
        ops.add(g, x!, y!),
    args: ({ a, b, c }, rng) => [floats([a, b, c], rng), floats([b, 1], rng)],
  },
  {
    name: 'subtract with broadcasting',
    build:
      () =>
      (g, [x, y]) =>
        ops.subtract(g, x!, y!),
    args: ({ a, b, c }, rng) => [floats([a, 1, c], rng), floats([a, b, 1], rng)],
  },
  {
    name: 'multiply with broadcasting',
    build:
      () =>
      (g, [x, y]) =>
        ops.multiply(g, x!, y!),
    args: ({ a, b, c }, rng) => [floats([c], rng), floats([a, b, c], rng)],
  },
  {
    name: 'multiply of a value with itself',
    build:
      () =>
      (g, [x]) =>
        ops.multiply(g, x!, x!),
    args: ({ a, b }, rng) => [floats([a, b], rng)],
  },
  {
    name: 'exponential',
    build:
      () =>
      (g, [x]) =>
        ops.exponential(g, x!),
    args: ({ a, b }, rng) => [floats([a, b], rng)],
  },
  {
    name: 'minimum',
    build:
      () =>
      (g, [x, y]) =>
        ops.minimum(g, x!, ops.multiply(g, y!, g.scalar(100))),
    args: ({ a, b }, rng) => [floats([a, b], rng), clear([a, b], rng)],
  },
  {
    name: 'clamp',
    build:
      () =>
      (g, [x]) =>
        ops.clamp(g, x!, g.scalar(-0.5), g.scalar(0.5)),
    args: ({ a, b }, rng) => [clear([a, b], rng)],
  },
  {
    name: 'total',
    build:
      () =>
      (g, [x]) =>
        ops.total(g, ops.multiply(g, x!, x!)),
    args: ({ a, b }, rng) => [floats([a, b], rng)],
  },
  {
    name: 'reshape',
    build:
      ({ a, b, c }) =>
      (g, [x]) =>
        ops.reshape(g, x!, [a * b, c]),
    args: ({ a, b, c }, rng) => [floats([a, b, c], rng)],
  },
  {
    name: 'transpose',
    build:
      () =>
      (g, [x]) =>
        ops.transpose(g, x!, [2, 0, 1]),
    args: ({ a, b, c }, rng) => [floats([a, b, c], rng)],
  },
  {
    name: 'linear',
    build:
      () =>
      (g, [x, w]) =>
        ops.linear(g, x!, w!),
    args: ({ a, b, c, d }, rng) => [floats([a, b, c], rng), floats([d, c], rng)],
  },
  {
    name: 'gatherRows with repeated indices',
    build:
      () =>
      (g, [table, at]) =>
        ops.gatherRows(g, table!, at!),
    args: ({ a, b, c }, rng) => [floats([2, c], rng), ids([a, b], 2, rng)],
  },
  {
    name: 'pickRows, some rows not picked',
    build:
      () =>
      (g, [table, at, returns]) =>
        ops.pickRows(g, table!, at!, returns!),
    args: ({ a, c }, rng) => {
      const picked = Array.from({ length: a + 2 }, (_, row) => row).filter((row) => row !== 1);
      const returns = Int32Array.from({ length: a + 2 }, (_, row) => (row === 1 ? picked.length : picked.indexOf(row)));
      const at = { shape: [picked.length], data: Int32Array.from(picked) };
      return [floats([a + 2, c], rng), at, { shape: [a + 2], data: returns }];
    },
  },
  {
    name: 'rmsNorm',
    build:
      () =>
      (g, [x, w]) =>
        rmsNorm(g, x!, w!, 1e-6),
    args: ({ a, b, c }, rng) => [floats([a, b, c + 1], rng), floats([c + 1], rng)],
  },
  {
    name: 'rotate',
    build:
      ({ b, c }) =>
      (g, [x]) => {
        const angles = Float32Array.from({ length: b * c }, (_, at) => at * 0.7);
        const table = (f: (angle: number) => number) => g.constant(angles.map(f), [b, c]);
        const tables = { cos: table(Math.cos), sin: table(Math.sin), minus: table((angle) => -Math.sin(angle)) };
        return rotate(g, x!, { ...tables, positions: g.list([0]) });
      },
    args: ({ a, b, c, d }, rng) => [floats([a, d, b, 2 * c], rng)],
  },
  {
    name: 'swiglu',
    build:
      () =>
      (g, [x, y]) =>
        swiglu(g, x!, y!),
    args: ({ a, b }, rng) => [floats([a, b], rng), floats([a, b], rng)],
  },
  {
    name: 'attend',
    build:
      ({ b }) =>
      (g, [q, k, v]) => {
        const mask = Float32Array.from({ length: b * (b + 1) }, (_, at) =>
          at % (b + 1) > Math.floor(at / (b + 1)) ? -1e9 : 0,
        );
        return attend(g, q!, k!, v!, g.constant(mask, [b, b + 1]), 0.6);
      },
    args: ({ a, b, c, d }, rng) => [
      floats([a, d, b, c], rng),
      floats([a, d, b + 1, c], rng),
      floats([a, d, b + 1, c], rng),
    ],
  },
  {
    name: 'tokenLogps',
    build:
      () =>
      (g, [logits, targets]) =>
        tokenLogps(g, logits!, targets!).logps,
    args: ({ a, b }, rng) => [floats([a, b + 1], rng), ids([a, 1], b + 1, rng)],
  },
];

const size = fc.integer({ min: 1, max: 3 });
const sizes = fc.record({ a: size, b: size, c: size, d: size });

async function measureError(
  item: Case,
  shape: Sizes,
  seed: number,
  change: (graph: Graph, y: Tensor) => Tensor = (_, y) => y,
) {
  const rng = seedGenerator(seed);
  const args = item.args(shape, rng);
  return compareGradients(executor, (graph, inputs) => change(graph, item.build(shape)(graph, inputs)), args, rng);
}

/** The identity, with a gradient that is a tenth too long. */
function stretchGradient(graph: Graph, y: Tensor): Tensor {
  return graph.record(graph.emit('Identity', [y], y.shape), [y], (d) => [
    graph.emit('Mul', [d, graph.scalar(1.1)], y.shape),
  ]);
}

for (const item of cases) {
  test(`the pullback of ${item.name} agrees with finite differences`, async () => {
    const property = fc.asyncProperty(sizes, fc.integer(), async (shape, seed) => {
      const error = await measureError(item, shape, seed);
      assert.ok(error < TOLERANCE, `error ${error}`);
    });
    await fc.assert(property, { numRuns: 8, seed: 1 });
  });

  test(`a tenth too much in the pullback of ${item.name} is found`, async () => {
    assert.ok((await measureError(item, { a: 3, b: 3, c: 3, d: 2 }, 5, stretchGradient)) > 3 * TOLERANCE);
  });
}

const wrong: readonly { readonly name: string; readonly build: Function }[] = [
  { name: 'a factor too much', build: (g, [x]) => g.record(g.emit('Exp', [x!], x!.shape), [x!], (d) => [d]) },
  {
    name: 'the wrong sign',
    build: (g, [x]) => g.record(g.emit('Neg', [x!], x!.shape), [x!], (d) => [d]),
  },
  {
    name: 'a sum left out',
    build: (g, [x]) => {
      const all = g.emit('LogSoftmax', [x!], x!.shape, { attributes: { axis: -1 } });
      return g.record(all, [x!], (d) => [d]);
    },
  },
];

for (const { name, build } of wrong) {
  test(`the comparison finds ${name}`, async () => {
    const rng = seedGenerator(3);
    const error = await compareGradients(executor, build, [floats([4, 5], rng)], rng);
    assert.ok(error > 10 * TOLERANCE, `error ${error}`);
  });
}

test('the embedding gradient is right and repeatable with many repeated tokens on two threads', async () => {
  const [rows, width, count] = [3, 64, 4096];
  const rng = seedGenerator(11);
  const graph = new Graph();
  const table = graph.input('table', [rows, width]);
  const found = ops.gatherRows(graph, table, graph.input('at', ['N'], 'int32'));
  const sum = ops.total(graph, ops.multiply(graph, found, graph.input('r', ['N', width])));
  graph.output('gradient', graph.gradients(sum, [table])[0]!);
  const program = await cpuExecutor({ threads: 2 }).compile(graph.build());
  const at = Int32Array.from({ length: count }, () => Math.floor(rng() * rows));
  const r = randomVector(count * width, rng);
  const expected = new Float64Array(rows * width);
  for (const [index, value] of r.entries())
    expected[at[Math.floor(index / width)]! * width + (index % width)]! += value;
  const feeds = {
    table: { shape: [rows, width], data: new Float32Array(rows * width) },
    at: { shape: [count], data: at },
    r: { shape: [count, width], data: r },
  };
  const first = (await program.run(feeds)).gradient!;
  const worst = (gradient: Float32Array) => Math.max(...gradient.map((x, index) => Math.abs(x - expected[index]!)));
  assert.ok(worst(first) < 1e-3);
  for (let run = 0; run < 20; run++) assert.deepEqual((await program.run(feeds)).gradient, first);
  // Losing a single update, as a race does, is noticed.
  assert.ok(worst(first.map((x, index) => (index === 0 ? x - r[at.indexOf(0) * width]! : x))) > 1e-3);
});
