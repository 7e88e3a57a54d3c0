// A policy with a guard before it: no call reaches the world that the guard did not let through. What it would ask about is
// asked of the user in the policy's place, what it refuses comes back to the policy as an error, and a final text it holds
// back is replaced. For measuring what a guard adds to a policy, and for attacks on both together.
// Not covered: what the guard does not see (a policy's thoughts), and a guard that is asked about calls the user approved.
import { type Call, callKey } from '../episode/action.ts';
import type { GuardWord, Observation, ToolSchema } from '../episode/episode.ts';
import type { Approvals, Ask } from '../guard/approval.ts';
import type { Conversation, GuardTool, Message } from '../guard/conversation.ts';
import { createGuard, type Guard, type GuardOptions, type Reason } from '../guard/guard.ts';
import type { Rulebook } from '../guard/rulebook.ts';
import type { Brief, Policy, Session, Turn } from '../policy/policy.ts';
import { REFUSAL } from '../policy/scripted.ts';
import type { Effect } from '../safety/taxonomy.ts';

/** How often a policy may try something else after a refusal, before its turn is taken from it. */
const TRIES = 3;

/**
 * The policy with the guard before its calls and final texts. `bookFor`: a book of approvals for each episode, whose limits
 * hold for every question, the policy's own too; without one the user is asked as often as guard and policy like.
 */
export function guardPolicy(
  policy: Policy,
  guardFor: (brief: Brief) => Guard,
  bookFor: () => Approvals | null = () => null,
): Policy {
  return {
    name: `${policy.name}+guard`,
    ...(policy.takes && { takes: policy.takes }),
    open: async (brief) => guardSession(await policy.open(brief), guardFor(brief), brief, bookFor()),
  };
}

/** A guard that knows what the tools on offer really do, as an operator would tell it. */
export function knowingGuard(effects: (tool: string) => readonly Effect[], options: GuardOptions = {}) {
  return ({ tools }: Brief): Guard => {
    const known = tools.flatMap(({ name }) =>
      effects(name).length > 0 ? [[name, { effects: [...effects(name)] }]] : [],
    );
    const rules: Rulebook = { ...options.rules, tools: { ...Object.fromEntries(known), ...options.rules?.tools } };
    return createGuard({ ...options, rules });
  };
}

/** A call the guard wants asked about, and the policy's turn that made it. */
type Held = { readonly turn: Turn; readonly call: Call };

function guardSession(inner: Session, guard: Guard, brief: Brief, book: Approvals | null): Session {
  const tools = brief.tools.map(toGuardTool);
  const messages: Message[] = [{ role: 'user', text: brief.request }];
  const approved = new Set<string>();
  let last: Call | null = null;
  let held: Held | null = null;
  /** The question in the book that the user is being asked. */
  let open: Ask | null = null;
  /** What was decided since the last turn that got through. */
  let words: GuardWord[] = [];
  const note = (call: Call | null, decision: GuardWord['decision'], reasons: readonly Reason[]): void => {
    words.push({ call, decision, reasons: reasons.map(({ source, text }) => ({ source, text })) });
  };
  const conversation = (): Conversation => ({ id: `episode-${brief.index}-${brief.seed}`, tools, messages });

  /** Takes in what came of the last turn, and says what the policy is to be told of it. */
  const hear = (observation: Observation | null): Observation | Turn | null => {
    if (observation === null) return null;
    if (observation.kind === 'answer' && last) {
      if (open !== null) settleQuestion(book, open, observation.approved);
      open = null;
      if (!held) {
        if (observation.approved) approved.add(callKey(last));
        return observation;
      }
      const { turn } = held;
      held = null;
      // The policy never learns that it was asked for: it made a call, and here is what came of it.
      return observation.approved ? turn : { kind: 'error', text: 'the user did not allow this' };
    }
    if (observation.kind === 'result' || observation.kind === 'error')
      messages.push({ role: 'tool', text: observation.text, tool: last?.name ?? '' });
    if (observation.kind === 'message') messages.push({ role: 'user', text: observation.text });
    return observation;
  };

  const pass = (plain: Turn): Turn => {
    const turn = words.length === 0 ? plain : { ...plain, guard: words };
    words = [];
    if (turn.action.kind === 'call') messages.push({ role: 'assistant', text: '', calls: [turn.action.call] });
    last = turn.action.kind === 'call' || turn.action.kind === 'check' ? turn.action.call : null;
    return turn;
  };

  /** Opens a question in the book; gives why it may not be asked, or null. */
  const ask = (call: Call): string | null => {
    const asked = book?.request(conversation().id, call);
    open = asked?.ok ? asked.ask : null;
    return asked?.ok === false ? asked.text : null;
  };

  const judge = async (turn: Turn): Promise<Turn | Observation> => {
    if (turn.action.kind === 'final') {
      const judged = await guard.judgeText(conversation(), turn.action.text);
      note(null, judged.action, judged.reasons);
      return judged.action === 'pass' ? turn : { ...turn, action: { kind: 'final', text: judged.text } };
    }
    if (turn.action.kind === 'check') {
      const why = ask(turn.action.call);
      if (why !== null) note(turn.action.call, 'refuse', [{ source: 'approvals', text: why }]);
      return why === null ? turn : { kind: 'answer', approved: false };
    }
    if (turn.action.kind !== 'call') return turn;
    const { call } = turn.action;
    // One exact call, once: what the user said yes to.
    if (approved.delete(callKey(call))) return turn;
    const { decision, reasons } = await guard.judgeCall(conversation(), call);
    note(call, decision, reasons);
    if (decision === 'execute') return turn;
    if (decision === 'verify') {
      const why = ask(call);
      if (why !== null) return { kind: 'error', text: `it needs the user's approval, and ${why}` };
      held = { turn, call };
      return { ...turn, action: { kind: 'check', call } };
    }
    return { kind: 'error', text: `refused by the guard: ${reasons[0]?.text ?? 'no reason given'}` };
  };

  return {
    async act(observation) {
      let told = hear(observation);
      if (told && 'action' in told) return pass(told);
      for (let tries = 0; tries < TRIES; tries++) {
        const judged = await judge(await inner.act(told));
        if ('action' in judged) return pass(judged);
        told = judged;
      }
      return pass({
        think: null,
        decision: 'refuse',
        action: { kind: 'final', text: REFUSAL },
        ended: true,
        text: REFUSAL,
      });
    },
    ...(inner.isFull && { isFull: () => inner.isFull?.() ?? false }),
    close: () => inner.close(),
  };
}

/** Writes the user's answer into the book. What was approved is made at once, so its approval is used up here. */
function settleQuestion(book: Approvals | null, { id, conversation, call }: Ask, approved: boolean): void {
  book?.resolve(id, approved ? 'approve' : 'deny');
  if (approved) book?.consume(conversation, call);
}

const toGuardTool = ({ name, description, parameters }: ToolSchema): GuardTool => ({
  name,
  description,
  parameters: JSON.parse(JSON.stringify(parameters)) as NonNullable<GuardTool['parameters']>,
});
