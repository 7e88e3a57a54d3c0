// The model over the cache of a batch: reads tokens of some rows, stores their keys and values, and gives the logits asked
// for. Only what is looked at comes back from a run, because every array it returns is fresh memory, which is freed as soon
// as it has been read. Not here: which rows read what, and when (sampler.ts).
import { Cache } from './cache.ts';
import type { Ids } from './choose.ts';
import { areWeightsFed, buildDecoder, feedChoices, feedChunks, feedWeights, widthOf } from './decoder.ts';
import { discard, type Executor, type Feed, type Program } from './executor.ts';
import type { ModelConfig } from './model.ts';

type Floats = Float32Array<ArrayBuffer>;

/** What some rows read: row numbers of the cache, and for each at least one token. */
export type Reading = { readonly rows: readonly number[]; readonly tokens: readonly (readonly number[])[] };

export class Forward {
  readonly cache: Cache;
  readonly #config: ModelConfig;
  #program: Program | null = null;
  /** Weights that the program does not hold itself. */
  #fed: Readonly<Record<string, Feed>> = {};
  /** What the last run gave to whoever asked. */
  #lent: Floats[] = [];
  #runs = 0;
  #positions = 0;

  constructor(config: ModelConfig, slots: number) {
    this.#config = config;
    this.cache = new Cache(config, slots);
  }

  /** Whether it has weights. */
  get isReady(): boolean {
    return this.#program !== null;
  }

  /** Runs of the graph, and positions computed. */
  get counts(): { readonly runs: number; readonly positions: number } {
    return { runs: this.#runs, positions: this.#positions };
  }

  /** Takes new weights and forgets what was read under the old. */
  async load(executor: Executor, theta: Floats): Promise<void> {
    const program = await executor.compile(buildDecoder(this.#config, theta));
    await this.#program?.release();
    this.#program = program;
    this.#fed = areWeightsFed(this.#config) ? feedWeights(this.#config, theta) : {};
    this.cache.clear();
  }

  /** Frees the model; nothing can be read until `load`. */
  async release(): Promise<void> {
    const program = this.#program;
    this.#program = null;
    await program?.release();
  }

  /** Reads. `inUse`: rows of the cache, from the first, that anybody needs. */
  async read(reading: Reading, inUse: number): Promise<void> {
    await this.#run(reading, inUse, [0], feedChoices([], 0), ['fresh']);
  }

  /**
   * Reads, and gives for each of `picks` (indices into `reading.rows`) the logits after its last token: of the whole
   * vocabulary if `allowed` is null, else of what is allowed there. Views, valid until the next run.
   */
  async score(
    reading: Reading,
    inUse: number,
    picks: readonly number[],
    allowed: readonly Ids[] | null,
  ): Promise<Float32Array[]> {
    const { vocab } = this.#config;
    const wanted = allowed ? 'chosen' : 'logits';
    const results = await this.#run(reading, inUse, picks, feedChoices(allowed ?? [], vocab), ['fresh', wanted]);
    let from = 0;
    return picks.map((_, at) => {
      const until = from + (allowed ? allowed[at]!.length : vocab);
      const own = results[wanted]!.subarray(from, until);
      from = until;
      return own;
    });
  }

  async #run(
    { rows, tokens }: Reading,
    inUse: number,
    picks: readonly number[],
    choices: Readonly<Record<string, Feed>>,
    wanted: readonly string[],
  ) {
    if (!this.#program) throw new Error('the model has no weights');
    const cache = this.cache;
    cache.fit(inUse);
    const starts = rows.map((row) => cache.tokens(row).length);
    const chunks = { tokens, starts, picks };
    const inputs = feedChunks(this.#config, chunks, cache.capacity);
    discard(this.#lent.splice(0));
    const { fresh, ...lent } = await this.#program.run(
      { ...this.#fed, ...cache.feeds(rows), ...inputs, ...choices },
      wanted,
    );
    const place = { from: 0, rows: tokens.length, chunk: widthOf(chunks) };
    for (const [at, chunk] of tokens.entries()) {
      place.from = at;
      cache.append(rows[at]!, chunk, fresh!, place);
      this.#positions += chunk.length;
    }
    discard([fresh!]);
    this.#lent = Object.values(lent);
    this.#runs++;
    return lent;
  }
}
