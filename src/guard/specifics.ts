// What an order says of a call beyond the words of its name: a place of its own for the deed, a number beside the name of the
// argument it is for, a thing by another name of its record. Evidence only; what it means for a decision is in origin.ts.
import { type Digest, readWords, type Span } from './digest.ts';
import { findDirectives } from './directive.ts';
import type { CallParts, Leaf, Unit } from './facts.ts';
import { squash } from './fold.ts';
import { isStop, splitName, stemWord, wordSet } from './lexicon.ts';
import { findLiterals } from './literals.ts';
import { onceFor } from './once.ts';
import { meetsIn, type Said } from './said.ts';
import { holdsValue, tellingWords } from './trace.ts';
import { hasWord, type View } from './view.ts';

export const PLACES: ReadonlySet<string> = new Set(['mail', 'link', 'account', 'phone']);

type Clause = { readonly said: Said; readonly places: readonly string[] };

/** An order's clauses with the places in each; a span belongs to one text, so they are found once. */
const clausesOf = onceFor(
  ({ text: whole }: Span): readonly Clause[] =>
    whole
      .split(/[.!?](?=\s|$)|[\n;]| and | then /, 40)
      .map((text) => ({ said: readWords(text), places: placesOf(text) })),
  new WeakMap(),
);

/** The places a text names, squashed; at most twenty literals are looked at. */
const placesOf = (text: string): readonly string[] =>
  findLiterals(text, 20).flatMap((literal) => (PLACES.has(literal.kind) ? [squash(literal.text)] : []));

const goesTo = ({ leaves }: CallParts, place: string): boolean => leaves.some(({ whole }) => whole.includes(place));

/**
 * Whether the order wants the call's deed done at places it names, and the call goes to none of them: then it is not what the order
 * is after. Each clause that has the deed must name a place.
 */
export function missesPlace(parts: CallParts, deed: Unit, span: Span): boolean {
  const telling = clausesOf(span).filter(({ said }) => meetsIn(said, deed) >= 0.8);
  return telling.length > 0 && telling.every(({ places }) => isForeign(parts, places));
}

const isForeign = (parts: CallParts, places: readonly string[]): boolean =>
  places.length > 0 && !places.some((place) => goesTo(parts, place));

/** Whether an order names a place that the user did not speak of: what is read for it may be on its way there. */
export const bringsPlace = (view: View, span: Span): boolean =>
  clausesOf(span).some(({ places }) => places.some((place) => !hasWord(view.user, place)));

/** Whether a text names places and the call goes to none of them. */
export const namesOtherPlace = (parts: CallParts, text: string): boolean => isForeign(parts, placesOf(text));

/** Words of arguments' names that say nothing of what a value is for. */
const PLAIN = wordSet('id ids value values type name names field fields data item items text key list args');

/**
 * Values of the call that stand in an order beside the name of their argument, in a sentence: `discount: 60` and "a 60 percent discount".
 * A field of a record (`amount: 60`) is data.
 */
export function listPairs(leaves: readonly Leaf[], { text, concepts }: Span): readonly Leaf[] {
  return leaves.filter(({ path, folded }) => {
    const keys = splitName(path).filter((word) => word.length >= 3 && !PLAIN.has(word) && !isStop(word));
    const stems = keys.map(stemWord).filter((stem) => concepts.has(stem));
    return folded !== '' && stems.length > 0 && isBesideAny(text, folded, stems);
  });
}

const BESIDE = 40;

