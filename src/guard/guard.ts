// The guard: judges each call and each final text of an agent before anything happens, whatever model wrote it. Parts are
// asked in turn (rules, limits, provenance, classifiers); the strictest answer holds, and a part that fails is never "safe".
// Not here: asking people (approval.ts, gate.ts), what it means for a framework (adapters). Not covered: a tool that does
// something else than it says, and what a model does outside its calls and texts.
import { InputError } from '../episode/input.ts';
import { callsFor } from '../safety/decide.ts';
import { RULES_VERSION, type Rules } from '../safety/rules.ts';
import { type Decision, type Effect, stricter } from '../safety/taxonomy.ts';
import type { Classifier, Panel } from './classify.ts';
import type { Conversation, GuardCall, Message } from './conversation.ts';
import type { Finding, OriginOptions } from './destination.ts';
import { createDigester, type Digester } from './digest.ts';
import { inferEffects } from './effects.ts';
import { dissectCall } from './facts.ts';
import { judgeForged } from './forged.ts';
import type { Limiter } from './limits.ts';
import { once } from './once.ts';
import { applyRules, GUARD_TABLE, matchesName, type Rulebook } from './rulebook.ts';
import { type View, viewConversation } from './view.ts';

/** One thing that speaks for a decision: which part says it (`rule:payments`, `provenance`), in a sentence, and where. */
export type Reason = {
  readonly source: string;
  readonly text: string;
  /** Where the evidence stands: index of the message, and offsets in its text. */
  readonly span?: { readonly message: number; readonly start: number; readonly end: number };
};

/** What the guard decided about a call. `error` is set when a part failed: the decision is then never `execute` in enforce mode. */
export type Judgement = {
  readonly decision: Decision;
  readonly reasons: readonly Reason[];
  readonly error?: string;
  /** In shadow mode: the decision that would have held. */
  readonly would?: Decision;
};

/** What the guard decided about a final text: `text` is what may be shown. */
export type TextJudgement = {
  readonly action: 'pass' | 'clean' | 'hold';
  readonly text: string;
  readonly reasons: readonly Reason[];
};

export type GuardOptions = {
  /** The operator's rules; see rulebook.ts. */
  readonly rules?: Rulebook;
  readonly classifiers?: readonly Classifier[];
  /** `shadow` decides and says so, and never blocks. */
  readonly mode?: 'enforce' | 'shadow';
  /** What a failed part means: `refuse` (default) or `verify`. */
  readonly onError?: 'refuse' | 'verify';
  /** Whether `judgeResult` cuts attacks out of what tools return. Default `pass`: it only tells of them. */
  readonly results?: 'pass' | 'clean';
  /** Milliseconds a classifier may take for one text. Default 2000. */
  readonly timeout?: number;
  /** Milliseconds from any fixed moment, not going back. Default: the process's own clock. */
  readonly now?: () => number;
};

export type Guard = {
  /** Judges a call before it runs. Never throws. */
  judgeCall(conversation: Conversation, call: GuardCall, signal?: AbortSignal): Promise<Judgement>;
  /** Judges a text before the user sees it. Never throws: what cannot be judged is held. */
  judgeText(conversation: Conversation, text: string, signal?: AbortSignal): Promise<TextJudgement>;
  /** Judges what a tool returned before the model reads it. Never throws: what cannot be judged is held. */
  judgeResult?(
    conversation: Conversation,
    result: Message & { readonly role: 'tool' },
    signal?: AbortSignal,
  ): Promise<TextJudgement>;
};

type Parts = {
  readonly rules: Rulebook;
  readonly table: Rules;
  readonly digester: Digester;
  /** The classifiers, where there are any. */
  readonly panel: () => Promise<Panel> | null;
  /** What counts for limits, where there are any. */
  readonly limiter: () => Promise<Limiter> | null;
};

