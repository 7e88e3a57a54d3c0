// Reads the source of one Python expression into its syntax tree, as `ast.parse(source, mode="eval")` does. Nothing is run.
// The whole grammar of expressions is here, because whether an answer counts as a call at all hangs on whether it is Python.
// The inside of f"…" is not looked at. Source: The Python Language Reference 3.11, chapter 10 (full grammar).
import { quoteBytes } from './print.ts';
import { failAt, isSign, need, openReader, peek, type Reader, take, takeName } from './reader.ts';
import { failSyntax, type Token } from './tokens.ts';
import type { Clause, Keyword, Node, Parameter } from './tree.ts';
import { Foreign, type Py } from './value.ts';

const DEEPEST = 90;

/** The tree of an expression. Throws PyError (SyntaxError, ValueError). */
export function parseExpression(text: string): Node {
  const reader = openReader(text);
  const first = readExpression(reader);
  const node = isSign(reader, ',') ? readRest(reader, first, readExpression) : first;
  while (peek(reader).kind === 'line') reader.at++;
  return peek(reader).kind === 'end' ? node : failAt(reader);
}

/** A tuple whose first item is read: more items behind commas. */
function readRest(reader: Reader, first: Node, read: (reader: Reader) => Node): Node {
  const items = [first];
  while (take(reader, ',')) {
    if (!startsItem(reader)) break;
    items.push(read(reader));
  }
  return { kind: 'tuple', items };
}

/** Whether an item may begin here: it does not where a list of items can end. */
function startsItem(reader: Reader): boolean {
  const token = peek(reader);
  if (token.kind === 'end' || token.kind === 'line') return false;
  return !(token.kind === 'sign' && [')', ']', '}', '=', ':'].includes(token.text)) && !isSign(reader, 'for');
}

function readExpression(reader: Reader): Node {
  if (++reader.depth > DEEPEST) failSyntax('too many nested parentheses');
  const node = isSign(reader, 'lambda') ? readLambda(reader) : readChoice(reader);
  reader.depth--;
  return node;
}

function readChoice(reader: Reader): Node {
  const yes = readLogic(reader, 'or');
  if (!take(reader, 'if')) return yes;
  const test = readLogic(reader, 'or');
  need(reader, 'else');
  return { kind: 'choice', test, yes, no: readExpression(reader) };
}

function readLogic(reader: Reader, sign: 'or' | 'and'): Node {
  const read = sign === 'or' ? () => readLogic(reader, 'and') : () => readNot(reader);
  const values = [read()];
  while (take(reader, sign)) values.push(read());
  return values.length === 1 ? values[0]! : { kind: 'logic', sign, values };
}

function readNot(reader: Reader): Node {
  let count = 0;
  while (take(reader, 'not')) count++;
  let node = readComparison(reader);
  for (; count > 0; count--) node = { kind: 'unary', sign: 'not', value: node };
  return node;
}

const COMPARISONS = ['<', '>', '==', '>=', '<=', '!=', 'in', 'is'];

function takeComparison(reader: Reader): string | null {
  if (isSign(reader, 'not') && isSign(reader, 'in', 1)) {
    reader.at += 2;
    return 'not in';
  }
  const sign = COMPARISONS.find((one) => take(reader, one)) ?? null;
  return sign === 'is' && take(reader, 'not') ? 'is not' : sign;
}

function readComparison(reader: Reader): Node {
  const left = readBinary(reader, 0);
  const rest: [string, Node][] = [];
  for (let sign = takeComparison(reader); sign !== null; sign = takeComparison(reader))
    rest.push([sign, readBinary(reader, 0)]);
  return rest.length === 0 ? left : { kind: 'compare', left, rest };
}

/** Operators that bind to the left, from the weakest on. */
const LEVELS = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%', '@']];

function readBinary(reader: Reader, level: number): Node {
  const signs = LEVELS[level];
  if (signs === undefined) return readFactor(reader);
  let left = readBinary(reader, level + 1);
  for (;;) {
    const sign = signs.find((one) => take(reader, one));
    if (sign === undefined) return left;
    left = { kind: 'binary', sign, left, right: readBinary(reader, level + 1) };
  }
}

