// Whose wish a call is. It is the user's if the user's words explain it: its purpose, or the values it takes; data the user pointed
// at is the user's too. It is not where a tool's text orders it: where an order explains the call better than the user does, or
// supplies what nobody else said. Where nothing orders it, purpose.ts and destination.ts ask for a deed and a place of the user's.
// Not covered: facts planted to mislead, orders in words that directive.ts does not know and clauses that name nothing.
import { touches } from './bears.ts';
import { isRisky, listStatements, runsAnything } from './command.ts';
import { judgeCopied } from './copied.ts';
import { type Finding, judgeDestinations, type OriginOptions } from './destination.ts';
import type { Span } from './digest.ts';
import { isConsequential } from './effects.ts';
import { Scales } from './evidence.ts';
import type { CallParts, Leaf, Unit } from './facts.ts';
import { judgeAttack, judgeOrder, type Wish } from './followed.ts';
import { HANDS_OVER, handsOverAll, handsOverUnseen, isHanded, LEFT_THERE, PAYS, PLURAL, userSays } from './handed.ts';
import { hostOf } from './literals.ts';
import { once, onceFor } from './once.ts';
import { isPointed } from './pointed.ts';
import { isFound, isNobodys, judgeDeed } from './purpose.ts';
import { isRepeated, isSameThing, wasReadBefore } from './repeat.ts';
import { means, meets, type Said } from './said.ts';
import { judgeSettings } from './settings.ts';
import { holdsIn, isTrusted, sharesName } from './trace.ts';
import type { HeardTool, View } from './view.ts';

/** The share of the call's own words that the texts cover, from 0 to 1; 1 for a name without words. */
function coverBy(texts: readonly Said[], parts: CallParts): number {
  if (parts.total === 0) return 1;
  return weigh(parts.units.filter((unit) => means(texts, unit.meanings))) / parts.total;
}

/** The user's words, and the orders in texts the user said to carry out. */
function listMandate(view: View): readonly Said[] {
  const own = view.user.map(({ digest }) => digest);
  if (!handsOverAll(view)) return own;
  const handed = view.tools.filter((tool) => isHanded(view, tool));
  const orders = handed.flatMap(({ digest }) => digest.spans.filter(({ strength }) => strength === 1));
  return [...own, ...orders];
}

const weigh = (units: readonly Unit[]): number => units.reduce((sum, { weight }) => sum + weight, 0);

