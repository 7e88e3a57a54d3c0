// The text protocol: what is written is read back, what breaks it gives a reason, and text that looks like a tag is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Action, Call, Json } from '../episode/action.ts';
import { DECISIONS } from '../safety/taxonomy.ts';
import {
  END,
  escapeTags,
  parseCall,
  parseTurn,
  type Segment,
  segmentText,
  splitTags,
  statedDecision,
  TAGS,
  turnSegments,
} from './protocol.ts';

const parseText = (text: string) => parseTurn(splitTags(text));

/** Text in which tags, pieces of tags and signs of JSON are likely. */
const rough = fc
  .array(
    fc.oneof(
      fc.constantFrom(...TAGS, '<', '>', '/', '|', 'tool_call', '"', '\\', '{', '}', ' ', '\n', '&lt;'),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''));
/** Text as it stands inside a turn: without tags, not blank at its ends. */
const plain = rough.map((text) => escapeTags(text).trim());

const name = fc.string({ minLength: 1 });
const json: fc.Arbitrary<Json> = fc.oneof(
  rough,
  fc.integer(),
  fc.constant(null),
  fc.boolean(),
  fc.array(rough),
  fc.dictionary(name, rough, { noNullPrototype: true }),
);
const keys = name.filter((key) => key !== '__proto__');
const call: fc.Arbitrary<Call> = fc.record(
  { name: rough.filter((text) => text !== ''), arguments: fc.dictionary(keys, json, { noNullPrototype: true }) },
  { noNullPrototype: true },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  call.map((of): Action => ({ kind: 'call', call: of })),
  call.map((of): Action => ({ kind: 'check', call: of })),
  plain.filter((text) => text !== '').map((text): Action => ({ kind: 'final', text })),
);

/** JSON as it comes back: -0 is 0, and objects are plain. */
const settle = (value: Action): Action => JSON.parse(JSON.stringify(value));

test('a turn written as text is read back: thought, action, end', () => {
  fc.assert(
    fc.property(fc.option(plain), action, (think, given) => {
      const text = segmentText(turnSegments(think, given));
      const turn = parseText(text);
      assert.deepEqual(settle(turn.action), settle(given));
      assert.deepEqual([turn.think, turn.ended, turn.text], [think, true, text]);
    }),
  );
});

test('a turn given as segments is read back even where a thought or a text spells tags', () => {
  fc.assert(
    fc.property(rough, rough, (think, text) => {
      const final: Action = { kind: 'final', text: `x${text}x` };
      const turn = parseTurn(turnSegments(think, final));
      assert.deepEqual([turn.think, turn.action], [think.trim(), final]);
    }),
  );
});

test('an argument that spells a tag is written so that no tag can be read, and read back as it was', () => {
  for (const tag of TAGS) {
    const given: Action = { kind: 'call', call: { name: 'send', arguments: { [`a${tag}`]: `${tag}${tag} <` } } };
    const text = segmentText(turnSegments(null, given));
    assert.equal(splitTags(text).filter((segment) => 'tag' in segment).length, 3, tag);
    assert.deepEqual(parseText(text).action, given);
  }
});

test('a malformed action stays what it was and is malformed again', () => {
  const text = '<tool_call>{"name":';
  const turn = parseText(text);
  assert.deepEqual(turn.action, {
    kind: 'malformed',
    text,
    reason: '<tool_call> must end with </tool_call> and stand alone',
  });
  assert.equal(parseText(segmentText(turnSegments(turn.think, turn.action))).action.kind, 'malformed');
});

const GOOD = '<tool_call>{"name":"a","arguments":{}}</tool_call>';

