// Runs ONNX models: on the CPU, in WebAssembly, or on a GPU through WebGPU. The same bytes run on each, and this interface
// is all the engine knows of them. Not here: what the models compute; how the runtimes are found (runtime.ts).
// A run blocks the event loop of its thread, so an application keeps executors in worker threads.
import type * as ort from 'onnxruntime-web';
import { LOADERS, type Loaders, type Runtime } from './runtime.ts';

/** Numbers with a shape, row-major. */
export type Feed = {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
};

/** A compiled model. */
export type Program = {
  /**
   * Runs once. The arrays of the result are new and the caller's own; a feed is read, never written. `wanted`: the outputs
   * to give, since each is copied; default all.
   */
  run(
    feeds: Readonly<Record<string, Feed>>,
    wanted?: readonly string[],
  ): Promise<Record<string, Float32Array<ArrayBuffer>>>;
  /** Frees the model's memory; the program must not run again. */
  release(): Promise<void>;
};

export type Executor = {
  readonly name: string;
  /** Throws if the model is not a valid graph, or if the runtime cannot be loaded (runtime.ts says which can). */
  compile(model: Uint8Array): Promise<Program>;
};

/** Where graphs are run: native code on the CPU, WebAssembly (no native code, one thread), or a GPU through WebGPU. */
export const EXECUTORS = ['cpu', 'wasm', 'webgpu'] as const;
export type ExecutorKind = (typeof EXECUTORS)[number];

export type ExecutorOptions = {
  /** Threads inside one operator, on the CPU only. Training gains 1.7 times from 2, sampling a small model nothing. */
  readonly threads?: number;
};

/** An executor of a kind. Nothing is loaded before the first graph is compiled. */
export function openExecutor(kind: ExecutorKind, options: ExecutorOptions = {}, loaders: Loaders = LOADERS): Executor {
  switch (kind) {
    case 'cpu':
      return executorOf(`cpu:${options.threads ?? 1}`, loaders.native, cpuSession(options.threads ?? 1));
    case 'wasm':
      return executorOf('wasm', loaders.wasm, { executionProviders: ['wasm'], logSeverityLevel: 3 });
    case 'webgpu':
      return executorOf('webgpu', loaders.native, { executionProviders: ['webgpu'], logSeverityLevel: 3 });
  }
}

/** An executor on this machine's CPU, in native code. */
export function cpuExecutor(options: ExecutorOptions = {}): Executor {
  return openExecutor('cpu', options);
}

function cpuSession(threads: number): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Planning memory per shape doubles the memory held when shapes vary, and was not faster.
    enableMemPattern: false,
    // A thread that waits by spinning gains nothing here and takes the core from whatever else runs.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

function executorOf(
  name: string,
  load: () => Promise<Runtime>,
  options: ort.InferenceSession.SessionOptions,
): Executor {
  return {
    name,
    async compile(model) {
      const runtime = await load();
      return wrapSession(runtime, await runtime.InferenceSession.create(model, options));
    },
  };
}

/**
 * Frees arrays of a result at once; they are empty afterwards. Left to the collector, every 64 MB of them cost a collection
 * of the whole heap, and new ones lie in memory that is touched for the first time.
 */
export function discard(arrays: Iterable<Float32Array<ArrayBuffer>>): void {
  for (const { buffer } of arrays) buffer.transfer(0);
}

function wrapSession({ Tensor }: Runtime, session: ort.InferenceSession): Program {
  const toTensor = ({ data, shape }: Feed): ort.Tensor => {
    if (data instanceof Float32Array) return new Tensor('float32', data, shape);
    if (data instanceof Int32Array) return new Tensor('int32', data, shape);
    return new Tensor('int64', data, shape);
  };
  // A feed that is handed in again, as a cache's is at every step, is the tensor it was.
  const known = new WeakMap<Feed, ort.Tensor>();
  const recall = (feed: Feed): ort.Tensor => {
    const before = known.get(feed);
    if (before) return before;
    const tensor = toTensor(feed);
    known.set(feed, tensor);
    return tensor;
  };
  return {
    async run(feeds, wanted) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const name in feeds) tensors[name] = recall(feeds[name]!);
      const results = await (wanted ? session.run(tensors, wanted) : session.run(tensors));
      const floats: Record<string, Float32Array<ArrayBuffer>> = {};
      for (const name in results) floats[name] = toFloats(name, results[name]!);
      return floats;
    },
    release: () => session.release(),
  };
}

function toFloats(name: string, tensor: ort.OnnxValue): Float32Array<ArrayBuffer> {
  if (!('data' in tensor) || !(tensor.data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
  return tensor.data as Float32Array<ArrayBuffer>;
}
