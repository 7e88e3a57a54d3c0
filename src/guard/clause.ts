// Clauses of a text, found where they are asked for: the sentence around a value, or the string of a JSON document it stands in.
// Grammar plays no part. Not here: what a clause means (purpose.ts, relay.ts).
import { type Digest, readWords } from './digest.ts';
import { isOrderVerb } from './lexicon.ts';
import type { Said } from './said.ts';

/** A clause, in offsets of the folded text, with its words, and whether one of them can open an order. */
export type Place = { readonly start: number; readonly end: number; readonly said: Said; readonly bids: boolean };

/** The clauses that hold a text, at most eight. */
export const clausesWith = keepWith((digest, wanted): readonly Place[] => findClauses(digest.folded.text, wanted));

/** What is found out about a text and a piece of it, kept with the text it was found in; of the first hundred pieces. */
export function keepWith<T>(find: (digest: Digest, piece: string) => T): (digest: Digest, piece: string) => T {
  const kept = new WeakMap<Digest, Map<string, { readonly found: T }>>();
  return (digest, piece) => {
    const known = kept.get(digest) ?? new Map<string, { readonly found: T }>();
    kept.set(digest, known);
    const before = known.get(piece);
    if (before !== undefined) return before.found;
    const found = find(digest, piece);
    if (known.size < 100) known.set(piece, { found });
    return found;
  };
}

function findClauses(text: string, wanted: string): readonly Place[] {
  const found: Place[] = [];
  for (let at = text.indexOf(wanted), n = 0; at >= 0 && n < 8; at = text.indexOf(wanted, at + wanted.length), n++) {
    const start = findBound(text, at, -1);
    if (start !== found.at(-1)?.start) found.push(readClause(text, start, findBound(text, at + wanted.length, 1)));
  }
  return found;
}

function readClause(text: string, start: number, end: number): Place {
  const said = readWords(text.slice(start, end));
  return { start, end, said, bids: hasVerb(said.words) };
}

function hasVerb(words: ReadonlySet<string>): boolean {
  for (const word of words) if (isOrderVerb(word)) return true;
  return false;
}

const REACH = 300;

/** Where the sentence around a place begins or ends; in a document of JSON the string. */
export function findBound(text: string, at: number, step: 1 | -1): number {
  const json = /^\s{0,20}[[{]/.test(text);
  const isEnd = (i: number): boolean => {
    const sign = text[i];
    if (sign === '\n') return true;
    if (sign === '"') return json && text[i - 1] !== '\\';
    return (sign === '.' || sign === '!' || sign === '?') && /\s/.test(text[i + 1] ?? ' ');
  };
  let i = step === 1 ? at : at - 1;
  for (let n = 0; n < REACH && i >= 0 && i < text.length && !isEnd(i); n++) i += step;
  return step === 1 ? Math.min(i, text.length) : Math.max(0, i + 1);
}
