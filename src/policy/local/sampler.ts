// Samples many episodes at once through one cache: each is an ordinary asynchronous loop, the batch advances together.
// The batch steps only when no open stream is out (between its turns), so what is sampled depends on the seeds and the
// order of indices, never on how fast a tool or the event loop was. Not here: the grammar, the protocol, the world.

import { divideRuns, planCatchUp } from './catchup.ts';
import { type Choice, type Constraint, chooseAmong, chooseToken, type Ids, seedGenerator } from './choose.ts';
import type { Executor } from './executor.ts';
import { Forward } from './forward.ts';
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
  readonly #model: Forward;
  /** Row i of this list is row i of the model's cache. */
  #rows: Row[] = [];
  #waiting: Waiting[] = [];
  #expected: number[] = [];
  #scheduled = false;
  #closed = false;
  /** The step in progress, if any. */
  #running: Promise<void> | null = null;
  #reused = 0;

  constructor(options: SamplerOptions) {
    const { config, capacity, slots } = options;
    if (capacity > config.context) throw new RangeError(`capacity ${capacity} exceeds the context ${config.context}`);
    this.#options = options;
    this.#model = new Forward(config, slots);
  }

  async setWeights(theta: Float32Array<ArrayBuffer>): Promise<void> {
    if (this.#rows.some((row) => !row.closed)) throw new Error('weights cannot change while a stream is open');
    await this.#model.load(this.#options.executor, theta);
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
    return { ...this.#model.counts, reused: this.#reused };
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
    await this.#running;
    await this.#model.release();
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
    if (this.#running || this.#closed || !this.#model.isReady) return;
    if (this.#rows.some((row) => !row.closed && row.turn === null)) return;
    this.#retire();
    if (this.#admit() || this.#rows.length === 0 || this.#isExpecting()) return;
    this.#running = this.#step().catch((error: unknown) => this.#breakRows(error));
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
    this.#model.cache.clear();
  }

  /** Removes closed rows; the last row takes the place of each, so that the batch has no holes. */
  #retire(): void {
    for (let at = this.#rows.length - 1; at >= 0; at--) {
      if (!this.#rows[at]!.closed) continue;
      const last = this.#rows.pop()!;
      const from = this.#rows.length;
      if (from === at) continue;
      this.#model.cache.copy(from, at, this.#model.cache.tokens(from).length);
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
        // An error looks at the whole stack, so it is made only where there is somebody to tell.
        if (row.turn) failTurn(row, new Error('the stream was closed in the middle of a turn'));
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
  async #step(): Promise<void> {
    const rows = this.#rows;
    await this.#catchUp();
    const width = chunkWidth(rows.map((row) => row.pending.length));
    const tokens = rows.map((row) => row.pending.splice(0, width));
    const ready = rows.flatMap((row, at) => (row.pending.length === 0 ? [at] : []));
    const reading = { rows: rows.map((_, at) => at), tokens };
    if (ready.length === 0) return this.#model.read(reading, rows.length);
    const allowed = ready.flatMap((at) => wishOf(rows[at]!) ?? []);
    const narrow = allowed.length === ready.length;
    const logits = await this.#model.score(reading, rows.length, ready, narrow ? allowed : null);
    for (const [place, at] of ready.entries()) this.#choose(rows[at]!, logits[place]!, narrow);
  }

  /** Rows that lag read all but the last pending token; a fresh row first takes over what another has in common with it. */
  async #catchUp(): Promise<void> {
    const rows = this.#rows;
    const { cache } = this.#model;
    const lagging = rows.map(({ pending, total }) => ({ pending, isFresh: total === pending.length }));
    const plans = planCatchUp(lagging, cache);
    for (let level = 0; plans.some((plan) => plan.level >= level); level++) {
      const now = plans.filter((plan) => plan.level === level);
      for (const { at, copy } of now) {
        if (!copy) continue;
        cache.copy(copy.row, at, copy.length);
        rows[at]!.pending.splice(0, copy.length);
        this.#reused += copy.length;
      }
      for (const run of divideRuns(now)) {
        const tokens = run.map(({ at, count }) => rows[at]!.pending.splice(0, count));
        await this.#model.read({ rows: run.map(({ at }) => at), tokens }, rows.length);
      }
    }
  }

  /** `narrow`: the logits are those of what is allowed alone. */
  #choose(row: Row, logits: Float32Array, narrow: boolean): void {
    const { turn } = row;
    if (!turn) return;
    try {
      const { temperature, choose } = turn.options;
      const behaviour = turn.constraint.explore?.() ?? null;
      const { token, logp } =
        choose?.(logits, turn.allowed, row.rng) ??
        (narrow ? chooseAmong : chooseToken)(logits, turn.allowed, { temperature, behaviour, rng: row.rng });
      this.#take(row, turn, token, logp);
    } catch (error) {
      failTurn(row, error);
    }
    this.#proceed(row);
  }
}

const NONE = new Uint32Array();

/** The ids whose logits a row will look at; null: all. */
function wishOf({ turn }: Row): Ids | null {
  if (!turn) return NONE;
  return turn.options.choose ? null : turn.allowed;
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
