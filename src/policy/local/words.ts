// The words a policy has read: what its values and answers may be made of. A small model mistakes the token it means for a
// like one it once learned; held to what it has read, it points instead of spelling. Which word it takes stays its choice.
// Not here: what the tools' names are made of (they come from the list of tools), numbers' form (grammar.ts).
import { tagId } from './render.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Spellings as a tree of tokens; `end` says that a word may stop here. */
export type Spelled = { readonly next: Map<number, Spelled>; end: boolean };

/** Words, each with the blank before it, and whole numbers, bare as JSON writes them. */
export type Words = { readonly words: Spelled; readonly numbers: Spelled };

/** Most tokens of one word; what is longer is no word. */
const LONGEST = 16;

/** No words: then a value is free text. */
export const NO_WORDS: Words = { words: makeNode(), numbers: makeNode() };

/**
 * The words of what a policy was told, from the tokens of a conversation without its own: of the user's request and the
 * tools' texts, not of the list of tools or the answers to its checks.
 */
export function readWords(tokenizer: Tokenizer, tokens: readonly number[]): Words {
  const found: Words = { words: makeNode(), numbers: makeNode() };
  for (const text of listTexts(tokenizer, tokens)) {
    const { words, numbers } = recallText(tokenizer, text);
    for (const word of words) addSpelling(found.words, word);
    for (const number of numbers) addSpelling(found.numbers, number);
  }
  return found;
}

/** The words and numbers of one text, as tokens. */
type Found = { readonly words: readonly (readonly number[])[]; readonly numbers: readonly (readonly number[])[] };

/** What was found in texts lately, by their tokens: a turn reads again what the turns before it read. */
const known = new WeakMap<Tokenizer, Map<string, Found>>();
const KNOWN = 2000;

function recallText(tokenizer: Tokenizer, tokens: readonly number[]): Found {
  const texts = known.get(tokenizer) ?? new Map<string, Found>();
  known.set(tokenizer, texts);
  const key = tokens.join();
  const before = texts.get(key);
  if (before) return before;
  if (texts.size >= KNOWN) texts.clear();
  const text = tokenizer.decode(tokens);
  const numbers = [...text.matchAll(/\d+/g)].flatMap(([number]) =>
    number === '0' || !number.startsWith('0') ? [tokenizer.encode(number)] : [],
  );
  const found = { words: Array.from(splitPieces(text), (word) => tokenizer.encode(` ${word}`)), numbers };
  texts.set(key, found);
  return found;
}

/** What stands after each mark that opens a text from the user or a tool. */
function listTexts(tokenizer: Tokenizer, tokens: readonly number[]): (readonly number[])[] {
  const specials = new Set(tokenizer.specials.values());
  const opens = new Set([tagId(tokenizer, '<|user|>'), tagId(tokenizer, '<tool_response>')]);
  const texts: number[][] = [];
  let current: number[] | null = null;
  for (const token of tokens) {
    if (specials.has(token)) {
      current = opens.has(token) ? [] : null;
      if (current) texts.push(current);
    } else current?.push(token);
  }
  return texts;
}

/** Parts joined by what joins addresses, paths and dates. */
const NAME = /[\p{L}\p{M}\p{N}]+(?:[.@_/:+-]{1,3}[\p{L}\p{M}\p{N}]+)+/gu;

/** Words without the signs around them, and their parts: `"Georg's"` gives Georg's, Georg and s, `juno.com.</p>` juno.com too. */
function splitPieces(text: string): Set<string> {
  const pieces = new Set<string>();
  for (const [chunk] of text.matchAll(/[^\s"\\]+/gu)) {
    const bare = chunk.replace(/^[^\p{L}\p{N}/~.-]+|[^\p{L}\p{N}/]+$/gu, '');
    if (bare !== '') pieces.add(bare);
    for (const [name] of chunk.matchAll(NAME)) pieces.add(name);
    for (const [part] of chunk.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) pieces.add(part);
  }
  return pieces;
}

function addSpelling(root: Spelled, tokens: readonly number[]): void {
  if (tokens.length === 0 || tokens.length > LONGEST) return;
  let node = root;
  for (const token of tokens) {
    const known = node.next.get(token);
    if (known) node = known;
    else {
      const made = makeNode();
      node.next.set(token, made);
      node = made;
    }
  }
  node.end = true;
}

function makeNode(): Spelled {
  return { next: new Map(), end: false };
}
