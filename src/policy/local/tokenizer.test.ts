// Byte-level BPE: exact, unforgeable, deterministic, and read alike by Hugging Face's own package.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokenizer as Official } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { InputError } from '../../episode/input.ts';
import { parseTokenizer, trainTokenizer } from './tokenizer.ts';

const SPECIALS = ['<|pad|>', '<|end|>', '<tool_call>', '</tool_call>', 'eos'];
const CORPUS = [
  'Please send 40 euros to Anna and write her a mail about the invoice from Tuesday.',
  '{"name":"send_mail","arguments":{"to":"Anna","subject":"invoice","amount":1250}}',
  'send the mail to Anna, send_mail to Anna; the invoice was sent.\n\n  Grüße, 東京 東京 🙂🙂\tend',
  '<tool_call>{"to":"Anna"}</tool_call> eos eos eos eos <|end|><|end|> eosin',
];
const separate = trainTokenizer(CORPUS, { vocabSize: 400, specials: SPECIALS });
const attached = trainTokenizer(CORPUS, { vocabSize: 400, specials: SPECIALS, attachBlank: true });
const both = [
  ['separate', separate],
  ['attached', attached],
] as const;

/** Any text: words of the corpus, signs and blanks in runs, any code point. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.stringMatching(/^[ \t\r\n]{0,40}$/),
      fc.stringMatching(/^[a-z_]{0,70}$/),
      fc.constantFrom(
        'Anna',
        ' Anna',
        'send_mail',
        '":"',
        '1250',
        ' 東京',
        '\u0085',
        '\u00a0',
        '\ufeff',
        '🙂',
        'é',
        'e\u0301',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

const spellsSpecial = (text: string) => SPECIALS.some((name) => text.includes(name));

for (const [name, tokenizer] of both) {
  test(`${name}: every text comes back byte for byte`, () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ids = tokenizer.encode(text);
        assert.equal(tokenizer.decode(ids), text);
        const bytes = Buffer.concat(ids.map((id) => tokenizer.bytesOf(id) ?? assert.fail('a special')));
        assert.deepEqual(bytes, Buffer.from(text));
      }),
      { numRuns: 500 },
    );
  });

  test(`${name}: Hugging Face's package reads the file and gives the same ids and text`, () => {
    const official = new Official(JSON.parse(JSON.stringify(tokenizer)), {});
    fc.assert(
      fc.property(
        anyText.filter((text) => !spellsSpecial(text)),
        (text) => {
          const ids = tokenizer.encode(text);
          assert.deepEqual(official.encode(text, { add_special_tokens: false }).ids, ids);
          if (ids.length > 0) assert.equal(official.decode(ids, { clean_up_tokenization_spaces: false }), text);
        },
      ),
      { numRuns: 500 },
    );
    // Negative control: with one merge less the official package no longer agrees on the corpus.
    const file = tokenizer.toJSON();
    const model = { ...file.model, merges: file.model.merges.slice(1) };
    const shorter = new Official({ ...file, model }, {});
    const differs = CORPUS.slice(0, 3).some((text) => `${shorter.encode(text).ids}` !== `${tokenizer.encode(text)}`);
    assert.ok(differs);
  });

  test(`${name}: no text encodes to a special`, () => {
    const forged = new Set(tokenizer.specials.values());
    const pieces = fc.array(fc.oneof(fc.constantFrom(...SPECIALS), anyText), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        assert.ok(tokenizer.encode(text).every((id) => !forged.has(id)));
        assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      }),
      { numRuns: 300 },
    );
    // Negative control: the official package, which does look for specials in text, finds one there.
    const official = new Official(JSON.parse(JSON.stringify(tokenizer)), {});
    assert.ok(official.encode('a<tool_call>').ids.includes(tokenizer.specials.get('<tool_call>')!));
  });

  test(`${name}: a file read back gives the same tokenizer`, () => {
    const text = JSON.stringify(tokenizer);
    const again = parseTokenizer(JSON.parse(text));
    assert.equal(JSON.stringify(again), text);
    for (const line of CORPUS) assert.deepEqual(again.encode(line), tokenizer.encode(line));
    const file = tokenizer.toJSON();
    const pairs = file.model.merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge));
    const paired = parseTokenizer({ ...file, model: { ...file.model, merges: pairs } });
    assert.equal(JSON.stringify(paired), text);
  });
}

test('the same corpus gives the same bytes, in any order of the texts', () => {
  const again = trainTokenizer(CORPUS.toReversed(), { vocabSize: 400, specials: SPECIALS });
  assert.equal(JSON.stringify(again), JSON.stringify(separate));
  const other = trainTokenizer(['something else, something else'], { vocabSize: 400, specials: SPECIALS });
  assert.notEqual(JSON.stringify(other), JSON.stringify(separate));
});

test('ids are specials, then bytes, then merges', () => {
  assert.deepEqual(
    [...separate.specials],
    SPECIALS.map((name, id) => [name, id]),
  );
  for (let byte = 0; byte < 256; byte++)
    assert.deepEqual(separate.bytesOf(SPECIALS.length + byte), Uint8Array.of(byte));
  for (let id = SPECIALS.length + 256; id < separate.size; id++) assert.ok(separate.bytesOf(id)!.length > 1);
  assert.ok(separate.size > SPECIALS.length + 256 && separate.size <= 400);
});

test('specials are rendered by name and have no bytes', () => {
  const end = separate.specials.get('<|end|>')!;
  assert.equal(separate.bytesOf(end), null);
  assert.equal(separate.decode([...separate.encode('Grüße'), end, ...separate.encode('x')]), 'Grüße<|end|>x');
  assert.equal(separate.decode([...separate.encode('🙂').slice(0, 1), end]).endsWith('<|end|>'), true);
});

test('broken UTF-8 decodes to replacement characters', () => {
  const half = [SPECIALS.length + 0xc3, SPECIALS.length + 0x41];
  assert.equal(separate.decode(half), '\ufffdA');
});

test('a word has the same tokens in prose and in JSON', () => {
  const word = separate.encode('Anna').join();
  assert.ok(separate.encode('mail to Anna').join().endsWith(word));
  assert.ok(separate.encode('{"to":"Anna"}').join().includes(`,${word},`));
  assert.ok(separate.encode('send_mail').join().startsWith(separate.encode('send').join()));
  assert.ok(separate.encode('send_mail').join().endsWith(separate.encode('mail').join()));
  // Negative control: with the blank attached the two differ.
  assert.ok(!attached.encode('mail to Anna').join().endsWith(attached.encode('Anna').join()));
});

test('digits are single tokens', () => {
  const repeated = trainTokenizer(['1250 1250 1250 1250 abab abab'], { vocabSize: 300, specials: [] });
  assert.equal(repeated.encode('1250').length, 4);
  assert.ok(repeated.encode('abab').length < 4);
});

test('impossible training options throw', () => {
  const train = (vocabSize: number, specials: string[]) => trainTokenizer(CORPUS, { vocabSize, specials });
  assert.throws(() => train(257, ['<a>', '<b>']), /vocabSize 257: expected at least 258/);
  assert.throws(() => train(400, ['<a>', '<a>']), /occurs twice/);
  assert.throws(() => train(400, ['a']), /at least two characters/);
  assert.equal(train(258, ['<a>', '<b>']).size, 258);
});

test('an id outside the vocabulary throws', () => {
  assert.throws(() => separate.decode([separate.size]), RangeError);
  assert.throws(() => separate.bytesOf(-1), RangeError);
});

test('a malformed file is refused in one line that names the field', () => {
  const file = separate.toJSON();
  const { vocab, merges } = file.model;
  const withModel = (change: object) => ({ ...file, model: { ...file.model, ...change } });
  const { A: _, ...noA } = vocab;
  const cases: [unknown, RegExp][] = [
    [null, /^t\.json: /],
    [withModel({ type: 'WordPiece' }), /^t\.json: model\.type: /],
    [withModel({ merges: ['one'] }), /^t\.json: model\.merges\.0: /],
    [withModel({ merges: [...merges, 'Q Q'] }), /^t\.json: model\.merges\.\d+: "QQ" is no ordinary token/],
    [withModel({ merges: ['eo s'] }), /^t\.json: model\.merges\.0: /],
    [withModel({ vocab: noA }), /^t\.json: model\.vocab/],
    [withModel({ vocab: { ...vocab, A: vocab.B } }), /^t\.json: model\.vocab\.B: id \d+ is taken/],
    [withModel({ vocab: { ...vocab, 東: separate.size } }), /^t\.json: model\.vocab\.東: not byte-level spelling/],
    [
      { ...file, added_tokens: file.added_tokens.map((t) => ({ ...t, id: t.id + 1 })) },
      /^t\.json: added_tokens\.0\.id: /,
    ],
    [{ ...file, pre_tokenizer: null }, /^t\.json: pre_tokenizer: /],
    [{ ...file, normalizer: { type: 'NFC' } }, /^t\.json: normalizer: /],
  ];
  for (const [json, message] of cases) {
    assert.throws(
      () => parseTokenizer(json, 't.json'),
      (error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'));
        return true;
      },
    );
  }
  parseTokenizer(withModel({}), 't.json'); // control: the untouched file is accepted
});
