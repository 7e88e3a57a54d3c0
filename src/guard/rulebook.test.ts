// Rule files: what is read, what is refused with its place, what the linter finds; recorded conversations read for replay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCondition } from './holds.ts';
import { lintRulebook } from './lint.ts';
import type { Answer, Condition } from './predicate.ts';
import { parseRulebook } from './rulebook.ts';
import { listMoments, readTrajectory } from './trajectory.ts';

test('a misspelt key, an unknown effect and a wrong expression are refused with their place', () => {
  assert.deepEqual(parseRulebook({ allow: ['get_*'] }, 'r'), { allow: ['get_*'] });
  assert.throws(() => parseRulebook({ alow: [] }, 'r'), /^InputError: r: .*alow/);
  assert.throws(() => parseRulebook({ effects: { spend: 'verify' } }, 'r'), /^InputError: r: effects/);
  assert.throws(
    () => parseRulebook({ rules: [{ name: 'a', decision: 'verify', when: { x: { matches: '(' } } }] }, 'r'),
    /^InputError: r: rules.0.when.x/,
  );
});

test('conditions hold, do not hold, or cannot be told', () => {
  const trace = () => 'user' as const;
  const args = { to: 'a@mail.corp.example', list: ['x@evil.example'], price: '12 EUR', note: 'many', deep: { id: 7 } };
  const cases: readonly (readonly [Condition, Answer])[] = [
    [{ to: { insideDomain: ['corp.example'] } }, true],
    [{ 'list.*': { outsideDomain: ['corp.example'] } }, true],
    [{ list: { outsideDomain: ['corp.example'] } }, true],
    [{ to: { outsideDomain: ['notcorp.example'] } }, true],
    [{ price: { over: 10 } }, true],
    [{ price: { over: 10, under: 11 } }, false],
    [{ note: { over: 10 } }, null],
    [{ note: { insideDomain: ['corp.example'] } }, null],
    [{ 'deep.id': 7 }, true],
    [{ missing: { over: 1 } }, false],
    [{ missing: { present: false } }, true],
    [{ note: { matches: '^man' } }, true],
    [{ note: { from: ['user'] } }, true],
    [{ note: { from: ['tool'] } }, false],
    [{ constructor: { present: true } }, false],
  ];
  for (const [condition, answer] of cases)
    assert.equal(testCondition(condition, args, trace), answer, JSON.stringify(condition));
});

test('the linter finds what never holds, what contradicts and what nobody has, and nothing in good rules', () => {
  const tools = [{ name: 'send_money', parameters: { type: 'object', properties: { amount: { type: 'number' } } } }];
  const good = {
    allow: ['send_*'],
    rules: [{ name: 'big', tools: ['send_money'], when: { amount: { over: 100 } }, decision: 'verify' as const }],
  };
  assert.deepEqual(lintRulebook(good, tools), []);
  const bad = {
    allow: ['send_money', '*'],
    deny: ['send_*'],
    domains: ['https://corp.example'],
    table: { tool: { malicious: 'execute' as const } },
    limits: [{ name: 'none', per: 'conversation' as const }],
    rules: [
      { name: 'never', when: { amount: { over: 5, under: 2 } }, decision: 'verify' as const },
      { name: 'slow', tools: ['pay'], when: { text: { matches: '(a+)+$' } }, decision: 'refuse' as const },
      { name: 'off', decision: 'execute' as const },
      { name: 'path', tools: ['send_money'], when: { sum: { over: 1 } }, decision: 'refuse' as const },
    ],
  };
  const found = lintRulebook(bad, tools)
    .map(({ where, text }) => `${where}: ${text}`)
    .join('\n');
  for (const part of [
    'allow: send_money: the deny list',
    'turns the guard off',
    'no number is over 5',
    'may take very long',
    'no domain',
    'an attack orders',
    'limits nothing',
    'rules: slow: pay: no known tool',
    'has an argument sum',
  ]) {
    assert.ok(found.includes(part), `${part} in\n${found}`);
  }
});

test('a recorded conversation gives each call what precedes it, and keeps a call whose arguments cannot be read', () => {
  const call = (id: string, args: string) => ({
    id,
    type: 'function',
    function: { name: `tool_${id}`, arguments: args },
  });
  const line = {
    id: 7,
    tools: [{ type: 'function', function: { name: 'tool_a', description: 'A', parameters: {} } }],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'hello' }] },
      { role: 'assistant', content: null, tool_calls: [call('a', '{"x":1}'), call('b', 'not json')] },
      { role: 'tool', tool_call_id: 'b', content: 'later' },
      { role: 'assistant', content: 'done' },
    ],
  };
  const moments = [...listMoments(readTrajectory(line, 'f:1'))];
  assert.deepEqual(
    moments.map(({ message, call: index, fault }) => [message, index, fault]),
    [
      [1, 0, null],
      [1, 1, 'the arguments are not a JSON object'],
    ],
  );
  assert.deepEqual(moments[0]!.proposed, { name: 'tool_a', arguments: { x: 1 }, id: 'a' });
  assert.equal(moments[0]!.conversation.messages.length, 1);
  assert.equal(moments[1]!.conversation.messages.length, 2);
  assert.doesNotMatch(JSON.stringify(moments), /later/);
  assert.throws(
    () => readTrajectory({ id: 'x', messages: [{ role: 'robot' }] }, 'f:2'),
    /^InputError: f:2: messages.0.role/,
  );
});