function readFactor(reader: Reader): Node {
  const signs: ('+' | '-' | '~')[] = [];
  for (;;) {
    const sign = (['+', '-', '~'] as const).find((one) => take(reader, one));
    if (sign === undefined) break;
    signs.push(sign);
  }
  return signs.reduceRight<Node>((value, sign) => ({ kind: 'unary', sign, value }), readPower(reader));
}

function readPower(reader: Reader): Node {
  const waits = take(reader, 'await');
  const value = readPrimary(reader);
  const left: Node = waits ? { kind: 'await', value } : value;
  return take(reader, '**') ? { kind: 'binary', sign: '**', left, right: readFactor(reader) } : left;
}

function readPrimary(reader: Reader): Node {
  let node = readAtom(reader);
  for (;;) {
    if (take(reader, '.')) node = { kind: 'attribute', value: node, name: takeName(reader) ?? failAt(reader) };
    else if (take(reader, '(')) node = { kind: 'call', called: node, ...readArguments(reader) };
    else if (take(reader, '[')) node = { kind: 'subscript', value: node, slice: readSlices(reader) };
    else return node;
  }
}

const WORDS: { readonly [word: string]: Py } = { True: true, False: false, None: null };
export const ELLIPSIS = new Foreign('ellipsis', 'Ellipsis');

function readAtom(reader: Reader): Node {
  const token = peek(reader);
  switch (token.kind) {
    case 'number':
      reader.at++;
      return { kind: 'constant', value: token.value };
    case 'text':
      return readTexts(reader);
    case 'name': {
      const id = takeName(reader);
      if (id !== null) return { kind: 'name', id };
      const value = WORDS[token.text];
      if (value === undefined) return failAt(reader);
      reader.at++;
      return { kind: 'constant', value };
    }
    default:
      if (take(reader, '(')) return readNested(reader, readRound);
      if (take(reader, '[')) return readNested(reader, readSquare);
      if (take(reader, '{')) return readNested(reader, readCurly);
      return take(reader, '...') ? { kind: 'constant', value: ELLIPSIS } : failAt(reader);
  }
}

function readNested(reader: Reader, read: (reader: Reader) => Node): Node {
  if (++reader.depth > DEEPEST) failSyntax('too many nested parentheses');
  const node = read(reader);
  reader.depth--;
  return node;
}

/** Texts that stand one after another are one. */
function readTexts(reader: Reader): Node {
  const parts: (Token & { kind: 'text' })[] = [];
  for (let token = peek(reader); token.kind === 'text'; token = peek(reader)) {
    parts.push(token);
    reader.at++;
  }
  const bytes = parts[0]!.bytes;
  if (parts.some((part) => part.bytes !== bytes)) failSyntax('cannot mix bytes and nonbytes literals');
  if (parts.some((part) => part.formatted))
    return { kind: 'formatted', source: parts.map(({ source }) => source).join(' ') };
  const text = parts.map(({ value }) => value).join('');
  const value = bytes ? new Foreign('bytes', `b${quoteBytes(text)}`) : text;
  return { kind: 'constant', value, ...(parts[0]!.unicode ? { unicode: true } : {}) };
}

/** `name := expression`, or an expression. */
function readNamed(reader: Reader): Node {
  if (!isSign(reader, ':=', 1)) return readExpression(reader);
  const target = takeName(reader) ?? failAt(reader);
  need(reader, ':=');
  return { kind: 'named', target, value: readExpression(reader) };
}

function readItem(reader: Reader): Node {
  return take(reader, '*') ? { kind: 'starred', value: readBinary(reader, 0) } : readNamed(reader);
}

function readYield(reader: Reader): Node {
  if (take(reader, 'from')) return { kind: 'yield', from: true, value: readExpression(reader) };
  if (!startsItem(reader)) return { kind: 'yield', from: false, value: null };
  const first = readItem(reader);
  const value = isSign(reader, ',') ? readRest(reader, first, readItem) : first;
  return { kind: 'yield', from: false, value };
}

