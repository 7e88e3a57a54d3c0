// Works out arithmetic of literals, `2 * 3`, `[1] + [2]`, as the official decoder does with Python's `eval`. Names, calls and
// everything else are refused: what a model writes is never run.
import { add, compare, divide, multiply, power, subtract } from './number.ts';
import { print } from './print.ts';
import type { Node } from './tree.ts';
import { Foreign, isList, isNumber, type Py, PyError, Tuple, typeName } from './value.ts';

const LONGEST = 100_000;

function refuse(what: string): never {
  throw new PyError('NameError', `${what} is not worked out here`);
}

/** The value of an expression of literals. Throws PyError, as Python raises or for what is not worked out. */
export function evaluateNode(node: Node): Py {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'list':
      return node.items.map(evaluateNode);
    case 'tuple':
      return new Tuple(node.items.map(evaluateNode));
    case 'unary':
      return evaluateUnary(node.sign, evaluateNode(node.value));
    case 'binary':
      return evaluateBinary(node.sign, evaluateNode(node.left), evaluateNode(node.right));
    default:
      return refuse(node.kind === 'name' ? `name '${node.id}'` : node.kind);
  }
}

function evaluateUnary(sign: string, value: Py): Py {
  if (sign === 'not') return refuse('not');
  if (!isNumber(value)) throw new PyError('TypeError', `bad operand type for unary ${sign}: '${typeName(value)}'`);
  const number = typeof value === 'boolean' ? BigInt(value) : value;
  if (sign === '+') return number;
  if (sign === '-') return -number;
  if (typeof number === 'bigint') return ~number;
  throw new PyError('TypeError', "bad operand type for unary ~: 'float'");
}

function evaluateBinary(sign: string, a: Py, b: Py): Py {
  if (a instanceof Foreign || b instanceof Foreign) return refuse('such a value');
  switch (sign) {
    case '+':
      return a instanceof Tuple && b instanceof Tuple ? new Tuple([...a.items, ...b.items]) : add(a, b);
    case '-':
      return subtract(a, b);
    case '*':
      return repeat(a, b) ?? repeat(b, a) ?? multiply(a, b);
    case '/':
      return divide(a, b);
    case '**':
      if (typeof a === 'bigint' && typeof b === 'bigint' && b < 0n && a === 0n)
        throw new PyError('ZeroDivisionError', '0.0 cannot be raised to a negative power');
      return power(a, b);
    case '//':
      return floor(a, b);
    case '%':
      if (typeof a === 'string') return formatText(a, b);
      return remain(a, b);
    default:
      return evaluateBits(sign, a, b);
  }
}

/** A text, list or tuple times an int; null for anything else. */
function repeat(value: Py, times: Py): Py | null {
  if (typeof times !== 'bigint' && typeof times !== 'boolean') return null;
  const count = Math.max(0, Number(times));
  const length =
    typeof value === 'string' || isList(value) ? value.length : value instanceof Tuple ? value.items.length : null;
  if (length === null) return null;
  if (length * count > LONGEST) throw new PyError('MemoryError', '');
  if (typeof value === 'string') return value.repeat(count);
  const items = isList(value) ? value : (value as Tuple).items;
  const repeated = Array.from({ length: count }, () => items).flat();
  return isList(value) ? repeated : new Tuple(repeated);
}

function floor(a: Py, b: Py): Py {
  const [x, y] = needNumbers('//', a, b);
  if (typeof x === 'bigint' && typeof y === 'bigint') {
    const quotient = x / y;
    return x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient;
  }
  return Math.floor((Number(x) - floorRemainder(Number(x), Number(y))) / Number(y));
}

function remain(a: Py, b: Py): Py {
  const [x, y] = needNumbers('%', a, b);
  if (typeof x === 'bigint' && typeof y === 'bigint') {
    const rest = x % y;
    return rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
  }
  return floorRemainder(Number(x), Number(y));
}

function floorRemainder(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

function needNumbers(sign: string, a: Py, b: Py): readonly [bigint | number, bigint | number] {
  if (!isNumber(a) || !isNumber(b))
    throw new PyError('TypeError', `unsupported operand type(s) for ${sign}: '${typeName(a)}' and '${typeName(b)}'`);
  if (Number(b) === 0) throw new PyError('ZeroDivisionError', 'integer division or modulo by zero');
  return [typeof a === 'boolean' ? BigInt(a) : a, typeof b === 'boolean' ? BigInt(b) : b];
}

/** `'%s' % value` with plain places alone. */
function formatText(text: string, value: Py): Py {
  const values = value instanceof Tuple ? [...value.items] : [value];
  const filled = text.replace(/%(.?)/gs, (_, sign: string) => {
    if (sign === '%') return '%';
    const next = values.shift();
    if (next === undefined) throw new PyError('TypeError', 'not enough arguments for format string');
    if (sign === 's') return print(next);
    return sign === 'd' && typeof next === 'bigint' ? String(next) : refuse(`%${sign}`);
  });
  if (values.length > 0) throw new PyError('TypeError', 'not all arguments converted during string formatting');
  return filled;
}

function evaluateBits(sign: string, a: Py, b: Py): Py {
  const both = typeof a === 'boolean' && typeof b === 'boolean';
  const [x, y] = [a, b].map((value) => (typeof value === 'boolean' ? BigInt(value) : value));
  if (typeof x !== 'bigint' || typeof y !== 'bigint')
    throw new PyError('TypeError', `unsupported operand type(s) for ${sign}: '${typeName(a)}' and '${typeName(b)}'`);
  const tell = (value: bigint): Py => (both ? value !== 0n : value);
  if (sign === '&') return tell(x & y);
  if (sign === '|') return tell(x | y);
  if (sign === '^') return tell(x ^ y);
  if (sign === '@') throw new PyError('TypeError', "unsupported operand type(s) for @: 'int' and 'int'");
  if (compare(y, 0n, '<')) throw new PyError('ValueError', 'negative shift count');
  if (sign === '<<' && y > 1_000_000n) throw new PyError('MemoryError', '');
  return sign === '<<' ? x << y : x >> (y > 1_000_000n ? 1_000_000n : y);
}
