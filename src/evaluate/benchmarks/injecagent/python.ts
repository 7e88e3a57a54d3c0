// Reads a Python literal as JSON: the benchmark writes arguments as Python prints them, `{'limit': 1, 'tags': ['a']}`.
// Dicts with text keys, lists, tuples (as lists), text, numbers, True, False, None. Nothing is evaluated.
import type { Json } from '../../../episode/action.ts';
import { InputError } from '../../../episode/input.ts';

type Reader = { readonly text: string; at: number };

/** Parses one literal. Throws InputError naming the place, counted from 1. */
export function parsePython(text: string): Json {
  const reader: Reader = { text, at: 0 };
  const value = readValue(reader);
  skipBlanks(reader);
  if (reader.at < text.length) throw failAt(reader, 'the end');
  return value;
}

function failAt({ text, at }: Reader, expected: string): InputError {
  const found = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : 'the end';
  return new InputError(`Python literal, character ${at + 1}`, `${found}, expected ${expected}`);
}

function skipBlanks(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at++;
}

/** Whether the next thing is this sign, which is then taken. */
function takeSign(reader: Reader, sign: string): boolean {
  skipBlanks(reader);
  if (!reader.text.startsWith(sign, reader.at)) return false;
  reader.at += sign.length;
  return true;
}

const WORDS: readonly (readonly [string, Json])[] = [
  ['True', true],
  ['False', false],
  ['None', null],
];
const NUMBER = /[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/iy;

function readValue(reader: Reader): Json {
  if (takeSign(reader, '{')) return readDict(reader);
  if (takeSign(reader, '[')) return readList(reader, ']');
  if (takeSign(reader, '(')) return readList(reader, ')');
  const next = reader.text[reader.at] ?? '';
  if (next === "'" || next === '"') return readText(reader);
  for (const [word, value] of WORDS) if (takeSign(reader, word)) return value;
  NUMBER.lastIndex = reader.at;
  const number = NUMBER.exec(reader.text)?.[0];
  if (number === undefined) throw failAt(reader, 'a value');
  reader.at += number.length;
  return Number(number);
}

function readList(reader: Reader, close: string): readonly Json[] {
  const items: Json[] = [];
  while (!takeSign(reader, close)) {
    items.push(readValue(reader));
    if (takeSign(reader, ',')) continue;
    if (!takeSign(reader, close)) throw failAt(reader, `, or ${close}`);
    break;
  }
  return items;
}

function readDict(reader: Reader): { readonly [key: string]: Json } {
  const entries: [string, Json][] = [];
  while (!takeSign(reader, '}')) {
    const key = readValue(reader);
    if (typeof key !== 'string') throw failAt(reader, 'a text as key');
    if (!takeSign(reader, ':')) throw failAt(reader, ':');
    entries.push([key, readValue(reader)]);
    if (takeSign(reader, ',')) continue;
    if (!takeSign(reader, '}')) throw failAt(reader, ', or }');
    break;
  }
  return Object.fromEntries(entries);
}

const ESCAPES: { readonly [sign: string]: string } = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };
const CODES: { readonly [sign: string]: number } = { x: 2, u: 4, U: 8 };

function readText(reader: Reader): string {
  const quote = reader.text[reader.at++]!;
  let text = '';
  for (;;) {
    const sign = reader.text[reader.at];
    if (sign === undefined || sign === '\n') throw failAt(reader, `a closing ${quote}`);
    reader.at++;
    if (sign === quote) return text;
    text += sign === '\\' ? readEscape(reader) : sign;
  }
}

/** What follows a backslash. Python keeps a backslash it has no meaning for. */
function readEscape(reader: Reader): string {
  const sign = reader.text[reader.at++] ?? '';
  const known = ESCAPES[sign];
  if (known !== undefined) return known;
  const length = CODES[sign];
  if (length === undefined) return `\\${sign}`;
  const digits = reader.text.slice(reader.at, reader.at + length);
  const code = /^[0-9a-f]+$/i.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : Infinity;
  if (code > 0x10ffff) throw failAt(reader, `${length} hexadecimal digits`);
  reader.at += length;
  return String.fromCodePoint(code);
}
