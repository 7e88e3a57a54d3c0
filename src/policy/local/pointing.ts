// How a local policy means a tool whose name it has never seen: by one word of the name that no other tool on the list has.
// Names of unknown tools are many tokens long and often begin alike; but what is wanted mostly shares a word with the request,
// and to say that word is to copy it. What may be said is bound by the grammar, so only words of the list can be meant.
// Only policies whose tokenizer has the mark do so, those trained on the suite `open`; all others spell names (render.ts).
import type { ToolSchema } from '../../episode/episode.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Stands before each tool of the list, and says that tools are meant by words. */
export const TOOL_MARK = '<|tool|>';

/** The id of the mark; null where tools are meant by their names. */
export function markOf({ specials }: Pick<Tokenizer, 'specials'>): number | null {
  return specials.get(TOOL_MARK) ?? null;
}

/** The words of a name: `read_mail`, `readMail` and `ReadMail` have the same. */
export function splitName(name: string): string[] {
  const split = name.replaceAll('_', ' ').replace(/(?<=[^\p{Lu} ])(?=\p{Lu})/gu, ' ');
  return split
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '');
}

/** What a tool may be called by: each word that is its alone, or where it has none, all its words. */
export type Pointers = ReadonlyMap<ToolSchema, readonly string[]>;

const known = new WeakMap<readonly ToolSchema[], Pointers>();

/** The pointers of a list of tools. */
export function listPointers(tools: readonly ToolSchema[]): Pointers {
  const before = known.get(tools);
  if (before) return before;
  const words = tools.map(({ name }) => [...new Set(splitName(name))]);
  const pointers = new Map(
    tools.map((tool, at) => {
      const own = words[at]!.filter((word) => words.every((others, other) => other === at || !others.includes(word)));
      // Names in the same words are told apart by their spelling.
      const all = splitName(tool.name).join(' ');
      const twins = tools.filter(({ name }) => splitName(name).join(' ') === all).length;
      return [tool, own.length > 0 ? own : [twins > 1 || all === '' ? tool.name : all]];
    }),
  );
  known.set(tools, pointers);
  return pointers;
}

/** The tool that a word means. */
export function findPointed(tools: readonly ToolSchema[], word: string): ToolSchema | undefined {
  return tools.find((tool) => listPointers(tools).get(tool)?.includes(word));
}

/** Words that mean a deed, to prefer where no word of a name was said. */
export type Deeds = ReadonlySet<string>;

/**
 * The word to mean a tool by after these texts: one that was said, best as it stands, else with another ending or letter case, else
 * a deed, else the first.
 */
export function pickPointer(
  tools: readonly ToolSchema[],
  tool: ToolSchema,
  said: readonly string[],
  deeds: Deeds = new Set(),
): string {
  const words = listPointers(tools).get(tool) ?? [];
  for (const text of said) {
    const heard = text.match(/[\p{L}\p{N}]+/gu) ?? [];
    const exact = new Set(heard);
    const lower = heard.map((word) => word.toLowerCase());
    const found =
      words.find((word) => exact.has(word)) ??
      words.find((word) => lower.some((other) => isAlike(word, other))) ??
      words.find((word) => lower.includes(word));
    if (found !== undefined) return found;
  }
  return words.find((word) => deeds.has(word)) ?? words[0] ?? tool.name;
}

/** Whether two words are forms of one: `entry` and `entries`. */
function isAlike(a: string, b: string): boolean {
  const stem = Math.min(a.length, b.length) - 1;
  return stem >= 3 && Math.abs(a.length - b.length) <= 3 && a.slice(0, stem) === b.slice(0, stem);
}
