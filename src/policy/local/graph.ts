// A graph of tensor operators with reverse-mode differentiation; the result is the bytes of an ONNX model.
// An operator is emitted once; a differentiable one also records its pullback (vector-Jacobian product), so the backward
// pass is more operators in the same graph and an inference runtime can train. Not here: the operators (ops.ts).
import type { Attribute, Dimension, ElementType, OnnxInitializer, OnnxNode, OnnxValue } from './onnx.ts';
import { encodeModel } from './onnx.ts';

export type Shape = readonly Dimension[];

/** A value in a graph: its name there, its shape and its element type. It holds no numbers. */
export type Tensor = { readonly name: string; readonly shape: Shape; readonly type: ElementType };

/**
 * Every operator the engine may emit, with its domain. A closed list, because each must be checked on each executor:
 * ScatterND is absent on purpose (its `add` reduction races on duplicate indices with two threads, onnxruntime #23396).
 */
const OPERATORS = {
  Add: '',
  Cast: '',
  Clip: '',
  Concat: '',
  ConstantOfShape: '',
  Equal: '',
  Exp: '',
  Expand: '',
  FusedMatMul: 'com.microsoft',
  Gather: '',
  GatherElements: '',
  Gemm: '',
  Identity: '',
  LessOrEqual: '',
  LogSoftmax: '',
  MatMul: '',
  Min: '',
  Mul: '',
  Neg: '',
  Reciprocal: '',
  ReduceMean: '',
  ReduceSum: '',
  Reshape: '',
  RotaryEmbedding: 'com.microsoft',
  ScatterElements: '',
  Shape: '',
  Sigmoid: '',
  SimplifiedLayerNormalization: '',
  Slice: '',
  Softmax: '',
  Sqrt: '',
  Sub: '',
  Transpose: '',
  Unsqueeze: '',
} as const;

export type Operator = keyof typeof OPERATORS;

/** Given the gradient of the output, the gradient of each input, in order; null where there is none. */
export type Pullback = (gradient: Tensor) => readonly (Tensor | null)[];

type Step = { readonly output: Tensor; readonly inputs: readonly Tensor[]; readonly pull: Pullback };

export type EmitOptions = { readonly type?: ElementType; readonly attributes?: Readonly<Record<string, Attribute>> };

/** A graph under construction. Names are given by one counter, since two values of one name are silently one value. */
export class Graph {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];
  readonly #steps: Step[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #taken = new Set<string>();
  #count = 0;

  /** A value fed at each run. Named axes of one name must agree at run time. Throws if the name is taken. */
  input(name: string, shape: Shape, type: ElementType = 'float32'): Tensor {
    this.#claim(name);
    const tensor = { name, shape, type };
    this.#inputs.push(tensor);
    return tensor;
  }

  /** Marks a value as a result of the graph, under this name. Throws if the name is taken. */
  output(name: string, tensor: Tensor): void {
    this.#claim(name);
    this.#nodes.push({ operator: 'Identity', domain: '', inputs: [tensor.name], outputs: [name], attributes: {} });
    this.#outputs.push({ name, type: tensor.type, shape: tensor.shape });
  }

  /** Numbers stored in the graph, row-major. Throws if their count does not fit the shape. */
  constant(data: Float32Array | Int32Array, shape: readonly number[]): Tensor {
    if (data.length !== shape.reduce((product, size) => product * size, 1)) {
      throw new RangeError(`${data.length} numbers do not fit the shape [${shape}]`);
    }
    return this.#store({ type: data instanceof Float32Array ? 'float32' : 'int32', shape, data });
  }

  /** A single number, as a float32 without axes. */
  scalar(value: number): Tensor {
    return this.#share(`float:${value}`, () => ({ type: 'float32', shape: [], data: Float32Array.of(value) }));
  }

  /** A list of whole numbers as int64: axes, sizes and bounds are passed to operators so. */
  list(values: readonly number[]): Tensor {
    const data = () => BigInt64Array.from(values, BigInt);
    return this.#share(`list:${values}`, () => ({ type: 'int64', shape: [values.length], data: data() }));
  }

  /** Adds one operator and returns its (only) output, whose shape the caller states. Throws if it is not on the list. */
  emit(operator: Operator, inputs: readonly Tensor[], shape: Shape, options: EmitOptions = {}): Tensor {
    if (!Object.hasOwn(OPERATORS, operator)) throw new Error(`${operator} is not on the list of operators`);
    const tensor: Tensor = { name: this.#name(), shape, type: options.type ?? 'float32' };
    this.#nodes.push({
      operator,
      domain: OPERATORS[operator],
      inputs: inputs.map((input) => input.name),
      outputs: [tensor.name],
      attributes: options.attributes ?? {},
    });
    return tensor;
  }

  /** Makes `output` differentiable in `inputs`. The pullback runs (and emits) only if a gradient is asked for. */
  record(output: Tensor, inputs: readonly Tensor[], pull: Pullback): Tensor {
    this.#steps.push({ output, inputs, pull });
    return output;
  }

  /**
   * Emits the backward pass: the gradient of a scalar in each of `sources`.
   * @throws Error if the scalar does not depend on one of them.
   */
  gradients(scalar: Tensor, sources: readonly Tensor[]): Tensor[] {
    const needed = this.#dependents(sources);
    const found = new Map<string, Tensor>([[scalar.name, this.scalar(1)]]);
    for (const step of this.#steps.toReversed()) {
      const gradient = found.get(step.output.name);
      if (gradient && needed.has(step.output.name)) this.#pull(step, gradient, needed, found);
    }
    return sources.map((source) => {
      const gradient = found.get(source.name);
      if (!gradient) throw new Error(`the result does not depend on ${source.name}`);
      return gradient;
    });
  }

  /** The model's bytes. Operators that no output needs are left out. */
  build(): Uint8Array {
    const wanted = new Set(this.#outputs.map((value) => value.name));
    const kept: OnnxNode[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((name) => wanted.has(name))) continue;
      for (const name of node.inputs) wanted.add(name);
      kept.push(node);
    }
    return encodeModel({
      nodes: kept.reverse(),
      initializers: this.#initializers.filter((tensor) => wanted.has(tensor.name)),
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #pull(step: Step, gradient: Tensor, needed: ReadonlySet<string>, found: Map<string, Tensor>): void {
    const parts = step.pull(gradient);
    for (const [index, input] of step.inputs.entries()) {
      const part = parts[index];
      if (!part || !needed.has(input.name)) continue;
      const before = found.get(input.name);
      found.set(input.name, before ? this.emit('Add', [before, part], input.shape) : part);
    }
  }

  #dependents(sources: readonly Tensor[]): Set<string> {
    const names = new Set(sources.map((source) => source.name));
    for (const { output, inputs } of this.#steps) {
      if (inputs.some((input) => names.has(input.name))) names.add(output.name);
    }
    return names;
  }

  #share(key: string, make: () => Omit<OnnxInitializer, 'name'>): Tensor {
    const known = this.#constants.get(key);
    if (known) return known;
    const tensor = this.#store(make());
    this.#constants.set(key, tensor);
    return tensor;
  }

  #store(initializer: Omit<OnnxInitializer, 'name'>): Tensor {
    const name = this.#name();
    this.#initializers.push({ ...initializer, name });
    return { name, shape: initializer.shape, type: initializer.type };
  }

  #name(): string {
    const name = `_${this.#count++}`;
    this.#claim(name);
    return name;
  }

  #claim(name: string): void {
    if (this.#taken.has(name)) throw new Error(`the graph already has a value named ${name}`);
    this.#taken.add(name);
  }
}
