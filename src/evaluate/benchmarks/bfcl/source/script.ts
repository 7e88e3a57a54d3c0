// Reads a JavaScript call that a model wrote as text, `f(a="x", b=[1, 2])`, as the official decoder does: of the first call, the
// assignments among its arguments by name, each with the text of its value. Nothing is run.
// What stands in function bodies is not looked at. The original parses with tree-sitter and refuses what that finds wrong.
// Source: bfcl_eval/model_handler/parser/js_parser.py.
import { type Py, type PyDict, PyError } from '../python/value.ts';
import { endOf, failSource, isNext, need, nest, openSource, peek, type Reader, skipBrackets, take } from './lexer.ts';

/** What an expression is, as far as it matters, and where it stands. */
type Part = {
  readonly kind: 'assignment' | 'name' | 'call' | 'other';
  readonly from: number;
  readonly to: number;
  /** Of an assignment its two sides, of a call what is called. */
  readonly left?: Part;
  readonly right?: Part;
  readonly args?: readonly Part[];
};

/** The call in a source as `[{name: {argument: text}}]`; null where a statement stands in its place. Throws PyError. */
export function readScript(source: string): Py {
  const reader = openSource(source, 'javascript');
  let found: Part | null = null;
  while (peek(reader).kind !== 'end') {
    if (take(reader, ';')) continue;
    const part = readStatement(reader);
    if (found === null && part?.kind === 'call') found = part;
  }
  return found === null ? null : [new Map([[textOf(reader, found.left!), nameArguments(reader, found.args!)]])];
}

const textOf = ({ source }: Reader, { from, to }: Part): string => source.slice(from, to);

function nameArguments(reader: Reader, args: readonly Part[]): PyDict {
  const named: PyDict = new Map();
  const put = (name: string | null, value: string): void => {
    if (named.has(name))
      throw new PyError('Exception', 'Error: Multiple arguments with the same name are not supported.');
    named.set(name, value);
  };
  for (const part of args) {
    const text = textOf(reader, part);
    if (part.kind === 'assignment') put(textOf(reader, part.left!), cutQuotes(textOf(reader, part.right!)));
    else if (part.kind === 'name' && text !== 'false' && text !== 'null' && text !== 'this') put(null, text);
  }
  return named;
}

function cutQuotes(text: string): string {
  const quoted = (text.startsWith('"') && text.endsWith('"')) || (text.startsWith("'") && text.endsWith("'"));
  return quoted ? text.slice(1, -1) : text;
}

function readStatement(reader: Reader): Part | null {
  const declares = take(reader, 'const') || take(reader, 'let') || take(reader, 'var');
  const part = readSequence(reader);
  const { kind } = peek(reader);
  const broken = kind !== 'end' && !isNext(reader, ';') && !/\n/.test(reader.source.slice(part.to, peek(reader).from));
  if (broken) failSource('something behind an expression');
  return declares ? null : part;
}

function readSequence(reader: Reader): Part {
  const first = readAssigned(reader);
  if (!isNext(reader, ',')) return first;
  let last = first;
  while (take(reader, ',')) last = readAssigned(reader);
  return { kind: 'other', from: first.from, to: last.to };
}