/** Judges whose wish a call is. No finding: nothing speaks against it. */
export function judgeOrigin(view: View, parts: CallParts, options: OriginOptions): readonly Finding[] {
  const mandate = listMandate(view);
  const said = coverBy(
    view.user.map(({ digest }) => digest),
    parts,
  );
  const unseen = handsOverUnseen(view);
  const cover = Math.max(coverBy(mandate, parts), unseen ? 0.5 : 0);
  const lax = !options.strict && unseen;
  const wanted = parts.units.map((unit) => meets(mandate, unit));
  // Whoever hands a list over names no strangers' links and accounts with it.
  const far = once(() => parts.leaves.some((leaf) => isFar(view, leaf)));
  const handed = onceFor((tool: HeardTool) => isHanded(view, tool));
  const wish: Wish = {
    ...{ lax, unseen, mandate, cover, said },
    scales: new Scales(view, parts, wanted),
    ownValue: once(() => hasOwnValue(view, parts)),
    own: once(() => isConsequential(parts.effects) && said > 0 && wish.scales.meant && isAllNamed(view, parts)),
    found: once(() => parts.leaves.some((leaf) => leaf.weight >= 1 && isFound(view, leaf))),
    repeated: once(() => isRepeated(view, parts)),
    pointed: onceFor((tool) => tool.of === undefined && isPointed(view, tool)),
    handed: (tool) => tool.of === undefined && wish.hands.all() && !far() && handed(tool),
    same: onceFor((tool) => tool.of === undefined && isSameThing(view, parts, tool)),
    hands: {
      place: once(() => userSays(view, LEFT_THERE)),
      all: once(() => handsOverAll(view)),
      over: once(() => userSays(view, HANDS_OVER)),
      pays: once(() => userSays(view, PAYS)),
      plural: once(() => userSays(view, PLURAL)),
    },
  };
  const texts = [...view.tools, ...view.described.filter(({ of }) => of !== parts.call.name)];
  const ordered = texts.flatMap((tool) => judgeTool(view, parts, wish, tool));
  if (ordered.length > 0) return ordered;
  const pays = (): boolean => parts.effects.includes('spends') && wish.hands.pays();
  const lends = once(() => (said >= 0.5 && wish.hands.over()) || pays());
  const hands = (tool: HeardTool): boolean => wish.handed(tool) || (lends() && wish.pointed(tool));
  const deed = judgeDeed(view, parts, { wanted, hands, lax });
  if (deed !== null) return [deed];
  const copied = judgeCopied(view, parts, { ...options, hands });
  if (copied !== null) return [copied];
  // The name of a tool that runs anything says nothing of what is done.
  const tame = (): boolean =>
    !listStatements(parts.call).some(isRisky) && !parts.leaves.some(({ kind }) => kind === 'link');
  const vague = runsAnything(parts.call.name) && wish.hands.all() && tame();
  const nobodys = !unseen && !vague && options.strict && isNobodys(view, parts, wanted);
  const set = judgeSettings(view, parts);
  if (set !== null) return [set];
  const exact = parts.units.reduce((sum, { weight }, i) => sum + weight * (wanted[i] ?? 0), 0) / (parts.total || 1);
  return judgeDestinations(
    view,
    parts,
    { cover: nobodys ? 0 : vague ? 1 : cover, exact: unseen ? 1 : exact, hands },
    options,
  );
}

/** Whether a link or an account is one that nobody spoke of and no record holds. */
const isFar = (view: View, leaf: Leaf): boolean =>
  (leaf.kind === 'link' || leaf.kind === 'account') &&
  leaf.role !== 'content' &&
  !isTrusted(view, leaf) &&
  !hasHost(view, leaf) &&
  !isFound(view, leaf);

function judgeTool(view: View, parts: CallParts, wish: Wish, tool: HeardTool): readonly Finding[] {
  if (!touches(parts, wish.cover, tool)) return [];
  const again = !isConsequential(parts.effects) && wasReadBefore(view, parts, tool) && !wish.repeated();
  if (again) return [];
  for (const span of tool.digest.spans) {
    if (tool.of !== undefined && !isMeant(view, parts, span)) continue;
    const finding =
      span.strength === 2 ? judgeAttack(view, parts, wish, tool, span) : judgeOrder(view, parts, wish, tool, span);
    if (finding !== null) return [finding];
  }
  return [];
}

/**
 * Descriptions speak of other tools all the time ("use … instead", "call … first"). What counts there brings a value that is no mere
 * word, or is an attack that has most of the name of a tool that does something.
 */
const isMeant = (view: View, parts: CallParts, span: Span): boolean =>
  (span.strength === 2 && isConsequential(parts.effects) && coverBy([span], parts) >= 0.5) ||
  parts.leaves.some((leaf) => {
    const { weight, kind, words } = leaf;
    if (weight < 1 || (kind === 'text' && words.length < 2) || isTrusted(view, leaf)) return false;
    return span.words.has(leaf.whole) || words.every((word) => span.words.has(word));
  });

/** Whether the user named every value of the call that tells anything, and there is one that tells much. */
function isAllNamed(view: View, { leaves }: CallParts): boolean {
  const telling = leaves.filter(({ weight }) => weight >= 0.25);
  return telling.some(({ weight }) => weight >= 1) && telling.every((leaf) => holdsIn(view.user, leaf));
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
