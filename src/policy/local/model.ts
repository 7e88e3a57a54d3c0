// A decoder of the Qwen3 kind: its sizes, its parameters in one flat vector, and its forward pass as graph operators.
// Names, shapes and layout are those of Hugging Face's Qwen3ForCausalLM with tied embeddings, so that a checkpoint is a copy;
// with a variant (family.ts) those of its Qwen2 or Llama counterpart.
// Not here: the loss and the gradient (objective.ts), the pass with a key-value cache (decoder.ts).
// Source: Qwen3 Technical Report, 2025 (arXiv 2505.09388), and transformers' modeling_qwen3.py.
import { attendCausal, type Blocks, LENGTH_STEP, SHARED_LENGTH } from './attention.ts';
import { PLAIN, type Projection, rotaryFrequencies, type Variant } from './family.ts';
import type { Graph, Tensor } from './graph.ts';
import type { Rotation } from './layers.ts';
import { rmsNorm, rotate, swiglu } from './layers.ts';
import { add, linear, reshape, transpose } from './ops.ts';

export type ModelConfig = {
  readonly vocab: number;
  /** Size of a token's vector between layers. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; divides `heads`. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Size of the feed-forward layer. */
  readonly hidden: number;
  /** Base of the rotary embedding. */
  readonly theta: number;
  readonly eps: number;
  /** Most tokens of one sequence. */
  readonly context: number;
  /** Left out: Qwen3 with tied embeddings. */
  readonly variant?: Variant;
};

/** One parameter: `offset` is where its elements begin in the flat vector. */
export type ParameterSpec = { readonly name: string; readonly shape: readonly number[]; readonly offset: number };

/** The default model: about a million parameters at a vocabulary of 800. */
export function defaultConfig(vocab: number): ModelConfig {
  const sizes = { width: 128, layers: 4, heads: 4, kvHeads: 4, headDim: 32, hidden: 384 };
  return { vocab, ...sizes, theta: 10_000, eps: 1e-6, context: 1024 };
}

/**
 * Checks that the sizes make a model.
 * @throws RangeError naming the size that does not.
 */
export function checkConfig(config: ModelConfig): void {
  const { vocab, width, layers, heads, kvHeads, headDim, hidden, context } = config;
  for (const [name, size] of Object.entries({ vocab, width, layers, heads, kvHeads, headDim, hidden, context })) {
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(`${name} must be a whole number above 0, not ${size}`);
  }
  if (heads % kvHeads !== 0) throw new RangeError(`kvHeads ${kvHeads} does not divide heads ${heads}`);
  if (headDim % 2 !== 0) throw new RangeError(`headDim ${headDim} is odd, and the rotary embedding pairs its elements`);
}

/** All parameters in the order of the flat vector. */
export function listParameters(config: ModelConfig): readonly ParameterSpec[] {
  const { vocab, width, layers } = config;
  const shapes: [string, readonly number[]][] = [[EMBEDDING, [vocab, width]]];
  for (let layer = 0; layer < layers; layer++) shapes.push(...listLayer(config, layer));
  shapes.push(['model.norm.weight', [width]]);
  if (!variantOf(config).tied) shapes.push(['lm_head.weight', [vocab, width]]);
  let offset = 0;
  return shapes.map(([name, shape]) => {
    const spec = { name, shape, offset };
    offset += sizeOf(shape);
    return spec;
  });
}

function listLayer(config: ModelConfig, layer: number): [string, readonly number[]][] {
  const { width, heads, kvHeads, headDim, hidden } = config;
  const shapes: [string, readonly number[]][] = [
    ['self_attn.q_proj', [heads * headDim, width]],
    ['self_attn.k_proj', [kvHeads * headDim, width]],
    ['self_attn.v_proj', [kvHeads * headDim, width]],
    ['self_attn.o_proj', [width, heads * headDim]],
    ...(hasHeadNorms(config) ? HEAD_NORMS.map((name): [string, readonly number[]] => [name, [headDim]]) : []),
    ['mlp.gate_proj', [hidden, width]],
    ['mlp.up_proj', [hidden, width]],
    ['mlp.down_proj', [width, hidden]],
    ['input_layernorm', [width]],
    ['post_attention_layernorm', [width]],
  ];
  const { biases } = variantOf(config);
  return shapes.flatMap(([name, shape]): [string, readonly number[]][] => {
    const full = `model.layers.${layer}.${name}`;
    const biased = biases.some((projection) => name.endsWith(`.${projection}`));
    return [[`${full}.weight`, shape], ...(biased ? [[`${full}.bias`, [shape[0]!]] as [string, number[]]] : [])];
  });
}

