// An automaton over the symbols of a turn (symbols.ts), made as it is walked, and the tokens that may come next in it.
// Fixed text is offered in its usual spelling only, since how it is cut into tokens is nobody's decision; free text in any.
// Not here: what turns look like (turn.ts, value.ts), who draws (sampler.ts).
import type { Ids } from './choose.ts';
import { filterLexicon, type Lexicon, walkLexicon } from './symbols.ts';

/** A place in a text. */
export type Node = {
  /** Within one automaton, nodes of equal keys accept the same. */
  key(): string;
  /** Where a symbol leads; null where it cannot follow. */
  step(symbol: number): Node | null;
  /** The texts of which one must follow, where it is fixed. */
  fixed?(): readonly (readonly number[])[];
  readonly free?: Free;
  /** Whether a decision is taken here. */
  readonly decides?: true;
};

/** Free text. `kind`: bytes of that kind lead back to the same node; null: in the middle of something. */
export type Free = {
  /** Names this piece of free text, so that its tokens can be counted. */
  readonly loop: string;
  readonly kind: Kind | null;
  /** Most tokens, after which only those that leave are offered. */
  readonly most: number;
};

/** What comes after something. */
export type Then = { readonly key: string; readonly make: () => Node };

// `<` begins tags, which some vocabularies can only spell in plain text, so no free text has it; JSON writes it \u003c.
const isPlain = (byte: number): boolean => byte >= 32 && byte !== 127 && byte < 256 && byte !== 60;

/** Kinds of free text, by their bytes: a thought's line, a final text, the inside of a JSON string. */
export const KINDS = {
  line: isPlain,
  text: (byte: number) => isPlain(byte) || byte === 10,
  value: (byte: number) => isPlain(byte) && byte !== 34 && byte !== 92,
} as const;
export type Kind = keyof typeof KINDS;

const utf8 = new TextEncoder();

/** The bytes of a text as symbols. */
export const symbolsOf = (text: string): readonly number[] => [...utf8.encode(text)];

type Way = { readonly symbols: readonly number[]; readonly after: Then };

/** One of several fixed texts, none of which begins another. */
export function chooseWay(ways: readonly Way[], decides = false): Node {
  const first = ways.find(({ symbols }) => symbols.length === 0);
  return first ? first.after.make() : wayNode(ways, 0, decides);
}

function wayNode(ways: readonly Way[], at: number, decides: boolean): Node {
  return {
    key: () => ways.map(({ symbols, after }) => `${symbols.slice(at)}>${after.key}`).join('|'),
    fixed: () => ways.map(({ symbols }) => symbols.slice(at)),
    step(symbol) {
      const still = ways.filter(({ symbols }) => symbols[at] === symbol);
      const done = still.find(({ symbols }) => symbols.length === at + 1);
      if (done) return done.after.make();
      return still.length > 0 ? wayNode(still, at + 1, false) : null;
    },
    ...(decides ? { decides } : {}),
  };
}

/** These symbols, then what follows. */
export function writeText(symbols: readonly number[], after: Then): Node {
  return chooseWay([{ symbols, after }]);
}

/** Free text of a kind; `leave` says where other symbols lead. */
export function writeFreely(key: string, kind: Kind, most: number, leave: (symbol: number) => Node | null): Node {
  const isInside = KINDS[kind];
  const node: Node = {
    key: () => key,
    free: { loop: key, kind, most },
    step: (symbol) => (isInside(symbol) ? node : leave(symbol)),
  };
  return node;
}

/** The end: nothing follows. */
export const OVER: Node = { key: () => 'over', step: () => null };

export type Offers = {
  /**
   * The tokens that may come at a node, of whose free text `count` have come. Equal sets are mostly one object.
   * `scope` names the automaton: nodes of equal keys are only the same within one.
   */
  list(node: Node, count: number, scope: string): Ids;
  /** Of those, the first token of each fixed text's usual spelling. */
  firsts(node: Node): readonly number[];
  /** Where a token leads. */
  follow(node: Node, token: number): Node | null;
};

/** Sets that are kept by their node; a run over many tools would gather them without end. */
const KEPT = 20_000;
const KEPT_WIDE = 400;

