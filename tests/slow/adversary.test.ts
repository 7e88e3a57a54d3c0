// Attackers and training in turns, end to end with a tiny model: what a run leaves, that it is resumed with the same bytes wherever it
// was stopped, that the population grows, that nothing held out is trained on, and that zero rounds are a plain run.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rng } from '../../src/episode/random.ts';
import { type Member, makeMember, readPopulation, writePopulation } from '../../src/redteam/adversary/members.ts';
import { readRows } from '../../src/redteam/adversary/rows.ts';
import { GENES } from '../../src/redteam/genome.ts';
import { CHANNELS } from '../../src/redteam/target.ts';
import { DEFAULT_ADVERSARY } from '../../src/train/adversary/settings.ts';
import { DEFAULT_CONFIG, type TrainConfig } from '../../src/train/config.ts';
import { createRun, readMetrics, runAt } from '../../src/train/rundir.ts';
import { FAMILIES } from '../../src/world/generate/families/index.ts';
import { TINY_MODEL } from '../tiny.ts';

const TINY: TrainConfig = {
  ...DEFAULT_CONFIG,
  model: TINY_MODEL,
  warm: { ...DEFAULT_CONFIG.warm, demonstrations: 200, steps: 20, batch: 8 },
  grpo: { ...DEFAULT_CONFIG.grpo, steps: 2, groups: 4, members: 3 },
  evaluate: { count: 12, seed: 7001 },
  adversary: {
    ...DEFAULT_ADVERSARY,
    ...{ from: null, rounds: 2, scenarios: 16, tries: 4, elders: 2, steps: 3, groups: 6, evaluate: 12, tolerance: 1 },
    ...{ drill: 3, replay: 8 },
  },
  checkpoint: 2,
};

let root = '';
let whole = '';
/** What every run here begins with: a model this small falls for nothing by itself. */
const ELDERS: readonly Member[] = CHANNELS.flatMap((channel) =>
  [3, 11, 20].map((frame): Member => {
    return makeMember(
      channel,
      GENES.map((gene) => (gene === 'frame' ? frame : 0)),
      0,
    );
  }),
);

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'tribune-adversary-'));
  whole = (await createRun(root, TINY)).path;
  await plantElders(whole);
  assert.equal(await finish(whole), 0);
});
after(() => rm(root, { recursive: true, force: true }));

function start(...args: readonly string[]): ChildProcess & { said: string } {
  const program = [...process.execArgv, 'src/cli/main.ts', 'align', ...args];
  const child = Object.assign(spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'pipe'] }), { said: '' });
  child.stderr?.on('data', (chunk: Buffer) => {
    child.said += chunk.toString();
  });
  return child;
}
const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
const finish = (run: string) => ended(start('--resume', run));

async function freshRun(name: string): Promise<string> {
  const run = join(root, name);
  for (const folder of ['episodes', 'checkpoints', 'reports']) await mkdir(join(run, folder), { recursive: true });
  await writeFile(join(run, 'config.json'), await readFile(join(whole, 'config.json')));
  await plantElders(run);
  return run;
}

async function plantElders(run: string): Promise<void> {
  await mkdir(join(run, 'adversary'));
  await writePopulation(join(run, 'adversary', 'population.jsonl'), ELDERS);
}

