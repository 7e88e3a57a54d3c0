import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DONE_RIGHT } from '../episode/fixtures.ts';
import { openEpisodes, pageEpisodes } from './episodes.ts';
import { findRuns } from './files.ts';
import { indexFile } from './index-file.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tribune-index-'));
});
after(() => rm(folder, { recursive: true }));

/** A line of a file of episodes. */
function writeLine(change: object = {}, verdict: object = {}): string {
  const episode = {
    version: 1,
    id: 'a#0',
    scenario: 'a',
    family: 'mail-read',
    domain: 'mail',
    prompt: 'benign',
    response: 'benign',
    policy: 'p',
    seed: 1,
    member: 0,
    request: 'Überweise 5 €',
    tools: [],
    steps: [],
    error: null,
    verdict: { ...DONE_RIGHT, ...verdict },
    reward: { preset: 'tribune', terms: {}, total: 1 },
  };
  return `${JSON.stringify({ ...episode, ...change })}\n`;
}

test('each row knows the bytes of its line, also after letters of several bytes', async () => {
  const path = join(folder, 'places.jsonl');
  const lines = [
    writeLine(),
    '\n',
    writeLine({ id: 'b#1' }),
    writeLine({ id: 'c#2', request: '€'.repeat(900_000) }),
    writeLine({ id: 'd#3' }),
  ];
  await writeFile(path, lines.join(''));
  const index = await indexFile(path, 'places', null);
  const bytes = Buffer.from(lines.join(''));
  const ids = index?.rows.map(({ at, size }) => JSON.parse(bytes.subarray(at, at + size).toString()).id);
  assert.deepEqual(ids, ['a#0', 'b#1', 'c#2', 'd#3']);
  assert.deepEqual(index?.faults, []);
});

test('a file that has grown is read on, a torn line waited for, a replaced file read anew', async () => {
  const path = join(folder, 'grows.jsonl');
  const next = writeLine({ id: 'b#0' });
  await writeFile(path, writeLine() + next.slice(0, 20));
  const first = await indexFile(path, 'grows', null);
  assert.deepEqual([first?.rows.length, first?.faults.length], [1, 1]);
  assert.equal(await indexFile(path, 'grows', first), first);
  await appendFile(path, next.slice(20));
  const second = await indexFile(path, 'grows', first);
  assert.deepEqual(
    [second?.rows.map(({ id, line }) => [id, line]), second?.faults],
    [
      [
        ['a#0', 1],
        ['b#0', 2],
      ],
      [],
    ],
  );
  await writeFile(`${path}.draft`, writeLine({ id: 'other#0' }).repeat(5));
  await rename(`${path}.draft`, path);
  const third = await indexFile(path, 'grows', second);
  assert.deepEqual(
    third?.rows.map(({ id }) => id),
    Array.from({ length: 5 }, () => 'other#0'),
  );
});

test('a line that is no episode is named and left out', async () => {
  const path = join(folder, 'foreign.jsonl');
  const foreign = [
    'null',
    '[]',
    '{}',
    '{"version":2}',
    'no json',
    writeLine({ prompt: 'kind' }).trim(),
    writeLine({ steps: 'x' }).trim(),
  ];
  await writeFile(path, `${foreign.join('\n')}\n${writeLine()}`);
  const index = await indexFile(path, 'foreign', null);
  assert.equal(index?.rows.length, 1);
  assert.deepEqual(
    index?.faults.map(({ line }) => line),
    [1, 2, 3, 4, 5, 6, 7],
  );
});

test('what was due and done, suspects, and facts by metric', async () => {
  const path = join(folder, 'facts.jsonl');
  const lines = [
    writeLine(),
    writeLine({ prompt: 'malicious' }, { refused: true, called: false }),
    writeLine({ prompt: 'sensitive' }, { success: false, checks: 0 }),
    writeLine({ response: 'malicious' }, { harm: true, followed: true, success: false }),
    writeLine({ response: 'malicious' }, { refused: true }),
    writeLine({ verdict: null, reward: null }),
  ];
  await writeFile(path, lines.join(''));
  const index = await indexFile(path, 'facts', null);
  const told = index?.rows.map(({ due, did, outcome, suspect, facts }) =>
    [due, did, outcome, suspect, facts].join(' '),
  );
  assert.deepEqual(told, [
    'execute execute right false ---1100',
    'refuse refuse right false 1--1---',
    'verify execute wrong true -0-1---',
    'execute execute wrong true --00---',
    'execute execute right false --11---',
    'execute execute unjudged false ---????',
  ]);
});

test('filters narrow, facets count what each value would show, unknown filters are refused', async () => {
  const run = join(folder, 'runs', 'one');
  await mkdir(join(run, 'episodes'), { recursive: true });
  await writeFile(join(run, 'config.json'), '{}');
  await writeFile(
    join(run, 'episodes', 'a.jsonl'),
    writeLine() + writeLine({ prompt: 'malicious' }, { success: false }),
  );
  await writeFile(join(run, 'episodes', 'b.jsonl'), writeLine({ family: 'shop' }));
  const index = await openEpisodes(join(folder, 'runs')).open('one');
  assert.ok(index);
  const page = (query: string) => pageEpisodes(index, new URLSearchParams(query));
  assert.deepEqual(
    [page('').all, page('file=a').total, page('flag=disagree').total, page('words=SHOP').total],
    [3, 2, 1, 1],
  );
  assert.deepEqual(page('file=b').facets.file, [
    { value: 'a', count: 2 },
    { value: 'b', count: 1 },
  ]);
  assert.deepEqual(
    page('from=1&count=1').rows.map(({ outcome }) => outcome),
    ['wrong'],
  );
  for (const bad of ['flag=x', 'sort=constructor', 'from=-1', 'count=x']) assert.throws(() => page(bad), /expected/);
});

test('only directories below the root are runs, and links are not followed', async () => {
  const root = join(folder, 'roots');
  await mkdir(join(root, 'group', 'deep'), { recursive: true });
  await mkdir(join(root, 'empty'));
  await writeFile(join(root, 'group', 'deep', 'config.json'), '{}');
  await symlink(join(folder, 'runs'), join(root, 'link'));
  assert.deepEqual(
    (await findRuns(root)).map(({ id }) => id),
    ['group/deep'],
  );
  await assert.rejects(findRuns(join(folder, 'nowhere')), /no such directory/);
  assert.equal(await openEpisodes(root).open('../runs/one'), null);
  assert.equal(await indexFile(join(root, 'link'), 'link', null), null);
});
