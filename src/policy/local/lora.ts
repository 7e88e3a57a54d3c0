// Low-rank adapters: the model's matrices stay as they are, and each chosen one gains scale · B A with few parameters, which
// alone are trained. Adapters are kept as PEFT keeps them, so that `peft` loads ours and we load its.
// For sampling they are merged into a copy of the weights; training keeps them apart, so that the model's need no gradient.
// Not here: learning one (adapt.ts); dropout, adapters of embeddings, DoRA, adapters of several ranks.
// Source: Hu et al., LoRA, 2021 (arXiv 2106.09685); rank-stabilised scaling: Kalajdzievski, 2023 (arXiv 2312.03732).
import { join } from 'node:path';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { SUMS, sumFiles } from './checksum.ts';
import { readDirectory, writeDirectory } from './directory.ts';
import { PROJECTIONS, type Projection } from './family.ts';
import type { Graph, Tensor } from './graph.ts';
import {
  listParameters,
  type ModelConfig,
  type ParameterSpec,
  type Parameters,
  type Project,
  projectionPath,
  projectWith,
  sizeOf,
  viewParameter,
} from './model.ts';
import { add, linear, multiply } from './ops.ts';
import { packTensors, unpackTensors } from './safetensors.ts';

export type LoraConfig = {
  readonly rank: number;
  /** The adapter's part is multiplied by alpha / rank. */
  readonly alpha: number;
  /** Which matrices of every layer gain one. */
  readonly targets: readonly Projection[];
  /** alpha / √rank instead; default no. */
  readonly stabilised?: boolean;
};

/** An adapter: its parameters in one vector, in `listAdapter` order. */
export type Adapter = { readonly config: LoraConfig; readonly delta: Float32Array<ArrayBuffer> };

/** What every chosen matrix is multiplied by. */
export function adapterScale({ rank, alpha, stabilised = false }: LoraConfig): number {
  return alpha / (stabilised ? Math.sqrt(rank) : rank);
}

/** The adapter's parameters: for each chosen matrix [N, K] an A [rank, K] and a B [N, rank], named as PEFT names them. */
export function listAdapter(config: ModelConfig, { rank, targets }: LoraConfig): readonly ParameterSpec[] {
  if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`rank ${rank}: expected a whole number above 0`);
  if (targets.length === 0) throw new RangeError('an adapter needs at least one target');
  let offset = 0;
  const place = (name: string, shape: readonly number[]): ParameterSpec => {
    const spec = { name, shape, offset };
    offset += sizeOf(shape);
    return spec;
  };
  return chooseMatrices(config, targets).flatMap(({ name, shape }) => {
    const path = name.replace(/\.weight$/, '');
    const [outputs, inputs] = shape as readonly [number, number];
    return [place(`${path}.lora_A.weight`, [rank, inputs]), place(`${path}.lora_B.weight`, [outputs, rank])];
  });
}

/** The matrices that gain an adapter. */
export function chooseMatrices(config: ModelConfig, targets: readonly Projection[]): readonly ParameterSpec[] {
  return listParameters(config).filter(({ name }) => targets.some((target) => name.endsWith(`.${target}.weight`)));
}

/** A fresh adapter, which changes nothing yet: A as torch begins a linear layer, B zero. `rng` gives numbers in [0, 1). */
export function initialiseAdapter(config: ModelConfig, lora: LoraConfig, rng: () => number): Adapter {
  const layout = listAdapter(config, lora);
  const delta = new Float32Array(layout.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  for (const spec of layout.filter(({ name }) => name.endsWith('lora_A.weight'))) {
    const bound = 1 / Math.sqrt(spec.shape[1]!);
    const view = viewParameter(delta, spec);
    for (let i = 0; i < view.length; i++) view[i] = bound * (2 * rng() - 1);
  }
  return { config: lora, delta };
}

/** The model's parameters with the adapter merged in: W + scale · B A, written into `target` where it is given. */
export function mergeAdapter(
  config: ModelConfig,
  theta: Float32Array<ArrayBuffer>,
  { config: lora, delta }: Adapter,
  target: Float32Array<ArrayBuffer> = theta.slice(),
): Float32Array<ArrayBuffer> {
  const layout = new Map(listAdapter(config, lora).map((spec) => [spec.name, spec]));
  const scale = adapterScale(lora);
  for (const spec of chooseMatrices(config, lora.targets)) {
    const path = spec.name.replace(/\.weight$/, '');
    const a = viewParameter(delta, layout.get(`${path}.lora_A.weight`)!);
    const b = viewParameter(delta, layout.get(`${path}.lora_B.weight`)!);
    const [base, merged] = [viewParameter(theta, spec), viewParameter(target, spec)];
    addProduct(merged, base, b, a, spec.shape as readonly [number, number], lora.rank, scale);
  }
  return target;
}

function addProduct(
  merged: Float32Array,
  base: Float32Array,
  b: Float32Array,
  a: Float32Array,
  [outputs, inputs]: readonly [number, number],
  rank: number,
  scale: number,
): void {
  const row = new Float64Array(inputs);
  for (let output = 0; output < outputs; output++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[output * rank + r]!;
      if (factor === 0) continue;
      for (let input = 0; input < inputs; input++) row[input]! += factor * a[r * inputs + input]!;
    }
    for (let input = 0; input < inputs; input++)
      merged[output * inputs + input] = base[output * inputs + input]! + row[input]!;
  }
}

