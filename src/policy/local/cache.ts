// The keys and values of every row of a batch, and the tokens they belong to.
// Rows are kept dense and as short as the longest of them, because the graph reads all of what it is given.
// Not here: who sits in which row, and when (sampler.ts).
import type { Feed } from './executor.ts';
import type { ModelConfig } from './model.ts';

type Floats = Float32Array<ArrayBuffer>;

/** Positions are added in steps of this many. */
const CAPACITY_STEP = 32;

/** A cache of a fixed number of rows. A row's tokens are those whose keys and values it holds. */
export class Cache {
  readonly #config: ModelConfig;
  readonly #rows: number;
  readonly #tokens: number[][];
  #capacity = CAPACITY_STEP;
  /** Of each layer its keys and its values. */
  #parts: Floats[];
  /** The same, two numbers as one: copying them so takes half as long. */
  #pairs: Float64Array[] = [];
  /** What was handed to the graph last, as long as it lies where it did. */
  #fed: { readonly first: number; readonly count: number; readonly feeds: Record<string, Feed> } | null = null;
  /** Where rows that are not neighbours are laid side by side, for each layer's keys and values. */
  #side: Floats[] = [];

  constructor(config: ModelConfig, rows: number) {
    this.#config = config;
    this.#rows = rows;
    this.#tokens = Array.from({ length: rows }, () => []);
    this.#parts = this.#allocate();
    this.#settle();
  }

  /** Positions each row has room for. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The tokens a row holds, first to last. */
  tokens(row: number): readonly number[] {
    return this.#tokens[row]!;
  }

