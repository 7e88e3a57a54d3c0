// AdamW on flat arrays, over any part of them: each element's step depends on that element alone, so that threads can share the
// work and the same bytes come out. Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.
// Not here: which parameters take it (learner.ts), Muon (muon.ts).

/** Elements next to each other; `keep` is what weight decay leaves of them. */
export type Part = { readonly offset: number; readonly size: number; readonly keep: number };

/** What one step has in common for all elements. `rate` and `spread` hold the corrections of the moments' bias. */
export type Pace = {
  readonly rate: number;
  readonly spread: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The gradient is multiplied by this. */
  readonly shrink: number;
};

/** Parameters, both moments and the gradient, of one length. */
export type Moments = {
  readonly theta: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly gradient: Float32Array;
};

/** Writes one step of some parts into theta, m and v. */
export function stepParts({ theta, m, v, gradient }: Moments, parts: readonly Part[], pace: Pace): void {
  const { rate, spread, beta1, beta2, epsilon, shrink } = pace;
  for (const { offset, size, keep } of parts) {
    for (let i = offset, end = offset + size; i < end; i++) {
      const g = gradient[i]! * shrink;
      const mean = beta1 * m[i]! + (1 - beta1) * g;
      const square = beta2 * v[i]! + (1 - beta2) * g * g;
      m[i] = mean;
      v[i] = square;
      theta[i] = theta[i]! * keep - (rate * mean) / (Math.sqrt(square) * spread + epsilon);
    }
  }
}

/** Divides parts into so many lists of as many elements each, cutting parts where need be. */
export function divideParts(parts: readonly Part[], count: number): Part[][] {
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const lists: Part[][] = Array.from({ length: count }, () => []);
  let before = 0;
  for (const { offset, size, keep } of parts) {
    for (let from = 0; from < size; ) {
      const list = Math.min(count - 1, Math.floor(((before + from) * count) / Math.max(1, total)));
      const end = Math.min(size, Math.ceil(((list + 1) * total) / count) - before);
      lists[list]!.push({ offset: offset + from, size: end - from, keep });
      from = end;
    }
    before += size;
  }
  return lists;
}
