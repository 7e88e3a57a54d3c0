// JSON of a tool's arguments as an automaton (machine.ts): exactly what the tool's schema names, in its order, required ones
// always, texts and lists of bounded length. Blanks stand after colons and commas, as Python writes JSON and templates show it.
// Not held to: patterns, formats, bounds of numbers, and what `anyOf` and the like say: there any JSON value may stand.
import type { Json } from '../../episode/action.ts';
import type { ToolSchema } from '../../episode/episode.ts';
import { chooseWay, type Node, symbolsOf, type Then, writeFreely, writeText } from './machine.ts';

/** How long values may become. */
export type ValueLimits = {
  /** Tokens of a text. */
  readonly text: number;
};

/** Digits of a number; up to here whole numbers are exact. */
const DIGITS = 15;
/** Members of a list or of an object without named properties, and how deep they nest. */
const MEMBERS = 8;
const DEPTH = 3;

/** JSON as Python's json.dumps writes it, with `<` written as \u003c so that no tag stands in it. */
export function writeJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(writeJson).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, item]) => `${quote(key)}: ${writeJson(item as Json)}`)
      .join(', ')}}`;
  return typeof value === 'string' ? quote(value) : JSON.stringify(value);
}

const quote = (text: string): string => JSON.stringify(text).replaceAll('<', '\\u003c');

/** The arguments of a tool, from `{` to `}`. */
export function writeArguments(tool: ToolSchema, limits: ValueLimits, then: Then): Node {
  return writeObject(tool.parameters, limits, DEPTH, then);
}

type Schema = { readonly [key: string]: unknown };

function writeObject(schema: Schema, limits: ValueLimits, depth: number, then: Then): Node {
  const properties = Object.entries((schema.properties ?? {}) as { readonly [name: string]: Schema });
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  if (properties.length === 0)
    return schema.properties === undefined ? writeAny('{', limits, depth, then) : closeEmpty();
  return writeText(symbolsOf('{'), { key: `{${keyOf(schema)}>${then.key}`, make: () => member(0, true) });

  function closeEmpty(): Node {
    return writeText(symbolsOf('{}'), then);
  }
  /** The next property: any up to the next required one, or the end if none is required any more. */
  function member(from: number, isFirst: boolean): Node {
    const stop = properties.findIndex(([name], at) => at >= from && required.has(name));
    const reach = stop < 0 ? properties.length : stop + 1;
    const ways = properties.slice(from, reach).map(([name, inner], at) => ({
      symbols: symbolsOf(`${isFirst ? '' : ', '}${quote(name)}: `),
      after: valueThen(inner, limits, depth, {
        key: `${keyOf(schema)}${from + at + 1}>${then.key}`,
        make: () => member(from + at + 1, false),
      }),
    }));
    return chooseWay(stop < 0 ? [...ways, { symbols: symbolsOf('}'), after: then }] : ways);
  }
}

const keyOf = (schema: Schema): string => JSON.stringify(schema);

function valueThen(schema: Schema, limits: ValueLimits, depth: number, then: Then): Then {
  return { key: `${depth}${keyOf(schema)}>${then.key}`, make: () => writeValue(schema, limits, depth, then) };
}

/** One value of a schema. */
export function writeValue(schema: Schema, limits: ValueLimits, depth: number, then: Then): Node {
  const { enum: options, type } = schema;
  if (Array.isArray(options) && options.length > 0)
    return chooseWay(listTexts(options).map((text) => ({ symbols: symbolsOf(text), after: then })));
  switch (type) {
    case 'string':
      return writeText([34], stringThen(limits, then));
    case 'integer':
      return writeNumber(false, then);
    case 'number':
      return writeNumber(true, then);
    case 'boolean':
      return chooseWay(['true', 'false'].map((text) => ({ symbols: symbolsOf(text), after: then })));
    case 'null':
      return writeText(symbolsOf('null'), then);
    case 'array':
      return depth === 0
        ? writeText(symbolsOf('[]'), then)
        : writeList((schema.items ?? {}) as Schema, limits, depth - 1, then);
    case 'object':
      return depth === 0 ? writeText(symbolsOf('{}'), then) : writeObject(schema, limits, depth - 1, then);
    default:
      return writeAny('"{[-0123456789tfn', limits, depth, then);
  }
}

/** Options as JSON; of two of which one begins the other only the longer, which no honest schema has but for numbers. */
function listTexts(options: readonly unknown[]): readonly string[] {
  const texts = [...new Set(options.map((option) => writeJson(option as Json)))];
  return texts.filter((text) => !texts.some((other) => other !== text && other.startsWith(text)));
}

/** Any value that begins with one of these signs. */
function writeAny(signs: string, limits: ValueLimits, depth: number, then: Then): Node {
  const begin = (sign: string): Node | null => {
    switch (sign) {
      case '"':
        return stringThen(limits, then).make();
      case '{':
        return depth === 0 ? writeText(symbolsOf('}'), then) : writeMap(limits, depth - 1, 0, then);
      case '[':
        return depth === 0 ? writeText(symbolsOf(']'), then) : writeItems({}, limits, depth - 1, 0, then);
      case 't':
        return writeText(symbolsOf('rue'), then);
      case 'f':
        return writeText(symbolsOf('alse'), then);
      case 'n':
        return writeText(symbolsOf('ull'), then);
      default:
        return writeNumber(true, then).step(sign.charCodeAt(0));
    }
  };
  return {
    key: () => `any${signs}${depth}>${then.key}`,
    step: (symbol) =>
      symbol < 128 && signs.includes(String.fromCharCode(symbol)) ? begin(String.fromCharCode(symbol)) : null,
  };
}

function writeList(items: Schema, limits: ValueLimits, depth: number, then: Then): Node {
  const make = (): Node => writeItems(items, limits, depth, 0, then);
  return writeText(symbolsOf('['), { key: `[${depth}${keyOf(items)}>${then.key}`, make });
}

/** After `[` or an item: the end or a further item. */
function writeItems(items: Schema, limits: ValueLimits, depth: number, count: number, then: Then): Node {
  const close = { symbols: symbolsOf(']'), after: then };
  if (count >= MEMBERS) return chooseWay([close]);
  const next = valueThen(items, limits, depth, {
    key: `,${depth}${count}${keyOf(items)}>${then.key}`,
    make: () => writeItems(items, limits, depth, count + 1, then),
  });
  if (count > 0) return chooseWay([close, { symbols: symbolsOf(', '), after: next }]);
  const first = next.make();
  return {
    key: () => `first${next.key}`,
    step: (symbol) => (symbol === 93 ? then.make() : first.step(symbol)),
  };
}

/** After `{` or a member, of an object whose names are free. */
function writeMap(limits: ValueLimits, depth: number, count: number, then: Then): Node {
  const close = { symbols: symbolsOf('}'), after: then };
  if (count >= MEMBERS) return chooseWay([close]);
  const colon: Then = {
    key: `:${depth}${count}>${then.key}`,
    make: () =>
      writeText(
        symbolsOf(': '),
        valueThen({}, limits, depth, {
          key: `,${depth}${count}>${then.key}`,
          make: () => writeMap(limits, depth, count + 1, then),
        }),
      ),
  };
  const name = stringThen(limits, colon);
  return chooseWay([close, { symbols: symbolsOf(count === 0 ? '"' : ', "'), after: name }]);
}

/** A string after its quote, to the quote that closes it. */
function stringThen({ text: most }: ValueLimits, then: Then): Then {
  const loop = `"${most}>${then.key}`;
  const make = (): Node => {
    const inside = (key: string, step: (symbol: number) => Node | null): Node => ({
      key: () => `${key}${loop}`,
      free: { loop, kind: null, most },
      step,
    });
    /** `\u0` and three digits: no half of a surrogate pair, which is no text. */
    const digits = (left: number): Node =>
      inside(`u${left}`, (symbol) => {
        if (left === 4) return symbol === 48 ? digits(3) : null;
        if (!isHex(symbol)) return null;
        return left === 1 ? node : digits(left - 1);
      });
    const escaped = inside('\\', (symbol) => {
      if (symbol === 117) return digits(4);
      return '"\\/bfnrt'.includes(String.fromCharCode(symbol)) ? node : null;
    });
    const node = writeFreely(loop, 'value', most, (symbol) => {
      if (symbol === 34) return then.make();
      return symbol === 92 ? escaped : null;
    });
    return node;
  };
  return { key: loop, make };
}

const isHex = (symbol: number): boolean => symbol < 128 && /[0-9a-fA-F]/.test(String.fromCharCode(symbol));
const isDigit = (symbol: number): boolean => symbol >= 48 && symbol <= 57;

/** A number in decimal notation, closed by what follows it: a whole one, or also one with a fraction. */
function writeNumber(isReal: boolean, then: Then): Node {
  type Part = 'begin' | 'minus' | 'zero' | 'whole' | 'point' | 'fraction';
  const at = (part: Part, count: number): Node => ({
    key: () => `${isReal}${part}${count}>${then.key}`,
    step(symbol) {
      const mayDigit = count < DIGITS && part !== 'zero';
      if (isDigit(symbol) && mayDigit) {
        if (part === 'point' || part === 'fraction') return at('fraction', count + 1);
        return at(symbol === 48 && part !== 'whole' ? 'zero' : 'whole', count + 1);
      }
      if (symbol === 45) return part === 'begin' ? at('minus', 0) : null;
      const isWhole = part === 'zero' || part === 'whole';
      if (symbol === 46) return isReal && isWhole && count < DIGITS ? at('point', count) : null;
      return isWhole || part === 'fraction' ? then.make().step(symbol) : null;
    },
  });
  return at('begin', 0);
}
