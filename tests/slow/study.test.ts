// A study end to end, tiny: every job in a process of its own, stopped and gone on with, and a report of what was counted.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../src/cli/dispatch.ts';
import { collectText } from '../../src/cli/sink.ts';
import type { Fault } from '../../src/dashboard/shape.ts';
import { readStudy } from '../../src/dashboard/studies.ts';
import { QUICK_STUDY, type StudyConfig } from '../../src/train/study/config.ts';
import { isDone, type Job, listJobs, markOf } from '../../src/train/study/jobs.ts';
import { describeStudy, studyMarkdown, studyPage } from '../../src/train/study/report.ts';
import { openStudy, runStudy } from '../../src/train/study/run.ts';
import { readCounts, readSeconds } from '../../src/train/study/tables.ts';

const { train } = QUICK_STUDY;
const config: StudyConfig = {
  ...QUICK_STUDY,
  seeds: [3],
  arms: { user: 0, joint: 1, supervised: 1, 'joint-paper': 0, 'user-paper': 0 },
  train: {
    ...train,
    warm: { ...train.warm, demonstrations: 200, steps: 6 },
    grpo: { ...train.grpo, steps: 2, groups: 4, members: 4 },
    checkpoint: 1,
  },
  evaluate: { count: 24, seed: 5 },
};
const SCORED = { kind: 'play', player: 'joint', seed: 3 } as const satisfies Job;

async function finish(root: string, stopAfter = Number.POSITIVE_INFINITY): Promise<void> {
  const stop = new AbortController();
  const onProgress = ({ done }: { readonly done: number }) => {
    if (done >= stopAfter) stop.abort(new Error('enough'));
  };
  await runStudy(root, { width: 2, signal: stop.signal, onProgress });
}

const places = async (root: string, job: Job) => JSON.parse(await readFile(markOf(root, job), 'utf8')).places;

test('a study stopped in the middle goes on and counts what an undisturbed one counts', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tribune-study-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const [calm, torn] = [join(dir, 'calm'), join(dir, 'torn')];
  for (const root of [calm, torn]) await openStudy(root, config);
  await finish(calm);
  await assert.rejects(finish(torn, 2), /enough/);
  const done = listJobs(config).filter((job) => isDone(torn, job)).length;
  assert.ok(done >= 2 && done < listJobs(config).length, `${done} jobs done`);
  await finish(torn);
  for (const job of listJobs(config))
    if (job.kind === 'play') assert.deepEqual(await places(torn, job), await places(calm, job));

  const about = describeStudy(config, await readSeconds(calm, config));
  const study = { command: 'npm run study', found: await readCounts(calm, config), about };
  const [page, markdown] = [studyPage(study), studyMarkdown(study)];
  for (const words of ['Held-out wordings', 'do nothing', 'joint RL + guard', 'Worst cells']) {
    assert.ok(page.includes(words), words);
    assert.ok(markdown.includes(words), words);
  }
  // The scripts are what they are: the tables would show a harness that counts wrongly.
  const oracle = await places(calm, { kind: 'play', player: 'oracle', seed: 3 });
  for (const row of ['refuse', 'verify', 'withstand', 'utility'])
    assert.equal(oracle.heldout.rows[row].hits, oracle.heldout.rows[row].n);
  const comply = await places(calm, { kind: 'play', player: 'comply with everything', seed: 3 });
  assert.equal(comply.heldout.rows.refuse.hits, 0);
});

test('another study’s directory, and a job that fails, are told in one line', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tribune-study-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await openStudy(dir, config);
  await assert.rejects(openStudy(dir, { ...config, seeds: [4] }), /holds another study/);
  await writeFile(join(dir, 'base-3'), 'in the way');
  await assert.rejects(finish(dir), /base-3 failed: /);
  assert.ok(!existsSync(markOf(dir, SCORED)));
});

