// The jobs of a study: each comes after what it needs, and what they take adds up to a whole.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_STUDY, QUICK_STUDY } from './config.ts';
import { effortOf, listJobs, markOf, nameJob, needOf } from './jobs.ts';
import { shareDone } from './run.ts';

const root = mkdtempSync(join(tmpdir(), 'tribune-jobs-'));
after(() => rmSync(root, { recursive: true }));

test('each job comes after the one it needs', () => {
  for (const study of [DEFAULT_STUDY, QUICK_STUDY]) {
    const seen = new Set<string>();
    for (const job of listJobs(study)) {
      const need = needOf(job);
      assert.ok(need === null || seen.has(nameJob(need)), nameJob(job));
      seen.add(nameJob(job));
    }
  }
});

test('the share done is nothing, then what the marked jobs take, then the whole', () => {
  const jobs = listJobs(QUICK_STUDY);
  assert.equal(shareDone(root, QUICK_STUDY), 0);
  const mark = (at: number): void => {
    const file = markOf(root, jobs[at]!);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '{}');
  };
  mark(0);
  const all = jobs.reduce((sum, job) => sum + effortOf(QUICK_STUDY, job), 0);
  assert.equal(shareDone(root, QUICK_STUDY), effortOf(QUICK_STUDY, jobs[0]!) / all);
  assert.ok(effortOf(QUICK_STUDY, jobs[0]!) > effortOf(QUICK_STUDY, jobs.at(-1)!), 'a base takes longer than a script');
  for (const at of jobs.keys()) mark(at);
  assert.equal(shareDone(root, QUICK_STUDY), 1);
});
