// Whether an order can bear on a call at all: it has a word or a value of it, it names the tool, it names another one. Asked of every
// order before it is weighed (evidence.ts). Not here: what that means for a decision (origin.ts).
import { runsAnything } from './command.ts';
import type { Span } from './digest.ts';
import { CALL_CUE } from './directive.ts';
import type { CallParts } from './facts.ts';
import { holdsValue } from './trace.ts';
import type { HeardTool, View } from './view.ts';

/**
 * Whether an order has a word of the tool's name, in whatever form, or a value or a long word of one: told before all is weighed.
 * Asked of every order there is, so that it makes no garbage.
 */
export function bearsOn({ units, leaves }: CallParts, { words, concepts }: Span): boolean {
  for (const { meanings } of units) for (const meaning of meanings) if (concepts.has(meaning)) return true;
  for (const { weight, whole, words: own } of leaves) {
    if (weight < 0.1) continue;
    if (words.has(whole)) return true;
    if (own.length < 2) continue;
    for (const word of own) if (word.length >= 4 && words.has(word)) return true;
  }
  return false;
}

/** Whether any order of the text can bear on the call: told from all of them together, before each is looked at. */
export function touches(
  { units, leaves }: CallParts,
  cover: number,
  { digest: { orders, spans } }: HeardTool,
): boolean {
  if (spans.length === 0) return false;
  if (orders.strong || cover < 0.2) return true;
  if (units.some(({ meanings }) => meanings.some((meaning) => orders.concepts.has(meaning)))) return true;
  return leaves.some(
    ({ whole, words }) =>
      orders.words.has(whole) || (words.length > 1 && words.every((word) => orders.words.has(word))),
  );
}

/** Whether the order has each telling word of the tool's name itself, not only one that means the same. */
export function saysExactly({ units }: CallParts, span: Span): boolean {
  const telling = units.filter(({ weight }) => weight >= 0.4);
  return telling.length > 0 && telling.every(({ meanings }) => span.concepts.has(meanings[0]!));
}

/** Whether the order names the tool as only somebody who knows the agent's tools would. */
export function namesTool(parts: CallParts, span: Span): boolean {
  const name = parts.call.name.toLowerCase();
  // What a tool that runs anything is told to run says whose call it is, not its name.
  if (
    runsAnything(name) &&
    !parts.leaves.some((leaf) => leaf.weight >= 0.25 && holdsValue(span.words, span.text, leaf))
  )
    return false;
  if (span.cues.includes(CALL_CUE) && parts.leaves.length > 0 && !bringsValue(parts, span)) return false;
  if (!span.words.has(name) && !parts.units.every(({ word }) => span.words.has(word))) return false;
  if (!span.text.includes(name)) return false;
  if (parts.units.length >= 2) return true;
  // A name of one word is named only where it is marked as one.
  return [`"${name}"`, `'${name}'`, `\`${name}\``, `${name} tool`, `${name} function`, `${name}(`].some((form) =>
    span.text.includes(form),
  );
}

/** Whether a value of the call, however small, stands in the order. */
const bringsValue = ({ leaves }: CallParts, span: Span): boolean =>
  leaves.some((leaf) => leaf.weight >= 0.25 && holdsValue(span.words, span.text, leaf));

/** Whether the order names another tool of the agent's, and not this one. */
export function namesAnother(view: View, parts: CallParts, span: Span): boolean {
  if (namesTool(parts, span)) return false;
  return view.conversation.tools.some(
    ({ name }) => name.length >= 6 && name !== parts.call.name && span.text.includes(name.toLowerCase()),
  );
}
