// What of a call an order explains and what the user explains: the words of the tool's name and the values, each weighed.
// Numbers only; what they mean for a decision is in origin.ts. What is asked about a value for many orders is found once.
import { runsAnything } from './command.ts';
import { isEcho } from './destination.ts';
import type { Span } from './digest.ts';
import { type CallParts, type Leaf, LINES, type Unit } from './facts.ts';
import { squash } from './fold.ts';
import { isDeed, isStop } from './lexicon.ts';
import { findLiterals, type Literal } from './literals.ts';
import { once } from './once.ts';
import { isPointed } from './pointed.ts';
import { INFLECTED, meetsIn } from './said.ts';
import { isAlias, isDictated, isDistinct, isTold, listPairs, missesPlace, PLACES } from './specifics.ts';
import { holdsBeside, holdsIn, holdsValue, isTrusted, sharesName } from './trace.ts';
import { type HeardTool, hasWord, type View } from './view.ts';

export type Evidence = {
  /** Values that stand in the order and nowhere else, and the sum of their weights. */
  readonly taken: readonly Leaf[];
  readonly supplied: number;
  /** The weights of values that are the user's or were looked up, and do not stand in the order. */
  readonly own: () => number;
  /** The same, of what was looked up only what stood before the order: what an order has the agent read is not the user's. */
  readonly earlier: () => number;
  /** The same, of the user's own words alone. */
  readonly named: () => number;
  /** Whether the user has the deed that the tool's name speaks of. */
  readonly meant: boolean;
  /** The share of the name's words in the order; what only the order has of them, and only the user. */
  readonly share: number;
  readonly its: number;
  readonly theirs: number;
  /** Whether the call has telling values and none of them stands in the order. */
  readonly apart: boolean;
  /** Whether the order has the very deed that the tool's name begins with, and the user nothing like it. */
  readonly brings: boolean;
  /** Whether the order has most of the tool's name and all telling values of the call, and the user named none of them. */
  readonly follows: () => boolean;
  /** Whether the order wants this deed done at places of its own, and the call goes to none of them. */
  readonly misses: () => boolean;
  /** Whether the order writes out a call and this one has a value that is not in it. */
  readonly strays: () => boolean;
  /** Whether the order brings what only it says: a number of its own, or a value beside the name of its argument. */
  readonly specifies: () => boolean;
  /** Whether the order speaks of all things that the call undoes, and nobody the agent works for has such a deed. */
  readonly undoes: () => boolean;
  /** Whether the order names numbers, ids or places of its own and the call has none of them. */
  readonly differs: () => boolean;
  /** Whether the order names a place and the call goes to another one that is known beside it. */
  readonly elsewhere: () => boolean;
};

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

export type Scales = {
  /** Whether the user has the deed that the tool's name speaks of. */
  readonly meant: boolean;
  /** Weighs an order against the user. */
  readonly weigh: (span: Span, tool: HeardTool) => Evidence;
  /** Whether there is anything to weigh: a value or a copied text in the order, or more of the tool's name than the user has. */
  readonly tips: (span: Span) => boolean;
};

/** Scales for a call. `wanted` is how well the user's mandate has each word of the tool's name. */
export function createScales(view: View, parts: CallParts, wanted: readonly number[]): Scales {
  const telling = parts.leaves.filter(({ weight }) => weight >= 0.25).map((leaf) => gatherFacts(view, leaf));
  const long = parts.leaves
    .filter(({ kind, words }) => kind === 'text' && words.length >= 3)
    .map((leaf) => telling.find((one) => one.leaf === leaf) ?? gatherFacts(view, leaf));
  const calls = once(() =>
    view.calls.map(({ index, call }) => ({ index, text: JSON.stringify(call.arguments).toLowerCase() })),
  );
  const deed = parts.units.findIndex(({ word, weight }, i) => weight >= 0.4 && isDeed(word, i === 0));
  const meant = meansDeed(parts, wanted, deed);

  const tips = (span: Span): boolean =>
    telling.some(({ leaf }) => holdsValue(span.words, span.text, leaf)) ||
    parts.units.some((unit, i) => meetsIn(span, unit) > (wanted[i] ?? 0)) ||
    long.some((one) => isCopied(one, span));
  const weigh = (span: Span, tool: HeardTool): Evidence => {
    const inSpan = telling.filter(({ leaf }) => holdsValue(span.words, span.text, leaf));
    const saidBefore = ({ folded }: Leaf): boolean =>
      folded.length >= 4 && calls().some(({ index, text }) => index < tool.index && text.includes(folded));
    // To a call that goes where the user said, with a text the user pointed at.
    const lends = (): boolean => span.strength === 2 && isPointed(view, tool) && telling.some((one) => one.named());
    const taken = inSpan
      .filter((one) => !one.trusted() && !one.shown() && !isBeside(one, span) && !saidBefore(one.leaf))
      .map(({ leaf }) => leaf)
      .filter((leaf) => !(lends() && isTold(view, leaf, span)));
    const apart = inSpan.length === 0;
    const add = (weigh: (one: Facts) => number): number =>
      telling.reduce((sum, one) => sum + (inSpan.includes(one) ? 0 : weigh(one)), 0);
    return {
      taken,
      supplied: taken.reduce((sum, { weight }) => sum + weight, 0) + (long.some((one) => isCopied(one, span)) ? 1 : 0),
      own: once(() => add((one) => ownWeight(one, span))),
      earlier: once(() => add((one) => ownWeight(one, span, tool.index))),
      named: once(() => add((one) => (one.named() ? namedWeight(one.leaf) : 0))),
      meant,
      apart: telling.length > 0 && apart,
      brings: deed >= 0 && bringsDeed(parts.units[deed]!, wanted[deed] ?? 0, span),
      follows: once(() => followsAll(view, telling, inSpan, span) && saysName(parts, span)),
      misses: once(() => deed >= 0 && missesPlace(parts, parts.units[deed]!, span)),
      strays: () => telling.length > inSpan.length,
      specifies: once(() => specifies(parts, taken, inSpan, span)),
      undoes: () => !meant && deed >= 0 && undoes(parts, telling, inSpan, span),
      differs: () => apart && namesOthers(view, parts, span),
      elsewhere: once(() => apart && goesElsewhere(telling, span, THINGS)),
      ...compareNames(parts, wanted, span),
    };
  };
  return { weigh, tips, meant };
}

