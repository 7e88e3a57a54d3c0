// Sums of gradients on flat arrays. Not here: the steps that are made with them (adam.ts, muon.ts).
import type { Feed } from './executor.ts';

/** Puts values at an offset. */
export function copyInto(target: Float32Array, values: Float32Array, offset: number): null {
  target.set(values, offset);
  return null;
}

/** Adds, and gives the sum of the results' squares: in one pass, and in the order of `squareOf`, so that both give the same. */
export function addInto(target: Float32Array, values: Float32Array, offset: number): number {
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    const sum = Math.fround(target[offset + i]! + values[i]!);
    target[offset + i] = sum;
    square += sum * sum;
  }
  return square;
}

/** Adds rows, one after another in `values`, to those of a table by index. */
export function addRows(table: Float32Array, indices: Feed['data'], values: Float32Array): void {
  const width = values.length / indices.length;
  for (const [at, index] of indices.entries()) {
    const [to, from] = [Number(index) * width, at * width];
    for (let i = 0; i < width; i++) table[to + i] = table[to + i]! + values[from + i]!;
  }
}

/** The sum of the squares, in double precision. */
export function squareOf(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  return sum;
}
