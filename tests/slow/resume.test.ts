// A run killed at any moment and resumed ends with the bytes of an undisturbed one; Ctrl-C stops cleanly; the same seed
// twice gives the same bytes. With a tiny model, so that ten kills take a minute.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rng } from '../../src/episode/random.ts';
import { loadCheckpoint } from '../../src/policy/local/checkpoint.ts';
import { DEFAULT_CONFIG, type TrainConfig } from '../../src/train/config.ts';
import { createRun } from '../../src/train/rundir.ts';
import { TINY_MODEL } from '../tiny.ts';

const TINY: TrainConfig = {
  ...DEFAULT_CONFIG,
  model: TINY_MODEL,
  warm: { ...DEFAULT_CONFIG.warm, demonstrations: 200, steps: 20, batch: 8 },
  grpo: { ...DEFAULT_CONFIG.grpo, steps: 8, groups: 4, members: 3 },
  evaluate: { count: 12, seed: 7001 },
  checkpoint: 2,
};

let root = '';
let whole = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'tribune-resume-'));
  whole = (await createRun(root, TINY)).path;
  assert.equal(await finish(whole), 0);
});
after(() => rm(root, { recursive: true, force: true }));

const start = (run: string): ChildProcess =>
  spawn(process.execPath, [...process.execArgv, 'src/cli/main.ts', 'align', '--resume', run], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
const finish = (run: string) => ended(start(run));

/** A run directory made like the whole one, before its first step. */
async function freshRun(name: string): Promise<string> {
  const run = join(root, name);
  for (const folder of ['episodes', 'checkpoints', 'reports'])
    await cp(join(whole, folder), join(run, folder), {
      recursive: true,
      filter: (from) => from === join(whole, folder),
    });
  await writeFile(join(run, 'config.json'), await readFile(join(whole, 'config.json')));
  return run;
}

/** Hashes of everything a run leaves that its configuration determines (the report tells seconds, so not that). */
async function hashRun(run: string): Promise<{ [file: string]: string }> {
  const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && entry.name !== 'report.html',
  );
  const hashes = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [
        path.slice(run.length),
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ] as const;
    }),
  );
  return Object.fromEntries(hashes.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('the same configuration twice leaves the same bytes: episodes, metrics, checkpoints', async () => {
  const again = await freshRun('again');
  assert.equal(await finish(again), 0);
  const [one, two] = [await hashRun(whole), await hashRun(again)];
  assert.deepEqual(two, one);
  assert.ok(Object.keys(one).some((file) => file.endsWith('final/model.safetensors')));
  assert.ok(Object.keys(one).some((file) => file.includes('/episodes/')));
});

test('another seed leaves other bytes', async () => {
  const other = (await createRun(join(root, 'other'), { ...TINY, seed: 2 })).path;
  assert.equal(await finish(other), 0);
  assert.notEqual(
    (await hashRun(other))['/checkpoints/final/model.safetensors'],
    (await hashRun(whole))['/checkpoints/final/model.safetensors'],
  );
});

test('killed at ten random moments and resumed, a run ends with the bytes of an undisturbed one', async () => {
  const r = rng('kills', 1);
  const expected = await hashRun(whole);
  const compare = async (run: string) => {
    const two = await hashRun(run);
    for (const file of Object.keys(expected)) assert.equal(two[file], expected[file], file);
  };
  let run = await freshRun('killed-0');
  for (let kills = 0; kills < 10; ) {
    const child = start(run);
    const exit = ended(child);
    // Moments from the first, in which modules load, to beyond the last step of a start from scratch.
    const timer = setTimeout(() => child.kill('SIGKILL'), 200 + r.int(3000));
    const code = await exit;
    clearTimeout(timer);
    if (code === null) kills += 1;
    else {
      // It was done before the kill came: it must be whole, and the next kills go to a new one.
      assert.equal(code, 0);
      await compare(run);
      run = await freshRun(`killed-${kills}-${r.int(1e6)}`);
    }
  }
  assert.equal(await finish(run), 0);
  await compare(run);
});

test('Ctrl-C saves a checkpoint, says how to go on, ends with 130, and the resumed run has the same bytes', async () => {
  const run = await freshRun('interrupted');
  const child = start(run);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes('alignment') && !child.killed) child.kill('SIGINT');
  });
  assert.equal(await ended(child), 130);
  assert.match(said, /--resume/);
  assert.equal(await finish(run), 0);
  assert.deepEqual(
    (await hashRun(run))['/checkpoints/final/model.safetensors'],
    (await hashRun(whole))['/checkpoints/final/model.safetensors'],
  );
});

test('a truncated checkpoint is one line and exit 2, and the file is left as it was', async () => {
  const run = await freshRun('truncated');
  await cp(join(whole, 'checkpoints'), join(run, 'checkpoints'), { recursive: true });
  await cp(join(whole, 'metrics.jsonl'), join(run, 'metrics.jsonl'));
  const file = join(run, 'checkpoints', 'latest', 'model.safetensors');
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, 1000));
  const child = start(run);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  assert.equal(await ended(child), 2);
  assert.match(said, /model\.safetensors/);
  assert.equal((await readFile(file)).length, 1000);
});

test('training begins with induction heads where the configuration wants them, and nowhere else', async () => {
  const begin = async (inductionHeads: boolean): Promise<Float32Array> => {
    const config: TrainConfig = {
      ...{ ...TINY, model: { ...TINY_MODEL, inductionHeads } },
      ...{ warm: { ...TINY.warm, steps: 0 }, grpo: { ...TINY.grpo, steps: 0 } },
    };
    const { path } = await createRun(root, config);
    assert.equal(await finish(path), 0);
    return (await loadCheckpoint(join(path, 'checkpoints', 'final'))).theta;
  };
  const [planted, plain] = [await begin(true), await begin(false)];
  assert.equal(planted.length, plain.length);
  // The first element of each token's embedding is the constant that planted heads are made of.
  const constants = (theta: Float32Array): number => {
    const rows = Array.from({ length: 300 }, (_, token) => theta[token * TINY_MODEL.width]);
    return new Set(rows).size;
  };
  assert.equal(constants(planted), 1);
  assert.ok(constants(plain) > 200, `${constants(plain)} (control)`);
});
