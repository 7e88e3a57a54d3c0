// Cuts a text into overlapping windows that a model with a longest input can take, so that nothing of a long text goes unread.
// Not here: what the model says of a window.

/** A part of a text; offsets are the text's. */
export type Window = { readonly text: string; readonly start: number; readonly end: number };

/** Signs of a first window for each token it may have; a window is made smaller until it fits and larger where there is room. */
const SIGNS = 4;
/** The share of a window that the next one repeats: an order cut by an end stands whole in the next, if it is shorter. */
const OVERLAP = 0.25;

/**
 * The windows of a text, in order, each of at most `most` tokens by `count`. Every sign is in one; the work is linear in the
 * text. Throws RangeError where even a single sign is more than that.
 */
export function* cutWindows(text: string, most: number, count: (text: string) => number): Generator<Window> {
  let size = Math.max(1, most * SIGNS);
  for (let start = 0; start < text.length; ) {
    let end = endAt(text, start + size);
    let tokens = count(text.slice(start, end));
    while (tokens > most) {
      if (end - start <= 2) throw new RangeError(`a single sign is more than the ${most} tokens the model takes`);
      const smaller = Math.floor(((end - start) * most * 0.9) / tokens);
      end = endAt(text, start + Math.max(1, Math.min(smaller, end - start - 2)));
      tokens = count(text.slice(start, end));
    }
    yield { text: text.slice(start, end), start, end };
    if (end >= text.length) return;
    size = tokens * 2 < most ? (end - start) * 2 : end - start;
    start = Math.max(start + 1, endAt(text, end - Math.floor((end - start) * OVERLAP)));
  }
}

/** An offset that parts no surrogate pair, and is not behind the end. */
function endAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return Math.min(text.length, code >= 0xdc00 && code <= 0xdfff ? at + 1 : at);
}
