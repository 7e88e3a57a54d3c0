// Whether a call follows an order of a text more than it follows the user: an attack (strength 2) or a sentence that orders (1), each
// weighed against the user's words (evidence.ts). Rules of thumb, each for a case that was met; the first that holds decides.
// Not here: which orders there are (directive.ts), who the user points at (pointed.ts), what speaks against a call without any order.
import { bearsOn, namesAnother, namesTool, saysExactly } from './bears.ts';
import { blame, COPIED, EITHER, FOLLOWS, listValues, NEARBY, PURPOSE, REPEATED } from './blame.ts';
import { mayDestroy, runsAnything } from './command.ts';
import { type Finding, isGrave, namesOther } from './destination.ts';
import type { Span } from './digest.ts';
import { CALL_CUE } from './directive.ts';
import { isConsequential } from './effects.ts';
import type { Evidence, Scales } from './evidence.ts';
import { type CallParts, type Leaf, LINES } from './facts.ts';
import { isStop, splitName } from './lexicon.ts';
import { isRead } from './pointed.ts';
import { isOnlyPlace } from './repeat.ts';
import { means, type Said } from './said.ts';
import { bringsPlace, PLACES } from './specifics.ts';
import { holdsValue, isTrusted, sharesName } from './trace.ts';
import { type HeardTool, hasMeaning, hasWord, type View } from './view.ts';

/** What the user wants, as far as words show: `cover` is the share of the call's name in it, `said` that share in the user's own words alone. */
export type Wish = {
  readonly mandate: readonly Said[];
  readonly scales: Scales;
  /** Whether the user named a telling value of the call. */
  readonly ownValue: () => boolean;
  /** Whether the user spoke of the deed and named every value of the call that tells anything, one place or name at least. */
  readonly own: () => boolean;
  /** Whether a record that was looked up holds a telling value of the call. */
  readonly found: () => boolean;
  /** Whether the very same call was made before, and nothing has changed since. */
  readonly repeated: () => boolean;
  readonly pointed: (tool: HeardTool) => boolean;
  /** Whether the user handed over all that a text orders. */
  readonly handed: (tool: HeardTool) => boolean;
  /** Whether the call works on the very thing the text was read from. */
  readonly same: (tool: HeardTool) => boolean;
  /** What the user's words hand over: all that a text orders, data in it, bills, several of them, the one place in it. */
  readonly hands: { readonly [what in 'all' | 'over' | 'pays' | 'plural' | 'place']: () => boolean };
  readonly cover: number;
  readonly said: number;
  /** Whether the user handed over a list that the guard has not been shown, and nobody can be asked what is on it. */
  readonly lax: boolean;
  /** Whether the user handed over a list that the guard has not been shown. */
  readonly unseen: boolean;
};
/** Whether a value is words that are told, and no place, number or name by which anything is reached. */
const isWords = ({ role, kind }: Leaf): boolean =>
  !PLACES.has(kind) && (role === 'content' || (role === 'other' && kind === 'text'));

/** Signs of attack that no honest text has. */
const OPEN_ATTACKS: ReadonlySet<string> = new Set([
  'sets aside instructions',
  'asks for secrecy',
  'speaks to the model',
]);

/** Whether a call points at an element of a page by the handle that a span names: `press element 40`. */
const pressesNamed = ({ leaves }: CallParts, span: Span): boolean =>
  leaves.some(
    ({ path, folded }) =>
      /(?:ref|uid|bid|element|node|selector|index)(?:[_-]?id)?$/i.test(path) &&
      /^[a-z]{0,3}-?\d{1,5}$/.test(folded) &&
      new RegExp(`\\b(?:element|button|link|id|press|click)\\W{1,3}${folded}\\b`).test(span.text),
  );

/** Whether a span has every value of a call that is not the user's, two at least: then the call is the span's, whoever has them too. */
function tellsAll(view: View, { leaves }: CallParts, span: Span): boolean {
  const values = leaves.filter((leaf) => leaf.weight >= 0.25 && leaf.kind !== 'date' && !isTrusted(view, leaf));
  return values.length >= 2 && values.every((leaf) => holdsValue(span.words, span.text, leaf) || holdsNear(span, leaf));
}

/** Whether a number stands in a span, however it is written: `31,20` for 31.2. */
const holdsNear = ({ text }: Span, { kind, folded }: Leaf): boolean =>
  kind === 'number' &&
  (text.match(/\d{1,15}(?:[.,]\d{1,10})?/g) ?? []).some(
    (number) => Number(number.replace(',', '.')) === Number(folded),
  );

