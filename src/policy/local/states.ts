// States of a grammar over tokens, and what they are made of: words spelled out, texts and tags that are forced.
// A turn passes some fifty of them and an iteration plays a thousand turns, so whatever depends on the tokenizer and the
// lists of words alone is made once and kept in a stock. Not here: what may follow what (grammar.ts).
import type { Tag } from '../protocol.ts';
import { tagId } from './render.ts';
import { encodeThought } from './thought.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One position: the ids allowed, and what comes after each. `null` ends the turn. */
export type State = {
  readonly allowed: Uint32Array;
  readonly decides: boolean;
  readonly next: (token: number) => State | null;
};
export type Then = () => State | null;

/** One of the words a list offers, as tokens. None may be the beginning of another. */
export type Spelling<T> = { readonly word: T; readonly tokens: readonly number[] };

/** What is made once for a tokenizer. */
export type Stock = {
  readonly tokenizer: Tokenizer;
  /** Masks by name: equal ones are one object. */
  readonly masks: Map<string, Uint32Array>;
  /** Masks of one id. */
  readonly single: (Uint32Array | undefined)[];
  /** Tokens of fixed texts: frames of calls, words, what a refusal says. */
  readonly texts: Map<string, readonly number[]>;
  /** Spelled lists, by the list. */
  readonly lists: WeakMap<object, Branch<unknown>>;
};

/** A place in a list's spellings: the ids allowed, and where each leads, to a further place or to a word. */
type Branch<T> = { readonly allowed: Uint32Array; readonly next: ReadonlyMap<number, Branch<T> | Leaf<T>> };
type Leaf<T> = { readonly word: T };

export function makeStock(tokenizer: Tokenizer): Stock {
  return { tokenizer, masks: new Map(), single: [], texts: new Map(), lists: new WeakMap() };
}

/** How many masks are remembered: names of tools come and go. */
const MASKS = 50_000;

/** Masks are shared, so that equal ones are one object. */
export function maskOf(g: Stock, key: string, make: () => Uint32Array): Uint32Array {
  const known = g.masks.get(key);
  if (known) return known;
  if (g.masks.size >= MASKS) g.masks.clear();
  const made = make();
  g.masks.set(key, made);
  return made;
}

/** The mask of one id. */
export function only(g: Stock, token: number): Uint32Array {
  const known = g.single[token];
  if (known) return known;
  const made = Uint32Array.of(token);
  g.single[token] = made;
  return made;
}

/** How many fixed texts are remembered: tools come and go. */
const TEXTS = 10_000;

/** The tokens of a text that is asked for again and again. */
export function encodeFixed(g: Stock, text: string): readonly number[] {
  const known = g.texts.get(text);
  if (known) return known;
  if (g.texts.size >= TEXTS) g.texts.clear();
  const ids = g.tokenizer.encode(text);
  g.texts.set(text, ids);
  return ids;
}

/** One word of a thought. The list is known again as an object, so it must never change. */
export function wordState(g: Stock, words: readonly string[], then: (word: string) => State | null): State {
  const list = () => words.map((word) => ({ word, tokens: encodeThought(g.tokenizer, word) }));
  return spellState(g, words, list, then);
}

/** One of several spellings, token by token. They are listed once for each `key`, which must never change. */
export function spellState<T>(
  g: Stock,
  key: object,
  list: () => readonly Spelling<T>[],
  then: (word: T) => State | null,
): State {
  let root = g.lists.get(key) as Branch<T> | undefined;
  if (!root) {
    root = makeBranch(g, list(), 0);
    g.lists.set(key, root);
  }
  return branchState(root, then);
}

function makeBranch<T>(g: Stock, spellings: readonly Spelling<T>[], depth: number): Branch<T> {
  const ids = [...new Set(spellings.map(({ tokens }) => tokens[depth] ?? 0))].sort((a, b) => a - b);
  const next = ids.map((id): [number, Branch<T> | Leaf<T>] => {
    const still = spellings.filter(({ tokens }) => tokens[depth] === id);
    const done = still.find(({ tokens }) => tokens.length === depth + 1);
    return [id, done ?? makeBranch(g, still, depth + 1)];
  });
  return { allowed: maskOf(g, ids.join(), () => Uint32Array.from(ids)), next: new Map(next) };
}

const DEAD: Branch<never> = { allowed: new Uint32Array(), next: new Map() };

function branchState<T>({ allowed, next }: Branch<T>, then: (word: T) => State | null): State {
  return {
    allowed,
    decides: false,
    next(token) {
      const found = next.get(token) ?? DEAD;
      return 'word' in found ? then(found.word) : branchState(found, then);
    },
  };
}

export const forceText = (g: Stock, text: string, then: Then): State | null => force(g, encodeFixed(g, text), then);

export function forceTags(g: Stock, tags: readonly Tag[], then: Then): State | null {
  return force(
    g,
    tags.map((tag) => tagId(g.tokenizer, tag)),
    then,
  );
}

/** These tokens and no others, from a place of the list on. */
export function force(g: Stock, tokens: readonly number[], then: Then, at = 0): State | null {
  const token = tokens[at];
  if (token === undefined) return then();
  return { allowed: only(g, token), decides: false, next: () => force(g, tokens, then, at + 1) };
}
