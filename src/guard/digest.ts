// What the guard keeps of a message: its words, its literals, the spans that give orders. Made once for each text, so that
// a longer conversation costs only its new messages; kept in a bounded cache. Tool text is data here: it is only compared.
import { findCiphered } from './cipher.ts';
import { findHidden, type Hidden } from './decode.ts';
import { type Directive, findDirectives, mergeSpans } from './directive.ts';
import { type Folded, foldText, placeOf, squash } from './fold.ts';
import { translateWord } from './languages.ts';
import { conceptsOf, isStop, stemWord, thingsOf, wordSet } from './lexicon.ts';
import { findLiterals, type Literal } from './literals.ts';

/** A directive with its words: as written (and literals squashed), and what they mean. Offsets are the original text's. */
export type Span = Directive & {
  readonly words: ReadonlySet<string>;
  readonly concepts: ReadonlySet<string>;
  /** Folded text, for values of several words. */
  readonly text: string;
  readonly hidden: Hidden['encoding'] | null;
};

export type Digest = {
  readonly folded: Folded;
  /** Every word and squashed literal of the text, hidden texts included. */
  readonly words: ReadonlySet<string>;
  /** The words that stand outside attacks; and those that stand outside every directive. */
  readonly clean: ReadonlySet<string>;
  readonly plain: ReadonlySet<string>;
  /** The words that are no part of a mail address or a link: those name only the place they name. */
  readonly spoken: ReadonlySet<string>;
  /** Stems and concepts of all words. */
  readonly concepts: ReadonlySet<string>;
  readonly literals: readonly Literal[];
  readonly numbers: readonly number[];
  readonly spans: readonly Span[];
  /** What stands in the text in an encoding, whatever it says. */
  readonly hidden: readonly Hidden[];
  /** All spans together: what a call can be compared with before it is compared with each. */
  readonly orders: {
    readonly words: ReadonlySet<string>;
    readonly concepts: ReadonlySet<string>;
    readonly strong: boolean;
  };
  /** Steps of work it took; linear in the length of the text. */
  readonly work: number;
};

/** What a user asks to be told, or was told, is no message to anybody: `tell me`, `let me know`, `my landlord wrote me`. */
const TO_ME =
  /\b(?:tell|show|give|inform|share with|ask|let|wrote|told|gave|sent|asked|emailed|mailed|messaged|texted|forwarded) (?:to )?(?:me|us)\b(?: know\b)?/g;
