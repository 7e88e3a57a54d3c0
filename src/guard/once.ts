// Values found out when they are first asked for. Not here: what is kept beyond one judgement (clause.ts, digest.ts).

/** A value that is found when it is first asked for. */
export function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | null = null;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}