const HEAD_NORMS = ['self_attn.q_norm', 'self_attn.k_norm'];

/** What the model is beside its sizes. */
export function variantOf(config: ModelConfig): Variant {
  return config.variant ?? PLAIN;
}

/** Whether each head's queries and keys are normed. */
export function hasHeadNorms(config: ModelConfig): boolean {
  return variantOf(config).family === 'qwen3';
}

/** Where a projection of a layer stands in the parameters' names. */
export function projectionPath(projection: Projection): string {
  return `${/^[qkvo]_/.test(projection) ? 'self_attn' : 'mlp'}.${projection}`;
}

/** Name of the table of the tokens' vectors. */
export const EMBEDDING = 'model.embed_tokens.weight';

/** Name of the matrix that turns the last vector into logits. */
export function outputName(config: ModelConfig): string {
  return variantOf(config).tied ? EMBEDDING : 'lm_head.weight';
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Number of parameters. */
export function countParameters(config: ModelConfig): number {
  return listParameters(config).reduce((total, spec) => total + sizeOf(spec.shape), 0);
}

/** A parameter's elements, as a view on the flat vector. */
export function viewParameter(theta: Float32Array<ArrayBuffer>, spec: ParameterSpec): Float32Array<ArrayBuffer> {
  return theta.subarray(spec.offset, spec.offset + sizeOf(spec.shape));
}

/**
 * Fresh parameters. Matrices are normal with deviation 1/sqrt(inputs), those that write into the residual stream a further
 * 1/sqrt(2 layers) smaller, the embedding 0.05, norms 1. `rng` gives uniform numbers in [0, 1).
 */
export function initialise(config: ModelConfig, rng: () => number): Float32Array<ArrayBuffer> {
  checkConfig(config);
  const theta = new Float32Array(countParameters(config));
  for (const spec of listParameters(config)) {
    const view = viewParameter(theta, spec);
    if (spec.name.endsWith('.bias')) view.fill(0);
    else if (spec.shape.length === 1) view.fill(1);
    else fillNormal(view, deviationOf(config, spec), rng);
  }
  return theta;
}

function deviationOf(config: ModelConfig, { name, shape }: ParameterSpec): number {
  if (name === EMBEDDING) return 0.05;
  const intoResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  return (intoResidual ? 1 / Math.sqrt(2 * config.layers) : 1) / Math.sqrt(shape[1]!);
}

/** Box-Muller; 1 − u keeps the logarithm finite. */
function fillNormal(view: Float32Array, deviation: number, rng: () => number): void {
  for (let i = 0; i < view.length; i++) {
    view[i] = deviation * Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
  }
}

/** Cosines and sines of the rotary embedding, [context, headDim / 2] row-major. Angle of pair i at t: t / theta^(2i / headDim), unless scaled. */
export function rotaryTables(config: ModelConfig): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const { context, headDim, theta } = config;
  const half = headDim / 2;
  const { frequencies, attention } = rotaryFrequencies(headDim, theta, variantOf(config).scaling);
  const angles = Float64Array.from({ length: context * half }, (_, at) => {
    return Math.floor(at / half) * frequencies[at % half]!;
  });
  const table = (of: (angle: number) => number) => Float32Array.from(angles, (angle) => attention * of(angle));
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Looks a parameter's tensor up by its full name. */
export type Parameters = (name: string) => Tensor;

/** Multiplies x [..., inputs] by a projection of a layer, with its bias if it has one. */
export type Project = (layer: number, projection: Projection, x: Tensor) => Tensor;

/** The plain way: x Wᵀ + b. */
export function projectWith(graph: Graph, config: ModelConfig, weights: Parameters): Project {
  const { biases } = variantOf(config);
  return (layer, projection, x) => {
    const path = `model.layers.${layer}.${projectionPath(projection)}`;
    const product = linear(graph, x, weights(`${path}.weight`));
    return biases.includes(projection) ? add(graph, product, weights(`${path}.bias`)) : product;
  };
}

/** Makes each parameter an input of the graph, under its own name. */
export function inputParameters(graph: Graph, config: ModelConfig): Parameters {
  const tensors = new Map(listParameters(config).map(({ name, shape }) => [name, graph.input(name, shape)]));
  return (name) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`no parameter is named ${name}`);
    return tensor;
  };
}

