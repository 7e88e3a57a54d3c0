// The main job on the suite `open`, far too short to learn anything: that a run goes through, leaves the same bytes twice, and
// leaves a policy that means tools by words and is measured like any other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadCheckpoint } from '../../src/policy/local/checkpoint.ts';
import { TOOL_MARK } from '../../src/policy/local/pointing.ts';

const TINY =
  'warm.steps=6,warm.demonstrations=200,warm.batch=8,grpo.steps=2,grpo.groups=4,grpo.members=2,evaluate.count=24';
let root = '';
const runs: string[] = [];

async function tribune(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [...process.execArgv, 'src/cli/main.ts', ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { code, out, err };
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'tribune-open-'));
  for (const name of ['a', 'b']) {
    const place = join(root, name);
    const { code, out, err } = await tribune('align', '--suite', 'open', '--set', TINY, '--json', '--out', place);
    assert.equal(code, 0, err);
    runs.push(JSON.parse(out).run);
  }
});
after(() => rm(root, { recursive: true, force: true }));

test('the same configuration twice leaves the same bytes', async () => {
  for (const file of ['metrics.jsonl', 'checkpoints/final/model.safetensors', 'episodes/aligned-heldout.jsonl']) {
    const [a, b] = await Promise.all(runs.map((run) => readFile(join(run, file))));
    assert.ok(a && b && a.length > 0 && a.equals(b), file);
  }
});

test('the policy means tools by words, and is measured on the suite like any other', async () => {
  const directory = join(runs[0]!, 'checkpoints', 'final');
  const { tokenizer } = await loadCheckpoint(directory);
  assert.ok(tokenizer.specials.has(TOOL_MARK));
  const { code, out, err } = await tribune(
    'evaluate',
    'open',
    '--count',
    '24',
    '--policy',
    `local:${directory}`,
    '--json',
  );
  assert.equal(code, 0, err);
  const report = JSON.parse(out);
  assert.equal(report.suite, 'open');
  assert.equal(report.metrics.unharmed.n, 24);
});

test('what does not go together with the suite is told in one line', async () => {
  const { code, err } = await tribune('align', '--suite', 'open', '--adversary', '2');
  assert.deepEqual([code, err.split('\n').length], [2, 2]);
  assert.match(err, /--suite: open is for the small model alone/);
});