/** Behind `(`: an expression in brackets, a tuple, a generator. */
function readRound(reader: Reader): Node {
  if (take(reader, ')')) return { kind: 'tuple', items: [] };
  if (take(reader, 'yield')) {
    const node = readYield(reader);
    need(reader, ')');
    return node;
  }
  const first = readItem(reader);
  if (startsClauses(reader)) return readComprehension(reader, 'generator', first, null, ')');
  const node = isSign(reader, ',') ? readRest(reader, first, readItem) : first;
  if (node.kind === 'starred') failSyntax('cannot use starred expression here');
  need(reader, ')');
  return node;
}

function readSquare(reader: Reader): Node {
  if (take(reader, ']')) return { kind: 'list', items: [] };
  const first = readItem(reader);
  if (startsClauses(reader)) return readComprehension(reader, 'list', first, null, ']');
  const { items } = readRest(reader, first, readItem) as { items: readonly Node[] };
  need(reader, ']');
  return { kind: 'list', items };
}

function readCurly(reader: Reader): Node {
  if (take(reader, '}')) return { kind: 'dict', entries: [] };
  if (isSign(reader, '**')) return readEntries(reader, []);
  const first = readItem(reader);
  if (isSign(reader, ':') && first.kind !== 'starred' && first.kind !== 'named') {
    need(reader, ':');
    const value = readExpression(reader);
    if (startsClauses(reader)) return readComprehension(reader, 'dict', first, value, '}');
    if (!isSign(reader, '}')) need(reader, ',');
    return readEntries(reader, [[first, value]]);
  }
  if (startsClauses(reader)) return readComprehension(reader, 'set', first, null, '}');
  const { items } = readRest(reader, first, readItem) as { items: readonly Node[] };
  need(reader, '}');
  return { kind: 'set', items };
}

function readEntries(reader: Reader, entries: (readonly [Node | null, Node])[]): Node {
  while (!take(reader, '}')) {
    if (take(reader, '**')) entries.push([null, readBinary(reader, 0)]);
    else {
      const key = readExpression(reader);
      need(reader, ':');
      entries.push([key, readExpression(reader)]);
    }
    if (!isSign(reader, '}')) need(reader, ',');
  }
  return { kind: 'dict', entries };
}

const startsClauses = (reader: Reader): boolean =>
  isSign(reader, 'for') || (isSign(reader, 'async') && isSign(reader, 'for', 1));

type Form = Extract<Node, { kind: 'comprehension' }>['form'];

function readComprehension(reader: Reader, form: Form, element: Node, value: Node | null, close: string): Node {
  if (element.kind === 'starred') failSyntax('iterable unpacking cannot be used in comprehension');
  const clauses = readClauses(reader);
  need(reader, close);
  return { kind: 'comprehension', form, element, value, clauses };
}

function readClauses(reader: Reader): readonly Clause[] {
  const clauses: Clause[] = [];
  while (startsClauses(reader)) {
    const async = take(reader, 'async');
    need(reader, 'for');
    const target = readTargets(reader);
    need(reader, 'in');
    const source = readLogic(reader, 'or');
    const conditions: Node[] = [];
    while (take(reader, 'if')) conditions.push(readLogic(reader, 'or'));
    clauses.push({ async, target, source, conditions });
  }
  return clauses;
}

function readTargets(reader: Reader): Node {
  const first = readTarget(reader);
  const node = isSign(reader, ',') ? readTargetRest(reader, first) : first;
  return node;
}

function readTargetRest(reader: Reader, first: Node): Node {
  const items = [first];
  while (take(reader, ',')) {
    if (isSign(reader, 'in')) break;
    items.push(readTarget(reader));
  }
  return { kind: 'tuple', items };
}

function readTarget(reader: Reader): Node {
  const node: Node = take(reader, '*') ? { kind: 'starred', value: readPrimary(reader) } : readPrimary(reader);
  return isTarget(node) ? node : failSyntax('cannot assign to expression');
}

