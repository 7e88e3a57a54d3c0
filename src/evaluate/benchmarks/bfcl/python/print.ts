// How Python prints: `repr`, `str` and `json.dumps`, to the last sign, since scorers compare and show such texts.
// Not here: reading (json.ts, literal.ts).
import { Foreign, type Py, PyError, type PyKey, Tuple, typeName } from './value.ts';

/** Python's `repr(float)`: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e16)) return printPlain(value);
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  const sign = exponent[0]!;
  return `${digits}e${sign}${exponent.slice(1).padStart(2, '0')}`;
}

function printPlain(value: number): string {
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** What does not print as itself: control and format signs, unassigned ones, blanks other than the space. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\\]|[^\P{Zs} ]/u;
const SHORT: { readonly [sign: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Python's `repr(str)`: single quotes unless the text has some and no double ones. */
export function quoteText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = HIDDEN.test(text) ? Array.from(text, escapeSign).join('') : text;
  return quote + (quote === "'" ? inner.replaceAll("'", "\\'") : inner) + quote;
}

/** Python's `repr(bytes)` without its b; each byte is the sign of its number. */
export function quoteBytes(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const short: { readonly [sign: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
  const inner = [...text].map((sign) => {
    if (sign === quote) return `\\${sign}`;
    const code = sign.codePointAt(0)! & 255;
    return short[sign] ?? (code < 32 || code > 126 ? `\\x${code.toString(16).padStart(2, '0')}` : sign);
  });
  return quote + inner.join('') + quote;
}

function escapeSign(sign: string): string {
  const short = SHORT[sign];
  if (short !== undefined) return short;
  if (!HIDDEN.test(sign)) return sign;
  const code = sign.codePointAt(0)!;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

const hex = (code: number, length: number): string => code.toString(16).padStart(length, '0');

/** Python's `repr(value)`. */
export function repr(value: Py): string {
  switch (typeof value) {
    case 'string':
      return quoteText(value);
    case 'bigint':
      return value.toString();
    case 'number':
      return printFloat(value);
    case 'boolean':
      return value ? 'True' : 'False';
    default:
      return value === null ? 'None' : reprObject(value);
  }
}

/** Types whose values print as themselves. */
const LITERAL = ['ellipsis', 'complex', 'bytes'];

function reprObject(value: object & Py): string {
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`;
  if (value instanceof Set) return value.size === 0 ? 'set()' : `{${[...value].map(repr).join(', ')}}`;
  if (value instanceof Foreign) return LITERAL.includes(value.type) ? value.text : `${value.type}('${value.text}')`;
  return `(${value.items.map(repr).join(', ')}${value.items.length === 1 ? ',' : ''})`;
}

/** Python's `str(value)`. */
export function print(value: Py): string {
  if (typeof value === 'string') return value;
  return value instanceof Foreign ? value.text : repr(value);
}

/** Python's `json.dumps(value)`: ASCII only, a blank after commas and colons, 1.0 with its point. Throws PyError. */
export function dumpJson(value: Py): string {
  switch (typeof value) {
    case 'string':
      return dumpText(value);
    case 'number':
      return dumpFloat(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return value === null ? 'null' : dumpObject(value);
  }
}

function dumpObject(value: object & Py): string {
  if (Array.isArray(value)) return `[${value.map(dumpJson).join(', ')}]`;
  if (value instanceof Tuple) return `[${value.items.map(dumpJson).join(', ')}]`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${dumpKey(key)}: ${dumpJson(item)}`);
    return `{${entries.join(', ')}}`;
  }
  throw new PyError('TypeError', `Object of type ${typeName(value)} is not JSON serializable`);
}

/** Python's `json.dumps(value, indent=4)`. Throws PyError. */
export function dumpIndented(value: Py, before = ''): string {
  const inner = `${before}    `;
  const wrap = (open: string, items: readonly string[], close: string): string =>
    items.length === 0 ? open + close : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${before}${close}`;
  if (Array.isArray(value))
    return wrap(
      '[',
      value.map((item) => dumpIndented(item, inner)),
      ']',
    );
  if (!(value instanceof Map)) return dumpJson(value);
  return wrap(
    '{',
    [...value].map(([key, item]) => `${dumpKey(key)}: ${dumpIndented(item, inner)}`),
    '}',
  );
}

/** None becomes "null". */
const dumpKey = (key: PyKey): string => (typeof key === 'string' ? dumpText(key) : `"${key}"`);

function dumpFloat(value: number): string {
  if (Number.isFinite(value)) return printFloat(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** JSON text in ASCII: every other sign as \uXXXX, half by half. */
function dumpText(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (sign) =>
    sign === '\x7f' ? sign : `\\u${hex(sign.charCodeAt(0), 4)}`,
  );
}