/** Whether a value stands near one of some words, of the first ten places; not where it is the word's field. */
function isBesideAny(text: string, value: string, stems: readonly string[]): boolean {
  for (let at = text.indexOf(value), n = 0; at >= 0 && n < 10; at = text.indexOf(value, at + 1), n++) {
    const [before, after] = [text.slice(Math.max(0, at - BESIDE), at), text.slice(at + value.length).slice(0, BESIDE)];
    if (/[\p{L}\p{N}.]$/u.test(before) || /^(?:[\p{L}\p{N}]|\.\d)/u.test(after) || /[:=] {0,2}["']?$/.test(before))
      continue;
    const near = `${before.split(/[\n;]/).at(-1)!} ${after.split(/[\n;]/)[0]!}`.match(/[\p{L}\p{N}]+/gu) ?? [];
    if (near.some((word) => stems.includes(stemWord(word)))) return true;
  }
  return false;
}

/**
 * Whether an order speaks of the thing that an id stands for by another word of its record: `h-31` and "the Hotel Lindenau". A word
 * counts that the user did not say, and that stands in no other record of the text.
 */
export function isAlias(view: View, leaf: Leaf, span: Span): boolean {
  return view.tools.some(({ digest }) => {
    if (!digest.clean.has(leaf.whole)) return false;
    const [start, end] = findRecord(digest, leaf.folded);
    return tellingWords(digest.folded.text.slice(start, end), NONE).some(
      (word) => span.words.has(word) && !hasWord(view.user, word) && standsOnly(digest, word, start, end),
    );
  });
}

const NONE: ReadonlySet<string> = new Set();

/** Where the record around a value begins and ends: the innermost braces that hold it, or its line. */
function findRecord({ folded: { text } }: Digest, value: string): readonly [number, number] {
  const at = text.indexOf(value);
  if (at < 0) return [0, 0];
  const before = text.slice(Math.max(0, at - 300), at);
  const after = text.slice(at, at + value.length + 300);
  const open = Math.max(before.lastIndexOf('{'), before.lastIndexOf('}'), before.lastIndexOf('\n'));
  const close = after.search(/[{}\n]/);
  return [at - before.length + open + 1, at + (close < 0 ? after.length : close)];
}

/** Whether a word stands nowhere in a text but in a stretch of it and in orders; of the first twenty places. */
function standsOnly({ folded: { text, offsets }, spans }: Digest, word: string, start: number, end: number): boolean {
  for (let at = text.indexOf(word), n = 0; at >= 0 && n < 20; at = text.indexOf(word, at + 1), n++) {
    const place = offsets === null ? at : offsets[at]!;
    if ((at < start || at >= end) && !spans.some((span) => span.start <= place && place < span.end)) return false;
  }
  return true;
}

/** Whether the user dictated what a message says: most of its longer words are the user's own. */
export function isDictated(view: View, { role, words }: Leaf): boolean {
  if (role !== 'content') return false;
  const rare = words.filter((word) => word.length >= 4 && !isStop(word));
  return rare.length >= 2 && rare.filter((word) => hasWord(view.user, word)).length >= rare.length * 0.75;
}

/**
 * Whether all sentences of an attack that hold a value only tell what the user asked for, as "Your bill is 63." does: no order, no
 * sign, and a word of the user's. They could stand there without the attack too. A place is never told so.
 */
export const isTold = (view: View, leaf: Leaf, { text }: Span): boolean => {
  const holding = text.split(/(?<=[.!?])\s|\n/).filter((part) => holdsValue(readWords(part).words, part, leaf));
  return (
    holding.length > 0 &&
    !PLACES.has(leaf.kind) &&
    holding.every(
      (part) =>
        findDirectives({ text: part, offsets: null }, part).length === 0 &&
        (part.match(/\p{L}{4,}/gu) ?? []).some(
          (word) => !isStop(word) && !leaf.words.includes(word) && hasWord(view.user, word),
        ),
    )
  );
};

/** Whether a number is nobody's by chance: of three digits, or with a point. */
export const isDistinct = ({ kind, folded }: Leaf): boolean => kind === 'number' && /\d{3}|\d\.\d/.test(folded);

/** Whether a value stood in a text that came before another one, or in the agent's own calls before it. */
export const wasKnown = (view: View, leaf: Leaf, until: number): boolean =>
  view.tools.some(({ index, digest }) => index < until && holdsValue(digest.clean, digest.folded.text, leaf)) ||
  view.calls.some(({ index, call }) => index < until && Object.values(call.arguments).includes(leaf.value));
