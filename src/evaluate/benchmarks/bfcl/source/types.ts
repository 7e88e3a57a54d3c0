// Java's types, and how a piece of a Java source is cut out: shared by what reads calls (java.ts).
import { PyError } from '../python/value.ts';
import { failSource, isNext, need, peek, type Reader, take } from './lexer.ts';

/** A Java source under way; `slice` cuts pieces out of it as the original does. */
export type Java = Reader & { readonly slice: (from: number, to: number) => string };

/** The original cuts texts by the places of bytes: signs beyond ASCII shift what follows them. */
export function sliceBytes(source: string): Java['slice'] {
  if (!/[^\0-\x7f]/.test(source)) return (from, to) => source.slice(from, to);
  const signs = [...source];
  const offsets = new Map<number, number>();
  let [units, bytes] = [0, 0];
  for (const sign of signs) {
    offsets.set(units, bytes);
    units += sign.length;
    bytes += Buffer.byteLength(sign);
  }
  offsets.set(units, bytes);
  return (from, to) => signs.slice(offsets.get(from), offsets.get(to)).join('');
}

/** Whether a type stands here, which is then taken. */
export function tryType(reader: Java): boolean {
  const start = reader.at;
  try {
    readType(reader);
    return true;
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    reader.at = start;
    return false;
  }
}

/** A type, its text without blanks. Throws PyError (SyntaxError). */
export function readType(reader: Java): string {
  let text = takeName(reader);
  for (;;) {
    if (isNext(reader, '.') && peek(reader, 1).kind === 'name') {
      reader.at++;
      text += `.${takeName(reader)}`;
    } else if (isNext(reader, '<')) text += readTypeArguments(reader);
    else break;
  }
  while (isNext(reader, '[') && isNext(reader, ']', 1)) {
    reader.at += 2;
    text += '[]';
  }
  return text;
}

/** What stands in angle brackets, without blanks. */
export function readTypeArguments(reader: Java): string {
  need(reader, '<');
  let text = '<';
  while (!take(reader, '>')) {
    if (take(reader, '?')) {
      text += '?';
      for (const word of ['extends', 'super']) if (take(reader, word)) text += word + readType(reader);
    } else text += readType(reader);
    if (take(reader, ',')) text += ',';
    else if (!isNext(reader, '>')) failSource('expected >');
  }
  return `${text}>`;
}

/** Takes a name. */
export function takeName(reader: Java): string {
  const token = peek(reader);
  if (token.kind !== 'name') failSource('expected a name');
  reader.at++;
  return reader.slice(token.from, token.to);
}
