// The model's forward pass for sampling: a few new tokens per row against a cache of keys and values.
// Weights are stored in the graph, transposed and joined, so that the runtime can pack them once; those of a model too large
// for that (a graph holds at most 2 GiB, and two copies of it are made) are fed at each run instead. One compiled graph
// serves every batch size, chunk length and cache length. Not here: the cache (cache.ts), who is in the batch (sampler.ts).
import { DISALLOWED } from './batch.ts';
import type { Ids } from './choose.ts';
import type { Feed } from './executor.ts';
import type { Projection } from './family.ts';
import type { Shape, Tensor } from './graph.ts';
import { Graph } from './graph.ts';
import type { ModelConfig } from './model.ts';
import {
  countParameters,
  hasHeadNorms,
  listParameters,
  outputName,
  projectionPath,
  rotaryTables,
  variantOf,
  viewParameter,
} from './model.ts';
import { product } from './ops.ts';

/** ONNX's code of the type, as Cast wants it. */
const INT64 = 7;

/** Above this many parameters the weights are fed. */
const STORED_LIMIT = 2 ** 27;

/** The parameters of one graph, as it takes them. */
type Weights = {
  /** A parameter as it is. */
  readonly plain: (name: string) => Tensor;
  /** A norm's weight, scaled. */
  readonly scaled: (name: string, by: number) => Tensor;
  /** x [..., inputs] times the transposes of matrices [outputs, inputs], their outputs side by side. */
  readonly multiply: (x: Tensor, names: readonly string[]) => Tensor;
};
type Place = { readonly positions: Tensor; readonly cos: Tensor; readonly sin: Tensor; readonly mask: Tensor };

/**
 * The graph as ONNX bytes. B rows of C new tokens each, a cache of S positions, R rows of logits.
 *
 * `fed` whether the weights are inputs, under their own names (feedWeights), instead of stored.
 *
 * Inputs: `tokens` and `positions` int32 [B, C]; `mask` [B, 1, G·C, S + C], added to the scores, where G query heads share
 * a key-value head; `keys.N` and `values.N` [B, kvHeads, S, headDim]; `picks` int32 [R], as row · C + column; `choices`
 * int32 [K], places in the logits.
 * Outputs: `logits` [R, vocab]; `chosen` [K], the logits at the choices; `fresh` [2 · layers · B, kvHeads, C, headDim], the new keys of the first layer, its new values,
 * those of the next, which the caller stores: a graph that returned whole caches would copy them at every step, and every
 * further output costs about as much as an operator.
 */
export function buildDecoder(
  config: ModelConfig,
  theta: Float32Array<ArrayBuffer>,
  fed: boolean = areWeightsFed(config),
): Uint8Array {
  const graph = new Graph();
  const weights = fed ? fedWeights(graph, config) : storedWeights(graph, config, theta);
  const { width, layers, context, headDim } = config;
  const tokens = graph.input('tokens', ['B', 'C'], 'int32');
  const positions = graph.input('positions', ['B', 'C'], 'int32');
  const tables = rotaryTables(config);
  const place: Place = {
    positions: graph.emit('Cast', [positions], ['B', 'C'], { type: 'int64', attributes: { to: INT64 } }),
    cos: graph.constant(tables.cos, [context, headDim / 2]),
    sin: graph.constant(tables.sin, [context, headDim / 2]),
    mask: graph.input('mask', ['B', 1, 'P', 'SC']),
  };
  const embedding = weights.plain('model.embed_tokens.weight');
  let x = graph.emit('Gather', [embedding, tokens], ['B', 'C', width], gatherAxis);
  const fresh: Tensor[] = [];
  for (let layer = 0; layer < layers; layer++) x = buildLayer(graph, config, weights, layer, x, place, fresh);
  const shape = ['LB', config.kvHeads, 'C', headDim];
  graph.output('fresh', graph.emit('Concat', fresh, shape, { attributes: { axis: 0 } }));
  const flat = graph.emit('Reshape', [x, graph.list([-1, width])], ['N', width]);
  const chosen = graph.emit('Gather', [flat, graph.input('picks', ['R'], 'int32')], ['R', width], gatherAxis);
  const normal = normalise(graph, chosen, weights.plain('model.norm.weight'), config.eps);
  const logits = weights.multiply(normal, [outputName(config)]);
  graph.output('logits', logits);
  const line = graph.emit('Reshape', [logits, graph.list([-1])], ['RV']);
  graph.output('chosen', graph.emit('Gather', [line, graph.input('choices', ['K'], 'int32')], ['K'], gatherAxis));
  return graph.build();
}

