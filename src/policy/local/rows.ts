// Which sequences are computed in one row, and which rows at once. Those of a GRPO group begin with the same prompt: its
// positions are computed once, and each sequence's own end follows with positions that go on from the prompt's, looking at the
// prompt and at itself alone. Values and gradients are those of the sequences apart, up to rounding.
// Source: Liu et al., Prefix Grouper, 2025 (arXiv 2506.05433). Not here: the arrays that a graph takes (batch.ts).
import { LENGTH_STEP, SHARED_LENGTH } from './attention.ts';

/** What of a datum decides where it is computed. Position p holds token p and predicts token p + 1. */
export type Sequence = { readonly tokens: Int32Array; readonly weights: Float32Array };

/** A sequence in a row: its positions behind those in common, `own` of them, stand from `start` on. */
export type Placed = { readonly datum: number; readonly start: number; readonly own: number };

/** A row: the first `common` positions of all its sequences, then each one's own. */
export type Row = { readonly common: number; readonly sequences: readonly Placed[]; readonly length: number };

/** A shared row may have so many positions in any case. */
const SHORT_ROW = 256;
/** Shorter beginnings are not worth it. */
const SHORTEST_COMMON = 8;

/** Rows of all sequences that have something to learn, each sequence in one. */
export function planRows(data: readonly Sequence[]): Row[] {
  const groups = new Map<string, Need[]>();
  for (const [datum, { tokens, weights }] of data.entries()) {
    const until = usedLength(weights) - 1;
    if (until < 1) continue;
    // What is shared ends before the position that predicts the first token that counts.
    const common = weights.findIndex((weight) => weight !== 0) - 1;
    const key = common < SHORTEST_COMMON ? `${datum}` : tokens.subarray(0, common).join();
    const need = { datum, common, own: until - common };
    const group = groups.get(key);
    if (group) group.push(need);
    else groups.set(key, [need]);
  }
  return [...groups.values()].flatMap(fillRows);
}

type Need = { readonly datum: number; readonly common: number; readonly own: number };

/**
 * First fit, longest first. Attention grows with the square of a row, so that one of twice the longest sequence costs what four
 * sequences cost apart; longer ones would lose on attention what they save elsewhere.
 */
function fillRows(group: readonly Need[]): Row[] {
  const longest = Math.max(...group.map(({ common, own }) => common + own));
  const room = Math.min(SHARED_LENGTH, Math.max(SHORT_ROW, 2 * longest));
  const rows: { free: number; readonly needs: Need[] }[] = [];
  for (const need of group.toSorted((a, b) => b.own - a.own)) {
    const row = rows.find(({ free }) => free >= need.own);
    if (row) {
      row.needs.push(need);
      row.free -= need.own;
    } else rows.push({ free: room - need.common - need.own, needs: [need] });
  }
  return rows.map(({ needs }) => (needs.length === 1 ? alone(needs[0]!) : share(needs)));
}

function alone({ datum, common, own }: Need): Row {
  return { common: 0, sequences: [{ datum, start: 0, own: common + own }], length: common + own };
}

function share(needs: readonly Need[]): Row {
  const { common } = needs[0]!;
  let start = common;
  const sequences = needs.map(({ datum, own }) => {
    const placed = { datum, start, own };
    start += own;
    return placed;
  });
  return { common, sequences, length: start };
}

/** Tokens up to the last that counts; what follows it cannot matter. */
function usedLength(weights: Float32Array): number {
  let length = weights.length;
  while (length > 0 && weights[length - 1] === 0) length--;
  return length;
}

/** Rows of one padded length, to be computed at once. */
export type Rectangle = { readonly rows: readonly Row[]; readonly length: number };

/** Divides rows into rectangles of at most `budget` positions, unless a single row is longer, such that they cost least. */
export function divideRows(rows: readonly Row[], budget: number): Rectangle[] {
  const order = rows.toSorted((a, b) => b.length - a.length);
  const lengths = order.map(({ length }) => Math.ceil(length / LENGTH_STEP) * LENGTH_STEP);
  let from = 0;
  return chooseHeights(lengths, budget).map((height) => {
    const rectangle = { rows: order.slice(from, from + height), length: lengths[from]! };
    from += height;
    return rectangle;
  });
}

/** What a further run of a graph costs, in positions: its many small operators, and gradients to be copied and added. */
const RUN_COST = 128;

/** Rows of each rectangle over descending lengths: the division that costs least, padding included. */
function chooseHeights(lengths: readonly number[], budget: number): number[] {
  // Least cost of the rows up to each place, and the height of the last rectangle that gives it.
  const best: { readonly cost: number; readonly height: number }[] = [{ cost: 0, height: 0 }];
  for (let end = 1; end <= lengths.length; end++) {
    let least = { cost: Number.POSITIVE_INFINITY, height: 1 };
    for (let height = 1; height <= end; height++) {
      const size = height * lengths[end - height]!;
      if (height > 1 && size > budget) break;
      const cost = best[end - height]!.cost + size + RUN_COST;
      if (cost < least.cost) least = { cost, height };
    }
    best.push(least);
  }
  const chosen: number[] = [];
  for (let end = lengths.length; end > 0; end -= best[end]!.height) chosen.unshift(best[end]!.height);
  return chosen;
}

/**
 * The data of each of `count` threads: whole rows, the longest first, each to whoever has least to do so far. What has nothing
 * to learn goes to the first.
 */
export function shareRows(data: readonly Sequence[], count: number): number[][] {
  const shares = Array.from({ length: count }, () => ({ positions: 0, data: [] as number[] }));
  for (const { sequences, length } of planRows(data).toSorted((a, b) => b.length - a.length)) {
    const least = shares.reduce((one, other) => (other.positions < one.positions ? other : one));
    least.positions += length;
    least.data.push(...sequences.map(({ datum }) => datum));
  }
  const dealt = new Set(shares.flatMap((share) => share.data));
  for (const datum of data.keys()) if (!dealt.has(datum)) shares[0]?.data.push(datum);
  return shares.map((share) => share.data.sort((a, b) => a - b));
}
