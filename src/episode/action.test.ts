import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callSchema, isJson } from './action.ts';

test('a call read from JSON is the call that was written, whatever its keys are called', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const keys = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', ''));
  const property = fc.property(fc.dictionary(keys, value), (given) => {
    const text = JSON.stringify({ name: 'n', arguments: given });
    assert.equal(JSON.stringify(callSchema.parse(JSON.parse(text))), text);
  });
  fc.assert(property, { numRuns: 500 });
  const nested = '{"name":"n","arguments":{"a":{"__proto__":{"b":1}},"__proto__":2}}';
  assert.equal(JSON.stringify(callSchema.parse(JSON.parse(nested))), nested);
  assert.equal(({} as { b?: number }).b, undefined);
});

test('what is no JSON is no argument', () => {
  const holes: unknown[] = [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    () => 1,
    Symbol('a'),
    new Date(0),
    new Map(),
  ];
  for (const hole of holes) {
    assert.ok(!isJson([{ a: hole }]), String(hole));
    assert.ok(!callSchema.safeParse({ name: 'n', arguments: { a: hole } }).success, String(hole));
  }
  for (const given of [null, [], 'text', 1]) assert.ok(!callSchema.safeParse({ name: 'n', arguments: given }).success);
  assert.ok(isJson([{ a: null, b: [1, 'x', true] }]));
});
