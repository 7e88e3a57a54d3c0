// Where a value comes from: the user's words, the operator's, a tool's text (within an order there or outside), or nowhere
// but the model. Values are looked up in word sets first and searched for only where all their words stand.
import { findBound } from './clause.ts';
import type { Digest, Span } from './digest.ts';
import type { Leaf } from './facts.ts';
import { squash } from './fold.ts';
import { conceptsOf, isOrderVerb, isStop, splitName, stemWord, wordSet } from './lexicon.ts';
import type { Heard, HeardTool, View } from './view.ts';

/** Whether a value stands among these words: as one literal, or all its words together. `text` confirms their order. */
export function holdsValue(words: ReadonlySet<string>, text: string, leaf: Leaf): boolean {
  if (leaf.whole === '') return false;
  if (words.has(leaf.whole)) return true;
  if (leaf.words.length < 2 || leaf.words.length > 60) return false;
  if (!leaf.words.every((word) => words.has(word))) return false;
  if (text.includes(leaf.folded)) return true;
  // Other spacing or signs between the words, as in a list against a sentence: then only long values count.
  return leaf.words.length >= 3 && squash(text).includes(leaf.whole);
}

/** No values: one list of none for all. */
export const NONE: readonly never[] = [];

/** Those whose values stand among these words. Asked of hundreds of texts that hold none, so that it makes nothing of none. */
export function listHeld<T>(
  all: readonly T[],
  leafOf: (one: T) => Leaf,
  words: ReadonlySet<string>,
  text: string,
): readonly T[] {
  let held: T[] | null = null;
  for (const one of all) {
    if (!holdsValue(words, text, leafOf(one))) continue;
    held ??= [];
    held.push(one);
  }
  return held ?? NONE;
}

export const holdsIn = (heard: readonly Heard[], leaf: Leaf): boolean =>
  heard.some(({ digest }) => holdsValue(digest.words, digest.folded.text, leaf) || holdsNumber(digest, leaf));

export function holdsNumber(digest: Digest, leaf: Leaf): boolean {
  return leaf.kind === 'number' && digest.numbers.includes(Number(leaf.folded));
}

/** Whether the value stands in the tool's text outside every attack and outside the span itself. */
export function holdsBeside(tool: HeardTool, leaf: Leaf, span: Span): boolean {
  const { digest } = tool;
  const words = digest.spans.includes(span) && span.strength === 1 ? digest.plain : digest.clean;
  if (words.has(leaf.whole)) return true;
  if (leaf.words.length < 2 || !leaf.words.every((word) => words.has(word))) return false;
  return occursBeside(digest, leaf.folded, span);
}

function occursBeside(digest: Digest, value: string, span: Span): boolean {
  const { text, offsets } = digest.folded;
  for (let at = text.indexOf(value), tries = 0; at >= 0 && tries < 20; at = text.indexOf(value, at + 1), tries++) {
    const place = offsets === null ? at : offsets[at]!;
    const isBarred = (one: Span): boolean => one.hidden === null && (one.strength === 2 || one === span);
    if (!digest.spans.some((one) => isBarred(one) && one.start <= place && place < one.end)) return true;
  }
  return false;
}

export const isTrusted = (view: View, leaf: Leaf): boolean => holdsIn(view.user, leaf) || holdsIn(view.system, leaf);

/** Whether a word of the value is one the user or the operator said: `alice@corp.example` for a user who said Alice. */
export function sharesName(view: View, leaf: Leaf): boolean {
  const own = leaf.kind === 'mail' ? leaf.value.split('@')[0]! : leaf.value.slice(0, 200);
  const words = [...splitName(own), ...(leaf.kind === 'mail' ? [] : leaf.words.slice(0, 40))];
  const telling = words.filter((word) => word.length >= 3 && !/^\d+$/.test(word) && !DULL.has(word) && !isStop(word));
  return telling.some((word) => view.user.some(({ digest }) => digest.spoken.has(word)));
}

const DULL = wordSet(
  'www http https com org net info mail gmail yahoo outlook hotmail site online page html php index the new please thanks thank using name number code type important urgent need want like data number sure',
);

/** Whether the record around the value, in a tool's text outside every order, holds a telling word of the user's. */
export function isLinked(view: View, leaf: Leaf, dull: ReadonlySet<string>): boolean {
  if (sharesName(view, leaf)) return true;
  return view.tools.some(({ digest }) => digest.words.has(leaf.whole) && hasRecord(view, digest, leaf, dull));
}

function hasRecord(view: View, digest: Digest, leaf: Leaf, dull: ReadonlySet<string>): boolean {
  const { text, offsets } = digest.folded;
  const at = text.indexOf(leaf.folded);
  if (at < 0) return false;
  const place = offsets === null ? at : offsets[at]!;
  if (digest.spans.some((span) => span.strength === 2 && span.start <= place && place < span.end)) return false;
  const end = at + leaf.folded.length;
  // In prose the sentence is the record; a field of its own has the fields beside it.
  const isField =
    /[:,[{|\n\t(<=]["' ]{0,2}$/.test(text.slice(Math.max(0, at - 3), at)) &&
    /^["' ]{0,2}(?:$|[,\]}|\n\t;)>])/.test(text.slice(end, end + 3));
  const around = isField
    ? text.slice(Math.max(0, at - 160), end + 160)
    : text.slice(Math.max(at - 160, findBound(text, at, -1)), Math.min(end + 160, findBound(text, end, 1)));
  return tellingWords(around, dull).some((word) => view.user.some((heard) => heard.digest.words.has(word)));
}

/** Words that can tell one record from another: no verbs, no words of the lexicon, nothing polite. */
export function tellingWords(text: string, dull: ReadonlySet<string>): readonly string[] {
  const words = text.match(/[\p{L}\p{N}]{4,}/gu) ?? [];
  return words.filter((word) => !isStop(word) && !dull.has(word) && !DULL.has(word) && isTelling(word));
}

const isTelling = (word: string): boolean => !isOrderVerb(word) && conceptsOf(stemWord(word)).length === 0;

/** The two words of tools' texts that a value without gaps is joined from, or null. */
export function findPieces(view: View, leaf: Leaf): readonly [string, string] | null {
  const { whole } = leaf;
  if (whole.length < 8 || whole.length > 80 || leaf.words.length > 6) return null;
  for (let cut = 3; cut <= whole.length - 3; cut++) {
    const [head, tail] = [whole.slice(0, cut), whole.slice(cut)];
    const has = (piece: string): boolean => view.tools.some(({ digest }) => digest.words.has(piece));
    if (has(head) && has(tail)) return [head, tail];
  }
  return null;
}

/** A value as a reason quotes it: short, one line. */
export function show(value: string): string {
  const line = value.replace(/\s+/g, ' ');
  return JSON.stringify(line.length <= 60 ? line : `${line.slice(0, 57)}...`);
}
