// What directory a study may go on in.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { QUICK_STUDY, type StudyConfig } from './config.ts';
import { openStudy, readStudy } from './run.ts';

test('a study goes on with more seeds and arms, and with nothing else', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'tribune-study-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const more: StudyConfig = { ...QUICK_STUDY, seeds: [1, 2, 3], arms: { ...QUICK_STUDY.arms, joint: 3 } };
  await openStudy(root, QUICK_STUDY);
  await openStudy(root, QUICK_STUDY);
  await openStudy(root, more);
  assert.deepEqual(await readStudy(root), more);
  const { train, evaluate } = more;
  const others: StudyConfig[] = [
    QUICK_STUDY,
    { ...more, seeds: [2, 3, 4] },
    { ...more, arms: { ...more.arms, joint: 2 } },
    { ...more, train: { ...train, warm: { ...train.warm, steps: 7 } } },
    { ...more, evaluate: { ...evaluate, seed: 5 } },
  ];
  for (const other of others) await assert.rejects(openStudy(root, other), /holds another study/);
  assert.deepEqual(await readStudy(root), more, 'what was refused changed nothing');
});
