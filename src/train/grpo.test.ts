// What a step of GRPO is fed with: scenarios, jobs and seeds, and the data of the loss. The gradient is the learner's test.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Job, type Pool, type RolloutRequest, rollout, type Sampled } from '../agent/rollout.ts';
import { scriptedPolicy } from '../agent/scripted.ts';
import type { Episode } from '../episode/episode.ts';
import type { Transcript } from '../policy/local/policy.ts';
import { loadWorlds } from '../world/world.ts';
import { DEFAULT_CONFIG, type TrainConfig } from './config.ts';
import { TrainingFault } from './fault.ts';
import { type Member, pickIndexes, sampleGroups, scenarioAt } from './groups.ts';
import { buildBatch, checkMismatch } from './grpo.ts';

before(loadWorlds);

const config: TrainConfig = {
  ...DEFAULT_CONFIG,
  grpo: { ...DEFAULT_CONFIG.grpo, groups: 6, members: 4, steps: 10, explore: 0.2 },
};

test('sampler and trainer may differ by as much as is borne; more, and what is no number, stops the run with advice', () => {
  const borne = { most: 0.1, advice: '; try less' };
  checkMismatch(0.1, borne);
  assert.throws(
    () => checkMismatch(0.11, borne),
    (error) => error instanceof TrainingFault && /disagree by 1\.1e-1 .* at most 0\.1; try less$/.test(error.message),
  );
  assert.throws(() => checkMismatch(Number.NaN, { most: Number.POSITIVE_INFINITY, advice: '' }), TrainingFault);
});

// --- the data of the loss

const WIDE = Uint16Array.of(3, 4, 5);
const OTHER = Uint16Array.of(7, 8);
const LAST = Uint16Array.of(5, 6);
const FORCED = Uint16Array.of(9);
/** The mask of a decision; none of the above. */
const DECIDES = Uint16Array.of(1, 2, 3);
const episode = { id: 'x' } as unknown as Episode;

/** Prompt, a chosen token, a forced one, a chosen one, what came back, a chosen one. */
const transcript: Transcript = {
  tokens: [1, 1, 4, 9, 8, 2, 2, 6],
  own: [false, false, true, true, true, false, false, true],
  logps: [0, 0, -1, 0, -0.5, 0, 0, -2],
  masks: [null, null, WIDE, FORCED, OTHER, null, null, LAST],
};
const member = (advantage: number | null, of: Transcript = transcript): Member => ({
  episode,
  transcript: of,
  advantage,
});

test('tokens the policy chose have weight and advantage; forced tokens, prompts and results have none', () => {
  const [datum] = buildBatch([[member(0.7)]], DECIDES, 1).data;
  assert.ok(datum);
  const chosen = [0, 0, 1, 0, 1, 0, 0, 1];
  assert.deepEqual(
    [...datum.weights],
    chosen.map((mine) => Math.fround(mine / 3)),
  );
  assert.deepEqual(
    [...(datum.advantages ?? [])],
    chosen.map((mine) => Math.fround(mine * 0.7)),
  );
  assert.deepEqual([...(datum.oldLogps ?? [])], transcript.logps);
});

test('a decision weighs as much more as the configuration says', () => {
  const [datum] = buildBatch([[member(1)]], WIDE, 4).data;
  assert.deepEqual(
    [...(datum?.weights ?? [])],
    [0, 0, 4, 0, 1, 0, 0, 1].map((weight) => Math.fround(weight / 6)),
  );
});

test('a judgement that did badly and is hardly ever taken anyway is not pushed down any further', () => {
  const rare: Transcript = { ...transcript, logps: [0, 0, -9, 0, -0.5, 0, 0, -2] };
  const weightsOf = (advantage: number, of: Transcript) => [
    ...(buildBatch([[member(advantage, of)]], WIDE, 4).data[0]?.weights ?? []),
  ];
  assert.equal(weightsOf(-1, rare)[2], 0);
  assert.ok((weightsOf(1, rare)[2] ?? 0) > 0, 'where it did well it is learned');
  assert.ok((weightsOf(-1, transcript)[2] ?? 0) > 0, 'where it is common it is unlearned');
});

