// Runs ONNX models on the CPU through onnxruntime-node. The interface is all the engine knows of its runtime,
// so a WebAssembly or WebGPU runtime can take its place. Not here: what the models compute.
// A run blocks the event loop of its thread, so an application keeps executors in worker threads.
import * as ort from 'onnxruntime-node';

/** Numbers with a shape, row-major. */
export type Feed = {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
};

/** A compiled model. */
export type Program = {
  /** Runs once. The arrays of the result are new and the caller's own; a feed is read, never kept or written. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Record<string, Float32Array<ArrayBuffer>>>;
  /** Frees the model's memory; the program must not run again. */
  release(): Promise<void>;
};

export type Executor = {
  readonly name: string;
  /** Throws if the model is not a valid graph. */
  compile(model: Uint8Array): Promise<Program>;
};

export type CpuOptions = {
  /** Threads inside one operator. Training gains 1.7 times from 2, sampling a small model nothing. */
  readonly threads?: number;
};

/** An executor on this machine's CPU. */
export function cpuExecutor({ threads = 1 }: CpuOptions = {}): Executor {
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Planning memory per shape doubles the memory held when shapes vary, and was not faster.
    enableMemPattern: false,
    // A thread that waits by spinning gains nothing here and takes the core from whatever else runs.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  return {
    name: `cpu:${threads}`,
    compile: async (model) => wrapSession(await ort.InferenceSession.create(model, options)),
  };
}

function wrapSession(session: ort.InferenceSession): Program {
  return {
    async run(feeds) {
      const tensors = Object.entries(feeds).map(([name, feed]) => [name, toTensor(feed)]);
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, toFloats(name, tensor)]));
    },
    release: () => session.release(),
  };
}

function toTensor({ data, shape }: Feed): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, shape);
  return new ort.Tensor('int64', data, shape);
}

function toFloats(name: string, tensor: ort.OnnxValue): Float32Array<ArrayBuffer> {
  if (!('data' in tensor) || !(tensor.data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
  return tensor.data as Float32Array<ArrayBuffer>;
}
