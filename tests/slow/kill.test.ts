// Kills at random moments, as scripts/kill-test.ts does more of (200 by default), and faults of a whole run: a loss that is no
// number, and checkpoints of other runs.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { killRuns, listDifferences, TINY } from '../../scripts/kill-test/harness.ts';
import { loadCheckpoint } from '../../src/policy/local/checkpoint.ts';
import type { Learner } from '../../src/policy/local/parallel.ts';
import { alignRun, trainRun } from '../../src/train/align.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import { TrainingFault } from '../../src/train/fault.ts';
import { createRun, runAt } from '../../src/train/rundir.ts';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'tribune-kill-'));
});
after(() => rm(root, { recursive: true, force: true }));

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

test('killed six times, half of them at a write, runs end with the bytes and files of an undisturbed one', async () => {
  const outcome = await killRuns({ root: join(root, 'kills'), kills: 6, seed: 3 });
  assert.deepEqual(outcome.faults, []);
  assert.equal(outcome.kills, 6);
});

test('the comparison finds other bytes, a missing file and one left over', () => {
  const right = new Map([
    ['a', '1'],
    ['b', '2'],
  ]);
  const wrong = new Map([
    ['b', '3'],
    ['c', '4'],
  ]);
  assert.deepEqual(listDifferences(right, wrong), ['a is missing', 'b has other bytes', 'c is left over']);
  assert.deepEqual(listDifferences(right, right), []);
});

/** A learner whose losses are no numbers from its n-th step on. */
function spoil(learner: Learner, from: number): Learner {
  let steps = 0;
  return {
    config: learner.config,
    theta: learner.theta,
    logps: (batch, theta) => learner.logps(batch, theta),
    state: () => learner.state(),
    restore: (state) => learner.restore(state),
    optimStep(options) {
      steps++;
      return learner.optimStep(options);
    },
    async forwardBackward(batch, loss) {
      const pass = await learner.forwardBackward(batch, loss);
      return steps >= from ? { ...pass, loss: Number.NaN } : pass;
    },
  };
}

test('a loss that is no number stops the run, says where, keeps the last good checkpoint, and the run can go on from it', async () => {
  const run = await createRun(root, TINY);
  // Ten steps of the warm start, then two of the alignment (each with a checkpoint), then the fault.
  const wrapLearner = (learner: Learner) => spoil(learner, 12);
  await assert.rejects(alignRun(run, { ...quiet, wrapLearner }), (error: unknown) => {
    assert.ok(error instanceof TrainingFault);
    assert.match(
      error.message,
      /^alignment, step 2: the loss is NaN; it comes from .*group \d of 2 \(.*\), term ppo; /,
    );
    assert.match(error.message, /nothing of this step was kept, .*latest is whole \(2 alignment steps\)$/);
    return true;
  });
  const { training } = await loadCheckpoint(run.at('checkpoints', 'latest'));
  assert.match(JSON.stringify(training?.notes), /"phase":"grpo","done":2,/);
  await trainRun(run, quiet); // control: without the fault it goes on
  const other = await createRun(join(root, 'whole'), TINY);
  await trainRun(other, quiet);
  const weights = ['checkpoints', 'final', 'model.safetensors'];
  assert.deepEqual(await readFile(run.at(...weights)), await readFile(other.at(...weights)));
});

/** No alignment: the warm start alone. */
const SHORT: TrainConfig = { ...TINY, grpo: { ...TINY.grpo, steps: 0 } };

test('checkpoints of another run are refused, whole as they are', async () => {
  const run = runAt(join(root, 'foreign'));
  const other = await createRun(join(root, 'other'), { ...SHORT, seed: 2 });
  await trainRun(other, quiet);
  const own = await createRun(join(root, 'own'), SHORT);
  await trainRun(own, quiet);
  for (const [name, message] of [
    ['latest', /checkpoints\/latest: is of another run/],
    ['base', /checkpoints\/base: is of another run/],
  ] as const) {
    await rm(run.path, { recursive: true, force: true });
    await cp(own.path, run.path, { recursive: true });
    await trainRun(run, quiet); // control: its own are taken
    await rm(run.at('checkpoints', name), { recursive: true });
    await cp(other.at('checkpoints', name), run.at('checkpoints', name), { recursive: true });
    await assert.rejects(trainRun(run, quiet), message);
  }
});
