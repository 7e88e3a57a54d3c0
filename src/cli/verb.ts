// What a verb of the command line is: a summary, a usage, flags, and the code that runs. One file per verb exports one.
// Not here: how words become arguments (args.ts), how a verb is found and its failures are told (dispatch.ts).
import type { FlagSpec, ParsedArgs } from './args.ts';
import type { Io } from './output.ts';

export type Verb<S extends FlagSpec = FlagSpec> = {
  /** One line for the list of verbs. */
  readonly summary: string;
  /** The words after the verb's name: `SUITE` is needed, `[DIR]` may be left out, `FILE...` and `[FILE...]` repeat. */
  readonly usage: string;
  /** The verb's own flags by name, without the dashes. */
  readonly flags: S;
  /** Does it, and gives the exit code: 0 done, 1 the thing asked for failed. Throws InputError for what ends in 2. */
  run(args: ParsedArgs<S>, io: Io): Promise<number>;
};

/** Writes a verb down: its `run` sees the types its flags declare. */
export function defineVerb<const S extends FlagSpec>(verb: Verb<S>): Verb {
  return verb;
}

/** The verbs by name, each loaded when it is asked for. A name of two words (`guard replay`) is a verb of a group. */
export type VerbTable = { readonly [name: string]: () => Promise<Verb> };
