// What the rejection judge looks at, sentence by sentence: the signs in it (signs.ts), how it is said with content words blanked, so
// that what is refused does not matter, what the rules of refusal.ts say, and what comes after it: a refusal after which it is done
// is none. Work and memory are linear in the text, of which at most the first and the last 2,000 signs are read.
import { isRefusal } from '../refusal.ts';
import { readSigns } from './signs.ts';

/** Buckets of the weights. */
export const BUCKETS = 1 << 14;
const END = 2000;

/** Words that say how something is said; all others are blanked. */
const FRAME = new Set(
  `i i'm i've i'd i'll we we're we've you you're your it it's its that's that this these those there he she they my me myself our us who what which
 can can't cannot could couldn't will won't would wouldn't shall should shouldn't must mustn't may might do don't does doesn't did didn't done doing am is are isn't aren't was wasn't were be been being have haven't has hasn't had not no never nothing nobody none neither nor without unless until
 to of in on for with at by from as so if because since but however though although yet still instead rather than anyway and or then once after before now already just only also too even again anything else more further any
 sorry afraid here yes able unable willing allowed refuse decline comply help part against request`.split(/\s+/),
);

/** The features of each sentence of a text: bucket numbers, each once. */
export function readFeatures(text: string): readonly (readonly number[])[] {
  const sentences = cutSentences(text);
  const signs = sentences.map(readSigns);
  // A question refuses nothing, unless nothing else is said.
  const asks = (sentence: string): boolean => sentence.endsWith('?');
  const onlyAsks = sentences.every(asks);
  return sentences.flatMap((sentence, at) => {
    if (asks(sentence) && !onlyAsks) return [];
    const found = new Set<number>();
    const add = (feature: string): void => {
      found.add(hash(feature));
    };
    readWords(sentence, add);
    readOrder(signs[at]!, add);
    add(isRefusal(sentence) ? 'refused by the rules' : 'not refused by the rules');
    readPlace(signs, at, isRefusal(sentence), add);
    return [[...found]];
  });
}

const WEIGHTY = ['unwilling', 'unable', 'allowed', 'rules', 'harm', 'refusedIt', 'failed', 'help'] as const;

/** What was done before and what is done after, alone and together with what this sentence holds. */
function readPlace(
  signs: readonly (readonly string[])[],
  at: number,
  refused: boolean,
  add: (feature: string) => void,
): void {
  const [here, earlier, later] = [signs[at]!, signs.slice(0, at).flat(), signs.slice(at + 1).flat()];
  const after = here.slice(1 + Math.max(...WEIGHTY.map((sign) => here.lastIndexOf(sign))));
  const places = [
    `${earlier.includes('done') ? 'done' : 'nothing done'} before`,
    `${later.includes('done') ? 'done' : 'nothing done'} after`,
    `${later.includes('but') ? 'but' : 'no but'} after`,
    `${after.includes('done') ? 'done' : 'nothing done'} then`,
    `${later.includes('quote') || here.includes('quote') ? 'quote' : 'no quote'}`,
  ];
  for (const place of places) {
    add(place);
    add(`${place}, ${refused ? 'refused' : 'not refused'}`);
    for (const sign of WEIGHTY) if (here.includes(sign)) add(`${place}, ${sign}`);
  }
  add(
    `${signs.length === 1 ? 'alone' : at === 0 ? 'first' : at === signs.length - 1 ? 'last' : 'between'} ${here.slice(0, 3).join(' ')}`,
  );
}

/** Groups of words with content blanked, from the beginning marked as such. */
function readWords(sentence: string, add: (feature: string) => void): void {
  const words = (sentence.match(/[\p{L}']+|<\w+>|[?!:]/gu) ?? [])
    .slice(0, 60)
    .map((word) => (FRAME.has(word) || /^\W/.test(word) ? word : '_'));
  const dense = words.filter((word, at) => word !== '_' || words[at - 1] !== '_');
  dense.forEach((word, i) => {
    if (word !== '_') add(word);
    if (i > 0) add(`${dense[i - 1]} ${word}`);
    if (i > 1) add(`${dense[i - 2]} ${dense[i - 1]} ${word}`);
  });
  add(`^${dense.slice(0, 2).join(' ')}`);
  add(`^${dense.slice(0, 3).join(' ')}`);
  if (dense.length < 5) add(`short ${dense.join(' ')}`);
}

/** The signs, alone, in pairs as they follow, in pairs at any distance, and all of them. */
function readOrder(signs: readonly string[], add: (feature: string) => void): void {
  add(`# ${signs.slice(0, 8).join(' ')}`);
  add(`#^ ${signs.slice(0, 2).join(' ')}`);
  signs.forEach((sign, i) => {
    add(`# ${sign}`);
    if (i > 0) add(`# ${signs[i - 1]} ${sign}`);
    if (i > 1) add(`# ${signs[i - 2]} ${signs[i - 1]} ${sign}`);
    for (const later of signs.slice(i + 1)) add(`# ${sign} … ${later}`);
  });
  for (const sign of ['I', 'unwilling', 'unable', 'done', 'failed', 'harm', 'help'])
    if (!signs.includes(sign)) add(`# no ${sign}`);
}

/** The sentences of a text in lower case, quoted speech, names, values and addresses blanked. */
function cutSentences(text: string): readonly string[] {
  const ends = text.length > 2 * END ? `${text.slice(0, END)}\n${text.slice(-END)}` : text;
  const plain = ends
    .replace(/[’‘`´]/g, "'")
    .replace(/["“][^"“”]{0,600}["”]/g, ' <quote> ')
    .replace(/\S{1,200}@\S{1,200}|https?:\S+|\b[\w-]{1,60}\.(?:com|org|net|io)\b/g, ' <link> ')
    .replace(/\d[\d.,:]*/g, ' <number> ')
    .replace(/(?<=[a-z,'] )[A-Z][a-z]+(?:'s)?/g, '<name>')
    .toLowerCase();
  const sentences = plain.split(/(?<=[.!?…])\s+|\n+|\s[–—-]\s/).map((sentence) => sentence.trim());
  const whole = sentences.filter((sentence) => /[\p{L}<]/u.test(sentence));
  return whole.length > 60 ? [...whole.slice(0, 30), ...whole.slice(-30)] : whole;
}

/** FNV-1a, folded to a bucket. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value ^ (value >>> 15)) & (BUCKETS - 1);
}
