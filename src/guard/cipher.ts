// Texts that were rewritten so that words no longer look like words, and that models read all the same: letters shifted by
// thirteen, words or lines backwards, digits for letters, letters set apart by blanks. Undone word by word, and only where
// what comes out is made of known words and what stood there is not. Not covered: ciphers with a key, words by position.
import { rolesOf, translateWord } from './languages.ts';
import { conceptsOf, isOrderVerb, isStop, stemWord } from './lexicon.ts';
import { remembering } from './once.ts';

export type Ciphered = {
  readonly encoding: 'rot13' | 'reversal' | 'digits' | 'spacing';
  readonly text: string;
  readonly start: number;
  readonly end: number;
};

const WORD = /[\p{L}\p{N}@$]{1,40}/gu;
const MOST_WORDS = 400;

const rotate = (text: string): string =>
  text.replace(/[a-z]/gi, (sign) => {
    const base = sign < 'a' ? 65 : 97;
    return String.fromCharCode(((sign.charCodeAt(0) - base + 13) % 26) + base);
  });

const reverse = (text: string): string => [...text].reverse().join('');

const DIGITS: { readonly [digit: string]: string } = { 0: 'o', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's' };
/** A one is an i or an l, whichever makes a word. */
const undigit = (text: string): string =>
  text.replace(WORD, (word) => {
    if (!/[013457@$]/.test(word)) return word;
    const read = word.replace(/[03457@$]/g, (digit) => DIGITS[digit] ?? digit);
    const [i, l] = [read.replaceAll('1', 'i'), read.replaceAll('1', 'l')];
    return isWord(l) && !isWord(i) ? l : i;
  });
/** Digits for letters stand inside words: `t3ll`, not `53`. */
const isMixed = (word: string): boolean => word.length >= 3 && /\p{L}/u.test(word) && /[013457@$]/.test(word);

type Cipher = {
  readonly encoding: Ciphered['encoding'];
  readonly decode: (text: string) => string;
  readonly fits: (word: string) => boolean;
};
const CIPHERS: readonly Cipher[] = [
  { encoding: 'rot13', decode: rotate, fits: (word) => /^[a-z]{2,}$/.test(word) },
  { encoding: 'reversal', decode: reverse, fits: (word) => word.length >= 2 },
  { encoding: 'digits', decode: undigit, fits: isMixed },
];

/** Whether a word is one of those that orders are made of. */
const isWord = remembering(
  (word) =>
    word.length >= 2 &&
    (isStop(word) ||
      isOrderVerb(word) ||
      conceptsOf(stemWord(word)).length > 0 ||
      rolesOf(word).length > 0 ||
      translateWord(word).length > 0),
);

/** For each cipher the words that it was tried on, and whether a known word came out. */
const tried: readonly Map<string, boolean>[] = [new Map(), new Map(), new Map()];

function reads(at: number, { decode, fits }: Cipher, word: string): boolean {
  const cache = tried[at]!;
  const known = cache.get(word);
  if (known !== undefined) return known;
  if (cache.size > 50_000) cache.clear();
  const is = fits(word) && isWord(decode(word));
  cache.set(word, is);
  return is;
}

/** Finds ciphered runs of words. Work is linear in the length of the text. */
export function findCiphered(text: string): readonly Ciphered[] {
  const lower = text.toLowerCase();
  return [...findSpaced(lower), ...findRuns(lower)];
}

type Token = { readonly word: string; readonly start: number; readonly end: number; readonly known: boolean };

function* findRuns(text: string): Generator<Ciphered> {
  const tokens: Token[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    tokens.push({ word, start: index, end: index + word.length, known: isWord(word) });
  }
  // A run ends where two known words follow each other: one alone may be chance.
  let from = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const ends = i === tokens.length || (tokens[i]!.known && tokens[i + 1]?.known !== false) || i - from >= MOST_WORDS;
    if (!ends) continue;
    if (i - from >= 3) yield* readRun(text, tokens.slice(from, i));
    from = i + 1;
  }
}

function* readRun(text: string, tokens: readonly Token[]): Generator<Ciphered> {
  const plain = tokens.filter(({ known }) => known).length;
  const [start, end] = [tokens[0]!.start, tokens.at(-1)!.end];
  for (const [at, cipher] of CIPHERS.entries()) {
    const { encoding, decode } = cipher;
    let read = 0;
    for (const { word, known } of tokens) if (!known && reads(at, cipher, word)) read++;
    // Three words of letters and digits that all read as words are no chance, whatever stands beside them.
    const enough = encoding === 'digits' && read >= 3;
    if (read < 2 || (!enough && (read < tokens.length * 0.3 || read <= plain))) continue;
    yield { encoding, text: decode(text.slice(start, end)), start, end };
    return;
  }
}

/** `s e n d   i t`: letters apart, words further apart. */
function* findSpaced(text: string): Generator<Ciphered> {
  for (const match of text.matchAll(/(?<!\S)(?:\S {1,6}){7,600}\S(?!\S)/g)) {
    const joined = match[0].replace(/ {2,}/g, '\n').replace(/ /g, '').replace(/\n/g, ' ');
    if (!joined.split(/[^\p{L}\p{N}]/u).some(isWord)) continue;
    yield { encoding: 'spacing', text: joined, start: match.index, end: match.index + match[0].length };
  }
}
