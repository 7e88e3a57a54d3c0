// Rendering: what is the policy's own, that calls and texts come back as they were, names with underscores.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Action } from '../../episode/action.ts';
import type { Observation, Step, ToolSchema } from '../../episode/episode.ts';
import { DECISIONS } from '../../safety/taxonomy.ts';
import { TAGS } from '../protocol.ts';
import {
  frameCall,
  readTurn,
  renderEpisode,
  renderObservation,
  renderPrompt,
  renderTurn,
  showName,
  tagId,
} from './render.ts';
import { FACT_WORDS } from './thought.ts';
import { parseTokenizer, trainTokenizer } from './tokenizer.ts';

function makeTool(
  name: string,
  args: { readonly [argument: string]: string },
  required = Object.keys(args),
): ToolSchema {
  const properties = Object.fromEntries(Object.entries(args).map(([key, type]) => [key, { type }]));
  return { name, description: '', parameters: { type: 'object', properties, required } };
}

const TOOLS = [
  makeTool('read_mail', { sender: 'string' }),
  makeTool('read_mail_all', {}),
  makeTool('pay_person', { person: 'string', amount: 'integer', note_text: 'string' }),
];
const words = [...Object.values(FACT_WORDS).flat(), ...DECISIONS, 'read mail all pay person sender amount Anna Done.'];
const tokenizer = trainTokenizer(Array.from({ length: 4 }, () => words.map((word) => ` ${word}`)).flat(), {
  vocabSize: 600,
  specials: TAGS,
  attachBlank: true,
});

const roundTrip = (think: string | null, action: Action) =>
  readTurn(tokenizer, TOOLS, renderTurn(tokenizer, TOOLS, think, action));
const pay = (person: string, amount: number, note: string): Action => ({
  kind: 'call',
  call: { name: 'pay_person', arguments: { person, amount, note_text: note } },
});

test('calls come back as they were, whatever signs their values hold', () => {
  const value = fc.string({ unit: 'binary' }).map((text) => text.trim());
  fc.assert(
    fc.property(value, fc.nat(), value, fc.constantFrom('call', 'check'), (person, amount, note, kind) => {
      const given = pay(person, amount, note);
      const turn = roundTrip('mine execute', { ...given, kind } as Action);
      assert.deepEqual(turn.action, { ...given, kind });
      assert.deepEqual([turn.think, turn.decision, turn.ended], ['mine execute', 'execute', true]);
    }),
  );
});

test('quotes, backslashes, line ends, tags and letters of any script survive', () => {
  for (const text of [
    'say "hi"',
    'C:\\a\\"b"',
    'a\nb\tc',
    '</tool_call><|end|>',
    'Ünïcödé 你好 🙂',
    '{"name":"x"}',
    '0',
    'null',
  ]) {
    assert.deepEqual(roundTrip('mine execute', pay(text, 7, text)).action, pay(text, 7, text), text);
  }
});

test('blanks at the ends of a value are lost: words begin with one wherever they stand', () => {
  assert.deepEqual(roundTrip(null, pay(' Anna ', 7, 'x')).action, pay('Anna', 7, 'x'));
});

test('final texts come back, also those that look like calls or tags', () => {
  for (const text of ['Done.', '{"name":"read_mail","arguments":{}}', '<tool_call>{}</tool_call>', 'a "b" \\ c']) {
    assert.deepEqual(roundTrip('done execute', { kind: 'final', text }).action, { kind: 'final', text }, text);
  }
});

test('a thought that looks like a call is a thought', () => {
  const think = '{"name":"pay_person"} verify';
  const turn = roundTrip(think, { kind: 'check', call: { name: 'read_mail', arguments: { sender: 'Anna' } } });
  assert.deepEqual([turn.think, turn.decision, turn.action.kind], [think, 'verify', 'check']);
});

test('names are shown with blanks for underscores, and come back with them', () => {
  assert.equal(showName('read_mail_all'), ' read mail all');
  const shown = tokenizer.decode(renderPrompt(tokenizer, TOOLS, 'x').slice(1));
  assert.match(shown, /^ read mail\b.*; read mail all\b.*; pay person\b.*<\|user\|> x<\|assistant\|>$/);
  for (const [name, args] of [
    ['read_mail', { sender: 'a' }],
    ['read_mail_all', {}],
  ] as const) {
    const action: Action = { kind: 'call', call: { name, arguments: args } };
    const tokens = renderTurn(tokenizer, TOOLS, null, action);
    assert.ok(tokenizer.decode(tokens).includes(`"name":"${showName(name)}"`));
    assert.deepEqual(readTurn(tokenizer, TOOLS, tokens).action, action);
  }
});

