// The inside of a Python text literal: escapes made into the signs they stand for. Not here: finding the closing quotes.
import { PyError } from './value.ts';

const SHORT: { readonly [sign: string]: string } = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};
const CODES: { readonly [sign: string]: number } = { x: 2, u: 4, U: 8 };

/** What stands at `at`, behind a backslash, and how many signs of the source it takes. */
export type ReadEscape = (text: string, at: number) => readonly [value: string, length: number];

/** The text between the quotes. Throws PyError (SyntaxError). */
export function readText(inner: string, read: ReadEscape): string {
  const source = inner.replaceAll(/\r\n?/g, '\n');
  let value = '';
  for (let at = 0; at < source.length; ) {
    const next = source.indexOf('\\', at);
    if (next < 0) return value + source.slice(at);
    const [found, length] = read(source, next + 1);
    value += source.slice(at, next) + found;
    at = next + 1 + length;
  }
  return value;
}

/** One escape of a text. Python keeps a backslash it has no meaning for. */
export const readEscape: ReadEscape = (text, at) => {
  const octal = /^[0-7]{1,3}/.exec(text.slice(at, at + 3))?.[0];
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8)), octal.length];
  const sign = text[at] ?? '';
  const short = SHORT[sign];
  if (short !== undefined) return [short, 1];
  if (sign === 'N') return readNamed(text, at);
  const digits = CODES[sign];
  if (digits === undefined) return [`\\${sign}`, sign.length];
  const code = text.slice(at + 1, at + 1 + digits);
  const value = code.length === digits && /^[0-9a-fA-F]+$/.test(code) ? Number.parseInt(code, 16) : Infinity;
  if (value > 0x10ffff) throw new PyError('SyntaxError', `(unicode error) truncated \\${sign} escape`);
  return [String.fromCodePoint(value), 1 + digits];
};

/** A sign by its name. Unicode's table of names is not here: any name is one sign, the one that stands for unknown ones. */
function readNamed(text: string, at: number): readonly [string, number] {
  const name = /^N\{[A-Za-z0-9 ()-]+\}/.exec(text.slice(at, at + 100))?.[0];
  if (name === undefined) throw new PyError('SyntaxError', '(unicode error) malformed \\N character escape');
  return ['\ufffd', name.length];
}
