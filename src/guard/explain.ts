// Where a value comes from, in words: for rules that ask (`from: user`) and for people. Loaded with the first rule that needs it.
// Decisions use the cheaper questions of trace.ts.
import { decodeValue } from './decode.ts';
import type { Span } from './digest.ts';
import type { Leaf } from './facts.ts';
import { findPieces, holdsIn, holdsNumber, holdsValue, show } from './trace.ts';
import type { HeardTool, View } from './view.ts';

/** A value's origin in words, for reasons: the first of user, operator, tool order, tool data, pieces, sums, the model. */
export type Origin = {
  readonly from: 'user' | 'system' | 'order' | 'tool' | 'pieces' | 'derived' | 'model';
  readonly text: string;
  readonly span?: { readonly message: number; readonly start: number; readonly end: number };
};

/** Explains where a value comes from. For people and for rules: decisions use the cheaper questions above. */
export function traceValue(view: View, leaf: Leaf): Origin {
  const name = show(leaf.value);
  if (holdsIn(view.user, leaf)) return { from: 'user', text: `${name} is in the user's words` };
  if (holdsIn(view.system, leaf)) return { from: 'system', text: `${name} is in the system prompt` };
  for (const tool of view.tools) {
    const span = tool.digest.spans.find((one) => holdsValue(one.words, one.text, leaf));
    if (span !== undefined)
      return {
        from: 'order',
        text: `${name} is in an order that the text of ${tool.tool} gives`,
        span: spanIn(tool, span, leaf),
      };
    if (!holdsValue(tool.digest.words, tool.digest.folded.text, leaf) && !holdsNumber(tool.digest, leaf)) continue;
    return { from: 'tool', text: `${name} is in the text of ${tool.tool}`, span: placeIn(tool, leaf) };
  }
  return traceMade(view, leaf, name);
}

function traceMade(view: View, leaf: Leaf, name: string): Origin {
  if (findPieces(view, leaf) !== null)
    return { from: 'pieces', text: `${name} is put together from pieces of tools' texts` };
  if (leaf.kind === 'number' && isComputed(view, Number(leaf.folded))) {
    return { from: 'derived', text: `${name} follows from numbers in the conversation` };
  }
  if (decodeValue(leaf.value).length > 0) return { from: 'model', text: `${name} is encoded text` };
  return { from: 'model', text: `${name} is in no text before the call` };
}

/** Whether a number is a sum, difference, product or share of two numbers said before; of the last 64 of each speaker. */
function isComputed(view: View, value: number): boolean {
  const numbers = [...view.user, ...view.tools].flatMap(({ digest }) => digest.numbers.slice(-64)).slice(-128);
  const near = (result: number): boolean => Math.abs(result - value) < 0.005;
  return numbers.some((a) =>
    numbers.some(
      (b) =>
        near(a + b) ||
        near(a - b) ||
        near(a * b) ||
        near((a * b) / 100) ||
        near(a * (1 + b / 100)) ||
        (b !== 0 && near(a / b)),
    ),
  );
}

function spanIn(tool: HeardTool, span: Span, leaf: Leaf): { message: number; start: number; end: number } {
  const at = span.hidden === null ? span.text.indexOf(leaf.folded) : -1;
  if (at < 0 || tool.digest.folded.offsets !== null) return { message: tool.index, start: span.start, end: span.end };
  return { message: tool.index, start: span.start + at, end: span.start + at + leaf.folded.length };
}

function placeIn(tool: HeardTool, leaf: Leaf): { message: number; start: number; end: number } {
  const { text, offsets } = tool.digest.folded;
  const at = Math.max(0, text.indexOf(leaf.folded));
  const end = at + leaf.folded.length;
  if (offsets === null) return { message: tool.index, start: at, end };
  return { message: tool.index, start: offsets[at]!, end: offsets[Math.min(end, offsets.length - 1)]! };
}
