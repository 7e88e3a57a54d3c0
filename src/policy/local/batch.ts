// Turns training data of many lengths into micro-batches: padded, bounded in size, and in the arrays a graph takes.
// Not here: the graphs (objective.ts), the learner that runs them (learner.ts).
import { chooseCut, cutNames, LENGTH_STEP } from './attention.ts';
import type { Ids } from './choose.ts';
import type { Feed } from './executor.ts';
import type { ModelConfig } from './model.ts';

/** What a disallowed token's logit is lowered by: far enough that its probability is exactly 0 in float32. */
export const DISALLOWED = -1e9;

/** One sequence to learn from. All per-token arrays are as long as `tokens`; the entry of token t is about predicting it from those before. */
export type Datum = {
  readonly tokens: Int32Array;
  /** 0 = not the policy's own token. The first token cannot be predicted, so its weight is 0. */
  readonly weights: Float32Array;
  readonly advantages?: Float32Array;
  /** Log-probabilities under the policy that sampled. */
  readonly oldLogps?: Float32Array;
  /** Log-probabilities under the reference model. */
  readonly refLogps?: Float32Array;
  /** Which row of the batch's mask table held when the token was chosen; −1 = none. */
  readonly masks?: Int32Array;
};

export type Batch = {
  readonly data: readonly Datum[];
  /** Each row: the token ids that were allowed. */
  readonly maskTable?: readonly Ids[];
};

/** A token that counts: the datum and the place in it. */
export type Site = { readonly datum: number; readonly token: number };

/** A rectangle of padded sequences, with the tokens that count in it. */
export type MicroBatch = { readonly sites: readonly Site[]; readonly feeds: Readonly<Record<string, Feed>> };

export type PackOptions = {
  /** Most padded tokens of one micro-batch, unless a single sequence is longer. */
  readonly tokens: number;
  readonly masked: boolean;
};

/**
 * Splits a batch into micro-batches of sequences of like length; sequences without a counted token are left out.
 * @throws RangeError if an array's length, a token, a mask index or the context does not fit.
 */
export function packBatch(config: ModelConfig, batch: Batch, options: PackOptions): MicroBatch[] {
  const maskCount = options.masked ? (batch.maskTable?.length ?? 0) : Number.POSITIVE_INFINITY;
  for (const datum of batch.data) checkDatum(config, datum, maskCount);
  const order = batch.data
    .map((datum, index) => ({ index, length: usedLength(datum) }))
    .filter(({ length }) => length > 0)
    .sort((a, b) => b.length - a.length || a.index - b.index);
  const lengths = order.map(({ length }) => paddedLength(length));
  let from = 0;
  return chooseRows(lengths, options.tokens).map((rows) => {
    const members = order.slice(from, from + rows).map(({ index }) => index);
    const micro = packRows(config, batch, members, lengths[from]!, options.masked);
    from += rows;
    return micro;
  });
}

/** What a further run of a graph costs, in positions: its many small operators, and gradients to be copied and added. */
const RUN_COST = 128;

/** Rows of each micro-batch over descending lengths, none above the budget: the division that costs least, padding included. */
function chooseRows(lengths: readonly number[], budget: number): number[] {
  // Least cost of the sequences up to each place, and the rows of the last micro-batch that gives it.
  const best: { readonly cost: number; readonly rows: number }[] = [{ cost: 0, rows: 0 }];
  for (let end = 1; end <= lengths.length; end++) {
    let least = { cost: Number.POSITIVE_INFINITY, rows: 1 };
    for (let rows = 1; rows <= end; rows++) {
      const size = rows * lengths[end - rows]!;
      if (rows > 1 && size > budget) break;
      const cost = best[end - rows]!.cost + size + RUN_COST;
      if (cost < least.cost) least = { cost, rows };
    }
    best.push(least);
  }
  const chosen: number[] = [];
  for (let end = lengths.length; end > 0; end -= best[end]!.rows) chosen.unshift(best[end]!.rows);
  return chosen;
}

/** Positions that predict a token up to the last that counts, and all positions that are computed: the difference is padding. */
export function countPositions(
  config: ModelConfig,
  batch: Batch,
  options: PackOptions,
): { used: number; computed: number } {
  const used = batch.data.reduce((sum, datum) => sum + Math.max(0, usedLength(datum) - 1), 0);
  const packed = packBatch(config, batch, options);
  return { used, computed: packed.reduce((sum, { feeds }) => sum + feeds.tokens!.data.length, 0) };
}