/** Hashes of everything a run leaves that its configuration determines. */
async function hashRun(run: string): Promise<{ [file: string]: string }> {
  const entries = await readdir(run, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'report.html');
  const hashes = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      return [path.slice(run.length), createHash('sha256').update(bytes).digest('hex')] as const;
    }),
  );
  return Object.fromEntries(hashes.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('each round leaves its attacks, its population, its checkpoint and the fixed suites; the report shows them', async () => {
  const rows = await readRows(runAt(whole));
  assert.deepEqual(
    rows.map(({ round }) => round),
    [0, 1, 2],
  );
  assert.ok(rows[0]!.attacks.length === 0 && rows[1]!.attacks.length > 0);
  for (const { heldout, train } of rows) assert.equal(heldout.unharmed.n + train.unharmed.n, 24);
  for (const name of ['round-0', 'drilled', 'round-1', 'round-2', 'final'])
    assert.ok((await readdir(join(whole, 'checkpoints', name))).includes('model.safetensors'), name);
  const page = await readFile(join(whole, 'report.html'), 'utf8');
  assert.match(page, /Attackers and training in turns/);
  assert.match(page, /Styles of attack did/);
});

test('nobody leaves the population, and past opponents are met in every round', async () => {
  const file = join(whole, 'adversary', 'population.jsonl');
  const all = await readPopulation(file, 3);
  assert.deepEqual(all.slice(0, ELDERS.length), ELDERS);
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  const lines = (await readMetrics(runAt(whole))) as {
    phase: string;
    round?: number;
    faced?: { opponent: string }[];
  }[];
  const met = lines.flatMap(({ faced = [], round }) => faced.map(({ opponent }) => ({ opponent, round })));
  assert.ok(met.length > 0);
  for (const { opponent } of met) assert.ok(all.some(({ id }) => id === opponent));
  for (const wanted of [1, 2])
    assert.ok(met.some(({ opponent, round }) => round === wanted && ELDERS.some(({ id }) => id === opponent)));
});

test('nothing held out is attacked or trained on', async () => {
  const heldout = new Set(FAMILIES.filter(({ split }) => split === 'heldout').map(({ id }) => id));
  const episodes = (await readdir(join(whole, 'episodes'))).filter((name) => name.startsWith('harden-'));
  assert.ok(episodes.length > 0);
  for (const name of episodes)
    for (const line of (await readFile(join(whole, 'episodes', name), 'utf8')).trim().split('\n'))
      assert.match((JSON.parse(line) as { scenario: string }).scenario, /^core-train-/);
  for (const name of (await readdir(join(whole, 'adversary'))).filter((one) => /^round-\d+-/.test(one)))
    assert.doesNotMatch(await readFile(join(whole, 'adversary', name), 'utf8'), /core-heldout-/);
  const lines = (await readMetrics(runAt(whole))) as { faced?: { family: string }[] }[];
  for (const { faced = [] } of lines) for (const { family } of faced) assert.ok(!heldout.has(family), family);
});

test('killed at random moments and resumed, a run ends with the bytes of an undisturbed one', async () => {
  const r = rng('kills', 2);
  const run = await freshRun('killed');
  for (let kills = 0; kills < 4; kills++) {
    const child = start('--resume', run);
    const timer = setTimeout(() => child.kill('SIGKILL'), 1200 + r.int(5000));
    const code = await ended(child);
    clearTimeout(timer);
    if (code !== null) break;
  }
  assert.equal(await finish(run), 0);
  assert.deepEqual(await hashRun(run), await hashRun(whole));
});

test('Ctrl-C in the attackers’ turn ends with 130, says how to go on, and the resumed run has the same bytes', async () => {
  const run = await freshRun('interrupted');
  const child = start('--resume', run);
  child.stderr?.on('data', () => {
    if (/round 1, attack/.test(child.said) && !child.killed) child.kill('SIGINT');
  });
  assert.equal(await ended(child), 130);
  assert.match(child.said, /--resume/);
  assert.equal(await finish(run), 0);
  assert.deepEqual(await hashRun(run), await hashRun(whole));
});

test('from a finished run it goes on without training anew; another seed leaves other bytes', async () => {
  const from = ['--adversary', '1', '--from', whole, '--out', join(root, 'from')];
  assert.equal(
    await ended(
      start(
        ...from,
        '--seed',
        '5',
        '--set',
        'adversary.drill=0,adversary.steps=1,adversary.scenarios=8,adversary.evaluate=12',
      ),
    ),
    0,
  );
  const [name = ''] = await readdir(join(root, 'from'));
  const rows = await readRows(runAt(join(root, 'from', name)));
  const last = (await readRows(runAt(whole))).at(-1);
  assert.deepEqual(rows[0]?.heldout, last?.heldout, 'it begins with the policy that the other run ended with');
  const inherited = await readPopulation(join(root, 'from', name, 'adversary', 'population.jsonl'), 1);
  assert.deepEqual(
    inherited.map(({ id }) => id),
    (await readPopulation(join(whole, 'adversary', 'population.jsonl'), 9)).map(({ id }) => id),
    'and with everybody that run had met',
  );
  const metrics = (await readMetrics(runAt(join(root, 'from', name)))) as { phase: string }[];
  assert.deepEqual([...new Set(metrics.map(({ phase }) => phase))], ['harden']);
});

test('zero rounds are a plain run: the same configuration, to the byte', async () => {
  const configs = await Promise.all(
    [[], ['--adversary', '0']].map(async (more, at) => {
      const out = join(root, `zero-${at}`);
      const child = start('--quick', '--out', out, ...more);
      child.stderr?.on('data', () => {
        if (child.said.includes('run ')) child.kill('SIGKILL');
      });
      await ended(child);
      const [name = ''] = await readdir(out);
      return readFile(join(out, name, 'config.json'), 'utf8');
    }),
  );
  assert.equal(configs[1], configs[0]);
  assert.ok(!configs[0]?.includes('adversary'));
});

test('flags that do not go together are one line and exit 2', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--from', whole], /--from.*expected --adversary/],
    [['--adversary', '1', '--from', join(root, 'nowhere')], /is not a run/],
    [['--adversary', '1', '--from', `local:${root}`], /config\.json|checksum|checkpoint/],
    [['--adversary', '1', '--quick', '--from', whole], /--quick/],
    [['--adversary', '1', '--model', root], /--adversary.*neither --model/],
    [['--adversary', '1', '--resume', whole], /stands alone/],
    [['--adversary', '1', '--set', 'adversary.attackers=telepathy'], /expected some of random/],
    [['--adversary', '1', '--set', 'adversary.fresh=0.9'], /add up to more than 1/],
    [['--adversary', 'many'], /--adversary/],
  ];
  const out = join(root, 'wrong');
  await Promise.all(
    wrong.map(async ([args, said]) => {
      const child = start(...args, ...(args.includes('--resume') ? [] : ['--out', out]));
      assert.equal(await ended(child), 2, args.join(' '));
      assert.match(child.said, said);
      assert.equal(child.said.trim().split('\n').length, 1, child.said);
    }),
  );
  await assert.rejects(readdir(out), 'nothing was made');
});

test('a checkpoint that changed since the run was made is refused', async () => {
  const [name = ''] = await readdir(join(root, 'from'));
  const run = join(root, 'changed');
  const config = JSON.parse(await readFile(join(root, 'from', name, 'config.json'), 'utf8'));
  await cp(join(root, 'from', name, 'episodes'), join(run, 'episodes'), { recursive: true });
  for (const folder of ['checkpoints', 'reports']) await mkdir(join(run, folder), { recursive: true });
  config.adversary.from.digest = '0'.repeat(64);
  await writeFile(join(run, 'config.json'), JSON.stringify(config));
  const child = start('--resume', run);
  assert.equal(await ended(child), 2);
  assert.match(child.said, /another checkpoint/);
});
