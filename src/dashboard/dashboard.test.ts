import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openAudit } from '../guard/audit.ts';
import { type Dashboard, startDashboard } from './dashboard.ts';
import { readLog } from './logs.ts';
import { listRuns, readCurves } from './runs.ts';
import { SHIELD } from './server.ts';
import { loadSite } from './site.ts';

let folder = '';
let dashboard: Dashboard;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tribune-dashboard-'));
  const reviews = join(folder, 'reviews.json');
  const more = { inbox: null, logs: [], suites: [], reviews, now: () => 5, onFault: () => {} };
  dashboard = await startDashboard({ root: folder, port: 0, token: 'secret', ...more });
});
after(async () => {
  await dashboard.close();
  await rm(folder, { recursive: true });
});

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${dashboard.origin}${path}`, { ...init, headers: { authorization: 'Bearer secret', ...init.headers } });
const post = (path: string, body: unknown) =>
  ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

test('the page and all it loads are under 150 KB packed, and carry the strict policy', async () => {
  const site = await loadSite();
  const size = [...site.values()].reduce((sum, { text }) => sum + gzipSync(text).length, 0);
  assert.ok(size < 150_000, `${size} bytes`);
  for (const path of site.keys()) {
    const answer = await fetch(`${dashboard.origin}${path}`);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers.get('content-security-policy'), SHIELD);
  }
  assert.match(SHIELD, /default-src 'none'.*script-src 'self'.*require-trusted-types-for 'script'/);
  assert.doesNotMatch(SHIELD, /unsafe|\*|data:|https?:/);
});

test('every module the page imports is served', async () => {
  const site = await loadSite();
  for (const [path, { type, text }] of site) {
    if (!type.startsWith('text/javascript')) continue;
    for (const [, from = ''] of text.matchAll(/(?:from|import)\s+'(\.[^']+)'/g))
      assert.ok(site.has(new URL(from, `http://x${path}`).pathname), `${path} imports ${from}`);
  }
});

test('data needs the token; what does something needs POST and JSON', async () => {
  assert.equal((await ask('/api/state')).status, 200);
  assert.equal((await fetch(`${dashboard.origin}/api/state`)).status, 401);
  assert.equal((await ask('/api/mark')).status, 404);
  assert.equal((await ask('/api/mark', { method: 'POST', body: '{}' })).status, 415);
  assert.equal((await post('/api/state', {})).status, 404);
  for (const path of ['constructor', '__proto__', '', 'run', 'runs/x', '%ff'])
    assert.ok([400, 404].includes((await ask(`/api/${path}`)).status), path);
  assert.equal((await post('/api/answer', { id: 'x', answer: 'maybe' })).status, 400);
  assert.equal((await post('/api/answer', { id: 'x', answer: 'approve' })).status, 200);
  assert.equal((await post('/api/mark', { id: 'x'.repeat(600_000), mark: null })).status, 400);
});

test('a scenario is edited only into one that holds, and marks are kept', async () => {
  const query = 'suite=core&split=train&seed=3&count=4';
  const { rows } = (await (await ask(`/api/scenarios?${query}`)).json()) as { rows: { id: string }[] };
  const id = rows[1]?.id ?? '';
  const { scenario } = (await (await ask(`/api/scenario?${query}&id=${id}`)).json()) as {
    scenario: { goals: object[] };
  };
  const edit = (text: string) => post('/api/edit', { id, text });
  assert.equal((await edit('{}')).status, 400);
  assert.equal((await edit(JSON.stringify({ ...scenario, id: 'other' }))).status, 400);
  const broken = { ...scenario, goals: [{ name: 'x', sql: 'drop table mails', equals: 1 }] };
  assert.match(await (await edit(JSON.stringify(broken))).text(), /expected one SELECT|drop/);
  assert.equal((await edit(JSON.stringify({ ...scenario, request: 'Another wording.' }))).status, 200);
  assert.equal((await post('/api/mark', { id: rows[0]?.id, mark: 'drop' })).status, 200);
  const kept = (await (await ask(`/api/kept?${query}`)).json()) as { text: string; count: number };
  assert.deepEqual([kept.count, kept.text.includes('Another wording.')], [3, true]);
  const played = await post('/api/controls', {
    choice: { suite: 'core', split: 'train', seed: '3', count: '4' },
    ids: [id],
  });
  const [row] = (await played.json()) as { outcomes: object[]; violations: string[] }[];
  assert.deepEqual([row?.outcomes.length, row?.violations], [5, []]);
});

