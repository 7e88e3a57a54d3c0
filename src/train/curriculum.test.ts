// Which scenarios are played: in turn by default; by signal and by failure on wish; always a function of seed and record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateScenario } from '../world/generate/generate.ts';
import { countSignal, type Lived, pickPlaces } from './curriculum.ts';

const at = (index: number) => generateScenario(7, 'train', index);
const live = (index: number, spoke: boolean, right: number): Lived => ({
  index,
  family: at(index).family,
  right,
  spoke,
});
const NONE = { signal: 0, failures: 0 };

test('without wishes the scenarios come in turn, whatever was recorded', () => {
  const past = [[live(0, true, 0), live(1, false, 1)]];
  assert.deepEqual(pickPlaces({ seed: 1, step: 2, groups: 4 }, NONE, past, at), [8, 9, 10, 11]);
});

test('failures come again, successes do not', () => {
  const past = [[live(0, true, 0.25), live(1, true, 0.75)]];
  const picked = pickPlaces({ seed: 1, step: 3, groups: 40 }, { signal: 0, failures: 0.5 }, past, at);
  assert.ok(picked.filter((index) => index === 0).length > 10);
  assert.ok(!picked.includes(1));
  assert.deepEqual(
    pickPlaces({ seed: 1, step: 0, groups: 3 }, { signal: 0, failures: 1 }, [], at),
    [0, 1, 2],
    'with nothing failed yet they come in turn',
  );
});

test('families whose groups disagree are played more, under the same labels', () => {
  const count = 200;
  const turn = Array.from({ length: count }, (_, place) => at(place));
  const favoured = turn[0]?.family ?? '';
  // The favourite always spoke, all others never.
  const past = Array.from({ length: 30 }, () => turn.map(({ family }, index) => live(index, family === favoured, 1)));
  const picked = pickPlaces({ seed: 1, step: 0, groups: count }, { signal: 1, failures: 0 }, past, at).map(at);
  for (const [place, scenario] of picked.entries()) {
    assert.equal(scenario.labels.prompt, turn[place]?.labels.prompt);
    assert.equal(scenario.labels.response, turn[place]?.labels.response);
  }
  const share = (list: readonly { family: string }[]) => list.filter(({ family }) => family === favoured).length;
  assert.ok(share(picked) > 1.5 * share(turn), `${share(picked)} against ${share(turn)}`);
});

test('a family’s signal fades with silent groups and is 1 before anything was seen', () => {
  const family = at(0).family;
  const signals = countSignal([[live(0, true, 1)], [live(0, false, 1)]]);
  assert.ok(Math.abs((signals.get(family) ?? 0) - 0.8) < 1e-9);
  assert.equal(countSignal([]).get(family), undefined);
});

test('the same seed and record give the same places', () => {
  const past = [[live(0, true, 0), live(5, false, 1)]];
  const pick = (seed: number) => pickPlaces({ seed, step: 4, groups: 24 }, { signal: 0.5, failures: 0.3 }, past, at);
  assert.deepEqual(pick(1), pick(1));
  assert.notDeepEqual(pick(1), pick(2));
});
