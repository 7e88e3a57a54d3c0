// The differentiable operators: each emits its forward pass and records the pullback of its inputs.
// Every pullback is compared with finite differences in ops.test.ts.
// Not here: the pieces of a transformer (layers.ts), a model (model.ts).
import type { Graph, Shape, Tensor } from './graph.ts';

/** ONNX's code of the type, as Cast wants it. */
const FLOAT32 = 1;

/** a + b, with broadcasting. */
export function add(graph: Graph, a: Tensor, b: Tensor): Tensor {
  const sum = graph.emit('Add', [a, b], broadcastShape(a.shape, b.shape));
  return graph.record(sum, [a, b], (d) => [
    reduceTo(graph, d, sum.shape, a.shape),
    reduceTo(graph, d, sum.shape, b.shape),
  ]);
}

/** a − b, with broadcasting. */
export function subtract(graph: Graph, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShape(a.shape, b.shape);
  return graph.record(graph.emit('Sub', [a, b], shape), [a, b], (d) => [
    reduceTo(graph, d, shape, a.shape),
    reduceTo(graph, graph.emit('Neg', [d], shape), shape, b.shape),
  ]);
}

/** a · b elementwise, with broadcasting. */
export function multiply(graph: Graph, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShape(a.shape, b.shape);
  return graph.record(graph.emit('Mul', [a, b], shape), [a, b], (d) => [
    reduceTo(graph, graph.emit('Mul', [d, b], shape), shape, a.shape),
    reduceTo(graph, graph.emit('Mul', [d, a], shape), shape, b.shape),
  ]);
}

/** exp(a) elementwise. */
export function exponential(graph: Graph, a: Tensor): Tensor {
  const power = graph.emit('Exp', [a], a.shape);
  return graph.record(power, [a], (d) => [graph.emit('Mul', [d, power], a.shape)]);
}

/** min(a, b) elementwise, one shape; where they are equal the gradient goes to a. */
export function minimum(graph: Graph, a: Tensor, b: Tensor): Tensor {
  return graph.record(graph.emit('Min', [a, b], a.shape), [a, b], (d) => {
    const toFirst = graph.emit('Mul', [d, indicator(graph, 'LessOrEqual', a, b)], a.shape);
    return [toFirst, graph.emit('Sub', [d, toFirst], a.shape)];
  });
}

/** a held between two scalars; no gradient where it was held. */
export function clamp(graph: Graph, a: Tensor, low: Tensor, high: Tensor): Tensor {
  const held = graph.emit('Clip', [a, low, high], a.shape);
  return graph.record(held, [a], (d) => [graph.emit('Mul', [d, indicator(graph, 'Equal', a, held)], a.shape)]);
}

/** The sum of all elements, without axes. */
export function total(graph: Graph, a: Tensor): Tensor {
  const sum = graph.emit('ReduceSum', [a], [], { attributes: { keepdims: 0 } });
  return graph.record(sum, [a], (d) => [graph.emit('Expand', [d, sizesOf(graph, a)], a.shape)]);
}

/**
 * The same elements under another shape. A named axis must stand where it stood, save for one.
 * @throws Error if more than one named axis moves.
 */
export function reshape(graph: Graph, a: Tensor, shape: Shape): Tensor {
  const output = graph.emit('Reshape', [a, graph.list(reshapeSizes(a.shape, shape))], shape, { type: a.type });
  return graph.record(output, [a], (d) => [graph.emit('Reshape', [d, sizesOf(graph, a)], a.shape)]);
}

/** The axes of a in another order: axis i of the result is axis order[i] of a. */
export function transpose(graph: Graph, a: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => a.shape[axis]!);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return graph.record(graph.emit('Transpose', [a], shape, { attributes: { perm: order } }), [a], (d) => [
    graph.emit('Transpose', [d], a.shape, { attributes: { perm: inverse } }),
  ]);
}

/** x Wᵀ over the last axis: x [..., K], weight [N, K] (the layout of Hugging Face linear layers), result [..., N]. */
export function linear(graph: Graph, x: Tensor, weight: Tensor): Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  const shape = [...x.shape.slice(0, -1), outputs];
  return graph.record(product(graph, x, weight, shape, { right: true }), [x, weight], (d) => {
    const rows = (tensor: Tensor, width: number) =>
      graph.emit('Reshape', [tensor, graph.list([-1, width])], ['rows', width]);
    return [
      product(graph, d, weight, x.shape, {}),
      multiplyRows(graph, rows(d, outputs), rows(x, inputs), outputs, inputs),
    ];
  });
}

/** aᵀ b of [N, A] and [N, B]. The wider one is put first: the runtime packs the second, which pays off over many rows only. */
function multiplyRows(graph: Graph, a: Tensor, b: Tensor, wide: number, narrow: number): Tensor {
  const attributes = { transA: 1 };
  if (wide >= narrow) return graph.emit('Gemm', [a, b], [wide, narrow], { attributes });
  const turned = graph.emit('Gemm', [b, a], [narrow, wide], { attributes });
  return graph.emit('Transpose', [turned], [wide, narrow], { attributes: { perm: [1, 0] } });
}

