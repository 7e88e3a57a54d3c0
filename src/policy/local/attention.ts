// Causal attention for training, in blocks of queries: a block is scored against the keys up to its own end only, so about
// half of the scores are never computed, and the memory of one block bounds what is alive where weights are computed anew
// in the backward pass. Not here: attention over a cache (decoder.ts).
// Source: Dao et al., FlashAttention, 2022, for the backward pass by blocks; the blocks here are matrices, not tiles.
import type { Graph, Tensor } from './graph.ts';
import { product, reduceLast } from './ops.ts';

/** Padded sequences are multiples of this long, so that they divide into blocks. */
export const LENGTH_STEP = 8;

/** Most positions of a row that several sequences share: its mask has as many numbers as the square of that. */
export const SHARED_LENGTH = 2048;

/**
 * Into how many blocks the queries are cut, whether their weights are computed again in the backward pass, and whether rows
 * are shared by several sequences (rows.ts), so that each has a mask of its own.
 */
export type Cut = { readonly blocks: number; readonly recompute: boolean; readonly shared: boolean };

/** Cuts of short sequences save work: more blocks save more scores, but small products are slow. Those of long ones save memory. */
const SHORT = { blocks: 2, recompute: false } as const;
const LONG = { blocks: 8, recompute: true } as const;
const SHORT_LENGTH = 768;

/** The cut for rows of this padded length. There are few, since each is a graph of its own. */
export function chooseCut(length: number, shared: boolean): Cut {
  return { ...(length <= SHORT_LENGTH ? SHORT : LONG), shared };
}

/** Names of the graph's inputs that say where blocks begin. */
export function cutNames({ blocks }: Pick<Cut, 'blocks'>): string[] {
  return Array.from({ length: blocks - 1 }, (_, at) => `cut.${at + 1}`);
}

/** The queries as they are cut in a graph. All blocks have the same number of rows. */
export type Blocks = {
  /** Where blocks begin, int64 [1] each, the first (0) left out. */
  readonly cuts: readonly Tensor[];
  /**
   * What is added to the scores. Of rows that are not shared [Q, T]: that of the last block; the others take its last columns.
   * Q as in buildTrunk. Of shared rows [B, 1, T, T]: each block takes its queries.
   */
  readonly mask: Tensor;
  readonly shared: boolean;
  /** Whether the backward pass computes the weights of a block again instead of keeping them. */
  readonly recompute: boolean;
};

/** What the backward pass of a block needs. */
type Block = {
  readonly rows: (x: Tensor) => Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly queries: Tensor;
  readonly weights: () => Tensor;
  readonly output: Tensor;
};

/**
 * softmax(scale · q kᵀ + mask) v, each query seeing the keys up to its own place: q [B, H, T, E], k and v [B, K, T, E] with
 * K a divisor of H. Result [B, H, T, E].
 */
export function attendCausal(graph: Graph, q: Tensor, k: Tensor, v: Tensor, scale: number, cut: Blocks): Tensor {
  const blocks = [...cut.cuts, null].map((_, at) => buildBlock(graph, { q, k, v }, scale, cut, at));
  const join = (parts: readonly Tensor[]) => joinRows(graph, parts, q);
  const output = join(blocks.map((block) => unfold(graph, block.output, q)));
  return graph.record(output, [q, k, v], (d) => {
    const parts = blocks.map((block) => pullBlock(graph, block, block.rows(d), scale));
    return [
      join(parts.map((part) => unfold(graph, part.toQueries, q))),
      addPrefixes(
        graph,
        parts.map((part) => part.toKeys),
        cut.cuts,
      ),
      addPrefixes(
        graph,
        parts.map((part) => part.toValues),
        cut.cuts,
      ),
    ];
  });
}

type Inputs = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };

function buildBlock(graph: Graph, { q, k, v }: Inputs, scale: number, cut: Blocks, at: number) {
  const { cuts, recompute } = cut;
  const starts = [graph.list([0]), ...cuts];
  const end = cuts[at] ?? null;
  const count = k.shape[1] as number;
  const rows = (x: Tensor) => fold(graph, slice(graph, x, 2, starts[at]!, end), count);
  const queries = rows(q);
  const seen = (x: Tensor) => (end === null ? x : slice(graph, x, 2, starts[0]!, end));
  const [keys, values] = [seen(k), seen(v)];
  const groups = (q.shape[1] as number) / count;
  const own = cut.shared ? takeMask(graph, cut, starts, at, groups) : cutMask(graph, cut, starts, at);
  const shape = [...queries.shape.slice(0, -1), keys.shape[2]!];
  const weigh = (x: Tensor, by: number) => {
    const scores = graph.emit('Add', [product(graph, x, keys, shape, { right: true, scale: by }), own], shape);
    return graph.emit('Softmax', [scores], shape, { attributes: { axis: -1 } });
  };
  const weights = weigh(queries, scale);
  // Scaled beforehand: the runtime would join it with the first computation if both were alike, and keep that.
  const again = () => weigh(graph.emit('Mul', [queries, graph.scalar(scale)], queries.shape), 1);
  const output = product(graph, weights, values, queries.shape, {});
  return { rows, keys, values, queries, weights: recompute ? again : () => weights, output };
}