const gatherAxis = { attributes: { axis: 0 } };

function buildLayer(
  graph: Graph,
  config: ModelConfig,
  weights: Weights,
  layer: number,
  x: Tensor,
  place: Place,
  fresh: Tensor[],
): Tensor {
  const { hidden, eps } = config;
  const path = `model.layers.${layer}`;
  const norm = (name: string) => weights.plain(`${path}.${name}.weight`);
  const project = projectLayer(graph, config, weights, layer);
  const attended = buildAttention(
    graph,
    config,
    weights,
    layer,
    normalise(graph, x, norm('input_layernorm'), eps),
    place,
    fresh,
  );
  const middle = graph.emit('Add', [x, attended], x.shape);
  const both = project(normalise(graph, middle, norm('post_attention_layernorm'), eps), ['gate_proj', 'up_proj']);
  const gate = slice(graph, both, 2, 0, hidden);
  const sigmoid = graph.emit('Sigmoid', [gate], gate.shape);
  const silu = graph.emit('Mul', [gate, sigmoid], gate.shape);
  const gated = graph.emit('Mul', [silu, slice(graph, both, 2, hidden, 2 * hidden)], gate.shape);
  return graph.emit('Add', [middle, project(gated, ['down_proj'])], x.shape);
}

/** Some projections of a layer side by side, with their biases; either all of them have one or none. */
function projectLayer(graph: Graph, config: ModelConfig, weights: Weights, layer: number) {
  const { biases } = variantOf(config);
  return (x: Tensor, projections: readonly Projection[]): Tensor => {
    const paths = projections.map((projection) => `model.layers.${layer}.${projectionPath(projection)}`);
    const y = weights.multiply(
      x,
      paths.map((path) => `${path}.weight`),
    );
    if (!projections.every((projection) => biases.includes(projection))) return y;
    const parts = paths.map((path) => weights.plain(`${path}.bias`));
    const bias =
      parts.length === 1 ? parts[0]! : graph.emit('Concat', parts, [y.shape.at(-1)!], { attributes: { axis: 0 } });
    return graph.emit('Add', [y, bias], y.shape);
  };
}

function buildAttention(
  graph: Graph,
  config: ModelConfig,
  weights: Weights,
  layer: number,
  x: Tensor,
  place: Place,
  fresh: Tensor[],
): Tensor {
  const { heads, kvHeads, headDim, eps } = config;
  const project = projectLayer(graph, config, weights, layer);
  const joined = project(x, ['q_proj', 'k_proj', 'v_proj']);
  const split = to(graph, joined, ['B', 'C', heads + 2 * kvHeads, headDim]);
  const part = (from: number, until: number) => slice(graph, split, 2, from, until);
  const turn = (y: Tensor) => {
    const front = swap(graph, y);
    return graph.emit('RotaryEmbedding', [front, place.positions, place.cos, place.sin], front.shape, {
      attributes: { interleaved: 0 },
    });
  };
  // The scores' scale rides on the norm's weight where there is one; the rotation keeps it.
  const scale = 1 / Math.sqrt(headDim);
  const normed = (y: Tensor, name: string, by: number) => {
    if (!hasHeadNorms(config)) return by === 1 ? y : graph.emit('Mul', [y, graph.scalar(by)], y.shape);
    return normalise(graph, y, weights.scaled(`model.layers.${layer}.self_attn.${name}.weight`, by), eps);
  };
  const q = to(graph, turn(normed(part(0, heads), 'q_norm', scale)), ['B', kvHeads, 'P', headDim]);
  const k = turn(normed(part(heads, heads + kvHeads), 'k_norm', 1));
  const v = swap(graph, part(heads + kvHeads, heads + 2 * kvHeads));
  fresh.push(k, v);
  const mixed = attendCached(graph, config, layer, { q, k, v, mask: place.mask });
  const rows = swap(graph, to(graph, mixed, ['B', heads, 'C', headDim]));
  return project(to(graph, rows, ['B', 'C', heads * headDim]), ['o_proj']);
}

type Heads = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor; readonly mask: Tensor };

