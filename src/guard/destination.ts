// Where an outward call goes and what it carries, judged without an order in sight: a destination that nobody the agent
// works for spoke of, private values on their way to such a one, a purpose nobody has. Also what origin.ts asks of values.
// Not covered: private facts told in other words, destinations that are no address (a name, a room) where no order stands.
import { isRisky, listStatements, runsAnything } from './command.ts';
import { isConsequential, isOutward } from './effects.ts';
import type { CallParts, Leaf } from './facts.ts';
import { PAYS_BILL, SPENDS, userSays } from './handed.ts';
import { hostOf, isInside } from './literals.ts';
import { isFieldOfPointed, isPointed } from './pointed.ts';
import { PLACES } from './specifics.ts';
import { findPieces, holdsIn, holdsValue, isLinked, isTrusted, sharesName, show } from './trace.ts';
import { type HeardTool, hasMeaning, nameText, type View } from './view.ts';

/** What speaks against a call: `malicious` a tool ordered it, `sensitive` it may not be what the user wants. */
export type Finding = {
  /** Where it comes from: a tool's text, if absent. */
  readonly channel?: 'user' | 'tool';
  readonly mode: 'sensitive' | 'malicious';
  readonly text: string;
  readonly source: string;
  readonly span?: { readonly message: number; readonly start: number; readonly end: number };
};

/** What the operator's rules add to the judgement of origin. */
export type OriginOptions = {
  /** Domains that count as the house: destinations there need no word of the user's. */
  readonly domains: readonly string[];
  /** Whether to ask about consequential calls that nothing in the conversation explains. */
  readonly strict: boolean;
  /** Whether what a tool returns is private: not for a party nobody spoke of. */
  readonly isPrivate: (tool: string) => boolean;
  /** What judges links (lure.ts); null for a call that has none. */
  readonly links: LinkJudge | null;
};

/** Judges the links of a call: whether only a text from outside brings them, whether they carry what is private. */
export type LinkJudge = {
  readonly judgeLure: (view: View, parts: CallParts) => Finding | null;
  readonly judgeLeak: (view: View, parts: CallParts, options: OriginOptions) => Finding | null;
};

/** Effects that cannot be taken back once they reach somebody. */
export const isGrave = ({ effects }: CallParts): boolean =>
  effects.some((effect) => effect === 'sends' || effect === 'spends' || effect === 'irreversible');

/** Whether the tool's text only repeats the call it answers. */
export function isEcho(tool: HeardTool, leaf: Leaf): boolean {
  return leaf.folded.length >= 3 && tool.echoes().includes(leaf.folded);
}

/** Whether the user named another destination of the same kind: an account, where the call has an account. */
export function namesOther(view: View, leaf: Leaf): boolean {
  return view.user.some(({ digest }) =>
    digest.literals.some(({ kind, text }) => kind === leaf.kind && text !== leaf.folded),
  );
}

/** How far the user's words explain a call. */
export type Explained = {
  /** The share of the tool's name that any of the user's words may mean, and that share by how well they do. */
  readonly cover: number;
  readonly exact: number;
  /** Whether the user handed over what a text says. */
  readonly hands: (tool: HeardTool) => boolean;
};

/** What can be judged without an order in sight: where an outward call goes, and whether anybody spoke of its purpose. */
export function judgeDestinations(
  view: View,
  parts: CallParts,
  { cover, exact, hands }: Explained,
  options: OriginOptions,
): readonly Finding[] {
  const leak = options.links?.judgeLeak(view, parts, options) ?? null;
  if (leak !== null) return [leak];
  const dull = new Set(parts.units.map(({ word }) => word));
  const outward = isOutward(parts.effects) || /share|export|forward|upload/i.test(parts.call.name);
  const strangers = parts.leaves.filter((leaf) => (outward || receives(leaf)) && isStranger(view, leaf, options, dull));
  if (!isConsequential(parts.effects) && strangers.length === 0) return [];
  const carried = strangers.length > 0 ? findPrivate(view, parts, options) : null;
  if (carried !== null) return [tellPrivate(carried, show(strangers[0]!.value), 'sensitive')];
  for (const leaf of strangers) {
    const finding = judgeStranger(view, parts, leaf, { exact, hands }, options);
    if (finding !== null) return [finding];
  }
  return judgePurpose(view, parts, cover, options.strict);
}

/** Arguments that say where something goes, whatever the tool is called. */
const RECEIVER = /(?:^|[._])(?:to|cc|bcc|destination|target|recipients?|(?:deliver|forward|send|share)_?(?:to|with))$/i;

/** Whether somebody outside gets something by it: what is issued, given or changed for an address. */
const receives = ({ path, role, kind }: Leaf): boolean =>
  RECEIVER.test(path) || (role === 'destination' && (kind === 'mail' || kind === 'account'));

export type Carried = { readonly value: string; readonly tool: string };

export const tellPrivate = ({ value, tool }: Carried, to: string, mode: Finding['mode']): Finding => ({
  mode,
  source: 'flow',
  text: `${value}, from the private text of ${tool}, would go to ${to}, whom nobody the agent works for spoke of`,
});

