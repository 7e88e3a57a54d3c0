// How a call stands to a text: whether it repeats what was done, works on the very thing the text was read from, goes to the
// only place the text names. Not here: what that means for a decision (origin.ts).
import { callKey } from '../episode/action.ts';
import type { GuardCall } from './conversation.ts';
import { isConsequential } from './effects.ts';
import type { CallParts, Leaf } from './facts.ts';
import { squash } from './fold.ts';
import { splitName, stemWord } from './lexicon.ts';
import { once } from './once.ts';
import { effectsIn } from './pointed.ts';
import { findProducer, type HeardTool, type View } from './view.ts';

/** Whether the call works on the very thing the text was read from: a file, whose own lines it may repeat. */
export function isSameThing(view: View, parts: CallParts, tool: HeardTool): boolean {
  const source = findProducer(view, tool.index);
  const values = Object.values(source?.arguments ?? {}).filter(
    (value) => typeof value === 'string' && value.length >= 4,
  );
  return values.some((value) => Object.values(parts.call.arguments).includes(value));
}

/** Whether the very same call was made since the user last spoke. */
export function isRepeated(view: View, parts: CallParts): boolean {
  const key = once(() => callKey(parts.call));
  const since = view.user.at(-1)?.index ?? -1;
  const recent = view.calls.filter(({ index }) => index > since);
  const first = recent.findIndex(({ call }) => call.name === parts.call.name && callKey(call) === key());
  const changed = recent.slice(first + 1).some(({ call }) => changes(view, call, parts));
  return first >= 0 && (isConsequential(parts.effects) || !changed);
}

/** Whether the user asks again for what was read before a text came: the very same call stands before it, and the user has spoken since. */
export function wasReadBefore(view: View, { call }: CallParts, { index }: HeardTool): boolean {
  const since = view.user.at(-1)?.index ?? -1;
  if (since <= index) return false;
  const key = callKey(call);
  return view.calls.some((made) => made.index < index && made.call.name === call.name && callKey(made.call) === key);
}

/** Whether a deed may have changed what a call reads: it names what is read, or all of it is read and the names share a word. */
function changes(view: View, deed: GuardCall, { call, units }: CallParts): boolean {
  if (!isConsequential(effectsIn(view, deed.name))) return false;
  const [said, read] = [JSON.stringify(deed.arguments), Object.values(call.arguments)];
  if (read.length > 0)
    return read.some((value) => typeof value === 'string' && value.length >= 3 && said.includes(value));
  const stems = splitName(deed.name).map(stemWord);
  return units.some(({ meanings }) => stems.includes(meanings[0]!));
}

/** Whether the text names no other destination of the kind: one bill has one payee. */
export function isOnlyPlace({ digest }: HeardTool, leaf: Leaf): boolean {
  return !digest.literals.some(({ kind, text }) => {
    const whole = squash(text);
    return kind === leaf.kind && whole !== leaf.whole && digest.clean.has(whole);
  });
}