test('curves: numbers by path, gaps where a step says nothing, damaged lines named, the torn end waited for', async () => {
  const path = join(folder, 'metrics.jsonl');
  const lines = [
    '{"phase":"grpo","step":0,"reward":1,"terms":{"harm":-1}}',
    'x',
    '{"phase":"grpo","step":1,"reward":null,"late":{"a":{"b":2}}}',
  ];
  await writeFile(path, `${lines.join('\n')}\n{"phase":"grpo","st`);
  const { curves, faults } = await readCurves(path);
  const columns = { reward: [1, null], 'terms.harm': [-1, null], 'late.a.b': [null, 2] };
  assert.deepEqual(curves, [{ phase: 'grpo', steps: [0, 1], columns }]);
  assert.deepEqual(
    faults.map(({ line }) => line),
    [2],
  );
  await rm(path);
  assert.deepEqual(await readCurves(path), { curves: [], faults: [] });
});

test('a run against attackers is counted to the end of its rounds, in the drill too', async () => {
  const root = join(folder, 'attackers');
  const config = { seed: 1, suite: 'core', grpo: { steps: 9 }, adversary: { rounds: 2, steps: 3, drill: 5 } };
  const at = async (line: string) => {
    await mkdir(join(root, 'a'), { recursive: true });
    await writeFile(join(root, 'a', 'config.json'), JSON.stringify(config));
    await writeFile(join(root, 'a', 'metrics.jsonl'), `${line}\n`);
    for (const name of ['config.json', 'metrics.jsonl']) await utimes(join(root, 'a', name), 1000, 1000);
    const [run] = await listRuns(root, 1_010_000);
    return [run?.done, run?.total];
  };
  assert.deepEqual(await at('{"phase":"drill","step":4,"loss":0.1}'), [5, 11]);
  assert.deepEqual(await at('{"phase":"harden","step":2,"reward":0.5}'), [3, 6]);
});

test('a run is live while it writes, stopped when it falls silent, done with its evaluation; seeds share an experiment', async () => {
  const root = join(folder, 'list');
  for (const [id, seed] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    await mkdir(join(root, id, 'reports'), { recursive: true });
    await writeFile(
      join(root, id, 'config.json'),
      JSON.stringify({ seed, suite: 'core', grpo: { steps: 9, preset: 'paper' } }),
    );
    await writeFile(join(root, id, 'metrics.jsonl'), '{"phase":"grpo","step":3,"reward":0.5}\n');
    for (const name of ['config.json', 'metrics.jsonl', 'reports']) await utimes(join(root, id, name), 1000, 1000);
  }
  const phases = async (now: number) =>
    (await listRuns(root, now)).map(({ phase, done, total }) => [phase, done, total]);
  assert.deepEqual(await phases(1_010_000), [
    ['grpo', 4, 9],
    ['grpo', 4, 9],
  ]);
  assert.deepEqual((await phases(9_000_000))[0], ['stopped', 4, 9]);
  await writeFile(join(root, 'a', 'reports', 'evaluation.json'), '{}');
  const [a, b] = await listRuns(root, 1_010_000);
  assert.equal([a, b].find((run) => run?.id === 'a')?.phase, 'done');
  assert.equal(a?.experiment, b?.experiment);
});

test('a log is shown with its newest entries first and where it breaks', async () => {
  const file = join(folder, 'log.jsonl');
  const audit = openAudit({ file, now: () => 0 });
  for (let at = 0; at < 3; at++) audit.record({ event: 'allowed', call: { name: `t${at}` } });
  const whole = await readLog(file, undefined);
  assert.deepEqual([whole.entries, whole.fault, whole.tail.map(({ seq }) => seq)], [3, null, [3, 2, 1]]);
  const { readFile } = await import('node:fs/promises');
  await writeFile(file, (await readFile(file, 'utf8')).replace('t1', 'tX'));
  const broken = await readLog(file, undefined);
  assert.deepEqual([broken.fault?.line, broken.tail.length], [2, 3]);
});
