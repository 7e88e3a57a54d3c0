// `tribune/guard`: judges calls and texts of any agent at run time, asks, and keeps a log. Loads zod and nothing else; each
// framework's adapter has a sub-path of its own (`tribune/guard/ai-sdk`, `tribune/guard/mcp`, …).
import type { verifyLog as verify } from './verify.ts';

export { type Guarded, guard, type PlainOptions, readClock } from './adapters/plain.ts';
export {
  type Answer,
  type ApprovalOptions,
  type Approvals,
  type Ask,
  type Asked,
  createApprovals,
  type Resolution,
} from './approval.ts';
export {
  AUDIT_VERSION,
  type Audit,
  type AuditOptions,
  type Entry,
  type Event,
  openAudit,
} from './audit.ts';

export type { Classifier, Mark, Source } from './classify.ts';
export type { Conversation, GuardCall, GuardTool, Message } from './conversation.ts';
export { inferEffects } from './effects.ts';
export {
  type Asker,
  type Cause,
  createGate,
  describeQuestion,
  type Gate,
  type GateGuard,
  type GateOptions,
  type Opening,
  type Passage,
  type Question,
} from './gate.ts';
export {
  createGuard,
  type Guard,
  type GuardOptions,
  type Judgement,
  type Reason,
  type TextJudgement,
} from './guard.ts';
export { type LearnedOptions, loadLearned } from './learned/open.ts';
export { redactText, redactValue } from './redact.ts';
export { GUARD_TABLE, parseRulebook, type Rulebook, rulebookSchema } from './rulebook.ts';
export { type Outcome, openSession, type Session, type SessionOptions } from './session.ts';
export type { LogCheck, LogCheckOptions, LogFault } from './verify.ts';

/** Checks a log line by line (verify.ts, loaded with the first check). Never throws on any text; passes on what `lines` throws. */
export const verifyLog: typeof verify = async (lines, options) =>
  (await import('./verify.ts')).verifyLog(lines, options);
