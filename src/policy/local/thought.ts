// The words a thought of the local policy is made of, as tokens of their own: control tokens like the tags, to which no text
// encodes. Where they were tokens of text, a user who wrote them (`mine public inside`) pulled the policy's judgement after
// them (docs/redteam.md). Not covered: what other words do to a judgement. Tokenizers without these tokens spell the words.
import { DECISIONS } from '../../safety/taxonomy.ts';
import { TAGS } from '../protocol.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Facts, in the order of a thought; a decision follows. */
export const FACT_WORDS = {
  /** What the last observation was. */
  news: ['content', 'order', 'done', 'error', 'approved', 'denied'],
  whose: ['mine', 'others', 'making', 'handling'],
  what: ['public', 'private', 'common', 'precious', 'honest', 'crooked', 'danger', 'plain'],
  whom: ['inside', 'outside', 'nobody', 'user', 'little', 'large', 'unknown'],
  /** What the next step would be. */
  step: ['read', 'act', 'answer'],
} as const;

const WORDS: readonly string[] = [...Object.values(FACT_WORDS).flat(), ...DECISIONS];

/** `think:` keeps `<|user|>`, who speaks, apart from `user`, a fact. */
const nameWord = (word: string): string => `<|think:${word}|>`;

/** The control tokens of a local policy, in the order of their ids: the protocol's tags, then the words of thoughts. */
export const SPECIALS: readonly string[] = [...TAGS, ...WORDS.map(nameWord)];

/** A thought as tokens: each word of WORDS is its own token where the tokenizer has one, anything else is text. */
export function encodeThought(tokenizer: Tokenizer, thought: string): number[] {
  return thought.split(' ').flatMap((word) => {
    const id = WORDS.includes(word) ? tokenizer.specials.get(nameWord(word)) : undefined;
    return id === undefined ? tokenizer.encode(` ${word}`) : [id];
  });
}

const spoken = new WeakMap<Tokenizer, ReadonlyMap<number, string>>();

function wordsOf(tokenizer: Tokenizer): ReadonlyMap<number, string> {
  const known = spoken.get(tokenizer);
  if (known) return known;
  const table = new Map(
    WORDS.flatMap((word) => {
      const id = tokenizer.specials.get(nameWord(word));
      return id === undefined ? [] : [[id, word] as const];
    }),
  );
  spoken.set(tokenizer, table);
  return table;
}

/** The text of a policy's own tokens between two tags; words of thoughts as words. */
export function decodeThought(tokenizer: Tokenizer, tokens: readonly number[]): string {
  const words = wordsOf(tokenizer);
  let text = '';
  let held: number[] = [];
  const flush = (): void => {
    text += tokenizer.decode(held);
    held = [];
  };
  for (const token of tokens) {
    const word = words.get(token);
    if (word === undefined) held.push(token);
    else {
      flush();
      text += ` ${word}`;
    }
  }
  flush();
  return text;
}
