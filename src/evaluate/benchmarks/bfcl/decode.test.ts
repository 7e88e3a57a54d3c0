// Prompt mode's decoder: what it makes of texts, its oddities, and that nothing a model writes brings it down or is run.
// How far it is the official one is checked in tests/engines/bfcl-official.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Language } from './categories.ts';
import { decodeSteps, decodeText } from './decode.ts';
import { repr } from './python/print.ts';
import { parseExpression } from './python/syntax.ts';
import { unparse } from './python/unparse.ts';
import { PyError } from './python/value.ts';

/** What a text is read into, as Python prints it; the name of the exception where it cannot be read. */
function read(text: string, language: Language = 'python'): string {
  try {
    return repr(decodeText(text, language));
  } catch (error) {
    if (error instanceof PyError) return error.type;
    throw error;
  }
}

test('calls are read from a list, from one call, and from a fence without a language', () => {
  assert.equal(read('[f(a=1), g.h(b="x")]'), "[{'f': {'a': 1}}, {'g.h': {'b': 'x'}}]");
  assert.equal(read('f(a=[1, 2.0, True, None])'), "[{'f': {'a': [1, 2.0, True, None]}}]");
  assert.equal(read('```\n[f()]\n```'), "[{'f': {}}]");
  assert.equal(read('```python\n[f()]\n```'), 'SyntaxError');
});

test('what is no call is none', () => {
  for (const text of ['I cannot help.', '[f(]', '[1]', '[f(a=1) for a in b]', '[f(class=1)]', '[f(a=1, 2)]'])
    assert.match(read(text), /Error$/, text);
  assert.equal(read(''), '[]');
});

test('the oddities of the original are kept', () => {
  assert.equal(read('f(1, 2, a=3)'), "[{'f': {'a': 3}}]", 'arguments by place are dropped');
  assert.equal(read('f(a=b, c=true)'), "[{'f': {'a': 'b', 'c': 'true'}}]", 'names are their own text');
  assert.equal(read('f(a=+5, b=not 1)'), "[{'f': {'a': -5, 'b': -1}}]", 'every sign is a minus');
  assert.equal(read('f(a=g( 1,"x" ), b=c [ 0 ])'), `[{'f': {'a': "g(1, 'x')", 'b': 'c[0]'}}]`);
  assert.equal(read('f(a=2 * 3, b="x" + "y")'), "[{'f': {'a': 6, 'b': 'xy'}}]");
});

test('nothing is run: names and calls in arithmetic are refused', () => {
  assert.equal(read('f(a=1 + len("x"))'), 'NameError');
  assert.equal(read('f(a="x" * 10 ** 9)'), 'MemoryError');
});

test('Java and JavaScript values stay text', () => {
  assert.equal(
    read('[A.f(a="x", b=new int[] {1, 2}, c=-1)]', 'java'),
    "[{'A.f': {'a': 'x', 'b': 'new int[]{1,2}', 'c': '-1'}}]",
  );
  assert.equal(
    read('[f(a="x", b=[1, 2], c={d: 1})]', 'javascript'),
    "[{'f': {'a': 'x', 'b': '[1, 2]', 'c': '{d: 1}'}}]",
  );
  assert.equal(read('[A.f(a=1, a=2)]', 'java'), 'Exception');
  assert.equal(read('[f(a=1]', 'javascript'), 'SyntaxError');
});

test('steps of a conversation are Python source again', () => {
  assert.deepEqual(decodeSteps("[cd(folder='a'), mean(numbers=[1, 2.5])]"), [
    "cd(folder='a')",
    'mean(numbers=[1, 2.5])',
  ]);
});

test('source written anew is read as the same tree', () => {
  const sources = [
    'a.b(1, *c, d=2, **e)[f:g, ::h]',
    '(a + b) * c ** -d',
    'not (a or b) and c',
    '(lambda x, *y, z=1: x)(1 if a else b)',
    '[x for x, y in z if not x]',
    '{1: 2, **a}',
    'f"{a}"',
    '(a := 1) < b <= c',
  ];
  for (const source of sources)
    assert.deepEqual(parseExpression(unparse(parseExpression(source))), parseExpression(source), source);
});

test('no text brings the decoder down', () => {
  const piece = fc.constantFrom(
    'f',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    '=',
    '"',
    "'",
    '1',
    ' ',
    '.',
    ':',
    '*',
    '-',
    '\\',
    'for',
    'in',
    'lambda',
    'new ',
    '->',
    '=>',
    '`',
    '/',
    '\n',
    'é',
    'x',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.constantFrom<Language>('python', 'java', 'javascript'),
      (pieces, language) => {
        assert.equal(typeof read(pieces.join(''), language), 'string');
      },
    ),
    { numRuns: 2000 },
  );
  for (const language of ['python', 'java', 'javascript'] as const)
    for (const sign of ['(', '[', '{', '-', 'f(', 'a[']) assert.match(read(sign.repeat(5000), language), /Error$/);
});
