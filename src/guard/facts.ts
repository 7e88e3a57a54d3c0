// A call taken apart for comparing: its arguments' values one by one, and the words of its tool's name with their weights.
// Not here: whose words they are (origin.ts).
import type { Json } from '../episode/action.ts';
import type { Effect } from '../safety/taxonomy.ts';
import { changesData, listOperands, mayDestroy, onlyLooks, runsAnything } from './command.ts';
import type { GuardCall, GuardTool } from './conversation.ts';
import { decodeValue } from './decode.ts';
import { inferEffects, roleOf } from './effects.ts';
import { foldText, squash } from './fold.ts';
import { translateWord } from './languages.ts';
import { conceptsOf, isOrderVerb, isStop, splitName, stemWord, wordSet } from './lexicon.ts';
import { findLiterals, type LiteralKind } from './literals.ts';
import { onceFor, remembering } from './once.ts';

/** One value of a call. `weight` says how much it shows whose wish the call is: a destination much, a small number little. */
export type Leaf = {
  readonly path: string;
  readonly role: 'destination' | 'content' | 'other';
  readonly kind: LiteralKind | 'number' | 'date' | 'text' | 'flag';
  /** The value as written, and folded. */
  readonly value: string;
  readonly folded: string;
  /** Letters and digits only. */
  readonly whole: string;
  readonly words: readonly string[];
  readonly weight: number;
};

/** Arguments that hold lines of a text to change. */
export const LINES = /string|content|text|code|patch|diff|body|\bold|\bnew|lines?|find|replace|edits/i;

/** One word of the tool's name: what counts as meeting it in a text, and its weight. */
export type Unit = { readonly word: string; readonly meanings: readonly string[]; readonly weight: number };

/** What the guard compares of a call. */
export type CallParts = {
  readonly call: GuardCall;
  readonly effects: readonly Effect[];
  readonly leaves: readonly Leaf[];
  readonly units: readonly Unit[];
  /** Sum of the units' weights. */
  readonly total: number;
  /** What the telling words of the tool's description mean. */
  readonly description: readonly (readonly string[])[];
};

/** No honest call has more values; one that has is an error, which refuses. */
const MOST_LEAVES = 2000;
const DATE = /^\d{4}-\d{2}-\d{2}(?:[t ][\d:.+z-]*)?$|^\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?$/;

/** Takes a call apart. Throws RangeError for a call of more than 2000 values or deeper than 32 levels. */
export function dissectCall(call: GuardCall, tools: readonly GuardTool[], declared?: readonly Effect[]): CallParts {
  const tool = tools.find(({ name }) => name === call.name) ?? { name: call.name };
  const found: Leaf[] = [];
  addLeaves(call.arguments, [], found);
  const leaves = POINTS.test(call.name) ? found.map(lighten) : found;
  const units = weighUnits(tool, tools);
  const total = units.reduce((sum, { weight }) => sum + weight, 0);
  const effects = declared ?? effectsOfCall(tool, call);
  return { call, effects, leaves, units, total, description: describe(tool) };
}

/** Tools that point at something on a page; what they point at only the page can say. */
const POINTS = /(?:^|[._-]|browser)(?:click|tap|hover|press|scroll|focus)(?:$|[._-])|click$/i;
const lighten = (leaf: Leaf): Leaf =>
  leaf.kind === 'text' && /^(?:target|element|selector|label|button|text|node)$/i.test(leaf.path)
    ? { ...leaf, role: 'other', weight: 0.2 }
    : leaf;

/** The telling words of a description's beginning, by what they mean. */
const describe = onceFor(({ description = '' }: GuardTool): readonly (readonly string[])[] => {
  const words = new Set(
    description
      .slice(0, 300)
      .toLowerCase()
      .match(/[a-z]{4,}/g) ?? [],
  );
  const telling = [...words].filter((word) => !isStop(word) && !COMMON.has(word) && !PLAIN.has(word));
  return telling.map((word) => [stemWord(word)]);
}, new WeakMap());

/** Words that descriptions of any tool hold. */
const PLAIN = wordSet(
  'given specified specific function returns return user users using provided based tool used input output this belongs system allows with',
);

/** What the call may do: a tool that runs anything does what its command does, where that only looks. */
function effectsOfCall(tool: GuardTool, call: GuardCall): readonly Effect[] {
  const effects = effectsOf(tool);
  const gets = /^(?:get|head)$/i.test(String(call.arguments.method)) && call.arguments.body === undefined;
  if (gets && splitName(tool.name).some((word) => /^(?:https?|requests?|fetch|rest|api)$/.test(word)))
    return ['reads', 'private'];
  if (changesData(call.arguments)) return [...new Set([...effects, 'writes', 'irreversible'] as const)];
  return effects.includes('irreversible') && runsAnything(tool.name) && onlyLooks(call.arguments)
    ? ['reads', 'private']
    : effects;
}

/** A tool's effects as far as one can tell, kept for each tool. */
export const effectsOf = onceFor(inferEffects, new WeakMap());

