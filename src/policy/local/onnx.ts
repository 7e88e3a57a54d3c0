// Writes the subset of the ONNX file format (protobuf) that the engine needs, and nothing else.
// Not here: shapes, gradients or any opinion on what the operators mean; that is graph.ts and ops.ts.
// Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

/** Element types the engine uses. */
export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';

/** An attribute: a whole number, a list of them, a word, or a float (marked, since 1 and 1.0 are one value in JavaScript). */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** The size of one axis: a number, or the name of a size known only when the graph runs. */
export type Dimension = number | string;

export type OnnxNode = {
  readonly operator: string;
  /** '' is the standard operator set. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
};

export type OnnxValue = { readonly name: string; readonly type: ElementType; readonly shape: readonly Dimension[] };

export type OnnxInitializer = {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
};

export type OnnxModel = {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
};

const IR_VERSION = 10;
const OPERATOR_SETS: readonly (readonly [domain: string, version: number])[] = [
  ['', 21],
  ['com.microsoft', 1],
];
const TYPE_CODES: Readonly<Record<ElementType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };
const FLOAT_ATTRIBUTE = 1;
const INT_ATTRIBUTE = 2;
const STRING_ATTRIBUTE = 3;
const INTS_ATTRIBUTE = 7;

const textEncoder = new TextEncoder();

/** Bytes in pieces, which are joined once, at the end: weights would else be copied at each level of a message. */
type Pieces = readonly Uint8Array[];

/**
 * The bytes of an ONNX model.
 * @throws RangeError if a size is not a whole number.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = [
    ...model.nodes.flatMap((node) => message(1, encodeNode(node))),
    ...text(2, 'tribune'),
    ...model.initializers.flatMap((tensor) => message(5, encodeTensor(tensor))),
    ...model.inputs.flatMap((value) => message(11, encodeValue(value))),
    ...model.outputs.flatMap((value) => message(12, encodeValue(value))),
  ];
  const domains = new Set(['', ...model.nodes.map(({ domain }) => domain)]);
  const sets = OPERATOR_SETS.filter(([domain]) => domains.has(domain)).flatMap(([domain, version]) =>
    message(8, [...text(1, domain), ...integer(2, version)]),
  );
  return join([...integer(1, IR_VERSION), ...message(7, graph), ...sets]);
}

function encodeNode(node: OnnxNode): Pieces {
  return [
    ...node.inputs.flatMap((name) => text(1, name)),
    ...node.outputs.flatMap((name) => text(2, name)),
    ...text(4, node.operator),
    ...Object.entries(node.attributes).flatMap(([name, value]) => message(5, encodeAttribute(name, value))),
    ...text(7, node.domain),
  ];
}

function encodeAttribute(name: string, value: Attribute): Pieces {
  const named = text(1, name);
  if (typeof value === 'number') return [...named, ...integer(3, value), ...integer(20, INT_ATTRIBUTE)];
  if (typeof value === 'string') return [...named, ...text(4, value), ...integer(20, STRING_ATTRIBUTE)];
  if ('float' in value) return [...named, ...float(2, value.float), ...integer(20, FLOAT_ATTRIBUTE)];
  return [...named, ...value.flatMap((item) => integer(8, item)), ...integer(20, INTS_ATTRIBUTE)];
}

function encodeTensor({ name, type, shape, data }: OnnxInitializer): Pieces {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const sizes = shape.flatMap((size) => integer(1, size));
  return [...sizes, ...integer(2, TYPE_CODES[type]), ...text(8, name), ...message(9, [raw])];
}

function encodeValue({ name, type, shape }: OnnxValue): Pieces {
  const sizes = shape.flatMap((size) => message(1, typeof size === 'string' ? text(2, size) : integer(1, size)));
  const tensorType = [...integer(1, TYPE_CODES[type]), ...message(2, sizes)];
  return [...text(1, name), ...message(2, message(1, tensorType))];
}

function message(field: number, payload: Pieces): Pieces {
  return [varint((field << 3) | 2), varint(lengthOf(payload)), ...payload];
}

function text(field: number, value: string): Pieces {
  return message(field, [textEncoder.encode(value)]);
}

function integer(field: number, value: number): Pieces {
  return [varint(field << 3), varint(value)];
}

function float(field: number, value: number): Pieces {
  return [varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)];
}

/** Base 128, low group first; a negative number is written as its 64-bit two's complement. */
function varint(value: number): Uint8Array {
  if (value >= 0 && value < 128 && Number.isInteger(value)) return Uint8Array.of(value);
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    groups.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  groups.push(Number(rest));
  return Uint8Array.from(groups);
}

function lengthOf(pieces: Pieces): number {
  return pieces.reduce((total, piece) => total + piece.length, 0);
}

function join(pieces: Pieces): Uint8Array {
  const whole = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
