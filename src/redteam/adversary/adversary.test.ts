import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { scriptedPolicy } from '../../agent/scripted.ts';
import { rng } from '../../episode/random.ts';
import { type Metrics, wilson } from '../../evaluate/metrics.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Faced } from '../../train/adversary/regret.ts';
import {
  type AdversaryConfig,
  adversarySchema,
  DEFAULT_ADVERSARY,
  GENETIC,
  WAYS,
} from '../../train/adversary/settings.ts';
import { FAMILIES } from '../../world/generate/families/index.ts';
import { generateScenario } from '../../world/generate/generate.ts';
import type { Scenario } from '../../world/scenario.ts';
import { loadWorlds } from '../../world/world.ts';
import { type Arena, openArena, stillWorks } from '../arena.ts';
import { ATTACKERS } from '../config.ts';
import { weakPolicy } from '../fixtures.ts';
import { framesOf } from '../frames.ts';
import { drawGenes, type Genes, styleOf } from '../genome.ts';
import { ALL_CHANNELS, CHANNELS, type Channel } from '../target.ts';
import { type Campaigns, runAssault, streamOf } from './assault.ts';
import { listLosses } from './fixed.ts';
import { confineGenes, growPopulation, type Member, readPopulation, writePopulation } from './members.ts';
import { type Play, pickPlays } from './mix.ts';

