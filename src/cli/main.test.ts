import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

function runMain(...args: readonly string[]) {
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], { encoding: 'utf8' });
}

test('the command says the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const { status, stdout, stderr } = runMain('--version');
  assert.deepEqual([status, stdout, stderr], [0, `${version}\n`, '']);
});

test('an unknown verb ends the process with 2 and one line', () => {
  const { status, stdout, stderr } = runMain('dance');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /^tribune: unknown verb "dance".*\n$/);
});

test('help is on standard output and nothing is on standard error', () => {
  const { status, stdout, stderr } = runMain('--help');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /Usage: tribune VERB/);
});