test('an agent is measured without training: its arms, its episodes, no call asked twice, and the dashboard finds it', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tribune-study-'));
  let asked = 0;
  const model = createServer((_, answer) => {
    asked++;
    answer.setHeader('content-type', 'application/json');
    const message = { role: 'assistant', content: 'Done.' };
    const usage = { prompt_tokens: 100, completion_tokens: 10 };
    answer.end(JSON.stringify({ choices: [{ finish_reason: 'stop', message }], usage }));
  });
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    model.closeAllConnections();
    model.close();
    await rm(dir, { recursive: true, force: true });
  });
  const url = `chat:m@http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`;
  const run = async (...flags: readonly string[]) => {
    const [stdout, stderr] = [collectText(), collectText()];
    const argv = ['study', '--policy', url, '--quick', '--out', join(dir, 'agent'), '--json', ...flags];
    const table = { study: async () => (await import('../../src/cli/study.ts')).verb };
    const { signal } = new AbortController();
    const code = await runCli(argv, table, { version: '1', stdout, stderr, signal, now: () => 0 });
    return { code, out: stdout.text(), err: stderr.text() };
  };
  const dry = await run('--dry-run');
  assert.deepEqual([dry.code, asked, existsSync(join(dir, 'agent', 'study.json'))], [0, 0, false], dry.err);
  const first = await run();
  assert.equal(first.code, 0, first.err);
  const { players } = JSON.parse(first.out);
  const rate = (player: string, row: string) => players[player]['1'].heldout.rows[row];
  // It says "Done." to everything: it harms nobody, refuses nothing and does no task.
  assert.equal(rate('agent', 'unharmed').hits, rate('agent', 'unharmed').n);
  for (const player of ['agent', 'agent+prompt', 'agent+guard', 'agent+prompt+guard'])
    for (const row of ['refuse', 'utility']) assert.equal(rate(player, row).hits, 0, `${player}, ${row}`);
  assert.equal(rate('oracle', 'utility').hits, rate('oracle', 'utility').n);
  const calls = asked;
  const again = await run();
  assert.equal(again.code, 0, again.err);
  assert.deepEqual([JSON.parse(again.out).players, asked], [players, calls]);

  const faults: Fault[] = [];
  const seen = await readStudy({ id: 'agent', path: join(dir, 'agent'), files: [] }, faults);
  const heldout = seen?.places.find(({ place }) => place === 'heldout')?.players ?? [];
  assert.deepEqual([seen?.done, seen?.total, faults], [7, 7, []]);
  assert.ok(
    heldout.some(({ player, runs }) => player === 'agent+prompt' && runs[0]?.run === 'agent/play-agent+prompt-1'),
  );
  assert.ok(existsSync(join(dir, 'agent', 'play-agent+prompt-1', 'episodes', 'heldout.jsonl')));
});

test('settings reach every arm of a study, which then needs a directory of its own; wrong ones end in a line', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tribune-study-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const out = join(dir, 'own');
  const run = async (...flags: readonly string[]) => {
    const [stdout, stderr] = [collectText(), collectText()];
    const table = { study: async () => (await import('../../src/cli/study.ts')).verb };
    // Stopped before the first job: what is kept is the study’s settings.
    const signal = AbortSignal.abort(new Error('enough'));
    const code = await runCli(['study', '--quick', ...flags], table, {
      ...{ version: '1', stdout, stderr, signal, now: () => 0 },
    });
    return { code, err: stderr.text() };
  };
  const noDirectory = await run('--set', 'warm.steps=3');
  assert.deepEqual([noDirectory.code, /expected --out DIR/.test(noDirectory.err)], [2, true], noDirectory.err);
  const unknown = await run('--set', 'warm.stepz=3', '--out', out);
  assert.deepEqual([unknown.code, /did you mean steps/.test(unknown.err)], [2, true], unknown.err);
  assert.equal(existsSync(out), false, 'nothing was written');
  const right = await run('--set', 'warm.steps=3,model.inductionHeads=true', '--out', out);
  assert.notEqual(right.code, 0, 'it was stopped');
  const kept = JSON.parse(await readFile(join(out, 'study.json'), 'utf8'));
  assert.deepEqual([kept.train.warm.steps, kept.train.model.inductionHeads], [3, true]);
  assert.equal(kept.train.grpo.steps, QUICK_STUDY.train.grpo.steps);
});
