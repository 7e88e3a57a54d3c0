// What the Python process and its owner say to each other: one JSON document a line.
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';

/** A call. `order`: the schema's properties, for functions that take their arguments one by one. */
export type Question = {
  readonly id: number;
  readonly source: string;
  readonly tool: string;
  readonly pass: 'object' | 'positional';
  readonly order: readonly string[];
  readonly args: { readonly [name: string]: Json };
};

/** An answer; the first, of id 0, says that Python is there. Checked: whoever breaks out of Python speaks in its place. */
export const saidSchema = z.strictObject({ id: z.int(), ok: z.boolean(), text: z.string() });
export type Said = z.infer<typeof saidSchema>;
