// The imports of a TypeScript source, found on the tokens of the TypeScript scanner: what stands in a string or a comment
// is never mistaken for code. No judgement here (rules.ts).
import { createScanner, SyntaxKind } from 'typescript/unstable/ast';

export type Token = { readonly kind: SyntaxKind; readonly text: string; readonly value: string; readonly line: number };

/** After these a slash begins a regular expression; after a name, a literal or a closing bracket it divides. */
function dividesAfter(kind: SyntaxKind | undefined): boolean {
  switch (kind) {
    case SyntaxKind.Identifier:
    case SyntaxKind.NumericLiteral:
    case SyntaxKind.BigIntLiteral:
    case SyntaxKind.StringLiteral:
    case SyntaxKind.NoSubstitutionTemplateLiteral:
    case SyntaxKind.TemplateTail:
    case SyntaxKind.CloseParenToken:
    case SyntaxKind.CloseBracketToken:
    case SyntaxKind.CloseBraceToken:
    case SyntaxKind.ThisKeyword:
    case SyntaxKind.TrueKeyword:
    case SyntaxKind.FalseKeyword:
    case SyntaxKind.NullKeyword:
      return true;
    default:
      return false;
  }
}

/** The tokens of a source. The scanner needs to be told where a regular expression or the rest of a template begins. */
export function readTokens(text: string): readonly Token[] {
  const scanner = createScanner(true);
  scanner.setText(text);
  const tokens: Token[] = [];
  const braces: ('template' | 'block')[] = [];
  let line = 1;
  let counted = 0;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    const slash = kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken;
    if (slash && !dividesAfter(tokens.at(-1)?.kind)) kind = scanner.reScanSlashToken();
    if (kind === SyntaxKind.OpenBraceToken) braces.push('block');
    if (kind === SyntaxKind.TemplateHead) braces.push('template');
    if (kind === SyntaxKind.CloseBraceToken && braces.at(-1) === 'template') kind = scanner.reScanTemplateToken(false);
    if (kind === SyntaxKind.CloseBraceToken || kind === SyntaxKind.TemplateTail) braces.pop();
    const start = scanner.getTokenStart();
    while (counted < start) if (text[counted++] === '\n') line += 1;
    tokens.push({ kind, text: scanner.getTokenText(), value: scanner.getTokenValue(), line });
  }
  return tokens;
}

/** `erased`: only types are imported, so nothing is loaded when the program runs. */
export type Import = { readonly from: string; readonly line: number; readonly erased: boolean };

/** Whether the tokens from `at` on read as given; null stands for anything. */
export function readsAs(tokens: readonly Token[], at: number, ...texts: readonly (string | null)[]): boolean {
  return texts.every((text, i) => tokens[at + i] !== undefined && (text === null || tokens[at + i]?.text === text));
}

/** What a string literal says; null for any other token. */
export function stringOf(token: Token | undefined): string | null {
  const literal = token?.kind === SyntaxKind.StringLiteral || token?.kind === SyntaxKind.NoSubstitutionTemplateLiteral;
  return token && literal ? token.value : null;
}

/** The next string from `at` on, before the statement ends. */
function nextString(tokens: readonly Token[], at: number): string | null {
  for (let i = at; i < tokens.length && tokens[i]?.text !== ';'; i++) {
    const found = stringOf(tokens[i]);
    if (found !== null) return found;
  }
  return null;
}

/** The path after `from` of an `export … from`, if this export has one. */
function exportedFrom(tokens: readonly Token[], at: number): string | null {
  let i = at + 1;
  if (tokens[i]?.text === 'type') i += 1;
  if (tokens[i]?.text === '{') while (tokens[i] !== undefined && tokens[i]?.text !== '}') i += 1;
  else if (tokens[i]?.text !== '*') return null;
  if (readsAs(tokens, i, '*', 'as')) i += 2;
  return readsAs(tokens, i + 1, 'from') ? stringOf(tokens[i + 2]) : null;
}

/** A path that names a worker or a child process, as in new URL('./child.ts', import.meta.url). */
function namedFile(tokens: readonly Token[], at: number): string | null {
  const path = stringOf(tokens[at]);
  if (path === null || !/^\.\.?\/.*\.ts$/.test(path)) return null;
  const before = tokens[at - 1]?.text === '(' ? tokens[at - 2]?.text : tokens[at - 1]?.text;
  return ['from', 'import', 'require'].includes(before ?? '') ? null : path;
}

/** The import that a token begins. A path that is not written out is given as `(computed)`. */
function importAt(tokens: readonly Token[], at: number): Import | null {
  const { text, line } = tokens[at]!;
  if (tokens[at - 1]?.text === '.') return null;
  const erased = readsAs(tokens, at + 1, 'type') && !readsAs(tokens, at + 2, 'from');
  const called = readsAs(tokens, at + 1, '(');
  if ((text === 'import' || text === 'require') && called) {
    return { from: stringOf(tokens[at + 2]) ?? '(computed)', line, erased };
  }
  if (text === 'import' && !readsAs(tokens, at + 1, '.')) {
    return { from: nextString(tokens, at) ?? '(computed)', line, erased };
  }
  const from = text === 'export' ? exportedFrom(tokens, at) : namedFile(tokens, at);
  return from === null ? null : { from, line, erased };
}

/** Every import of a source: static, type-only, dynamic, re-exported, or a relative path to a source file. */
export function listImports(text: string): readonly Import[] {
  const tokens = readTokens(text);
  return tokens.map((_, at) => importAt(tokens, at)).filter((found) => found !== null);
}
