// Python literals: what Python prints is read back as the same JSON, everything else is told with its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical, type Json } from '../../../episode/action.ts';
import { InputError } from '../../../episode/input.ts';
import { parsePython } from './python.ts';

/** As Python's repr prints it. */
function printPython(value: Json): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return printText(value);
  if (Array.isArray(value)) return `[${value.map(printPython).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${printText(key)}: ${printPython(item)}`)
    .join(', ')}}`;
}

function printText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = [...text].map((sign) => {
    const code = sign.codePointAt(0)!;
    if (sign === '\\' || sign === quote) return `\\${sign}`;
    if (sign === '\n') return '\\n';
    if (code < 32) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : sign;
  });
  return `${quote}${inner.join('')}${quote}`;
}

test('what Python prints is read back', () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    const clean = JSON.parse(JSON.stringify(value)) as Json;
    assert.equal(canonical(parsePython(printPython(clean))), canonical(clean));
  });
  fc.assert(property, { seed: 1 });
});

test('tuples are lists, final commas and blanks are layout, unknown escapes stay', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['(1, 2.5,)', [1, 2.5]],
    [' { "a" : [ ] , } ', { a: [] }],
    ["'\\d\\u00e4\\''", "\\dä'"],
    ['-1e3', -1000],
    ["{'a': True, 'b': None}", { a: true, b: null }],
  ];
  for (const [text, value] of cases) assert.deepEqual(parsePython(text), value, text);
});

test('everything else is told with its place', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /character 1: the end, expected a value/],
    ["{'a': 1", /character 8: the end, expected , or }/],
    ['[1 2]', /character 4: "2\]", expected , or \]/],
    ['{1: 2}', /expected a text as key/],
    ["{'a' 1}", /expected :/],
    ["'open", /expected a closing '/],
    ["'\\x1'", /expected 2 hexadecimal digits/],
    ['[] []', /expected the end/],
    ['__import__("os")', /expected a value/],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => parsePython(text),
      (error) => error instanceof InputError && message.test(error.message),
      text,
    );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parsePython(text);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { seed: 1 },
  );
});