const ASSIGN = ['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '**=', '<<=', '>>=', '>>>=', '&&=', '||=', '??='];

function readAssigned(reader: Reader): Part {
  return nest(reader, () => {
    const { from } = peek(reader);
    if (isArrow(reader)) return readArrow(reader);
    const left = readChoice(reader);
    if (take(reader, '=')) {
      const right = readAssigned(reader);
      return { kind: 'assignment', from, to: right.to, left, right };
    }
    if (ASSIGN.some((sign) => take(reader, sign))) return { kind: 'other', from, to: readAssigned(reader).to };
    return left;
  });
}

/** Whether a function with an arrow begins here. */
function isArrow(reader: Reader): boolean {
  const skip = isNext(reader, 'async') && !isNext(reader, '=>', 1) ? 1 : 0;
  if (peek(reader, skip).kind === 'name' && isNext(reader, '=>', skip + 1)) return true;
  if (!isNext(reader, '(', skip)) return false;
  let depth = 0;
  for (let ahead = skip; peek(reader, ahead).kind !== 'end'; ahead++) {
    if (isNext(reader, '(', ahead)) depth++;
    else if (isNext(reader, ')', ahead) && --depth === 0) return isNext(reader, '=>', ahead + 1);
  }
  return false;
}

function readArrow(reader: Reader): Part {
  const { from } = peek(reader);
  if (isNext(reader, 'async') && !isNext(reader, '=>', 1)) reader.at++;
  if (isNext(reader, '(')) skipBrackets(reader);
  else reader.at++;
  need(reader, '=>');
  if (isNext(reader, '{')) skipBrackets(reader);
  else readAssigned(reader);
  return { kind: 'other', from, to: endOf(reader) };
}

function readChoice(reader: Reader): Part {
  const test = readBinary(reader);
  if (!take(reader, '?')) return test;
  readAssigned(reader);
  need(reader, ':');
  return { kind: 'other', from: test.from, to: readAssigned(reader).to };
}

const BINARY = new Set('|| && ?? | ^ & == != === !== < > <= >= << >> >>> + - * / % ** instanceof in'.split(' '));

/** How the operators bind does not matter here, only where an expression ends. */
function readBinary(reader: Reader): Part {
  const first = readUnary(reader);
  let part = first;
  for (;;) {
    const { text, kind } = peek(reader);
    if ((kind !== 'sign' && kind !== 'name') || !BINARY.has(text)) return part;
    reader.at++;
    // `>>` and `>>>` are cut into single signs.
    while (text === '>' && isNext(reader, '>')) reader.at++;
    if (text === '<' && isNext(reader, '<')) reader.at++;
    part = { kind: 'other', from: first.from, to: readUnary(reader).to };
  }
}

const PREFIX = ['!', '~', '+', '-', '++', '--', 'typeof', 'void', 'delete', 'await', 'yield'];

function readUnary(reader: Reader): Part {
  const { from } = peek(reader);
  if (PREFIX.some((sign) => take(reader, sign))) {
    const { to } = nest(reader, () => readUnary(reader));
    return { kind: 'other', from, to };
  }
  const part = readTail(reader, readPrimary(reader));
  return take(reader, '++') || take(reader, '--') ? { kind: 'other', from, to: endOf(reader) } : part;
}

function readTail(reader: Reader, first: Part): Part {
  let part = first;
  const { from } = first;
  for (;;) {
    if (take(reader, '.')) {
      take(reader, '#');
      if (peek(reader).kind !== 'name') failSource('expected a name');
      reader.at++;
      part = { kind: 'other', from, to: endOf(reader) };
    } else if (take(reader, '?.')) {
      if (peek(reader).kind === 'name') reader.at++;
      else if (isNext(reader, '(')) readArguments(reader);
      else skipIndex(reader);
      part = { kind: 'other', from, to: endOf(reader) };
    } else if (isNext(reader, '(')) {
      const args = readArguments(reader);
      part = { kind: 'call', from, to: endOf(reader), left: part, args };
    } else if (isNext(reader, '[')) {
      skipIndex(reader);
      part = { kind: 'other', from, to: endOf(reader) };
    } else if (peek(reader).kind === 'template') {
      reader.at++;
      part = { kind: 'other', from, to: endOf(reader) };
    } else return part;
  }
}

function skipIndex(reader: Reader): void {
  need(reader, '[');
  readSequence(reader);
  need(reader, ']');
}

function readArguments(reader: Reader): readonly Part[] {
  need(reader, '(');
  const args: Part[] = [];
  while (!take(reader, ')')) {
    const { from } = peek(reader);
    const spread = take(reader, '...');
    const part = readAssigned(reader);
    args.push(spread ? { kind: 'other', from, to: part.to } : part);
    if (!isNext(reader, ')')) need(reader, ',');
  }
  return args;
}

const REFUSED = new Set(
  'if else for while do switch case return throw try catch finally import export default with'.split(' '),
);

function readPrimary(reader: Reader): Part {
  const { kind, text, from } = peek(reader);
  const done = (as: Part['kind'] = 'other'): Part => ({ kind: as, from, to: endOf(reader) });
  if (kind === 'end') failSource('the end');
  if (kind === 'number' || kind === 'text' || kind === 'template' || kind === 'pattern') {
    reader.at++;
    return done();
  }
  if (kind === 'name') return readWord(reader, text, done);
  if (text === '(') {
    reader.at++;
    readSequence(reader);
    need(reader, ')');
    return done();
  }
  if (text === '[') readList(reader);
  else if (text === '{') readObject(reader);
  else failSource(`an expression does not begin with ${text}`);
  return done();
}

function readWord(reader: Reader, text: string, done: (as?: Part['kind']) => Part): Part {
  if (REFUSED.has(text)) failSource(`an expression does not begin with ${text}`);
  reader.at++;
  if (text === 'new') {
    const called = readTail(reader, readPrimary(reader));
    return called.to > 0 ? done() : called;
  }
  const isFunction = text === 'function' || (text === 'async' && take(reader, 'function'));
  if (isFunction || text === 'class') {
    while (!isNext(reader, '{')) {
      if (peek(reader).kind === 'end') failSource('the end');
      if (isNext(reader, '(')) skipBrackets(reader);
      else reader.at++;
    }
    skipBrackets(reader);
    return done();
  }
  return done('name');
}

function readList(reader: Reader): void {
  need(reader, '[');
  while (!take(reader, ']')) {
    if (take(reader, ',')) continue;
    take(reader, '...');
    readAssigned(reader);
    if (!isNext(reader, ']')) need(reader, ',');
  }
}

function readObject(reader: Reader): void {
  need(reader, '{');
  while (!take(reader, '}')) {
    readEntry(reader);
    if (!isNext(reader, '}')) need(reader, ',');
  }
}

/** One entry of an object: spread, method, `key: value`, or a name alone. */
function readEntry(reader: Reader): void {
  if (take(reader, '...')) return void readAssigned(reader);
  const modified =
    ['get', 'set', 'async', 'static'].some((word) => isNext(reader, word)) && !/^[:,(}=]$/.test(peek(reader, 1).text);
  if (modified) reader.at++;
  take(reader, '*');
  const { kind } = peek(reader);
  if (isNext(reader, '[')) skipIndex(reader);
  else if (kind === 'name' || kind === 'number' || kind === 'text') reader.at++;
  else failSource('expected a key');
  if (take(reader, ':')) return void readAssigned(reader);
  if (isNext(reader, '(')) {
    skipBrackets(reader);
    skipBrackets(reader);
    return;
  }
  if (kind !== 'name') failSource('a key without a value');
  if (take(reader, '=')) readAssigned(reader);
}
