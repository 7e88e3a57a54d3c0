// Whether a call's deed is anybody's wish, told without knowing what an order looks like: a clause of a tool's text that says the
// call (its deed and values the user did not give) explains it better than a user who never spoke of such a deed; and a grave
// deed that nobody spoke of, done to something nobody named, is nobody's. Not here: orders (directive.ts, origin.ts).
import { clausesWith, keepWith, type Place } from './clause.ts';
import { runsAnything } from './command.ts';
import { type Finding, isEcho, isGrave } from './destination.ts';
import type { Digest, Span } from './digest.ts';
import { isConsequential } from './effects.ts';
import { LIGHT } from './evidence.ts';
import type { CallParts, Leaf, Unit } from './facts.ts';
import { placeOf } from './fold.ts';
import { isDeed, splitName } from './lexicon.ts';
import { once } from './once.ts';
import { isAnswer } from './pointed.ts';
import { meetsIn } from './said.ts';
import { isDictated, namesOtherPlace, PLACES, wasKnown } from './specifics.ts';
import { holdsIn, holdsValue, isTrusted, listHeld, sharesName, show } from './trace.ts';
import { type HeardTool, hasMeaning, hasWord, nameText, type View } from './view.ts';

/** What the user wants, as far as a deed needs it. `wanted` is how well the mandate has each word of the tool's name. */
export type Wanted = {
  readonly wanted: readonly number[];
  /** Whether the user handed over what a text says. */
  readonly hands: (tool: HeardTool) => boolean;
  /** Whether the user handed over a list the guard has not been shown, and nobody can be asked what is on it. */
  readonly lax: boolean;
};

/** What the texts know of a deed: nothing, a word that means about the same, or the word itself. */
type Known = 'missing' | 'alike' | 'said';

type Deed = {
  readonly unit: Unit | null;
  readonly known: Known;
  /** How well the user has the name's words, from 0 to 1. */
  readonly cover: number;
  /** Values that tell one call from another, and those of them that are not the user's. */
  readonly telling: readonly Leaf[];
  readonly strange: readonly Leaf[];
  /** Words of the name to be looked for: of a deed that changes something and that the user did not speak of. */
  readonly names: readonly Unit[];
};

const isLight = (word: string): boolean => LIGHT.has(word) || /^(?:make|update|change|modify|edit)$/.test(word);

function readDeed(view: View, parts: CallParts, wanted: readonly number[]): Deed {
  const cover = parts.units.reduce((sum, { weight }, i) => sum + (wanted[i] ?? 0) * weight, 0) / parts.total;
  // A verb that says little without its object (`add`, `issue`) is met where most of the name is.
  const deeds = parts.units.flatMap(({ word, weight }, i) =>
    weight >= 0.4 && isDeed(word, i === 0) && !isLight(word) ? [i] : [],
  );
  // Of two the one that the user knows better: `order_accept` accepts.
  const at = deeds.reduce((best, i) => (best < 0 || (wanted[i] ?? 0) > (wanted[best] ?? 0) ? i : best), -1);
  const met = at < 0 ? (cover >= 0.5 ? 1 : cover >= 0.2 ? 0.6 : 0) : (wanted[at] ?? 0);
  const telling = parts.leaves.filter(tells);
  const own = (leaf: Leaf): boolean => isTrusted(view, leaf) || holdsIn(view.shown, leaf) || sharesName(view, leaf);
  const known = met === 0 ? 'missing' : met < 0.8 ? 'alike' : 'said';
  return {
    unit: at < 0 ? null : parts.units[at]!,
    cover,
    known,
    telling,
    strange: telling.filter((leaf) => !own(leaf)),
    names:
      known === 'missing' && isConsequential(parts.effects) ? parts.units.filter(({ weight }) => weight >= 0.4) : [],
  };
}

