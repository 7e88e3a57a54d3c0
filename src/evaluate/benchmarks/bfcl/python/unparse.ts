// Writes a syntax tree as Python source, as `ast.unparse` does: its blanks, its quotes, brackets only where they are needed.
// f"…" is written as it stood. Source: class _Unparser of the module `ast`, Python 3.11.
import { print, repr } from './print.ts';
import type { Clause, Node, Parameter } from './tree.ts';
import { Foreign, type Py } from './value.ts';

/** How tightly a node binds, from the loosest. */
const RANK = {
  named: 0,
  tuple: 1,
  yield: 2,
  test: 3,
  or: 4,
  and: 5,
  not: 6,
  compare: 7,
  expression: 8,
  xor: 9,
  bits: 10,
  shift: 11,
  sum: 12,
  term: 13,
  factor: 14,
  power: 15,
  await: 16,
  atom: 17,
} as const;

const BINARY: { readonly [sign: string]: number } = {
  '|': RANK.expression,
  '^': RANK.xor,
  '&': RANK.bits,
  '<<': RANK.shift,
  '>>': RANK.shift,
  '+': RANK.sum,
  '-': RANK.sum,
  '*': RANK.term,
  '/': RANK.term,
  '//': RANK.term,
  '%': RANK.term,
  '@': RANK.term,
  '**': RANK.power,
};

/** The source of a node. */
export function unparse(node: Node, around: number = RANK.test): string {
  const wrap = (rank: number, text: string): string => (around > rank ? `(${text})` : text);
  switch (node.kind) {
    case 'constant':
      return writeConstant(node.value, node.unicode ?? false);
    case 'formatted':
      return node.source;
    case 'name':
      return node.id;
    case 'attribute':
      return `${unparse(node.value, RANK.atom)}${isInt(node.value) ? ' ' : ''}.${node.name}`;
    case 'subscript':
      return `${unparse(node.value, RANK.atom)}[${writeSlice(node.slice)}]`;
    case 'slice':
      return writeParts(node.parts);
    case 'call': {
      const named = node.named.map(({ name, value }) => (name === null ? '**' : `${name}=`) + unparse(value));
      return `${unparse(node.called, RANK.atom)}(${[...node.args.map((one) => unparse(one)), ...named].join(', ')})`;
    }
    case 'list':
      return `[${writeItems(node.items)}]`;
    case 'set':
      return `{${writeItems(node.items)}}`;
    case 'tuple':
      return `(${writeTuple(node.items)})`;
    case 'dict':
      return `{${node.entries.map(writeEntry).join(', ')}}`;
    case 'unary': {
      const rank = node.sign === 'not' ? RANK.not : RANK.factor;
      return wrap(rank, `${node.sign}${node.sign === 'not' ? ' ' : ''}${unparse(node.value, rank)}`);
    }
    case 'binary': {
      const rank = BINARY[node.sign]!;
      const [left, right] = node.sign === '**' ? [rank + 1, rank] : [rank, rank + 1];
      return wrap(rank, `${unparse(node.left, left)} ${node.sign} ${unparse(node.right, right)}`);
    }
    case 'logic': {
      const rank = RANK[node.sign];
      const values = node.values.map((one, at) => unparse(one, Math.min(rank + 1 + at, RANK.atom)));
      return wrap(rank, values.join(` ${node.sign} `));
    }
    case 'compare': {
      const inner = RANK.compare + 1;
      const rest = node.rest.map(([sign, value]) => ` ${sign} ${unparse(value, inner)}`);
      return wrap(RANK.compare, unparse(node.left, inner) + rest.join(''));
    }
    case 'choice': {
      const [yes, test] = [unparse(node.yes, RANK.test + 1), unparse(node.test, RANK.test + 1)];
      return wrap(RANK.test, `${yes} if ${test} else ${unparse(node.no)}`);
    }
    case 'lambda': {
      const parameters = writeParameters(node.parameters);
      return wrap(RANK.test, `lambda${parameters === '' ? '' : ` ${parameters}`}: ${unparse(node.body)}`);
    }
    case 'starred':
      return `*${unparse(node.value, RANK.expression)}`;
    case 'named':
      return wrap(RANK.tuple, `${node.target} := ${unparse(node.value, RANK.atom)}`);
    case 'await':
      return wrap(RANK.await, `await ${unparse(node.value, RANK.atom)}`);
    case 'yield': {
      const value = node.value === null ? '' : ` ${unparse(node.value, RANK.atom)}`;
      return wrap(RANK.yield, `yield${node.from ? ' from' : ''}${value}`);
    }
    case 'comprehension':
      return writeComprehension(node);
  }
}

const isInt = (node: Node): boolean => node.kind === 'constant' && typeof node.value === 'bigint';
const writeItems = (items: readonly Node[]): string => items.map((one) => unparse(one)).join(', ');
const writeTuple = (items: readonly Node[]): string => writeItems(items) + (items.length === 1 ? ',' : '');

/** In square brackets a tuple needs no round ones. */
const writeSlice = (slice: Node): string =>
  slice.kind === 'tuple' && slice.items.length > 0 ? writeTuple(slice.items) : unparse(slice);

function writeParts([lower, upper, step]: readonly (Node | null)[]): string {
  const write = (part: Node | null | undefined): string => (part == null ? '' : unparse(part));
  return `${write(lower)}:${write(upper)}${step == null ? '' : `:${write(step)}`}`;
}

const writeEntry = ([key, value]: readonly [Node | null, Node]): string =>
  key === null ? `**${unparse(value, RANK.expression)}` : `${unparse(key)}: ${unparse(value)}`;

function writeConstant(value: Py, unicode: boolean): string {
  if (value instanceof Foreign) return value.type === 'ellipsis' ? '...' : print(value);
  if (typeof value === 'number') return repr(value).replace('inf', '1e309');
  return (unicode ? 'u' : '') + repr(value);
}

function writeParameters(parameters: readonly Parameter[]): string {
  const told = parameters.map(
    ({ mark, name, fallback }) => mark + name + (fallback === null ? '' : `=${unparse(fallback)}`),
  );
  return told.join(', ');
}

function writeComprehension(node: Extract<Node, { kind: 'comprehension' }>): string {
  const element = unparse(node.element) + (node.value === null ? '' : `: ${unparse(node.value)}`);
  const text = element + node.clauses.map(writeClause).join('');
  switch (node.form) {
    case 'list':
      return `[${text}]`;
    case 'generator':
      return `(${text})`;
    default:
      return `{${text}}`;
  }
}

function writeClause({ async, target, source, conditions }: Clause): string {
  const inner = RANK.test + 1;
  const items = target.kind === 'tuple' ? `(${writeTuple(target.items)})` : unparse(target, RANK.tuple);
  const told = conditions.map((one) => ` if ${unparse(one, inner)}`);
  return `${async ? ' async' : ''} for ${items} in ${unparse(source, inner)}${told.join('')}`;
}
