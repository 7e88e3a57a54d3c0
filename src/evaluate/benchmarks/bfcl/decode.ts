// Prompt mode: what a model wrote as plain text, read into calls as the official harness reads it, oddities included: arguments
// by place are dropped, a bare name is its own text, `+5` is -5. Python, Java and JavaScript. Nothing a model writes is run.
// Source: bfcl_eval/model_handler/utils.py (default_decode_ast_prompting, default_decode_execute_prompting, ast_parse).
import type { Language } from './categories.ts';
import { evaluateNode } from './python/evaluate.ts';
import { repr } from './python/print.ts';
import { ELLIPSIS, parseExpression } from './python/syntax.ts';
import { strip, stripSigns } from './python/text.ts';
import type { Node } from './python/tree.ts';
import { unparse } from './python/unparse.ts';
import {
  Foreign,
  isDict,
  isNumber,
  type Py,
  type PyDict,
  PyError,
  type PyKey,
  Tuple,
  typeName,
} from './python/value.ts';
import { readJava } from './source/java.ts';
import { readScript } from './source/script.ts';

/** The calls in a text, `[{name: {argument: value}}, …]`, or what else the official decoder gives. Throws PyError as it raises. */
export function decodeText(text: string, language: Language): Py {
  const list = wrapList(text);
  checkEncoding(list);
  switch (language) {
    case 'python':
      return decodePython(list);
    case 'java':
      return readJava([...list].slice(1, -1).join(''));
    case 'javascript':
      return readScript([...list].slice(1, -1).join(''));
  }
}

/** Half of a sign cannot be written as UTF-8, which all three parsers of the original want. */
function checkEncoding(text: string): void {
  if (!text.isWellFormed()) throw new PyError('UnicodeEncodeError', "'utf-8' codec can't encode a surrogate");
}

/** The calls in a text as Python source that can be carried out, as conversations need them. Throws PyError. */
export function decodeSteps(text: string): string[] {
  const list = wrapList(text);
  checkEncoding(list);
  return decodePython(list).flatMap((call) =>
    [...call].map(([name, given]) => `${name}(${writeEntries(given as PyDict)})`),
  );
}

function wrapList(text: string): string {
  const plain = stripSigns(text, '`\n ');
  const opened = plain.startsWith('[') ? plain : `[${plain}`;
  return opened.endsWith(']') ? opened : `${opened}]`;
}

function decodePython(text: string): PyDict[] {
  const body = parseExpression(stripSigns(strip(text), "'"));
  if (body.kind === 'call') return [readCall(body)];
  if (body.kind !== 'list' && body.kind !== 'tuple' && body.kind !== 'set')
    throw new PyError('AttributeError', `a ${body.kind} has no attribute 'elts'`);
  return body.items.map((item) => {
    if (item.kind !== 'call') throw new PyError('AssertionError', '');
    return readCall(item);
  });
}

function readCall({ called, named }: Node & { kind: 'call' }): PyDict {
  const parts: string[] = [];
  let node: Node = called;
  for (; node.kind === 'attribute'; node = node.value) parts.unshift(node.name);
  if (node.kind === 'name') parts.unshift(node.id);
  const given: PyDict = new Map();
  for (const { name, value } of named) given.set(name, readValue(value));
  return new Map([[parts.join('.'), given]]);
}

function readValue(node: Node): Py {
  switch (node.kind) {
    case 'constant':
      return node.value === ELLIPSIS ? '...' : node.value;
    case 'unary':
      return negate(node.value);
    case 'list':
      return node.items.map(readValue);
    case 'tuple':
      return new Tuple(node.items.map(readValue));
    case 'dict':
      return readDict(node);
    case 'binary':
      return evaluateNode(node);
    case 'name':
      return node.id;
    case 'call':
      return node.named.length === 0 ? unparse(node) : readCall(node);
    case 'subscript':
      return `${unparse(node.value)}[${unparse(node.slice)}]`;
    default:
      throw new PyError('Exception', `Unsupported AST type: ${node.kind}`);
  }
}

/** Whatever the sign is, the original takes it for a minus. */
function negate(node: Node): Py {
  const value = node.kind === 'constant' ? node.value : null;
  if (node.kind === 'constant' && isNumber(value)) return typeof value === 'boolean' ? -BigInt(value) : -value;
  if (value instanceof Foreign && value.type === 'complex') return new Foreign('complex', `(-0-${value.text})`);
  throw new PyError('TypeError', `bad operand type for unary -: '${node.kind}'`);
}

function readDict({ entries }: Node & { kind: 'dict' }): PyDict {
  const dict: PyDict = new Map();
  for (const [key, value] of entries) {
    if (key === null) throw new PyError('Exception', 'Unsupported AST type: NoneType');
    const name = toKey(readValue(key));
    dict.set(name, readValue(value));
  }
  return dict;
}

/** A bool or a whole float is the int it equals; other keys that are no text are taken for the text they print as. */
function toKey(key: Py): PyKey {
  if (typeof key === 'string' || typeof key === 'bigint' || key === null) return key;
  if (typeof key === 'boolean') return key ? 1n : 0n;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : repr(key);
  if (!isHashable(key)) throw new PyError('TypeError', `unhashable type: '${typeName(key)}'`);
  return repr(key);
}

function isHashable(value: Py): boolean {
  if (value instanceof Tuple) return value.items.every(isHashable);
  return !Array.isArray(value) && !(value instanceof Map) && !(value instanceof Set);
}

const writeEntries = (given: PyDict): string =>
  [...given].map(([key, value]) => `${key ?? 'None'}=${writeNested(value)}`).join(', ');

/** A value as source; a dict of dicts is taken for a call. */
function writeNested(value: Py): string {
  if (!isDict(value)) return repr(value);
  const [first] = value;
  if ([...value.values()].every(isDict)) {
    if (first === undefined) throw new PyError('IndexError', 'list index out of range');
    return `${first[0] ?? 'None'}(${writeEntries(first[1] as PyDict)})`;
  }
  return `{${[...value].map(([key, item]) => `'${key ?? 'None'}': ${writeNested(item)}`).join(', ')}}`;
}
