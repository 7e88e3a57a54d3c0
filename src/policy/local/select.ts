// Which executor to use: the one a person asks for, or the fastest that runs here, told by running a graph on it.
// Not here: the executors (executor.ts).
import { InputError } from '../../episode/input.ts';
import { type Executor, type ExecutorKind, openExecutor } from './executor.ts';
import { Graph } from './graph.ts';

/** The executor to use, and what a person should be told about the choice. */
export type Choice = { readonly kind: ExecutorKind; readonly warning: string | null };

/**
 * The executor a person wished for, or without a wish the fastest that runs here: native code on the CPU, else WebAssembly with
 * a warning. WebGPU is never taken unasked: small models gain nothing from it, and its speed was not measured.
 * Throws InputError if what was wished for cannot run here.
 */
export async function chooseExecutor(
  wish: ExecutorKind | undefined,
  open: (kind: ExecutorKind) => Executor = openExecutor,
): Promise<Choice> {
  const fault = await findFault(open(wish ?? 'cpu'));
  if (fault === null) return { kind: wish ?? 'cpu', warning: null };
  if (wish !== undefined)
    throw new InputError(`--executor ${wish}`, `cannot run here (${fault}), expected ${REMEDY[wish]}`);
  return {
    kind: 'wasm',
    warning: `onnxruntime-node cannot run here (${fault}): using WebAssembly, several times slower`,
  };
}

const REMEDY: { readonly [kind in ExecutorKind]: string } = {
  cpu: 'the package onnxruntime-node installed; --executor wasm does without',
  wasm: 'the package onnxruntime-web installed',
  webgpu: 'a GPU that WebGPU can use and the package onnxruntime-node; --executor cpu does without',
};

/** Why an executor cannot run the smallest of graphs, in one line; null if it can. */
async function findFault(executor: Executor): Promise<string | null> {
  const graph = new Graph();
  const x = graph.input('x', [2]);
  graph.output('y', graph.emit('Add', [x, x], [2]));
  try {
    const program = await executor.compile(graph.build());
    const { y } = await program.run({ x: { shape: [2], data: Float32Array.of(1, 2) } });
    await program.release();
    return y?.[0] === 2 && y[1] === 4 ? null : `1 + 1 is ${y?.[0]}`;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 200);
  }
}
