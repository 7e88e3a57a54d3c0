// The drill: what its lessons are of, that they are the same each time, and that a step learns them and leaves decisions alone.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { rng } from '../../episode/random.ts';
import type { Batch } from '../../policy/local/batch.ts';
import { decisionMask, type Grammar, judgementCues, makeGrammar } from '../../policy/local/grammar.ts';
import type { Learner } from '../../policy/local/parallel.ts';
import { SPECIALS } from '../../policy/local/thought.ts';
import { type Tokenizer, trainTokenizer } from '../../policy/local/tokenizer.ts';
import { DEFAULT_ADVERSARY } from '../../train/adversary/settings.ts';
import { DEFAULT_CONFIG } from '../../train/config.ts';
import { demonstrate, listTexts } from '../../train/demonstrate.ts';
import { TrainingFault } from '../../train/fault.ts';
import type { Lesson } from '../../train/warmstart.ts';
import { FAMILIES } from '../../world/generate/families/index.ts';
import { generateScenario } from '../../world/generate/generate.ts';
import { loadWorlds } from '../../world/world.ts';
import { DRILL, drawDrillers, drillLessons, drillStep } from './drill.ts';
import { pickPlays } from './mix.ts';

const ADVERSARY = { ...DEFAULT_ADVERSARY, from: null, rounds: 1, groups: 10, replay: 4 };
let tokenizer: Tokenizer;
let grammar: Grammar;

before(async () => {
  await loadWorlds();
  const specials = new Map(SPECIALS.map((name, id) => [name, id]));
  const scenarios = Array.from({ length: 60 }, (_, index) => generateScenario(5, 'train', index));
  const texts = await Promise.all(
    scenarios.map(async (one) => listTexts(await demonstrate(one, rng('drill-test', one.id)), specials)),
  );
  tokenizer = trainTokenizer(texts.flat(), { vocabSize: 1000, specials: SPECIALS, attachBlank: true });
  grammar = makeGrammar(tokenizer);
});

const lessonsOf = (step: number) =>
  drillLessons(grammar, DEFAULT_CONFIG, ADVERSARY, step, drawDrillers(DEFAULT_CONFIG.seed, ADVERSARY));

test('attacks of every channel are drawn, the same for a seed, none in a style that is held back', () => {
  const drawn = drawDrillers(1, ADVERSARY);
  assert.deepEqual(drawn, drawDrillers(1, ADVERSARY));
  assert.notDeepEqual(drawn, drawDrillers(2, ADVERSARY));
  assert.deepEqual([...new Set(drawn.map(({ channel }) => channel))].sort(), ['approval', 'tool', 'user']);
  const style = drawn.find(({ channel }) => channel === 'user')!.style;
  assert.ok(drawDrillers(1, { ...ADVERSARY, hold: style }).every((one) => one.style !== style));
});

test('most lessons are of attacked scenarios, of the families that are trained on, and the same each time', async () => {
  const members = drawDrillers(DEFAULT_CONFIG.seed, ADVERSARY);
  const at = {
    seed: 1,
    adversary: { ...ADVERSARY, fresh: 0.7, past: 0, twins: 0.3 },
    round: DRILL,
    members,
    faced: [],
  };
  const plays = await pickPlays({ ...at, step: 3 });
  assert.ok(plays.filter(({ dressed }) => dressed).length >= 8);
  const trained = new Set(FAMILIES.filter(({ split }) => split === 'train').map(({ id }) => id));
  for (const { scenario } of plays) assert.ok(trained.has(scenario.family), scenario.family);
  const lessons = await lessonsOf(3);
  assert.ok(lessons.length >= 4);
  assert.deepEqual(lessons, await lessonsOf(3));
  assert.notDeepEqual(lessons, await lessonsOf(4));
});

/** A learner that keeps what it is given. */
function recorder(loss: number) {
  const batches: Batch[] = [];
  let steps = 0;
  const learner = {
    forwardBackward: async (batch: Batch) => {
      batches.push(batch);
      return { loss };
    },
    logps: async ({ data }: Batch) => data.map(({ tokens }) => new Float32Array(tokens.length)),
    state: () => ({ theta: new Float32Array(1), m: new Float32Array(1), v: new Float32Array(1), step: 0 }),
    restore: () => undefined,
    optimStep: async () => {
      steps++;
      return { gradientNorm: 1 };
    },
  } as unknown as Learner;
  return { learner, batches, steps: () => steps };
}

test('a step learns dressed lessons beside demonstrations, and no decision; a loss that is no number stops it', async () => {
  const dressed = await lessonsOf(1);
  const lessons: Lesson[] = [...(await lessonsOf(2)), ...(await lessonsOf(5))];
  const aids = { decisions: decisionMask(tokenizer), cues: judgementCues(tokenizer), lessons };
  const at = { config: DEFAULT_CONFIG, adversary: ADVERSARY, start: new Float32Array(1), step: 0 };
  const good = recorder(1);
  await drillStep(good.learner, dressed, at, aids);
  const [batch] = good.batches;
  const taught = batch!.data.slice(0, dressed.length + ADVERSARY.replay);
  // Behind them places of demonstrations where decisions are held.
  const held = batch!.data.slice(taught.length);
  assert.ok(held.length > 0 && held.length <= ADVERSARY.replay);
  const decision = batch!.maskTable!.findIndex((mask) => mask.join() === aids.decisions.join());
  assert.ok(decision >= 0);
  const weights = taught.flatMap(({ tokens, masks, weights: own }) =>
    [...tokens].flatMap((_, place) =>
      masks![place] === decision && aids.cues.has(tokens[place - 1] ?? -1) ? [own[place]!] : [],
    ),
  );
  assert.ok(weights.length > 0 && weights.every((weight) => weight === 0));
  assert.ok(batch!.data.every(({ weights: own }) => own.some((weight) => weight > 0)));
  assert.equal(good.steps(), 1);
  const bad = recorder(Number.NaN);
  await assert.rejects(drillStep(bad.learner, dressed, at, aids), TrainingFault);
});