/** Whether a value stands in a tool's text outside the order, and not only because the agent said it. */
const isBeside = ({ leaf, tools }: Facts, span: Span, until = Number.POSITIVE_INFINITY): boolean =>
  tools().some((tool) => tool.index <= until && holdsBeside(tool, leaf, span));

/** What a value outside the order says for the user: all of its weight in the user's words, half where it was looked up. */
function ownWeight(one: Facts, span: Span, until?: number): number {
  const { weight } = one.leaf;
  if (one.trusted()) return weight;
  if (one.shares() || one.shown()) return weight * 0.75;
  return isBeside(one, span, until) ? weight / 2 : 0;
}

/** Whether the order has most of the tool's name in its very words, but for verbs that say little. */
function saysName({ units }: CallParts, span: Span): boolean {
  const telling = units.filter(({ word }) => !LIGHT.has(word));
  const [said, all] = [telling.filter((unit) => meetsIn(span, unit) >= INFLECTED), telling].map((list) =>
    list.reduce((sum, { weight }) => sum + weight, 0),
  );
  return said! > 0 && said! >= all! * 0.6;
}

/** All things the call works on stand in the order, by their ids or by another name, and the user named none of them. */
function followsAll(view: View, telling: readonly Facts[], inSpan: readonly Facts[], span: Span): boolean {
  const things = telling.filter(({ leaf }) => leaf.weight >= 1 && leaf.role !== 'content');
  // A word alone may be a choice of the tool's, not a thing.
  const long = things.filter(({ leaf }) => leaf.role !== 'other' || leaf.kind !== 'text' || leaf.words.length > 1);
  const heavy = long.length > 0 ? long : things;
  const own = heavy.filter((one) => one.named());
  const said = own.reduce((sum, { leaf }) => sum + namedWeight(leaf), 0);
  if (said >= 0.5 || heavy.length <= own.length || telling.some(({ leaf }) => isDictated(view, leaf))) return false;
  return heavy.every(
    (one) => own.includes(one) || inSpan.includes(one) || (one.leaf.kind === 'code' && isAlias(view, one.leaf, span)),
  );
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
export const LIGHT: ReadonlySet<string> = new Set(
  'issue make do place create add set submit process perform handle manage put give take use run'.split(' '),
);

const bringsDeed = (unit: Unit, wanted: number, span: Span): boolean =>
  wanted === 0 && !LIGHT.has(unit.word) && meetsIn(span, unit) >= INFLECTED;

function namesOthers(view: View, parts: CallParts, span: Span): boolean {
  const own = literalsOf(span).map(({ text }) => squash(text));
  const numbers = span.text.match(/\b\d{2,15}\b/g) ?? [];
  const telling = [...own, ...numbers].filter((value) => !hasWord(view.user, value));
  return telling.length > 0 && !telling.some((value) => parts.leaves.some(({ whole }) => whole.includes(value)));
}

const literals = new WeakMap<Span, readonly Literal[]>();

/** The literals of an order, at most 50; a span belongs to one text, so they are found once. */
function literalsOf(span: Span): readonly Literal[] {
  const known = literals.get(span);
  if (known !== undefined) return known;
  const found = findLiterals(span.text, 50);
  literals.set(span, found);
  return found;
}

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
): Pick<Evidence, 'share' | 'its' | 'theirs'> {
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