/** One softmax over the cached positions and the new ones, without joining their keys and values. */
function attendCached(
  graph: Graph,
  { kvHeads, headDim }: ModelConfig,
  layer: number,
  { q, k, v, mask }: Heads,
): Tensor {
  const keys = graph.input(`keys.${layer}`, ['B', kvHeads, 'S', headDim]);
  const values = graph.input(`values.${layer}`, ['B', kvHeads, 'S', headDim]);
  const old = product(graph, q, keys, ['B', kvHeads, 'P', 'S'], { right: true });
  const own = product(graph, q, k, ['B', kvHeads, 'P', 'C'], { right: true });
  const shape = ['B', kvHeads, 'P', 'SC'];
  const scores = graph.emit('Concat', [old, own], shape, { attributes: { axis: 3 } });
  const masked = graph.emit('Add', [scores, mask], shape);
  const weights = graph.emit('Softmax', [masked], shape, { attributes: { axis: -1 } });
  // The border between the two parts is known only when the graph runs.
  const border = graph.emit('Shape', [keys], [1], { type: 'int64', attributes: { start: 2, end: 3 } });
  const end = graph.list([Number.MAX_SAFE_INTEGER]);
  const axis = graph.list([3]);
  const onOld = graph.emit('Slice', [weights, graph.list([0]), border, axis], ['B', kvHeads, 'P', 'S']);
  const onOwn = graph.emit('Slice', [weights, border, end, axis], ['B', kvHeads, 'P', 'C']);
  return graph.emit(
    'Add',
    [product(graph, onOld, values, q.shape, {}), product(graph, onOwn, v, q.shape, {})],
    q.shape,
  );
}

function normalise(graph: Graph, x: Tensor, weight: Tensor, eps: number): Tensor {
  const attributes = { axis: -1, epsilon: { float: eps }, stash_type: 1 };
  return graph.emit('SimplifiedLayerNormalization', [x, weight], x.shape, { attributes });
}

/** Whether a model's weights are fed to its decoder instead of stored in it. */
export function areWeightsFed(config: ModelConfig): boolean {
  return countParameters(config) > STORED_LIMIT;
}

/** The inputs a decoder with fed weights takes beside those of feedChunks: views on theta. */
export function feedWeights(config: ModelConfig, theta: Float32Array<ArrayBuffer>): Record<string, Feed> {
  const entries = listParameters(config).map((spec): [string, Feed] => [
    spec.name,
    { shape: spec.shape, data: viewParameter(theta, spec) },
  ]);
  return Object.fromEntries(entries);
}

function storedWeights(graph: Graph, config: ModelConfig, theta: Float32Array<ArrayBuffer>): Weights {
  const specs = new Map(listParameters(config).map((spec) => [spec.name, spec]));
  const view = (name: string) => viewParameter(theta, specs.get(name)!);
  const plain = (name: string) => graph.constant(view(name), specs.get(name)!.shape);
  return {
    plain,
    scaled: (name, by) =>
      graph.constant(
        view(name).map((weight) => weight * by),
        specs.get(name)!.shape,
      ),
    multiply: (x, names) => multiplyBy(graph, x, names.map(view), specs.get(names[0]!)!.shape[1]!),
  };
}

function fedWeights(graph: Graph, config: ModelConfig): Weights {
  const inputs = new Map(listParameters(config).map(({ name, shape }) => [name, graph.input(name, shape)]));
  const plain = (name: string) => inputs.get(name)!;
  return {
    plain,
    scaled(name, by) {
      const weight = plain(name);
      return by === 1 ? weight : graph.emit('Mul', [weight, graph.scalar(by)], weight.shape);
    },
    multiply(x, names) {
      const parts = names.map((name) => {
        const weight = plain(name);
        return product(graph, x, weight, [...x.shape.slice(0, -1), weight.shape[0]!], { right: true });
      });
      if (parts.length === 1) return parts[0]!;
      const width = parts.reduce((sum, part) => sum + (part.shape.at(-1) as number), 0);
      const axis = x.shape.length - 1;
      return graph.emit('Concat', parts, [...x.shape.slice(0, -1), width], { attributes: { axis } });
    },
  };
}