/** `spell` gives the first token of a text as the tokenizer would write it. */
export function makeOffers(lexicon: Lexicon, spell: (symbols: readonly number[]) => number | null): Offers {
  const words = new Map(lexicon.entries.map(({ id, word }) => [id, word]));
  const parts = new Map<Kind, { readonly inside: readonly number[]; readonly outside: Lexicon }>();
  const byKey = new Map<string, Ids>();
  const byContent = new Map<string, Ids>();
  let wide = 0;

  const partsOf = (kind: Kind) => {
    const known = parts.get(kind);
    if (known) return known;
    const fits = (word: readonly number[] | Uint8Array) => word.every(KINDS[kind]);
    const inside = lexicon.entries.flatMap(({ id, word }) => (fits(word) ? [id] : [])).sort((a, b) => a - b);
    const made = { inside, outside: filterLexicon(lexicon, (word) => !fits(word)) };
    parts.set(kind, made);
    return made;
  };
  const share = (key: string, make: () => Ids): Ids => {
    const known = byContent.get(key);
    if (known) return known;
    const made = make();
    if (made.length > 1024) wide++;
    if (wide > KEPT_WIDE || byContent.size > KEPT) {
      byContent.clear();
      byKey.clear();
      wide = 0;
    }
    byContent.set(key, made);
    return made;
  };
  const gather = (from: Lexicon, node: Node, wanted: (id: number, to: Node) => boolean): number[] => {
    const ids: number[] = [];
    walkLexicon<Node>(
      from,
      node,
      (at, symbol) => at.step(symbol),
      (id, _, to) => wanted(id, to) && ids.push(id),
    );
    return ids.sort((a, b) => a - b);
  };
  const listFree = (node: Node, { loop, kind }: Free, isFull: boolean): Ids => {
    const { inside, outside } = kind ? partsOf(kind) : { inside: [], outside: lexicon };
    const others = gather(outside, node, (_, to) => !isFull || to.free?.loop !== loop || kind === null);
    if (isFull && kind) return share(others.join(), () => Uint32Array.from(others));
    return share(`${kind}:${others}`, () => Uint32Array.from([...inside, ...others]).sort());
  };
  const listAny = (node: Node): Ids => {
    const ids = gather(lexicon, node, () => true);
    return share(ids.join(), () => Uint32Array.from(ids));
  };
  const listFixed = (node: Node, texts: readonly (readonly number[])[]): Ids => {
    const lies = (word: readonly number[] | Uint8Array): boolean =>
      texts.some((text) => word.length <= text.length && word.every((symbol, at) => symbol === text[at]));
    const beyond = gather(lexicon, node, (id) => !lies(words.get(id)!));
    const ids = [...new Set([...firsts(texts), ...beyond])].sort((a, b) => a - b);
    return share(ids.join(), () => Uint32Array.from(ids));
  };
  /** Should the tokenizer cut a text so that its first token reaches beyond, or not know it, the longest token that fits. */
  const firsts = (texts: readonly (readonly number[])[]): number[] =>
    texts.flatMap((text) => {
      const usual = spell(text);
      const fits = (word: readonly number[] | Uint8Array) =>
        word.length <= text.length && word.every((symbol, at) => symbol === text[at]);
      if (usual !== null && words.has(usual) && fits(words.get(usual)!)) return [usual];
      let best: number | null = null;
      for (const [id, word] of words)
        if (fits(word) && word.length > (best === null ? 0 : words.get(best)!.length)) best = id;
      return best === null ? [] : [best];
    });

  return {
    list(node, count, scope) {
      const isFull = node.free !== undefined && count >= node.free.most;
      const key = `${scope}${isFull ? '!' : ' '}${node.key()}`;
      const known = byKey.get(key);
      if (known) return known;
      const texts = node.fixed?.();
      const ids = texts ? listFixed(node, texts) : node.free ? listFree(node, node.free, isFull) : listAny(node);
      if (byKey.size > KEPT) byKey.clear();
      byKey.set(key, ids);
      return ids;
    },
    firsts: (node) => firsts(node.fixed?.() ?? []),
    follow(node, token) {
      let at: Node | null = node;
      for (const symbol of words.get(token) ?? [-1]) at = at?.step(symbol) ?? null;
      return at;
    },
  };
}
