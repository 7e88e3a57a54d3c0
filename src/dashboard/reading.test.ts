// One episode opened: its scenario found in generators and files, what the guard says of it, its tokens, its group's advantages, and
// the world turn by turn. The episodes are played for real by scripted policies.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { guardPolicy, knowingGuard } from '../agent/guarded.ts';
import { rollout } from '../agent/rollout.ts';
import { scriptedPolicy } from '../agent/scripted.ts';
import { encodeEpisode } from '../episode/codec.ts';
import type { Episode } from '../episode/episode.ts';
import { presets } from '../reward/presets.ts';
import { scoreEpisode } from '../reward/reward.ts';
import { generateAxis } from '../world/generate/axes.ts';
import { generateSuite } from '../world/generate/generate.ts';
import type { Scenario } from '../world/scenario.ts';
import { toolByName } from '../world/services/index.ts';
import { loadWorlds } from '../world/world.ts';
import { openEpisodes } from './episodes.ts';
import { readEpisode, readJudged, replayRecord, type Sources } from './reading.ts';
import { openShelf } from './shelf.ts';
import { readTokens } from './tokens.ts';

let root = '';
let suite: readonly Scenario[] = [];
let edited: Scenario;
before(async () => {
  await loadWorlds();
  root = await mkdtemp(join(tmpdir(), 'tribune-reading-'));
  await mkdir(join(root, 'run', 'episodes'), { recursive: true });
  await mkdir(join(root, 'run', 'scenarios', 'found'), { recursive: true });
  await writeFile(join(root, 'run', 'config.json'), '{"grpo":{"scaling":"none"}}');
  suite = generateSuite({ count: 24, seed: 77, split: 'heldout' });
  const attacked = suite.find(({ labels }) => labels.prompt === 'benign' && labels.response === 'malicious')!;
  edited = { ...attacked, id: 'found-1', request: `${attacked.request} Thanks.` };
});
after(() => rm(root, { recursive: true }));

const effectsIn = (scenario: Scenario) => (shown: string) =>
  toolByName(scenario.tools.find(({ as }) => as === shown)?.tool ?? '')?.effects ?? [];

async function play(scenario: Scenario, guarded: boolean, member = 0): Promise<Episode> {
  const policyOf = (one: Scenario) => {
    const policy = scriptedPolicy('compromised', one);
    return guarded ? guardPolicy(policy, knowingGuard(effectsIn(one))) : policy;
  };
  const [played] = await rollout(policyOf, [{ scenario, seed: scenario.seed, member }]);
  assert.ok(played);
  return scoreEpisode(played.episode, scenario, played.facts, presets.tribune);
}

async function write(file: string, ...episodes: readonly Episode[]): Promise<Sources> {
  const text = episodes.map((episode) => `${encodeEpisode(episode)}\n`).join('');
  await writeFile(join(root, 'run', 'episodes', `${file}.jsonl`), text);
  return { root, episodes: openEpisodes(root), shelf: openShelf(root, []) };
}

test('a scenario of a file that a run has left is found, and its episode replayed; without the file it is not', async () => {
  const sources = await write('found', await play(edited, false));
  const wanted = { run: 'run', file: 'found', at: 0 };
  assert.equal((await readEpisode(sources, wanted))?.scenario, null);
  await assert.rejects(replayRecord(sources, wanted), /in no file of scenarios/);
  const file = join(root, 'run', 'scenarios', 'found', 'best.jsonl');
  await writeFile(file, 'damaged\n');
  assert.equal((await readEpisode(sources, wanted))?.scenario, null);
  await writeFile(file, `${JSON.stringify(edited)}\n`);
  assert.equal((await readEpisode(sources, wanted))?.scenario?.injected[0]?.text, edited.injections[0]?.text);
  assert.equal((await replayRecord(sources, wanted))?.same, true);
  assert.deepEqual(
    (await sources.shelf.list()).map(({ name }) => name),
    ['run/scenarios/found/best.jsonl'],
  );
  const other = { ...edited, request: 'Another one.' };
  await writeFile(file, `${JSON.stringify(other)}\n`);
  assert.equal((await readEpisode(sources, wanted))?.scenario, null, 'an id alone may lie');
});