/** Rows of a table [V, D] by int32 index of any shape, result [..., D]. Repeated indices add up in the gradient. */
export function gatherRows(graph: Graph, table: Tensor, indices: Tensor): Tensor {
  const width = table.shape[1] as number;
  const rows = graph.emit('Gather', [table, indices], [...indices.shape, width], { attributes: { axis: 0 } });
  return graph.record(rows, [table], (d) => {
    const flat = graph.emit('Reshape', [d, graph.list([-1, width])], ['rows', width]);
    const column = graph.emit('Reshape', [indices, graph.list([-1, 1])], ['rows', 1], { type: 'int32' });
    const spread = graph.emit('Expand', [column, sizesOf(graph, flat)], flat.shape, { type: 'int32' });
    const zero = graph.emit('ConstantOfShape', [sizesOf(graph, table)], table.shape);
    return [scatterAdd(graph, zero, spread, flat, 0)];
  });
}

/**
 * Rows of a table [N, D] by int32 index [M], none of them twice. `returns` (int32 [N]) says which of the M took each row of
 * the table, M where none did: so the gradient is gathered too, which is many times as fast as adding it up.
 */
export function pickRows(graph: Graph, table: Tensor, indices: Tensor, returns: Tensor): Tensor {
  const width = table.shape[1] as number;
  const rows = graph.emit('Gather', [table, indices], [...indices.shape, width], { attributes: { axis: 0 } });
  return graph.record(rows, [table], (d) => {
    const none = graph.constant(new Float32Array(width), [1, width]);
    const padded = graph.emit('Concat', [d, none], ['rows', width], { attributes: { axis: 0 } });
    return [graph.emit('Gather', [padded, returns], table.shape, { attributes: { axis: 0 } })];
  });
}

/** base with each update added at its index along one axis (int32 indices of the updates' shape). Not differentiable. */
export function scatterAdd(graph: Graph, base: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return graph.emit('ScatterElements', [base, indices, updates], base.shape, {
    attributes: { axis, reduction: 'add' },
  });
}

/** The sum or the mean over the last axis, which stays with size 1. Not differentiable. */
export function reduceLast(graph: Graph, operator: 'ReduceSum' | 'ReduceMean', a: Tensor): Tensor {
  const shape = [...a.shape.slice(0, -1), 1];
  return graph.emit(operator, [a, graph.list([a.shape.length - 1])], shape, { attributes: { keepdims: 1 } });
}

/** Sums `a` of shape `from` down to the shape it was broadcast from. Not differentiable. */
export function reduceTo(graph: Graph, a: Tensor, from: Shape, to: Shape): Tensor {
  const extra = from.length - to.length;
  const leading = Array.from({ length: extra }, (_, axis) => axis);
  const stretched = to.flatMap((size, axis) => (size === 1 && from[axis + extra] !== 1 ? [axis] : []));
  let sum = a;
  if (leading.length > 0) {
    sum = graph.emit('ReduceSum', [sum, graph.list(leading)], from.slice(extra), { attributes: { keepdims: 0 } });
  }
  return stretched.length === 0
    ? sum
    : graph.emit('ReduceSum', [sum, graph.list(stretched)], to, { attributes: { keepdims: 1 } });
}

export type ProductOptions = { readonly left?: boolean; readonly right?: boolean; readonly scale?: number };

/** scale · a b over the last two axes, a and b transposed first where `left` and `right` say so. Not differentiable. */
export function product(graph: Graph, a: Tensor, b: Tensor, shape: Shape, options: ProductOptions): Tensor {
  const { left = false, right = false, scale = 1 } = options;
  if (!left && !right && scale === 1) return graph.emit('MatMul', [a, b], shape);
  const attributes = { transA: left ? 1 : 0, transB: right ? 1 : 0, alpha: { float: scale } };
  return graph.emit('FusedMatMul', [a, b], shape, { attributes });
}

function indicator(graph: Graph, comparison: 'LessOrEqual' | 'Equal', a: Tensor, b: Tensor): Tensor {
  const holds = graph.emit(comparison, [a, b], a.shape, { type: 'bool' });
  return graph.emit('Cast', [holds], a.shape, { attributes: { to: FLOAT32 } });
}

function sizesOf(graph: Graph, a: Tensor): Tensor {
  return graph.emit('Shape', [a], [a.shape.length], { type: 'int64' });
}

function broadcastShape(a: Shape, b: Shape): Shape {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, axis) => {
    const left = a[axis - length + a.length] ?? 1;
    const right = b[axis - length + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw new Error(`[${a}] and [${b}] do not broadcast`);
    return left === 1 ? right : left;
  });
}

/** In Reshape's notation 0 keeps the size at this place and −1 is whatever is left. */
function reshapeSizes(from: Shape, to: Shape): number[] {
  const sizes = to.map((size, axis) => (typeof size === 'number' ? size : from[axis] === size ? 0 : -1));
  if (sizes.filter((size) => size === -1).length > 1) throw new Error(`cannot reshape [${from}] to [${to}]`);
  return sizes;
}
