// Samples many episodes at once through one cache: each is an ordinary asynchronous loop, the batch advances together.
// The batch steps only when no open stream is out (between its turns), so what is sampled depends on the seeds and the
// order of indices, never on how fast a tool or the event loop was. Not here: the grammar, the protocol, the world.

import { Cache } from './cache.ts';
import { type Choice, type Constraint, chooseToken, type Ids, seedGenerator } from './choose.ts';
import { areWeightsFed, buildDecoder, feedChunks, feedWeights, widthOf } from './decoder.ts';
import type { Executor, Feed, Program } from './executor.ts';
import type { ModelConfig } from './model.ts';

export type SamplerOptions = {
  readonly config: ModelConfig;
  readonly executor: Executor;
  /** Streams that run at once; others wait in `open`. */
  readonly slots: number;
  /** Most tokens of a stream, its environment's included; at most the model's context. */
  readonly capacity: number;
};

export type GenerateOptions = {
  readonly temperature: number;
  readonly maxTokens: number;
  /** Takes the place of drawing at the temperature; `rng` is the stream's own. It may look at the logits and keep none. */
  readonly choose?: (logits: Float32Array, allowed: Ids | null, rng: () => number) => Choice;
};

/** One turn. `masks` are what the constraint allowed at each token, null where it allowed all. */
export type Generation = {
  readonly tokens: number[];
  /** Of the model restricted to what was allowed, at temperature 1; 0 where the token was forced. */
  readonly logps: number[];
  readonly masks: (Ids | null)[];
  /** `end`: the constraint said so. `length`: maxTokens or the capacity was reached first. */
  readonly reason: 'end' | 'length';
};

export type Stream = {
  /** Appends tokens of the environment. Throws during `generate`, after `close`, and on a token outside the vocabulary. */
  extend(tokens: Int32Array | readonly number[]): void;
  /** Samples one turn. Rejects if the constraint throws or nothing precedes the turn. */
  generate(constraint: Constraint, options: GenerateOptions): Promise<Generation>;
  /** Frees the slot. An open stream that is never closed stops all others. */
  close(): void;
};

/** What the sampler has done: runs of the graph, positions computed, positions taken over from a like row. */
export type SamplerCounts = { readonly runs: number; readonly positions: number; readonly reused: number };

export type Sampler = {
  /** Takes new parameters. Throws if a stream is open. */
  setWeights(theta: Float32Array<ArrayBuffer>): Promise<void>;
  /**
   * Declares that indices 0 to count − 1 will be opened, each once. Then slots are given strictly in that order and no step
   * is taken while a slot is free for one that is still to come, which makes the result independent of when `open` is called.
   * The caller must run at least as many loops as there are slots.
   */
  expect(count: number): void;
  /** Takes an index off the expected ones, as when its episode failed before it could open. */
  skip(index: number): void;
  /** Waits for a slot. The stream draws from its own generator. */
  open(index: number, seed: number): Promise<Stream>;
  counts(): SamplerCounts;
  /** Frees the model. Streams still open are refused. */
  close(): Promise<void>;
};

/** Rows that lag by at least this many tokens are brought up on their own, in one run, before the batch steps. */
const CHUNK_LEAST = 6;

/** And in runs of at most this many: scores take memory with the square of it, and the others wait meanwhile. */
const CHUNK_MOST = 512;

type Turn = {
  readonly constraint: Constraint;
  readonly options: GenerateOptions;
  readonly generation: { tokens: number[]; logps: number[]; masks: (Ids | null)[] };
  readonly resolve: (generation: Generation) => void;
  readonly reject: (error: unknown) => void;
  /** What the token to be chosen next may be; known before its logits are. */
  allowed: Ids | null;
};

type Row = {
  readonly rng: () => number;
  /** Tokens of the stream that the cache does not hold yet. */
  readonly pending: number[];
  /** All tokens of the stream, in the cache or not. */
  total: number;
  /** null: the stream is out, between its turns. */
  turn: Turn | null;
  closed: boolean;
};

type Waiting = {
  readonly index: number;
  readonly seed: number;
  readonly resolve: (stream: Stream) => void;
  readonly reject: (error: unknown) => void;
};

/** Makes a sampler. It has no weights until `setWeights`. Throws RangeError if the capacity exceeds the context. */
export function createSampler(options: SamplerOptions): Sampler {
  return new Batcher(options);
}

class Batcher implements Sampler {
  readonly #options: SamplerOptions;
  readonly #cache: Cache;
  /** Row i of this list is row i of the cache. */
  #rows: Row[] = [];
  #waiting: Waiting[] = [];
  #expected: number[] = [];
  #program: Program | null = null;
  /** Weights that the program does not hold itself. */
  #fed: Readonly<Record<string, Feed>> = {};
  #scheduled = false;
  #closed = false;
  /** The step in progress, if any. */
  #running: Promise<void> | null = null;
  #runs = 0;
  #positions = 0;
  #reused = 0;

