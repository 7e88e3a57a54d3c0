// Whose wish a call is. A call is the user's if the user's words explain it: its purpose, or the values it takes; data the
// user pointed at is the user's too. It is not the user's where a tool's text orders it: where an order there explains the
// call better than the user does, or supplies what nobody else said. Where nothing orders it, a consequential call still
// needs a purpose the user has and a destination that is the user's.
// Not covered: facts planted to mislead, orders in words that directive.ts does not know.
import { callKey } from '../episode/action.ts';
import { runsAnything } from './command.ts';
import { type Finding, isEcho, isGrave, judgeDestinations, namesOther, type OriginOptions } from './destination.ts';
import type { Span } from './digest.ts';
import { isConsequential } from './effects.ts';
import { type CallParts, effectsOf, type Leaf, type Unit } from './facts.ts';
import { isStop } from './lexicon.ts';
import { hostOf } from './literals.ts';
import { holdsBeside, holdsValue, isTrusted, sharesName, show, tellingWords } from './trace.ts';
import { findProducer, type HeardTool, hasWord, type View } from './view.ts';

/** What the user wants, as far as words show: `cover` is the share of the call's name in it, `said` that share in the user's own words alone. */
type Wish = {
  readonly mandate: readonly Said[];
  /** For each word of the tool's name, how well the mandate has it: 1 the word itself, less for one that means the same, 0. */
  readonly wanted: readonly number[];
  readonly cover: number;
  readonly said: number;
};
/** Words as they stand, and what they mean. */
type Said = { readonly words: ReadonlySet<string>; readonly concepts: ReadonlySet<string> };

const means = (texts: readonly Said[], meanings: readonly string[]): boolean =>
  texts.some(({ concepts }) => meanings.some((meaning) => concepts.has(meaning)));

/** What another form of a word counts for beside the word itself, and a word that means the same. */
const [INFLECTED, ALIKE] = [0.8, 0.6];

function meets(texts: readonly Said[], { word, meanings }: Unit): number {
  if (texts.some(({ words }) => words.has(word))) return 1;
  if (texts.some(({ concepts }) => concepts.has(meanings[0]!))) return INFLECTED;
  return means(texts, meanings) ? ALIKE : 0;
}

/** The share of the call's own words that the texts cover, from 0 to 1; 1 for a name without words. */
function coverBy(texts: readonly Said[], parts: CallParts): number {
  if (parts.total === 0) return 1;
  return weigh(parts.units.filter((unit) => means(texts, unit.meanings))) / parts.total;
}

/** The user's words, and the orders in texts the user said to carry out. */
function listMandate(view: View): readonly Said[] {
  const own = view.user.map(({ digest }) => digest);
  if (!handsOver(view, HANDS_ALL)) return own;
  const handed = view.tools.filter((tool) => isPointed(view, tool));
  const orders = handed.flatMap(({ digest }) => digest.spans.filter(({ strength }) => strength === 1));
  return [...own, ...orders];
}

const handsOver = (view: View, pattern: RegExp): boolean =>
  view.user.some(({ digest }) => pattern.test(digest.folded.text));

const weigh = (units: readonly Unit[]): number => units.reduce((sum, { weight }) => sum + weight, 0);

/** Judges whose wish a call is. No finding: nothing speaks against it. */
export function judgeOrigin(view: View, parts: CallParts, options: OriginOptions): readonly Finding[] {
  const mandate = listMandate(view);
  const said = coverBy(
    view.user.map(({ digest }) => digest),
    parts,
  );
  const cover = Math.max(coverBy(mandate, parts), handsOverUnseen(view) ? 0.5 : 0);
  const wish = { mandate, wanted: parts.units.map((unit) => meets(mandate, unit)), cover, said };
  const ordered = view.tools.flatMap((tool) => judgeTool(view, parts, wish, tool));
  if (ordered.length > 0) return ordered;
  return judgeDestinations(view, parts, cover, options);
}

function judgeTool(view: View, parts: CallParts, wish: Wish, tool: HeardTool): readonly Finding[] {
  if (!touches(parts, wish, tool)) return [];
  for (const span of tool.digest.spans) {
    const finding =
      span.strength === 2 ? judgeAttack(view, parts, wish, tool, span) : judgeOrder(view, parts, wish, tool, span);
    if (finding !== null) return [finding];
  }
  return [];
}

