// The other executors give the CPU's numbers on the same graphs, and one that is missing is replaced with one line of warning.
// WebGPU is compared in tests/engines/webgpu.test.ts; a whole command without the native runtime runs in tests/slow/executor.test.ts.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ExecutorKind, openExecutor } from '../src/policy/local/executor.ts';
import { LOADERS } from '../src/policy/local/runtime.ts';
import { chooseExecutor } from '../src/policy/local/select.ts';
import { measureDistances } from './executors/measure.ts';

test('WebAssembly gives every loss, gradient, step and sample of the CPU to 1e-5', async () => {
  const distances = Object.entries(await measureDistances('wasm'));
  assert.ok(distances.length >= 12);
  for (const [what, distance] of distances) assert.ok(distance < 1e-5, `${what}: ${distance}`);
  // Two runtimes round differently somewhere: all zeros would mean that one was compared with itself.
  assert.ok(distances.some(([, distance]) => distance > 0));
});

const MISSING = {
  ...LOADERS,
  native: () => Promise.reject(new Error("Cannot find package 'onnxruntime-node'\nand more")),
};
const openMissing = (kind: ExecutorKind) => openExecutor(kind, {}, MISSING);

test('without the native runtime WebAssembly is chosen with a warning of one line, unless another was asked for', async () => {
  assert.deepEqual(await chooseExecutor(undefined), { kind: 'cpu', warning: null });
  const { kind, warning } = await chooseExecutor(undefined, openMissing);
  assert.equal(kind, 'wasm');
  assert.match(
    warning ?? '',
    /^onnxruntime-node cannot run here \(Cannot find package 'onnxruntime-node'\): using WebAssembly/,
  );
  assert.ok(!warning?.includes('\n'));
  for (const wish of ['cpu', 'webgpu'] as const) {
    await assert.rejects(chooseExecutor(wish, openMissing), new RegExp(`--executor ${wish}: cannot run here`));
  }
  assert.deepEqual(await chooseExecutor('wasm', openMissing), { kind: 'wasm', warning: null });
});

test('the runtimes are pinned to one exact version', async () => {
  const { dependencies, optionalDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  const versions = [dependencies['onnxruntime-web'], optionalDependencies['onnxruntime-node']];
  assert.match(versions[0], /^\d+\.\d+\.\d+$/);
  assert.equal(versions[1], versions[0]);
  for (const name of ['onnxruntime-web', 'onnxruntime-node', 'onnxruntime-common']) {
    const found = JSON.parse(await readFile(join('node_modules', name, 'package.json'), 'utf8'));
    assert.equal(found.version, versions[0]);
  }
});