  constructor(options: SamplerOptions) {
    const { config, capacity, slots } = options;
    if (capacity > config.context) throw new RangeError(`capacity ${capacity} exceeds the context ${config.context}`);
    this.#options = options;
    this.#cache = new Cache(config, slots);
  }

  async setWeights(theta: Float32Array<ArrayBuffer>): Promise<void> {
    if (this.#rows.some((row) => !row.closed)) throw new Error('weights cannot change while a stream is open');
    const { config, executor } = this.#options;
    const program = await executor.compile(buildDecoder(config, theta));
    await this.#program?.release();
    this.#program = program;
    this.#fed = areWeightsFed(config) ? feedWeights(config, theta) : {};
    this.#cache.clear();
    this.#schedule();
  }

  expect(count: number): void {
    this.#expected = Array.from({ length: count }, (_, index) => index);
    this.#schedule();
  }

  skip(index: number): void {
    this.#expected = this.#expected.filter((expected) => expected !== index);
    this.#schedule();
  }

  open(index: number, seed: number): Promise<Stream> {
    if (this.#closed) return Promise.reject(new Error('the sampler is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ index, seed, resolve, reject });
      this.#waiting.sort((a, b) => a.index - b.index);
      this.#schedule();
    });
  }

  counts(): SamplerCounts {
    return { runs: this.#runs, positions: this.#positions, reused: this.#reused };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closed = new Error('the sampler is closed');
    for (const row of this.#rows) {
      row.closed = true;
      failTurn(row, closed);
    }
    for (const waiting of this.#waiting) waiting.reject(closed);
    this.#rows = [];
    this.#waiting = [];
    const program = this.#program;
    this.#program = null;
    await this.#running;
    await program?.release();
  }

  /** Whatever happened, look at the whole once the caller's own callbacks have run. */
  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#advance();
    });
  }

  async #advance(): Promise<void> {
    if (this.#running || !this.#program) return;
    if (this.#rows.some((row) => !row.closed && row.turn === null)) return;
    this.#retire();
    if (this.#admit() || this.#rows.length === 0 || this.#isExpecting()) return;
    this.#running = this.#step(this.#program).catch((error: unknown) => this.#breakRows(error));
    await this.#running;
    this.#running = null;
    this.#schedule();
  }

  /** After a run that failed, what the cache holds and what the streams believe may differ: none of them can go on. */
  #breakRows(error: unknown): void {
    for (const row of this.#rows) {
      row.closed = true;
      failTurn(row, error);
    }
    this.#cache.clear();
  }

  /** Removes closed rows; the last row takes the place of each, so that the batch has no holes. */
  #retire(): void {
    for (let at = this.#rows.length - 1; at >= 0; at--) {
      if (!this.#rows[at]!.closed) continue;
      const last = this.#rows.pop()!;
      const from = this.#rows.length;
      if (from === at) continue;
      this.#cache.copy(from, at, this.#cache.tokens(from).length);
      this.#rows[at] = last;
    }
  }

  /** Gives free rows to those waiting, lowest index first; says whether any was given. */
  #admit(): boolean {
    const before = this.#rows.length;
    while (this.#rows.length < this.#options.slots && this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      if (this.#expected.length > 0 && next.index !== this.#expected[0]) break;
      this.#expected.shift();
      this.#waiting.shift();
      const row: Row = { rng: seedGenerator(next.seed), pending: [], total: 0, turn: null, closed: false };
      this.#rows.push(row);
      next.resolve(this.#makeStream(row));
    }
    return this.#rows.length > before;
  }

  #isExpecting(): boolean {
    return this.#expected.length > 0 && this.#rows.length < this.#options.slots;
  }

  #makeStream(row: Row): Stream {
    const requireOut = () => {
      if (row.closed) throw new Error('the stream is closed');
      if (row.turn) throw new Error('the stream is in the middle of a turn');
    };
    return {
      extend: (tokens) => {
        requireOut();
        checkTokens(tokens, this.#options.config.vocab);
        for (const token of tokens) row.pending.push(token);
        row.total += tokens.length;
      },
      generate: (constraint, options) =>
        new Promise((resolve, reject) => {
          requireOut();
          if (row.total === 0) throw new Error('a turn needs at least one token before it');
          const generation = { tokens: [], logps: [], masks: [] };
          row.turn = { constraint, options, generation, resolve, reject, allowed: null };
          this.#proceed(row);
          this.#schedule();
        }),
      close: () => {
        failTurn(row, new Error('the stream was closed in the middle of a turn'));
        row.closed = true;
        this.#schedule();
      },
    };
  }

  /** Takes forced tokens until the row needs the model or its turn is over. */
  #proceed(row: Row): void {
    try {
      while (row.turn && !this.#isFull(row)) {
        const allowed = row.turn.constraint.allowed();
        row.turn.allowed = allowed;
        if (allowed?.length !== 1) return;
        this.#take(row, row.turn, allowed[0]!, 0);
      }
    } catch (error) {
      failTurn(row, error);
    }
  }

  /** Ends the turn if there is no room for another token. */
  #isFull(row: Row): boolean {
    const { turn } = row;
    if (!turn) return true;
    const full = turn.generation.tokens.length >= turn.options.maxTokens || row.total >= this.#options.capacity;
    if (full) endTurn(row, turn, 'length');
    return full;
  }

  #take(row: Row, turn: Turn, token: number, logp: number): void {
    turn.generation.tokens.push(token);
    turn.generation.logps.push(logp);
    turn.generation.masks.push(turn.allowed);
    row.pending.push(token);
    row.total++;
    if (turn.constraint.accept(token)) endTurn(row, turn, 'end');
  }

  /** A few pending tokens of every row. Rows far behind are brought up first. */
  async #step(program: Program): Promise<void> {
    const rows = this.#rows;
    for (const [at, row] of rows.entries()) await this.#catchUp(program, at, row);
    const width = chunkWidth(rows.map((row) => row.pending.length));
    const chunks = rows.map((row) => row.pending.splice(0, width));
    const ready = rows.flatMap((row, at) => (row.pending.length === 0 ? [at] : []));
    const { logits } = await this.#run(program, 0, chunks, ready);
    const vocab = this.#options.config.vocab;
    for (const [place, at] of ready.entries()) {
      this.#choose(rows[at]!, logits!.subarray(place * vocab, (place + 1) * vocab));
    }
  }

  /** All but the last pending token; a fresh row first takes over what another row has in common with it. */
  async #catchUp(program: Program, at: number, row: Row): Promise<void> {
    if (row.total === row.pending.length) {
      const { row: like, length } = this.#cache.findPrefix(row.pending.slice(0, -1));
      this.#cache.copy(like, at, length);
      row.pending.splice(0, length);
      this.#reused += length;
    }
    if (row.pending.length <= CHUNK_LEAST) return;
    while (row.pending.length > 1) {
      await this.#run(program, at, [row.pending.splice(0, Math.min(CHUNK_MOST, row.pending.length - 1))], []);
    }
  }

  /** Feeds some adjacent rows, stores their keys and values, returns the graph's results. */
  async #run(program: Program, first: number, tokens: readonly (readonly number[])[], wanted: readonly number[]) {
    const cache = this.#cache;
    cache.fit(this.#rows.length);
    const starts = tokens.map((_, at) => cache.tokens(first + at).length);
    // The graph takes no empty list; the logits of row 0 are then not looked at.
    const chunks = { tokens, starts, picks: wanted.length > 0 ? wanted : [0] };
    const inputs = feedChunks(this.#options.config, chunks, cache.capacity);
    const results = await program.run({ ...this.#fed, ...cache.feeds(first, tokens.length), ...inputs });
    const width = widthOf(chunks);
    for (const [at, chunk] of tokens.entries()) cache.append(first + at, chunk, results, at, width);
    this.#runs++;
    this.#positions += tokens.reduce((sum, chunk) => sum + chunk.length, 0);
    return results;
  }

  #choose(row: Row, logits: Float32Array): void {
    const { turn } = row;
    if (!turn) return;
    try {
      const { temperature, choose } = turn.options;
      const behaviour = turn.constraint.explore?.() ?? null;
      const { token, logp } =
        choose?.(logits, turn.allowed, row.rng) ??
        chooseToken(logits, turn.allowed, { temperature, behaviour, rng: row.rng });
      this.#take(row, turn, token, logp);
    } catch (error) {
      failTurn(row, error);
    }
    this.#proceed(row);
  }
}

/** As wide as at least half of the rows have use for: a further column costs about half of a further run. */
function chunkWidth(pending: readonly number[]): number {
  const longest = pending.toSorted((a, b) => b - a);
  return longest[Math.floor((longest.length - 1) / 2)]!;
}

function checkTokens(tokens: Int32Array | readonly number[], vocab: number): void {
  for (const token of tokens) {
    if (!(token >= 0 && token < vocab)) throw new RangeError(`token ${token} is outside the vocabulary of ${vocab}`);
  }
}

function endTurn(row: Row, turn: Turn, reason: Generation['reason']): void {
  row.turn = null;
  turn.resolve({ ...turn.generation, reason });
}

function failTurn(row: Row, error: unknown): void {
  const { turn } = row;
  row.turn = null;
  turn?.reject(error);
}
