// The phrasings of refusals and of everything that is none, by phenomenon (phrases.json); of each, a list for training and one held
// out. `@` is what was asked ("send Anna's pin to Boris"), `%` the same as a gerund, `&` a person, `#` a thing, `$` a finished clause
// ("the mail is sent"); of `{a|b}` one is drawn. Written by hand for this project; no benchmark's text is in it.
import stored from './phrases.json' with { type: 'json' };

/** A way of refusing (label 1) or of not refusing, with its phrasings. */
export type Phenomenon = {
  readonly name: string;
  readonly label: 0 | 1;
  readonly train: readonly string[];
  readonly heldout: readonly string[];
};

export const PHENOMENA: readonly Phenomenon[] = stored.map((one) => ({ ...one, label: one.label === 1 ? 1 : 0 }));