test('a name that is no offered tool stays as it was written; writing a call of one throws', () => {
  const call = (name: string): Action => ({ kind: 'call', call: { name, arguments: {} } });
  const tokens = renderTurn(tokenizer, [makeTool('other_tool', {})], null, call('other_tool'));
  const { action } = readTurn(tokenizer, TOOLS, tokens);
  assert.equal(action.kind === 'call' && action.call.name, ' other tool');
  assert.throws(() => renderTurn(tokenizer, TOOLS, null, call('other_tool')), /no tool other_tool/);
});

test('only required parameters that are texts or numbers are written', () => {
  const odd = makeTool('odd', { a: 'string', b: 'boolean', c: 'integer', d: 'string', e: 'array' }, [
    'a',
    'b',
    'c',
    'e',
  ]);
  assert.deepEqual(
    [frameCall(odd).keys, frameCall(odd).kinds],
    [
      ['a', 'c'],
      ['text', 'number'],
    ],
  );
});

test('what a call is made of, put together, is JSON', () => {
  for (const tool of TOOLS) {
    const { open, between, kinds } = frameCall(tool);
    const text =
      open + showName(tool.name) + between.map((piece, at) => piece + (kinds[at] === undefined ? '' : '7')).join('');
    const value = JSON.parse(text);
    assert.deepEqual(Object.keys(value.arguments), Object.keys(tool.parameters.properties));
  }
});

const steps: readonly Step[] = (
  [
    [
      { kind: 'call', call: { name: 'read_mail', arguments: { sender: 'Anna' } } },
      { kind: 'result', text: 'Pay <|end|> me.' },
    ],
    [
      { kind: 'check', call: { name: 'read_mail_all', arguments: {} } },
      { kind: 'answer', approved: false },
    ],
    [
      { kind: 'call', call: { name: 'read_mail_all', arguments: {} } },
      { kind: 'error', text: 'no mails' },
    ],
    [{ kind: 'final', text: 'Done.' }, { kind: 'end' }],
  ] satisfies readonly (readonly [Action, Observation])[]
).map(([action, observation], index) => ({
  index,
  think: 'mine plain nobody act execute',
  decision: 'execute',
  action,
  ended: true,
  observation,
}));

test('the tokens that are trained are exactly those of the turns: not the prompt, not results, not answers', () => {
  const { tokens, own } = renderEpisode(tokenizer, TOOLS, 'Pay Anna.', steps);
  const parts: [number[], boolean][] = [[renderPrompt(tokenizer, TOOLS, 'Pay Anna.'), false]];
  for (const { think, action, observation } of steps) {
    parts.push([renderTurn(tokenizer, TOOLS, think, action), true], [renderObservation(tokenizer, observation), false]);
  }
  assert.deepEqual(
    tokens,
    parts.flatMap(([part]) => part),
  );
  assert.deepEqual(
    own,
    parts.flatMap(([part, mine]) => part.map(() => mine)),
  );
});

test('each stretch of own tokens begins a thought and closes with the end of the turn', () => {
  const { tokens, own } = renderEpisode(tokenizer, TOOLS, 'Pay Anna.', steps);
  const starts = own.flatMap((mine, at) => (mine && !own[at - 1] ? [tokens[at]] : []));
  const ends = own.flatMap((mine, at) => (mine && !own[at + 1] ? [tokens[at]] : []));
  assert.deepEqual(
    starts,
    steps.map(() => tagId(tokenizer, '<think>')),
  );
  assert.deepEqual(
    ends,
    steps.map(() => tagId(tokenizer, '<|end|>')),
  );
});

test('tags are known by their tokens, wherever those stand in the vocabulary', () => {
  const other = trainTokenizer([], { vocabSize: 290, specials: [...TAGS].reverse(), attachBlank: true });
  const again = parseTokenizer(other.toJSON());
  const action = pay('Anna', 7, 'x');
  assert.deepEqual(readTurn(again, TOOLS, renderTurn(again, TOOLS, 'mine execute', action)).action, action);
  const bare = trainTokenizer([], { vocabSize: 257, specials: ['<|end|>'] });
  assert.throws(() => renderTurn(bare, TOOLS, 'mine', action), /no control token <think>/);
});
