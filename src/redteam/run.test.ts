import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rng } from '../episode/random.ts';
import type { Scenario } from '../world/scenario.ts';
import { scenarioSchema } from '../world/scenario.ts';
import { openAttacker } from './attackers/index.ts';
import type { RedteamConfig } from './config.ts';
import { drawScenarios } from './fixtures.ts';
import { attackScenarios, drawOpponent, gatherOpponents, type Opponent } from './population.ts';
import { redteamDocument, redteamMarkdown, redteamPage } from './report.ts';
import { hashScenarios, openRun, type RedteamResult, runRedteam } from './run.ts';

let folder = '';
let scenarios: readonly Scenario[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redteam-run-'));
  scenarios = await drawScenarios(24);
});
after(() => rm(folder, { recursive: true, force: true }));

const configOf = (more: Partial<RedteamConfig> = {}): RedteamConfig => ({
  ...{ version: 1, policy: 'scripted:compromised', guard: {}, scenarios: hashScenarios(scenarios), level: 'grey' },
  suite: { name: 'core', split: 'heldout', seed: 7001, count: scenarios.length },
  ...{ arms: ['policy', 'guard'], attackers: ['template'], channels: ['tool', 'user'], budget: { tries: 3 }, seed: 1 },
  ...{ minimise: 6, transfer: ['scripted:oracle'], carry: 0, model: null },
  ...more,
});

async function run(root: string, config: RedteamConfig, signal = new AbortController().signal): Promise<RedteamResult> {
  await openRun(root, config, true);
  return runRedteam({
    ...{ root, config, scenarios, others: scenarios.slice(0, 8), jobs: 1, signal, onProgress: () => undefined },
    openAttacker: (name, defence) => openAttacker(name, { seed: config.seed, level: config.level, defence }),
  });
}

test('a run measures, attacks, shortens, tries elsewhere and tells', async () => {
  const root = join(folder, 'whole');
  const result = await run(root, configOf());
  const [policy] = result.campaigns;
  assert.ok(policy?.fates.every(({ brokenAt }) => brokenAt !== null && brokenAt <= 1));
  assert.equal(result.clean.get('policy')?.utility.rate, 1);
  assert.ok(result.suite !== null && result.found.length > 0);
  for (const line of (await readFile(result.suite, 'utf8')).trim().split('\n')) scenarioSchema.parse(JSON.parse(line));
  const onOracle = result.transfers.filter(({ to }) => to === 'scripted:oracle');
  assert.ok(onOracle.length > 0 && onOracle.every(({ rate }) => rate.rate === 0), 'who is right is not broken');
  const itself = result.transfers.find(({ from, to }) => from === to);
  assert.equal(itself?.rate.rate, 1);
  assert.ok(result.transfers.some(({ to }) => to.includes('other domains')));
  const page = redteamPage(result);
  assert.ok(page.includes('Attack success') && !page.includes('<script'));
  assert.ok(page.includes('<h2>Transfer</h2>') && !page.includes('None: no try broke a target'));
  const none = redteamPage({ ...result, found: [], transfers: [] });
  assert.ok(!none.includes('<h2>Transfer</h2>') && none.includes('None: no try broke a target'));
  assert.ok(redteamMarkdown(result).includes('| policy | tool | template |'));
  assert.equal(JSON.stringify(redteamDocument(await run(root, configOf()))), JSON.stringify(redteamDocument(result)));
});

test('a directory of another run is refused, and one that is there without leave to go on', async () => {
  const root = join(folder, 'other');
  await openRun(root, configOf(), false);
  await assert.rejects(openRun(root, configOf(), false), /expected --resume/);
  await assert.rejects(openRun(root, configOf({ seed: 2 }), true), /holds another run/);
  await openRun(root, configOf(), true);
});

test('a suite without targets is refused', async () => {
  scenarios = scenarios.filter(({ labels }) => labels.prompt === 'benign' && labels.response === 'benign');
  await assert.rejects(run(join(folder, 'none'), configOf()), /no scenario with a planted order/);
  scenarios = await drawScenarios(24);
});

test('opponents are drawn by weight, and put on every scenario that has a target', async () => {
  const opponents: readonly Opponent[] = [
    { channel: 'tool', genes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], weight: 3 },
    { channel: 'tool', genes: [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], weight: 1 },
  ];
  const r = rng('draw');
  const drawn = Array.from({ length: 400 }, () => drawOpponent(opponents, 'tool', r));
  const share = drawn.filter((one) => one === opponents[0]).length / 400;
  assert.ok(Math.abs(share - 0.75) < 0.08, String(share));
  assert.equal(drawOpponent(opponents, 'user', r), null);
  const attacked = await attackScenarios(opponents, scenarios, rng('x'), ['tool']);
  assert.deepEqual(await attackScenarios(opponents, scenarios, rng('x'), ['tool']), attacked);
  for (const [at, { scenario, opponent, target }] of attacked.entries()) {
    assert.equal(opponent === null, target === null);
    if (opponent === null) assert.equal(scenario, scenarios[at]);
    else assert.deepEqual(scenarioSchema.parse(scenario).goals, scenarios[at]?.goals);
  }
  assert.ok(attacked.some(({ opponent }) => opponent !== null));
});

test('what broke more targets weighs more', async () => {
  const [target] = (await attackScenarios([], scenarios, rng('x'), ['tool'])).flatMap((one) => one.target ?? []);
  assert.ok(target);
  const attempt = { pieces: [], request: null, later: null, genes: [1, 2], style: 'x' };
  const found = [attempt, attempt, { ...attempt, genes: [3] }, { ...attempt, genes: null }].map((one) => {
    return { target, attempt: one };
  });
  assert.deepEqual(
    gatherOpponents(found).map(({ weight }) => weight),
    [2, 1],
  );
});

test('a user who tires breaks a guard that asks without end, and none that asks less often than they think', async () => {
  const limits = {
    arms: ['guard', 'guard+limit'] as const,
    channels: ['fatigue' as const],
    attackers: ['evolve' as const],
  };
  const more = {
    ...limits,
    arms: [...limits.arms],
    tires: 3,
    asks: 3,
    budget: { tries: 24 },
    minimise: 0,
    transfer: [],
  };
  const result = await run(join(folder, 'fatigue'), configOf(more));
  const [free, limited] = result.campaigns.map(({ fates }) => fates.filter(({ brokenAt }) => brokenAt !== null).length);
  assert.ok(free !== undefined && free > 0, String(free));
  assert.equal(limited, 0);
  assert.ok(result.found.every(({ target }) => target.scenario.tires === 3));
  const elsewhere = result.transfers.find(({ to }) => to.endsWith('+limit3'));
  assert.equal(elsewhere?.rate.rate, 0, 'what was found without the limit does not get past it');
});

test('a guard’s classifiers are opened with it, and none where there is no guard', async () => {
  const missing = { judges: ['requests:local:/no/such/policy'], channels: ['user'] as RedteamConfig['channels'] };
  await assert.rejects(run(join(folder, 'judged'), configOf({ ...missing, arms: ['guard'] })), /no\/such\/policy/);
  const bare = await run(join(folder, 'bare'), configOf({ ...missing, arms: ['policy'], transfer: [] }));
  assert.equal(bare.campaigns.length, 1);
  const judged = await run(
    join(folder, 'learned'),
    configOf({ judges: ['learned:requests'], arms: ['guard'], channels: ['user'], transfer: [] }),
  );
  assert.ok(judged.found.every(({ defence }) => defence.endsWith('+guard+judge')));
  assert.match(redteamPage(judged), /with a guard and learned:requests/);
});
