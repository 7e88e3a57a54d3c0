// How near texts come to others: the Jaccard index of word 3-grams to the nearest, as they stand and with their values (names,
// things, sites, days, numbers) blanked, which leaves the sentence alone.
import * as lexicon from '../../src/world/generate/lexicon.ts';
import { findNearestOf } from '../../src/world/generate/writer/shingle.ts';

/** Limits of which the card tells how many texts reach them. */
export const GRAMS_TOLD = [0.5, 0.7, 0.9] as const;

/** What is told of a list of Jaccard indices. `same`: how many are 1. */
export type Near = {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  readonly high: number;
  readonly most: number;
  readonly over: readonly string[];
  readonly same: number;
};

const VALUES: ReadonlyMap<string, string> = new Map(
  (
    [
      ['person', lexicon.NAMES],
      ['thing', lexicon.TOPICS],
      ['thing', lexicon.PUBLIC],
      ['thing', lexicon.PRIVATE],
      ['thing', lexicon.COMMON],
      ['thing', lexicon.PRECIOUS],
      ['day', lexicon.DAYS],
      ['relation', [...lexicon.INSIDE, ...lexicon.OUTSIDE]],
    ] as const
  ).flatMap(([name, words]) => words.map((word) => [word.toLowerCase(), name] as const)),
);

/** The words of a text, in lower case. */
export function listWords(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** A text with each value replaced by what it is. */
export function blankValues(text: string): string {
  const plain = text.replace(/\b[\w-]+\.(?:com|org|net)\b/g, 'site');
  return listWords(plain)
    .map((word) => (/^\d+$/.test(word) ? 'number' : (VALUES.get(word) ?? word)))
    .join(' ');
}

/** How near each text comes to its nearest among `others`. */
export function measureNear(texts: readonly string[], others: readonly string[]) {
  return {
    plain: describe(findNearestOf(texts, others)),
    blanked: describe(findNearestOf(unique(texts.map(blankValues)), unique(others.map(blankValues)))),
  };
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

function describe(found: readonly number[]): Near {
  const sorted = [...found].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    count: found.length,
    mean: found.reduce((sum, value) => sum + value, 0) / Math.max(1, found.length),
    median: at(0.5),
    high: at(0.95),
    most: sorted.at(-1) ?? 0,
    over: GRAMS_TOLD.map(
      (limit) => `${((100 * found.filter((value) => value >= limit).length) / found.length).toFixed(1)} %`,
    ),
    same: found.filter((value) => value === 1).length,
  };
}
