// BFCL's functions as tools of a chat API, as the official harness offers them to function-calling models: types of
// OpenAI's schema, underscores for dots in names, a word on the language in each description.
// Source: bfcl_eval/utils.py (_func_doc_language_specific_pre_processing) and bfcl_eval/model_handler/utils.py
// (convert_to_tool, _cast_to_openai_type).
import type { Json } from '../../../episode/action.ts';
import type { ToolSchema } from '../../../episode/episode.ts';
import type { Language } from './categories.ts';
import type { FunctionDoc } from './data.ts';
import { plainJson } from './python/json.ts';

const SYNTAX: { readonly [language in Language]: string } = {
  python: ' Note that the provided function is in Python 3 syntax.',
  java: ' Note that the provided function is in Java 8 SDK syntax.',
  javascript: ' Note that the provided function is in JavaScript syntax.',
};

const TYPES: { readonly [type: string]: string } = {
  integer: 'integer',
  number: 'number',
  float: 'number',
  string: 'string',
  boolean: 'boolean',
  bool: 'boolean',
  array: 'array',
  list: 'array',
  dict: 'object',
  object: 'object',
  tuple: 'array',
  any: 'string',
};

type Fields = { readonly [name: string]: Json };

const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** What is said of the language in each description. */
export const hintOf = (language: Language): string => SYNTAX[language];

/** A function as a tool. `hint`: whether its description says which language it is; one kept back at first does not. */
export function toTool(described: FunctionDoc, language: Language, hint = true): ToolSchema {
  const raw = plainJson(described.raw) as Fields;
  const { properties, required } = raw.parameters as { properties: Fields; required?: Json };
  const typed = language === 'python' ? castTypes(properties) : describeTypes(properties, language);
  return {
    name: described.name.replaceAll('.', '_'),
    description: textOf(raw.description) + (hint ? SYNTAX[language] : ''),
    parameters: {
      type: 'object',
      properties: typed as ToolSchema['parameters']['properties'],
      required: Array.isArray(required) ? (required as readonly string[]) : [],
    },
  };
}

const castTypes = (properties: Fields): Fields =>
  Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, isFields(value) ? castType(value) : value]),
  );

function castType(value: Fields): Fields {
  const type = TYPES[textOf(value.type)] ?? 'string';
  const float = value.type === 'float';
  const words = float
    ? { format: 'float', description: `${textOf(value.description)} This is a float type value.` }
    : {};
  const inner = isFields(value.properties) ? { properties: castTypes(value.properties) } : {};
  const items = isFields(value.items) ? { items: castType(value.items) } : {};
  return { ...value, ...words, type, ...inner, ...items };
}

const NAMES = { java: 'Java', javascript: 'JavaScript', python: 'Python' } as const;

/** Values of Java and JavaScript are given as source text; what they are is told in the description. */
function describeTypes(properties: Fields, language: Language): Fields {
  const name = NAMES[language];
  const describe = (value: Json): Json => {
    if (!isFields(value)) return value;
    const { items, properties: inner, ...rest } = value;
    const type = textOf(value.type);
    const told =
      type === 'any'
        ? ` This parameter can be of any type of ${name} object in string representation.`
        : ` This is ${name} ${type} type parameter in string representation.`;
    const list = isFields(items)
      ? ` The list elements are of type ${textOf(items.type)}; they are not in string representation.`
      : '';
    const dict =
      type === 'dict' && inner !== undefined
        ? ` The dictionary entries have the following schema; they are not in string representation. ${JSON.stringify(inner)}`
        : '';
    return { ...rest, type: 'string', description: textOf(value.description) + told + list + dict };
  };
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, describe(value)]));
}