function checkDatum(config: ModelConfig, datum: Datum, maskCount: number): void {
  const { tokens, weights, advantages, oldLogps, refLogps, masks } = datum;
  for (const [name, array] of Object.entries({ weights, advantages, oldLogps, refLogps, masks })) {
    if (array && array.length !== tokens.length)
      throw new RangeError(`${name}: ${array.length} entries, ${tokens.length} tokens`);
  }
  if (tokens.length > config.context) throw new RangeError(`${tokens.length} tokens, the context is ${config.context}`);
  if (weights[0]) throw new RangeError('the first token has a weight, but nothing predicts it');
  const stranger = tokens.find((token) => token < 0 || token >= config.vocab);
  if (stranger !== undefined) throw new RangeError(`token ${stranger} is outside the vocabulary of ${config.vocab}`);
  const mask = masks?.find((index) => index < -1 || index >= maskCount);
  if (mask !== undefined) throw new RangeError(`mask ${mask} is outside the table of ${maskCount}`);
}

/** Tokens up to the last that counts; what follows it cannot matter. */
function usedLength({ weights }: Datum): number {
  let length = weights.length;
  while (length > 0 && weights[length - 1] === 0) length--;
  return length;
}

/** A token is predicted from the one before, so a sequence of n tokens needs n − 1 positions. */
function paddedLength(length: number): number {
  return Math.ceil((length - 1) / LENGTH_STEP) * LENGTH_STEP;
}

function packRows(
  config: ModelConfig,
  { data, maskTable = [] }: Batch,
  members: readonly number[],
  length: number,
  masked: boolean,
): MicroBatch {
  const tokens = new Int32Array(members.length * length);
  const places: number[] = [];
  const sites: Site[] = [];
  for (const [row, datum] of members.entries()) {
    const { tokens: own, weights } = data[datum]!;
    tokens.set(own.subarray(0, length), row * length);
    for (let token = 1; token < own.length; token++) {
      if (weights[token] === 0) continue;
      places.push(row * length + token - 1);
      sites.push({ datum, token });
    }
  }
  const column = (read: (datum: Datum, token: number) => number | undefined): Feed => ({
    shape: [sites.length, 1],
    data: Float32Array.from(sites, (site) => read(data[site.datum]!, site.token) ?? 0),
  });
  const feeds: Record<string, Feed> = {
    tokens: { shape: [members.length, length], data: tokens },
    ...cutAttention(length, config.heads / config.kvHeads),
    places: { shape: [places.length], data: Int32Array.from(places) },
    returns: { shape: [tokens.length], data: invertPlaces(places, tokens.length) },
    targets: {
      shape: [sites.length, 1],
      data: Int32Array.from(sites, ({ datum, token }) => data[datum]!.tokens[token]!),
    },
    weights: column((datum, token) => datum.weights[token]),
    advantages: column((datum, token) => datum.advantages?.[token]),
    old: column((datum, token) => datum.oldLogps?.[token]),
    reference: column((datum, token) => datum.refLogps?.[token]),
    ...(masked ? packMasks(config.vocab, data, sites, maskTable) : {}),
  };
  return { sites, feeds };
}

/** For each of `count` positions which of the places it is; as many as there are where it is none. */
function invertPlaces(places: readonly number[], count: number): Int32Array<ArrayBuffer> {
  const returns = new Int32Array(count).fill(places.length);
  for (const [index, place] of places.entries()) returns[place] = index;
  return returns;
}

/** The last block's mask, 0 where a key may be seen and −1e9 where not, once for each query head of a group; and the cuts. */
function cutAttention(length: number, groups: number): Record<string, Feed> {
  const cut = chooseCut(length);
  const rows = length / cut.blocks;
  const data = new Float32Array(groups * rows * length);
  for (let row = 0; row < groups * rows; row++) {
    data.fill(DISALLOWED, row * length + length - rows + (row % rows) + 1, (row + 1) * length);
  }
  const cuts = cutNames(cut).map((name, at): [string, Feed] => [
    name,
    { shape: [1], data: BigInt64Array.of(BigInt((at + 1) * rows)) },
  ]);
  return { attention: { shape: [groups * rows, length], data }, ...Object.fromEntries(cuts) };
}

/** The rows of the mask table that occur here, as numbers to add to logits; row 0 masks nothing. */
function packMasks(
  vocab: number,
  data: readonly Datum[],
  sites: readonly Site[],
  maskTable: readonly Ids[],
): Record<string, Feed> {
  const local = new Map<number, number>([[-1, 0]]);
  const rows = Int32Array.from(sites, ({ datum, token }) => {
    const mask = data[datum]!.masks?.[token] ?? -1;
    if (!local.has(mask)) local.set(mask, local.size);
    return local.get(mask)!;
  });
  const table = new Float32Array(local.size * vocab);
  for (const [mask, row] of local) {
    if (mask === -1) continue;
    table.fill(DISALLOWED, row * vocab, (row + 1) * vocab);
    for (const token of maskTable[mask]!) table[row * vocab + token] = 0;
  }
  return { table: { shape: [local.size, vocab], data: table }, rows: { shape: [rows.length], data: rows } };
}
