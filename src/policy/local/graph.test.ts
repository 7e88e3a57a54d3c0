// The graph's bookkeeping and the bytes it becomes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuExecutor } from './executor.ts';
import { Graph } from './graph.ts';
import { encodeModel } from './onnx.ts';
import { add, multiply, reshape, total } from './ops.ts';

type Field = { readonly field: number; readonly value: bigint | Uint8Array };

/** A plain reader of the protobuf wire format: the writer's counterpart. */
function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(readVarint());
    const field = tag >> 3;
    if ((tag & 7) === 0) {
      fields.push({ field, value: readVarint() });
      continue;
    }
    const size = (tag & 7) === 5 ? 4 : Number(readVarint());
    fields.push({ field, value: bytes.slice(at, at + size) });
    at += size;
  }
  return fields;
}

const inside = (fields: readonly Field[], field: number) =>
  fields.filter((entry) => entry.field === field).map((entry) => entry.value as Uint8Array);

test('attributes and sizes read back as they were written', () => {
  const property = fc.property(
    fc.maxSafeInteger(),
    fc.array(fc.maxSafeInteger()),
    fc.float({ noNaN: true }),
    fc.string(),
    (whole, list, float, word) => {
      const attributes = { whole, list, float: { float }, word };
      const node = { operator: 'Op', domain: 'd', inputs: ['a', 'b'], outputs: ['c'], attributes };
      const model = readFields(encodeModel({ nodes: [node], initializers: [], inputs: [], outputs: [] }));
      const [written] = inside(readFields(inside(model, 7)[0]!), 1);
      const read = inside(readFields(written!), 5).map(readFields);
      const decode = (index: number, field: number) =>
        read[index]!.filter((entry) => entry.field === field).map((entry) => entry.value);
      assert.equal(BigInt.asIntN(64, decode(0, 3)[0] as bigint), BigInt(whole));
      assert.deepEqual(
        decode(1, 8).map((value) => Number(BigInt.asIntN(64, value as bigint))),
        list,
      );
      assert.equal(new Float32Array((decode(2, 2)[0] as Uint8Array).buffer)[0], float);
      assert.equal(new TextDecoder().decode(decode(3, 4)[0] as Uint8Array), word);
    },
  );
  fc.assert(property, { seed: 3, numRuns: 50 });
});

test('a name can be taken once', () => {
  const graph = new Graph();
  const x = graph.input('x', [2]);
  assert.throws(() => graph.input('x', [2]), /already has a value named x/);
  graph.output('y', x);
  assert.throws(() => graph.output('y', x), /already has a value named y/);
});

test('what no output needs is left out', () => {
  const build = (extra: boolean) => {
    const graph = new Graph();
    const x = graph.input('x', [2]);
    const y = add(graph, x, graph.scalar(1));
    if (extra) multiply(graph, y, graph.constant(new Float32Array(2000), [1000, 2]));
    graph.output('y', y);
    return graph.build().length;
  };
  assert.equal(build(true), build(false));
});

test('a value used twice gathers both gradients, and one that is not used has none', async () => {
  const graph = new Graph();
  const x = graph.input('x', [3]);
  const sum = total(graph, add(graph, multiply(graph, x, x), multiply(graph, x, graph.scalar(3))));
  graph.output('gradient', graph.gradients(sum, [x])[0]!);
  const program = await cpuExecutor().compile(graph.build());
  const { gradient } = await program.run({ x: { shape: [3], data: Float32Array.of(1, -2, 0.5) } });
  assert.deepEqual([...gradient!], [5, -1, 4]);
  await program.release();
  assert.throws(() => graph.gradients(sum, [graph.input('z', [1])]), /does not depend on z/);
});

test('shapes that cannot be meant are refused', () => {
  const graph = new Graph();
  const x = graph.input('x', ['B', 'T', 4]);
  assert.throws(() => add(graph, x, graph.input('y', [3])), /do not broadcast/);
  assert.throws(() => reshape(graph, x, ['T', 'B', 4]), /cannot reshape/);
  assert.deepEqual(reshape(graph, x, ['B', 'T', 2, 2]).shape, ['B', 'T', 2, 2]);
  assert.throws(() => graph.constant(new Float32Array(3), [2, 2]), /3 numbers do not fit/);
});

test('one compiled graph serves every size of a named axis', async () => {
  const graph = new Graph();
  const x = graph.input('x', ['N', 2]);
  graph.output('y', multiply(graph, x, x));
  const program = await cpuExecutor().compile(graph.build());
  for (const rows of [1, 3, 7]) {
    const data = Float32Array.from({ length: 2 * rows }, (_, at) => at);
    assert.deepEqual(
      (await program.run({ x: { shape: [rows, 2], data } })).y,
      data.map((value) => value * value),
    );
  }
  await program.release();
});

test('bytes that are no model are refused', async () => {
  await assert.rejects(cpuExecutor().compile(Uint8Array.of(1, 2, 3)));
});
