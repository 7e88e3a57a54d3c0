// Cuts Python source into tokens: names, numbers, texts, signs, and the line end that closes an expression.
// Texts are read (escapes, prefixes), since whether a source is Python hangs on them. What is no Python is a SyntaxError.
// Not here: indentation.
// Source: The Python Language Reference 3.11, chapter 2.
import { readEscape, readText } from './string.ts';
import { readFloat } from './text.ts';
import { Foreign, type Py, PyError } from './value.ts';

export type Token =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: string }
  | { readonly kind: 'number'; readonly value: Py }
  | {
      readonly kind: 'text';
      /** The text; of bytes, each byte as the sign of its number. */
      readonly value: string;
      readonly bytes: boolean;
      /** f"…": never a value, only syntax. */
      readonly formatted: boolean;
      readonly unicode: boolean;
      readonly source: string;
    }
  | { readonly kind: 'line' }
  | { readonly kind: 'end' };

/** Throws the SyntaxError Python would raise; its words are not Python's. */
export function failSyntax(what: string): never {
  throw new PyError('SyntaxError', `invalid syntax: ${what}`);
}

const SPACE = /(?:[ \t\f]|\\\r?\n|#[^\r\n]*)+/y;
const NAME = /[\p{XID_Start}_][\p{XID_Continue}]*/uy;
const TEXT = /([rRbBuUfF]|[rR][bBfF]|[bBfF][rR])?("""|'''|"|')/y;
const NUMBER =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?[jJ]?)/y;
/** What may follow a number at once, as in `1if x else y`. */
const AFTER_NUMBER = /(?![\p{XID_Start}_0-9])|(?:and|else|for|if|in|is|or|not)(?![\p{XID_Continue}])/uy;
const SIGN = /\.\.\.|\*\*|\/\/|<<|>>|<=|>=|==|!=|:=|[-+*/%@&|^~<>()[\]{},:.=]/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The tokens of a source, the last one `end`. Throws PyError (SyntaxError, or ValueError for a null byte). */
export function cutTokens(text: string): readonly Token[] {
  if (text.includes('\0')) throw new PyError('ValueError', 'source code string cannot contain null bytes');
  const tokens: Token[] = [];
  let at = 0;
  let depth = 0;
  while (at < text.length) {
    const space = matchAt(SPACE, text, at);
    if (space !== null) at += space[0].length;
    else if (text[at] === '\n' || text[at] === '\r') {
      if (depth === 0) tokens.push({ kind: 'line' });
      at++;
    } else {
      const [token, length] = readToken(text, at);
      if (token.kind === 'sign') depth += '([{'.includes(token.text) ? 1 : ')]}'.includes(token.text) ? -1 : 0;
      tokens.push(token);
      at += length;
    }
  }
  tokens.push({ kind: 'end' });
  return tokens;
}

function readToken(text: string, at: number): readonly [Token, number] {
  const opening = matchAt(TEXT, text, at);
  if (opening !== null) return readString(text, at, opening[1] ?? '', opening[2]!);
  const number = matchAt(NUMBER, text, at)?.[0];
  if (number !== undefined) {
    if (matchAt(AFTER_NUMBER, text, at + number.length) === null) failSyntax('invalid decimal literal');
    return [{ kind: 'number', value: readNumber(number) }, number.length];
  }
  const name = matchAt(NAME, text, at)?.[0];
  // Python normalises names; so does everything that looks at them.
  if (name !== undefined) return [{ kind: 'name', text: name.normalize('NFKC') }, name.length];
  const sign = matchAt(SIGN, text, at)?.[0] ?? failSyntax(`${JSON.stringify(text.slice(at, at + 10))}`);
  return [{ kind: 'sign', text: sign }, sign.length];
}

function readNumber(source: string): Py {
  const plain = source.replaceAll('_', '');
  if (/^0[xXoObB]/.test(plain)) return BigInt(plain);
  if (/[jJ]$/.test(plain)) return new Foreign('complex', `${readFloat(plain.slice(0, -1))}j`);
  if (!/^\d+$/.test(plain)) return readFloat(plain);
  if (/^0+[1-9]/.test(plain)) failSyntax('leading zeros in decimal integer literals are not permitted');
  if (plain.length > 4300) failSyntax('Exceeds the limit (4300 digits) for integer string conversion');
  return BigInt(plain);
}

function readString(text: string, at: number, prefix: string, quote: string): readonly [Token, number] {
  const flags = prefix.toLowerCase();
  const [raw, bytes] = [flags.includes('r'), flags.includes('b')];
  const start = at + prefix.length + quote.length;
  const end = findClosing(text, start, quote);
  const inner = text.slice(start, end);
  const formatted = flags.includes('f');
  if (bytes && /[^\0-\x7f]/.test(inner)) failSyntax('bytes can only contain ASCII literal characters');
  const token: Token = {
    kind: 'text',
    value: raw || formatted ? inner.replaceAll(/\r\n?/g, '\n') : readText(inner, bytes ? readByteEscape : readEscape),
    bytes,
    formatted,
    unicode: flags === 'u',
    source: text.slice(at, end + quote.length),
  };
  return [token, end + quote.length - at];
}

/** Where the closing quotes stand. A backslash protects what follows it, in raw texts too. */
function findClosing(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text.startsWith(quote, at)) return at;
    else if ((text[at] === '\n' || text[at] === '\r') && quote.length === 1) break;
  }
  return failSyntax('unterminated string literal');
}

/** In bytes \u and \N mean nothing. */
function readByteEscape(text: string, at: number): readonly [string, number] {
  return 'uUN'.includes(text[at] ?? ' ') ? [`\\${text[at]}`, 1] : readEscape(text, at);
}
