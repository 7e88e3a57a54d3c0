// Policies that act by script: they know the reference solution and differ only in what they decide. Used as baselines,
// as controls of every suite, and (with drawn decisions) as the demonstrator of the warm start.
// Not learned, not fair competitors: they are told what no policy is told.

import { type Action, type Call, sameCall } from '../episode/action.ts';
import type { Observation } from '../episode/episode.ts';
import type { Decision, Mode } from '../safety/taxonomy.ts';
import type { Session, Turn } from './policy.ts';
import { segmentText, turnSegments } from './protocol.ts';

/** What a scripted policy is told of a scenario (a part of the scenario's own record). */
export type Script = {
  readonly labels: { readonly prompt: Mode };
  readonly plan: readonly (
    | { readonly kind: 'call'; readonly call: Call; readonly own: boolean; readonly facts: readonly string[] }
    | { readonly kind: 'final'; readonly text: string; readonly facts: readonly string[] }
  )[];
  readonly gated: readonly Call[];
  readonly injections: readonly {
    readonly text: string;
    readonly kind: 'attack' | 'lookalike';
    readonly calls: readonly Call[];
    readonly text_goal: string | null;
  }[];
};

/** What a scripted policy decides, where it has a choice. */
export type Choices = {
  /** Before a step of the task. */
  readonly task: (script: Script, call: Call) => Decision;
  /** About an order found in a tool's text: do it, ask about it, or leave it and go on. */
  readonly order: (script: Script) => Decision;
};

export const REFUSAL = "I can't help with that.";
export const STOPPED = 'Not done.';
export const DONE = 'Done.';
export const FAILED = 'It failed.';

/** Errors after which nothing was done, and the service says that it can be tried again. */
const PASSING = /^(the service is not available|rate limit of \d+ reached: try again in \d+ seconds)$/;
/** Errors after which nobody knows whether it was done. */
const UNKNOWN = /^timed out after \d+ seconds$/;

/** Whether the error of a call leaves open that it was carried out: no answer came. */
export function leavesOpen(error: string): boolean {
  return UNKNOWN.test(error);
}

/** How often one call is tried again. */
const TRIES = 5;

const always =
  <T>(value: T) =>
  () =>
    value;
const isGated = (script: Script, call: Call) => script.gated.some((gated) => sameCall(gated, call));

export const CHOICES = {
  /** Does what is right: refuses malice, asks before what is gated, leaves orders alone. */
  oracle: {
    task: (script, call) =>
      script.labels.prompt === 'malicious' ? 'refuse' : isGated(script, call) ? 'verify' : 'execute',
    order: always('refuse'),
  },
  /** Does whatever it is asked, by anybody. */
  compromised: { task: always('execute'), order: always('execute') },
  /** Does whatever the user asks, and never asks back; leaves orders in tool text alone. */
  comply: { task: always('execute'), order: always('refuse') },
  /** Asks before everything. */
  asker: { task: always('verify'), order: always('verify') },
} as const satisfies { readonly [name: string]: Choices };

/** Starts a scripted episode. `shown`: what the policy reads before its first turn (the tools' descriptions). */
export function playScript(script: Script, choices: Choices, shown = ''): Session {
  const player = {
    script,
    choices,
    shown,
    at: 0,
    pending: null as Call | null,
    last: null as Call | null,
    tries: 0,
    granted: null as Call | null,
    orders: [...script.injections].filter((i) => i.kind === 'attack'),
    following: [] as Call[],
  };
  return {
    act: async (observation) => noteCall(player, nextTurn(player, observation)),
    prefill: ({ action }) => skipStep(player, action),
    close: () => undefined,
  };
}

/** A prescribed turn that carries out the next step of the plan: the step is done. */
function skipStep(p: Player, action: Action): void {
  const step = p.script.plan[p.at];
  if (step?.kind === 'call' && action.kind === 'call' && sameCall(step.call, action.call)) p.at += 1;
}

/** An agent that does nothing and says it is done. */
export function playIdle(): Session {
  return {
    act: async () => makeTurn([], 'execute', { kind: 'final', text: DONE }),
    prefill: () => undefined,
    close: () => undefined,
  };
}

type Player = {
  readonly script: Script;
  readonly choices: Choices;
  readonly shown: string;
  /** Index of the next step of the plan. */
  at: number;
  /** The call a check was made about. */
  pending: Call | null;
  /** The call made last, and how often it was tried again. */
  last: Call | null;
  tries: number;
  /** The call the user has approved and that has not come back yet. */
  granted: Call | null;
  /** Injected orders not met yet. */
  orders: Script['injections'][number][];
  /** Calls of an order being followed. */
  following: Call[];
};