test('weights of a batch sum to 1, each chosen token counting the same in long and short episodes', () => {
  const short: Transcript = { tokens: [1, 4], own: [false, true], logps: [0, -1], masks: [null, WIDE] };
  const { data } = buildBatch([[member(1), member(-1, short)], [member(0.5)]], DECIDES, 1);
  const weights = data.flatMap((datum) => [...datum.weights]).filter((weight) => weight > 0);
  assert.equal(weights.length, 7);
  assert.ok(new Set(weights).size === 1 && Math.abs(weights.reduce((a, b) => a + b, 0) - 1) < 1e-6);
});

test('the mask table holds each mask once, and every chosen token points to its own', () => {
  const again: Transcript = { ...transcript, masks: transcript.masks.map((mask) => (mask ? mask.slice() : null)) };
  const { data, maskTable } = buildBatch([[member(1), member(-1, again)]], DECIDES, 1);
  assert.deepEqual(maskTable, [WIDE, OTHER, LAST]);
  for (const datum of data) assert.deepEqual([...(datum.masks ?? [])], [-1, -1, 0, -1, 1, -1, -1, 2]);
});

test('members without an advantage are left out; none at all is an empty batch', () => {
  assert.equal(buildBatch([[member(1), member(null)], [member(null)]], DECIDES, 1).data.length, 1);
  assert.deepEqual(buildBatch([[member(null)], []], DECIDES, 1), { data: [], maskTable: [] });
});

test('what was read after the last own token is cut off: it may stand beyond the context', () => {
  const read = Array.from({ length: 50 }, () => 2);
  const long: Transcript = {
    tokens: [...transcript.tokens, ...read],
    own: [...transcript.own, ...read.map(() => false)],
    logps: [...transcript.logps, ...read.map(() => 0)],
    masks: [...transcript.masks, ...read.map(() => null)],
  };
  assert.deepEqual(buildBatch([[member(1, long)]], DECIDES, 1), buildBatch([[member(1)]], DECIDES, 1));
});

// --- scenarios and samples

test('a step has fresh training scenarios, the same for the same seed', () => {
  const scenariosOf = (step: number, seed = 1) =>
    pickIndexes({ ...config, seed }, step).map((index) => scenarioAt({ ...config, seed }, index));
  const idsOf = (step: number, seed = 1) => scenariosOf(step, seed).map(({ id }) => id);
  assert.equal(idsOf(0).length, 6);
  assert.deepEqual(idsOf(3), idsOf(3));
  const steps = [0, 1, 2].flatMap((step) => idsOf(step));
  assert.equal(new Set(steps).size, 18);
  assert.equal(idsOf(0).filter((id) => idsOf(0, 2).includes(id)).length, 0);
  assert.ok(scenariosOf(0).every(({ split }) => split === 'train'));
});

/** A pool whose even members do right and whose odd ones comply; `fail` names a member that breaks off. */
function fakePool(fail = -1) {
  const requests: RolloutRequest[] = [];
  const sample = async (job: Job): Promise<Sampled> => {
    const policy = scriptedPolicy(job.member % 2 === 0 ? 'oracle' : 'compromised', job.scenario);
    const [played] = await rollout(() => policy, [job]);
    assert.ok(played);
    const error = job.member === fail ? { origin: 'policy' as const, message: 'gone' } : null;
    return { facts: played.facts, episode: { ...played.episode, error }, transcript };
  };
  const run = async (request: RolloutRequest) => {
    requests.push(request);
    return Promise.all(request.jobs.map(sample));
  };
  const pool: Pool = { run, close: async () => undefined };
  return { pool, requests };
}

test('groups are sampled with a seed for each member, and exploration falls to nothing', async () => {
  const { pool, requests } = fakePool();
  const groups = await sampleGroups(pool, new Float32Array(1), config, 0);
  assert.deepEqual(
    groups.map(({ members }) => members.map(({ episode: e }) => e.member)),
    Array.from({ length: 6 }, () => [0, 1, 2, 3]),
  );
  await sampleGroups(pool, new Float32Array(1), config, 5);
  const seeds = requests.flatMap(({ jobs }) => jobs.map(({ seed }) => seed));
  assert.equal(new Set(seeds).size, 48);
  assert.deepEqual(
    requests.map(({ explore, temperature }) => [explore, temperature]),
    [
      [0.2, 1],
      [0.1, 1],
    ],
  );
});

