// Which tokens of an episode the policy really chose, and among which: the rest is forced by the grammar and teaches nothing.
// Both losses, of the warm start and of GRPO, look at chosen tokens only and compare them with what was allowed, so a tool is
// chosen among the tools on the list and words that are never allowed are never pushed down.
import type { ToolSchema } from '../episode/episode.ts';
import type { Constraint, Ids } from '../policy/local/choose.ts';
import { constrainTurn, type Grammar, situate } from '../policy/local/grammar.ts';
import type { Sequence } from '../policy/local/render.ts';

/** A demonstration says what the grammar does not allow. */
export class OutsideGrammar extends Error {}

/** What was allowed at each token: null where it was not the policy's own. */
export type Allowed = readonly (Ids | null)[];

/**
 * Replays a rendered episode through the grammar, with values of any words: told to point at the right one of all tokens, a
 * policy first learns to copy and then what to copy; told only to choose among the words read, it learns both slower.
 * Throws OutsideGrammar if a token of the policy's own is outside.
 */
export function replayGrammar(grammar: Grammar, tools: readonly ToolSchema[], { tokens, own }: Sequence): Allowed {
  const begin = (at: number) => {
    const before = { tokens: tokens.slice(0, at), own: own.slice(0, at) };
    return constrainTurn(grammar, { ...situate(grammar.tokenizer, tools, before), read: [] }, null);
  };
  let constraint: Constraint | null = null;
  return tokens.map((token, at) => {
    if (!own[at]) return null;
    constraint ??= begin(at);
    const allowed = constraint.allowed();
    if (allowed && !allowed.includes(token))
      throw new OutsideGrammar(`token ${at} of a demonstration is outside the grammar`);
    if (constraint.accept(token)) constraint = null;
    return allowed;
  });
}

/** The distinct masks of many sequences, and for each token the row of its mask (−1: not chosen). */
export function tabulateMasks(sequences: readonly Allowed[]): {
  readonly table: Ids[];
  readonly rows: Int32Array[];
} {
  const table: Ids[] = [];
  const known = new Map<string | Ids, number>();
  const rowOf = (mask: Ids): number => {
    // Large masks are few and shared, small ones (the tools of a scenario) are many and made anew.
    const key = mask.length > 64 ? mask : mask.join();
    const row = known.get(key) ?? table.push(mask) - 1;
    known.set(key, row);
    return row;
  };
  const rows = sequences.map((allowed) =>
    Int32Array.from(allowed, (mask) => (mask && mask.length > 1 ? rowOf(mask) : -1)),
  );
  return { table, rows };
}