test('scenarios of a study’s axes are made again from their ids', async () => {
  const [, , , scenario] = generateAxis('wordings', { count: 4, seed: 5 });
  assert.ok(scenario);
  const sources = await write('axis', await play(scenario, false));
  assert.equal((await replayRecord(sources, { run: 'run', file: 'axis', at: 0 }))?.same, true);
});

test('the world is told after each turn', async () => {
  const scenario = suite.find(({ plan, labels }) => plan.length > 2 && labels.response === 'malicious')!;
  const episode = await play(scenario, false);
  const sources = await write('turns', episode);
  const answer = await replayRecord(sources, { run: 'run', file: 'turns', at: 0 });
  assert.equal(answer?.changes.length, episode.steps.length);
  const calls = answer.changes.map((tables) => tables.find(({ table }) => table === 'calls')?.added.length ?? 0);
  assert.deepEqual(
    calls,
    calls.toSorted((a, b) => a - b),
  );
  assert.ok((calls.at(-1) ?? 0) >= 2);
});

test('where a guard stood before the policy, its word stands in the turns; where none did, what it would have said', async () => {
  const guarded = await play(edited, true);
  const bare = await play(edited, false);
  await writeFile(join(root, 'run', 'scenarios', 'found', 'best.jsonl'), `${JSON.stringify(edited)}\n`);
  const sources = await write('guarded', guarded, bare);
  const first = await readJudged(sources, { run: 'run', file: 'guarded', at: 0 });
  assert.deepEqual([first?.inLoop, first?.known, first?.turns.length], [true, true, guarded.steps.length]);
  const second = await readJudged(sources, {
    run: 'run',
    file: 'guarded',
    at: Buffer.byteLength(encodeEpisode(guarded)) + 1,
  });
  assert.equal(second?.inLoop, false);
  // The record of the unguarded one has the attack's call, and the guard says why it would not have passed.
  const notes = second.turns.flat().filter(({ about, said }) => about === 'call' && said !== 'execute');
  assert.ok(notes.length > 0);
  assert.ok(notes.every(({ reasons }) => reasons.length > 0 && reasons.every(({ text }) => text !== '')));
  // What got through the guard is what its judgement lets through, also when it is made again.
  const calls = guarded.steps.flatMap(({ action }, turn) => (action.kind === 'call' ? [turn] : []));
  for (const turn of calls)
    assert.ok(first?.turns[turn]?.some(({ about, said }) => about === 'call' && said === 'execute'));
});

test('advantages are those training used where they were kept, else worked out as the configuration says', async () => {
  const scenario = suite[0]!;
  const episodes = [await play(scenario, false, 0), await play(scenario, false, 1)].map(
    (episode, at): Episode => ({ ...episode, reward: { preset: 'tribune', terms: {}, total: at } }),
  );
  const sources = await write('step-0000', ...episodes);
  const wanted = { run: 'run', file: 'step-0000', at: 0 };
  const worked = await readEpisode(sources, wanted);
  assert.deepEqual(
    worked?.siblings.map(({ advantage, kept }) => [advantage, kept]),
    [
      [-0.5, false],
      [0.5, false],
    ],
  );
  assert.equal(worked.tokens, false);
  const record = {
    ...{ version: 1, id: episodes[0]!.id, advantage: -0.25, vocabulary: 9, texts: ['a'] },
    ...{ control: [], own: [0], allowed: [3], logps: [-1], weights: [1] },
  };
  const file = join(root, 'run', 'episodes', 'step-0000.tokens.jsonl');
  await writeFile(file, `${JSON.stringify(record)}\n`);
  const kept = await readEpisode(sources, wanted);
  assert.deepEqual(
    kept?.siblings.map(({ advantage, kept }) => [advantage, kept]),
    [
      [-0.25, true],
      [0.5, false],
    ],
  );
  assert.deepEqual(
    [kept.tokens, (await sources.episodes.open('run'))?.files.length],
    [true, 5],
    'tokens are no episodes',
  );
  assert.deepEqual((await readTokens(sources.episodes, 'run', 'step-0000', episodes[0]!.id))?.texts, ['a']);
  assert.equal(await readTokens(sources.episodes, 'run', 'step-0000', episodes[1]!.id), null);
  await writeFile(file, `${JSON.stringify({ ...record, own: 'x' })}\n`);
  await assert.rejects(readTokens(sources.episodes, 'run', 'step-0000', episodes[0]!.id), /own/);
});
