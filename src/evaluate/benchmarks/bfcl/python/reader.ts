// Tokens of a Python expression, read one after another: what the parser (syntax.ts) asks of them.
import { cutTokens, failSyntax, type Token } from './tokens.ts';

const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);
/** Where reading stands; `depth` counts what is open. */
export type Reader = { readonly tokens: readonly Token[]; at: number; depth: number };

/** Opens a source. Throws PyError (SyntaxError, ValueError). */
export const openReader = (text: string): Reader => ({ tokens: cutTokens(text), at: 0, depth: 0 });

/** The token that stands `ahead` of the next. */
export const peek = (reader: Reader, ahead = 0): Token => reader.tokens[reader.at + ahead] ?? { kind: 'end' };

/** Throws for what stands here. */
export function failAt(reader: Reader): never {
  const token = peek(reader);
  return failSyntax('text' in token ? JSON.stringify(token.text) : token.kind);
}

/** Whether this sign or keyword stands here. */
export function isSign(reader: Reader, sign: string, ahead = 0): boolean {
  const token = peek(reader, ahead);
  return (token.kind === 'sign' || (token.kind === 'name' && KEYWORDS.has(sign))) && token.text === sign;
}

/** Whether this sign or keyword stands here, which is then taken. */
export function take(reader: Reader, sign: string): boolean {
  if (!isSign(reader, sign)) return false;
  reader.at++;
  return true;
}

/** Takes a sign that must stand here. */
export function need(reader: Reader, sign: string): void {
  if (!take(reader, sign)) failAt(reader);
}

/** Takes a name that is no keyword; null where none stands. */
export function takeName(reader: Reader): string | null {
  const token = peek(reader);
  if (token.kind !== 'name' || KEYWORDS.has(token.text)) return null;
  reader.at++;
  return token.text;
}