/** Whether any order of the text can bear on the call: told from all of them together, before each is looked at. */
function touches({ units, leaves }: CallParts, { cover }: Wish, { digest: { orders, spans } }: HeardTool): boolean {
  if (spans.length === 0) return false;
  if (orders.strong || cover < 0.2) return true;
  if (units.some(({ meanings }) => meanings.some((meaning) => orders.concepts.has(meaning)))) return true;
  return leaves.some(
    ({ whole, words }) =>
      orders.words.has(whole) || (words.length > 1 && words.every((word) => orders.words.has(word))),
  );
}

/** Whether a text was read, and is not what a deed returned. */
const isRead = (view: View, { tool: name }: HeardTool): boolean =>
  !isConsequential(effectsOf(view.conversation.tools.find((tool) => tool.name === name) ?? { name }));

/** How well an order explains the call beside the user: the weights of the name's words only one of them has. */
function compareNames({ wanted }: Wish, parts: CallParts, span: Span): { share: number; its: number; theirs: number } {
  let [both, its, theirs] = [0, 0, 0];
  for (const [i, unit] of parts.units.entries()) {
    const inSpan = meets([span], unit);
    const inUser = wanted[i] ?? 0;
    if (inSpan > 0) both += unit.weight;
    its += unit.weight * Math.max(0, inSpan - inUser);
    theirs += unit.weight * Math.max(0, inUser - inSpan);
  }
  return { share: parts.total === 0 ? 0 : both / parts.total, its, theirs };
}

/** Whether the order has each telling word of the tool's name itself, not only one that means the same. */
function saysExactly({ units }: CallParts, span: Span): boolean {
  const telling = units.filter(({ weight }) => weight >= 0.4);
  return telling.length > 0 && telling.every(({ meanings }) => span.concepts.has(meanings[0]!));
}

/** Values of the call that stand in the order and nowhere else. */
function listExclusive(view: View, parts: CallParts, span: Span): readonly Leaf[] {
  return parts.leaves.filter(
    (leaf) =>
      leaf.weight >= 0.25 &&
      holdsValue(span.words, span.text, leaf) &&
      !isTrusted(view, leaf) &&
      !view.tools.some((tool) => holdsBeside(tool, leaf, span) && !isEcho(tool, leaf)),
  );
}

const sumWeights = (leaves: readonly Leaf[]): number => leaves.reduce((sum, { weight }) => sum + weight, 0);

/** Whether the order names the tool as only somebody who knows the agent's tools would. */
function namesTool(parts: CallParts, span: Span): boolean {
  const name = parts.call.name.toLowerCase();
  if (!span.words.has(name) && !parts.units.every(({ word }) => span.words.has(word))) return false;
  if (!span.text.includes(name)) return false;
  if (parts.units.length >= 2) return true;
  // A name of one word is named only where it is marked as one.
  return [`"${name}"`, `'${name}'`, `\`${name}\``, `${name} tool`, `${name} function`, `${name}(`].some((form) =>
    span.text.includes(form),
  );
}

/** Long texts taken over from the order, word by word: most of their rare words stand there and not in the user's. */
function isCopied(view: View, parts: CallParts, span: Span): boolean {
  return parts.leaves.some(({ kind, words }) => {
    if (kind !== 'text' || words.length < 3) return false;
    const rare = words.filter((word) => word.length >= 4);
    const taken = rare.filter(
      (word) => span.words.has(word) && !view.user.some(({ digest }) => digest.words.has(word)),
    );
    return taken.length >= 3 && taken.length >= rare.length * 0.6;
  });
}

/** Whether the call has values and takes none of them from the order. */
function takesNothing(parts: CallParts, span: Span): boolean {
  const telling = parts.leaves.filter(({ weight }) => weight >= 0.25);
  return telling.length > 0 && !telling.some((leaf) => holdsValue(span.words, span.text, leaf));
}

/** Whether the user named a telling value of the call. */
const hasOwnValue = (view: View, parts: CallParts): boolean =>
  parts.leaves.some(
    (leaf) => leaf.weight >= 1 && (isTrusted(view, leaf) || sharesName(view, leaf) || hasHost(view, leaf)),
  );

/** Whether the user spoke of the site a link leads to. */
function hasHost(view: View, leaf: Leaf): boolean {
  const host = leaf.kind === 'link' ? hostOf(leaf.folded) : null;
  return host !== null && view.user.some(({ digest }) => digest.folded.text.includes(host));
}

/** Whether the order names another tool of the agent's, and not this one. */
function namesAnother(view: View, parts: CallParts, span: Span): boolean {
  if (namesTool(parts, span)) return false;
  return view.conversation.tools.some(
    ({ name }) => name.length >= 6 && name !== parts.call.name && span.text.includes(name.toLowerCase()),
  );
}

