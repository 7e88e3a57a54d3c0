// What was measured, beside training runs: a benchmark's cases, which facts hold together, two runs compared; a study as far as it
// has come. Damaged files are named and the rest is shown.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Row } from '../evaluate/benchmarks/row.ts';
import { summarisePlayed } from '../evaluate/outcome.ts';
import { QUICK_STUDY } from '../train/study/config.ts';
import { ROWS } from '../train/study/count.ts';
import { listJobs, nameJob } from '../train/study/jobs.ts';
import { openCases, pageCases } from './cases.ts';
import { findRun, findRuns } from './files.ts';
import { readEvaluation } from './measures.ts';
import { createRoutes } from './routes.ts';
import { listRuns } from './runs.ts';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'tribune-evaluations-'));
});
after(() => rm(root, { recursive: true }));

const MEASURES = [
  { name: 'attack', title: 'attacks that succeeded', better: 'low', twin: 'utility' },
  { name: 'utility', title: 'tasks done', better: 'high', twin: 'attack' },
] as const;

const row = (id: number, attack: boolean | null, utility: boolean): Row => ({
  ...{ id: `case ${id}`, group: id < 2 ? 'bank' : 'mail', trial: 0, facts: { attack, utility } },
  transcript: [
    { role: 'system', text: 's' },
    { role: 'user', text: `do ${id}` },
  ],
});

