// Turns training data of many lengths into micro-batches: padded, bounded in size, and in the arrays a graph takes.
// Not here: which sequences go together (rows.ts), the graphs (objective.ts), the learner that runs them (learner.ts).
import { type Cut, chooseCut, cutNames } from './attention.ts';
import type { Ids } from './choose.ts';
import type { Feed } from './executor.ts';
import type { ModelConfig } from './model.ts';
import { divideRows, planRows, type Rectangle, type Row } from './rows.ts';

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

/** A rectangle of padded rows, with the tokens that count in it, and which graph it is for. */
export type MicroBatch = {
  readonly sites: readonly Site[];
  readonly feeds: Readonly<Record<string, Feed>>;
  readonly cut: Cut;
};

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
  return divideRows(planRows(batch.data), options.tokens).map((rectangle) =>
    packRectangle(config, batch, rectangle, options.masked),
  );
}

/** Positions that are needed, beginnings in common once, and all that are computed: the difference is padding. */
export function countPositions(
  config: ModelConfig,
  batch: Batch,
  options: PackOptions,
): { used: number; computed: number } {
  const used = planRows(batch.data).reduce((sum, { length }) => sum + length, 0);
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

function packRectangle(
  config: ModelConfig,
  { data, maskTable = [] }: Batch,
  { rows, length }: Rectangle,
  masked: boolean,
): MicroBatch {
  const tokens = new Int32Array(rows.length * length);
  const places: number[] = [];
  const sites: Site[] = [];
  for (const [at, { common, sequences }] of rows.entries()) {
    const begin = at * length;
    tokens.set(data[sequences[0]!.datum]!.tokens.subarray(0, common), begin);
    for (const { datum, start, own } of sequences) {
      const { tokens: all, weights } = data[datum]!;
      tokens.set(all.subarray(common, common + own), begin + start);
      for (let token = common + 1; token <= common + own; token++) {
        if (weights[token] === 0) continue;
        places.push(begin + start + token - 1 - common);
        sites.push({ datum, token });
      }
    }
  }
  const cut = chooseCut(
    length,
    rows.some(({ sequences }) => sequences.length > 1),
  );
  const column = (read: (datum: Datum, token: number) => number | undefined): Feed => ({
    shape: [sites.length, 1],
    data: Float32Array.from(sites, (site) => read(data[site.datum]!, site.token) ?? 0),
  });
  const feeds: Record<string, Feed> = {
    tokens: { shape: [rows.length, length], data: tokens },
    ...(cut.shared ? feedShared(rows, length) : feedCausal(config, length, cut)),
    ...feedCuts(length, cut),
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
  return { sites, feeds, cut };
}

/** For each of `count` positions which of the places it is; as many as there are where it is none. */
function invertPlaces(places: readonly number[], count: number): Int32Array<ArrayBuffer> {
  const returns = new Int32Array(count).fill(places.length);
  for (const [index, place] of places.entries()) returns[place] = index;
  return returns;
}

/** The last block's mask, 0 where a key may be seen and −1e9 where not, once for each query head of a group. */
function feedCausal({ heads, kvHeads }: ModelConfig, length: number, { blocks }: Cut): Record<string, Feed> {
  const groups = heads / kvHeads;
  const rows = length / blocks;
  const data = new Float32Array(groups * rows * length);
  for (let row = 0; row < groups * rows; row++) {
    data.fill(DISALLOWED, row * length + length - rows + (row % rows) + 1, (row + 1) * length);
  }
  return { attention: { shape: [groups * rows, length], data } };
}

/** Each row's own mask, and each token's position in its sequence. Who fills a row up sees only itself. */
function feedShared(rows: readonly Row[], length: number): Record<string, Feed> {
  const mask = new Float32Array(rows.length * length * length).fill(DISALLOWED);
  const positions = new BigInt64Array(rows.length * length);
  for (const [at, { common, sequences, length: used }] of rows.entries()) {
    const see = (query: number, from: number, until: number) => {
      const line = (at * length + query) * length;
      mask.fill(0, line + from, line + until);
    };
    for (let place = 0; place < common; place++) {
      positions[at * length + place] = BigInt(place);
      see(place, 0, place + 1);
    }
    for (const { start, own } of sequences) {
      for (let place = start; place < start + own; place++) {
        positions[at * length + place] = BigInt(common + place - start);
        see(place, 0, common);
        see(place, start, place + 1);
      }
    }
    for (let place = used; place < length; place++) see(place, place, place + 1);
  }
  return {
    attention: { shape: [rows.length, 1, length, length], data: mask },
    positions: { shape: [rows.length, length], data: positions },
  };
}

function feedCuts(length: number, cut: Cut): Record<string, Feed> {
  const cuts = cutNames(cut).map((name, at): [string, Feed] => [
    name,
    { shape: [1], data: BigInt64Array.of(BigInt(((at + 1) * length) / cut.blocks)) },
  ]);
  return Object.fromEntries(cuts);
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
