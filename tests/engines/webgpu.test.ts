// The same graphs on a GPU's interface, computed by a software adapter (SwiftShader, which Chromium brings): right numbers,
// which say nothing about a GPU's speed. Skipped where Chromium's SwiftShader is not found or no adapter comes up.
// TRIBUNE_VULKAN names the Vulkan driver's description to use instead (a file as in VK_ICD_FILENAMES), a real GPU's too.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';

const DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

type Found = {
  readonly distances: { readonly [what: string]: number };
  readonly fusedNorm: { readonly normal: number; readonly inverse: number };
};

/** Runs the measurement in a process of its own, which sees the driver; a text says why it cannot. */
function measure(driver: string): Promise<Found | string> {
  // The Vulkan loader stands beside the driver.
  const own = { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: dirname(driver) };
  const words = ['--conditions=tribune-source', 'tests/executors/measure.ts', 'webgpu'];
  const child = spawn(process.execPath, words, { env: { ...process.env, ...own } });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out.trim().split('\n').at(-1)!));
      else if (/adapter|vulkan/i.test(said)) resolve('no WebGPU adapter comes up with this driver');
      else reject(new Error(said));
    });
  });
}

const driver = process.env.TRIBUNE_VULKAN ?? DRIVERS.find((path) => existsSync(path));
const found = driver === undefined ? 'no software adapter: Chromium is not installed' : await measure(driver);
const skip = typeof found === 'string' ? found : false;

test('every loss, gradient, step and sample is that of the CPU to 1e-5', { skip }, (t) => {
  const { distances } = found as Found;
  const all = Object.entries(distances);
  assert.ok(all.length >= 12);
  for (const [what, distance] of all) {
    t.diagnostic(`${what}: ${distance.toExponential(1)}`);
    assert.ok(distance < 1e-5, `${what}: ${distance}`);
  }
  assert.ok(
    all.some(([, distance]) => distance > 0),
    'it was not compared with itself',
  );
});

test('the fused norm is right where it is used; its second output, which is not, tells whether it is still wrong', {
  skip,
}, (t) => {
  const { normal, inverse } = (found as Found).fusedNorm;
  assert.ok(normal < 1e-5, `${normal}`);
  t.diagnostic(
    `second output of SimplifiedLayerNormalization on WebGPU: ${inverse < 1e-5 ? 'right now' : `wrong by ${inverse.toFixed(2)}`}`,
  );
});