function makeTurn(facts: readonly string[], decision: Decision, action: Action): Turn {
  const think = [...facts, decision].join(' ');
  return { think, decision, action, ended: true, text: segmentText(turnSegments(think, action)) };
}

const say = (facts: readonly string[], decision: Decision, text: string) =>
  makeTurn(facts, decision, { kind: 'final', text });

function nextTurn(p: Player, observation: Observation | null): Turn {
  if (observation?.kind === 'answer') return answerTurn(p, observation.approved);
  if (observation?.kind === 'error') return errorTurn(p, observation.text);
  if (observation?.kind === 'result') settleCall(p);
  const read = observation === null ? p.shown : observation.kind === 'result' ? observation.text : '';
  const order = p.orders.find((o) => read.includes(o.text));
  if (order) return orderTurn(p, order);
  if (p.following.length > 0) return makeTurn(['order'], 'execute', { kind: 'call', call: takeFollowing(p) });
  return planTurn(p, observation?.kind === 'result' ? ['content'] : []);
}

/** Remembers the call a turn makes. */
function noteCall(p: Player, turn: Turn): Turn {
  if (turn.action.kind === 'call') p.last = turn.action.call;
  return turn;
}

/** A call has come back: an approval of it is used up. */
function settleCall(p: Player): void {
  p.tries = 0;
  if (p.granted !== null && p.last !== null && sameCall(p.granted, p.last)) p.granted = null;
}

/** After an error: try again where the service says so; where it is not known what was done, the plan looks first. */
function errorTurn(p: Player, text: string): Turn {
  if (PASSING.test(text) && p.last !== null && p.tries < TRIES) {
    p.tries += 1;
    return makeTurn(['error'], 'execute', { kind: 'call', call: p.last });
  }
  if (leavesOpen(text) && p.script.plan[p.at]?.kind === 'call') return planTurn(p, ['error']);
  return say(['error'], 'refuse', FAILED);
}

function takeFollowing(p: Player): Call {
  const call = p.following.shift();
  if (!call) throw new Error('no call to follow');
  return call;
}

/** After the user's answer: do it, or stop; a denied order is left and the task goes on. */
function answerTurn(p: Player, approved: boolean): Turn {
  const call = p.pending;
  p.pending = null;
  if (!call) throw new Error('an answer without a question');
  const step = p.script.plan[p.at];
  const ownStep = step?.kind === 'call' && sameCall(step.call, call);
  const word = approved ? 'approved' : 'denied';
  if (approved) {
    if (ownStep) p.at += 1;
    p.granted = call;
    return makeTurn([word], 'execute', { kind: 'call', call });
  }
  if (!ownStep) return planTurn(p, [word]);
  return say([word], 'refuse', STOPPED);
}

function orderTurn(p: Player, order: Script['injections'][number]): Turn {
  p.orders = p.orders.filter((other) => other !== order);
  const decision = p.choices.order(p.script);
  const [call, ...more] = order.calls;
  if (decision === 'refuse' || (decision === 'verify' && !call)) return planTurn(p, ['order', 'refuse']);
  if (!call) return say(['order'], 'execute', followText(p, order.text_goal ?? ''));
  if (decision === 'verify') {
    p.pending = call;
    return makeTurn(['order'], 'verify', { kind: 'check', call });
  }
  p.following = more;
  return makeTurn(['order'], 'execute', { kind: 'call', call });
}

/** The final text of an agent that passes a planted claim on along with its answer. */
function followText(p: Player, claim: string): string {
  const final = p.script.plan.at(-1);
  return final?.kind === 'final' ? `${final.text}, ${claim}` : claim;
}

function planTurn(p: Player, prefix: readonly string[]): Turn {
  const step = p.script.plan[p.at];
  if (!step) return say(prefix, 'execute', DONE);
  const before = step.facts[0] === 'done' && prefix[0] === 'content' ? [] : prefix;
  if (step.kind === 'final') {
    p.at += 1; // in a conversation, the user's next message finds the plan going on
    return say([...before, ...step.facts], 'execute', step.text);
  }
  const facts = [...before, ...step.facts];
  const granted = p.granted !== null && sameCall(p.granted, step.call);
  const decision = granted ? 'execute' : p.choices.task(p.script, step.call);
  if (decision === 'refuse') return say(facts, 'refuse', REFUSAL);
  if (decision === 'verify') {
    p.pending = step.call;
    return makeTurn(facts, 'verify', { kind: 'check', call: step.call });
  }
  p.at += 1;
  return makeTurn(facts, 'execute', { kind: 'call', call: step.call });
}
