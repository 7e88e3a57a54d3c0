// Reads JSON as Python's `json.loads` does: 1 and 1.0 stay apart, ints of any size are exact, NaN and Infinity are taken,
// the last of equal keys wins at the place of the first.
// Not here: checking what a document holds.
import type { Json } from '../../../../episode/action.ts';
import { InputError } from '../../../../episode/input.ts';
import { repr } from './print.ts';
import type { Py, PyDict } from './value.ts';

type Reader = { readonly text: string; at: number; depth: number };

/** A value as ordinary JSON, for people: an int too large for a double and what JSON lacks become text. */
export function plainJson(value: Py): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : repr(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plainJson(item)]));
  return value !== null && typeof value === 'object' ? repr(value) : value;
}

/** Deeper documents are refused rather than let the stack overflow. */
const DEEPEST = 500;

/** What JavaScript reads otherwise than Python: floats, large ints, names that look like numbers (their order is lost). */
const UNLIKE = /\d[.eE]|\d{16}|"\d+"\s*:|\\u003|-0(?!\d)/;

/** A document that means the same to both, read by the engine; undefined where this one has to read it. */
function loadPlain(text: string): Py | undefined {
  if (UNLIKE.test(text)) return undefined;
  try {
    return convertPlain(JSON.parse(text), 0);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function convertPlain(value: Json, depth: number): Py {
  if (typeof value === 'number') return BigInt(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) throw new SyntaxError('too deep');
  if (Array.isArray(value)) return value.map((item: Json) => convertPlain(item, depth + 1));
  const fields = value as { readonly [key: string]: Json };
  const dict: PyDict = new Map();
  for (const key of Object.keys(fields)) dict.set(key, convertPlain(fields[key]!, depth + 1));
  return dict;
}

/** Parses a JSON document. Throws InputError naming `where` and the character, counted from 1. */
export function loadJson(text: string, where: string): Py {
  const plain = loadPlain(text);
  if (plain !== undefined) return plain;
  const reader: Reader = { text, at: 0, depth: 0 };
  try {
    const value = readValue(reader);
    skipBlanks(reader);
    if (reader.at < text.length) throw new SyntaxError('the end');
    return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const found = reader.at < text.length ? JSON.stringify(text.slice(reader.at, reader.at + 20)) : 'the end';
    throw new InputError(where, `not JSON (character ${reader.at + 1} is ${found}), expected ${error.message}`);
  }
}

function skipBlanks(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
    reader.at++;
  }
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const BACKSLASH = 92;
const OPEN_DICT = 123;
const CLOSE_DICT = 125;

function readValue(reader: Reader): Py {
  skipBlanks(reader);
  switch (reader.text.charCodeAt(reader.at)) {
    case QUOTE:
      reader.at++;
      return readText(reader);
    case OPEN_DICT:
      return readNested(reader, readDict);
    case OPEN_LIST:
      return readNested(reader, readList);
    default:
      return readWord(reader);
  }
}

function readNested<T>(reader: Reader, read: (reader: Reader) => T): T {
  if (reader.depth >= DEEPEST) throw new SyntaxError(`at most ${DEEPEST} levels`);
  reader.depth++;
  reader.at++;
  const value = read(reader);
  reader.depth--;
  return value;
}

/** Whether the next sign is this one, which is then taken. */
function takeCode(reader: Reader, code: number): boolean {
  skipBlanks(reader);
  if (reader.text.charCodeAt(reader.at) !== code) return false;
  reader.at++;
  return true;
}

function readList(reader: Reader): Py[] {
  const items: Py[] = [];
  if (takeCode(reader, CLOSE_LIST)) return items;
  for (;;) {
    items.push(readValue(reader));
    if (takeCode(reader, CLOSE_LIST)) return items;
    if (!takeCode(reader, COMMA)) throw new SyntaxError('"," or "]"');
  }
}

function readDict(reader: Reader): PyDict {
  const entries: PyDict = new Map();
  if (takeCode(reader, CLOSE_DICT)) return entries;
  for (;;) {
    if (!takeCode(reader, QUOTE)) throw new SyntaxError('a name in double quotes');
    const key = readText(reader);
    if (!takeCode(reader, COLON)) throw new SyntaxError('":"');
    entries.set(key, readValue(reader));
    if (takeCode(reader, CLOSE_DICT)) return entries;
    if (!takeCode(reader, COMMA)) throw new SyntaxError('"," or "}"');
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const WORDS: readonly (readonly [string, Py])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];

function readWord(reader: Reader): Py {
  NUMBER.lastIndex = reader.at;
  const number = NUMBER.exec(reader.text);
  if (number !== null) {
    reader.at = NUMBER.lastIndex;
    return number[1] === undefined && number[2] === undefined ? BigInt(number[0]) : Number(number[0]);
  }
  const word = WORDS.find(([name]) => reader.text.startsWith(name, reader.at));
  if (word === undefined) throw new SyntaxError('a value');
  reader.at += word[0].length;
  return word[1];
}

/** A text whose opening quote is taken. */
function readText(reader: Reader): string {
  const { text } = reader;
  let from = reader.at;
  let value = '';
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (code === QUOTE) return value + text.slice(from, reader.at++);
    if (Number.isNaN(code) || code < 32) throw new SyntaxError('a closing double quote');
    reader.at++;
    if (code !== BACKSLASH) continue;
    value += text.slice(from, reader.at - 1) + readEscape(reader);
    from = reader.at;
  }
}

const ESCAPES: { readonly [sign: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function readEscape(reader: Reader): string {
  const sign = reader.text[reader.at] ?? '';
  const known = ESCAPES[sign];
  if (known !== undefined) {
    reader.at++;
    return known;
  }
  const digits = reader.text.slice(reader.at + 1, reader.at + 5);
  if (sign !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxError('an escape such as \\n or \\u00e9');
  reader.at += 5;
  return String.fromCharCode(Number.parseInt(digits, 16));
}
