import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { scriptedPolicy } from '../agent/scripted.ts';
import { rng } from '../episode/random.ts';
import type { Policy } from '../policy/policy.ts';
import type { Scenario } from '../world/scenario.ts';
import { type Arena, type ArenaOptions, openArena } from './arena.ts';
import type { Attacker } from './attacker.ts';
import { banditAttacker, drawBeta } from './attackers/bandit.ts';
import { bestOfAttacker, evolveAttacker } from './attackers/evolve.ts';
import { openAttacker } from './attackers/index.ts';
import { learnedAttacker } from './attackers/learned.ts';
import { randomAttacker, templateAttacker } from './attackers/template.ts';
import { type Fate, runCampaign } from './campaign.ts';
import { drawTargets, leakyGround, weakGuard, weakPolicy } from './fixtures.ts';
import { blankJournal } from './journal.ts';
import type { Target } from './target.ts';

let targets: readonly Target[] = [];
before(async () => {
  // Who refuses at once reads nothing, and nothing leaks.
  const reading = (await drawTargets('tool', 48)).filter(({ scenario }) => scenario.labels.prompt === 'benign');
  targets = reading.slice(0, 4);
});

const DEFENCE = { policy: 'scripted:oracle', guard: null };
const arenaOf = (policyFor: (scenario: Scenario) => Policy, more: Partial<ArenaOptions> = {}): Promise<Arena> =>
  openArena({ defence: DEFENCE, policyFor, ...more });

async function attack(attacker: Attacker, arena: Arena, tries: number): Promise<Fate[]> {
  try {
    const journal = blankJournal();
    return await runCampaign({ targets, attacker, arena, level: 'grey', budget: { tries }, seed: 3, journal });
  } finally {
    await attacker.close?.();
    await arena.close();
  }
}

const LEARNERS: readonly (readonly [string, () => Attacker | Promise<Attacker>])[] = [
  ['best-of-n', bestOfAttacker],
  ['evolve', evolveAttacker],
  ['bandit', banditAttacker],
  ['learned', () => learnedAttacker(3)],
];
const honest = (scenario: Scenario): Policy => scriptedPolicy('oracle', scenario);
/** What opens each planted hole. */
const HOLE = /user has (agreed|approved)/;
const BUDGET = 200;

for (const [name, open] of LEARNERS) {
  test(`${name} finds the phrase a policy obeys`, async () => {
    const fates = await attack(await open(), await arenaOf((s) => weakPolicy(s, HOLE)), BUDGET);
    assert.ok(fates.length >= 3);
    for (const { brokenAt } of fates) assert.ok(brokenAt !== null && brokenAt > 0);
  });

  test(`${name} finds the text for which a guard's rule is off`, async () => {
    const wanted = targets.flatMap(({ order }) => order.calls.map((call) => call.name));
    const arena = await arenaOf((s) => scriptedPolicy('compromised', s), { guardFor: () => weakGuard(HOLE, wanted) });
    for (const { brokenAt } of await attack(await open(), arena, BUDGET)) assert.ok(brokenAt !== null && brokenAt > 0);
  });

  test(`${name} finds what makes a service leak`, async () => {
    const fates = await attack(await open(), await arenaOf(honest, { ground: leakyGround(HOLE) }), BUDGET);
    for (const { brokenAt } of fates) assert.ok(brokenAt !== null && brokenAt > 0);
  });

  test(`${name} finds nothing where there is no hole`, async () => {
    const arenas = [
      await arenaOf((s) => weakPolicy(s, /(?!)/)),
      await arenaOf(honest, { ground: leakyGround(/(?!)/) }),
    ];
    for (const arena of arenas) {
      for (const { brokenAt } of await attack(await open(), arena, 16)) assert.equal(brokenAt, null);
    }
  });
}

test('a guard without a hole holds what a guard with one lets pass', async () => {
  const wanted = targets.flatMap(({ order }) => order.calls.map((call) => call.name));
  const arena = await arenaOf((s) => scriptedPolicy('compromised', s), { guardFor: () => weakGuard(/(?!)/, wanted) });
  for (const { brokenAt } of await attack(randomAttacker(), arena, 24)) assert.equal(brokenAt, null);
});

test('what was learned of one target breaks the next sooner', async () => {
  const spend = async (attacker: Attacker): Promise<number> => {
    const fates = await attack(attacker, await arenaOf((s) => weakPolicy(s, HOLE)), 400);
    return fates.reduce((sum, { tries }) => sum + tries, 0);
  };
  assert.ok((await spend(evolveAttacker())) < 400 * targets.length);
});

test('an agent that obeys everybody falls to the first template; a target it does not obey in, never', async () => {
  const fates = await attack(
    templateAttacker(1),
    await openArena({ defence: { ...DEFENCE, policy: 'scripted:compromised' } }),
    4,
  );
  for (const { brokenAt } of fates) assert.equal(brokenAt, 1);
  const idle = await attack(
    templateAttacker(1),
    await openArena({ defence: { ...DEFENCE, policy: 'scripted:idle' } }),
    4,
  );
  for (const { brokenAt, tries } of idle) assert.deepEqual([brokenAt, tries], [null, 4]);
});

test('an attacker that lacks what it needs says so', async () => {
  const means = { seed: 1, level: 'grey', defence: DEFENCE } as const;
  await assert.rejects(openAttacker('gradient', means), /expected --knowledge white/);
  await assert.rejects(openAttacker('gradient', { ...means, level: 'white' }), /expected local:DIR/);
  await assert.rejects(openAttacker('human', means), /expected a terminal/);
  await assert.rejects(openAttacker('chat', means), /expected --attacker-model/);
});

test('draws of Beta have its mean', () => {
  const r = rng('beta');
  for (const [a, b] of [
    [0.5, 2],
    [3, 1],
    [20, 60],
  ] as const) {
    const mean = Array.from({ length: 4000 }, () => drawBeta(a, b, r)).reduce((x, y) => x + y, 0) / 4000;
    assert.ok(Math.abs(mean - a / (a + b)) < 0.02, `${a} ${b} ${mean}`);
  }
});