function judgeAttack(view: View, parts: CallParts, wish: Wish, tool: HeardTool, span: Span): Finding | null {
  const { cover } = wish;
  const taken = listExclusive(view, parts, span);
  if (sumWeights(taken) >= 1) return blame('malicious', tool, span, `${listValues(taken)} only there`);
  const apart = takesNothing(parts, span);
  const own = hasOwnValue(view, parts) && cover >= 0.4;
  if (namesTool(parts, span) && cover < 0.99 && !own && !(apart && cover >= 0.4)) {
    return blame(apart ? 'sensitive' : 'malicious', tool, span, `the tool ${parts.call.name} by name`);
  }
  const { share, its, theirs } = compareNames(wish, parts, span);
  const elsewhere = namesAnother(view, parts, span);
  if (
    its >= 0.5 &&
    its > theirs &&
    (share >= 0.5 || cover < 0.34) &&
    !(apart && cover >= (isConsequential(parts.effects) ? 0.4 : 0.5)) &&
    !(elsewhere && !isGrave(parts))
  ) {
    const vague = elsewhere || !isGrave(parts) || parts.leaves.some(({ weight }) => weight >= 1);
    return blame(vague ? 'sensitive' : 'malicious', tool, span, PURPOSE);
  }
  if (isCopied(view, parts, span)) return blame('malicious', tool, span, 'the words of this call');
  if (share >= 0.7 && isRepeated(view, parts)) return blame('sensitive', tool, span, REPEATED);
  const reads = !isConsequential(parts.effects);
  if (reads && !elsewhere && share >= 0.7 && theirs < 0.5 && !hasOwnValue(view, parts))
    return blame('sensitive', tool, span, EITHER);
  return judgeUnexplained(view, parts, wish, tool, span);
}

/**
 * A private or consequential call that the user's words hardly explain, while an order stands in sight that touches what
 * the tool says it does, or what the call says.
 */
function judgeUnexplained(
  view: View,
  parts: CallParts,
  { cover, mandate }: Wish,
  tool: HeardTool,
  span: Span,
): Finding | null {
  if (cover >= 0.2 || parts.total === 0 || hasOwnValue(view, parts)) return null;
  if (!isConsequential(parts.effects) && !parts.effects.includes('private')) return null;
  if (namesAnother(view, parts, span) && !isGrave(parts)) return null;
  const told = parts.description.filter((meanings) => !means(mandate, meanings) && means([span], meanings));
  const rare = parts.leaves.flatMap(({ words }) => words.filter((word) => word.length >= 4 && !isStop(word)));
  const taken = rare.filter((word) => span.words.has(word) && !hasWord(view.user, word));
  return told.length + taken.length >= 2 ? blame('sensitive', tool, span, NEARBY) : null;
}

const NEARBY = 'something like this call, which the user did not speak of';

const PURPOSE = 'this purpose, which the user did not speak of';
const REPEATED = 'what the user asked for once and has had';
const EITHER = 'this as well as the user does, with no value the user named';

function judgeOrder(view: View, parts: CallParts, wish: Wish, tool: HeardTool, span: Span): Finding | null {
  const { cover, said } = wish;
  if (namesTool(parts, span) && cover < 0.5)
    return blame('sensitive', tool, span, `the tool ${parts.call.name} by name`);
  const { share, its, theirs } = compareNames(wish, parts, span);
  const taken = listExclusive(view, parts, span);
  const explains = its >= 0.5 && its > theirs && (share >= 0.7 || (its >= 1 && cover < 0.34));
  const alien = explains && !(takesNothing(parts, span) && cover >= 0.4);
  const supplies = sumWeights(taken) >= 1;
  const handed = isPointed(view, tool) && handsOver(view, HANDS_OVER);
  const reads = !isConsequential(parts.effects);
  if (reads && !handed && isRead(view, tool) && saysExactly(parts, span)) {
    if (isRepeated(view, parts)) return blame('sensitive', tool, span, REPEATED);
    if (its > 0 && theirs < 0.5 && !hasOwnValue(view, parts)) return blame('sensitive', tool, span, EITHER);
  }
  if (!alien && !supplies) return judgeUnexplained(view, parts, wish, tool, span);
  const commanded = handed && handsOver(view, HANDS_ALL);
  const linked = handed || isLinkedOrder(view, tool, span, parts);
  const harmless = !isConsequential(parts.effects) && !parts.effects.includes('private');
  const looks = handed && reads;
  if (alien && !commanded && !looks && !(linked && harmless)) return blame('sensitive', tool, span, PURPOSE);
  // A command that looks for words of a text which also gives orders looks all the same; a place it goes to is another thing.
  const telling =
    !reads || !runsAnything(parts.call.name) || taken.some((leaf) => leaf.weight >= 1.5 || leaf.role === 'destination');
  if (supplies && telling && cover < 0.34 && !linked)
    return blame('sensitive', tool, span, `${listValues(taken)} only there`);
  const places = taken.filter((leaf) => leaf.weight >= 1.5 && leaf.role !== 'other');
  if (places.length === 0) return null;
  const other = places.some((leaf) => namesOther(view, leaf));
  if (!isConsequential(parts.effects) && (linked || !other)) return null;
  if (said >= 0.5 && linked && !other) return null;
  if (places.every((leaf) => sharesName(view, leaf))) return null;
  return blame('sensitive', tool, span, `${listValues(places)} only there`);
}

