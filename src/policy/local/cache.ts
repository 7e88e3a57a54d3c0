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
  #keys: Floats[];
  #values: Floats[];

  constructor(config: ModelConfig, rows: number) {
    this.#config = config;
    this.#rows = rows;
    this.#tokens = Array.from({ length: rows }, () => []);
    this.#keys = this.#allocate();
    this.#values = this.#allocate();
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

  /** What the graph reads: rows from `first`, `count` of them. Views, valid until the next change. */
  feeds(first: number, count: number): Record<string, Feed> {
    const { kvHeads, headDim } = this.#config;
    const shape = [count, kvHeads, this.#capacity, headDim];
    const size = this.#rowSize(this.#capacity);
    // What stands behind a row's last position is masked, and finite: zeros, or what was there before.
    const view = (data: Floats): Feed => ({ shape, data: data.subarray(first * size, (first + count) * size) });
    const entries = this.#keys.flatMap((keys, layer): [string, Feed][] => [
      [`keys.${layer}`, view(keys)],
      [`values.${layer}`, view(this.#values[layer]!)],
    ]);
    return Object.fromEntries(entries);
  }

  /** Appends tokens to a row, with the keys and values the graph returned for its `from`-th row of `chunk` positions. */
  append(
    row: number,
    tokens: readonly number[],
    results: Readonly<Record<string, Floats>>,
    from: number,
    chunk: number,
  ): void {
    const at = this.#tokens[row]!.length;
    if (at + tokens.length > this.#capacity) this.#resize(at + tokens.length + CAPACITY_STEP - 1);
    for (let layer = 0; layer < this.#keys.length; layer++) {
      this.#store(this.#keys[layer]!, results[`newKeys.${layer}`]!, row, at, tokens.length, from, chunk);
      this.#store(this.#values[layer]!, results[`newValues.${layer}`]!, row, at, tokens.length, from, chunk);
    }
    for (const token of tokens) this.#tokens[row]!.push(token);
  }

  /** Makes row `to` hold the first `length` tokens of row `from`. */
  copy(from: number, to: number, length: number): void {
    const tokens = this.#tokens[from]!.slice(0, length);
    const { kvHeads, headDim } = this.#config;
    const head = this.#capacity * headDim;
    for (const data of from === to ? [] : [...this.#keys, ...this.#values]) {
      for (let index = 0; index < kvHeads; index++) {
        const start = (from * kvHeads + index) * head;
        data.copyWithin((to * kvHeads + index) * head, start, start + length * headDim);
      }
    }
    this.#tokens[to] = tokens;
  }

  /** The row, of all, that shares the longest beginning with these tokens. */
  findPrefix(tokens: readonly number[]): { readonly row: number; readonly length: number } {
    let best = { row: 0, length: 0 };
    for (const [row, held] of this.#tokens.entries()) {
      let length = 0;
      while (length < held.length && length < tokens.length && held[length] === tokens[length]) length++;
      if (length > best.length) best = { row, length };
    }
    return best;
  }

  /** Forgets everything, as when the weights change. */
  clear(): void {
    for (const tokens of this.#tokens) tokens.length = 0;
    for (const data of [...this.#keys, ...this.#values]) data.fill(0); // a model that diverged must not spoil the next
  }

  #store(data: Floats, fresh: Floats, row: number, at: number, count: number, from: number, chunk: number): void {
    const { kvHeads, headDim } = this.#config;
    for (let head = 0; head < kvHeads; head++) {
      const target = ((row * kvHeads + head) * this.#capacity + at) * headDim;
      const source = (from * kvHeads + head) * chunk * headDim;
      for (let i = 0; i < count * headDim; i++) data[target + i] = fresh[source + i]!;
    }
  }

  #resize(positions: number): void {
    const before = this.#capacity;
    this.#capacity = Math.ceil(positions / CAPACITY_STEP) * CAPACITY_STEP;
    for (const tokens of this.#tokens) tokens.length = Math.min(tokens.length, this.#capacity);
    this.#keys = this.#keys.map((data) => this.#move(data, before));
    this.#values = this.#values.map((data) => this.#move(data, before));
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
    return Array.from({ length: this.#config.layers }, () => new Float32Array(size));
  }

  #rowSize(capacity: number): number {
    return this.#config.kvHeads * capacity * this.#config.headDim;
  }
}
