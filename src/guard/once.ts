// Values found out when they are first asked for. Not here: what is kept beyond one judgement (clause.ts, digest.ts).

/** A value that is found when it is first asked for. */
export function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | null = null;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/** Where values are kept: a Map for as long as one judgement, a WeakMap for as long as the keys are there. */
type Keeper<K, T> = {
  get(key: K): { readonly value: T } | undefined;
  set(key: K, kept: { readonly value: T }): unknown;
};

/** A function that finds its value for each key when first asked about it. */
export function onceFor<K, T>(find: (key: K) => T, found: Keeper<K, T> = new Map()): (key: K) => T {
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known.value;
    const value = find(key);
    found.set(key, { value });
    return value;
  };
}

/** A function of short texts that remembers what it found, of ten thousand at most; of longer ones nothing. */
export function remembering<T>(find: (text: string) => T): (text: string) => T {
  const found = new Map<string, T>();
  return (text) => {
    const known = found.get(text);
    if (known !== undefined) return known;
    const value = find(text);
    if (found.size >= 10_000) found.clear();
    if (text.length <= 100) found.set(text, value);
    return value;
  };
}
