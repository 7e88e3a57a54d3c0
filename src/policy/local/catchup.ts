// Which rows of a batch lag behind, and how they are brought up together: a fresh row takes over what another has in common
// with it, the rest is read in runs of several rows. What a row computes does not depend on who shares its run, to the bit
// (sampler.test.ts), so this is a matter of speed alone. Not here: the runs (sampler.ts), the memory (cache.ts).

/** Rows that lag by at least this many tokens are brought up on their own before the batch steps. */
const CHUNK_LEAST = 6;

/** And in runs of at most this many positions: scores take memory with the square of it, and the others wait meanwhile. */
const CHUNK_MOST = 512;

/** What a further run costs, in positions of padding. */
const RUN_COST = 12;

/** A row that wants to be brought up: tokens not in the cache, and whether none of its tokens are. */
export type Lagging = { readonly pending: readonly number[]; readonly isFresh: boolean };

/** What a row needs. */
export type CatchUp = {
  readonly at: number;
  /** Rows of a level need nothing but those of lower ones. */
  readonly level: number;
  /** What is taken over from another row first; null: the row holds its own beginning. */
  readonly copy: { readonly row: number; readonly length: number } | null;
  /** How many tokens are then read. */
  readonly count: number;
};

/** What the cache holds, by row. */
export type Held = {
  tokens(row: number): readonly number[];
  findPrefix(tokens: readonly number[], planned: ReadonlyMap<number, readonly number[]>): CatchUp['copy'] & object;
};

/** What each row needs, as if they were brought up one after the other: all but the last of their pending tokens. */
export function planCatchUp(rows: readonly Lagging[], cache: Held): CatchUp[] {
  const plans: CatchUp[] = [];
  /** What rows will hold, and since when what they have is gone or new. */
  const planned = new Map<number, readonly number[]>();
  const levels = new Map<number, { readonly level: number; readonly kept: number }>();
  for (const [at, { pending, isFresh }] of rows.entries()) {
    if (!isFresh && pending.length <= CHUNK_LEAST) continue;
    const copy = isFresh ? cache.findPrefix(pending.slice(0, -1), planned) : null;
    const before = copy ? levels.get(copy.row) : undefined;
    const level = before && copy && copy.length > before.kept ? before.level + 1 : 0;
    const rest = pending.length - (copy?.length ?? 0);
    const count = rest > CHUNK_LEAST ? rest - 1 : 0;
    const own = isFresh ? [] : cache.tokens(at);
    planned.set(at, [...own, ...pending.slice(0, (copy?.length ?? 0) + count)]);
    levels.set(at, { level, kept: own.length });
    plans.push({ at, level, copy, count });
  }
  return plans;
}

/** Divides rows with so many tokens to read into runs, longest first; a row may be in several, since runs are bounded. */
export function divideRuns(rows: readonly { readonly at: number; readonly count: number }[]): {
  readonly at: number;
  readonly count: number;
}[][] {
  const runs: { at: number; count: number }[][] = [];
  let left = rows.filter(({ count }) => count > 0);
  while (left.length > 0) {
    const pieces = left.map(({ at, count }) => ({ at, count: Math.min(count, CHUNK_MOST) }));
    pieces.sort((a, b) => b.count - a.count || a.at - b.at);
    let run: { at: number; count: number }[] = [];
    for (const piece of pieces) {
      const width = run[0]?.count ?? piece.count;
      if (width - piece.count > RUN_COST || (run.length + 1) * width > CHUNK_MOST) {
        runs.push(run.sort((a, b) => a.at - b.at));
        run = [];
      }
      run.push(piece);
    }
    runs.push(run.sort((a, b) => a.at - b.at));
    left = left.flatMap(({ at, count }) => (count > CHUNK_MOST ? [{ at, count: count - CHUNK_MOST }] : []));
  }
  return runs;
}
