// How well texts have a word of a tool's name: the word itself, another form of it, one that means the same. Not here: what follows
// from it (evidence.ts, purpose.ts).
import type { Unit } from './facts.ts';

/** Words as they stand, and what they mean. */
export type Said = { readonly words: ReadonlySet<string>; readonly concepts: ReadonlySet<string> };

export const means = (texts: readonly Said[], meanings: readonly string[]): boolean =>
  texts.some(({ concepts }) => meanings.some((meaning) => concepts.has(meaning)));

/** What another form of a word counts for beside the word itself, and a word that means the same. */
export const INFLECTED = 0.8;
const ALIKE = 0.6;

/** How well texts have a word of a tool's name: 1 the word itself, less for one that means the same, 0 not at all. */
export const meets = (texts: readonly Said[], unit: Unit): number =>
  texts.reduce((most, said) => Math.max(most, meetsIn(said, unit)), 0);

/** The same of one text; asked of every order there is, so that it makes no garbage. */
export function meetsIn({ words, concepts }: Said, { word, meanings }: Unit): number {
  if (words.has(word)) return 1;
  let met = 0;
  for (let i = 0; i < meanings.length; i++) {
    const meaning = meanings[i]!;
    if (!concepts.has(meaning)) continue;
    if (!meaning.startsWith('~')) return INFLECTED;
    met = ALIKE;
  }
  return met;
}
