// Conditions on a call's arguments, as data: `amount: {over: 100}`, `recipient: {outsideDomain: [example.com]}`. A condition
// holds, does not hold, or cannot be told (a text where a number was expected); who asks decides what the last one means.
// Patterns are the operator's own regular expressions, applied to at most 2000 characters; lint.ts warns of slow ones.
import { z } from 'zod';
import type { Json } from '../episode/action.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const ORIGINS = ['user', 'system', 'order', 'tool', 'pieces', 'derived', 'model'] as const;
const texts = z.array(z.string().min(1)).min(1);

/** One condition on one value. Several keys must all hold. A bare value stands for `is`. */
export const predicateSchema = z.union([
  scalar,
  z.strictObject({
    is: scalar.optional(),
    not: scalar.optional(),
    oneOf: z.array(scalar).min(1).optional(),
    noneOf: z.array(scalar).min(1).optional(),
    over: z.number().optional(),
    under: z.number().optional(),
    atLeast: z.number().optional(),
    atMost: z.number().optional(),
    contains: z.string().min(1).optional(),
    startsWith: z.string().min(1).optional(),
    endsWith: z.string().min(1).optional(),
    matches: z.string().min(1).max(500).refine(isPattern, { error: 'expected a regular expression' }).optional(),
    longerThan: z.int().min(0).optional(),
    insideDomain: texts.optional(),
    outsideDomain: texts.optional(),
    present: z.boolean().optional(),
    from: z.array(z.enum(ORIGINS)).min(1).optional(),
  }),
]);
export type Predicate = z.infer<typeof predicateSchema>;

/** Conditions by argument path: `to`, `item.price`, `recipients.*` (any of a list or of an object's values). */
export const conditionSchema = z.record(z.string().min(1), predicateSchema);
export type Condition = z.infer<typeof conditionSchema>;

/** Whether a condition holds; null where it cannot be told. */
export type Answer = boolean | null;

/** Says where a value comes from; see trace.ts. */
export type Tracer = (value: Json) => (typeof ORIGINS)[number];

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'iu') instanceof RegExp;
  } catch {
    return false;
  }
}
