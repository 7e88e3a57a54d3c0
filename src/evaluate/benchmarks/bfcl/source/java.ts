// Reads a Java call that a model wrote as text, `A.f(a="x", b=new int[]{1, 2})`, as the official decoder does: of the first call,
// the assignments among its arguments by name, each value as text put together from its parts, blanks between them lost.
// Nothing is run. Bodies of classes and blocks are not looked at. The original parses with tree-sitter, which mends a missing
// semicolon only where that costs less than giving up: not in a call of ten bytes or less. That is kept.
// Source: bfcl_eval/model_handler/parser/java_parser.py; tree-sitter's error costs.
import { type Py, type PyDict, PyError } from '../python/value.ts';
import { endOf, failSource, isNext, need, nest, openSource, peek, skipBrackets, take } from './lexer.ts';
import { type Java, readType, readTypeArguments, sliceBytes, takeName, tryType } from './types.ts';

/** An expression: what it is, its text as the original puts it together, and the first call in it. */
type Part = {
  readonly kind: 'assignment' | 'name' | 'class' | 'text' | 'call' | 'other';
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly call: Call | null;
  /** A value that can be assigned to, and not the end of a longer expression. */
  readonly single?: boolean;
  /** Of an assignment: its sides. */
  readonly sides?: readonly [Part, Part];
};
type Call = { readonly name: string; readonly args: readonly Part[] };

/** The call in a source as `[{name: {argument: text}}]`; an empty dict where there is none. Throws PyError. */
export function readJava(source: string): Py {
  const reader: Java = { ...openSource(source, 'java'), slice: sliceBytes(source) };
  let found: Call | null = null;
  while (peek(reader).kind !== 'end') {
    if (take(reader, ';')) continue;
    const { call } = readStatement(reader);
    found ??= call;
  }
  return found === null ? new Map() : [new Map([[found.name, nameArguments(found.args)]])];
}

function nameArguments(args: readonly Part[]): PyDict {
  const named: PyDict = new Map();
  const put = (name: string | null, value: string): void => {
    if (named.has(name))
      throw new PyError('Exception', 'Error: Multiple arguments with the same name are not supported.');
    named.set(name, value);
  };
  for (const { kind, text, sides } of args) {
    if (sides !== undefined) put(sides[0].text, sides[1].kind === 'text' ? cutQuotes(sides[1].text) : sides[1].text);
    else if (kind === 'name' || kind === 'class') put(null, text);
  }
  return named;
}

const cutQuotes = (text: string): string => [...text].slice(1, -1).join('');

const CHEAP = 10;
const LINE = 30;

function readStatement(reader: Java): Part {
  const { from } = peek(reader);
  // `Type name = value` is a declaration; the call in its value counts.
  if (declares(reader)) {
    readType(reader);
    reader.at++;
    if (take(reader, ';')) return { kind: 'other', from, to: endOf(reader), text: '', call: null };
    need(reader, '=');
  }
  const part = readExpression(reader);
  if (take(reader, ';')) return part;
  if (peek(reader).kind !== 'end') failSource('something behind an expression');
  const whole = reader.source.slice(0, part.to);
  if (Buffer.byteLength(whole) + LINE * (whole.split('\n').length - 1) <= CHEAP) failSource('no semicolon');
  return part;
}

/** Whether a type and a name stand here, and then `=` or `;`. */
function declares(reader: Java): boolean {
  const start = reader.at;
  const found = peek(reader).kind === 'name' && tryType(reader) && peek(reader).kind === 'name';
  const closed = found && (isNext(reader, '=', 1) || isNext(reader, ';', 1));
  reader.at = start;
  return closed;
}

/** Parts put together: their texts one after another. */
function join(reader: Java, from: number, text: string, parts: readonly Part[]): Part {
  const call = parts.find((part) => part.call !== null)?.call ?? null;
  return { kind: 'other', from, to: endOf(reader), text, call };
}

const ASSIGN = ['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=', '>>>='];

function readExpression(reader: Java): Part {
  return nest(reader, () => {
    const { from } = peek(reader);
    if (isArrow(reader)) return readArrow(reader);
    const left = readChoice(reader);
    const sign = ASSIGN.find((one) => isNext(reader, one));
    if (sign === undefined) return left;
    const before = reader.tokens[reader.at - 1]!;
    if (before.kind !== 'name' && before.text !== ']') failSource('cannot assign to that');
    reader.at++;
    const right = readExpression(reader);
    const whole = join(reader, from, left.text + sign + right.text, [left, right]);
    // In `a - b = 1` it is b that is assigned to.
    return left.single ? { ...whole, kind: 'assignment', sides: [left, right] } : whole;
  });
}

