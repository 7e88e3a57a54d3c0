// What tools say of themselves: names, descriptions and those of their arguments, read as texts from outside. Whoever makes a tool
// writes them, so an order there is no more the user's than one in a result. What a description says of its own tool is how
// the tool is used, and orders nothing; its places (an address to copy everything to) count all the same.
import type { Json } from '../episode/action.ts';
import type { GuardTool } from './conversation.ts';
import type { Digester } from './digest.ts';
import type { HeardTool } from './view.ts';

const lists = new WeakMap<readonly GuardTool[], readonly HeardTool[]>();

/** A text that breaks off where it would say what the user is to be told, or asked to do. */
export const BREAKS_OFF = /(?:users?|nutzer|usuario|utilisateur|utente)(?: to)?(?: [a-z]{2,12})?\s{0,3}$/m;

/** The descriptions that hold an order or a place, as texts before all messages. Kept for each list of tools. */
export function hearDescriptions(tools: readonly GuardTool[], digest: Digester): readonly HeardTool[] {
  const known = lists.get(tools);
  if (known !== undefined) return known;
  const heard = tools.flatMap((tool): readonly HeardTool[] => {
    const text = [tool.description ?? '', ...listTexts(tool.parameters ?? {}, 0)].filter(Boolean).join('\n');
    if (text.length < 8) return [];
    const read = digest(text.slice(0, 40_000), true);
    const telling = read.spans.length + read.literals.length + read.hidden.length;
    if (telling === 0 && !BREAKS_OFF.test(read.folded.text)) return [];
    return [{ index: -1, tool: `the description of ${tool.name}`, of: tool.name, digest: read, echoes: () => '' }];
  });
  lists.set(tools, heard);
  return heard;
}

/** The texts of a schema that a model reads: descriptions, titles, defaults; at most eight levels down. */
function listTexts(schema: Json, depth: number): readonly string[] {
  if (schema === null || typeof schema !== 'object' || depth > 8) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    typeof value === 'string'
      ? /^(?:description|title|default|\$comment)$/.test(key)
        ? [value]
        : []
      : listTexts(value, depth + 1),
  );
}
