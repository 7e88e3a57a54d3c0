// What of a call an order explains and what the user explains: the words of the tool's name and the values, each weighed.
// Numbers only; what they mean for a decision is in origin.ts. What is asked about a value for many orders is found once.
import { runsAnything } from './command.ts';
import { isEcho } from './destination.ts';
import type { Span } from './digest.ts';
import { type CallParts, type Leaf, LINES, type Unit } from './facts.ts';
import { squash } from './fold.ts';
import { isDeed, isStop, wordSet } from './lexicon.ts';
import { findLiterals, type Literal } from './literals.ts';
import { once, onceFor } from './once.ts';
import { isPointed } from './pointed.ts';
import { INFLECTED, meetsIn } from './said.ts';
import { isAlias, isDictated, isDistinct, isTold, listPairs, missesPlace, PLACES } from './specifics.ts';
import { holdsBeside, holdsIn, holdsValue, isTrusted, listHeld, NONE, sharesName } from './trace.ts';
import { type HeardTool, hasWord, type View } from './view.ts';

type Facts = {
  readonly leaf: Leaf;
  readonly trusted: () => boolean;
  readonly named: () => boolean;
  readonly shown: () => boolean;
  readonly shares: () => boolean;
  /** The tools' texts that may have it outside attacks. */
  readonly tools: () => readonly HeardTool[];
  /** Longer words of a text, and those of them that the user does not know. */
  readonly rare: () => { readonly all: number; readonly strange: readonly string[] };
};

function gatherFacts(view: View, leaf: Leaf): Facts {
  const shares = once(() => leaf.kind !== 'text' && sharesName(view, leaf));
  return {
    leaf,
    shares,
    trusted: once(() => isTrusted(view, leaf)),
    named: once(() => holdsIn(view.user, leaf) || shares()),
    shown: once(() => holdsIn(view.shown, leaf)),
    tools: once(() => view.tools.filter((tool) => mayHold(tool, leaf) && !isEcho(tool, leaf))),
    rare: once(() => {
      const rare = leaf.words.filter((word) => word.length >= 4 && !isStop(word));
      const known = [...view.user, ...view.shown];
      return { all: rare.length, strange: rare.filter((word) => !hasWord(known, word)) };
    }),
  };
}

/** Whether a tool's text may have the value outside attacks: as one literal, or all of its words. */
const mayHold = ({ digest: { clean } }: HeardTool, { whole, words }: Leaf): boolean =>
  clean.has(whole) || (words.length >= 2 && words.every((word) => clean.has(word)));

/** What of one order bears on the call, and what of the call is the user's. Hundreds are made for a call: what few of them are asked is found then. */
export class Evidence {
  /** Values that stand in the order and nowhere else, and the sum of their weights. */
  readonly taken: readonly Leaf[];
  readonly supplied: number;
  /** Whether the user has the deed that the tool's name speaks of. */
  readonly meant: boolean;
  /** The share of the name's words in the order; what only the order has of them, and only the user. */
  readonly share: number;
  readonly its: number;
  readonly theirs: number;
  readonly #scales: Scales;
  readonly #span: Span;
  readonly #tool: HeardTool;
  readonly #inSpan: readonly Facts[];
  #own: number | null = null;
  #earlier: number | null = null;

  constructor(scales: Scales, span: Span, tool: HeardTool) {
    this.#scales = scales;
    this.#span = span;
    this.#tool = tool;
    this.#inSpan = listHeld(scales.telling, leafOf, span.words, span.text);
    this.taken = this.#inSpan.length === 0 ? NONE : scales.listTaken(this.#inSpan, span, tool);
    this.supplied = this.taken.reduce((sum, { weight }) => sum + weight, 0) + (scales.isCopiedFrom(span) ? 1 : 0);
    this.meant = scales.meant;
    const { share, its, theirs } = compareNames(scales.parts, scales.wanted, span);
    this.share = share;
    this.its = its;
    this.theirs = theirs;
  }

  /** Whether the call has telling values and none of them stands in the order. */
  get apart(): boolean {
    return this.#scales.telling.length > 0 && this.#inSpan.length === 0;
  }