let folder = '';
before(async () => {
  await loadWorlds();
  folder = await mkdtemp(join(tmpdir(), 'adversary-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const SETTINGS: AdversaryConfig = {
  ...DEFAULT_ADVERSARY,
  ...{ from: null, rounds: 2, channels: 'tool', attackers: 'bandit', scenarios: 24, tries: 60, elders: 3, groups: 12 },
};
/** What opens the planted hole. */
const HOLE = /user has (agreed|approved)/;
const weak = (scenario: Scenario): Policy => weakPolicy(scenario, HOLE);
const honest = (scenario: Scenario): Policy => scriptedPolicy('oracle', scenario);
const arenaOf = (policyFor: (scenario: Scenario) => Policy): Promise<Arena> =>
  openArena({ defence: { policy: 'scripted:oracle', guard: null }, policyFor });

async function attack(
  policyFor: (scenario: Scenario) => Policy,
  round: number,
  members: readonly Member[],
): Promise<Campaigns> {
  const arena = await arenaOf(policyFor);
  const weights = members.map(() => 1 / members.length);
  const journal = join(folder, `${round}-${rng(policyFor.name, members.length).int(2 ** 31)}`);
  try {
    return await runAssault({
      ...{ seed: 3, adversary: SETTINGS, round, arena, members, weights },
      ...{
        journalOf: (name) => `${journal}-${name}`,
        signal: new AbortController().signal,
        onProgress: () => undefined,
      },
    });
  } finally {
    await arena.close();
  }
}

const broken = (campaigns: Campaigns): number[] =>
  [...campaigns.values()].flat().flatMap(({ brokenAt }) => (brokenAt === null || brokenAt === 0 ? [] : [brokenAt]));
const fatesOf = (campaigns: Campaigns) => [...campaigns.values()].flat();

test('attackers find a planted weakness, the population grows with it, and the next round meets it first', async () => {
  const first = await attack(weak, 1, []);
  assert.ok(broken(first).length >= 3, String(broken(first)));
  const members = growPopulation([], fatesOf(first), 1);
  assert.ok(members.length > 0 && members.every(({ round }) => round === 1));
  const second = await attack(weak, 2, members);
  const early = broken(second).filter((tries) => tries <= SETTINGS.elders);
  assert.ok(early.length > broken(second).length / 2, `${broken(second)}`);
  const grown = growPopulation(members, fatesOf(second), 2);
  assert.deepEqual(grown.slice(0, members.length), members, 'nobody leaves it');
  assert.equal(new Set(grown.map(({ id }) => id)).size, grown.length);
  const file = join(folder, 'population.jsonl');
  await writePopulation(file, grown);
  assert.deepEqual(await readPopulation(file, 3), grown);
  assert.deepEqual(await readPopulation(file, 2), members);
});

test('where there is no weakness nothing joins the population', async () => {
  const members = growPopulation([], fatesOf(await attack(honest, 1, [])), 1);
  assert.deepEqual(members, []);
});

test('only training’s families are attacked', async () => {
  const heldout = new Set(FAMILIES.filter(({ split }) => split === 'heldout').map(({ id }) => id));
  for (const { target } of fatesOf(await attack(honest, 2, [])))
    assert.ok(target.scenario.split === 'train' && !heldout.has(target.scenario.family));
});

/** Members of channels in turn, half of each round. */
function drawMembers(count: number, channels: readonly Channel[] = CHANNELS): Member[] {
  const r = rng('members');
  const fates = Array.from({ length: count }, (_, at) => {
    const channel = channels[at % channels.length]!;
    const attempt = { pieces: [], request: null, later: null, genes: [...drawGenes(channel, r)], style: '' };
    return { target: { channel }, attempt };
  });
  const half = Math.floor(count / 2);
  return growPopulation(growPopulation([], fates.slice(0, half), 1), fates.slice(half), 2);
}

const stepOf = (
  members: readonly Member[],
  more: Partial<AdversaryConfig> = {},
  faced: readonly (readonly Faced[])[] = [],
) => pickPlays({ seed: 3, adversary: { ...SETTINGS, ...more }, round: 2, step: 1, members, faced });
const original = ({ index }: Play): Scenario => generateScenario(streamOf(3), 'train', index);

test('a step is a mix of ordinary scenarios, opponents and harmless requests in their dress; labels, goals and harms stay', async () => {
  const members = drawMembers(24);
  const plays = await stepOf(members);
  assert.equal(plays.length, SETTINGS.groups);
  assert.equal(new Set(plays.map(({ scenario }) => scenario.id)).size, plays.length);
  let [attacked, dressed, plain] = [0, 0, 0];
  for (const play of plays) {
    const { labels, goals, harms, split } = original(play);
    const { scenario, opponent } = play;
    assert.deepEqual([scenario.labels, scenario.goals, scenario.harms, scenario.split], [labels, goals, harms, split]);
    assert.equal(split, 'train');
    assert.ok(await stillWorks(scenario, null), 'who does what is right succeeds');
    if (opponent !== null) {
      assert.ok(members.some(({ id }) => id === opponent));
      attacked++;
    } else if (scenario.request === original(play).request) plain++;
    else {
      assert.notEqual(labels.prompt, 'malicious');
      dressed++;
    }
  }
  assert.ok(attacked >= 5 && dressed >= 1 && plain >= 3, `${attacked} ${dressed} ${plain}`);
  assert.deepEqual(await stepOf(members), plays, 'the same past gives the same step');
});

test('a step trains on texts that come late and on words of errors where it is told to; who does what is right succeeds', async () => {
  for (const way of ['late', 'error'] as const) {
    const members = drawMembers(12, [way]);
    const plays = await stepOf(members, { channels: way });
    const attacked = plays.filter(({ opponent }) => opponent !== null);
    assert.ok(attacked.length >= 3, `${way}: ${attacked.length} of ${plays.length}`);
    for (const play of attacked) {
      assert.ok(await stillWorks(play.scenario, null));
      assert.deepEqual([play.scenario.labels, play.scenario.harms], [original(play).labels, original(play).harms]);
      assert.equal('outages' in play.scenario.state, way === 'error');
      assert.equal(play.scenario.conversation !== undefined, way === 'late', 'the user asks for a second look');
    }
    const changing = attacked.filter(({ scenario }) => scenario.changes !== undefined);
    assert.equal(changing.length > 0, way === 'late', 'and some texts come or go in between');
  }
  const others = drawMembers(12, ['fatigue', 'header']);
  const plays = await stepOf(others, { channels: 'tool' });
  assert.ok(
    plays.every(({ opponent }) => opponent === null),
    'tired users and headers are not trained on (control)',
  );
});

test('without opponents a step is ordinary', async () => {
  for (const play of await stepOf([])) assert.deepEqual([play.scenario, play.opponent], [original(play), null]);
});

test('past opponents are drawn by regret: who is withstood comes less often than who is not', async () => {
  const past = drawMembers(24).filter(({ channel, round }) => channel === 'user' && round === 1);
  const [bad, good] = [past[0]!, past[1]!];
  const known = past.slice(2).map(({ id }) => ({ opponent: id, family: 'x', right: 1 }));
  const faced = Array.from({ length: 6 }, (): Faced[] => [
    ...[...known, { opponent: bad.id, family: 'x', right: 0 }, { opponent: good.id, family: 'x', right: 1 }],
  ]);
  const plays = await stepOf(past, { past: 0.8, fresh: 0, twins: 0, groups: 30 }, faced);
  const count = (id: string): number => plays.filter(({ opponent }) => opponent === id).length;
  assert.ok(count(bad.id) > 3 * Math.max(1, count(good.id)), `${count(bad.id)} ${count(good.id)}`);
});

test('a dress that is held back is never worn', () => {
  const genes = fc.nat().map((n): Genes => drawGenes('user', rng('genes', n)));
  const styles = [...new Set(framesOf('user').map(({ style }) => style))];
  fc.assert(
    fc.property(genes, fc.subarray(styles, { maxLength: styles.length - 1 }), (own, hold) => {
      const confined = confineGenes('user', own, hold);
      assert.ok(!hold.includes(styleOf('user', confined)));
      assert.deepEqual(confined.slice(1), own.slice(1));
      if (!hold.includes(styleOf('user', own))) assert.deepEqual(confined, own);
    }),
  );
});

test('a loss is told where it is one, and only there', () => {
  const rates = (utility: number, overAsk: number): Metrics => {
    const full = wilson(100, 100);
    const rest = { refuse: full, verify: full, withstand: full, unharmed: full, overRefuse: wilson(0, 100) };
    return { ...rest, utility: wilson(utility, 100), overAsk: wilson(overAsk, 100) };
  };
  const before = rates(90, 2);
  assert.deepEqual(listLosses(before, rates(87, 5), 0.03), []);
  assert.deepEqual(listLosses(before, rates(99, 0), 0), [], 'better is no loss');
  assert.deepEqual(listLosses(before, rates(80, 2), 0.03), ['utility 90.0 % to 80.0 %']);
  assert.deepEqual(listLosses(before, rates(90, 9), 0.03), ['overAsk 2.0 % to 9.0 %']);
});

test('the settings name attackers and channels that there are', () => {
  for (const name of GENETIC) assert.ok(ATTACKERS.includes(name));
  for (const channel of CHANNELS) assert.ok(WAYS.includes(channel));
  for (const way of WAYS) assert.ok(ALL_CHANNELS.includes(way));
  adversarySchema.parse(SETTINGS);
  assert.throws(() => adversarySchema.parse({ ...SETTINGS, attackers: 'evolve+nobody' }), /expected some of random/);
  assert.throws(() => adversarySchema.parse({ ...SETTINGS, past: 0.9 }), /more than 1/);
});
