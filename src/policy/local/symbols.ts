// The tokens of a vocabulary as words over one alphabet: the 256 bytes, and the tags of a turn as single symbols where the
// vocabulary has tokens for them. Finds all tokens that an automaton over this alphabet (machine.ts) lets pass.
// Not here: what the automaton accepts (turn.ts).
import type { Vocabulary } from './vocabulary.ts';

/** The marks of a turn. The last one stands for the token that ends it. */
export const SIGNS = [
  '<think>',
  '</think>',
  '<tool_call>',
  '</tool_call>',
  '<tool_check>',
  '</tool_check>',
  'end',
] as const;
export type Sign = (typeof SIGNS)[number];

/** The symbol of a sign: beyond the bytes. */
export const symbolOf = (sign: Sign): number => 256 + SIGNS.indexOf(sign);
export const END_SYMBOL = symbolOf('end');

/** A token and what it spells. */
type Entry = { readonly id: number; readonly word: readonly number[] | Uint8Array };

/** Tokens in the order of their words; `common[i]` is how many symbols entry i shares with the one before it. */
export type Lexicon = { readonly entries: readonly Entry[]; readonly common: Int32Array };

/** All tokens that can stand in a turn: those of text, the tags it has tokens for, and its end. */
export function readLexicon(vocabulary: Vocabulary, signs: ReadonlyMap<Sign, number>): Lexicon {
  const entries: Entry[] = Array.from(signs, ([sign, id]) => ({ id, word: [symbolOf(sign)] }));
  for (let id = 0; id < vocabulary.size; id++) {
    const word = vocabulary.bytesOf(id);
    if (word && word.length > 0) entries.push({ id, word });
  }
  return makeLexicon(entries);
}

function makeLexicon(entries: readonly Entry[]): Lexicon {
  const sorted = entries.toSorted((a, b) => compareWords(a.word, b.word) || a.id - b.id);
  const common = Int32Array.from(sorted, ({ word }, at) => (at === 0 ? 0 : countCommon(word, sorted[at - 1]!.word)));
  return { entries: sorted, common };
}

/** The tokens for which `fits` holds. */
export function filterLexicon({ entries }: Lexicon, fits: (word: Entry['word']) => boolean): Lexicon {
  return makeLexicon(entries.filter(({ word }) => fits(word)));
}

function countCommon(a: Entry['word'], b: Entry['word']): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function compareWords(a: Entry['word'], b: Entry['word']): number {
  const at = countCommon(a, b);
  return (a[at] ?? -1) - (b[at] ?? -1);
}

/** Calls `take` for each token whose whole word can follow `from`, with where it leads. Shared beginnings are walked once. */
export function walkLexicon<N>(
  { entries, common }: Lexicon,
  from: N,
  step: (node: N, symbol: number) => N | null,
  take: (id: number, length: number, to: N) => void,
): void {
  const path: N[] = [from];
  /** Place of the symbol that the last word failed at. */
  let dead = Number.POSITIVE_INFINITY;
  for (const [at, { id, word }] of entries.entries()) {
    if (dead < common[at]!) continue;
    dead = Number.POSITIVE_INFINITY;
    for (let place = common[at]!; place < word.length; place++) {
      const next = step(path[place]!, word[place]!);
      if (next === null) {
        dead = place;
        break;
      }
      path[place + 1] = next;
    }
    if (dead === Number.POSITIVE_INFINITY) take(id, word.length, path[word.length]!);
  }
}
