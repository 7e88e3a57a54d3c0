import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rng } from '../episode/random.ts';
import { saveCheckpoint } from '../policy/local/checkpoint.ts';
import { initialise } from '../policy/local/model.ts';
import { type Tokenizer, trainTokenizer } from '../policy/local/tokenizer.ts';
import { TAGS } from '../policy/protocol.ts';
import { textOf } from './attack.ts';
import { gradientAttacker, measureLoss } from './attackers/gradient.ts';
import { drawScenarios, drawTargets } from './fixtures.ts';
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
