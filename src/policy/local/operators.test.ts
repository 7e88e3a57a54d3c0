// Which operators the engine's graphs hold, read from their bytes. Two of the runtime's are silently wrong: ScatterND's adding
// form loses updates when two threads meet, and the fused norm's second output is wrong on WebGPU. No graph may hold them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rng } from '../../episode/random.ts';
import { chooseCut } from './attention.ts';
import { buildDecoder } from './decoder.ts';
import { cpuExecutor } from './executor.ts';
import { Graph, type Operator } from './graph.ts';
import * as layers from './layers.ts';
import { type Objective, SURROGATES } from './loss.ts';
import { defaultConfig, initialise, type ModelConfig } from './model.ts';
import { buildOrthogonal } from './muon.ts';
import { buildObjective } from './objective.ts';
import { encodeModel, type OnnxNode } from './onnx.ts';
import * as ops from './ops.ts';

type Node = { readonly operator: string; readonly outputs: number };

/** A plain reader of the protobuf wire format: the fields of one message. */
function* readFields(bytes: Uint8Array): Generator<{ readonly field: number; readonly value: Uint8Array }> {
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = readVarint();
    if ((tag & 7) === 0) readVarint();
    else {
      const size = (tag & 7) === 5 ? 4 : readVarint();
      yield { field: tag >> 3, value: bytes.subarray(at, at + size) };
      at += size;
    }
  }
}

/** The operators of an ONNX model. Field numbers: onnx.proto. */
function listNodes(model: Uint8Array): Node[] {
  const inside = (bytes: Uint8Array, wanted: number) =>
    [...readFields(bytes)].filter(({ field }) => field === wanted).map(({ value }) => value);
  return inside(model, 7).flatMap((graph) =>
    inside(graph, 1).map((node) => ({
      operator: new TextDecoder().decode(inside(node, 4)[0]),
      outputs: inside(node, 2).length,
    })),
  );
}

const config: ModelConfig = { ...defaultConfig(40), kvHeads: 2 };
const r = rng('operators', 1);
const theta = initialise(config, () => r.next());

/** Every graph that trains, of short and of long sequences, and every graph that samples. */
const objectives: readonly Objective[] = [true, false].flatMap((masked): Objective[] => [
  { kind: 'none', masked },
  { kind: 'crossEntropy', masked },
  ...SURROGATES.flatMap((surrogate) => [true, false].map((kl): Objective => ({ kind: 'grpo', surrogate, masked, kl }))),
]);
const training = [
  ...[chooseCut(64, false), chooseCut(64, true), chooseCut(4096, false)].flatMap((cut) =>
    objectives.map((objective) => buildObjective(config, objective, cut)),
  ),
  buildOrthogonal([8, 12]),
  buildOrthogonal([12, 8]),
];
const sampling = [buildDecoder(config, theta, false), buildDecoder(config, theta, true)];

test('no graph adds with ScatterND, and only graphs that sample hold the fused norm, with its one right output', () => {
  const trained = training.flatMap(listNodes);
  const sampled = sampling.flatMap(listNodes);
  const has = (nodes: readonly Node[], operator: string) => nodes.some((node) => node.operator === operator);
  assert.ok(trained.length > 1000 && has(trained, 'ScatterElements') && has(sampled, 'MatMul'));
  assert.ok(!has(trained, 'ScatterND') && !has(sampled, 'ScatterND'));
  assert.ok(!has(trained, 'SimplifiedLayerNormalization') && has(sampled, 'SimplifiedLayerNormalization'));
  assert.ok(
    [...trained, ...sampled].every(({ outputs }) => outputs === 1),
    'one output each',
  );
  assert.ok(!has(trained, 'Split') && !has(sampled, 'Split'), 'WebGPU limits its outputs');
});

test('the reader of operators finds what must not be there', () => {
  const node = (operator: string, outputs: readonly string[]): OnnxNode => ({
    ...{ operator, domain: '', inputs: ['x'], attributes: { axis: -1 } },
    outputs,
  });
  const nodes = [node('ScatterND', ['y']), node('SimplifiedLayerNormalization', ['a', 'b'])];
  assert.deepEqual(listNodes(encodeModel({ nodes, initializers: [], inputs: [], outputs: [] })), [
    { operator: 'ScatterND', outputs: 1 },
    { operator: 'SimplifiedLayerNormalization', outputs: 2 },
  ]);
});

test('the graph builder refuses an operator that is not on its list', () => {
  const graph = new Graph();
  const x = graph.input('x', [2]);
  // As from JavaScript: the compiler refuses it too.
  assert.throws(() => graph.emit('ScatterND' as Operator, [x], [2]), /ScatterND is not on the list of operators/);
  graph.emit('ScatterElements', [x], [2]);
});

test('every differentiable operator is compared with finite differences in ops.test.ts', () => {
  const text = readFileSync(new URL('./ops.test.ts', import.meta.url), 'utf8');
  const source = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
  const recorded = Object.entries({ ...ops, ...layers }).flatMap(([name, value]) =>
    typeof value === 'function' && /\.record\(/.test(String(value)) ? [name] : [],
  );
  assert.ok(recorded.length >= 14, `${recorded}`);
  const missing = recorded.filter((name) => !new RegExp(`\\b${name}\\(g,`).test(text));
  assert.deepEqual(missing, []);
  // The other places that record: the losses (loss.test.ts compares their slopes with the formulas) and these files.
  const places = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && /\bgraph\.record\(/.test(source(file)))
    .sort();
  const covered = ['attention.ts', 'layers.ts', 'loss.ts', 'ops.ts'];
  assert.deepEqual(
    places.filter((file) => !covered.includes(file)),
    [],
  );
});

test("whether the runtime's ScatterND still loses additions on two threads (told, not required)", async (t) => {
  const [count, width] = [4096, 64];
  const value = (name: string, shape: readonly number[], type: 'float32' | 'int64' = 'float32') => ({
    name,
    type,
    shape,
  });
  const bytes = encodeModel({
    nodes: [
      {
        ...{ operator: 'ScatterND', domain: '', inputs: ['base', 'at', 'updates'], outputs: ['sum'] },
        attributes: { reduction: 'add' },
      },
    ],
    ...{ initializers: [], outputs: [value('sum', [3, width])] },
    inputs: [value('base', [3, width]), value('at', [count, 1], 'int64'), value('updates', [count, width])],
  });
  const program = await cpuExecutor({ threads: 2 }).compile(bytes);
  const feeds = {
    base: { shape: [3, width], data: new Float32Array(3 * width) },
    at: { shape: [count, 1], data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 3)) },
    updates: { shape: [count, width], data: new Float32Array(count * width).fill(1) },
  };
  let wrong = 0;
  for (let run = 0; run < 20; run++) {
    const { sum } = await program.run(feeds);
    if (sum!.some((x, at) => x !== Math.ceil((count - Math.floor(at / width)) / 3))) wrong++;
  }
  await program.release();
  t.diagnostic(`${wrong} of 20 runs lost an addition`);
});
