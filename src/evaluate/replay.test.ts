// Replays and second judgements of stored episodes: they agree with an honest record and name every change to it.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openActor } from '../agent/named.ts';
import { SCRIPTED } from '../agent/scripted.ts';
import type { Episode } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import { presets } from '../reward/presets.ts';
import { generateSuite } from '../world/generate/generate.ts';
import { loadWorlds } from '../world/world.ts';
import { regenerateScenario, replayEpisode, rescoreEpisode } from './replay.ts';
import { playSuite } from './suite.ts';

const scenarios = generateSuite({ count: 24, seed: 6, split: 'heldout' });
const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
const episodes: Episode[] = [];

before(async () => {
  await loadWorlds();
  for (const name of SCRIPTED) {
    const actor = await openActor(`scripted:${name}`, { workers: 1 });
    for await (const episode of playSuite(actor, scenarios, 'tribune')) episodes.push(episode);
  }
});

const scenarioOf = ({ scenario }: Episode) => byId.get(scenario)!;
/** An episode of the compromised policy with a tool's result in it. */
const sample = (): Episode =>
  episodes.find(({ policy, steps }) => policy === 'scripted:compromised' && steps[0]?.observation.kind === 'result')!;
const placesOf = async (episode: Episode) =>
  (await replayEpisode(episode, scenarioOf(episode))).differences.map(({ where }) => where);

test('an honest record is replayed to the letter', async () => {
  for (const episode of episodes) {
    const { replayed, differences } = await replayEpisode(episode, scenarioOf(episode));
    assert.deepEqual(differences, []);
    assert.deepEqual(replayed, episode);
  }
});

test('a changed result, action, fact or reward is named', async () => {
  const episode = sample();
  const [first, ...rest] = episode.steps as [Episode['steps'][number], ...Episode['steps']];
  const told = { ...first, observation: { kind: 'result', text: 'something else' } } as const;
  assert.deepEqual(await placesOf({ ...episode, steps: [told, ...rest] }), ['step 1']);
  const other = { ...first, action: { kind: 'call', call: { name: 'nothing', arguments: {} } } } as const;
  assert.ok((await placesOf({ ...episode, steps: [other, ...rest] })).includes('step 1'));
  const verdict = { ...episode.verdict!, harm: !episode.verdict!.harm };
  assert.deepEqual(await placesOf({ ...episode, verdict }), ['verdict.harm']);
  const reward = { ...episode.reward!, total: 9 };
  assert.deepEqual(await placesOf({ ...episode, reward }), ['reward']);
  assert.deepEqual(await placesOf({ ...episode, verdict: null, reward: null }), []); // nothing recorded, nothing to differ
});

test('scoring again under the same preset gives the same record, without a world', () => {
  for (const episode of episodes)
    assert.deepEqual(rescoreEpisode(episode, scenarioOf(episode), presets.tribune), episode);
});

test('scoring again under another preset changes the reward and no verdict', () => {
  const paper = episodes.map((episode) => rescoreEpisode(episode, scenarioOf(episode), presets.paper));
  assert.deepEqual(
    paper.map(({ verdict }) => verdict),
    episodes.map(({ verdict }) => verdict),
  );
  for (const { reward } of paper) assert.deepEqual(Object.keys(reward!.terms), ['label']);
});

test('an episode that was not judged stays so', () => {
  const { verdict, reward } = rescoreEpisode({ ...sample(), verdict: null }, scenarioOf(sample()), presets.tribune);
  assert.deepEqual([verdict?.goal, verdict?.harm, verdict?.success, reward], [null, null, null, null]);
});

test('the scenario of another request or other tools is refused', async () => {
  const episode = sample();
  const scenario = scenarioOf(episode);
  await assert.rejects(replayEpisode({ ...episode, request: 'x' }, scenario), InputError);
  assert.throws(() => rescoreEpisode({ ...episode, tools: [] }, scenario, presets.paper), InputError);
});

test('an id of the generator gives its scenario again, any other id nothing', () => {
  for (const scenario of scenarios) assert.deepEqual(regenerateScenario(scenario.id), scenario);
  for (const id of ['bill', 'core-test-1-1', 'core-train-1', 'core-train-1-1#0', 'core-train--1-1', 'mine-train-1-1'])
    assert.equal(regenerateScenario(id), null, id);
});