/** A telling value of the call that stands in what a private tool returned. */
function findPrivate(view: View, parts: CallParts, options: OriginOptions): Carried | null {
  for (const leaf of parts.leaves) {
    if (
      leaf.role === 'destination' ||
      leaf.weight < 1 ||
      leaf.words.length > 12 ||
      leaf.whole.length < 5 ||
      isTrusted(view, leaf)
    )
      continue;
    const tool = view.tools.find(
      (one) => options.isPrivate(one.tool) && one.digest.plain.has(leaf.whole) && !isEcho(one, leaf),
    );
    if (tool !== undefined) return { value: show(leaf.value), tool: tool.tool };
  }
  return null;
}

/** A destination nobody the agent works for has spoken of, directly or by a name in its record. */
function isStranger(view: View, leaf: Leaf, options: OriginOptions, dull: ReadonlySet<string>): boolean {
  // A link in a message's text is what is told, not where it goes; what it carries is judged by itself.
  if (!PLACES.has(leaf.kind) || leaf.role === 'content' || isTrusted(view, leaf) || holdsIn(view.shown, leaf))
    return false;
  const host = hostOf(leaf.value);
  if (host !== null && (isInside(host, options.domains) || isOperators(view, host))) return false;
  return !isLinked(view, leaf, dull) && !isFieldOfPointed(view, leaf.folded) && !isBilled(view, leaf);
}

/** Whether a link's host is one that the operator's words lead to. */
const isOperators = (view: View, host: string): boolean =>
  view.system.some(({ digest }) => digest.literals.some(({ kind, text }) => kind === 'link' && hostOf(text) === host));

/** Whether it is the account of a bill that the user pointed at and said to pay. */
const isBilled = (view: View, { kind, whole }: Leaf): boolean =>
  kind === 'account' &&
  userSays(view, PAYS_BILL) &&
  view.tools.some((tool) => tool.digest.clean.has(whole) && isPointed(view, tool));

function judgeStranger(
  view: View,
  parts: CallParts,
  leaf: Leaf,
  { exact, hands }: Omit<Explained, 'cover'>,
  options: OriginOptions,
): Finding | null {
  const name = show(leaf.value);
  const tool = view.tools.find(
    (one) => holdsValue(one.digest.words, one.digest.folded.text, leaf) && !isEcho(one, leaf),
  );
  const described = view.described.find(({ digest }) => holdsValue(digest.words, digest.folded.text, leaf));
  if (tool === undefined && described !== undefined) {
    const text = `the destination ${name} comes only from ${nameText(described)}`;
    return { mode: 'sensitive', source: 'provenance', text };
  }
  if (tool !== undefined) {
    const explained =
      leaf.kind === 'account' && parts.effects.includes('spends')
        ? userSays(view, SPENDS) || hands(tool)
        : exact >= 0.5;
    if (explained && (!namesOther(view, leaf) || sharesAmount(view, parts))) return null;
    return {
      mode: 'sensitive',
      source: 'provenance',
      text: `the destination ${name} comes only from the text of ${tool.tool}`,
    };
  }
  if (findPieces(view, leaf) !== null) {
    return { mode: 'malicious', source: 'provenance', text: `${name} is put together from pieces of tools' texts` };
  }
  if (!options.strict) return null;
  return { mode: 'sensitive', source: 'provenance', text: `${name} stands in no text before the call` };
}

/** Whether the user named an amount of the call, which ties it to one of the user's wishes. */
function sharesAmount(view: View, parts: CallParts): boolean {
  return parts.leaves.some((leaf) => leaf.kind === 'number' && Number(leaf.folded) >= 5 && holdsIn(view.user, leaf));
}

/**
 * A consequential call of which neither the user nor the operator said a word. One that spends, sends or cannot be
 * undone; where a text in sight gives orders, one that changes private things too, and also where nobody is there to ask.
 */
function judgePurpose(view: View, parts: CallParts, cover: number, strict: boolean): readonly Finding[] {
  const ordered = view.tools.some(({ digest }) => digest.spans.length > 0);
  if (!strict && !ordered) return [];
  if (
    cover > 0 ||
    !(isGrave(parts) || (ordered && parts.leaves.length > 0 && parts.effects.includes('private'))) ||
    view.user.length === 0 ||
    parts.units.length === 0
  )
    return [];
  // What works on something the user named, or that was looked up for it, goes on with the user's task.
  const known = (leaf: Leaf): boolean =>
    holdsIn(view.user, leaf) || sharesName(view, leaf) || isFieldOfPointed(view, leaf.folded);
  if (parts.leaves.some((leaf) => leaf.weight >= 1 && leaf.kind !== 'date' && known(leaf))) return [];
  // What a tool that runs anything does, its command says.
  if (runsAnything(parts.call.name) && !listStatements(parts.call).some(isRisky)) return [];
  if (parts.units.some(({ meanings, weight }) => weight >= 0.4 && hasMeaning(view.system, meanings))) return [];
  return [
    {
      mode: 'sensitive',
      source: 'purpose',
      text: `nobody the agent works for spoke of anything like ${parts.call.name}`,
    },
  ];
}