/** Makes a guard. It keeps no conversation, only bounded caches and the counts of its limits. Throws InputError on options that make no sense. */
export function createGuard(options: GuardOptions = {}): Guard {
  const { rules = {}, mode = 'enforce', onError = 'refuse', results = 'pass' } = options;
  const parts = assemble(options, rules);
  const hold = (fault: unknown): TextJudgement => {
    const reasons = [{ source: 'guard', text: `the guard failed: ${describe(fault)}` }];
    return { action: 'hold', text: '[Guard: this text could not be judged and is held back.]', reasons };
  };
  return {
    async judgeCall(conversation, call, signal) {
      const judgement = await judgeCall(parts, conversation, call, signal).catch((fault: unknown): Judgement => {
        const error = describe(fault);
        return { decision: onError, reasons: [{ source: 'guard', text: `the guard failed: ${error}` }], error };
      });
      return mode === 'shadow' ? { ...judgement, decision: 'execute', would: judgement.decision } : judgement;
    },
    async judgeText(conversation, text, signal) {
      const judged = await judgeText(parts, conversation, text, signal).catch(hold);
      return mode === 'shadow' ? { ...judged, action: 'pass', text } : judged;
    },
    async judgeResult(conversation, result, signal) {
      const judged = await judgeResult(parts, conversation, result, signal).catch(hold);
      return mode === 'shadow' || (results === 'pass' && judged.action === 'clean')
        ? { ...judged, action: 'pass', text: result.text }
        : judged;
    },
  };
}

const describe = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));

function assemble(options: GuardOptions, rules: Rulebook): Parts {
  const { classifiers = [], timeout = 2000, now = () => performance.now() } = options;
  if (!(timeout > 0)) throw new InputError('timeout', `${timeout}, expected milliseconds above 0`);
  const limits = rules.limits ?? [];
  const names = limits.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InputError('rules.limits', `two limits are named ${twice}, expected names of their own`);
  const table = {
    user: { ...GUARD_TABLE.user, ...rules.table?.user },
    tool: { ...GUARD_TABLE.tool, ...rules.table?.tool },
  };
  return {
    rules,
    table: { version: RULES_VERSION, table, effects: {}, tools: {} },
    digester: createDigester(),
    panel: once(() =>
      classifiers.length === 0
        ? null
        : import('./classify.ts').then(({ createPanel }) =>
            createPanel({ classifiers, timeout, failures: 3, rest: 30_000, now }),
          ),
    ),
    limiter: once(() =>
      rules.limits === undefined ? null : import('./limits.ts').then(({ createLimiter }) => createLimiter(limits, now)),
    ),
  };
}

async function judgeCall(
  parts: Parts,
  conversation: Conversation,
  call: GuardCall,
  signal?: AbortSignal,
): Promise<Judgement> {
  const { rules } = parts;
  // What only rules need is loaded with the first call that rules are asked about.
  const limiter = await parts.limiter();
  const tests = rules.rules === undefined ? null : await import('./holds.ts');
  const declared = findDeclared(rules, call.name);
  const dissected = dissectCall(call, conversation.tools, declared);
  const { effects } = dissected;
  const { view, said } = await hear(parts, conversation, signal);
  const verdict = applyRules(
    rules,
    call,
    effects,
    (rule) => tests?.holds(rule, call, view) ?? rule.decision !== 'execute',
  );
  const earlier = view.calls.map((made) => made.call);
  const effectsOf = (one: GuardCall): readonly Effect[] =>
    dissectCall(one, conversation.tools, findDeclared(rules, one.name)).effects;
  const breaches = limiter?.check(call, effects, earlier, effectsOf) ?? [];
  const demands = [...verdict.demands, ...breaches];
  const findings =
    verdict.allow === null
      ? [
          ...(await loadOrigin()).judgeOrigin(view, dissected, {
            ...originOptions(parts, conversation),
            links: dissected.leaves.some(({ kind }) => kind === 'link') ? await loadLure() : null,
          }),
          ...said(effects),
          ...judgeForged(view, effects),
        ]
      : [];
  const judgement = combine(parts.table, demands, findings, verdict.allow);
  if (judgement.decision !== 'refuse') limiter?.count(call, effects);
  return judgement;
}

