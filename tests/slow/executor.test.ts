// A command on a machine without the native runtime: it falls back to WebAssembly with one line of warning, threads included.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writePolicy } from '../../src/policy/local/fixtures.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tribune-executor-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Makes every import of the native runtime fail, in this process and its threads, as where it is not installed. */
const HIDE = `import { registerHooks } from 'node:module';
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'onnxruntime-node') throw new Error('Cannot find package');
    return next(specifier, context);
  },
});`;

function runCli(
  words: readonly string[],
  hidden: boolean,
): Promise<{ code: number | null; out: string; said: string }> {
  const hide = hidden ? ['--import', `data:text/javascript,${encodeURIComponent(HIDE)}`] : [];
  const child = spawn(process.execPath, ['--conditions=tribune-source', ...hide, 'src/cli/main.ts', ...words]);
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, said })));
}

test('on a machine without the native runtime a model is evaluated all the same, with the same result', async () => {
  await writePolicy(join(folder, 'model'), { texts: [' read the note'], seed: 9 });
  const words = ['evaluate', 'core', '--policy', `local:${join(folder, 'model')}`, '--count', '4', '--workers', '1'];
  const [plain, hidden] = [await runCli([...words, '--json'], false), await runCli([...words, '--json'], true)];
  assert.deepEqual([plain.code, hidden.code], [0, 0], plain.said + hidden.said);
  assert.deepEqual(JSON.parse(hidden.out), JSON.parse(plain.out));
  const warnings = (said: string) => said.split('\n').filter((line) => line.startsWith('warning: '));
  assert.deepEqual(warnings(plain.said), []);
  assert.equal(warnings(hidden.said).length, 1);
  const asked = await runCli([...words, '--executor', 'cpu'], true);
  assert.deepEqual([asked.code, asked.out], [2, '']);
  assert.match(asked.said, /^--executor cpu: cannot run here .*\n$/);
});
