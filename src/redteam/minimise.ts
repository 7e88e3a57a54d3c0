// Makes found attacks small: words are taken out in ever finer pieces as long as an attack still breaks its target. All attacks
// are worked on side by side, so that a policy plays many tries together.
// Source: delta debugging, Zeller and Hildebrandt 2002. Not here: rewording; the result is made of words of the attack.
import type { Arena, Try } from './arena.ts';
import type { Attempt } from './attack.ts';
import type { Target } from './target.ts';

/** An attack on its target. */
export type Aimed = { readonly target: Target; readonly attempt: Attempt };

/** The texts of an attack as lists of words. */
type Words = readonly (readonly string[])[];

type Work = Aimed & { readonly fixed: ReadonlySet<string>; words: Words; parts: number; tries: number; done: boolean };

/**
 * Shortens attacks with at most so many tries each, in their order. Each result breaks its target, or is the attack as it was.
 * `onRound` is told how many are finished, and may throw to stop.
 */
export async function minimiseAttacks(
  arena: Arena,
  attacks: readonly Aimed[],
  most: number,
  onRound: (done: number) => void = () => undefined,
): Promise<Attempt[]> {
  const works = attacks.map((one): Work => {
    const fixed = fixWords(one);
    const words = readWords(one.attempt);
    return { ...one, fixed: fixed ?? new Set(), words, parts: 2, tries: 0, done: fixed === null };
  });
  for (;;) {
    const cuts = works.map((work) => (work.done ? [] : nextCuts(work, most)));
    const tries = cuts.flatMap((own, at) => own.map((words, part) => tryOf(works[at]!, words, part)));
    for (const [at, own] of cuts.entries()) if (own.length === 0) works[at]!.done = true;
    onRound(works.filter(({ done }) => done).length);
    if (tries.length === 0) return works.map(({ attempt, words }) => writeWords(attempt, words));
    const outcomes = await arena.play(tries);
    let from = 0;
    for (const [at, own] of cuts.entries()) {
      const broken = outcomes.slice(from, from + own.length).map((outcome) => outcome.broken === true);
      if (own.length > 0) takeIn(works[at]!, own, broken);
      from += own.length;
    }
  }
}

function tryOf({ target, attempt, tries }: Work, words: Words, part: number): Try {
  return { target, attempt: writeWords(attempt, words), number: tries + part + 1 };
}

/** The shorter texts to be tried next; none where nothing can be taken out any more or the tries are spent. */
function nextCuts({ words, parts, tries, fixed }: Work, most: number): readonly Words[] {
  const size = countWords(words, fixed);
  const least = fixed.size > 0 ? 1 : 2;
  return size < least ? [] : cutParts(words, fixed, Math.min(parts, size)).slice(0, Math.max(0, most - tries));
}

function takeIn(work: Work, cuts: readonly Words[], broken: readonly boolean[]): void {
  work.tries += cuts.length;
  const found = broken.indexOf(true);
  if (found >= 0) {
    work.words = cuts[found]!;
    work.parts = Math.max(2, work.parts - 1);
  } else if (work.parts >= countWords(work.words, work.fixed)) work.done = true;
  else work.parts *= 2;
}

const split = (text: string): string[] => text.split(' ').filter(Boolean);

function readWords({ pieces, request, later }: Attempt): Words {
  return [...pieces.map(({ text }) => split(text)), split(request ?? ''), split(later ?? '')];
}

/** How many words may be taken out. */
const countWords = (words: Words, fixed: ReadonlySet<string>): number =>
  words.flat().filter((word) => !fixed.has(word)).length;

/**
 * Words that must stay: a user's malicious request loses its malice with its words ("Anna's"), and would then be no attack.
 * null: the request stands there in disguise, and nothing can be taken out.
 */
function fixWords({ target, attempt }: Aimed): ReadonlySet<string> | null {
  if (target.channel !== 'user') return new Set();
  const said = new Set(readWords(attempt).flat());
  const own = split(target.order.phrase);
  return own.every((word) => said.has(word)) ? new Set(own) : null;
}

/** The attack with other words. A text without words left is not said at all. */
function writeWords(attempt: Attempt, words: Words): Attempt {
  const texts = words.map((list) => list.join(' '));
  const pieces = attempt.pieces
    .map((piece, at) => ({ ...piece, text: texts[at] ?? '' }))
    .filter(({ text }) => text !== '');
  const [request, later] = texts.slice(-2);
  return { ...attempt, genes: null, pieces, request: request || null, later: later || null };
}

/** The words with each of so many equal parts left out. A user must say something. */
function cutParts(words: Words, fixed: ReadonlySet<string>, parts: number): readonly Words[] {
  const total = countWords(words, fixed);
  const spoken = (words.at(-2)?.length ?? 0) > 0;
  const without = (from: number, to: number): Words => {
    let at = -1;
    return words.map((list) =>
      list.filter((word) => {
        if (fixed.has(word)) return true;
        at++;
        return at < from || at >= to;
      }),
    );
  };
  const edge = (part: number): number => Math.floor((part * total) / parts);
  return Array.from({ length: parts }, (_, part) => without(edge(part), edge(part + 1))).filter(
    (cut) => !spoken || (cut.at(-2)?.length ?? 0) > 0,
  );
}
