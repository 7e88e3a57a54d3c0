// Python's values as JavaScript ones, so that what Python tells apart stays apart: 1, 1.0 and True are three values that
// are equal. Used where an official scorer is Python and its verdict hangs on types.
// Not here: printing (print.ts), arithmetic (number.ts), reading JSON (json.ts) or source text (literal.ts).

/** Keys of a dict: text, an int, or None. */
export type PyKey = string | bigint | null;
export type PyDict = Map<PyKey, Py>;
export type PyList = Py[];

/** A tuple: a list that prints in round brackets and equals no list. */
export class Tuple {
  readonly items: readonly Py[];

  constructor(items: readonly Py[]) {
    this.items = items;
  }
}

/** A value of another type (Decimal, mpmath's mpf, the ellipsis): its text, which is all that is ever looked at. */
export class Foreign {
  readonly type: string;
  readonly text: string;

  constructor(type: string, text: string) {
    this.type = type;
    this.text = text;
  }
}

/** Any Python value: None, bool, int (bigint), float (number), str, list, dict, set, tuple. */
export type Py = null | boolean | bigint | number | string | PyList | PyDict | Set<Py> | Tuple | Foreign;

/** What Python would raise. `type` is the class of the exception; the message is Python's wherever a scorer shows it. */
export class PyError extends Error {
  override readonly name = 'PyError';
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The name of a value's type, `type(value).__name__`. */
export function typeName(value: Py): string {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'boolean':
      return 'bool';
    default:
      return value === null ? 'NoneType' : objectName(value);
  }
}

function objectName(value: PyList | PyDict | Set<Py> | Tuple | Foreign): string {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'dict';
  if (value instanceof Set) return 'set';
  return value instanceof Tuple ? 'tuple' : value.type;
}

export const isDict = (value: Py): value is PyDict => value instanceof Map;
export const isList = (value: Py): value is PyList => Array.isArray(value);

/** Whether a value is a number to Python; a bool is one. */
export const isNumber = (value: Py): value is boolean | bigint | number =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

/** Python's `==`. Numbers of all types and bools compare by value; lists and tuples never equal each other. */
export function equals(a: Py, b: Py): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalItems(a, b);
  if (a instanceof Map) return b instanceof Map && equalDicts(a, b);
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((item) => hasItem([...b], item));
  if (a instanceof Tuple) return b instanceof Tuple && equalItems(a.items, b.items);
  return b instanceof Foreign && a.type === b.type && a.text === b.text;
}

/** Below, equal, above: negative, 0, positive; NaN if either is NaN. Exact between ints and floats of any size. */
export function compareNumbers(a: boolean | bigint | number, b: boolean | bigint | number): number {
  const x = typeof a === 'boolean' ? Number(a) : a;
  const y = typeof b === 'boolean' ? Number(b) : b;
  if (x < y) return -1;
  if (x > y) return 1;
  return Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : 0;
}

function equalItems(a: readonly Py[], b: readonly Py[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equals(a[i]!, b[i]!)) return false;
  return true;
}

function equalDicts(a: PyDict, b: PyDict): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || !equals(value, other)) return false;
  }
  return true;
}

/** Python's `item in items`. */
export function hasItem(items: readonly Py[], item: Py): boolean {
  for (const other of items) if (equals(other, item)) return true;
  return false;
}

/** Python's `bool(value)`. */
export function isTrue(value: Py): boolean {
  if (typeof value === 'number') return value !== 0;
  if (typeof value !== 'object') return Boolean(value);
  if (value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map || value instanceof Set) return value.size > 0;
  return value instanceof Tuple ? value.items.length > 0 : value.text !== '0';
}

/** A deep copy. */
export function copyValue(value: Py): Py {
  if (Array.isArray(value)) return value.map(copyValue);
  if (value instanceof Map) return copyDict(value);
  if (value instanceof Set) return new Set([...value].map(copyValue));
  return value instanceof Tuple ? new Tuple(value.items.map(copyValue)) : value;
}

/** A deep copy of a dict. */
export function copyDict(dict: PyDict): PyDict {
  return new Map([...dict].map(([key, value]) => [key, copyValue(value)]));
}

/** A dict of these entries, in this order. */
export function dictOf(entries: { readonly [key: string]: Py }): PyDict {
  return new Map(Object.entries(entries));
}
