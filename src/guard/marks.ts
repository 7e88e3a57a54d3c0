// What classifiers marked, brought into the judgement: a marked part of a tool's text becomes an attack that a call may be
// found to follow; a marked user text speaks for itself. A mark on a tool's text alone blocks no call that does not follow it.
import type { Effect } from '../safety/taxonomy.ts';
import type { NamedMark, Panel } from './classify.ts';
import type { Conversation } from './conversation.ts';
import type { Finding } from './destination.ts';
import { type Digest, digestText } from './digest.ts';
import type { Directive } from './directive.ts';
import { isConsequential } from './effects.ts';
import { foldedPlace } from './fold.ts';
import type { HeardTool, View } from './view.ts';

type Marks = ReadonlyMap<number, readonly NamedMark[]>;

const marked = new WeakMap<readonly NamedMark[], Digest>();

/** The view with marked parts of tools' texts as attacks. */
export function markTools(view: View, marks: Marks): View {
  if (marks.size === 0) return view;
  return { ...view, tools: view.tools.map((tool) => markTool(view, tool, marks.get(tool.index) ?? [])) };
}

function markTool(view: View, tool: HeardTool, marks: readonly NamedMark[]): HeardTool {
  const malicious = marks.filter(({ mode }) => mode === 'malicious');
  if (malicious.length === 0) return tool;
  const known = marked.get(marks);
  if (known !== undefined) return { ...tool, digest: known };
  const { text } = view.conversation.messages[tool.index]!;
  const extra = malicious.map(
    ({ span, classifier, evidence }): Directive => ({
      start: foldedPlace(tool.digest.folded, span?.start ?? 0),
      end: foldedPlace(tool.digest.folded, span?.end ?? text.length),
      strength: 2,
      cues: [`${classifier} marks as malicious (${evidence.slice(0, 120)})`],
    }),
  );
  const digest = digestText(text, true, extra);
  marked.set(marks, digest);
  return { ...tool, digest };
}

/** What marks on the user's texts speak against a call. A sensitive request asks only where something would change. */
export function judgeMarks(view: View, marks: Marks, effects: readonly Effect[]): readonly Finding[] {
  return [...marks].flatMap(([index, list]) =>
    view.conversation.messages[index]?.role === 'user' ? list.flatMap((mark) => judgeMark(mark, index, effects)) : [],
  );
}

function judgeMark(mark: NamedMark, message: number, effects: readonly Effect[]): readonly Finding[] {
  if (mark.mode === 'benign') return [];
  if (mark.mode === 'sensitive' && !isConsequential(effects)) return [];
  const text = `the user's text is ${mark.mode}: ${mark.evidence}`;
  const span = mark.span === undefined ? {} : { span: { message, ...mark.span } };
  return [{ channel: 'user', mode: mark.mode, source: `classifier:${mark.classifier}`, text, ...span }];
}

/** What the user said in the two messages before this one, its last 2,000 characters. */
const saidBefore = (messages: Conversation['messages'], index: number): string =>
  messages
    .slice(0, index)
    .flatMap((message) => (message.role === 'user' ? [message.text] : []))
    .slice(-2)
    .join(' ')
    .slice(-2000);

/** The marks of the user's texts and of the tools', by message. */
export async function markAll(
  panel: Panel,
  view: View,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly NamedMark[]>> {
  const marks = new Map<number, readonly NamedMark[]>();
  if (!panel.covers('user') && !panel.covers('tool')) return marks;
  const { messages } = view.conversation;
  await Promise.all(
    messages.map(async (message, index) => {
      if (message.role !== 'user' && message.role !== 'tool') return;
      const { role, text } = message;
      const source = { channel: role, text, tool: role === 'tool' ? message.tool : null };
      const found = [...(await panel.mark(source, signal))];
      const before = role === 'user' && panel.covers(role) ? saidBefore(messages, index) : '';
      // A request may be said in parts, each harmless.
      if (before !== '') {
        const whole = await panel.mark({ ...source, text: `${before} ${text}` }, signal);
        found.push(...whole.map(({ span: _, ...mark }) => mark));
      }
      if (found.length > 0) marks.set(index, found);
    }),
  );
  return marks;
}
