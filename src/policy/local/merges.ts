// Byte-pair encoding on token ids alone: learning merges from counted words, applying merges to one word.
// Not here: text, regular expressions, files (tokenizer.ts).
// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (arXiv 1508.07909).

/** Two neighbouring tokens become one. */
export type Merge = { readonly left: number; readonly right: number; readonly into: number };

/** Pair of ids → its merge and rank. */
export type MergeTable = ReadonlyMap<number, { readonly rank: number; readonly into: number }>;

const SHIFT = 2 ** 24; // two ids below 2^24 fit one exact number

const pairKey = (left: number, right: number): number => left * SHIFT + right;

/** Index of merges by pair: earlier merges rank lower and are applied first. */
export function indexMerges(merges: readonly Merge[]): MergeTable {
  return new Map(merges.map(({ left, right, into }, rank) => [pairKey(left, right), { rank, into }]));
}

/**
 * Applies merges to one word, in place: always the lowest rank, the leftmost among equals, as Hugging Face's BPE does.
 * Quadratic in the word's length, so the caller keeps words short.
 */
export function applyMerges(word: number[], table: MergeTable): number[] {
  for (;;) {
    let best = -1;
    let found = { rank: Number.POSITIVE_INFINITY, into: -1 };
    for (let i = 0; i + 1 < word.length; i++) {
      const merge = table.get(pairKey(word[i]!, word[i + 1]!));
      if (merge !== undefined && merge.rank < found.rank) [best, found] = [i, merge];
    }
    if (best < 0) return word;
    word.splice(best, 2, found.into);
  }
}

/** A pair waiting to be merged, with the count it had when it was queued. */
type Candidate = { readonly count: number; readonly key: number };

/** More frequent first; ties go to the lower left id, then the lower right id, so that training has one outcome. */
const precedes = (a: Candidate, b: Candidate): boolean => a.count > b.count || (a.count === b.count && a.key < b.key);

/** Binary heap; stale candidates stay in it and are recognised when they come up. */
class Queue {
  private readonly heap: Candidate[] = [];

  push(item: Candidate): void {
    const heap = this.heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!precedes(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  pop(): Candidate | undefined {
    const top = this.heap[0];
    const last = this.heap.pop();
    if (last !== undefined && this.heap.length > 0) this.sink(last);
    return top;
  }

  private sink(item: Candidate): void {
    const heap = this.heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && precedes(heap[child + 1]!, heap[child]!)) child++;
      if (!precedes(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }
}

/** A word of the corpus: its present tokens and how often it occurs. */
type Word = { tokens: number[]; readonly count: number };

/** Counts of all pairs, kept up to date while words change; `where` holds every word a pair may stand in. */
class Pairs {
  readonly queue = new Queue();
  private readonly counts = new Map<number, number>();
  private readonly where = new Map<number, Set<Word>>();

  constructor(words: readonly Word[]) {
    const changed = new Set<number>();
    for (const word of words) this.addWord(word, 1, changed);
    this.requeue(changed);
  }

  /** The most frequent pair now, or undefined when none occurs at least twice. */
  takeBest(): number | undefined {
    for (let top = this.queue.pop(); top !== undefined && top.count > 1; top = this.queue.pop()) {
      const count = this.counts.get(top.key) ?? 0;
      if (count === top.count) return top.key;
    }
    return undefined;
  }

  /** Replaces the pair by `into` in every word that has it. */
  merge(key: number, into: number): void {
    const changed = new Set<number>();
    for (const word of this.where.get(key) ?? []) {
      this.addWord(word, -1, changed);
      word.tokens = replacePair(word.tokens, key, into);
      this.addWord(word, 1, changed);
    }
    this.where.delete(key);
    this.requeue(changed);
  }

  private addWord(word: Word, sign: 1 | -1, changed: Set<number>): void {
    const { tokens } = word;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const key = pairKey(tokens[i]!, tokens[i + 1]!);
      this.counts.set(key, (this.counts.get(key) ?? 0) + sign * word.count);
      changed.add(key);
      if (sign > 0) this.place(key, word);
    }
  }

  private place(key: number, word: Word): void {
    const words = this.where.get(key);
    if (words === undefined) this.where.set(key, new Set([word]));
    else words.add(word);
  }

  /** Queues each changed pair with its present count; its older entries are stale from now on. */
  private requeue(changed: ReadonlySet<number>): void {
    for (const key of changed) {
      const count = this.counts.get(key)!;
      if (count > 0) this.queue.push({ count, key });
      else this.counts.delete(key);
    }
  }
}

function replacePair(tokens: readonly number[], key: number, into: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const hit = i + 1 < tokens.length && pairKey(tokens[i]!, tokens[i + 1]!) === key;
    out.push(hit ? into : tokens[i]!);
    if (hit) i++;
  }
  return out;
}

/**
 * Learns merges from words (token ids → occurrences), most frequent pair first, until `name` has handed out `limit` new ids
 * or no pair occurs twice. `name` gives the id of the joined token, or null if the two must stay apart.
 * The outcome depends on the counts only, not on the order of the words.
 */
export function learnMerges(
  words: readonly { readonly tokens: readonly number[]; readonly count: number }[],
  limit: number,
  name: (left: number, right: number) => { readonly id: number; readonly fresh: boolean } | null,
): Merge[] {
  const pairs = new Pairs(words.map(({ tokens, count }) => ({ tokens: [...tokens], count })));
  const merges: Merge[] = [];
  for (let fresh = 0; fresh < limit; ) {
    const key = pairs.takeBest();
    if (key === undefined) break;
    const [left, right] = [Math.floor(key / SHIFT), key % SHIFT];
    const named = name(left, right);
    if (named === null) continue;
    merges.push({ left, right, into: named.id });
    pairs.merge(key, named.id);
    if (named.fresh) fresh++;
  }
  return merges;
}