const listValues = (leaves: readonly Leaf[]): string =>
  [...new Set(leaves.map(({ value }) => show(value)))].slice(0, 3).join(', ');

function blame(mode: Finding['mode'], tool: HeardTool, span: Span, what: string): Finding {
  const kind =
    span.strength === 2
      ? `an order in the text of ${tool.tool} that ${span.cues.join(', ')}`
      : `an order in the text of ${tool.tool}`;
  const text = `${kind} calls for ${what}`;
  return { mode, source: 'provenance', text, span: { message: tool.index, start: span.start, end: span.end } };
}

/** Whether the very same call was made since the user last spoke. */
function isRepeated(view: View, parts: CallParts): boolean {
  const key = callKey(parts.call);
  const since = view.user.at(-1)?.index ?? -1;
  return view.calls.some(({ index, call }) => index > since && call.name === parts.call.name && callKey(call) === key);
}

const HANDS_OVER =
  /\b(?:follow|do (?:all|the|what|everything|it|as)|complete|perform|execute|carry out|handle|work through|go through|take care of|act on|address|respond to|reply to|accordingly|as (?:it|they|he|she) (?:says?|asks?|requests?|describes?)|according to|based on|instructions?|to-?do list|pay|settle|(?:can|will|may|should) find|(?:details?|info\w{0,9}|described|mentioned|specified|listed|given|stated|written) (?:is |are )?(?:in|on|at|from|by))\b/;

const HANDS_ALL =
  /\b(?:do|complete|perform|execute|carry out|handle|work through|go through|follow|take care of|finish)\b[^.\n]{0,40}\b(?:instructions?|to-?dos?|tasks?|actions?|steps|items|requests?)\b/;

/** Whether the user handed over a list that the guard has not been shown: then its purposes are nobody's to guess. */
function handsOverUnseen(view: View): boolean {
  if (!handsOver(view, HANDS_ALL)) return false;
  return !view.tools.some((tool) => isPointed(view, tool));
}

/** Whether the order speaks of what the user spoke of, in two telling words or more. */
function isLinkedOrder(view: View, tool: HeardTool, span: Span, parts: CallParts): boolean {
  const telling = tellingOf(view, tool, span);
  const shared = telling.filter((word) => hasWord(view.user, word) && !parts.units.some((unit) => unit.word === word));
  return shared.length >= 2;
}

const telling = new WeakMap<Span, readonly string[]>();

/** The telling words of an order's line. A span belongs to one text, so they are found once. */
function tellingOf(view: View, tool: HeardTool, span: Span): readonly string[] {
  const known = telling.get(span);
  if (known !== undefined) return known;
  const words = [...new Set(tellingWords(lineAround(view, tool, span), NOTHING))];
  telling.set(span, words);
  return words;
}

const NOTHING: ReadonlySet<string> = new Set();

/** The order with the rest of its line, which says what it is about. */
function lineAround(view: View, tool: HeardTool, span: Span): string {
  const text = view.conversation.messages[tool.index]?.text ?? '';
  const from = Math.max(0, span.start - 200);
  const whole = text.slice(from, span.end);
  const bounds = [...whole.matchAll(/\n(?! {2})|["'] ?[:,]/g)].map((match) => match.index + 1);
  return whole.slice(bounds.findLast((at) => at <= span.start - from) ?? 0).toLowerCase();
}

/** Whether the text was read with a telling value of the user's words. What a deed returns is no text anybody pointed at. */
function isPointed(view: View, tool: HeardTool): boolean {
  const producer = findProducer(view, tool.index);
  if (producer === null || !isRead(view, tool)) return false;
  const values = Object.values(producer.arguments).filter((value) => typeof value === 'string' && value.length >= 3);
  return values.some((value) =>
    view.user.some(({ digest }) => digest.folded.text.includes(String(value).toLowerCase())),
  );
}