export function judgeAttack(view: View, parts: CallParts, wish: Wish, tool: HeardTool, span: Span): Finding | null {
  const { cover } = wish;
  const consequential = isConsequential(parts.effects);
  if (destroysFor(view, parts, span) && wish.scales.weigh(span, tool).own() < 0.5)
    return blame('sensitive', tool, span, PURPOSE);
  const evidence = wish.scales.weigh(span, tool);
  const { taken, supplied, share, its, theirs, apart, meant } = evidence;
  if (supplied >= 1) {
    // Words for somebody the user named may be what the user wants said, with an attack put beside them: that is asked, not refused.
    const told = meant && wish.ownValue() && taken.every(isWords);
    const what = taken.length === 0 ? COPIED : `${listValues(taken)} only there`;
    return blame(told || !consequential ? 'sensitive' : 'malicious', tool, span, what);
  }
  if (consequential && span.cues.some((cue) => OPEN_ATTACKS.has(cue)) && tellsAll(view, parts, span))
    return blame('sensitive', tool, span, COPIED);
  if (pressesNamed(parts, span)) return blame('sensitive', tool, span, FOLLOWS);
  const reaches = taken.length > 0 || (!apart && parts.effects.includes('irreversible'));
  const wished = cover >= 0.4 && wish.ownValue();
  if (consequential && isOtherDeed(parts, wish, span, evidence)) return null;
  const other = span.cues.includes(CALL_CUE) && taken.length === 0 && (meant || !consequential);
  if (namesTool(parts, span) && cover < 0.99 && !wished && !other && !(apart && cover >= 0.4)) {
    // What is read may be the user's too.
    const mode = apart || !consequential ? 'sensitive' : 'malicious';
    return blame(mode, tool, span, `the tool ${parts.call.name} by name`);
  }
  // A call written out is followed where it brings any value that stands nowhere else.
  if (taken.length > 0 && span.cues.includes(CALL_CUE) && namesTool(parts, span) && consequential)
    return blame('sensitive', tool, span, `the tool ${parts.call.name} by name`);
  if (evidence.elsewhere() && !namesTool(parts, span)) return null;
  const another = namesAnother(view, parts, span) && !isGrave(parts);
  const enough = (consequential ? cover >= 0.2 : !ordersReading(parts, span)) ? 0.8 : 0.5;
  if (
    its >= enough &&
    (consequential ? its + supplied - theirs - evidence.own() >= 0.3 : its > theirs) &&
    (share >= 0.5 || cover < 0.34) &&
    !another &&
    !(apart && (meant || wish.unseen) && cover >= 0.4) &&
    !(wish.lax && taken.length === 0)
  ) {
    const vague = !isGrave(parts) || parts.leaves.some(({ weight }) => weight >= 1);
    return blame(vague ? 'sensitive' : 'malicious', tool, span, PURPOSE);
  }
  if (consequential && evidence.brings && (share >= 0.7 || reaches) && (isGrave(parts) || !evidence.differs()))
    return blame('sensitive', tool, span, PURPOSE);
  if (consequential && supplied > 0 && evidence.own() < 0.5 && share > 0)
    return blame('sensitive', tool, span, `${listValues(taken)} only there`);
  if (
    consequential &&
    !(wish.lax && taken.length === 0) &&
    (evidence.follows() || evidence.specifies() || evidence.undoes())
  )
    return blame('sensitive', tool, span, FOLLOWS);
  if (share >= 0.7 && wish.repeated()) return blame('sensitive', tool, span, REPEATED);
  if (
    !consequential &&
    !another &&
    !(wish.lax && !parts.effects.includes('private')) &&
    saysExactly(parts, span) &&
    ordersReading(parts, span) &&
    theirs < 0.5 &&
    evidence.earlier() < enoughRead(parts) &&
    !wish.ownValue()
  )
    return blame('sensitive', tool, span, EITHER);
  return judgeUnexplained(view, parts, wish, tool, span);
}

/**
 * Whether an attack wants the user's deed done another way: at a place of its own that the call does not go to, or in a call that it
 * writes out and that has other values. Where the deed cannot be undone the user must have named what it is done to.
 */
function isOtherDeed(parts: CallParts, wish: Wish, span: Span, evidence: Evidence): boolean {
  const { taken, meant } = evidence;
  if (taken.some(({ kind }) => kind !== 'date')) return false;
  if (span.cues.length === 1 && span.cues[0] === CALL_CUE) return evidence.strays();
  if (parts.effects.includes('irreversible') && !wish.ownValue()) return false;
  return meant && wish.cover >= 0.4 && evidence.misses();
}

/**
 * A private or consequential call that the user's words hardly explain, while an order stands in sight that touches what
 * the tool says it does, or what the call says.
 */