  /** Makes the room fit the first `count` rows, no smaller and hardly larger. Other rows may lose their ends. */
  fit(count: number): void {
    const longest = Math.max(1, ...this.#tokens.slice(0, count).map((tokens) => tokens.length));
    const wanted = Math.ceil(longest / CAPACITY_STEP) * CAPACITY_STEP;
    const wasteful = wanted <= this.#capacity - 2 * CAPACITY_STEP;
    if (wanted > this.#capacity || wasteful) this.#resize(wanted);
  }

  /** What the graph reads of some rows. Views, or copies where they are no neighbours, valid until the next change. */
  feeds(rows: readonly number[]): Record<string, Feed> {
    const [first = 0] = rows;
    if (rows.some((row, at) => row !== first + at)) return this.#gather(rows);
    if (this.#fed?.first === first && this.#fed.count === rows.length) return this.#fed.feeds;
    const size = this.#rowSize(this.#capacity);
    // What stands behind a row's last position is masked, and finite: zeros, or what was there before.
    const feeds = this.#name(rows.length, (part) =>
      this.#parts[part]!.subarray(first * size, (first + rows.length) * size),
    );
    this.#fed = { first, count: rows.length, feeds };
    return feeds;
  }

  #gather(rows: readonly number[]): Record<string, Feed> {
    const size = this.#rowSize(this.#capacity);
    if ((this.#side[0]?.length ?? 0) < rows.length * size) {
      this.#side = this.#parts.map(() => new Float32Array(2 * rows.length * size));
    }
    const { kvHeads, headDim } = this.#config;
    const head = this.#capacity * headDim;
    for (let part = 0; part < this.#parts.length; part++) {
      for (let at = 0; at < rows.length; at++) {
        const length = this.#tokens[rows[at]!]!.length * headDim;
        for (let index = 0; length > 0 && index < kvHeads; index++) {
          const from = (rows[at]! * kvHeads + index) * head;
          this.#side[part]!.set(this.#parts[part]!.subarray(from, from + length), (at * kvHeads + index) * head);
        }
      }
    }
    return this.#name(rows.length, (part) => this.#side[part]!.subarray(0, rows.length * size));
  }

  /** Feeds of so many rows under the graph's names. */
  #name(count: number, view: (part: number) => Floats): Record<string, Feed> {
    const { kvHeads, headDim } = this.#config;
    const shape = [count, kvHeads, this.#capacity, headDim];
    const feeds: Record<string, Feed> = {};
    for (let part = 0; part < this.#parts.length; part++) {
      feeds[`${part % 2 === 0 ? 'keys' : 'values'}.${part >> 1}`] = { shape, data: view(part) };
    }
    return feeds;
  }

  /**
   * Appends tokens to a row, with the keys and values that the graph returned: `fresh` of buildDecoder for `rows` rows of
   * `chunk` positions, of which this is the `from`-th.
   */
  append(
    row: number,
    tokens: readonly number[],
    fresh: Floats,
    { from, rows, chunk }: { readonly from: number; readonly rows: number; readonly chunk: number },
  ): void {
    const own = this.#tokens[row]!;
    const at = own.length;
    if (at + tokens.length > this.#capacity) this.#resize(at + tokens.length + CAPACITY_STEP - 1);
    const { kvHeads, headDim } = this.#config;
    const pair = headDim / 2;
    const source = pairsOf(fresh);
    const count = tokens.length * pair;
    for (let part = 0; part < this.#pairs.length; part++) {
      const target = this.#pairs[part]!;
      for (let head = 0; head < kvHeads; head++) {
        const to = ((row * kvHeads + head) * this.#capacity + at) * pair;
        const start = ((part * rows + from) * kvHeads + head) * chunk * pair;
        for (let i = 0; i < count; i++) target[to + i] = source[start + i]!;
      }
    }
    for (const token of tokens) own.push(token);
  }

  /** Makes row `to` hold the first `length` tokens of row `from`. */
  copy(from: number, to: number, length: number): void {
    const tokens = this.#tokens[from]!.slice(0, length);
    const { kvHeads, headDim } = this.#config;
    const head = this.#capacity * headDim;
    for (const data of from === to ? [] : this.#parts) {
      for (let index = 0; index < kvHeads; index++) {
        const start = (from * kvHeads + index) * head;
        data.copyWithin((to * kvHeads + index) * head, start, start + length * headDim);
      }
    }
    this.#tokens[to] = tokens;
  }

  /** The row, of all, that shares the longest beginning with these tokens. `planned`: what some rows are about to hold. */
  findPrefix(
    tokens: readonly number[],
    planned: ReadonlyMap<number, readonly number[]>,
  ): { readonly row: number; readonly length: number } {
    let best = { row: 0, length: 0 };
    for (const [row, now] of this.#tokens.entries()) {
      const held = planned.get(row) ?? now;
      let length = 0;
      while (length < held.length && length < tokens.length && held[length] === tokens[length]) length++;
      if (length > best.length) best = { row, length };
    }
    return best;
  }

  /** Forgets everything, as when the weights change. */
  clear(): void {
    for (const tokens of this.#tokens) tokens.length = 0;
    for (const data of [...this.#parts, ...this.#side]) data.fill(0); // a model that diverged must not spoil the next
  }

  #resize(positions: number): void {
    const before = this.#capacity;
    this.#capacity = Math.ceil(positions / CAPACITY_STEP) * CAPACITY_STEP;
    for (const tokens of this.#tokens) tokens.length = Math.min(tokens.length, this.#capacity);
    this.#parts = this.#parts.map((data) => this.#move(data, before));
    this.#settle();
  }

  /** After the arrays or their layout have changed. */
  #settle(): void {
    this.#pairs = this.#parts.map(pairsOf);
    this.#fed = null;
  }

  /** Lays the rows out at the new distance: in place if there is room, since fresh memory costs more than the copying. */
  #move(data: Floats, before: number): Floats {
    const size = this.#rows * this.#rowSize(this.#capacity);
    const moved = size <= data.length ? data : new Float32Array(Math.max(size, 2 * data.length));
    const growing = this.#capacity > before;
    for (let step = 0; step < this.#rows; step++) {
      const row = growing ? this.#rows - 1 - step : step; // so that none is overwritten before it is moved
      this.#moveRow(data, moved, row, before, growing);
    }
    return moved;
  }

  #moveRow(data: Floats, moved: Floats, row: number, before: number, growing: boolean): void {
    const { kvHeads, headDim } = this.#config;
    const length = this.#tokens[row]!.length * headDim;
    for (let step = 0; length > 0 && step < kvHeads; step++) {
      const block = row * kvHeads + (growing ? kvHeads - 1 - step : step);
      const [start, to] = [block * before * headDim, block * this.#capacity * headDim];
      if (moved === data) data.copyWithin(to, start, start + length);
      else moved.set(data.subarray(start, start + length), to);
    }
  }

  #allocate(): Floats[] {
    const size = this.#rows * this.#rowSize(this.#capacity);
    return Array.from({ length: 2 * this.#config.layers }, () => new Float32Array(size));
  }

  #rowSize(capacity: number): number {
    return this.#config.kvHeads * capacity * this.#config.headDim;
  }
}

/** The same memory, two numbers as one. */
function pairsOf({ buffer, byteOffset, length }: Floats): Float64Array {
  return new Float64Array(buffer, byteOffset, length / 2);
}
