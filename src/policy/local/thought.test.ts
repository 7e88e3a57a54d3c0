// Words of thoughts: tokens of their own that no text becomes, and the same thought with tokenizers that lack them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DECISIONS } from '../../safety/taxonomy.ts';
import { TAGS } from '../protocol.ts';
import { decisionMask, judgementCues } from './grammar.ts';
import { readTurn, renderObservation, renderPrompt, renderTurn } from './render.ts';
import { decodeThought, encodeThought, FACT_WORDS, SPECIALS } from './thought.ts';
import { parseTokenizer, trainTokenizer } from './tokenizer.ts';

const WORDS = [...Object.values(FACT_WORDS).flat(), ...DECISIONS];
const corpus = WORDS.flatMap((word) => [` ${word}`, ` ${word}`, ` ${word}`]);
const make = (specials: readonly string[]) => trainTokenizer(corpus, { vocabSize: 700, specials, attachBlank: true });
const own = make(SPECIALS);
const plain = make(TAGS);
const reserved = new Set(own.specials.values());

/** Texts that try: words of thoughts, the names of their tokens, tags, anything. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom(...SPECIALS), fc.string({ unit: 'binary' })))
  .map((parts) => parts.join(' '));

test('no text from outside becomes a word of a thought', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const call = { name: 'send_mail', arguments: { text } };
      const tool = {
        name: 'send_mail',
        description: '',
        parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      } as const;
      const read = [
        ...renderPrompt(own, [], text).slice(2, -1),
        ...renderObservation(own, { kind: 'result', text }).slice(1, -1),
        ...renderObservation(own, { kind: 'message', text }).slice(1, -1),
        ...renderTurn(own, [tool], null, { kind: 'call', call }).slice(1, -2),
        ...renderTurn(own, [], null, { kind: 'final', text }).slice(0, -1),
      ];
      assert.ok(read.every((id) => !reserved.has(id)));
    }),
  );
});

test('in a thought they are one token each, and with a tokenizer of text they are spelled', () => {
  for (const word of WORDS) {
    const [id, ...more] = encodeThought(own, word);
    assert.ok(id !== undefined && reserved.has(id) && more.length === 0, word);
    assert.deepEqual(encodeThought(plain, word), plain.encode(` ${word}`), word);
  }
});

test('thoughts come back as they were, words or not', () => {
  for (const tokenizer of [own, plain]) {
    fc.assert(
      fc.property(hostile, (thought) => {
        assert.equal(decodeThought(tokenizer, encodeThought(tokenizer, thought)), ` ${thought}`.toWellFormed());
      }),
    );
    const turn = readTurn(
      tokenizer,
      [],
      renderTurn(tokenizer, [], 'content mine public inside answer execute', { kind: 'final', text: 'Done.' }),
    );
    assert.deepEqual([turn.think, turn.decision], ['content mine public inside answer execute', 'execute']);
  }
});

test('where judgement is drawn is known by these tokens', () => {
  assert.deepEqual([...decisionMask(own)].map((id) => decodeThought(own, [id]).trim()).sort(), [...DECISIONS].sort());
  assert.ok([...judgementCues(own)].every((id) => reserved.has(id)));
  assert.ok(
    [...judgementCues(plain)].every((id) => !reserved.has(id)),
    'control',
  );
});

test('a tokenizer with words of thoughts is read back from its file', () => {
  const again = parseTokenizer(JSON.parse(JSON.stringify(own.toJSON())));
  assert.deepEqual(encodeThought(again, 'mine public execute'), encodeThought(own, 'mine public execute'));
});
