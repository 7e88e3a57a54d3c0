// Facts about likeness of texts: the index finds what is nearly the same and nothing else, and agrees with counting by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findJaccard, findNearestOf, listShingles, openNear } from './shingle.ts';

const LONG =
  'please send the recipe for the soup to my sister Carla before she leaves for the airport on Monday morning';

test('the same words in another dress are the same text', () => {
  assert.equal(findJaccard(listShingles('Send  it, to Anna now!'), listShingles('send it to ANNA — now')), 1);
  assert.equal(findJaccard(listShingles('send it to Anna now'), listShingles('delete every mail of Boris')), 0);
  assert.equal(findJaccard(listShingles(''), listShingles('')), 0);
});

test('a text with one word changed is found, one with other words is not', () => {
  const index = openNear();
  index.put('a', LONG);
  const near = index.find(LONG.replace('Monday', 'Tuesday'));
  assert.equal(near?.id, 'a');
  assert.ok(near.jaccard > 0.6);
  assert.equal(index.find('what is the capital of France, and how many people live there today?'), null);
});

test('equal texts are always found, whatever else is in the index', () => {
  const text = fc.array(fc.constantFrom('send', 'mail', 'to', 'Anna', 'the', 'bill', 'pay', 'now'), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (lists) => {
      const index = openNear();
      for (const [at, words] of lists.entries()) index.put(String(at), words.join(' '));
      return lists.every((words) => index.find(words.join(' '))?.jaccard === 1);
    }),
  );
});

test('the nearest of a list is what comparing each with each gives', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 });
  const texts = fc.array(
    words.map((list) => list.join(' ')),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(texts, texts, (own, others) => {
      const slow = own.map((text) => Math.max(...others.map((b) => findJaccard(listShingles(text), listShingles(b)))));
      assert.deepEqual(findNearestOf(own, others), slow);
    }),
  );
});
