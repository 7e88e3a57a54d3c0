// Seeded random numbers: the only source of chance in the program. A generator is passed, never global.
// The key list is hashed (FNV-1a, then the murmur3 finaliser) into the four words of sfc32's state.
// Not for secrets: anyone who knows the keys knows the numbers.

/** What a stream of random numbers is named by, for example (run, step, scenario, member). */
export type Key = string | number;

/** A stream of random numbers. Drawing advances it; forking does not. */
export type Random = {
  /** A number in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** An integer in [0, n). Throws RangeError unless n is an integer in 1..2^32. */
  int(n: number): number;
  /** One of the items, all equally likely. Throws RangeError on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** A copy of the items in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /**
   * The stream named by these keys after this one's: `rng(a).fork(b)` is `rng(a, b)`. It depends on the names alone, not
   * on what has been drawn, so adding a draw in one place changes nothing in another.
   */
  fork(...keys: readonly Key[]): Random;
};

const WORDS = 2 ** 32;

/**
 * The stream of random numbers named by `seed`: same keys, same numbers, on every machine. The number 1 and the string
 * "1" are different keys. Throws RangeError on a number that is not finite.
 */
export function rng(...seed: readonly Key[]): Random {
  for (const key of seed) {
    if (typeof key === 'number' && !Number.isFinite(key)) throw new RangeError(`a seed must be finite, got ${key}`);
  }
  const draw = startSfc32(JSON.stringify(seed));
  const next = (): number => draw() / WORDS;
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > WORDS)
      throw new RangeError(`int(n) needs an integer in 1..2^32, got ${n}`);
    return Math.floor(next() * n);
  };
  return {
    next,
    int,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick: the list is empty');
      return items[int(items.length)]!;
    },
    shuffle: (items) => shuffleWith(items, int),
    fork: (...keys) => rng(...seed, ...keys),
  };
}

function shuffleWith<T>(items: readonly T[], int: (n: number) => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = int(i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

/** sfc32 ("small fast counter", Chris Doty-Humphrey, PractRand): 32-bit words, period at least 2^32. */
function startSfc32(text: string): () => number {
  let a = hashText(text, 0);
  let b = hashText(text, 1);
  let c = hashText(text, 2);
  let counter = 1;
  const draw = (): number => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  };
  // The reference implementation throws away the first twelve words, while the seed spreads through the state.
  for (let i = 0; i < 12; i++) draw();
  return draw;
}

/** FNV-1a over UTF-16 code units, started differently for each `lane`, with murmur3's finaliser. */
function hashText(text: string, lane: number): number {
  let h = (0x811c9dc5 ^ Math.imul(lane, 0x9e3779b9)) | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