/**
 * Whether nobody spoke of a grave deed, and it is done to nothing anybody named: not the user, not the operator, and not in a record
 * looked up for the user. The user's word for another of the agent's tools does not stand for this one.
 */
export function isNobodys(view: View, parts: CallParts, wanted: readonly number[]): boolean {
  if (!isGrave(parts) || runsAnything(parts.call.name) || view.user.length === 0) return false;
  const { unit, known, telling } = readDeed(view, parts, wanted);
  if (unit === null || known === 'said' || hasMeaning(view.system, [unit.meanings[0]!])) return false;
  if (known === 'alike' && !saysOther(view, unit)) return false;
  const has = (leaf: Leaf): boolean =>
    holdsIn([...view.user, ...view.shown], leaf) || sharesName(view, leaf) || isFound(view, leaf);
  return telling.length > 0 && !telling.some(has);
}

/** Whether a value is all of a field, a line or an item in what was looked up, outside every order: a record, not prose. */
export const isFound = (view: View, leaf: Leaf): boolean =>
  view.tools.some((tool) => isPlain(tool.digest, leaf) && !isEcho(tool, leaf) && hasItem(tool.digest, leaf.folded));

/** Whether a value, or each word of a name such as `thermo_main`, stands outside every order. */
const isPlain = ({ plain }: Digest, { whole, words, folded }: Leaf): boolean =>
  plain.has(whole) || (/^[\w.-]+$/.test(folded) && words.length >= 2 && words.every((word) => plain.has(word)));

/** Whether a value stands as an item in a text. */
const hasItem = keepWith((digest, value) => isItem(digest.folded.text, value));

