// The parts by themselves: names that can be bound, texts cut for a line reader, messages, counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMetrics } from './metrics.ts';
import { bindNames } from './offer.ts';
import { cutText } from './ors.ts';
import { parseMessage, readAction } from './wire.ts';

test('bound names are identifiers, none twice, none taken; those that are so already stay', () => {
  const taken = ['reset', 'step', 'state', 'close', 'get_reward', 'from', 'class', 'None'];
  const names = fc.uniqueArray(
    fc.oneof(fc.string(), fc.constantFrom(...taken, 'from_', '_x', 'server.tool', 'server_tool')),
  );
  fc.assert(
    fc.property(names, (given) => {
      const bound = [...bindNames(given).values()];
      assert.equal(bound.length, given.length);
      assert.equal(new Set(bound).size, bound.length);
      for (const name of bound) assert.ok(/^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !taken.includes(name), name);
    }),
  );
  assert.deepEqual(
    [...bindNames(['send_mail', 'from', 'a.b', 'a_b', '_c']).values()],
    ['send_mail', 'from_', 'a_b', 'a_b_', 't_c'],
  );
});

test('pieces of a text join to the text, and the client drops nothing of them', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '🙂', '\\n', '"'), maxLength: 300 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 20 }), (text, size) => {
      const pieces = cutText(text, size);
      assert.equal(pieces.join(''), text);
      for (const piece of pieces.slice(1)) assert.equal(piece.trimStart(), piece);
      assert.equal(pieces.map((piece) => Buffer.from(piece).toString()).join(''), text);
    }),
  );
  assert.ok(cutText('x'.repeat(10_000)).length > 2);
});

test('messages are read as JSON that is not too deep', () => {
  const nest = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  assert.ok(parseMessage(nest(60)) !== undefined);
  assert.equal(parseMessage(nest(70)), undefined);
  assert.equal(parseMessage('{'), undefined);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) =>
      assert.deepEqual(parseMessage(JSON.stringify(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test('an action without a type calls a tool; what OpenEnv forbids is refused', () => {
  assert.equal(readAction({ tool_name: 'x' }).data?.type, 'call_tool');
  assert.equal(readAction({ type: 'list_tools' }).data?.type, 'list_tools');
  for (const bad of [
    {},
    null,
    [],
    'x',
    { type: 'call_tool' },
    { tool_name: '' },
    { tool_name: 'x', more: 1 },
    { type: 'list_tools', tool_name: 'x' },
    { tool_name: 'x', arguments: [] },
  ])
    assert.equal(readAction(bad).success, false, JSON.stringify(bad));
});

test('counts and times are told in the text format', () => {
  const metrics = createMetrics();
  metrics.count('calls_total');
  metrics.count('calls_total');
  metrics.time(3);
  const text = metrics.render({ sessions: 1, sessions_max: 2, episodes: 3, worker_restarts: 0, worker_heap_bytes: 9 });
  assert.match(text, /^tribune_env_calls_total 2$/m);
  assert.match(text, /^tribune_env_call_seconds_bucket\{le="0.0025"\} 0$/m);
  assert.match(text, /^tribune_env_call_seconds_bucket\{le="0.005"\} 1$/m);
  assert.match(text, /^tribune_env_call_seconds_count 1$/m);
  assert.ok(text.endsWith('\n'));
});
