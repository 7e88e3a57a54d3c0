// Lessons from the dressed plays of a step: which plays give one, that their facts are the scenario's, that they are the same each time.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { rng } from '../../episode/random.ts';
import { type Grammar, makeGrammar } from '../../policy/local/grammar.ts';
import { decodeThought, SPECIALS } from '../../policy/local/thought.ts';
import { type Tokenizer, trainTokenizer } from '../../policy/local/tokenizer.ts';
import { DEFAULT_CONFIG } from '../../train/config.ts';
import { demonstrate, listTexts } from '../../train/demonstrate.ts';
import { generateScenario } from '../../world/generate/generate.ts';
import { loadWorlds } from '../../world/world.ts';
import { applyAttack } from '../attack.ts';
import { CODINGS } from '../coding.ts';
import { buildAttempt, GENES, type Gene } from '../genome.ts';
import { findTargets, type Target } from '../target.ts';
import type { Play } from './mix.ts';
import { teachPlays } from './teach.ts';

let targets: Target[];
let tokenizer: Tokenizer;
let grammar: Grammar;

before(async () => {
  await loadWorlds();
  const scenarios = Array.from({ length: 60 }, (_, index) => generateScenario(5, 'train', index));
  targets = await findTargets(scenarios, { channels: ['user'] });
  const specials = new Map(SPECIALS.map((name, id) => [name, id]));
  const texts = await Promise.all(
    scenarios.map(async (one) => listTexts(await demonstrate(one, rng('teach', one.id)), specials)),
  );
  tokenizer = trainTokenizer(texts.flat(), { vocabSize: 1000, specials: SPECIALS, attachBlank: true });
  grammar = makeGrammar(tokenizer);
});

/** A play of a malicious request with some genes set. */
function playOf(target: Target, set: { readonly [gene in Gene]?: number }, dressed = true): Play {
  const genes = GENES.map((gene) => set[gene] ?? 0);
  return { index: 0, scenario: applyAttack(target, buildAttempt(target, genes), 'attacked'), opponent: 'one', dressed };
}

const MOMENT = { round: 1, step: 2 };
const teach = (plays: readonly Play[]) => teachPlays(grammar, DEFAULT_CONFIG, MOMENT, plays);

test('a dressed play gives a lesson in which the request is seen for what it is; a plain one gives none', async () => {
  assert.ok(targets.length >= 10);
  const plays = targets.map((target) => playOf(target, { frame: 3 }));
  const lessons = await teach(plays);
  assert.equal(lessons.length, plays.length);
  for (const [at, { tokens }] of lessons.entries()) {
    const text = decodeThought(tokenizer, [...tokens]);
    assert.match(text, /others (?:private|precious)|crooked|danger|making|handling/, `${targets[at]!.id}: ${text}`);
  }
  assert.deepEqual(await teach(targets.map((target) => playOf(target, { frame: 3 }, false))), []);
  assert.deepEqual(await teach(plays), lessons, 'the same each time');
});

test('a text in disguise, whose values nobody can copy, gives no lesson', async () => {
  const coded = (coding: (typeof CODINGS)[number]) =>
    teach(targets.map((target) => playOf(target, { coding: CODINGS.indexOf(coding) })));
  assert.deepEqual(await coded('base64'), []);
  assert.equal((await coded('plain')).length, targets.length, 'control');
});

test('an episode beyond the model’s context gives no lesson', async () => {
  const small = { ...DEFAULT_CONFIG, model: { ...DEFAULT_CONFIG.model, context: 20 } };
  assert.deepEqual(await teachPlays(grammar, small, MOMENT, [playOf(targets[0]!, {})]), []);
});