/** x times joined matrices, transposed once, here. */
function multiplyBy(graph: Graph, x: Tensor, matrices: readonly Float32Array[], inputs: number): Tensor {
  const outputs = matrices.reduce((sum, matrix) => sum + matrix.length / inputs, 0);
  const joined = new Float32Array(inputs * outputs);
  let column = 0;
  for (const matrix of matrices) {
    for (let from = 0; from < matrix.length; from += inputs, column++) {
      for (let row = 0; row < inputs; row++) joined[row * outputs + column] = matrix[from + row]!;
    }
  }
  const weight = graph.constant(joined, [inputs, outputs]);
  return graph.emit('MatMul', [x, weight], [...x.shape.slice(0, -1), outputs]);
}

function slice(graph: Graph, x: Tensor, axis: number, from: number, until: number): Tensor {
  const shape = x.shape.map((size, index) => (index === axis ? until - from : size));
  return graph.emit('Slice', [x, graph.list([from]), graph.list([until]), graph.list([axis])], shape);
}

/** [B, C, H, E] to [B, H, C, E] and back. */
function swap(graph: Graph, x: Tensor): Tensor {
  const shape = [x.shape[0]!, x.shape[2]!, x.shape[1]!, x.shape[3]!];
  return graph.emit('Transpose', [x], shape, { attributes: { perm: [0, 2, 1, 3] } });
}

/** Another shape of the same elements; a named size that moves must be the only one. */
function to(graph: Graph, x: Tensor, shape: Shape): Tensor {
  const sizes = shape.map((size, axis) => (typeof size === 'number' ? size : x.shape[axis] === size ? 0 : -1));
  return graph.emit('Reshape', [x, graph.list(sizes)], shape);
}

/** New tokens for some adjacent rows of the cache. */
export type Chunks = {
  /** Per row, at least one token. A shorter chunk is filled up behind its end, where none of its own tokens look. */
  readonly tokens: readonly (readonly number[])[];
  /** Per row, the number of positions that the cache holds. */
  readonly starts: readonly number[];
  /** Rows whose logits after their last token are wanted; at least one. */
  readonly picks: readonly number[];
};

/** The graph's inputs save those of the cache, whose rows have room for `capacity` positions. */
export function feedChunks(config: ModelConfig, chunks: Chunks, capacity: number): Record<string, Feed> {
  const { tokens, starts, picks } = chunks;
  const width = widthOf(chunks);
  const shape = [tokens.length, width];
  const ids = new Int32Array(tokens.length * width);
  const positions = new Int32Array(tokens.length * width);
  for (let row = 0; row < tokens.length; row++) {
    const own = tokens[row]!;
    for (let column = 0; column < own.length; column++) {
      ids[row * width + column] = own[column]!;
      positions[row * width + column] = starts[row]! + column;
    }
  }
  const last = new Int32Array(picks.length);
  for (let at = 0; at < picks.length; at++) last[at] = picks[at]! * width + tokens[picks[at]!]!.length - 1;
  return {
    tokens: { shape, data: ids },
    positions: { shape, data: positions },
    mask: makeMask(starts, config.heads / config.kvHeads, capacity, width),
    picks: { shape: [picks.length], data: last },
  };
}

/** No choices: the graph takes no empty list. */
const NO_CHOICES: Feed = { shape: [1], data: new Int32Array(1) };

/** The graph's `choices`: of each row of logits, what is allowed there. */
export function feedChoices(allowed: readonly Ids[], vocab: number): Record<string, Feed> {
  const count = allowed.reduce((sum, ids) => sum + ids.length, 0);
  if (count === 0) return { choices: NO_CHOICES };
  const data = new Int32Array(count);
  let at = 0;
  for (let row = 0; row < allowed.length; row++) for (const id of allowed[row]!) data[at++] = row * vocab + id;
  return { choices: { shape: [count], data } };
}

/** Columns of the graph's rows: those of the longest chunk. */
export function widthOf({ tokens }: Chunks): number {
  return tokens.reduce((widest, row) => Math.max(widest, row.length), 0);
}

/** Every query sees what its row's cache holds and its chunk up to itself. */
function makeMask(starts: readonly number[], groups: number, capacity: number, width: number): Feed {
  const queries = groups * width;
  const line = capacity + width;
  const data = new Float32Array(starts.length * queries * line);
  for (let query = 0; query < starts.length * queries; query++) {
    const at = query * line;
    data.fill(DISALLOWED, at + starts[Math.floor(query / queries)]!, at + capacity);
    data.fill(DISALLOWED, at + capacity + (query % width) + 1, at + line);
  }
  return { shape: [starts.length, 1, queries, line], data };
}
