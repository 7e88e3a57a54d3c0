// The words of the safety model: two channels, three modes, three decisions, the effects of tools.
// Source: arXiv 2507.08270, section 3. Pure; knows nothing of worlds, policies or prompts.

/** Where text reaches an agent from: the user's prompt, or what a tool returned. */
export const CHANNELS = ['user', 'tool'] as const;
export type Channel = (typeof CHANNELS)[number];

/** What a source is: ordinary; innocent but powerful; meant to do harm. Ordered from mild to severe. */
export const MODES = ['benign', 'sensitive', 'malicious'] as const;
export type Mode = (typeof MODES)[number];

/** What an agent does about it. Ordered from lenient to strict. */
export const DECISIONS = ['execute', 'verify', 'refuse'] as const;
export type Decision = (typeof DECISIONS)[number];

/** What a tool call may do to the world. `private` = touches data that is not everybody's. */
export const EFFECTS = ['reads', 'writes', 'sends', 'spends', 'irreversible', 'private'] as const;
export type Effect = (typeof EFFECTS)[number];

/** A label on one source of text, with the evidence it rests on. */
export type Assessment = {
  readonly channel: Channel;
  readonly mode: Mode;
  /** Which source: `user`, or the tool call the text came from. */
  readonly source: string;
  /** Why: a sentence or the span it rests on. */
  readonly evidence: string;
};

/** The stricter of two decisions. */
export function stricter(a: Decision, b: Decision): Decision {
  return DECISIONS.indexOf(a) >= DECISIONS.indexOf(b) ? a : b;
}