function isArrow(reader: Java): boolean {
  if (peek(reader).kind === 'name' && isNext(reader, '->', 1)) return true;
  if (!isNext(reader, '(')) return false;
  let depth = 0;
  for (let ahead = 0; peek(reader, ahead).kind !== 'end'; ahead++) {
    if (isNext(reader, '(', ahead)) depth++;
    else if (isNext(reader, ')', ahead) && --depth === 0) return isNext(reader, '->', ahead + 1);
  }
  return false;
}

function readArrow(reader: Java): Part {
  const { from } = peek(reader);
  const head = skipText(reader, () => (isNext(reader, '(') ? skipBrackets(reader) : void reader.at++));
  need(reader, '->');
  if (isNext(reader, '{')) {
    const body = skipText(reader, () => skipBrackets(reader));
    return join(reader, from, `${head}->${body}`, []);
  }
  const body = readExpression(reader);
  return join(reader, from, `${head}->${body.text}`, [body]);
}

/** What is passed over, as its tokens one after another. */
function skipText(reader: Java, skip: () => void): string {
  const start = reader.at;
  skip();
  return reader.tokens
    .slice(start, reader.at)
    .map(({ from, to }) => reader.slice(from, to))
    .join('');
}

function readChoice(reader: Java): Part {
  const test = readBinary(reader);
  if (!take(reader, '?')) return test;
  const yes = readExpression(reader);
  need(reader, ':');
  const no = readExpression(reader);
  return join(reader, test.from, `${test.text}?${yes.text}:${no.text}`, [test, yes, no]);
}

const BINARY = new Set('|| && | ^ & == != < > <= >= + - * / %'.split(' '));

function readBinary(reader: Java): Part {
  let part = readUnary(reader);
  for (;;) {
    if (take(reader, 'instanceof')) {
      part = join(reader, part.from, `${part.text}instanceof${readType(reader)}`, [part]);
      continue;
    }
    const { kind, text } = peek(reader);
    if (kind !== 'sign' || !BINARY.has(text)) return part;
    reader.at++;
    let sign = text;
    while ((text === '>' || text === '<') && sign.length < 3 && take(reader, text)) sign += text;
    const right = readUnary(reader);
    part = join(reader, part.from, part.text + sign + right.text, [part, right]);
  }
}

/** A value without operators, marked as one that can be assigned to. */
function readSingle(reader: Java): Part {
  const part = readTail(reader, readPrimary(reader));
  return part.kind === 'call' || part.kind === 'text' ? part : { ...part, single: true };
}

function readUnary(reader: Java): Part {
  const { from } = peek(reader);
  const sign = ['!', '~', '+', '-', '++', '--'].find((one) => take(reader, one));
  if (sign !== undefined) {
    const value = nest(reader, () => readUnary(reader));
    return join(reader, from, sign + value.text, [value]);
  }
  const cast = readCast(reader);
  if (cast !== null) return cast;
  const part = readSingle(reader);
  const behind = ['++', '--'].find((one) => take(reader, one));
  return behind === undefined ? part : join(reader, from, part.text + behind, [part]);
}

const PRIMITIVE = new Set('byte short int long float double boolean char'.split(' '));

/** `(Type) value`; in brackets a name is a type where a value follows. */
function readCast(reader: Java): Part | null {
  if (!isNext(reader, '(')) return null;
  const { from } = peek(reader);
  const start = reader.at++;
  const primitive = PRIMITIVE.has(peek(reader).text);
  const type = tryType(reader) ? skipBack(reader, start + 1) : null;
  const next = peek(reader, 1);
  const follows =
    next.kind === 'sign'
      ? ['(', '!', '~'].includes(next.text) || (primitive && ['+', '-'].includes(next.text))
      : next.kind !== 'end';
  if (type === null || !isNext(reader, ')') || !follows || next.text === 'instanceof') {
    reader.at = start;
    return null;
  }
  reader.at++;
  const value = nest(reader, () => readUnary(reader));
  return join(reader, from, `(${type})${value.text}`, [value]);
}

const skipBack = (reader: Java, start: number): string =>
  reader.tokens
    .slice(start, reader.at)
    .map(({ from, to }) => reader.slice(from, to))
    .join('');

function readTail(reader: Java, first: Part): Part {
  let part = first;
  const { from } = first;
  for (;;) {
    if (take(reader, '.')) {
      if (take(reader, 'new')) {
        const made = readNew(reader, from);
        part = join(reader, from, `${part.text}.${made.text}`, [part, made]);
        continue;
      }
      if (isNext(reader, '<')) readTypeArguments(reader);
      const object = reader.slice(from, part.to);
      const name = takeName(reader);
      if (name === 'class') part = { ...join(reader, from, reader.slice(from, endOf(reader)), []), kind: 'class' };
      else if (isNext(reader, '(')) part = readCall(reader, from, `${object}.${name}`);
      else part = join(reader, from, `${part.text}.${name}`, [part]);
    } else if (take(reader, '::')) {
      const name = take(reader, 'new') ? 'new' : takeName(reader);
      part = join(reader, from, `${part.text}::${name}`, [part]);
    } else if (isNext(reader, '(') && part.kind === 'name') part = readCall(reader, from, part.text);
    else if (take(reader, '[')) {
      const index = readExpression(reader);
      need(reader, ']');
      part = join(reader, from, `${part.text}[${index.text}]`, [part, index]);
    } else return part;
  }
}

