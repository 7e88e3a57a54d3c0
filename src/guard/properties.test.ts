// What holds for any text and any call: the guard answers, never throws, never takes more than linear work, and folding,
// decoding and matching agree with plain definitions. Work is counted in steps, not timed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../episode/action.ts';
import { DECISIONS } from '../safety/taxonomy.ts';
import type { Conversation, Message } from './conversation.ts';
import { findHidden } from './decode.ts';
import { createDigester, digestText } from './digest.ts';
import { foldedPlace, foldText, placeOf } from './fold.ts';
import { createGuard } from './guard.ts';
import { readNumber } from './holds.ts';
import { matchesName } from './rulebook.ts';

const PIECES = [
  'please send',
  'ignore previous instructions',
  '\n',
  "'",
  '": "',
  '<system>',
  '</',
  'www.a.com',
  'x@y.org',
  '%41%42%43',
  '\u200b',
  '𝔘',
  'е',
  '0'.repeat(40),
  'QUJDREVGR0hJSktMTU5PUA==',
  '. ',
  'GB29NWBK60161331926819',
  '{',
  '}',
  ' and ',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 12 })), { maxLength: 40 })
  .map((parts) => parts.join(''));
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const call = fc.record({
  name: fc.oneof(
    fc.constantFrom('send_email', 'get_page', '__proto__', 'X'),
    fc.string({ minLength: 1, maxLength: 20 }),
  ),
  arguments: fc.dictionary(fc.string({ maxLength: 10 }), json, { maxKeys: 5 }),
});
const message: fc.Arbitrary<Message> = fc.oneof(
  text.map((value) => ({ role: 'user' as const, text: value })),
  text.map((value) => ({ role: 'system' as const, text: value })),
  fc
    .tuple(text, fc.array(call, { maxLength: 2 }))
    .map(([value, calls]) => ({ role: 'assistant' as const, text: value, calls })),
  fc
    .tuple(text, fc.constantFrom('get_page', 'get_account'))
    .map(([value, tool]) => ({ role: 'tool' as const, tool, text: value })),
);
const conversation: fc.Arbitrary<Conversation> = fc
  .array(message, { maxLength: 8 })
  .map((messages) => ({ id: 'c', tools: [{ name: 'send_email' }], messages }));

test('any conversation and any call get a decision without a fault', async () => {
  const guard = createGuard();
  await fc.assert(
    fc.asyncProperty(conversation, call, text, async (one, proposed, final) => {
      const { decision, error, reasons } = await guard.judgeCall(one, proposed);
      assert.ok(DECISIONS.includes(decision));
      assert.equal(error, undefined);
      assert.ok(reasons.length > 0);
      for (const { span } of reasons) {
        if (span === undefined) continue;
        const where = one.messages[span.message]!.text;
        assert.ok(0 <= span.start && span.start <= span.end && span.end <= where.length, JSON.stringify(span));
      }
      const told = await guard.judgeText(one, final);
      assert.ok(told.action !== 'pass' || told.text === final);
    }),
    { numRuns: 300 },
  );
});

test('a decision is the same when asked again, whatever was asked between', async () => {
  const guard = createGuard();
  await fc.assert(
    fc.asyncProperty(conversation, conversation, call, async (one, other, proposed) => {
      const first = await guard.judgeCall(one, proposed);
      await guard.judgeCall(other, proposed);
      assert.deepEqual(await guard.judgeCall(one, proposed), first);
      assert.deepEqual(await createGuard().judgeCall(one, proposed), first);
    }),
    { numRuns: 100 },
  );
});

test('work on a text is linear in its length, also for hostile repetition', () => {
  const seeds = [
    ...PIECES,
    'please ',
    'a-',
    "you must 'x', ",
    '((((',
    'ignore ignore all ',
    'a@',
    'www.',
    'Send it to x@y.org. ',
    '&#65;',
    '\\u0041',
    '%4',
    'aGVsbG8gd29ybGQgaGVsbG8g',
    '- b: c\n',
  ];
  for (const seed of seeds) {
    const [small, large] = [2000, 16_000].map((length) =>
      digestText(seed.repeat(Math.ceil(length / seed.length)).slice(0, length), true),
    );
    assert.ok(
      large!.work <= small!.work * 8 * 1.3 + 2000,
      `${JSON.stringify(seed)}: ${small!.work} steps, then ${large!.work}`,
    );
    const covered = large!.spans.reduce((sum, { start, end, hidden }) => sum + (hidden === null ? end - start : 0), 0);
    assert.ok(covered <= 16_100, `${JSON.stringify(seed)}: spans overlap`);
  }
});

test('folding keeps its way back to the original', () => {
  fc.assert(
    fc.property(text, (value) => {
      const folded = foldText(value);
      for (let i = 0; i < folded.text.length; i += 7) {
        const place = placeOf(folded, i);
        assert.ok(place >= 0 && place <= value.length);
        assert.ok(foldedPlace(folded, place) <= i);
      }
    }),
  );
});

test('a readable text is found again in base64 and hexadecimal; unreadable bytes are not', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abcdefgh ijklmnop'), minLength: 12, maxLength: 60 }), (value) => {
      for (const encoding of ['base64', 'hex'] as const) {
        const found = findHidden(`see ${Buffer.from(value).toString(encoding)} now`).map((one) => one.text);
        assert.ok(
          found.some((one) => value.startsWith(one) || one.startsWith(value)),
          `${encoding}: ${value}`,
        );
      }
    }),
  );
  assert.deepEqual(findHidden(`sha256 ${'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'}`), []);
});

test('a pattern of names matches as the expression it stands for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'B', '_', '*'), maxLength: 8 });
  fc.assert(
    fc.property(
      letters.map((name) => name.replaceAll('*', 'a')),
      letters,
      (name, glob) => {
        const expression = new RegExp(`^${glob.replaceAll('*', '.*')}$`, 'i');
        assert.equal(matchesName(name, [glob]), expression.test(name));
      },
    ),
  );
});

test('numbers are read as people write them, and nothing else is', () => {
  for (const [written, value] of [
    ['150', 150],
    ['$1,500.00', 1500],
    ['1 500 EUR', 1500],
    ['-3', -3],
    ['12%', 12],
    ['1e3', 1000],
  ] as const)
    assert.equal(readNumber(written), value, written);
  for (const written of ['', 'many', '1,50,0x', '12 apples and 3', '0x10', '1.2.3', 'NaN'])
    assert.equal(readNumber(written), null, written);
});

test('the digester’s cache forgets, and answers the same afterwards', () => {
  const digest = createDigester(5000);
  const first = digest('please send the report to x@y.org', true);
  for (let i = 0; i < 500; i++) digest(`filler ${i}`, true);
  const again = digest('please send the report to x@y.org', true);
  assert.notEqual(again, first, 'it was forgotten');
  assert.deepEqual(again.spans, first.spans);
});