function judgeUnexplained(view: View, parts: CallParts, wish: Wish, tool: HeardTool, span: Span): Finding | null {
  if (wish.cover >= 0.2 || parts.total === 0) return null;
  if (!isConsequential(parts.effects) && !parts.effects.includes('private')) return null;
  if (runsAnything(parts.call.name) || wish.ownValue()) return null;
  if (namesAnother(view, parts, span) && !isGrave(parts)) return null;
  // A plain sentence near what was looked up for the user is no order for what is done with it.
  if (span.strength === 1 && wish.found()) return null;
  if (span.cues.includes(CALL_CUE) && wish.scales.weigh(span, tool).taken.length === 0) return null;
  return speaksOf(view, parts, wish, span) ? blame('sensitive', tool, span, NEARBY) : null;
}

/** Whether an order names an argument of the call, or has two telling words of what its tool does or its values say. */
function speaksOf(view: View, { description, leaves }: CallParts, { mandate }: Wish, span: Span): boolean {
  if (leaves.some(({ path }) => namesField(view, span, path))) return true;
  const told = description.filter((meanings) => !means(mandate, meanings) && means([span], meanings));
  const rare = leaves.flatMap(({ words }) => words.filter((word) => word.length >= 4 && !isStop(word)));
  const taken = rare.filter((word) => span.words.has(word) && !hasWord(view.user, word));
  return told.length + taken.length >= 2;
}

/** Whether the order has all words of an argument's name, two at least, and the user has not. */
function namesField(view: View, span: Span, path: string): boolean {
  const words = splitName(path);
  return (
    words.length >= 2 && words.every((word) => span.words.has(word)) && !words.every((word) => hasWord(view.user, word))
  );
}

/** Judges a call by a sentence that orders something. */
export function judgeOrder(view: View, parts: CallParts, wish: Wish, tool: HeardTool, span: Span): Finding | null {
  if (wish.own()) return null;
  if (destroysFor(view, parts, span) && wish.scales.weigh(span, tool).own() < 0.5)
    return blame('sensitive', tool, span, PURPOSE);
  if (!bearsOn(parts, span)) return judgeUnexplained(view, parts, wish, tool, span);
  if (wish.cover < 0.5 && namesTool(parts, span))
    return blame('sensitive', tool, span, `the tool ${parts.call.name} by name`);
  if (!wish.scales.tips(span)) return judgeUnexplained(view, parts, wish, tool, span);
  const evidence = wish.scales.weigh(span, tool);
  if (evidence.elsewhere()) return null;
  const judge = isConsequential(parts.effects) ? judgeDoing : judgeReading;
  return judge(view, parts, wish, tool, span, evidence);
}

/** A call that only reads: it may bring in what an order is after. */
function judgeReading(
  view: View,
  parts: CallParts,
  wish: Wish,
  tool: HeardTool,
  span: Span,
  evidence: Evidence,
): Finding | null {
  const { taken, share, its, theirs, apart } = evidence;
  const isPrivate = parts.effects.includes('private');
  if (wish.handed(tool)) return null;
  if ((!isPrivate || !bringsPlace(view, span)) && wish.hands.over() && wish.pointed(tool)) return null;
  if (isRead(view, tool) && saysExactly(parts, span)) {
    if (wish.repeated()) return blame('sensitive', tool, span, REPEATED);
    if (wish.lax && (apart || !isPrivate)) return null;
    if (its > 0 && theirs < 0.5 && evidence.earlier() < enoughRead(parts) && !wish.ownValue())
      return blame('sensitive', tool, span, EITHER);
  }
  if (isLeft(wish, tool, evidence)) return null;
  const places = listPlaces(view, taken);
  if (userNamesOthers(view, places)) return blame('sensitive', tool, span, `${listValues(places)} only there`);
  if (isFilledIn(wish, tool, evidence)) return null;
  const explains = its >= 0.5 && its > theirs && (share >= 0.7 || (its >= 1 && wish.cover < 0.34));
  const harmless = explains && !isPrivate && taken.every(({ kind }) => kind === 'link') && wish.pointed(tool);
  if (explains && !harmless && !(apart && (wish.cover >= 0.4 || evidence.earlier() >= enoughRead(parts))))
    return blame('sensitive', tool, span, PURPOSE);
  return judgeUnexplained(view, parts, wish, tool, span);
}

