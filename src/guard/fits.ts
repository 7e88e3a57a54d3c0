// Whether a value fits the part of JSON Schema that rules may use (schema.ts). Loaded with the first rule that is asked about.
import type { Json } from '../episode/action.ts';
import type { Answer } from './predicate.ts';
import type { ArgumentSchema, Keywords, TypeName } from './schema.ts';

/** Whether a value fits a schema; null where it cannot be told. */
export function testSchema(schema: ArgumentSchema, value: Json): Answer {
  if (typeof schema === 'boolean') return schema;
  return every([...testKind(schema, value), ...testParts(schema, value), ...testLogic(schema, value)]);
}

const every = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(null) ? null : true;
const some = (answers: readonly Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(null) ? null : false;
const negate = (answer: Answer): Answer => (answer === null ? null : !answer);

/** A check if the keyword is there: null for a value of another kind, else what the test says. */
function check<K, V extends Json>(
  keyword: K | undefined,
  value: Json,
  is: (value: Json) => value is V,
  test: (keyword: K, value: V) => Answer,
): readonly Answer[] {
  return keyword === undefined ? [] : [is(value) ? test(keyword, value) : null];
}

const isNumber = (value: Json): value is number => typeof value === 'number';
const isText = (value: Json): value is string => typeof value === 'string';
const isList = (value: Json): value is Json[] => Array.isArray(value);
type Fields = { readonly [key: string]: Json };
const isFields = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function testKind(schema: Keywords, value: Json): readonly Answer[] {
  const types = schema.type === undefined ? null : [schema.type].flat();
  return [
    ...(types === null ? [] : [types.some((one) => isType(one, value))]),
    ...(schema.enum === undefined ? [] : [schema.enum.some((one) => same(one, value))]),
    ...(schema.const === undefined ? [] : [same(schema.const, value)]),
    ...check(schema.minimum, value, isNumber, (least, n) => n >= least),
    ...check(schema.maximum, value, isNumber, (most, n) => n <= most),
    ...check(schema.exclusiveMinimum, value, isNumber, (least, n) => n > least),
    ...check(schema.exclusiveMaximum, value, isNumber, (most, n) => n < most),
    ...check(schema.minLength, value, isText, (least, text) => [...text].length >= least),
    ...check(schema.maxLength, value, isText, (most, text) => [...text].length <= most),
    ...check(schema.pattern, value, isText, matchText),
  ];
}

function isType(name: TypeName, value: Json): boolean {
  switch (name) {
    case 'integer':
      return Number.isInteger(value);
    case 'object':
      return isFields(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    default:
      return typeof value === name;
  }
}

/** A pattern is tried on the beginning only; what is longer cannot be told unless the beginning matches. */
function matchText(pattern: string, text: string): Answer {
  if (new RegExp(pattern, 'u').test(text.slice(0, 2000))) return true;
  return text.length > 2000 ? null : false;
}

function testParts(schema: Keywords, value: Json): readonly Answer[] {
  return [
    ...check(schema.items, value, isList, (item, values) => every(values.map((one) => testSchema(item, one)))),
    ...check(schema.contains, value, isList, (item, values) => some(values.map((one) => testSchema(item, one)))),
    ...check(schema.minItems, value, isList, (least, values) => values.length >= least),
    ...check(schema.maxItems, value, isList, (most, values) => values.length <= most),
    ...check(schema.required, value, isFields, (names, fields) => names.every((name) => Object.hasOwn(fields, name))),
    ...check(schema.properties, value, isFields, testProperties),
    ...check(schema.additionalProperties, value, isFields, (rest, fields) =>
      testProperties(listRest(schema.properties ?? {}, rest, fields), fields),
    ),
  ];
}

function testProperties(properties: { readonly [name: string]: ArgumentSchema }, fields: Fields): Answer {
  const given = Object.entries(fields).filter(([name]) => Object.hasOwn(properties, name));
  return every(given.map(([name, value]) => testSchema(properties[name]!, value)));
}

/** The schema of every field that `known` does not name. */
function listRest(known: object, rest: ArgumentSchema, fields: Fields): { readonly [name: string]: ArgumentSchema } {
  const names = Object.keys(fields).filter((name) => !Object.hasOwn(known, name));
  return Object.fromEntries(names.map((name) => [name, rest]));
}

function testLogic(schema: Keywords, value: Json): readonly Answer[] {
  const all = (list: readonly ArgumentSchema[]): readonly Answer[] => list.map((one) => testSchema(one, value));
  return [
    ...(schema.allOf === undefined ? [] : [every(all(schema.allOf))]),
    ...(schema.anyOf === undefined ? [] : [some(all(schema.anyOf))]),
    ...(schema.oneOf === undefined ? [] : [justOne(all(schema.oneOf))]),
    ...(schema.not === undefined ? [] : [negate(testSchema(schema.not, value))]),
  ];
}

function justOne(answers: readonly Answer[]): Answer {
  const holding = answers.filter((answer) => answer === true).length;
  if (holding > 1) return false;
  return answers.includes(null) ? null : holding === 1;
}

/** Equal as JSON: the order of an object's keys does not count. */
function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((one, i) => same(one, b[i]!));
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key]!, b[key]!));
}