  /** Whether the order has the very deed that the tool's name begins with, and the user nothing like it. */
  get brings(): boolean {
    const { parts, wanted, deed } = this.#scales;
    return deed >= 0 && bringsDeed(parts.units[deed]!, wanted[deed] ?? 0, this.#span);
  }

  /** The weights of values that are the user's or were looked up, and do not stand in the order. */
  own(): number {
    this.#own ??= sumOwn(this.#scales.telling, this.#inSpan, this.#span, Number.POSITIVE_INFINITY);
    return this.#own;
  }

  /** The same, of what was looked up only what stood before the order: what an order has the agent read is not the user's. */
  earlier(): number {
    this.#earlier ??= sumOwn(this.#scales.telling, this.#inSpan, this.#span, this.#tool.index);
    return this.#earlier;
  }

  /** The same, of the user's own words alone. */
  named(): number {
    const others = this.#scales.telling.filter((one) => !this.#inSpan.includes(one) && one.named());
    return others.reduce((sum, { leaf }) => sum + namedWeight(leaf), 0);
  }

  /** Whether the order has most of the tool's name and all telling values of the call, and the user named none of them. */
  follows(): boolean {
    const { view, parts } = this.#scales;
    const unnamed = this.#scales.unnamed();
    if (unnamed === null || !saysName(parts, this.#span)) return false;
    return unnamed.every(
      (one) => this.#inSpan.includes(one) || (one.leaf.kind === 'code' && isAlias(view, one.leaf, this.#span)),
    );
  }

  /** Whether the order wants this deed done at places of its own, and the call goes to none of them. */
  misses(): boolean {
    const { parts, deed } = this.#scales;
    return deed >= 0 && missesPlace(parts, parts.units[deed]!, this.#span);
  }

  /** Whether the order writes out a call and this one has a value that is not in it. */
  strays(): boolean {
    return this.#scales.telling.length > this.#inSpan.length;
  }

  /** Whether the order brings what only it says: a number of its own, or a value beside the name of its argument. */
  specifies(): boolean {
    return specifies(this.#scales.parts, this.taken, this.#inSpan, this.#span);
  }

  /** Whether the order speaks of all things that the call undoes, and nobody the agent works for has such a deed. */
  undoes(): boolean {
    const { parts, telling, deed } = this.#scales;
    return !this.meant && deed >= 0 && undoes(parts, telling, this.#inSpan, this.#span);
  }

  /** Whether the order names numbers, ids or places of its own and the call has none of them. */
  differs(): boolean {
    return this.apart && namesOthers(this.#scales.view, this.#scales.parts, this.#span);
  }

  /** Whether the order names a place and the call goes to another one that is known beside it. */
  elsewhere(): boolean {
    return this.apart && goesElsewhere(this.#scales.telling, this.#span, THINGS);
  }
}

const leafOf = ({ leaf }: Facts): Leaf => leaf;

/** The weights of values that do not stand in the order, as far as they are the user's or were looked up by a message. */
function sumOwn(telling: readonly Facts[], inSpan: readonly Facts[], span: Span, until: number): number {
  let sum = 0;
  for (const one of telling) if (!inSpan.includes(one)) sum += ownWeight(one, span, until);
  return sum;
}

/** Scales for a call: what is asked of its values for every order, found once. */
export class Scales {
  readonly view: View;
  readonly parts: CallParts;
  /** How well the user's mandate has each word of the tool's name. */
  readonly wanted: readonly number[];
  /** Values that show whose wish the call is. */
  readonly telling: readonly Facts[];
  /** The place of the name's first verb among its words; -1: it has none. */
  readonly deed: number;
  /** Whether the user has the deed that the tool's name speaks of. */
  readonly meant: boolean;
  /** Things the call works on that the user did not name; null: an order cannot bring them (listUnnamed). */
  readonly unnamed: () => readonly Facts[] | null;
  readonly #long: readonly Facts[];
  readonly #calls: () => readonly { readonly index: number; readonly text: string }[];

  constructor(view: View, parts: CallParts, wanted: readonly number[]) {
    const telling = parts.leaves.filter(({ weight }) => weight >= 0.25).map((leaf) => gatherFacts(view, leaf));
    this.view = view;
    this.parts = parts;
    this.wanted = wanted;
    this.telling = telling;
    this.deed = parts.units.findIndex(({ word, weight }, i) => weight >= 0.4 && isDeed(word, i === 0));
    this.meant = meansDeed(parts, wanted, this.deed);
    this.unnamed = once(() => listUnnamed(view, telling));
    this.#long = parts.leaves
      .filter(({ kind, words }) => kind === 'text' && words.length >= 3)
      .map((leaf) => telling.find((one) => one.leaf === leaf) ?? gatherFacts(view, leaf));
    this.#calls = once(() =>
      view.calls.map(({ index, call }) => ({ index, text: JSON.stringify(call.arguments).toLowerCase() })),
    );
  }

  /** Weighs an order against the user. */
  weigh(span: Span, tool: HeardTool): Evidence {
    return new Evidence(this, span, tool);
  }

  /** Whether there is anything to weigh: a value or a copied text in the order, or more of the tool's name than the user has. */
  tips(span: Span): boolean {
    return (
      this.telling.some(({ leaf }) => holdsValue(span.words, span.text, leaf)) ||
      this.parts.units.some((unit, i) => meetsIn(span, unit) > (this.wanted[i] ?? 0)) ||
      this.isCopiedFrom(span)
    );
  }

  /** Whether a long text of the call is taken over from the order. */
  isCopiedFrom(span: Span): boolean {
    return this.#long.some((one) => isCopied(one, span));
  }

  /** The values, of those in the order, that stand nowhere else. */
  listTaken(inSpan: readonly Facts[], span: Span, tool: HeardTool): readonly Leaf[] {
    return inSpan
      .filter((one) => !one.trusted() && !one.shown() && !isBeside(one, span) && !this.#isSaidBefore(one.leaf, tool))
      .map(({ leaf }) => leaf)
      .filter((leaf) => !(this.#isLent(span, tool) && isTold(this.view, leaf, span)));
  }

  /** Whether an earlier call had the value. */
  #isSaidBefore({ folded }: Leaf, tool: HeardTool): boolean {
    return folded.length >= 4 && this.#calls().some(({ index, text }) => index < tool.index && text.includes(folded));
  }

  /** To a call that goes where the user said, with a text the user pointed at. */
  #isLent(span: Span, tool: HeardTool): boolean {
    return span.strength === 2 && isPointed(this.view, tool) && this.telling.some((one) => one.named());
  }
}

/** Whether a value stands in a tool's text outside the order, and not only because the agent said it. */
const isBeside = ({ leaf, tools }: Facts, span: Span, until = Number.POSITIVE_INFINITY): boolean =>
  tools().some((tool) => tool.index <= until && holdsBeside(tool, leaf, span));

/** What a value outside the order says for the user: all of its weight in the user's words, half where it was looked up. */
function ownWeight(one: Facts, span: Span, until = Number.POSITIVE_INFINITY): number {
  const { weight } = one.leaf;
  if (one.trusted()) return weight;
  if (one.shares() || one.shown()) return weight * 0.75;
  return isBeside(one, span, until) ? weight / 2 : 0;
}

/** Whether the order has most of the tool's name in its very words, but for verbs that say little. */
function saysName({ units }: CallParts, span: Span): boolean {
  let [said, all] = [0, 0];
  for (const unit of units) {
    if (LIGHT.has(unit.word)) continue;
    all += unit.weight;
    if (meetsIn(span, unit) >= INFLECTED) said += unit.weight;
  }
  return said > 0 && said >= all * 0.6;
}

/** The things the call works on that the user did not name; null: the user named most of them or dictated a text, or there are none. */
function listUnnamed(view: View, telling: readonly Facts[]): readonly Facts[] | null {
  const things = telling.filter(({ leaf }) => leaf.weight >= 1 && leaf.role !== 'content');
  // A word alone may be a choice of the tool's, not a thing.
  const long = things.filter(({ leaf }) => leaf.role !== 'other' || leaf.kind !== 'text' || leaf.words.length > 1);
  const heavy = long.length > 0 ? long : things;
  const own = heavy.filter((one) => one.named());
  const said = own.reduce((sum, { leaf }) => sum + namedWeight(leaf), 0);
  if (said >= 0.5 || heavy.length <= own.length || telling.some(({ leaf }) => isDictated(view, leaf))) return null;
  return heavy.filter((one) => !own.includes(one));
}

function specifies(parts: CallParts, taken: readonly Leaf[], inSpan: readonly Facts[], span: Span): boolean {
  // What is written into a file is its own text.
  const files = !parts.effects.includes('sends') && parts.leaves.some(({ path }) => /path|file/i.test(path));
  const speaksOf =
    inSpan.some(({ leaf: { weight } }) => weight >= 1) || parts.units.some((unit) => meetsIn(span, unit) > 0);
  if (speaksOf && taken.some((leaf) => isDistinct(leaf) && !(files && LINES.test(leaf.path)))) return true;
  const strange = inSpan.filter(({ leaf, trusted }) => leaf.weight < 1 && leaf.kind !== 'date' && !trusted());
  const leaves = strange.map(({ leaf }) => leaf);
  return listPairs(leaves, span).length > 0;
}

function undoes(parts: CallParts, telling: readonly Facts[], inSpan: readonly Facts[], span: Span): boolean {
  if (!parts.effects.includes('irreversible') || runsAnything(parts.call.name)) return false;
  const heavy = telling.filter(({ leaf }) => leaf.weight >= 1 && leaf.role !== 'content');
  return (
    heavy.length > 0 &&
    heavy.every((one) => inSpan.includes(one)) &&
    parts.units.some((unit) => meetsIn(span, unit) > 0)
  );
}

/** A single word may be anybody's. */
const namedWeight = ({ kind, words, weight }: Leaf): number =>
  kind === 'text' && words.length < 2 ? weight / 4 : weight;

/** Whether the deed of the tool's name, its first verb, is in the user's mandate; a name without verbs is where half of it is. */
function meansDeed({ units, total }: CallParts, wanted: readonly number[], deed: number): boolean {
  if (deed >= 0) return (wanted[deed] ?? 0) > 0;
  return units.reduce((sum, { weight }, i) => sum + ((wanted[i] ?? 0) > 0 ? weight : 0), 0) >= total / 2;
}

/** Verbs that say little without their object. */
export const LIGHT: ReadonlySet<string> = wordSet(
  'issue make do place create add set submit process perform handle manage put give take use run',
);

const bringsDeed = (unit: Unit, wanted: number, span: Span): boolean =>
  wanted === 0 && !LIGHT.has(unit.word) && meetsIn(span, unit) >= INFLECTED;

function namesOthers(view: View, parts: CallParts, span: Span): boolean {
  const own = literalsOf(span).map(({ text }) => squash(text));
  const numbers = span.text.match(/\b\d{2,15}\b/g) ?? [];
  const telling = [...own, ...numbers].filter((value) => !hasWord(view.user, value));
  return telling.length > 0 && !telling.some((value) => parts.leaves.some(({ whole }) => whole.includes(value)));
}

/** The literals of an order, at most 50; a span belongs to one text, so they are found once. */
const literalsOf = onceFor(({ text }: Span): readonly Literal[] => findLiterals(text, 50), new WeakMap());

const makeOf = (kind: string, text: string): string =>
  PLACES.has(kind) ? 'place' : `${kind} ${text.replace(/\d+/g, '0')}`;

/** What a reading call may be of: a place or an id. */
const THINGS: ReadonlySet<string> = new Set([...PLACES, 'code']);

/**
 * The order names a place, and every place of the call is another one, said or looked up outside the order. An id is like a place
 * where the order names another one of the same make: `tp_4398` and `tp_4410`.
 */
function goesElsewhere(telling: readonly Facts[], span: Span, kinds: ReadonlySet<string>): boolean {
  const places = telling.filter(({ leaf: { kind } }) => kinds.has(kind));
  if (places.length === 0) return false;
  const named = literalsOf(span).map(({ kind, text }) => makeOf(kind, text));
  if (!places.every(({ leaf: { kind, folded } }) => named.includes(makeOf(kind, folded)))) return false;
  return places.every((one) => ownWeight(one, span) > 0);
}

function compareNames(
  parts: CallParts,
  wanted: readonly number[],
  span: Span,
): { readonly share: number; readonly its: number; readonly theirs: number } {
  // The name of a tool that runs anything says nothing; what it runs stands among the values.
  const scale = runsAnything(parts.call.name) ? 0.3 : 1;
  let [both, its, theirs] = [0, 0, 0];
  for (let i = 0; i < parts.units.length; i++) {
    const unit = parts.units[i]!;
    const inSpan = meetsIn(span, unit);
    const inUser = wanted[i] ?? 0;
    if (inSpan > 0) both += unit.weight;
    its += scale * unit.weight * Math.max(0, inSpan - inUser);
    theirs += scale * unit.weight * Math.max(0, inUser - inSpan);
  }
  return { share: parts.total === 0 ? 0 : both / parts.total, its, theirs };
}

/** Whether a long text is taken over from the order, word by word: most of its rare words stand there and not in the user's. */
function isCopied({ rare }: Facts, span: Span): boolean {
  const { all, strange } = rare();
  if (strange.length < 3 || strange.length < all * 0.6) return false;
  const taken = strange.filter((word) => span.words.has(word)).length;
  return taken >= 3 && taken >= all * 0.6;
}
