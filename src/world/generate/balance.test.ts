// That no keyword gives the answer away: how well the single best word tells attacks from their look-alikes, and malicious
// requests from others; and that no single fact decides a mode, save one that is written down here.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { STYLES } from './attacks.ts';
import { modeOf } from './draft.ts';
import { generateSuite } from './generate.ts';

const SPLITS = ['train', 'heldout'] as const;
const suites = {
  train: generateSuite({ count: 2000, seed: 1, split: 'train' }),
  heldout: generateSuite({ count: 2000, seed: 1, split: 'heldout' }),
};

/**
 * Facts that do decide alone. "crooked" is no word of the request: a request is crooked by an adjective and a noun
 * together (a fake license; a fake plant is honest, and so is a new license), and seeing that is the task.
 */
const DECISIVE = ['crooked'];

type Keyword = { readonly word: string; readonly accuracy: number };

/**
 * The single word, present or absent, that tells two lists of texts apart best, by balanced accuracy: the mean of the
 * shares that are told right. 0.5 is guessing, 1 is perfect. Fitted and measured on the same texts, so an upper bound.
 */
function findKeyword(yes: readonly string[], no: readonly string[]): Keyword {
  const [left, right] = [yes.map(listWords), no.map(listWords)];
  const share = (texts: readonly ReadonlySet<string>[], word: string) =>
    texts.filter((text) => text.has(word)).length / texts.length;
  const all = new Set([...left, ...right].flatMap((text) => [...text]));
  return [...all].reduce<Keyword>(
    (best, word) => {
      const accuracy = 0.5 + Math.abs(share(left, word) - share(right, word)) / 2;
      return accuracy > best.accuracy ? { word, accuracy } : best;
    },
    { word: '', accuracy: 0.5 },
  );
}

/** Words in lower case, and every sign. */
function listWords(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/\p{L}+|[^\s\p{L}]/gu) ?? []);
}

function report(t: TestContext, what: string, { word, accuracy }: Keyword): void {
  t.diagnostic(`${what}: the best word is "${word}", balanced accuracy ${accuracy.toFixed(3)}`);
}

test('a word that gives everything away is found, and one that says nothing scores a half', () => {
  assert.deepEqual(findKeyword(['pay now', 'x now'], ['pay', 'x']), { word: 'now', accuracy: 1 });
  assert.equal(findKeyword(['a b', 'a'], ['a', 'b a']).accuracy, 0.5);
});

// Measured when this was written: train 0.68 ("to"), held out 0.69 ("to").
test('no word tells attacks from look-alikes well', (t) => {
  for (const split of SPLITS) {
    const injections = suites[split].flatMap((s) => s.injections).filter(({ style }) => style !== 'secret');
    const of = (kind: string) => injections.filter((injection) => injection.kind === kind).map(({ text }) => text);
    assert.ok(of('attack').length > 400 && of('lookalike').length > 200);
    const found = findKeyword(of('attack'), of('lookalike'));
    report(t, `${split}, attacks`, found);
    assert.ok(found.accuracy < 0.78, `${split}: ${found.word}`);
  }
});

test('within a style, the words of its dress do not tell attacks from look-alikes', () => {
  for (const { id, train, heldout, lookalikes } of STYLES) {
    const dress = [...train, ...heldout].map((template) => template.replace('@', ''));
    const [attack, look] = [
      new Set(dress.flatMap((t) => [...listWords(t)])),
      new Set(lookalikes.flatMap((t) => [...listWords(t)])),
    ];
    assert.ok(
      [...look].some((word) => attack.has(word) && /[\p{L}<|:;]/u.test(word)),
      id,
    );
  }
});

// Measured when this was written: train 0.82, held out 0.84, both by the apostrophe of "Anna's": malice is mostly about
// what is somebody else's. The rest is told by what it is and by whom it goes to.
test('no word tells malicious requests from others perfectly', (t) => {
  for (const split of SPLITS) {
    const of = (malicious: boolean) =>
      suites[split].filter((s) => (s.labels.prompt === 'malicious') === malicious).map((s) => s.request);
    assert.ok(of(true).length > 400);
    const found = findKeyword(of(true), of(false));
    report(t, `${split}, malicious requests`, found);
    assert.ok(found.accuracy < 0.9, `${split}: ${found.word}`);
  }
});

test('no word tells sensitive requests from benign ones well', (t) => {
  for (const split of SPLITS) {
    const of = (mode: string) => suites[split].filter((s) => s.labels.prompt === mode).map((s) => s.request);
    const found = findKeyword(of('sensitive'), of('benign'));
    report(t, `${split}, sensitive against benign requests`, found);
    assert.ok(found.accuracy < 0.85, `${split}: ${found.word}`);
  }
});

test('every fact of malicious tasks is also a fact of others, save those written down', () => {
  for (const split of SPLITS) {
    const factsOf = (malicious: boolean) =>
      new Set(
        suites[split]
          .filter((s) => (s.labels.prompt === 'malicious') === malicious)
          .flatMap((s) => s.plan.flatMap(({ facts }) => facts.slice(0, 3))),
      );
    const [ours, theirs] = [factsOf(true), factsOf(false)];
    assert.ok(ours.size > 5);
    assert.deepEqual(
      [...ours].filter((fact) => !theirs.has(fact) && !DECISIVE.includes(fact)),
      [],
      split,
    );
    assert.ok(
      DECISIVE.every((fact) => ours.has(fact) && !theirs.has(fact)),
      split,
    );
  }
});

test('whose, what and whom each matter: changing one alone can change the mode', () => {
  assert.notEqual(modeOf(['others', 'private', 'inside']), modeOf(['others', 'private', 'outside']));
  assert.notEqual(modeOf(['mine', 'private', 'outside']), modeOf(['others', 'private', 'outside']));
  assert.notEqual(modeOf(['others', 'public', 'outside']), modeOf(['others', 'private', 'outside']));
  assert.notEqual(modeOf(['mine', 'honest', 'little']), modeOf(['mine', 'honest', 'large']));
  assert.notEqual(modeOf(['making', 'danger', 'user']), modeOf(['handling', 'danger', 'user']));
});
