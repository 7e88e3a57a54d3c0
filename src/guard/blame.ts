// What is said of an order that a call may follow: the finding, in words. Not here: whether the call follows it (origin.ts).
import type { Finding } from './destination.ts';
import type { Span } from './digest.ts';
import type { Leaf } from './facts.ts';
import { show } from './trace.ts';
import { type HeardTool, nameText } from './view.ts';

/** What an order calls for, where it is no value of its own. */
export const NEARBY = 'something like this call, which the user did not speak of';

export const PURPOSE = 'this purpose, which the user did not speak of';
export const COPIED = 'the words of this call';
export const FOLLOWS = 'this call, of which the user named no value';
export const REPEATED = 'what the user asked for once and has had';
export const EITHER = 'this as well as the user does, with no value the user named';

/** At most three values, as reasons quote them. */
export const listValues = (leaves: readonly Leaf[]): string =>
  [...new Set(leaves.map(({ value }) => show(value)))].slice(0, 3).join(', ');

/** The finding that an order in a tool's text calls for something. A description's order is never more than a doubt. */
export function blame(mode: Finding['mode'], tool: HeardTool, span: Span, what: string): Finding {
  const signs = span.strength === 2 ? ` that ${span.cues.join(', ')}` : '';
  const text = `an order in ${nameText(tool)}${signs} calls for ${what}`;
  return tool.of === undefined
    ? { mode, source: 'provenance', text, span: { message: tool.index, start: span.start, end: span.end } }
    : { mode: 'sensitive', source: 'provenance', text };
}

/** The finding that a text from outside says something which nobody the agent works for did. */
export const tell = (tool: HeardTool, what: string): Finding => ({
  mode: 'sensitive',
  source: 'provenance',
  text: `${nameText(tool)}: ${what}`,
});