test('everything that breaks the protocol gives a reason', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['', 'an empty turn'],
    [END, 'an empty turn'],
    [`  ${END}`, 'an empty turn'],
    [`<think>execute</think>${END}`, 'an empty turn'],
    [`<think>execute${END}`, 'an unexpected <think>'],
    [`<think><think>a</think></think>Done.${END}`, 'an unexpected <think>'],
    [`Done.<think>a</think>${END}`, 'text mixed with tags'],
    [`Done.${GOOD}${END}`, 'text mixed with tags'],
    [`${GOOD}Done.${END}`, '<tool_call> must end with </tool_call> and stand alone'],
    [`${GOOD}${GOOD}${END}`, '<tool_call> must end with </tool_call> and stand alone'],
    [
      `<tool_call>{"name":"a","arguments":{}}</tool_check>${END}`,
      '<tool_call> must end with </tool_call> and stand alone',
    ],
    [
      `<tool_check>{"name":"a","arguments":{}}</tool_call>${END}`,
      '<tool_check> must end with </tool_check> and stand alone',
    ],
    [`<tool_call>{"name":"a","arguments":{}}${END}`, '<tool_call> must end with </tool_call> and stand alone'],
    [`<tool_call></tool_call>${END}`, 'nothing inside <tool_call>'],
    [`<tool_check>${END}`, 'nothing inside <tool_check>'],
    [`</tool_call>${END}`, 'an unexpected </tool_call>'],
    [`<tool_response>done</tool_response>${END}`, 'an unexpected <tool_response>'],
    [`<tool_check_result>1</tool_check_result>${END}`, 'an unexpected <tool_check_result>'],
    [`<|user|>yes${END}`, 'an unexpected <|user|>'],
    [`Done.${END}more`, 'text mixed with tags'],
    [`<tool_call>a</tool_call>${END}`, 'a call that is not JSON'],
    [`<tool_call>{"name":"a","arguments":{"n":007}}</tool_call>${END}`, 'a call that is not JSON'],
  ];
  for (const [text, reason] of broken)
    assert.deepEqual(parseText(text).action, { kind: 'malformed', text, reason }, text);
});

test('JSON that is no call gives a reason', () => {
  const wrong = ['null', '[]', '{}', '{"name":"a"}', '{"name":"","arguments":{}}', '{"name":"a","arguments":[]}'];
  for (const text of [...wrong, '{"name":1,"arguments":{}}', '{"name":"a","arguments":{},"more":1}']) {
    assert.equal(parseCall(text), 'a call without a name and an object of arguments', text);
  }
  assert.deepEqual(parseCall('{"name":"a","arguments":{}}'), { name: 'a', arguments: {} });
});

test('any segments at all are read without an exception, and malformed ones keep their text', () => {
  const segment: fc.Arbitrary<Segment> = fc.oneof(
    fc.constantFrom(...TAGS).map((tag): Segment => ({ tag })),
    rough.map((text): Segment => ({ text })),
  );
  fc.assert(
    fc.property(fc.array(segment), (segments) => {
      const turn = parseTurn(segments);
      assert.equal(turn.text, segmentText(segments));
      if (turn.action.kind === 'malformed') assert.ok(turn.action.reason !== '' && turn.action.text === turn.text);
    }),
  );
});

test('blank text around thought and action is layout', () => {
  const wanted = { name: 'a', arguments: {} };
  for (const text of [`<think>a execute</think>${GOOD}${END}`, `\n<think> a execute </think>\n${GOOD}\n${END}`]) {
    const turn = parseText(text);
    assert.deepEqual(turn.action, { kind: 'call', call: wanted });
    assert.deepEqual([turn.think, turn.decision, turn.ended], ['a execute', 'execute', true]);
  }
  assert.deepEqual(parseText(` Done. ${END}`).action, { kind: 'final', text: 'Done.' });
});

test('a turn without the end token is read, but has not ended', () => {
  assert.deepEqual([parseText(GOOD).ended, parseText(GOOD).action.kind], [false, 'call']);
  assert.equal(parseText(`${GOOD}${END}`).ended, true);
});

test('an empty thought is a thought; no thought is none', () => {
  assert.equal(parseText(`<think></think>Done.${END}`).think, '');
  assert.equal(parseText(`Done.${END}`).think, null);
});

test('the decision is the last word of a thought, and nothing else', () => {
  for (const decision of DECISIONS)
    assert.equal(statedDecision(`I should verify or refuse, so ${decision} `), decision);
  for (const think of ['', 'refuse to say', 'Refuse', 'refuse.', 'refused', 'decision:refuse'])
    assert.equal(statedDecision(think), null);
});

test('escaping defuses every tag and changes nothing else', () => {
  for (const tag of TAGS) assert.equal(escapeTags(`a ${tag} <b>`), `a &lt;${tag.slice(1)} <b>`);
  assert.equal(escapeTags('1 < 2 && <tool> </ tool_call> <THINK>'), '1 < 2 && <tool> </ tool_call> <THINK>');
});

test('escaped text never holds a tag, escaping it again changes nothing, and without tags it is as it was', () => {
  fc.assert(
    fc.property(rough, (text) => {
      const escaped = escapeTags(text);
      assert.ok(!TAGS.some((tag) => escaped.includes(tag)));
      assert.ok(splitTags(escaped).every((segment) => 'text' in segment));
      assert.equal(escapeTags(escaped), escaped);
      if (!TAGS.some((tag) => text.includes(tag))) assert.equal(escaped, text);
    }),
  );
});

test('splitting loses nothing', () => {
  fc.assert(fc.property(rough, (text) => assert.equal(segmentText(splitTags(text)), text)));
});
