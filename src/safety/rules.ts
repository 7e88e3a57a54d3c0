// The safety table as data: which decision each assessment calls for, and what an operator demands of effects and tools.
// Not here: applying it (decide.ts), reading it (read-rules.ts).
import type { Channel, Decision, Effect, Mode } from './taxonomy.ts';

export const RULES_VERSION = 1;

/** Rules: `table` says what an assessment calls for; `effects` and `tools` can only raise that (see decide.ts). */
export type Rules = {
  readonly version: typeof RULES_VERSION;
  /** The decision for a label on each channel. */
  readonly table: { readonly [channel in Channel]: { readonly [mode in Mode]: Decision } };
  /** The least strict decision for a call that has the effect. */
  readonly effects: { readonly [effect in Effect]?: Decision };
  /** The least strict decision for a call of the tool; it replaces what `effects` says about that tool's effects. */
  readonly tools: { readonly [tool: string]: Decision };
};

/**
 * The paper's table (arXiv 2507.08270, section 3). A malicious tool response is not refused outright: the agent does not
 * follow it, tells the user and waits for an answer, which is `verify`.
 */
export const defaultRules: Rules = {
  version: RULES_VERSION,
  table: {
    user: { benign: 'execute', sensitive: 'verify', malicious: 'refuse' },
    tool: { benign: 'execute', sensitive: 'execute', malicious: 'verify' },
  },
  effects: {},
  tools: {},
};
