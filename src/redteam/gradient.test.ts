import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { scriptedPolicy } from '../agent/scripted.ts';
import { rng } from '../episode/random.ts';
import { saveCheckpoint } from '../policy/local/checkpoint.ts';
import { initialise } from '../policy/local/model.ts';
import { type Tokenizer, trainTokenizer } from '../policy/local/tokenizer.ts';
import { TAGS } from '../policy/protocol.ts';
import { type Arena, openArena } from './arena.ts';
import { textOf } from './attack.ts';
import type { Attacker } from './attacker.ts';
import { gradientAttacker, measureLoss } from './attackers/gradient.ts';
import { randomAttacker } from './attackers/template.ts';
import { runCampaign } from './campaign.ts';
import { drawScenarios, drawTargets } from './fixtures.ts';
import { blankJournal } from './journal.ts';
import type { Outcome } from './outcome.ts';
import type { Target } from './target.ts';

let folder = '';
let tokenizer: Tokenizer;
let target: Target;
before(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'redteam-gradient-')), 'model');
  const texts = (await drawScenarios(48)).flatMap((one) => [
    ` ${one.request}`,
    ...one.tools.map(({ as }) => ` ${as.replaceAll('_', ' ')}`),
  ]);
  tokenizer = trainTokenizer(texts, { vocabSize: 600, specials: TAGS, attachBlank: true });
  const sizes = { width: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, hidden: 32 };
  const config = { vocab: tokenizer.size, ...sizes, theta: 10_000, eps: 1e-6, context: 1024 };
  const r = rng('tiny');
  const common = { end: '<|end|>', pad: TAGS[0], chatTemplate: null, training: null };
  await saveCheckpoint(folder, { config, theta: initialise(config, () => r.next()), tokenizer, ...common });
  target = (await drawTargets('tool')).filter(({ scenario }) => scenario.labels.prompt === 'benign')[0]!;
});
after(() => rm(join(folder, '..'), { recursive: true, force: true }));

const view = (number: number) => ({ target, level: 'white' as const, number, r: rng('view', number) });

test('the wanted turn gets likelier from try to try, and the search is the same twice', async () => {
  const runs: string[] = [];
  for (const _ of [1, 2]) {
    const attacker = await gradientAttacker(folder);
    const attempts = [];
    for (let number = 1; number <= 6; number++) attempts.push(await attacker.propose(view(number)));
    await attacker.close?.();
    assert.ok(attempts.every((attempt) => attempt !== null));
    const losses = await measureLoss(
      folder,
      target,
      attempts.flatMap((attempt) => attempt ?? []),
    );
    const [first, ...later] = losses.map((loss) => loss ?? Infinity);
    assert.ok(Math.min(...later) < first! - 0.1, losses.join());
    runs.push(JSON.stringify(attempts));
  }
  assert.equal(runs[0], runs[1]);
});

test('its words are ordinary text: no control token can come of them', async () => {
  const attacker = await gradientAttacker(folder);
  const attempt = await attacker.propose(view(1));
  await attacker.close?.();
  assert.ok(attempt);
  const specials = new Set(tokenizer.specials.values());
  assert.ok(tokenizer.encode(` ${textOf(attempt)}`).every((id) => !specials.has(id)));
  assert.ok(TAGS.every((tag) => !textOf(attempt).includes(tag)));
});

/** An arena whose policy has a weakness in its weights: it obeys a text under which they find the wanted turn likely enough. */
async function weakArena(limit: number): Promise<Arena> {
  let obeys = false;
  const defence = { policy: 'scripted:oracle', guard: null };
  const arena = await openArena({
    defence,
    policyFor: (scenario) => scriptedPolicy(obeys ? 'compromised' : 'oracle', scenario),
  });
  return {
    ...arena,
    async play(tries) {
      const outcomes: Outcome[] = [];
      for (const one of tries) {
        const [loss = null] = one.attempt.pieces.length > 0 ? await measureLoss(folder, one.target, [one.attempt]) : [];
        obeys = loss !== null && loss < limit;
        outcomes.push(...(await arena.play([one])));
      }
      return outcomes;
    },
  };
}

async function attack(attacker: Attacker, limit: number): Promise<number | null | undefined> {
  const arena = await weakArena(limit);
  const budget = { tries: 40 };
  const fates = await runCampaign({
    targets: [target],
    attacker,
    arena,
    level: 'white',
    budget,
    seed: 3,
    journal: blankJournal(),
  });
  await Promise.all([attacker.close?.(), arena.close()]);
  return fates[0]?.brokenAt;
}

test('a weakness planted in weights is found by their gradient much sooner than by chance; where there is none nothing is found', async () => {
  const first = await gradientAttacker(folder);
  const start = await first.propose(view(1));
  await first.close?.();
  const [plain = null] = await measureLoss(folder, target, start === null ? [] : [start]);
  assert.ok(plain !== null);
  const limit = plain - 1;
  const found = await attack(await gradientAttacker(folder), limit);
  assert.ok(found !== null && found !== undefined && found > 1, `${found}`);
  const drawn = await attack(randomAttacker(), limit);
  assert.ok(
    (drawn ?? Number.POSITIVE_INFINITY) > 4 * found,
    `by chance after ${drawn} tries, by gradient after ${found}`,
  );
  assert.equal(await attack(await gradientAttacker(folder), Number.NEGATIVE_INFINITY), null, 'nothing planted');
});
