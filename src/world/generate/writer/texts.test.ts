// Facts about the generator's texts: as many as asked for, no two the same, labelled by what stands in them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../../episode/input.ts';
import { generateScenario } from '../generate.ts';
import { generateTexts, textsOf } from './texts.ts';

const wanted = { suite: 'core', seed: 1, split: 'train', prompts: 300, utterances: 100 } as const;

test('there are as many of each kind as asked for, no two the same, and the same again for the same seed', () => {
  const texts = [...generateTexts(wanted)];
  assert.deepEqual(
    ['prompt', 'utterance'].map((kind) => texts.filter((text) => text.kind === kind).length),
    [300, 100],
  );
  assert.equal(new Set(texts.map(({ kind, text }) => `${kind} ${text}`)).size, 400);
  assert.deepEqual([...generateTexts(wanted)], texts);
  assert.notDeepEqual([...generateTexts({ ...wanted, seed: 2 })], texts);
});

test('an utterance is malicious exactly where an order is planted in it', () => {
  for (let index = 0; index < 240; index++) {
    const scenario = generateScenario(3, 'heldout', index);
    const attacks = scenario.injections.filter(({ kind }) => kind === 'attack');
    for (const { kind, mode, text } of textsOf(scenario)) {
      if (kind === 'prompt') assert.equal(mode, scenario.labels.prompt);
      else
        assert.equal(
          mode === 'malicious',
          attacks.some((attack) => text.includes(attack.text)),
          text,
        );
    }
  }
});

test('more than there are is told in a line, not waited for', () => {
  const greedy = { ...wanted, prompts: 0, utterances: 1000 };
  assert.throws(() => [...generateTexts(greedy, 1)].length, InputError);
  assert.equal([...generateTexts(greedy)].length, 1000);
});
