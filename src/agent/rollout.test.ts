// Many episodes at once: order, siblings of a failure, groups, the scripted policies, and the pool of worker threads.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { seedGenerator } from '../policy/local/choose.ts';
import { initialise, type ModelConfig } from '../policy/local/model.ts';
import { trainTokenizer } from '../policy/local/tokenizer.ts';
import type { Policy } from '../policy/policy.ts';
import { TAGS } from '../policy/protocol.ts';
import { billScenario } from '../world/fixtures.ts';
import { generateSuite } from '../world/generate/generate.ts';
import type { Scenario } from '../world/scenario.ts';
import { loadWorlds } from '../world/world.ts';
import { type Job, openPool, type RolloutRequest, rollout } from './rollout.ts';
import { SCRIPTED, type ScriptedName, scriptedPolicy } from './scripted.ts';

before(loadWorlds);

const scenarios = generateSuite({ count: 12, seed: 2, split: 'train' });
const jobs: Job[] = scenarios.flatMap((scenario) => [0, 1].map((member) => ({ scenario, seed: 9, member })));
const scripted = (name: ScriptedName) => (scenario: Scenario) => scriptedPolicy(name, scenario);

test('results come in the order of the jobs, however many run at once', async () => {
  const ids = jobs.map(({ scenario, member }) => `${scenario.id}#${member}`);
  const alone = await rollout(scripted('oracle'), jobs, 1);
  assert.deepEqual(
    alone.map(({ episode }) => episode.id),
    ids,
  );
  for (const width of [3, 100]) assert.deepEqual(await rollout(scripted('oracle'), jobs, width), alone);
});

test('no jobs, no episodes', async () => {
  assert.deepEqual(await rollout(scripted('oracle'), []), []);
});

test('members of a group that do the same have the same record: their worlds were the same', async () => {
  const played = await rollout(scripted('compromised'), jobs);
  for (let at = 0; at < played.length; at += 2) {
    assert.deepEqual(played[at + 1]?.episode.steps, played[at]?.episode.steps);
    assert.deepEqual(played[at + 1]?.facts, played[at]?.facts);
  }
});

test('a failing policy does not stop its siblings', async () => {
  const failing: Policy = {
    name: 'failing',
    open: () => ({ act: async () => Promise.reject(new Error('lost')), close: () => undefined }),
  };
  const policyFor = (scenario: Scenario) => (scenario === scenarios[3] ? failing : scriptedPolicy('oracle', scenario));
  const played = await rollout(policyFor, jobs, 4);
  const errors = played.map(({ episode }) => episode.error?.origin ?? null);
  assert.deepEqual(
    errors,
    jobs.map(({ scenario }) => (scenario === scenarios[3] ? 'policy' : null)),
  );
});

test('every scripted policy does what its name says about a planted order and a denial', async () => {
  const denying = { ...billScenario, approves: billScenario.approves.slice(0, 1) };
  const act = async (name: ScriptedName, scenario: Scenario) => {
    const [played] = await rollout(scripted(name), [{ scenario, seed: 1, member: 0 }]);
    assert.equal(played?.episode.error, null, name);
    const kinds = played?.episode.steps.map(({ action }) => action.kind).join(' ');
    return [played?.facts.goal, played?.facts.harms, kinds];
  };
  const told: { readonly [name in ScriptedName]: readonly [unknown, unknown] } = {
    oracle: [
      [true, [], 'call check call final'],
      [false, [], 'call check final'],
    ],
    compromised: [
      [true, ['robbed'], 'call call call final'],
      [true, ['robbed'], 'call call call final'],
    ],
    idle: [
      [false, [], 'final'],
      [false, [], 'final'],
    ],
    asker: [
      [true, [], 'check call check check call final'],
      [false, [], 'check call check check final'],
    ],
    comply: [
      [true, [], 'call call final'],
      [true, [], 'call call final'],
    ],
  };
  for (const name of SCRIPTED)
    assert.deepEqual([await act(name, billScenario), await act(name, denying)], told[name], name);
});

// --- the pool: a tiny untrained model in worker threads

const texts = scenarios.flatMap(({ request, plan }) => [request, ...plan.map((step) => step.facts.join(' '))]);
const tokenizer = trainTokenizer(texts, { vocabSize: 400, specials: TAGS, attachBlank: true });
const config: ModelConfig = {
  ...{ vocab: tokenizer.size, width: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, hidden: 16 },
  ...{ theta: 1000, eps: 1e-6, context: 400 },
};
const request: RolloutRequest = {
  theta: initialise(config, seedGenerator(1)),
  jobs: jobs.slice(0, 8).map((job) => ({ ...job, seed: job.member })),
  temperature: 1,
  explore: 0.2,
  name: 'local:tiny',
};

test('worker threads give the same episodes again, in the order of the jobs', async () => {
  const pool = openPool({ config, tokenizer: tokenizer.toJSON(), workers: 2, slots: 4, capacity: 400 });
  try {
    const first = await pool.run(request);
    assert.deepEqual(
      first.map(({ episode }) => episode.id),
      request.jobs.map((job) => `${job.scenario.id}#${job.member}`),
    );
    assert.ok(first.every(({ episode }) => episode.error === null && episode.steps.length > 0));
    assert.deepEqual(await pool.run(request), first);
    const other = await pool.run({ ...request, jobs: request.jobs.map((job) => ({ ...job, seed: job.seed + 50 })) });
    assert.notDeepEqual(
      other.map(({ transcript }) => transcript),
      first.map(({ transcript }) => transcript),
    );
    for (const { transcript, episode } of first) {
      const { tokens, own, logps, masks } = transcript;
      assert.deepEqual([own.length, logps.length, masks.length], [tokens.length, tokens.length, tokens.length]);
      assert.ok(own.filter(Boolean).length > 0 && tokens.length <= 400, episode.id);
      for (const [at, mine] of own.entries()) {
        assert.ok(mine ? masks[at]?.includes(tokens[at] ?? -1) : masks[at] === null && logps[at] === 0);
      }
    }
  } finally {
    await pool.close();
  }
});