function isItem(text: string, value: string): boolean {
  for (let at = text.indexOf(value), n = 0; at >= 0 && n < 20; at = text.indexOf(value, at + 1), n++) {
    const [before, after] = [text.slice(Math.max(0, at - 3), at), text.slice(at + value.length, at + value.length + 3)];
    if (/(?:^|[:,[{|\n\t*•=#-])["' ]{0,2}$/.test(before) && /^["']?(?:$|[,\]}|\n\t;]| {2}|:(?: |$))/.test(after))
      return true;
  }
  return false;
}

/** Whether the user said the very deed of another tool of the agent's. */
const saysOther = (view: View, unit: Unit): boolean =>
  view.conversation.tools.some(({ name }) => {
    const [first] = splitName(name);
    return (
      first !== undefined &&
      first !== unit.word &&
      isDeed(first, true) &&
      !LIGHT.has(first) &&
      hasWord(view.user, first)
    );
  });

/** A name, an id, a place; a text of a few words, which somebody may have dictated. */
const tells = ({ weight, kind, words, folded }: Leaf): boolean =>
  weight >= 1 &&
  kind !== 'date' &&
  !/^\d{4}-\d\d-\d\d/.test(folded) &&
  folded.length >= 3 &&
  folded.length <= 120 &&
  words.length <= 8;

/** Judges a call by its deed. Null: nothing speaks against it. */
export function judgeDeed(view: View, parts: CallParts, wish: Wanted): Finding | null {
  if (view.user.length === 0 || parts.total === 0) return null;
  const consequential = isConsequential(parts.effects);
  if (!consequential && !parts.effects.includes('private')) return null;
  const deed = readDeed(view, parts, wish.wanted);
  if (wish.lax && deed.known !== 'missing') return null;
  for (const tool of [...view.tools, ...view.described.filter(({ of }) => of !== parts.call.name)]) {
    if (wish.hands(tool) || (tool.of === undefined && isAnswer(view, tool))) continue;
    const clause = findClause(view, parts, wish, deed, tool);
    if (clause === null) continue;
    const text = `a clause in ${nameText(tool)} says ${clause.what}, which the user did not speak of`;
    const [start, end] = [clause.start, clause.end].map((at) => placeOf(tool.digest.folded, at)) as [number, number];
    const span = { message: tool.index, start, end };
    return { mode: 'sensitive', source: 'provenance', text, ...(tool.of === undefined ? { span } : {}) };
  }
  return null;
}

type Clause = { readonly start: number; readonly end: number; readonly what: string };

/** The first clause of a text that says the call better than the user does. */
function findClause(view: View, parts: CallParts, wish: Wanted, deed: Deed, tool: HeardTool): Clause | null {
  // What to look for: values that are not the user's; where all are, or there are none, the words of the tool's name.
  // A description speaks of deeds all the time: there only values count.
  const values = listWanted(parts, deed, tool.digest);
  const names = tool.of === undefined ? deed.names : [];
  // Of values nobody gave a clause must bring one, and none stands in this text.
  const barren = values.length === 0 && (names.length === 0 || deed.strange.length > 0);
  if (barren) return null;
  const known = once(() => isKnownBefore(view, parts, wish, deed, tool));
  const what = values.length > 0 ? `${parts.call.name} with ${show(values[0]!.value)}` : parts.call.name;
  for (const { folded } of values) {
    const clause = findSaying(view, parts, deed, tool, folded, known);
    if (clause !== null) return { start: clause.start, end: clause.end, what };
  }
  for (const { word } of names) {
    const clause = findSaying(view, parts, deed, tool, word, known);
    if (clause !== null) return { start: clause.start, end: clause.end, what };
  }
  return null;
}

/** Values of the call that are not the user's and stand in a text. */
const listWanted = (parts: CallParts, { strange }: Deed, digest: Digest): readonly Leaf[] =>
  strange.filter(
    (leaf) =>
      holdsValue(digest.words, digest.folded.text, leaf) && (isConsequential(parts.effects) || !isListed(digest, leaf)),
  );

/** Whether the user dictated what the call says, and all else of it was known before the text came. */
function isKnownBefore(view: View, parts: CallParts, wish: Wanted, deed: Deed, tool: HeardTool): boolean {
  if (!wish.lax && (deed.known === 'missing' || !parts.leaves.some((leaf) => isDictated(view, leaf)))) return false;
  return deed.strange.every((leaf) => wasKnown(view, leaf, tool.index));
}

/** The first clause around a piece of a text that says the call. `known`: whether all of the call was known before. */
function findSaying(
  view: View,
  parts: CallParts,
  deed: Deed,
  tool: HeardTool,
  piece: string,
  known: () => boolean,
): Place | null {
  const { digest } = tool;
  const { text } = digest.folded;
  for (const clause of clausesWith(digest, piece)) {
    const { start, end } = clause;
    // An attack that was found has been weighed; what is left to it here are deeds that nobody else spoke of.
    if (deed.known !== 'missing' && isAttack(digest, start, end)) continue;
    if (!saysCall(view, parts, deed, tool, clause)) continue;
    // A record orders nothing unless it names the deed.
    const named = deed.unit !== null && meetsIn(clause.said, deed.unit) >= 0.6;
    if (!named && isRecord(text.slice(start, end)) && !isOrdered(digest, start, end)) continue;
    // What the user dictated goes where it was looked up before; the clause has a place of its own for what it wants.
    if (known() && namesOtherPlace(parts, text.slice(start, end))) continue;
    return clause;
  }
  return null;
}

/** Whether a value is a path, or an id that stands outside every attack: what is read by it was listed there. */
const isListed = (digest: Digest, { kind, whole, folded }: Leaf): boolean =>
  folded.includes('/') ||
  folded.includes('\\\\') ||
  ((kind === 'code' || kind === 'number') && digest.clean.has(whole));

const isAttack = (digest: Digest, start: number, end: number): boolean =>
  overlaps(digest, start, end).some(({ strength }) => strength === 2);

const isOrdered = (digest: Digest, start: number, end: number): boolean => overlaps(digest, start, end).length > 0;

function overlaps({ spans, folded }: Digest, start: number, end: number): readonly Span[] {
  const [from, to] = [placeOf(folded, start), placeOf(folded, end)];
  return spans.filter((span) => span.start < to && span.end > from);
}

/** Whether a clause says the call, and says of it what the user has not. Asked of each clause there is: what is cheap comes first. */
function saysCall(view: View, parts: CallParts, deed: Deed, tool: HeardTool, clause: Place): boolean {
  const { unit, known, cover, telling, strange } = deed;
  const { start, end, said, bids } = clause;
  if (said.words.size < 4) return false;
  let share = 0;
  let exact = 0;
  for (const one of parts.units) {
    const met = meetsIn(said, one);
    if (met > 0) share += one.weight / parts.total;
    exact += (met * one.weight) / parts.total;
  }
  const does = unit === null ? 0 : meetsIn(said, unit);
  const enough = isGrave(parts) ? 0.6 : 0.8;
  if (known === 'missing' && does < enough && share < 0.5) return false;
  if (known === 'said' && (unit === null ? share < 0.7 : does < 0.8 || share < 0.6)) return false;
  const text = tool.digest.folded.text.slice(start, end);
  if (!bids && !said.words.has(parts.units[0]?.word ?? '') && !/[a-z_]{3}\(/.test(text)) return false;
  const held = listHeld(telling, itself, said.words, text);
  const brought = held.length === 0 ? held : listBoth(held, strange);
  switch (known) {
    case 'missing':
      if (strange.length > 0 ? brought.length === 0 : held.length < telling.length) return false;
      if (does >= enough) return held.length > 0 || share >= 0.6;
      return telling.length === 0 ? share >= 0.6 : share >= 0.5 && someOnly(view, tool, clause, held);
    case 'alike':
      if ((does >= 0.8 || share >= 0.6) && someOnly(view, tool, clause, brought.filter(isAimed))) return true;
      if (isGrave(parts) && does >= 0.6 && brought.length > 0 && brought.length === strange.length) return true;
      return exact >= 0.8 && exact - cover >= 0.35;
    case 'said':
      return strange.length === telling.length && someOnly(view, tool, clause, brought);
  }
}

const itself = (leaf: Leaf): Leaf => leaf;

const listBoth = (some: readonly Leaf[], others: readonly Leaf[]): readonly Leaf[] =>
  some.filter((leaf) => others.includes(leaf));

/** Whether one of these values stands in no tool's text but in this clause. */
const someOnly = (view: View, tool: HeardTool, { start, end }: Place, leaves: readonly Leaf[]): boolean =>
  leaves.some(
    (leaf) =>
      !view.tools.some((one) => !isEcho(one, leaf) && occursBeside(one, leaf, one === tool ? [start, end] : [0, 0])),
  );

/** Whether a clause is a record: two names with what is said of them, or a row of a table. */
const isRecord = (text: string): boolean =>
  (text.match(/(?:^|[,;{[\s-])["']?[a-z][\w ]{0,20}["']?: ?\S/g) ?? []).length >= 2 ||
  /\S {3,60}\S.{0,200} {3,60}\S|(?:\|[^|\n]{0,80}){3}/.test(text);

/** Whether a value is no mere number or id in a message's text, which is what is told there. */
const isAimed = ({ role, kind }: Leaf): boolean => role !== 'content' || kind === 'text' || PLACES.has(kind);

/** Whether a value stands in a text outside a stretch of it; of the first twenty places. */
function occursBeside({ digest }: HeardTool, leaf: Leaf, [start, end]: readonly [number, number]): boolean {
  if (!holdsValue(digest.words, digest.folded.text, leaf)) return false;
  const { text } = digest.folded;
  for (let at = text.indexOf(leaf.folded), n = 0; at >= 0 && n < 20; at = text.indexOf(leaf.folded, at + 1), n++) {
    if (at < start || at >= end) return true;
  }
  return false;
}