/** A block's part of the one mask of rows that are not shared. */
function cutMask(graph: Graph, { cuts, mask }: Blocks, starts: readonly Tensor[], at: number): Tensor {
  return at === cuts.length ? mask : slice(graph, mask, 1, starts[cuts.length - at]!, null);
}

/** A block's queries and the keys up to its end, of masks of shared rows, once for each query head of a group. */
function takeMask(graph: Graph, { cuts, mask }: Blocks, starts: readonly Tensor[], at: number, groups: number): Tensor {
  const end = cuts[at] ?? null;
  const queries = slice(graph, mask, 2, starts[at]!, end);
  const own = end === null ? queries : slice(graph, queries, 3, starts[0]!, end);
  if (groups === 1) return own;
  const copies = Array.from({ length: groups }, () => own);
  return graph.emit('Concat', copies, [own.shape[0]!, 1, 'P', own.shape[3]!], { attributes: { axis: 2 } });
}

function pullBlock(graph: Graph, { keys, values, queries, output, ...block }: Block, d: Tensor, scale: number) {
  const weights = block.weights();
  const toWeights = product(graph, d, values, weights.shape, { right: true });
  // Softmax's Jacobian needs Σ weights · toWeights per row, which equals Σ d · output: a shorter sum.
  const mean = reduceLast(graph, 'ReduceSum', graph.emit('Mul', [d, output], d.shape));
  const toScores = graph.emit('Mul', [weights, graph.emit('Sub', [toWeights, mean], weights.shape)], weights.shape);
  return {
    toQueries: product(graph, toScores, keys, queries.shape, { scale }),
    toKeys: product(graph, toScores, queries, keys.shape, { left: true, scale }),
    toValues: product(graph, weights, d, values.shape, { left: true }),
  };
}

/** [B, H, C, E] to [B, K, H/K · C, E]: the heads that share keys below one another. */
function fold(graph: Graph, x: Tensor, count: number): Tensor {
  if (x.shape[1] === count) return x;
  return graph.emit(
    'Reshape',
    [x, graph.list([0, count, -1, x.shape[3] as number])],
    [x.shape[0]!, count, 'P', x.shape[3]!],
  );
}

function unfold(graph: Graph, x: Tensor, like: Tensor): Tensor {
  const [, heads, , width] = like.shape as [unknown, number, unknown, number];
  if (x.shape[1] === heads) return x;
  return graph.emit('Reshape', [x, graph.list([0, heads, -1, width])], [like.shape[0]!, heads, 'C', width]);
}

function joinRows(graph: Graph, parts: readonly Tensor[], like: Tensor): Tensor {
  if (parts.length === 1) return { ...parts[0]!, shape: like.shape };
  return graph.emit('Concat', parts, like.shape, { attributes: { axis: 2 } });
}

/** The sum of tensors of which each covers the rows up to its block's end. */
function addPrefixes(graph: Graph, parts: readonly Tensor[], cuts: readonly Tensor[]): Tensor {
  let sum = parts.at(-1)!;
  const { shape } = sum;
  const done: Tensor[] = [];
  for (let at = cuts.length - 1; at >= 0; at--) {
    done.unshift(slice(graph, sum, 2, cuts[at]!, null));
    const head = slice(graph, sum, 2, graph.list([0]), cuts[at]!);
    sum = graph.emit('Add', [head, parts[at]!], parts[at]!.shape);
  }
  return done.length === 0 ? sum : graph.emit('Concat', [sum, ...done], shape, { attributes: { axis: 2 } });
}

/** The places from `start` to `end` (null: the last) of an axis. */
function slice(graph: Graph, x: Tensor, axis: number, start: Tensor, end: Tensor | null): Tensor {
  const shape = x.shape.map((size, index) => (index === axis ? `${x.name}:${start.name}` : size));
  const last = end ?? graph.list([Number.MAX_SAFE_INTEGER]);
  return graph.emit('Slice', [x, start, last, graph.list([axis])], shape);
}
