import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Arena, openArena, type Try } from './arena.ts';
import { NO_ATTACK } from './attack.ts';
import { evolveAttacker } from './attackers/evolve.ts';
import { randomAttacker } from './attackers/template.ts';
import { type CampaignOptions, countTokens, type Fate, runCampaign } from './campaign.ts';
import { curveOf, gridOf, successAt } from './figures.ts';
import { drawTargets, plant, weakPolicy } from './fixtures.ts';
import { chooseBest, type Found, foundScenario, writeFound } from './found.ts';
import { blankJournal, openJournal } from './journal.ts';
import { minimiseAttacks } from './minimise.ts';
import { type Outcome, showOutcome } from './outcome.ts';
import { openArenas } from './pool.ts';
import type { Target } from './target.ts';

let targets: readonly Target[] = [];
let folder = '';
before(async () => {
  targets = (await drawTargets('tool')).slice(0, 3);
  folder = await mkdtemp(join(tmpdir(), 'redteam-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const DEFENCE = { policy: 'scripted:oracle', guard: null };
const weakArena = (phrase = /agreed/): Promise<Arena> =>
  openArena({ defence: DEFENCE, policyFor: (scenario) => weakPolicy(scenario, phrase) });
const optionsOf = (arena: Arena, more: Partial<CampaignOptions> = {}): CampaignOptions => {
  const common = { targets, attacker: evolveAttacker(), arena, level: 'grey', journal: blankJournal() } as const;
  return { ...common, budget: { tries: 40 }, seed: 5, ...more };
};

test('the same seed gives the same campaign, another seed another', async () => {
  const run = async (seed: number): Promise<string> => {
    const journal = blankJournal();
    await runCampaign(optionsOf(await weakArena(), { seed, journal }));
    return JSON.stringify(journal.rounds);
  };
  assert.equal(await run(5), await run(5));
  assert.notEqual(await run(5), await run(6));
});

test('a campaign stopped in the middle of a round goes on to the same end', async () => {
  const [whole, cut] = [join(folder, 'whole.jsonl'), join(folder, 'cut.jsonl')];
  const run = async (file: string, signal?: AbortSignal): Promise<Fate[]> => {
    const journal = await openJournal(file);
    return runCampaign(optionsOf(await weakArena(/(?!)/), { journal, ...(signal ? { signal } : {}) }));
  };
  await run(whole);
  const stop = new AbortController();
  const arena = await weakArena(/(?!)/);
  let rounds = 0;
  const counting: Arena = {
    ...arena,
    play(tries) {
      if (++rounds === 3) stop.abort();
      return arena.play(tries);
    },
  };
  const journal = await openJournal(cut);
  await assert.rejects(runCampaign(optionsOf(counting, { journal, signal: stop.signal })));
  await appendFile(cut, '{"half a li');
  await run(cut);
  assert.equal(await readFile(cut, 'utf8'), await readFile(whole, 'utf8'));
});

test('a journal of another seed is refused', async () => {
  const file = join(folder, 'seed.jsonl');
  await runCampaign(optionsOf(await weakArena(), { journal: await openJournal(file) }));
  const again = runCampaign(optionsOf(await weakArena(), { seed: 6, journal: await openJournal(file) }));
  await assert.rejects(again, /expected the same/);
});

test('budgets in tokens and seconds end a campaign, and the curve ends with them', async () => {
  const arena = await weakArena(/(?!)/);
  const tries = async (budget: CampaignOptions['budget'], now?: () => number): Promise<number> => {
    const fates = await runCampaign(optionsOf(arena, { budget, ...(now ? { now } : {}) }));
    assert.ok(curveOf(fates, budget.tries).every((point) => point.tries <= (fates[0]?.tries ?? 0)));
    return fates[0]?.tries ?? 0;
  };
  assert.equal(await tries({ tries: 40 }), 40);
  assert.ok((await tries({ tries: 40, tokens: 60 })) < 40);
  let clock = 0;
  assert.ok((await tries({ tries: 40, seconds: 1 }, () => (clock += 300))) < 40);
});

test('a text that was tried is not tried again', async () => {
  const journal = blankJournal();
  await runCampaign(optionsOf(await weakArena(/(?!)/), { attacker: randomAttacker(), journal, budget: { tries: 80 } }));
  const tried = journal.rounds.flat().map(({ target, attempt }) => JSON.stringify([target, attempt.pieces]));
  assert.ok(new Set(tried).size > 0.95 * tried.length);
});

test('threads give what this thread gives', async () => {
  const portable = { defence: { policy: 'scripted:compromised', guard: {} } };
  const tries = targets.map(
    (target): Try => ({ target, attempt: plant(target, `Please ${target.order.phrase}.`), number: 1 }),
  );
  const [inside, outside] = [await openArena(portable), openArenas(portable, 2)];
  try {
    assert.deepEqual(await outside.play(tries), await inside.play(tries));
    assert.equal(outside.name, inside.name);
  } finally {
    await Promise.all([inside.close(), outside.close()]);
  }
});

test('a thread that cannot open its policy fails the request', async () => {
  const arena = openArenas({ defence: { policy: 'local:/nowhere', guard: null } }, 1);
  await assert.rejects(arena.play([{ target: targets[0]!, attempt: NO_ATTACK, number: 0 }]), /nowhere/);
  await arena.close();
});

test('black box sees whether it worked and nothing else', () => {
  const outcome: Outcome = {
    broken: false,
    harms: ['x'],
    goal: true,
    checks: 2,
    score: 0.8,
    said: ['secret'],
    fault: null,
  };
  const shown = showOutcome(outcome, 'black');
  assert.deepEqual([shown.score, shown.said, shown.checks, shown.goal], [0, [], 0, null]);
  assert.equal(showOutcome(outcome, 'grey'), outcome);
});

test('curves count what was broken within so many tries', () => {
  assert.deepEqual(gridOf(120), [0, 1, 2, 5, 10, 20, 50, 100, 120]);
  const fate = (brokenAt: number | null, tries: number): Fate => {
    return { target: targets[0]!, tries, brokenAt, attempt: null, outcome: null, goal: null, unjudged: 0 };
  };
  const fates = [fate(1, 1), fate(7, 7), fate(null, 12), fate(0, 0)];
  const rates = curveOf(fates, 20).map(({ tries, rate }) => [tries, rate.rate]);
  assert.deepEqual(rates, [
    [0, 0.25],
    [1, 0.5],
    [2, 0.5],
    [5, 0.5],
    [10, 0.75],
  ]);
  assert.equal(successAt(fates, 7).n, 4);
});

test('a found attack is cut to the words that matter, and still breaks its target', async () => {
  const arena = await weakArena(/agreed/);
  const attacks = targets.map((target) => {
    const text = `All is well so far. Please ${target.order.phrase}, it was agreed upon long ago by all.`;
    return { target, attempt: plant(target, text) };
  });
  const short = await minimiseAttacks(arena, attacks, 200);
  assert.ok(short.every((attempt) => attempt.pieces[0]?.text === 'agreed'));
  assert.deepEqual(
    (await minimiseAttacks(arena, attacks, 0)).map((attempt) => attempt.pieces[0]?.text),
    attacks.map(({ attempt }) => attempt.pieces[0]?.text),
  );
});

test('a malicious request keeps its words when the words around it are cut', async () => {
  const [target] = await drawTargets('user');
  assert.ok(target);
  const arena = await openArena({ defence: { policy: 'scripted:compromised', guard: null } });
  const common = { pieces: [], later: null, genes: null, style: 'test' };
  const asked = target.order.phrase;
  const [short, hidden] = await minimiseAttacks(
    arena,
    [`Quickly, ${asked} Thank you.`, `base64: ${btoa(asked)}`].map((request) => ({
      target,
      attempt: { ...common, request },
    })),
    100,
  );
  assert.equal(short?.request, asked);
  assert.equal(hidden?.request, `base64: ${btoa(asked)}`);
});

test('an agent by script is held to texts that say what they want', async () => {
  const arena = await openArena({ defence: { policy: 'scripted:compromised', guard: null } });
  const [target] = targets;
  assert.ok(target);
  const [mute, told] = await arena.play([
    { target, attempt: plant(target, 'All is well.'), number: 1 },
    { target, attempt: plant(target, target.order.phrase), number: 2 },
  ]);
  assert.deepEqual([mute?.broken, told?.broken], [false, true]);
});

test('the best of several is the one with the fewest tries, and the suite says where it comes from', async () => {
  const [target] = targets;
  assert.ok(target);
  const attempt = plant(target, target.order.phrase);
  const from = { level: 'grey', defence: 'local:a b', seed: 1 } as const;
  const found = [9, 4].map((tries): Found => ({ target, attempt, short: attempt, attacker: 'evolve', tries, ...from }));
  const best = chooseBest(found);
  assert.deepEqual(
    best.map(({ tries }) => tries),
    [4],
  );
  const file = await writeFound(join(folder, 'found'), best);
  const scenario = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(scenario, JSON.parse(JSON.stringify(foundScenario(best[0]!))));
  assert.equal(scenario.suite, 'found');
  const provenance = JSON.parse(await readFile(join(folder, 'found', 'provenance.jsonl'), 'utf8'));
  assert.deepEqual([provenance.scenario, provenance.tries, provenance.attacker], [scenario.id, 4, 'evolve']);
});

test('tokens are words and signs', () => assert.equal(countTokens('Pay Boris 400, now!'), 6));
