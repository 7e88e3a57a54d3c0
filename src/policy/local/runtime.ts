// Finds the runtime that executes graphs: ONNX Runtime as native code (onnxruntime-node: CPU and WebGPU) or as WebAssembly
// (onnxruntime-web, which needs nothing but Node). Each is loaded when first used and not before, because the native one is
// missing on some platforms, and on others where an install was cut short.
// Not here: running graphs (executor.ts), which of them to use (select.ts).
import type * as ort from 'onnxruntime-web';

/** What the engine needs of ONNX Runtime. */
export type Runtime = Pick<typeof ort, 'InferenceSession' | 'Tensor'>;

/** How the runtimes are loaded. A test gives other ones. */
export type Loaders = { readonly native: () => Promise<Runtime>; readonly wasm: () => Promise<Runtime> };

export const LOADERS: Loaders = {
  native: () => import('onnxruntime-node'),
  async wasm() {
    const { default: _, ...runtime } = await import('onnxruntime-web');
    // One thread: ONNX Runtime's own would keep the process alive, and work is shared among worker threads anyway.
    runtime.env.wasm.numThreads = 1;
    return runtime;
  },
};
