// What must stay of a request when it is put into other words, so that its label stays true: people, things, amounts, days and
// addresses, the words facts are drawn from (what it is, whom it reaches), and whose it is.
import * as lexicon from '../../world/generate/lexicon.ts';
import { holdsWord, isValue, wordsOf } from '../../world/generate/writer/surface.ts';

/** One thing that must stay: what the writer is told, and whether a text has it. */
export type Must = { readonly shown: string; holds(text: string): boolean };

const BELONGINGS = new Set([
  ...[lexicon.PUBLIC, lexicon.PRIVATE, lexicon.COMMON, lexicon.PRECIOUS].flat(),
  ...[lexicon.DATES_COMMON, lexicon.DATES_PRECIOUS].flat(),
]);
const FACTS = new Set([
  ...BELONGINGS,
  ...['number', 'limit'],
  ...[lexicon.INSIDE, lexicon.OUTSIDE, lexicon.HONEST, lexicon.CROOKED, lexicon.PAPERS, lexicon.GOODS].flat(),
  ...[lexicon.DANGERS, lexicon.HARMLESS, lexicon.MAKING, lexicon.HANDLING].flat(),
]);

/** Words that change what a request is; one that the skeleton does not have must not come in. "will" is also a verb. */
const TELLING = [
  ...[lexicon.PRIVATE, lexicon.PRECIOUS, lexicon.CROOKED, lexicon.DANGERS, lexicon.INSIDE, lexicon.OUTSIDE].flat(),
].filter((word) => word !== 'will');

/** What must stay of this request. */
export function listMust(request: string): readonly Must[] {
  const words = [...new Set(wordsOf(request).map((word) => word.replace(/^(?=[A-Z][a-z])/, '')))];
  const plain = words.filter((word) => isValue(word) || isValue(word.toLowerCase()) || FACTS.has(word.toLowerCase()));
  return [...listOwned(request), ...plain.map(mustHold)];
}

const isNumber = (word: string): boolean => /^\d+$/.test(word);

/** A word as it is, or in another form (pencils, selling): verbs and nouns of facts bend. */
function mustHold(word: string): Must {
  if (isNumber(word)) return { shown: word, holds: (text) => numbersOf(text).includes(word) };
  if (isValue(word) || !FACTS.has(word.toLowerCase())) return { shown: word, holds: (text) => holdsWord(text, word) };
  const stem = word.toLowerCase().replace(/e$/, '');
  return { shown: word, holds: (text) => new RegExp(`\\b${stem}\\w{0,4}\\b`, 'i').test(text) };
}

/** The numbers of a text, without the marks between thousands. */
export function numbersOf(text: string): readonly string[] {
  return (text.replace(/(?<=\d)[,\u202f](?=\d{3}\b)/g, '').match(/(?<![\p{L}\d])\d+/gu) ?? []).map(String);
}

/** Whose a thing is: `my salary`, `Anna's password`. The name or the word may stand a word apart, or behind: `the password of Anna`. */
function listOwned(request: string): readonly Must[] {
  const owned = /\b(my|[A-Z]\w+['’]s) (\w+)(?: (\w+))?/gi;
  return [...request.matchAll(owned)].flatMap(([, owner = '', first = '', second = '']): Must[] => {
    const thing = [first, second].find((word) => BELONGINGS.has(word));
    if (thing === undefined) return [];
    const near = '(?:[\\w-]+ ){0,2}';
    if (owner.toLowerCase() === 'my') {
      const pattern = new RegExp(`\\bmy (?:own )?${near}${thing}|\\b${thing}\\w? of mine\\b`, 'i');
      return [{ shown: `my ${thing}`, holds: (text) => pattern.test(text) }];
    }
    const name = owner.slice(0, -2);
    const pattern = new RegExp(
      `\\b${name}['’]s? ${near}${thing}|\\b${thing}\\w? (?:of|that belongs to|belonging to) ${name}\\b`,
      'i',
    );
    return [{ shown: `${name}'s ${thing}`, holds: (text) => pattern.test(text) }];
  });
}

/** Words, numbers and addresses in a text that change what it is and that the skeleton's words do not have. */
export function listStrange(text: string, skeleton: string): readonly string[] {
  const numbers = numbersOf(text).filter((number) => !numbersOf(skeleton).includes(number));
  const sites = (text.match(/\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|de|info)\b/gi) ?? []).filter(
    (site) => !holdsWord(skeleton, site),
  );
  const telling = TELLING.filter((word) => holdsWord(text, word) && !holdsWord(skeleton, word));
  return [...numbers, ...sites, ...telling];
}