function isTarget(node: Node): boolean {
  if (node.kind === 'starred') return isTarget(node.value);
  if (node.kind === 'tuple' || node.kind === 'list') return node.items.every(isTarget);
  return node.kind === 'name' || node.kind === 'attribute' || node.kind === 'subscript';
}

function readSlices(reader: Reader): Node {
  const first = readSlice(reader);
  const items = [first];
  let commas = false;
  while (take(reader, ',')) {
    commas = true;
    if (!isSign(reader, ']')) items.push(readSlice(reader));
    else break;
  }
  need(reader, ']');
  return commas || first.kind === 'starred' ? { kind: 'tuple', items } : first;
}

function readSlice(reader: Reader): Node {
  if (take(reader, '*')) return { kind: 'starred', value: readBinary(reader, 0) };
  const lower = isSign(reader, ':') ? null : readNamed(reader);
  if (!isSign(reader, ':')) return lower!;
  const parts: (Node | null)[] = [lower];
  while (parts.length < 3 && take(reader, ':')) {
    parts.push(isSign(reader, ':') || !startsItem(reader) || isSign(reader, ',') ? null : readExpression(reader));
  }
  return { kind: 'slice', parts };
}

/** The arguments behind an opening bracket, the closing one included. */
function readArguments(reader: Reader): { readonly args: readonly Node[]; readonly named: readonly Keyword[] } {
  const args: Node[] = [];
  const named: Keyword[] = [];
  if (++reader.depth > DEEPEST) failSyntax('too many nested parentheses');
  while (!take(reader, ')')) {
    readArgument(reader, args, named);
    if (startsClauses(reader)) {
      const element = args.pop();
      if (element === undefined || named.length > 0 || args.length > 0) failAt(reader);
      args.push(readComprehension(reader, 'generator', element!, null, ')'));
      break;
    }
    if (!isSign(reader, ')')) need(reader, ',');
  }
  reader.depth--;
  return { args, named };
}

function readArgument(reader: Reader, args: Node[], named: Keyword[]): void {
  if (take(reader, '**')) return void named.push({ name: null, value: readExpression(reader) });
  const unpacked = named.some(({ name }) => name === null);
  if (take(reader, '*')) {
    if (unpacked) failSyntax('iterable argument unpacking follows keyword argument unpacking');
    return void args.push({ kind: 'starred', value: readExpression(reader) });
  }
  if (isSign(reader, '=', 1)) {
    const name = takeName(reader) ?? failAt(reader);
    need(reader, '=');
    return void named.push({ name, value: readExpression(reader) });
  }
  const value = readNamed(reader);
  if (named.length > 0) failSyntax('positional argument follows keyword argument');
  args.push(value);
}

function readLambda(reader: Reader): Node {
  need(reader, 'lambda');
  const parameters: Parameter[] = [];
  while (!take(reader, ':')) {
    parameters.push(readParameter(reader, parameters));
    if (!isSign(reader, ':')) need(reader, ',');
  }
  if (parameters.at(-1)?.mark === '*' && parameters.at(-1)?.name === '')
    failSyntax('named arguments must follow bare *');
  return { kind: 'lambda', parameters, body: readExpression(reader) };
}

function readParameter(reader: Reader, before: readonly Parameter[]): Parameter {
  const marks = before.map(({ mark }) => mark);
  if (marks.includes('**')) failSyntax('arguments cannot follow var-keyword argument');
  const mark = (['**', '*', '/'] as const).find((one) => take(reader, one)) ?? '';
  if (mark === '/') {
    if (before.length === 0 || marks.some((one) => one !== '')) failSyntax('/ is misplaced');
    return { mark, name: '', fallback: null };
  }
  if (mark === '*' && marks.includes('*')) failSyntax('* argument may appear only once');
  const name = takeName(reader) ?? (mark === '*' ? '' : failAt(reader));
  const fallback = mark === '' && take(reader, '=') ? readExpression(reader) : null;
  const starred = marks.includes('*');
  if (mark === '' && fallback === null && !starred && before.some((one) => one.fallback !== null))
    failSyntax('non-default argument follows default argument');
  return { mark, name, fallback };
}
