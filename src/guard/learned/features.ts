// What the learned part looks at: a text cut into segments (sentences and fields), each turned into hashed word and letter
// groups. Look-alikes are folded first, values are replaced by what they are. Work and memory are linear in the text.
import { foldText, placeOf } from '../fold.ts';

/** A piece of a text; offsets are the original's. */
export type Segment = { readonly text: string; readonly start: number; readonly end: number };

/** Hashed features of a segment: bucket numbers, each once. */
export type Features = readonly number[];

/** Buckets of a head's weights. */
export const BUCKETS = 1 << 15;
const LONGEST = 400;
/** Where a segment ends: a sentence, a line, a field of JSON or of markup. */
const BREAK = /[.!?](?=[\s"'<)\]|]|$)|\\n|[\n\r|]|["'][ \t]{0,4}[,:}\]]|[<>]/g;

/** Cuts a text into segments of at most 400 signs; what holds no word of three letters is left out. */
export function cutSegments(text: string): readonly Segment[] {
  const folded = foldText(text);
  const segments: Segment[] = [];
  let start = 0;
  const add = (end: number): void => {
    const piece = folded.text.slice(start, end);
    if (/[\p{L}]{3}/u.test(piece))
      segments.push({ text: piece, start: placeOf(folded, start), end: placeOf(folded, end) });
    start = end;
  };
  for (const match of folded.text.matchAll(BREAK)) {
    const end = match.index + match[0].length;
    while (end - start > LONGEST) add(start + LONGEST);
    add(end);
  }
  while (start < folded.text.length) add(Math.min(folded.text.length, start + LONGEST));
  return segments;
}

const TOKEN =
  /[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}|(?:https?:\/\/|www\.)[^\s"'<>]{2,300}|[\p{L}']{1,40}|[\p{N}][\p{N}.,:-]{0,30}|[!:#<>[\]|@]/gu;

/** The tokens of a folded segment: words, and what a value is instead of the value. */
export function readTokens(text: string): readonly string[] {
  return (text.match(TOKEN) ?? []).slice(0, 120).map((token) => {
    if (token.includes('@') && token.length > 1) return '<mail>';
    if (/^(?:https?:|www\.)/.test(token)) return '<link>';
    return /^\p{N}/u.test(token) ? '<number>' : token;
  });
}

/** The features of a segment: words, pairs of words, words with one between, word beginnings and endings, its first words. */
export function readFeatures(text: string): Features {
  const tokens = readTokens(text);
  const found = new Set<number>();
  const add = (feature: string): void => {
    found.add(hash(feature));
  };
  tokens.forEach((token, i) => {
    add(token);
    if (i > 0) add(`${tokens[i - 1]} ${token}`);
    if (i > 1) add(`${tokens[i - 2]} _ ${token}`);
    if (token.length > 4) add(`${token.slice(0, 4)}-`);
    if (token.length > 5) add(`-${token.slice(-4)}`);
  });
  const [first, second] = tokens.filter((token) => /^\p{L}/u.test(token));
  if (first !== undefined) add(`^${first}`);
  if (second !== undefined) add(`^${first} ${second}`);
  return [...found];
}

/** Words and what they stand for. */
export type Concepts = ReadonlyMap<string, readonly string[]>;

/** Reads a lexicon: each concept with its words, whose plain forms (-s, -ed, -ing, -er) count as well. */
export function readConcepts(lexicon: { readonly [concept: string]: string }): Concepts {
  const found = new Map<string, string[]>();
  for (const [concept, words] of Object.entries(lexicon))
    for (const word of words.split(' '))
      for (const form of formsOf(word)) {
        const known = found.get(form);
        if (known === undefined) found.set(form, [concept]);
        else if (!known.includes(concept)) known.push(concept);
      }
  return found;
}

function formsOf(word: string): readonly string[] {
  const stem = word.endsWith('e') ? word.slice(0, -1) : word;
  const twice = /[^aeiou][aeiou][bdgmnpt]$/.test(word) ? word + word.at(-1)! : stem;
  const plural = word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
  return [word, plural, ...['ed', 'ing', 'er', 'ers'].flatMap((end) => [stem + end, twice + end])];
}

/**
 * The features of a request: what its words stand for, each, in twos, and with the word before; then those of `readFeatures`.
 * `meant` says how many are of the first kind.
 */
export function readRequest(text: string, concepts: Concepts): { readonly features: Features; readonly meant: number } {
  const tokens = readTokens(text);
  const found = [...new Set(tokens.flatMap((token) => concepts.get(token) ?? []))].sort();
  const meant = new Set<number>();
  found.forEach((concept, i) => {
    meant.add(hash(`<${concept}>`));
    for (const other of found.slice(i + 1)) meant.add(hash(`<${concept}+${other}>`));
  });
  const without = tokens.includes('without') || tokens.includes("don't") || tokens.includes('cannot');
  if (without) for (const concept of found) meant.add(hash(`<without ${concept}>`));
  const [first] = tokens.filter((token) => /^\p{L}/u.test(token));
  if (first !== undefined && /^(?:what|why|when|who|which|where|how)$/.test(first)) meant.add(hash('<asks>'));
  if (found.length === 0) meant.add(hash('<nothing>'));
  const words = readFeatures(text).filter((feature) => !meant.has(feature));
  return { features: [...meant, ...words], meant: meant.size };
}

/** FNV-1a, folded to a bucket. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value ^ (value >>> 15)) & (BUCKETS - 1);
}
