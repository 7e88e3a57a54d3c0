// The word somebody probably meant: for error messages about misspelt names. Pure; decides nothing.

/**
 * The one of `words` closest to `typed`, ignoring case, or null where none is close: at most two edits away (a letter
 * added, dropped, changed, or two neighbours swapped) and at most one edit for every two letters of the word.
 */
export function findNearest(typed: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let least = 3;
  for (const word of words) {
    const edits = countEdits(typed.toLowerCase(), word.toLowerCase());
    if (edits < least && edits * 2 <= word.length) [best, least] = [word, edits];
  }
  return best;
}

/** Optimal string alignment distance, over three rows of the table. */
function countEdits(a: string, b: string): number {
  // Much longer text is no misspelling; this also bounds the work on hostile input.
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, change);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
