// Conditions on arguments as JSON Schema: a closed part of it, tested by hand (fits.ts), so that a guard loads no validator. A keyword
// outside the part is refused when the rules are read, never ignored. One difference from the standard, on purpose: a keyword
// about numbers on a value that is no number (and so on for texts, lists, objects) cannot be told, where the standard lets it
// pass; a limit of 100 is not met by "500" in quotation marks. Not covered: $ref, format, if/then/else, unevaluated…
import { z } from 'zod';
import type { Json } from '../episode/action.ts';

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const;
export type TypeName = (typeof TYPES)[number];

/** The part of JSON Schema (2020-12) that rules may use. */
export type ArgumentSchema =
  | boolean
  | {
      readonly title?: string | undefined;
      readonly description?: string | undefined;
      readonly type?: TypeName | readonly TypeName[] | undefined;
      readonly enum?: readonly Json[] | undefined;
      readonly const?: Json | undefined;
      readonly minimum?: number | undefined;
      readonly maximum?: number | undefined;
      readonly exclusiveMinimum?: number | undefined;
      readonly exclusiveMaximum?: number | undefined;
      readonly minLength?: number | undefined;
      readonly maxLength?: number | undefined;
      readonly pattern?: string | undefined;
      readonly items?: ArgumentSchema | undefined;
      readonly contains?: ArgumentSchema | undefined;
      readonly minItems?: number | undefined;
      readonly maxItems?: number | undefined;
      readonly properties?: { readonly [name: string]: ArgumentSchema } | undefined;
      readonly required?: readonly string[] | undefined;
      readonly additionalProperties?: ArgumentSchema | undefined;
      readonly allOf?: readonly ArgumentSchema[] | undefined;
      readonly anyOf?: readonly ArgumentSchema[] | undefined;
      readonly oneOf?: readonly ArgumentSchema[] | undefined;
      readonly not?: ArgumentSchema | undefined;
    };
export type Keywords = Exclude<ArgumentSchema, boolean>;

const type = z.enum(TYPES);
const count = z.int().min(0).optional();
const number = z.number().optional();
const inner = z.lazy(() => argumentSchema);
const list = z.array(inner).min(1).max(100).optional();

export const argumentSchema: z.ZodType<ArgumentSchema> = z.union([
  z.boolean(),
  z.strictObject({
    ...{ title: z.string().optional(), description: z.string().optional() },
    type: z.union([type, z.array(type).min(1)]).optional(),
    ...{ enum: z.array(z.json()).min(1).optional(), const: z.json().optional() },
    ...{ minimum: number, maximum: number, exclusiveMinimum: number, exclusiveMaximum: number },
    ...{ minLength: count, maxLength: count },
    pattern: z.string().max(500).refine(isPattern, { error: 'expected a regular expression' }).optional(),
    ...{ items: inner.optional(), contains: inner.optional(), minItems: count, maxItems: count },
    properties: z.record(z.string(), inner).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: inner.optional(),
    ...{ allOf: list, anyOf: list, oneOf: list, not: inner.optional() },
  }),
]);

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

/** The schemas inside a schema, itself included, each with the path to it. */
export function* listSchemas(schema: ArgumentSchema, path = ''): Generator<readonly [path: string, schema: Keywords]> {
  if (typeof schema === 'boolean') return;
  yield [path, schema];
  const { items, contains, not, additionalProperties, properties = {}, allOf = [], anyOf = [], oneOf = [] } = schema;
  const named = { items, contains, not, additionalProperties };
  for (const [name, one] of Object.entries(named)) if (one !== undefined) yield* listSchemas(one, `${path}.${name}`);
  for (const [name, one] of Object.entries(properties)) yield* listSchemas(one, `${path}.properties.${name}`);
  for (const [name, many] of Object.entries({ allOf, anyOf, oneOf }))
    for (const [i, one] of many.entries()) yield* listSchemas(one, `${path}.${name}.${i}`);
}
