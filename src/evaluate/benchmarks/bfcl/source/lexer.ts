// Cuts Java and JavaScript source into tokens, for reading calls that models write as text. Nothing is run.
// Not here: Java's unicode escapes outside of texts, JSX.
import { PyError } from '../python/value.ts';

export type Kind = 'name' | 'number' | 'text' | 'char' | 'template' | 'pattern' | 'sign' | 'end';
/** A token and where it stands in the source, by UTF-16 units. */
export type Token = { readonly kind: Kind; readonly text: string; readonly from: number; readonly to: number };

/** The language: the two differ in their texts, patterns and signs. */
export type Dialect = 'java' | 'javascript';

/** Throws what counts as a syntax error. */
export function failSource(what: string): never {
  throw new PyError('SyntaxError', what);
}

/** Java's grammar knows ASCII blanks alone, JavaScript's all of them. */
const SPACES: { readonly [dialect in Dialect]: RegExp } = {
  java: /(?:[ \t\n\v\f\r]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y,
  javascript: /(?:[\s\u200b\u2060]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y,
};
const NAME = /[\p{ID_Start}_$][\p{ID_Continue}$]*/uy;
const NUMBERS: { readonly [dialect in Dialect]: RegExp } = {
  java: /(?:0[xX][0-9a-fA-F_]+[lL]?|0[bB][01_]+[lL]?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[lLfFdD]?)/y,
  javascript:
    /(?:0[xX][0-9a-fA-F_]+n?|0[oO][0-7_]+n?|0[bB][01_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?n?)/y,
};
const TEXT = /"(?:[^"\\\n]|\\[\s\S])*"/y;
const BLOCK = /"""[\s\S]*?"""/y;
const QUOTED = /'(?:[^'\\\n]|\\[\s\S])*'/y;
/** Of any length: tree-sitter does not count. */
const CHAR = /'(?:[^'\\\n]|\\u+[0-9a-fA-F]{4}|\\[^u])+'/uy;
const PATTERN = /\/(?![*/])(?:[^\\/[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y;
const SIGNS: { readonly [dialect in Dialect]: RegExp } = {
  java: /->|::|\.\.\.|>>>=|<<=|>>=|&&|\|\||\+\+|--|[-+*/%&|^=!<>]=|[-+*/%&|^=!<>~?:;,.(){}[\]@]/y,
  javascript:
    /=>|\.\.\.|>>>=|\*\*=|&&=|\|\|=|\?\?=|===|!==|<<=|>>=|\*\*|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|[-+*/%&|^=!<>]=|[-+*/%&|^=!<>~?:;,.(){}[\]#]/y,
};

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** All tokens, the last one `end`. Throws PyError (SyntaxError). */
export function cutSource(text: string, dialect: Dialect): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += match(SPACES[dialect], text, at)?.length ?? 0;
    if (at >= text.length) break;
    const [kind, found] = readToken(text, at, dialect, tokens.at(-1) ?? null);
    tokens.push({ kind, text: found, from: at, to: at + found.length });
    at += found.length;
  }
  return [...tokens, { kind: 'end', text: '', from: at, to: at }];
}

function readToken(text: string, at: number, dialect: Dialect, before: Token | null): readonly [Kind, string] {
  const name = match(NAME, text, at);
  if (name !== null) return ['name', name];
  const number = match(NUMBERS[dialect], text, at);
  if (number !== null) return ['number', closeNumber(text, at, number)];
  const quoted = dialect === 'java' ? readJavaText(text, at) : readScriptText(text, at, before);
  if (quoted !== null) return quoted;
  return ['sign', match(SIGNS[dialect], text, at) ?? failSource(`unknown sign ${JSON.stringify(text[at])}`)];
}

/** What follows a number at once makes it none. */
const closeNumber = (text: string, at: number, number: string): string =>
  match(NAME, text, at + number.length) === null ? number : failSource('a number with letters behind it');

function readJavaText(text: string, at: number): readonly [Kind, string] | null {
  const found = match(BLOCK, text, at) ?? match(TEXT, text, at);
  if (found !== null) return ['text', found];
  const char = match(CHAR, text, at);
  return char === null ? null : ['char', char];
}

function readScriptText(text: string, at: number, before: Token | null): readonly [Kind, string] | null {
  const found = match(TEXT, text, at) ?? match(QUOTED, text, at);
  if (found !== null) return ['text', found];
  if (text[at] === '`') return ['template', readTemplate(text, at)];
  const pattern = endsValue(before) ? null : match(PATTERN, text, at);
  return pattern === null ? null : ['pattern', pattern];
}

/** Whether a slash after this token divides. */
const endsValue = (before: Token | null): boolean =>
  before !== null && (before.kind !== 'sign' || [')', ']', '}', '++', '--'].includes(before.text));

function readTemplate(text: string, from: number): string {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '`') return text.slice(from, at + 1);
    else if (text.startsWith('${', at)) at = skipPlace(text, at + 2);
  }
  return failSource('a template without its end');
}

/** Behind `${`: to its closing bracket. */
function skipPlace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    const inner = text[at] === '`' ? readTemplate(text, at) : (match(TEXT, text, at) ?? match(QUOTED, text, at));
    if (inner !== null) at += inner.length - 1;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return failSource('a template without its end');
}

/** Tokens read one after another. */
export type Reader = { readonly source: string; readonly tokens: readonly Token[]; at: number; depth: number };

/** Opens a source. Throws PyError (SyntaxError). */
export const openSource = (source: string, dialect: Dialect): Reader => ({
  source,
  tokens: cutSource(source, dialect),
  at: 0,
  depth: 0,
});

/** The token that stands `ahead` of the next. */
export const peek = (reader: Reader, ahead = 0): Token =>
  reader.tokens[Math.min(reader.at + ahead, reader.tokens.length - 1)]!;

/** Whether this sign or word stands here. */
export function isNext(reader: Reader, text: string, ahead = 0): boolean {
  const token = peek(reader, ahead);
  return token.text === text && (token.kind === 'sign' || token.kind === 'name');
}

/** Whether this sign or word stands here, which is then taken. */
export function take(reader: Reader, text: string): boolean {
  if (!isNext(reader, text)) return false;
  reader.at++;
  return true;
}

/** Takes what must stand here. */
export function need(reader: Reader, text: string): void {
  if (!take(reader, text)) failSource(`expected ${text}`);
}

/** The end of the last token taken. */
export const endOf = (reader: Reader): number => reader.tokens[reader.at - 1]?.to ?? 0;

const OPEN = ['(', '[', '{'];
const CLOSE = [')', ']', '}'];

/** Passes over what stands in brackets, the opening one next. What is in them is not looked at. */
export function skipBrackets(reader: Reader): void {
  const open: string[] = [];
  do {
    const { kind, text } = peek(reader);
    if (kind === 'end') failSource('a bracket that is not closed');
    reader.at++;
    if (kind !== 'sign') continue;
    if (OPEN.includes(text)) open.push(CLOSE[OPEN.indexOf(text)]!);
    else if (CLOSE.includes(text) && open.pop() !== text) failSource('a bracket closed by another');
  } while (open.length > 0);
}

const DEEPEST = 200;

/** Reads what is one level deeper. */
export function nest<T>(reader: Reader, read: () => T): T {
  if (++reader.depth > DEEPEST) failSource('too deep');
  const value = read();
  reader.depth--;
  return value;
}