function addLeaves(value: Json, path: readonly string[], leaves: Leaf[]): void {
  if (leaves.length > MOST_LEAVES || path.length > 32)
    throw new RangeError('the call has too many or too deep arguments');
  if (value === null) return;
  if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) addLeaves(inner, [...path, key], leaves);
    return;
  }
  const leaf = readLeaf(value, path);
  leaves.push(leaf);
  if (typeof value !== 'string') return;
  for (const text of decodeValue(value)) leaves.push(readLeaf(text, path));
  for (const text of listOperands(path.at(-1) ?? '', value)) {
    const read = readLeaf(text, path);
    // A plain word of a command, in a message say, names nothing.
    const operand = /^[\p{L}']+$/u.test(text) ? { ...read, weight: Math.min(read.weight, 0.2) } : read;
    // Just under what would make a call the user's own.
    if (text !== value)
      leaves.push(mayDestroy(value) ? { ...operand, weight: Math.min(operand.weight, 0.9) } : operand);
  }
  // What stands inside a longer text can be a destination of its own: a link in a message's body.
  const role = leaf.role === 'destination' ? 'destination' : 'content';
  if (leaf.words.length > 1) {
    for (const { kind, text } of findLiterals(leaf.folded, 200)) {
      if (text !== leaf.folded && kind !== 'handle') leaves.push(makeLeaf(text, text, path, role, kind));
    }
  }
}

/** Reads one value of a call; `path` says what it is for. */
export function readLeaf(value: string | number | boolean, path: readonly string[]): Leaf {
  const text = String(value);
  const folded = foldText(text).text.trim();
  const role = roleOf(path);
  if (typeof value === 'boolean') return makeLeaf(text, folded, path, role, 'flag');
  if (typeof value === 'number' || /^-?\d{1,6}(?:\.\d+)?$/.test(folded))
    return makeLeaf(text, folded, path, role, 'number');
  if (DATE.test(folded)) return makeLeaf(text, folded, path, role, 'date');
  const [literal] = folded.length < 300 ? findLiterals(folded, 1) : [];
  const kind = literal !== undefined && literal.text === folded ? literal.kind : 'text';
  return makeLeaf(text, folded, path, role, kind);
}

function makeLeaf(
  value: string,
  folded: string,
  path: readonly string[],
  role: Leaf['role'],
  kind: Leaf['kind'],
): Leaf {
  const words = folded.slice(0, 20_000).match(/[\p{L}\p{N}]+/gu) ?? [];
  return {
    path: path.join('.'),
    role,
    kind,
    value,
    folded,
    whole: squash(folded.slice(0, 20_000)),
    words,
    weight: isLight(path.at(-1) ?? '', folded) ? 0.2 : weighLeaf(role, kind, words),
  };
}

/** Which of its deeds a tool is to do, in one word: of what the name says, not of what it is done with. */
const isDoing = (name: string, folded: string): boolean =>
  (/^(?:action|op|operation|verb|subcommand)$/i.test(name) && /^[a-z]{2,20}(?:[_-][a-z]{2,20})?$/.test(folded)) ||
  (name === 'method' && /^(?:get|head|post|put|patch|delete)$/.test(folded));

const isLight = (name: string, folded: string): boolean =>
  OWN_HOST.test(folded) || isElement(name, folded) || isDoing(name, folded);

/** A page's element by a short handle that only the page gives: `ref: e31`. */
const isElement = (name: string, folded: string): boolean =>
  /(?:^|[_.])(?:ref|uid|bid|selector|index|xpath|(?:element|node)(?:[_-]?(?:id|ref))?)$/i.test(name) &&
  /^[a-z]{0,3}-?\d{1,5}$/.test(folded);

/** A link to the machine itself leads nowhere. */
const OWN_HOST = /^https?:\/\/(?:localhost|127\.0\.0\.1)\b/;

function weighLeaf(role: Leaf['role'], kind: Leaf['kind'], words: readonly string[]): number {
  switch (kind) {
    case 'flag':
      return 0;
    case 'number':
      // A long number is somebody's: an account, an order. A short one is anybody's.
      return (words[0]?.length ?? 0) >= 5 ? 1 : 0.25;
    case 'date':
      return 0.25;
    case 'mail':
    case 'link':
    case 'account':
    case 'phone':
      return 2;
    case 'handle':
    case 'code':
      return role === 'destination' ? 2 : 1;
    case 'text':
      if (words.every((word) => word.length < 3 || isStop(word))) return 0.1;
      return role === 'destination' ? 1.5 : 1;
  }
}

/** Verbs every tool has: they say little of what a call is for. */
const COMMON = wordSet(
  'get list read search find look view show fetch retrieve check query lookup do run use manage handle process perform tool api by for all my new id manager data info information detail details record records system service item items app',
);
/** Verbs that say what is done only together with what it is done to: `update` a password or a page. */
const GENERIC = wordSet('create add make set update change modify edit put place submit post');

const wordsOf = remembering((name): readonly string[] => [
  ...new Set(splitName(name).filter((word) => !isStop(word) && !/^\d+$/.test(word))),
]);

/** A name's first word that says whose tool it is, not what it does: `kubectl_`, `notion_`; another tool has it too. */
const isVendor = (word: string, tool: GuardTool, tools: readonly GuardTool[]): boolean =>
  !isOrderVerb(word) &&
  conceptsOf(stemWord(word)).length === 0 &&
  tools.some(({ name }) => name !== tool.name && wordsOf(name)[0] === word);

/** The words of the tool's name; one that many tools share weighs less. */
function weighUnits(tool: GuardTool, tools: readonly GuardTool[]): readonly Unit[] {
  const words = wordsOf(tool.name);
  return words.map((word, i) => {
    const stem = stemWord(word);
    const sharing =
      tools.length < 4 ? 0 : tools.filter(({ name }) => wordsOf(name).includes(word)).length / tools.length;
    const light = GENERIC.has(word) && words.length > 1;
    const vendor = i === 0 && words.length > 1 && isVendor(word, tool, tools);
    const weight = COMMON.has(word) ? 0.2 : vendor || sharing > 0.4 ? 0.4 : light ? 0.5 : 1;
    const stems = [stem, ...translateWord(word).map(stemWord)];
    return { word, meanings: [...stems, ...stems.flatMap((one) => conceptsOf(one))], weight };
  });
}
