// Texts hidden in a text by an encoding: base64, hexadecimal, percent signs, escapes, HTML entities, up to two layers deep.
// Only what decodes to readable text counts. Not here: words rewritten letter by letter (cipher.ts). Not covered: compression.
import type { Ciphered } from './cipher.ts';

export type Hidden = {
  readonly encoding: 'base64' | 'hex' | 'percent' | 'escape' | 'entity' | Ciphered['encoding'];
  readonly text: string;
  /** Where the encoded run stands in the text it was found in. */
  readonly start: number;
  readonly end: number;
};

const MOST = 64;
const DEEPEST = 2;

/** Finds encoded readable texts. At most 64 of them, work linear in the length of the text. */
export function findHidden(text: string, depth = 0): readonly Hidden[] {
  const found = [...findRuns(text)].slice(0, MOST);
  if (depth + 1 >= DEEPEST) return found;
  const deeper = found.flatMap(({ text: inner, start, end }) =>
    findHidden(inner, depth + 1).map((hidden) => ({ ...hidden, start, end })),
  );
  return [...found, ...deeper].slice(0, MOST);
}

function* findRuns(text: string): Generator<Hidden> {
  for (const match of text.matchAll(/(?:[A-Za-z0-9+/_-]{4}){4,}[A-Za-z0-9+/_-]{0,3}={0,2}/g)) {
    const decoded = decodeHex(match[0]) ?? decodeBase64(match[0]);
    if (decoded !== null) yield { ...decoded, start: match.index, end: match.index + match[0].length };
  }
  for (const match of text.matchAll(/(?:[^\s%]{0,40}%[0-9A-Fa-f]{2}){3,}[^\s%]{0,40}/g)) {
    const decoded = readable(replacePercent(match[0]));
    if (decoded !== null) yield place('percent', decoded, match);
  }
  for (const match of text.matchAll(/(?:\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}){4,}/g)) {
    const decoded = readable(
      match[0].replace(/\\[ux]([0-9A-Fa-f]+)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16))),
    );
    if (decoded !== null) yield place('escape', decoded, match);
  }
  for (const match of text.matchAll(/(?:&#(?:\d{2,6}|x[0-9A-Fa-f]{2,5});){4,}/g)) {
    const decoded = readable(match[0].replace(/&#(x?)([0-9A-Fa-f]{2,6});/g, (_, x, code) => decodePoint(x, code)));
    if (decoded !== null) yield place('entity', decoded, match);
  }
}

function place(encoding: Hidden['encoding'], text: string, match: RegExpExecArray): Hidden {
  return { encoding, text, start: match.index, end: match.index + match[0].length };
}

function decodePoint(hex: string, digits: string): string {
  const code = Number.parseInt(digits, hex === '' ? 10 : 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

function replacePercent(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

type Decoded = { readonly encoding: Hidden['encoding']; readonly text: string };

function decodeHex(run: string): Decoded | null {
  if (run.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(run)) return null;
  const text = readable(Buffer.from(run, 'hex').toString('utf8'));
  return text === null ? null : { encoding: 'hex', text };
}

function decodeBase64(run: string): Decoded | null {
  const text = readable(Buffer.from(run, 'base64').toString('utf8'));
  return text === null ? null : { encoding: 'base64', text };
}

/** The text, if it is one: at least eight signs, all printable, mostly letters, digits and blanks; beyond ASCII only letters. */
function readable(text: string): string | null {
  if (text.length < 8) return null;
  const ascii = text.match(/[\n\r\t\x20-\x7e]/g)?.length ?? 0;
  if (ascii < text.length && !isLettered(text, ascii)) return null;
  const words = text.match(/[\p{L}\p{N} .@/]/gu)?.length ?? 0;
  return words >= text.length * 0.8 ? text : null;
}

/** What is not ASCII must be letters or signs of a text: letters of many scripts side by side are bytes, not words. */
function isLettered(text: string, ascii: number): boolean {
  const known =
    text.match(/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ??
    0;
  const signs = text.match(/[\p{Mn}‐-―‘’“”«»¿¡、。！？：，]/gu)?.length ?? 0;
  const latin = text.match(/[a-z]/gi)?.length ?? 0;
  return known - latin + signs + ascii >= text.length && !text.includes('\uFFFD');
}

/** What a value says when it is decoded, for tracing a value that was written in an encoding. */
export function decodeValue(value: string): readonly string[] {
  return value.length > 4000 ? [] : findHidden(value).map(({ text }) => text);
}