const WORD = /[\p{L}\p{N}]+(?:'[a-z]{1,3})?/gu;

/**
 * Reads a text. `directed` says whether to look for directives: only in text that is not the user's or the operator's.
 * `extra` are spans found by other means (classifiers), in offsets of the folded text.
 */
export function digestText(original: string, directed: boolean, extra: readonly Directive[] = []): Digest {
  const text = directed ? breakLines(original) : original;
  const folded = foldText(text);
  const literals = findLiterals(folded.text);
  const hidden = directed ? [...findHidden(text), ...findCiphered(text)] : [];
  const directives = directed ? mergeSpans([...findDirectives(folded, text), ...extra]) : [];
  const spans = uniqueSpans([
    ...directives.map((directive) => readSpan(folded, directive)),
    ...hidden.flatMap(readHidden),
  ]);
  const words = new Set<string>();
  const clean = new Set<string>();
  const plain = new Set<string>();
  const spoken = new Set<string>();
  const concepts = new Set<string>();
  const said = directed ? folded.text : folded.text.replace(TO_ME, (said) => ' '.repeat(said.length));
  const work = sortWords(said, literals, directives, { words, clean, plain, spoken, concepts });
  for (const span of spans) if (span.hidden !== null) for (const word of span.words) words.add(word);
  return {
    folded,
    words,
    clean,
    plain,
    spoken,
    concepts,
    literals,
    numbers: findNumbers(folded.text),
    spans,
    hidden,
    orders: joinSpans(spans),
    work: work + text.length,
  };
}

/**
 * Line breaks written as in JSON become breaks of the same length: else `\\ncancel` would be one word. Not in a text with paths
 * of a drive, and not behind another backslash.
 */
const breakLines = (text: string): string =>
  text.includes('\\') && !/\b[a-z]:\\/i.test(text) ? text.replace(/(?<!\\)\\[nrt]/g, ' \n') : text;

type Sets = {
  readonly words: Set<string>;
  readonly clean: Set<string>;
  readonly plain: Set<string>;
  readonly spoken: Set<string>;
  readonly concepts: Set<string>;
};

/** Files each word under `words` and `concepts`, and by what covers it under `clean` and `plain`. */
function sortWords(text: string, literals: readonly Literal[], directives: readonly Directive[], sets: Sets): number {
  let work = 0;
  const strengthAt = coverage(directives);
  const isInLiteral = within(literals.filter(({ kind }) => kind === 'mail' || kind === 'link'));
  let before = '';
  for (const match of text.matchAll(WORD)) {
    // The words of an address or a link name a place, not a purpose.
    const isPlace = isInLiteral(match.index);
    addWord(match[0], sets.words, isPlace ? null : sets.concepts, BEFORE_NOUN.has(before));
    if (!isPlace) addWord(match[0], sets.spoken, null);
    before = match[0];
    const strength = strengthAt(match.index);
    if (strength < 2) addWord(match[0], sets.clean, null);
    if (strength < 1) addWord(match[0], sets.plain, null);
    work++;
  }
  const strengthOf = coverage(directives);
  for (const { text: literal, start } of literals) {
    const whole = squash(literal);
    const strength = strengthOf(start);
    sets.words.add(whole);
    if (strength < 2) sets.clean.add(whole);
    if (strength < 1) sets.plain.add(whole);
    work++;
  }
  return work;
}

/** The strength of the span at an offset, 0 outside every span; offsets must be asked in order. */
function coverage(spans: readonly Directive[]): (at: number) => 0 | 1 | 2 {
  let i = 0;
  return (at) => {
    while (i < spans.length && spans[i]!.end <= at) i++;
    return i < spans.length && spans[i]!.start <= at ? spans[i]!.strength : 0;
  };
}

/** Whether an offset is inside one of the ranges; offsets must be asked in order. */
function within(ranges: readonly { readonly start: number; readonly end: number }[]): (at: number) => boolean {
  let i = 0;
  return (at) => {
    while (i < ranges.length && ranges[i]!.end <= at) i++;
    return i < ranges.length && ranges[i]!.start <= at;
  };
}

/** Words a noun follows. */
const BEFORE_NOUN = wordSet(
  'the a an my your his her our their this that these those any latest last recent new unread first sms of recurring next previous',
);

function addWord(word: string, words: Set<string>, concepts: Set<string> | null, isNoun = false): void {
  const plain = word.replace(/'[a-z]{0,3}$/, '');
  words.add(plain);
  if (concepts === null) return;
  for (const lemma of translateWord(plain)) addMeaning(lemma, concepts);
  if (isStop(plain)) return;
  const stem = stemWord(plain);
  concepts.add(stem);
  const isPlural = plain.endsWith('s') && !plain.endsWith('ss') && plain.length > 3;
  for (const concept of isNoun || isPlural ? thingsOf(stem) : conceptsOf(stem)) concepts.add(concept);
}

function addMeaning(lemma: string, concepts: Set<string>): void {
  const stem = stemWord(lemma);
  concepts.add(stem);
  for (const concept of conceptsOf(stem)) concepts.add(concept);
}

function joinSpans(spans: readonly Span[]): Digest['orders'] {
  const words = new Set(spans.flatMap((span) => [...span.words]));
  const concepts = new Set(spans.flatMap((span) => [...span.concepts]));
  return { words, concepts, strong: spans.some(({ strength }) => strength === 2) };
}

/** Each order once: a text that repeats itself gives no more orders than one that does not. */
function uniqueSpans(spans: readonly Span[]): readonly Span[] {
  const telling = spans.filter(({ words }) => words.size > 0);
  return [...new Map(telling.map((span) => [`${span.strength}${span.text}`, span])).values()];
}

function readSpan(folded: Folded, directive: Directive): Span {
  const text = folded.text.slice(directive.start, directive.end);
  const { words } = readWords(text);
  // The words that only frame an attack say nothing of what it is after.
  const { concepts } = readWords(directive.frame === undefined ? text : directive.frame(text));
  const [start, end] = [placeOf(folded, directive.start), placeOf(folded, directive.end)];
  return { ...directive, start, end, words, concepts, text, hidden: null };
}

/** Words and concepts of a folded text, its literals squashed among the words. */
export function readWords(text: string): { readonly words: Set<string>; readonly concepts: Set<string> } {
  const [words, concepts] = [new Set<string>(), new Set<string>()];
  for (const match of text.matchAll(WORD)) addWord(match[0], words, concepts);
  for (const literal of findLiterals(text)) words.add(squash(literal.text));
  return { words, concepts };
}

/** A text that was hidden by an encoding is an attack where it gives orders, and data where it does not. */
function readHidden({ text, start, end, encoding }: Hidden): readonly Span[] {
  const folded = foldText(text);
  const cues = findDirectives(folded, text).flatMap((directive) => directive.cues);
  if (cues.length === 0) return [];
  const { words, concepts } = readWords(folded.text);
  return [
    {
      start,
      end,
      strength: 2,
      cues: [`is hidden in ${encoding}`, ...new Set(cues)],
      words,
      concepts,
      text: folded.text,
      hidden: encoding,
    },
  ];
}

function findNumbers(text: string): readonly number[] {
  const found: number[] = [];
  for (const match of text.matchAll(
    /(?<![\w.])\d{1,3}(?:,\d{3}){1,8}(?:\.\d{1,10})?(?![\w])|(?<![\w.])\d{1,15}(?:\.\d{1,10})?(?![\w])/g,
  )) {
    found.push(Number(match[0].replaceAll(',', '')));
    if (found.length >= 2000) break;
  }
  return found;
}

/** Gives the digest of a text, from the cache where it is known. */
export type Digester = (text: string, directed: boolean) => Digest;

/**
 * A digester with a cache of at most `most` characters of text in all, the least recently used going first. It holds
 * nothing of who asked: two conversations with one text share its digest.
 */
export function createDigester(most = 4_000_000): Digester {
  const caches = { true: new Map<string, Digest>(), false: new Map<string, Digest>() };
  let size = 0;
  const evict = (cache: Map<string, Digest>): void => {
    for (const key of cache.keys()) {
      if (size <= most) return;
      cache.delete(key);
      size -= weigh(key);
    }
  };
  return (text, directed) => {
    const cache = caches[`${directed}`];
    const known = cache.get(text);
    // Recency is kept roughly, once the cache is half full: moving an entry costs more than the look-up.
    if (known !== undefined && size * 2 < most) return known;
    const digest = known ?? digestText(text, directed);
    if (known !== undefined) cache.delete(text);
    else size += weigh(text);
    cache.set(text, digest);
    if (size > most) evict(caches.true);
    if (size > most) evict(caches.false);
    return digest;
  };
}

/** What a cached text counts for: its length and the fixed cost of an entry. */
const weigh = (text: string): number => text.length + 400;
