// Compares pullbacks with finite differences: for tests, and for whoever adds an operator.
// The forward pass runs in float32, so the step is large and the tolerance is float32's, not algebra's.
import type { Executor, Feed } from './executor.ts';
import type { Tensor } from './graph.ts';
import { Graph } from './graph.ts';
import { sizeOf } from './model.ts';
import { multiply, total } from './ops.ts';

/** How far an element is moved each way. */
const STEP = 1 / 128;

/** An argument of the function under test. A float32 one is differentiated, an int32 one is held. */
export type Argument = { readonly shape: readonly number[]; readonly data: Feed['data'] };

/**
 * The largest difference between an element of a pullback and the slope that was measured, for the scalar Σ y · r with
 * random r and every element of every float32 argument, relative to the largest slope of that argument.
 * Near 0 for a right pullback (float32 leaves a few thousandths), of order 1 for a wrong one.
 */
export async function compareGradients(
  executor: Executor,
  build: (graph: Graph, inputs: readonly Tensor[]) => Tensor,
  args: readonly Argument[],
  rng: () => number,
): Promise<number> {
  const { bytes, shape } = buildProbe(build, args);
  const program = await executor.compile(bytes);
  const r = { shape, data: randomVector(sizeOf(shape), rng) };
  const feeds: Record<string, Feed> = Object.fromEntries(args.map((argument, at) => [`x${at}`, argument]));
  const value = async (changed: Record<string, Feed>) =>
    dot((await program.run({ ...feeds, ...changed, r })).y!, r.data);
  const results = await program.run({ ...feeds, r });
  let worst = 0;
  for (const [at, argument] of args.entries()) {
    const gradient = results[`d.x${at}`];
    if (!gradient) continue;
    const slopes = await measureSlopes(argument.data, (data) => value({ [`x${at}`]: { shape: argument.shape, data } }));
    const scale = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0.1);
    for (const [index, slope] of slopes.entries()) worst = Math.max(worst, Math.abs(gradient[index]! - slope) / scale);
  }
  await program.release();
  return worst;
}

function buildProbe(build: (graph: Graph, inputs: readonly Tensor[]) => Tensor, args: readonly Argument[]) {
  const graph = new Graph();
  const inputs = args.map(({ shape, data }, at) =>
    graph.input(`x${at}`, shape, data instanceof Float32Array ? 'float32' : 'int32'),
  );
  const y = build(graph, inputs);
  const sources = inputs.filter((input) => input.type === 'float32');
  const scalar = total(graph, multiply(graph, y, graph.input('r', y.shape)));
  graph.output('y', y);
  const gradients = graph.gradients(scalar, sources);
  for (const [at, source] of sources.entries()) graph.output(`d.${source.name}`, gradients[at]!);
  return { bytes: graph.build(), shape: y.shape.map(Number) };
}

/** Central differences, one element at a time. */
async function measureSlopes(
  data: Feed['data'],
  value: (data: Float32Array<ArrayBuffer>) => Promise<number>,
): Promise<number[]> {
  const slopes: number[] = [];
  for (let index = 0; index < data.length; index++) {
    const moved = async (step: number) => {
      const copy = Float32Array.from(data, Number);
      copy[index]! += step;
      return value(copy);
    };
    slopes.push(((await moved(STEP)) - (await moved(-STEP))) / (2 * STEP));
  }
  return slopes;
}

/** Uniform in [−1, 1). */
export function randomVector(length: number, rng: () => number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, () => 2 * rng() - 1);
}

/** Σ a · b, in double precision. */
export function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, at) => sum + x * b[at]!, 0);
}
