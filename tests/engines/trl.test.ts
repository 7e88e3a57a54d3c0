// The Python packages of trainers/ against the trainers they are for: real GRPO steps of TRL on worlds served by this checkout, in
// one process and in two ranks, and verl's own agent loop base; beside them ruff and mypy. The tests themselves are pytest's,
// in trainers/*/tests; here is where their interpreter comes from (an install that takes longer than the tests may is given up, with a
// word, and goes faster the next time). What needs a GPU is not run: docs/trainers.md.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TRAINERS = join(ROOT, 'trainers');
const PACKAGES = ['client', 'trl', 'verl'] as const;
const run = promisify(execFile);

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Finds or makes the interpreter with trainers/requirements.txt; a text says why there is none. TRIBUNE_TRL_PYTHON names one. */
async function findPython(): Promise<{ readonly path: string } | string> {
  const named = process.env.TRIBUNE_TRL_PYTHON;
  if (named) return { path: named };
  if (process.platform === 'win32') return 'torchrun and verl are not run on Windows';
  const file = join(TRAINERS, 'requirements.txt');
  const wanted = await readFile(file, 'utf8');
  const folder = join(ROOT, '.cache', `trainers-${createHash('sha256').update(wanted).digest('hex').slice(0, 8)}`);
  const path = join(folder, 'bin', 'python');
  if (await exists(join(folder, 'ready'))) return { path };
  try {
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(path, ['-c', 'import sys; assert sys.version_info >= (3, 11)']);
    await run(path, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', file], { timeout: 420_000 });
    await run(path, ['-c', 'import trl, datasets, websockets, verl.experimental.agent_loop'], { timeout: 120_000 });
    await writeFile(join(folder, 'ready.tmp'), '');
    await rename(join(folder, 'ready.tmp'), join(folder, 'ready'));
    return { path };
  } catch (error) {
    return `the trainers' Python packages cannot be installed (${String(error).split('\n')[0]?.slice(0, 200)})`;
  }
}

const python = await findPython();
const skip = typeof python === 'string' ? python : false;

type Outcome = { readonly passed: boolean; readonly text: string };

/** Runs a module of the interpreter in trainers/; this Node serves the worlds. */
async function runModule(...words: readonly string[]): Promise<Outcome> {
  assert.ok(typeof python !== 'string');
  const env = {
    ...process.env,
    ...{ TRIBUNE_NODE: process.execPath, PYTHONDONTWRITEBYTECODE: '1', TRL_EXPERIMENTAL_SILENCE: '1' },
    ...{ HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false', CUDA_VISIBLE_DEVICES: '' },
    // More threads than free cores wait for each other.
    OMP_NUM_THREADS: '1',
  };
  return run(python.path, ['-P', '-m', ...words], { cwd: TRAINERS, env, maxBuffer: 1 << 24 }).then(
    ({ stdout }) => ({ passed: true, text: stdout }),
    (error: { stdout?: string; stderr?: string }) => ({ passed: false, text: `${error.stdout}${error.stderr}` }),
  );
}

test('ruff finds nothing, and not nothing everywhere', { skip }, async () => {
  for (const words of [
    ['check', '--no-cache', '.'],
    ['format', '--no-cache', '--check', '.'],
  ]) {
    const { passed, text } = await runModule('ruff', ...words);
    assert.ok(passed, text);
  }
  const control = await runModule('ruff', 'check', '--no-cache', '--select', 'D', 'trl/src');
  assert.ok(!control.passed);
});

test('mypy finds nothing in strict mode, and not nothing everywhere', { skip }, async () => {
  const sources = [...PACKAGES.map((name) => `${name}/src`), 'testing', 'prime-rl/write.py'];
  const mypy = ['mypy', '--config-file', 'mypy.ini', '--cache-dir', join(ROOT, '.cache', 'trainers-mypy')];
  const { passed, text } = await runModule(...mypy, ...sources);
  assert.ok(passed, text);
  const control = await runModule(...mypy, '-c', 'from tribune_env import Session\nSession(7)');
  assert.ok(!control.passed && /arg-type/.test(control.text), control.text);
});

for (const name of [...PACKAGES, 'prime-rl']) {
  test(`pytest of trainers/${name}`, { skip }, async () => {
    const { passed, text } = await runModule('pytest', '--quiet', '--tb=short', name);
    assert.ok(passed, text.slice(-12_000));
    assert.match(text, /\b\d+ passed/);
  });
}