/** The effects the rules give a tool, or undefined: then they are guessed. */
function findDeclared(rules: Rulebook, name: string): readonly Effect[] | undefined {
  if (rules.tools === undefined) return undefined;
  return Object.entries(rules.tools).find(([pattern]) => matchesName(name, [pattern]))?.[1].effects;
}

function originOptions({ rules }: Parts, conversation: Conversation): Omit<OriginOptions, 'links'> {
  const isPrivate = (name: string): boolean => {
    const tool = conversation.tools.find((one) => one.name === name) ?? { name };
    return (findDeclared(rules, name) ?? inferEffects(tool)).includes('private');
  };
  return { domains: rules.domains ?? [], strict: rules.preset !== 'autonomous', isPrivate };
}

/** The conversation as the guard sees it, and what classifiers say of the user's texts in it. */
type Hearing = { readonly view: View; readonly said: (effects: readonly Effect[]) => readonly Finding[] };

/** What only classifiers need is loaded with the first of them. */
async function hear(parts: Parts, conversation: Conversation, signal?: AbortSignal): Promise<Hearing> {
  const plain = viewConversation(conversation, parts.digester);
  const panel = await parts.panel();
  if (panel === null) return { view: plain, said: () => [] };
  const { markAll, markTools, judgeMarks } = await import('./marks.ts');
  const marks = await markAll(panel, plain, signal);
  const view = markTools(plain, marks);
  return { view, said: (effects) => judgeMarks(view, marks, effects) };
}

type Demand = { readonly decision: Decision; readonly source: string; readonly text: string };

/** The strictest of what the findings call for by the table and what the rules demand, with the reasons for it first. */
function combine(
  table: Rules,
  demands: readonly Demand[],
  findings: readonly Finding[],
  allow: string | null,
): Judgement {
  const judged = findings.map((finding) => ({
    finding,
    decision: callsFor({ channel: finding.channel ?? 'tool', mode: finding.mode }, table),
  }));
  const least = callsFor({ channel: 'user', mode: 'benign' }, table);
  const decision = [...demands, ...judged].reduce<Decision>((most, demand) => stricter(most, demand.decision), least);
  const told = [
    ...demands.map(({ decision: least, source, text }) => ({ least, reason: { source, text } })),
    ...judged.map(({ finding: { source, text, span }, decision: least }) => ({
      least,
      reason: span === undefined ? { source, text } : { source, text, span },
    })),
  ].filter(({ least }) => least !== 'execute');
  const reasons = [
    ...told.filter(({ least }) => least === decision),
    ...told.filter(({ least }) => least !== decision),
  ].map(({ reason }) => reason);
  if (reasons.length > 0) return { decision, reasons };
  const text = allow === null ? 'nothing speaks against the call' : `allowed by ${allow}`;
  return { decision, reasons: [{ source: allow === null ? 'guard' : 'rule:allow', text }] };
}

/** What judges texts is loaded with the first text: many hosts have calls judged only. */
const loadReply = (): Promise<typeof import('./reply.ts')> => import('./reply.ts');

/** What judges whose wish a call is, loaded with the first call that needs it. */
const loadOrigin = once(() => import('./origin.ts'));

/** What judges links, loaded with the first call that has one. */
const loadLure = once(() => import('./lure.ts'));

async function judgeText(
  parts: Parts,
  conversation: Conversation,
  text: string,
  signal?: AbortSignal,
): Promise<TextJudgement> {
  const { view } = await hear(parts, conversation, signal);
  const { judgeReply } = await loadReply();
  return judgeReply(view, text, originOptions(parts, conversation));
}

async function judgeResult(
  parts: Parts,
  conversation: Conversation,
  result: Message & { readonly role: 'tool' },
  signal?: AbortSignal,
): Promise<TextJudgement> {
  const whole = { ...conversation, messages: [...conversation.messages, result] };
  const { view } = await hear(parts, whole, signal);
  const { screenResult } = await loadReply();
  return screenResult(view.tools.at(-1)!, result.text);
}
