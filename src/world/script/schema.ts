// What a scenario may bring as code: a script in JavaScript or Python, the tools it defines, and what the world grants it.
// Only the record; what runs it stands in interpreter.ts and ../python, and what the grants let it do in grants.ts.
import { z } from 'zod';
import { EFFECTS } from '../../safety/taxonomy.ts';
import { parametersSchema } from '../foreign/schema.ts';

/** A name that can be a tool's and a function's: a letter, then letters, digits and underscores. */
const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'expected a letter, then letters, digits and _');

/** A tool of a script: the function of that name. */
export const scriptToolSchema = z.strictObject({
  name: identifier,
  description: z.string().max(4000),
  parameters: parametersSchema,
  effects: z.array(z.enum(EFFECTS)),
});

export const scriptSchema = z.strictObject({
  name: identifier,
  /** Default: JavaScript. Python needs the optional Python worker, and has no grants. */
  language: z.enum(['javascript', 'python']).exactOptional(),
  /** Code that defines a function for each tool. Run anew, in an empty interpreter, for every call. */
  source: z.string().min(1).max(256_000),
  /** How a function gets its arguments: one object, or one by one in the order of the schema's properties. */
  pass: z.enum(['object', 'positional']),
  tools: z.array(scriptToolSchema).min(1),
  /** Tables of the world the script may read, and those it may also write. `files` is the table behind `world.files`. */
  grants: z.strictObject({ read: z.array(z.string()), write: z.array(z.string()) }),
});
export type Script = z.infer<typeof scriptSchema>;