test('members of a group are compared with each other: doing right is above, complying below; equal groups say nothing', async () => {
  const groups = await sampleGroups(fakePool().pool, new Float32Array(1), config, 1);
  let spoke = 0;
  for (const group of groups) {
    const rewards = group.members.map(({ episode: e }) => e.reward?.total ?? Number.NaN);
    const equal = rewards.every((reward) => reward === rewards[0]);
    for (const [at, { advantage }] of group.members.entries()) {
      if (equal) assert.equal(advantage, null);
      else assert.ok(at % 2 === 0 ? (advantage ?? 0) > 0 : (advantage ?? 0) < 0);
    }
    spoke += equal ? 0 : 1;
  }
  assert.ok(spoke > 0 && spoke < groups.length);
});

test('an episode that broke off is judged but not learned from', async () => {
  const groups = await sampleGroups(fakePool(1).pool, new Float32Array(1), config, 1);
  for (const group of groups) {
    assert.equal(group.members[1]?.advantage, null);
    assert.notEqual(group.members[1]?.episode.verdict, null);
  }
  assert.ok(groups.some((group) => group.members[0]?.advantage !== null));
});

// --- the switches: each changes what it says, and only that

const withGrpo = (more: Partial<TrainConfig['grpo']>): TrainConfig => ({
  ...config,
  grpo: { ...config.grpo, ...more },
});

test('alignment to users alone sees no order in a tool’s text, joint alignment does', () => {
  const modes = (of: TrainConfig) =>
    new Set(
      Array.from({ length: 8 }, (_, step) => pickIndexes(of, step).map((at) => scenarioAt(of, at)))
        .flat()
        .map(({ labels }) => labels.response),
    );
  assert.ok(modes(config).has('malicious'));
  assert.deepEqual([...modes(withGrpo({ channels: 'user' }))].sort(), ['benign', 'sensitive']);
});

test('without scaling an advantage is the difference from the mean', async () => {
  const plain = await sampleGroups(fakePool().pool, new Float32Array(1), withGrpo({ scaling: 'none' }), 1);
  for (const group of plain) {
    const rewards = group.members.map(({ episode: e }) => e.reward?.total ?? 0);
    const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
    const [first] = group.members;
    if (first?.advantage == null) continue;
    assert.ok(Math.abs(first.advantage - ((rewards[0] ?? 0) - mean)) < 1e-9);
  }
});

test('dynamic sampling plays on until enough groups say something, and keeps no silent one', async () => {
  const { pool, requests } = fakePool();
  const wish = withGrpo({ rounds: 4 });
  const groups = await sampleGroups(pool, new Float32Array(1), wish, 1);
  assert.equal(groups.length, wish.grpo.groups);
  assert.ok(requests.length > 1 && requests.length <= 4);
  for (const { members } of groups) assert.ok(members.some(({ advantage }) => advantage !== null));
  const seeds = requests.flatMap(({ jobs }) => jobs.map(({ seed }) => seed));
  assert.equal(new Set(seeds).size, seeds.length, 'every member has a seed of its own');
});

test('credit goes to steps where asked for: the steps of a member differ, the episode’s advantage stays', async () => {
  const groups = await sampleGroups(fakePool().pool, new Float32Array(1), withGrpo({ credit: 'step' }), 1);
  const all = groups.flatMap(({ members }) => members);
  for (const { episode: e, credit } of all) assert.equal(credit?.length, e.steps.length);
  assert.ok(all.some(({ credit = [] }) => new Set(credit).size > 1));
});

test('a mean over episodes gives each the same weight, a mean over tokens each token', () => {
  const short = { ...transcript, own: transcript.own.map((own, at) => own && at === transcript.own.lastIndexOf(true)) };
  const masks = short.own.map((own, at) => (own ? (transcript.masks[at] ?? null) : null));
  const members = [[member(1), member(-1, { ...short, masks })]];
  const sums = (level: 'token' | 'sequence') =>
    buildBatch(members, DECIDES, 1, level).data.map(({ weights }) => weights.reduce((a, b) => a + b, 0));
  const [a = 0, b = 0] = sums('sequence');
  assert.ok(Math.abs(a - 0.5) < 1e-6 && Math.abs(b - 0.5) < 1e-6);
  const [c = 0, d = 0] = sums('token');
  assert.ok(c > d && Math.abs(c + d - 1) < 1e-6);
});