/**
 * The residual stream after the last layer, before the final norm: [B, T, width] for the tokens' vectors [B, T, width].
 * `positions` (int64 [B, T]) are the tokens' places in their sequences; null: each row is a sequence from its beginning.
 * `blocks` says how attention is cut; its mask is added to the scores: 0 where a query may look, −1e9 where not.
 * Q runs over (query head of a group, position in the block): the heads that share a key-value head stand below one
 * another, so that grouped attention is one matrix product and the keys are never copied.
 */
export function buildTrunk(
  graph: Graph,
  config: ModelConfig,
  weights: Parameters,
  { embedded, positions }: { readonly embedded: Tensor; readonly positions: Tensor | null },
  blocks: Blocks,
  project: Project = projectWith(graph, config, weights),
): Tensor {
  const rotation = buildRotation(graph, config, positions);
  let x = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    const place: Layer = {
      project: (projection, input) => project(layer, projection, input),
      normalise: (name, input) => rmsNorm(graph, input, weights(`model.layers.${layer}.${name}.weight`), config.eps),
    };
    const attended = buildAttention(graph, config, place, place.normalise('input_layernorm', x), blocks, rotation);
    x = add(graph, x, attended);
    x = add(graph, x, buildFeedForward(graph, place, place.normalise('post_attention_layernorm', x)));
  }
  return x;
}

/** One layer's parameters, applied. */
type Layer = {
  readonly project: (projection: Projection, x: Tensor) => Tensor;
  readonly normalise: (name: string, x: Tensor) => Tensor;
};

function buildRotation(graph: Graph, config: ModelConfig, positions: Tensor | null): Rotation {
  // Padding may reach beyond the context, and so may a row of several sequences: the runtime wants an angle for each place.
  const longest = positions ? Math.max(config.context, SHARED_LENGTH) : config.context;
  const context = Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP;
  const { cos, sin } = rotaryTables({ ...config, context });
  const table = (data: Float32Array) => graph.constant(data, [context, config.headDim / 2]);
  // One position stands for "from 0 on".
  return {
    cos: table(cos),
    sin: table(sin),
    minus: table(sin.map((x) => -x)),
    positions: positions ?? graph.list([0]),
  };
}

function buildAttention(
  graph: Graph,
  config: ModelConfig,
  layer: Layer,
  x: Tensor,
  blocks: Blocks,
  rotation: Rotation,
): Tensor {
  const { heads, kvHeads, headDim } = config;
  const split = (projection: Projection, count: number) =>
    reshape(graph, layer.project(projection, x), ['B', 'T', count, headDim]);
  const toFront = (y: Tensor) => transpose(graph, y, [0, 2, 1, 3]);
  const place = (projection: Projection, norm: string, count: number) => {
    const plain = split(projection, count);
    return rotate(graph, toFront(hasHeadNorms(config) ? layer.normalise(norm, plain) : plain), rotation);
  };
  const q = place('q_proj', 'self_attn.q_norm', heads);
  const k = place('k_proj', 'self_attn.k_norm', kvHeads);
  const attended = attendCausal(graph, q, k, toFront(split('v_proj', kvHeads)), 1 / Math.sqrt(headDim), blocks);
  const rows = toFront(attended);
  return layer.project('o_proj', reshape(graph, rows, ['B', 'T', heads * headDim]));
}

function buildFeedForward(graph: Graph, layer: Layer, x: Tensor): Tensor {
  return layer.project('down_proj', swiglu(graph, layer.project('gate_proj', x), layer.project('up_proj', x)));
}