function readCall(reader: Java, from: number, name: string): Part {
  const args = readArguments(reader);
  const to = endOf(reader);
  return { kind: 'call', from, to, text: reader.slice(from, to), call: { name, args } };
}

function readArguments(reader: Java): readonly Part[] {
  need(reader, '(');
  const args: Part[] = [];
  while (!take(reader, ')')) {
    args.push(readExpression(reader));
    if (isNext(reader, ')')) continue;
    need(reader, ',');
    if (isNext(reader, ')')) failSource('expected an argument');
  }
  return args;
}

const VALUES = new Set(['true', 'false', 'null', 'this', 'super']);
const REFUSED = new Set(
  'if else for while do switch case return throw try catch finally import package class interface enum void public private protected static final abstract extends implements'.split(
    ' ',
  ),
);

function readPrimary(reader: Java): Part {
  const { kind, text, from, to } = peek(reader);
  const done = (as: Part['kind'] = 'other'): Part => ({ kind: as, from, to, text: reader.slice(from, to), call: null });
  switch (kind) {
    case 'number':
      reader.at++;
      return done();
    case 'text':
    case 'char':
      reader.at++;
      return done('text');
    case 'name':
      if (REFUSED.has(text)) failSource(`an expression does not begin with ${text}`);
      if (isTypeWord(reader)) return readTypeWord(reader, from);
      reader.at++;
      if (text === 'new') return readNew(reader, from);
      return done(VALUES.has(text) ? 'other' : 'name');
    default:
      return take(reader, '[') ? readIndex(reader, from) : readRound(reader, from);
  }
}

/** A type where a value is due: `int[].class`, `String[]::new`, `List<String>::new`. */
function isTypeWord(reader: Java): boolean {
  const start = reader.at;
  const found = tryType(reader) && (isNext(reader, '::') || (isNext(reader, '.') && isNext(reader, 'class', 1)));
  const complex = reader.at > start + 1;
  const primitive = PRIMITIVE.has(reader.tokens[start]!.text);
  reader.at = start;
  return (
    found &&
    (primitive || (complex && reader.tokens.slice(start, start + 3).some(({ text }) => text === '[' || text === '<')))
  );
}

function readTypeWord(reader: Java, from: number): Part {
  const text = readType(reader);
  return { kind: 'other', from, to: endOf(reader), text, call: null };
}

/** An index of nothing: the original mends the missing name, so calls in one more pair of square brackets count. */
function readIndex(reader: Java, from: number): Part {
  const inner = readExpression(reader);
  need(reader, ']');
  return join(reader, from, `[${inner.text}]`, [inner]);
}

function readRound(reader: Java, from: number): Part {
  need(reader, '(');
  const inner = readExpression(reader);
  need(reader, ')');
  return join(reader, from, `(${inner.text})`, [inner]);
}

/** Behind `new`: an object, whose body is lost, or an array, which needs its values. */
function readNew(reader: Java, from: number): Part {
  const type = readType(reader).replace(/(\[\])+$/, '');
  if (isNext(reader, '(')) {
    const args = readArguments(reader);
    if (isNext(reader, '{')) skipBody(reader);
    return join(reader, from, `new ${type}(${args.map(({ text }) => text).join(', ')})`, args);
  }
  if (!isNext(reader, '{')) throw new PyError('AttributeError', "'NoneType' object has no attribute 'type'");
  const values = readValues(reader);
  return join(reader, from, `new ${type}[]${values.text}`, [values]);
}

/** The body of a class: blocks and declarations, not looked into; a call straight in it is none. */
function skipBody(reader: Java): void {
  if (peek(reader, 1).kind === 'name' && isNext(reader, '(', 2)) failSource('a call outside of a block');
  skipBrackets(reader);
}

function readValues(reader: Java): Part {
  const { from } = peek(reader);
  need(reader, '{');
  const parts: Part[] = [];
  let text = '{';
  while (!take(reader, '}')) {
    const part = isNext(reader, '{') ? nest(reader, () => readValues(reader)) : readExpression(reader);
    parts.push(part);
    text += part.text;
    if (take(reader, ',')) text += ',';
    else if (!isNext(reader, '}')) failSource('expected , or }');
  }
  return join(reader, from, `${text}}`, parts);
}