async function writeBenchmark(name: string, rows: readonly Row[], benchmark = 'bench'): Promise<void> {
  const rest = { version: '1', policy: name, options: {}, counts: {}, notes: [] };
  const outcome = summarisePlayed({ benchmark, ...rest, measures: MEASURES, rows }, []);
  await mkdir(join(root, name));
  await writeFile(join(root, name, 'report.json'), JSON.stringify(outcome));
  await writeFile(join(root, name, 'rows.jsonl'), rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
}

const query = (text: string) => new URLSearchParams(text);

test('cases are filtered by what was measured, and each is read with its transcript', async () => {
  await writeBenchmark('one', [row(0, true, true), row(1, false, true), row(2, null, false), row(3, true, false)]);
  const cases = openCases(root);
  const index = await cases.open('one');
  assert.ok(index);
  const ids = (text: string) => pageCases(index, query(text)).rows.map(({ id }) => id);
  assert.deepEqual(ids('fact=attack:yes'), ['case 0', 'case 3']);
  assert.deepEqual(ids('fact=attack:yes&fact=utility:yes'), ['case 0']);
  assert.deepEqual(ids('fact=attack:unjudged'), ['case 2']);
  assert.deepEqual(ids('group=bank'), ['case 0', 'case 1']);
  assert.deepEqual(ids('words=DO+3'), ['case 3']);
  assert.deepEqual(ids('from=1&count=2'), ['case 1', 'case 2']);
  assert.throws(() => pageCases(index, query('fact=attack')), /expected NAME:yes/);
  const { at } = pageCases(index, query('words=3')).rows[0]!;
  assert.equal((await cases.read('one', at))?.transcript[1]?.text, 'do 3');
  assert.equal(await cases.read('one', at + 1), null);
  assert.equal(await cases.open('no such run'), null);
});

test('which facts hold together is counted once for each pair, of the cases in which both are judged', async () => {
  const cases = openCases(root);
  const detail = await readEvaluation(root, 'one', null, await cases.open('one'));
  assert.deepEqual(detail?.benchmark?.crossed, [
    { names: ['attack', 'utility'], both: 1, first: 1, second: 1, none: 0 },
  ]);
  assert.deepEqual(detail.sets, ['all cases']);
});

test('two runs of one benchmark are compared case by case; of two they are not', async () => {
  await writeBenchmark('two', [row(0, false, true), row(1, false, true), row(2, false, true), row(3, true, false)]);
  await writeBenchmark('strange', [row(0, false, true)], 'another');
  const options = { root, now: () => 0, inbox: null, logs: [], suites: [], reviews: join(root, 'reviews.json') };
  const answer = createRoutes(options);
  const ask = (second: string, firstFile = 'all cases') =>
    answer({
      ...{ method: 'GET', path: 'compare', body: null, signal: new AbortController().signal },
      query: new URLSearchParams({ firstRun: 'one', firstFile, secondRun: second, secondFile: 'all cases' }),
    });
  const [attack] = (await ask('two')) as { n: number; onlyFirst: number; onlySecond: number }[];
  assert.deepEqual([attack?.n, attack?.onlyFirst, attack?.onlySecond], [3, 1, 0]);
  await assert.rejects(ask('strange'), /a run of another, expected one of bench/);
  await assert.rejects(ask('two', 'step-0000'), /no pairs in common/);
  assert.equal(await ask('gone'), null);
});

test('a damaged case is named, and the others are shown', async () => {
  await writeBenchmark('torn', [row(0, true, true)]);
  await writeFile(join(root, 'torn', 'rows.jsonl'), `{"id":1}\n${JSON.stringify(row(1, true, true))}\n{"id"`);
  const index = await openCases(root).open('torn');
  assert.equal(index?.rows.length, 1);
  assert.deepEqual(
    index.faults.map(({ line }) => line),
    [1, null],
  );
});

test('a study shows what its finished jobs counted, and which runs the episodes lie in', async () => {
  const config = { ...QUICK_STUDY, seeds: [1, 2], arms: { ...QUICK_STUDY.arms, user: 0, supervised: 0, joint: 2 } };
  await mkdir(join(root, 'study', 'done'), { recursive: true });
  await writeFile(join(root, 'study', 'study.json'), JSON.stringify(config));
  const places = (hits: number) => {
    const rows = Object.fromEntries(ROWS.map((name) => [name, { hits, n: 10 }]));
    const counts = { rows, cells: { 'bank/benign': { hits, n: 10 } }, unjudged: 0 };
    const names = ['fresh', 'wordings', 'styles', 'tools', 'domains', 'heldout'];
    return Object.fromEntries(names.map((name) => [name, counts]));
  };
  const mark = (name: string, value: object) =>
    writeFile(join(root, 'study', 'done', `${name}.json`), JSON.stringify({ seconds: 3, ...value }));
  await mark('base-1', {});
  await mark('play-base-1', { places: places(2) });
  await mark('play-base-2', { places: places(4) });
  await mark('play-joint-1', { places: places(9) });
  await mark('play-joint-2', { places: {} });
  await mkdir(join(root, 'study', 'play-base-1', 'episodes'), { recursive: true });

  const detail = await readEvaluation(root, 'study', null, null);
  const { study, faults } = detail ?? {};
  assert.deepEqual([study?.done, study?.total], [4, listJobs(config).length]);
  assert.match(faults?.map(({ file, what }) => `${file} ${what}`).join() ?? '', /^done\/play-joint-2\.json places/);
  const fresh = study?.places.find(({ place }) => place === 'fresh');
  const base = fresh?.players.find(({ player }) => player === 'base');
  assert.deepEqual(
    base?.runs.map(({ run }) => run),
    ['study/play-base-1', 'study/play-base-2'],
  );
  assert.ok(Math.abs((base?.means.refuse?.mean ?? 0) - 0.3) < 1e-9);
  assert.deepEqual(base?.cells, { 'bank/benign': [6, 20] });
  const joint = fresh?.differences.find(({ first, second }) => first === 'joint' && second === 'base');
  assert.ok(Math.abs((joint?.means.refuse?.mean ?? 0) - 0.7) < 1e-9, 'paired by the seed both have');

  const lines = await listRuns(root, 0);
  const line = (id: string) => lines.find((one) => one.id === id);
  assert.deepEqual([line('study')?.kind, line('study')?.done, line('study')?.phase], ['study', 5, 'jobs']);
  assert.deepEqual([line('study/play-base-1')?.kind, line('study/play-base-1')?.phase], ['played', 'done']);
  assert.equal(nameJob({ kind: 'play', player: 'base', seed: 1 }), 'play-base-1');
});

test('a study of another version is named, and shows nothing', async () => {
  await mkdir(join(root, 'old'));
  await writeFile(join(root, 'old', 'study.json'), '{"version":7}');
  const detail = await readEvaluation(root, 'old', null, null);
  assert.equal(detail?.study, null);
  assert.match(detail?.faults[0]?.what ?? '', /version/);
  assert.ok(await findRun(root, 'old'));
  assert.ok((await findRuns(root)).length >= 4);
});
