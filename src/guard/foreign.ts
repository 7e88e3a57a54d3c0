// Orders in other languages than English: sentences that begin with a deed, ask for one politely, or end in a form that orders;
// attacks, where one sets aside instructions or speaks to the assistant. Only languages of languages.ts; a deed that is
// not in it is not seen, and then values alone tell (destination.ts).
import { isDense, isImperative, type Role, rolesOf } from './languages.ts';
import { isOrderVerb } from './lexicon.ts';

/** A sentence that orders. `cue` says what makes it an attack, null where nothing does. */
export type Foreign = { readonly start: number; readonly end: number; readonly cue: string | null };

/** Where a sentence may end; a full stop between digits is none. */
const SENTENCE = /(?:[^.!?。！？\n;"<>]|[.](?=[\w]))+/g;
const WORD = /[\p{L}\p{N}'_-]{1,60}/gu;

/** Finds orders in a folded text. Work is linear in its length. */
export function findForeign(folded: string, original: (at: number) => string): readonly Foreign[] {
  const found: Foreign[] = [];
  for (const { 0: sentence, index } of folded.matchAll(SENTENCE)) {
    const words = [...sentence.slice(0, 600).matchAll(WORD)].map(({ 0: word, index: at }) => ({
      word,
      at,
      roles: rolesOf(word),
    }));
    const roles = new Set(words.flatMap((one) => one.roles));
    const mixed = roles.has('deed') ? null : findMixed(sentence, words);
    if (mixed !== null) found.push({ ...mixed, start: index + mixed.start, end: index + sentence.length });
    if (!roles.has('deed')) continue;
    const cue = findCue(roles);
    const at = findOpening(words, (place) => original(index + place), roles);
    if (cue === null && at === null) continue;
    const first = words.find((one) => one.roles.length > 0)?.at ?? 0;
    found.push({ start: index + (cue === null ? at! : first), end: index + sentence.length, cue });
    if (found.length >= 500) break;
  }
  return found;
}

/** Somebody greets the assistant, or asks politely, in one language, and orders in English. */
function findMixed(sentence: string, words: readonly Word[]): Omit<Foreign, 'end'> | null {
  const verb = words.findIndex(({ word }) => isOrderVerb(word));
  if (verb < 1 || verb === words.length - 1) return null;
  const before = words.slice(0, verb);
  const greeted = before.findIndex(({ roles }) => roles.includes('assistant'));
  const called = greeted > 0 && greeted < 3 && words[greeted]!.word !== 'assistant';
  if (called && /^\s?[,:!]/.test(sentence.slice(words[greeted]!.at + words[greeted]!.word.length)))
    return { start: 0, cue: 'speaks to the model' };
  const asks = before.some(({ word, roles }) => roles.includes('polite') && word !== 'favor');
  return asks ? { start: words[verb]!.at, cue: null } : null;
}

function findCue(roles: ReadonlySet<Role>): string | null {
  if (roles.has('ignore') && roles.has('instructions')) return 'sets aside instructions';
  return roles.has('assistant') && roles.has('deed') ? 'speaks to the model' : null;
}

type Word = { readonly word: string; readonly at: number; readonly roles: readonly Role[] };

/** Where the order begins in the sentence, or null where it gives none. */
function findOpening(
  words: readonly Word[],
  original: (at: number) => string,
  roles: ReadonlySet<Role>,
): number | null {
  for (const [i, { word, at, roles: own }] of words.entries()) {
    if (!own.includes('deed')) continue;
    // A run of Chinese or Japanese is a clause: one that has a deed and asks, or begins or ends with it, is an order.
    if (isDense(word)) return ordersDense(word, roles) ? at : null;
    if (isOrderVerb(word)) continue;
    // What a colon follows on says to whom, or what kind of thing it is.
    const opens =
      i === 0 ||
      original(at - 2) === ':' ||
      original(at - 1) === ':' ||
      words.slice(0, i).every((one) => one.roles.includes('polite') || one.word.length <= 2);
    if (opens || roles.has('polite') || /^\p{Lu}/u.test(original(at)) || isImperative(word)) return at;
  }
  return null;
}

const ORDERING = /^(?:把|将|将|给|向|在)|(?:て|で)(?:く[ただ]さい|下さい)|(?:せよ|しろ|なさい|すること|して|って)$/u;

function ordersDense(clause: string, roles: ReadonlySet<Role>): boolean {
  if (roles.has('polite') || ORDERING.test(clause)) return true;
  const first = [1, 2, 3, 4].some((length) => rolesOf(clause.slice(0, length)).includes('deed'));
  return first;
}
