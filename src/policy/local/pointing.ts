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

/** What a tool may be called by. */
export type Pointers = {
  /** Words of the name that are no other tool's, in one number: `invoices` stands as `invoice`. Empty: none is its alone. */
  readonly own: readonly string[];
  /** Everything that means it: each of those words in both numbers and three letter cases; where it has none, the whole name. */
  readonly forms: readonly string[];
};

const known = new WeakMap<readonly ToolSchema[], ReadonlyMap<ToolSchema, Pointers>>();

/** The pointers of a list of tools. */
export function listPointers(tools: readonly ToolSchema[]): ReadonlyMap<ToolSchema, Pointers> {
  const before = known.get(tools);
  if (before) return before;
  const words = tools.map(({ name }) => [...new Set(splitName(name).map(singularOf))]);
  const wholes = tools.map(({ name }) => splitName(name).join(' '));
  const pointers = new Map(
    tools.map((tool, at): [ToolSchema, Pointers] => {
      const own = words[at]!.filter((word) => words.every((others, other) => other === at || !others.includes(word)));
      if (own.length > 0) return [tool, { own, forms: [...new Set(own.flatMap(listForms))] }];
      // Names in the same words are told apart by their spelling.
      const whole = wholes[at]!;
      const isAlone = whole !== '' && wholes.filter((other) => other === whole).length === 1;
      return [tool, { own, forms: [isAlone ? whole : tool.name] }];
    }),
  );
  known.set(tools, pointers);
  return pointers;
}

function listForms(word: string): string[] {
  return [word, pluralOf(word)].flatMap((form) => [
    form,
    form.charAt(0).toUpperCase() + form.slice(1),
    form.toUpperCase(),
  ]);
}

function pluralOf(word: string): string {
  if (/(s|x|ch|sh)$/.test(word)) return `${word}es`;
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}

/** One form for both numbers; words that end alike may meet in it, which only makes them mean less. */
function singularOf(word: string): string {
  if (/[^aeiou]ies$/.test(word) && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(s|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) && word.length > 3 ? word.slice(0, -1) : word;
}

/** The tool that a word means. */
export function findPointed(tools: readonly ToolSchema[], word: string): ToolSchema | undefined {
  const pointers = listPointers(tools);
  return tools.find((tool) => pointers.get(tool)?.forms.includes(word));
}

/** Words that mean a deed, to prefer where no word of a name was said. */
export type Deeds = ReadonlySet<string>;

/**
 * The word to mean a tool by after these texts: one that was said, as it was said, in small letters before others; else a deed,
 * else the first.
 */
export function pickPointer(
  tools: readonly ToolSchema[],
  tool: ToolSchema,
  said: readonly string[],
  deeds: Deeds = new Set(),
): string {
  const { own = [], forms = [] } = listPointers(tools).get(tool) ?? {};
  for (const text of said) {
    const heard = (text.match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => own.includes(singularOf(word.toLowerCase())));
    const spoken = heard.find((word) => word === word.toLowerCase()) ?? heard[0];
    if (spoken !== undefined) return forms.includes(spoken) ? spoken : singularOf(spoken.toLowerCase());
  }
  return own.find((word) => deeds.has(word)) ?? own[0] ?? forms[0] ?? tool.name;
}