// ---- in a graph

/**
 * Makes the adapter's parameters inputs of a graph, and gives the projections with it beside each chosen matrix,
 * x Wᵀ + scale · (x Aᵀ) Bᵀ, so that no gradient has the size of W.
 */
export function inputAdapter(
  graph: Graph,
  config: ModelConfig,
  lora: LoraConfig,
  weights: Parameters,
): { readonly learned: readonly Tensor[]; readonly project: Project } {
  const learned = listAdapter(config, lora).map(({ name, shape }) => graph.input(name, shape));
  const byName = new Map(learned.map((tensor) => [tensor.name, tensor]));
  const plain = projectWith(graph, config, weights);
  const scale = graph.scalar(adapterScale(lora));
  const project: Project = (layer, projection, x) => {
    const path = `model.layers.${layer}.${projectionPath(projection)}`;
    const [a, b] = [byName.get(`${path}.lora_A.weight`), byName.get(`${path}.lora_B.weight`)];
    const product = plain(layer, projection, x);
    return a && b ? add(graph, product, linear(graph, multiply(graph, linear(graph, x, a), scale), b)) : product;
  };
  return { learned, project };
}

// ---- PEFT's directory

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const PREFIX = 'base_model.model.';
/** Further files such a directory may hold: how the model takes its turns, and the state of training. */
const COMPANIONS = ['tribune.json', 'optimizer.safetensors', 'trainer_state.json'] as const;

/**
 * Saves an adapter as PEFT does, and `more` files beside it. `base` names the model it belongs to. Replaces such a directory,
 * whole or not at all.
 * Throws InputError if `dir` holds anything else, RangeError if the vector does not fit.
 */
export async function saveAdapter(
  dir: string,
  model: ModelConfig,
  adapter: Adapter,
  base: string,
  more: ReadonlyMap<string, readonly Uint8Array[]> = new Map(),
): Promise<void> {
  const layout = listAdapter(model, adapter.config);
  const size = layout.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (adapter.delta.length !== size) throw new RangeError(`delta: ${adapter.delta.length} numbers, expected ${size}`);
  const { rank, alpha, targets, stabilised = false } = adapter.config;
  const settings = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base,
    r: rank,
    lora_alpha: alpha,
    use_rslora: stabilised,
    target_modules: [...targets].sort(),
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    inference_mode: true,
    modules_to_save: null,
  };
  const tensors = layout.map(
    (spec) => [PREFIX + spec.name, { shape: spec.shape, data: viewParameter(adapter.delta, spec) }] as const,
  );
  const files = new Map<string, readonly Uint8Array[]>([
    [CONFIG, [new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`)]],
    [WEIGHTS, packTensors(new Map(tensors))],
    ...more,
  ]);
  files.set(SUMS, sumFiles(files));
  await writeDirectory(dir, files, [CONFIG, WEIGHTS, SUMS, ...COMPANIONS]);
}

const settingsSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int().min(1),
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  target_modules: z.array(z.enum(PROJECTIONS)).min(1),
  bias: z.literal('none').nullish(),
  use_dora: z.literal(false).nullish(),
  fan_in_fan_out: z.literal(false).nullish(),
  modules_to_save: z.null().optional(),
  layers_to_transform: z.null().optional(),
  rank_pattern: z.record(z.string(), z.never('not read here')).nullish(),
  alpha_pattern: z.record(z.string(), z.never('not read here')).nullish(),
});

/** Loads an adapter of a model. Throws InputError naming the file for anything missing, broken or of another kind. */
export async function loadAdapter(dir: string, model: ModelConfig): Promise<Adapter> {
  const files = await readDirectory(dir, [CONFIG, WEIGHTS]);
  const need = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new InputError(join(dir, name), 'no such file, expected a file of a PEFT adapter');
    return bytes;
  };
  const where = join(dir, CONFIG);
  const settings = checkInput(settingsSchema, parseJson(new TextDecoder().decode(need(CONFIG)), where), where);
  const { r: rank, lora_alpha: alpha, target_modules: targets, use_rslora } = settings;
  const config: LoraConfig = { rank, alpha, targets, stabilised: use_rslora ?? false };
  const layout = listAdapter(model, config);
  const { tensors } = unpackTensors(need(WEIGHTS), join(dir, WEIGHTS));
  const names = new Set(layout.map(({ name }) => PREFIX + name));
  const stranger = [...tensors.keys()].find((name) => !names.has(name));
  if (stranger !== undefined) throw new InputError(join(dir, WEIGHTS), `tensor ${stranger}: unknown for this model`);
  const delta = new Float32Array(layout.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  for (const spec of layout) {
    const tensor = tensors.get(PREFIX + spec.name);
    if (tensor === undefined || `${tensor.shape}` !== `${spec.shape}`)
      throw new InputError(join(dir, WEIGHTS), `tensor ${spec.name}: expected one of shape [${spec.shape}]`);
    if (!tensor.data.every(Number.isFinite))
      throw new InputError(join(dir, WEIGHTS), `tensor ${spec.name}: expected finite numbers`);
    viewParameter(delta, spec).set(tensor.data);
  }
  return { config, delta };
}
