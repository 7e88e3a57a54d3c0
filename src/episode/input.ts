// What a person or a file gave us and we cannot use: one error class, one line, exit code 2 at the command line.
// Not for failures inside a run: those are values (a tool's error, an episode's error).
import type { z } from 'zod';

/** Bad input. The message is one line, `where: what`; `where` names the file (and line or field), `what` says what was found and expected. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly where: string;

  constructor(where: string, what: string) {
    super(`${where}: ${what}`.replaceAll(/\s*[\r\n]+\s*/g, ' '));
    this.where = where;
  }
}

/** Parses JSON text. Throws InputError naming `where`. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(
      where,
      `not JSON (${error instanceof Error ? error.message : error}), expected a JSON document`,
    );
  }
}

/** Checks a value against a schema and returns it typed. Throws InputError naming `where` and the first field that is wrong. */
export function checkInput<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new InputError(where, `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}`);
}
