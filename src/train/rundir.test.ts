// What a killed process leaves in a run directory, and what tells one run from another.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_CONFIG } from './config.ts';
import { createRun, hashConfig, sweepDrafts } from './rundir.ts';

const root = await mkdtemp(join(tmpdir(), 'rundir-'));
after(() => rm(root, { recursive: true }));

test('half-written files and replaced checkpoints are swept away, whole ones and the only one put aside stay', async () => {
  const run = await createRun(root, DEFAULT_CONFIG);
  const draft = 'a.jsonl.0b9f2c1e-6a3d-4c55-9d43-0a1b2c3d4e5f.tmp';
  for (const name of ['latest', 'latest.old', 'latest.new-aB3x9Z', 'base.old'])
    await mkdir(run.at('checkpoints', name));
  for (const name of ['a.jsonl', draft]) await writeFile(run.at('episodes', name), '');
  await sweepDrafts(run);
  assert.deepEqual((await readdir(run.at('checkpoints'))).sort(), ['base.old', 'latest']);
  assert.deepEqual(await readdir(run.at('episodes')), ['a.jsonl']);
  assert.ok((await readdir(run.path)).includes('config.json'));
});

test('runs of one configuration have one hash, of another another', async () => {
  const [one, same, other] = [
    await createRun(root, DEFAULT_CONFIG),
    await createRun(root, DEFAULT_CONFIG),
    await createRun(root, { ...DEFAULT_CONFIG, seed: 2 }),
  ];
  assert.notEqual(one.path, same.path);
  assert.equal(await hashConfig(one), await hashConfig(same));
  assert.notEqual(await hashConfig(one), await hashConfig(other));
});
