// Which texts the user pointed at: those that a reading call returned for a value of the user's own words, or for one that such
// a text gave. Their data is the user's to begin with; what they order is not, unless the user said to do it (origin.ts).
import type { Effect } from '../safety/taxonomy.ts';
import { keepWith } from './clause.ts';
import { onlyLooks, runsAnything } from './command.ts';
import type { Digest } from './digest.ts';
import { isConsequential } from './effects.ts';
import { effectsOf } from './facts.ts';
import { squash } from './fold.ts';
import { isStop } from './lexicon.ts';
import { hostOf } from './literals.ts';
import { onceFor } from './once.ts';
import { findProducer, type HeardTool, hasWord, type View } from './view.ts';

/** The effects of a tool of the conversation, by name, as far as one can tell. */
export const effectsIn = (view: View, name: string): readonly Effect[] =>
  effectsOf(view.conversation.tools.find((tool) => tool.name === name) ?? { name });

/** Whether a text was read, and is not what a deed returned. */
export const isRead = (view: View, { tool, index }: HeardTool): boolean =>
  !isConsequential(effectsIn(view, tool)) ||
  (runsAnything(tool) && onlyLooks(findProducer(view, index)?.arguments ?? {}));

/** Whether a text is what a grave deed returned: the tool's own answer. */
export const isAnswer = (view: View, { tool }: HeardTool): boolean =>
  effectsIn(view, tool).some((effect) => effect === 'sends' || effect === 'spends' || effect === 'irreversible');

/**
 * Whether the text was read with a telling value of the user's words, or with one that such a text gave outside of orders:
 * the note found by its title. What a deed returns is no text anybody pointed at.
 */
export function isPointed(view: View, tool: HeardTool): boolean {
  return isRead(view, tool) && isAskedFor(view, tool, 0);
}

/** The same, where what leads from one text to the next are ids and paths alone: words of a text are what it tells. */
export function isFetched(view: View, tool: HeardTool): boolean {
  return isRead(view, tool) && isAskedFor(view, tool, 0, true);
}

type Asked = WeakMap<HeardTool, boolean>;
/** By the user's words: at the first step, and further on. */
const asked = new WeakMap<View['user'], readonly [Asked, Asked]>();

/** Whether the call that returned the text had a value of the user's, or one that came from such a text. A view's texts are asked about often. */
function isAskedFor(view: View, tool: HeardTool, depth: number, ids = false): boolean {
  const caches = asked.get(view.user) ?? ([new WeakMap(), new WeakMap()] as const);
  asked.set(view.user, caches);
  const cache = caches[depth === 0 ? 0 : 1];
  const known = cache.get(tool);
  if (known !== undefined) return known;
  const found = traceCall(view, tool, depth, ids);
  cache.set(tool, found);
  return found;
}

function traceCall(view: View, tool: HeardTool, depth: number, ids: boolean): boolean {
  const producer = findProducer(view, tool.index);
  if (producer === null) return false;
  const values = Object.values(producer.arguments)
    .flat()
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .map(String)
    .filter((value) => value.length >= 3)
    .map((value) => value.toLowerCase());
  const finds = /search|find|list|query|lookup/i.test(producer.name);
  if (
    values.some(
      (value) => saidByUser(view, value) || ((depth > 0 || !finds) && saysMostOf(view, value, depth > 0 ? 1 : 2)),
    )
  )
    return true;
  if (values.some((value) => namesFile(view, value))) return true;
  if (depth >= 3) return false;
  const wholes = values.filter((value) => !ids || /\d/.test(value)).map(squash);
  const short = Object.entries(producer.arguments).flatMap(([name, value]) =>
    /id_?$/i.test(name) && /^\w{1,2}$/.test(String(value)) ? [String(value).toLowerCase()] : [],
  );
  const fields = values.filter(isPath).map((path) => `"${path}"`);
  return view.tools.some(
    (one) =>
      one.index < tool.index &&
      (wholes.some((whole) => one.digest.plain.has(whole)) ||
        fields.some((field) => holdsText(one, field)) ||
        short.some((id) => hasId(one.digest, id))) &&
      isAskedFor(view, one, depth + 1, ids),
  );
}

/** Whether a text gives an id too short to be told from other numbers: `id: '13'`. */
const hasId = keepWith(({ folded }, id): boolean =>
  new RegExp(`id_?["']?\\s?[:=]\\s?["']?${id}(?!\\w)`).test(folded.text),
);

/** Whether a value is a path: found as all of a field of a record, `"runbook": "data/runbooks/load"`. */
const isPath = (value: string): boolean => value.length >= 6 && /[/\\.]/.test(value);
const holdsText = ({ digest }: HeardTool, text: string): boolean => digest.folded.text.includes(text);

/** Whether a command or a call reads a file by a name the user said. */
const namesFile = (view: View, command: string): boolean =>
  (command.slice(0, 4000).match(/[\w-]{5,60}(?=\.(?:md|txt|rst)\b)/g) ?? []).some((name) => hasWord(view.user, name));

/** Whether the user said most of the words of a path or, in whatever order, of a search: what that found may lead to the text that is meant. */
function saysMostOf(view: View, value: string, least: number): boolean {
  if (/^https?:|^www\.|@/.test(value)) return false;
  const rare = (value.match(/\p{L}{3,}/gu) ?? []).filter((word) => !isStop(word));
  return (
    rare.length >= least &&
    value.length >= 5 &&
    rare.length <= 40 &&
    rare.filter((word) => hasForm(view, word)).length >= rare.length * 0.6
  );
}

/** Whether the user said a word, or one that begins with it or that it begins with: the roofer's mail is found by `roof`. */
const hasForm = (view: View, word: string): boolean =>
  hasWord(view.user, word) ||
  (word.length >= 4 &&
    view.user.some(({ digest }) => longWords(digest).some((one) => one.startsWith(word) || word.startsWith(one))));

/** The words of a text that have four letters or more. */
const longWords = onceFor(
  ({ words }: Digest): readonly string[] => [...words].filter((word) => word.length >= 4),
  new WeakMap(),
);

/** A number is the same however it is grouped: `0220 551 877`. */
function saidByUser(view: View, value: string): boolean {
  const grouped = /^[\w\s-]{5,40}$/.test(value) && /\d{3}/.test(value) ? squash(value) : null;
  const host = /^https?:/.test(value) ? hostOf(value) : null;
  return view.user.some(
    ({ digest: { folded } }) =>
      folded.text.includes(value) ||
      (host !== null && folded.text.includes(host)) ||
      (grouped !== null && squash(folded.text.slice(0, 20_000)).includes(grouped)),
  );
}

/** Whether a value is all of a field in the record that a call for the user returned, as `"email": "a@b.example"` in JSON. */
export function isFieldOfPointed(view: View, folded: string): boolean {
  const field = `"${folded}"`;
  return view.tools.some((tool) => {
    const at = tool.digest.folded.text.indexOf(field);
    return (
      at > 0 &&
      /[:[,{]\s{0,3}$/.test(tool.digest.folded.text.slice(Math.max(0, at - 4), at)) &&
      isAskedFor(view, tool, 0)
    );
  });
}