/** A call that changes something, sends or spends. */
function judgeDoing(
  view: View,
  parts: CallParts,
  wish: Wish,
  tool: HeardTool,
  span: Span,
  evidence: Evidence,
): Finding | null {
  const { taken, supplied, share, its, theirs, apart, meant } = evidence;
  const { cover, said, hands } = wish;
  if (wish.handed(tool) || isLeft(wish, tool, evidence)) return null;
  const spends = parts.effects.includes('spends');
  const handed = said >= 0.5 && lendsData(wish, spends, evidence) && wish.pointed(tool);
  const places = listPlaces(view, taken);
  if (places.length > 0) {
    const given = handed && (hands.pays() || !spends) && (isOnlyPlace(tool, places[0]!) || hands.plural());
    if (!given) return blame('sensitive', tool, span, `${listValues(places)} only there`);
  }
  if (handed || isFilledIn(wish, tool, evidence)) return null;
  const repeats = wish.same(tool);
  const telling = repeats ? taken.filter(({ path }) => !LINES.test(path)) : taken;
  if (weighDoing(telling) >= 1) return blame('sensitive', tool, span, `${listValues(telling)} only there`);
  // An order for another deed only lends its data to a call that is the user's; and so does a text the user pointed at to a message.
  const lends = taken.length > 0 && share === 0 && meant && said >= 0.5;
  const tells = taken.length > 0 && taken.every(({ role }) => role === 'content');
  if (!repeats && supplied >= 1 && evidence.own() < 1 && !lends && !(tells && wish.pointed(tool)))
    return blame('sensitive', tool, span, taken.length === 0 ? COPIED : `${listValues(taken)} only there`);
  if (telling.length > 0 && evidence.own() < 0.5 && share >= 0.5)
    return blame('sensitive', tool, span, `${listValues(telling)} only there`);
  const reaches = taken.length > 0 || (!apart && parts.effects.includes('irreversible'));
  if (evidence.brings && (share >= 0.7 || (!repeats && reaches)) && (isGrave(parts) || !evidence.differs()))
    return blame('sensitive', tool, span, PURPOSE);
  const unseen = wish.lax && taken.length === 0;
  if (
    its >= 0.8 &&
    its + supplied - theirs - evidence.own() >= 0.5 &&
    share >= 0.7 &&
    !(apart && meant && cover >= 0.4) &&
    !unseen
  )
    return blame('sensitive', tool, span, PURPOSE);
  if (!repeats && !unseen && (evidence.follows() || evidence.specifies() || evidence.undoes()))
    return blame('sensitive', tool, span, FOLLOWS);
  return judgeUnexplained(view, parts, wish, tool, span);
}

/** Whether the user's words lend a text's data to a call: bills to pay, or data for a deed of theirs. */
function lendsData({ hands, ownValue }: Wish, spends: boolean, { meant, taken }: Evidence): boolean {
  // Where the user named nobody of the call's, a place that the text brings is not handed over with it.
  if (meant && hands.over() && !(taken.some(({ kind }) => PLACES.has(kind)) && !ownValue())) return true;
  return spends && hands.pays();
}

/** Whether the order brings the one place of its text, and the user left the place to the text. */
function isLeft(wish: Wish, tool: HeardTool, { taken, meant }: Evidence): boolean {
  const [place] = taken;
  if (place === undefined || taken.length > 1 || !PLACES.has(place.kind) || !wish.hands.place()) return false;
  return wish.said >= 0.5 && meant && isOnlyPlace(tool, place) && wish.pointed(tool);
}

/** What the user asked for is filled in from a text the user pointed at: the room of the meeting in that mail. */
const isFilledIn = (wish: Wish, tool: HeardTool, evidence: Evidence): boolean =>
  wish.said >= 0.5 && evidence.meant && evidence.named() >= 1 && wish.pointed(tool);

/** Places and names to which something goes, with nothing of the user's about them. */
const listPlaces = (view: View, taken: readonly Leaf[]): readonly Leaf[] =>
  taken.length === 0
    ? taken
    : taken.filter((leaf) => leaf.weight >= 1.5 && leaf.role !== 'other' && !sharesName(view, leaf));

/** Whether the user named other places of the same kind. */
const userNamesOthers = (view: View, places: readonly Leaf[]): boolean => places.some((leaf) => namesOther(view, leaf));

const weighDoing = (leaves: readonly Leaf[]): number =>
  leaves.reduce((sum, { role, weight }) => sum + (role === 'content' ? 0 : weight), 0);

/** Whether a command or a program may destroy something, as the order says and the user does not. */
const destroysFor = (view: View, { call, leaves }: CallParts, span: Span): boolean =>
  span.concepts.has('~delete') &&
  runsAnything(call.name) &&
  leaves.some(({ value }) => mayDestroy(value)) &&
  !hasMeaning(view.user, ['~delete']);

/**
 * Whether an order to read is in sight: it says so, it has two telling words of the tool's name, or, for a call that lists all
 * there is, it speaks of the things in the very form of the name.
 */
const ordersReading = ({ units, leaves }: CallParts, span: Span): boolean => {
  const telling = units.filter(({ weight, meanings }) => weight >= 0.4 && span.concepts.has(meanings[0]!));
  if (span.concepts.has('~read') || telling.length >= 2) return true;
  return leaves.length === 0 && telling.some(({ word }) => span.words.has(word));
};

/** What of values looked up before shows that a reading call is the user's: more where the name has two telling words. */
const enoughRead = ({ units }: CallParts): number =>
  units.filter(({ weight }) => weight >= 0.4).length >= 2 ? 1.5 : 0.5;
