// The command as a process: exit codes, what goes to which stream, and pipes. What the verbs do: src/cli/*.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tribune-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs the command in the folder. */
function runMain(line: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...line.split(' ')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  return { status, stdout, stderr };
}

test('a suite is generated, checked, played, scored and replayed', () => {
  const ends = (line: string, code: number) => assert.equal(runMain(line).status, code, line);
  ends('generate --count 6 --seed 1 --split train --out s.jsonl', 0);
  ends('check s.jsonl', 0);
  ends('rollout s.jsonl --policy scripted:comply --out e.jsonl', 0);
  ends('score e.jsonl --scenarios s.jsonl --reward safety --out f.jsonl', 0);
  ends('replay f.jsonl --scenarios s.jsonl', 0);
  writeFileSync(
    join(folder, 'g.jsonl'),
    readFileSync(join(folder, 'f.jsonl'), 'utf8').replaceAll('"goal":true', '"goal":false'),
  );
  ends('replay g.jsonl --scenarios s.jsonl', 1);
});

test('with --json standard output is one document, progress is on standard error', () => {
  const { status, stdout, stderr } = runMain('evaluate core --policy scripted:oracle --count 20 --json');
  assert.deepEqual([status, JSON.parse(stdout).metrics.unharmed.n], [0, 20]);
  assert.match(stderr, /scripted:oracle 20\/20/);
});

test('what cannot be used ends in 2 with one line and nothing written', () => {
  writeFileSync(join(folder, 'cut.jsonl'), '{"version":1,');
  const { status, stdout, stderr } = runMain('rollout cut.jsonl --policy scripted:oracle --out never.jsonl');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /^cut\.jsonl:1: not JSON[^\n]*\n$/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => /never|tmp/.test(name)),
    [],
  );
});

const skip = existsSync('/dev/full') ? false : 'no /dev/full on this system';

test('a full disk ends in 2, whether the file or standard output lies on it', { skip }, () => {
  const line = 'generate --count 3 --seed 1 --split train --out';
  for (const [words, told] of [
    [`${line} /dev/full`, '/dev/full: no space left on the device'],
    [`${line} /dev/stdout > /dev/full`, 'no space left'],
  ] as const) {
    const command = `"${process.execPath}" "${MAIN}" ${words}`;
    const { status, stderr } = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    assert.equal(status, 2, stderr);
    assert.ok(stderr.includes(told), stderr);
  }
});
