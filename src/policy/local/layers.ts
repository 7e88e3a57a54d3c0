// The pieces of a transformer as differentiable operators, where a pullback by hand is shorter and faster than the
// composition of general ones. All are built from operators whose gradients are right on every executor: the fused
// RMSNorm is not (its inverse deviation is wrong on WebGPU), so the norm is composed. Not here: a model (model.ts).
import type { Graph, Tensor } from './graph.ts';
import { product, reduceLast, reduceTo, scatterAdd } from './ops.ts';

/**
 * x / sqrt(mean(x²) + eps) · weight over the last axis; weight [D].
 * Source: Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.
 */
export function rmsNorm(graph: Graph, x: Tensor, weight: Tensor, eps: number): Tensor {
  const size = weight.shape[0] as number;
  const times = (a: Tensor, b: Tensor) => graph.emit('Mul', [a, b], a.shape);
  const inverse = invert(graph, times(x, x), eps);
  const normal = times(x, inverse);
  return graph.record(times(normal, weight), [x, weight], (d) => {
    const products = times(d, normal);
    // Σ products · weight / D of each row, as a product with a column.
    const share = times(weight, graph.scalar(1 / size));
    const column = graph.emit('Reshape', [share, graph.list([size, 1])], [size, 1]);
    const along = graph.emit('MatMul', [products, column], [...x.shape.slice(0, -1), 1]);
    const across = graph.emit('Sub', [times(d, weight), times(normal, along)], x.shape);
    return [times(across, inverse), reduceTo(graph, products, x.shape, weight.shape)];
  });
}

/** 1 / sqrt(mean + eps) over the last axis, which stays with size 1. */
function invert(graph: Graph, squares: Tensor, eps: number): Tensor {
  const rows = squares.shape.slice(0, -1);
  const mean = graph.emit('ReduceMean', [squares, graph.list([squares.shape.length - 1])], rows, {
    attributes: { keepdims: 0 },
  });
  // Added before the axis of size 1 is: with it the runtime takes eight times as long to add a scalar.
  const deviation = graph.emit('Sqrt', [graph.emit('Add', [mean, graph.scalar(eps)], rows)], rows);
  const inverse = graph.emit('Reciprocal', [deviation], rows);
  return graph.emit('Unsqueeze', [inverse, graph.list([-1])], [...rows, 1]);
}

/** The tables of a rotary embedding: [positions, headDim / 2] each, `minus` is −sin, `positions` the int64 ids. */
export type Rotation = {
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly minus: Tensor;
  readonly positions: Tensor;
};

/**
 * Rotary position embedding of x [B, H, T, headDim]: element i of the first half turns with element i of the second.
 * A rotation's pullback is the rotation back. Source: Su et al., RoFormer, 2021; the half-split pairing is that of Llama and Qwen.
 */
export function rotate(graph: Graph, x: Tensor, { cos, sin, minus, positions }: Rotation): Tensor {
  const turn = (a: Tensor, sine: Tensor) =>
    graph.emit('RotaryEmbedding', [a, positions, cos, sine], x.shape, { attributes: { interleaved: 0 } });
  return graph.record(turn(x, sin), [x], (d) => [turn(d, minus)]);
}

/** silu(gate) · up elementwise. Source: Shazeer, GLU Variants Improve Transformer, 2020. */
export function swiglu(graph: Graph, gate: Tensor, up: Tensor): Tensor {
  const times = (a: Tensor, b: Tensor) => graph.emit('Mul', [a, b], gate.shape);
  const sigmoid = graph.emit('Sigmoid', [gate], gate.shape);
  const silu = times(gate, sigmoid);
  return graph.record(times(silu, up), [gate, up], (d) => {
    // silu' = s + silu · (1 − s), with s the sigmoid.
    const rest = graph.emit('Sub', [silu, times(silu, sigmoid)], gate.shape);
    const slope = graph.emit('Add', [sigmoid, rest], gate.shape);
    return [times(times(d, up), slope), times(d, silu)];
  });
}

/** softmax(scale · q kᵀ + mask) v over the last two axes: q [.., Q, E], k and v [.., T, E], mask broadcast to [.., Q, T]. */
export function attend(graph: Graph, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: number): Tensor {
  const shape = [...q.shape.slice(0, -1), k.shape.at(-2)!];
  const scores = graph.emit('Add', [product(graph, q, k, shape, { right: true, scale }), mask], shape);
  const weights = graph.emit('Softmax', [scores], shape, { attributes: { axis: -1 } });
  const output = product(graph, weights, v, q.shape, {});
  return graph.record(output, [q, k, v], (d) => {
    const toWeights = product(graph, d, v, shape, { right: true });
    // Softmax's Jacobian needs Σ weights · toWeights per row, which equals Σ d · output: a shorter sum.
    const mean = reduceLast(graph, 'ReduceSum', graph.emit('Mul', [d, output], q.shape));
    const toScores = graph.emit('Mul', [weights, graph.emit('Sub', [toWeights, mean], shape)], shape);
    return [
      product(graph, toScores, k, q.shape, { scale }),
      product(graph, toScores, q, k.shape, { left: true, scale }),
      product(graph, weights, d, v.shape, { left: true }),
    ];
  });
}

/** What is known of each row's distribution: the log-probability of its target and its entropy (nats), both [M, 1]. */
export type TokenLogps = { readonly logps: Tensor; readonly entropies: Tensor };

/** Log-probabilities of one target per row (int32 [M, 1]) under softmax(logits), logits [M, V]. Entropies carry no gradient. */
export function tokenLogps(graph: Graph, logits: Tensor, targets: Tensor): TokenLogps {
  const times = (a: Tensor, b: Tensor) => graph.emit('Mul', [a, b], logits.shape);
  const all = graph.emit('LogSoftmax', [logits], logits.shape, { attributes: { axis: -1 } });
  const probabilities = graph.emit('Exp', [all], logits.shape);
  const chosen = graph.emit('GatherElements', [all, targets], targets.shape, { attributes: { axis: 1 } });
  const negative = reduceLast(graph, 'ReduceSum', times(probabilities, all));
  const logps = graph.record(chosen, [logits], (d) => {
    const spread = times(probabilities, graph.emit('Neg', [d], d.shape));
    return [scatterAdd(graph, spread, targets, d, 1)];
  });
  return { logps, entropies: graph.emit('Neg', [negative], negative.shape) };
}
