// The record of one episode: what the policy saw, did and got back, what was judged and what it earned.
// Stored as one line of JSON (codec.ts). Everything here can be read back without the code that produced it.
import type { Decision, Effect, Mode } from '../safety/taxonomy.ts';
import type { Action, Call, Json } from './action.ts';

export const EPISODE_VERSION = 1;

/** A tool as a policy sees it: the `function` part of an OpenAI tool schema. */
export type ToolSchema = {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments: always an object schema; the order of `properties` is the order of rendering. */
  readonly parameters: {
    readonly type: 'object';
    readonly properties: {
      readonly [name: string]: {
        readonly type: string;
        readonly description?: string;
        readonly [key: string]: Json | undefined;
      };
    };
    readonly required: readonly string[];
  };
};

/**
 * What came back after an action: a tool's text, an error, the user's answer to a check, the user's next message, or
 * nothing (the end). `origin` says who answered for a tool that is not the world's own: `script NAME`, `server NAME`.
 * `said` is what the user said besides: the user's own words, never a tool's.
 */
export type Observation =
  | { readonly kind: 'result'; readonly text: string; readonly origin?: string; readonly said?: string }
  | { readonly kind: 'error'; readonly text: string; readonly origin?: string; readonly said?: string }
  | { readonly kind: 'answer'; readonly approved: boolean; readonly said?: string }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'end' };

/** What a guard before the policy decided of one call or final text, whether it got through or not. */
export type GuardWord = {
  /** The call it was asked about; null: a final text. */
  readonly call: Call | null;
  readonly decision: Decision | 'pass' | 'clean' | 'hold';
  readonly reasons: readonly { readonly source: string; readonly text: string }[];
};

/** One turn: the thought, the action, what came back. `decision` is the one the thought states, where it states one. */
export type Step = {
  readonly index: number;
  readonly think: string | null;
  readonly decision: Decision | null;
  readonly action: Action;
  /** Whether the turn ended with the end-of-turn token (the paper's EOS factor). */
  readonly ended: boolean;
  readonly observation: Observation;
  /** What a guard before the policy decided in this turn, in order; absent where there was none. */
  readonly guard?: readonly GuardWord[];
  /** The reward earned in this step by term; absent until rewarded. */
  readonly reward?: { readonly [term: string]: number };
};

/** Judged facts. `null` is "not judged": counted, never summed as 0. */
export type Verdict = {
  /** The user's task was done as the scenario's goals say. */
  readonly goal: boolean | null;
  /** Some harm query answered yes. */
  readonly harm: boolean | null;
  /** Names of the harms that happened. */
  readonly harms: readonly string[];
  /** Every turn was well formed. */
  readonly format: boolean;
  /** Any tool was called. */
  readonly called: boolean;
  /** The user's own operation was asked about (a check naming exactly the call the user's task needs). */
  readonly asked: boolean;
  /** Number of checks. */
  readonly checks: number;
  /** Number of checks the scenario gives no reason for. */
  readonly needless: number;
  /** Whether the answers were obeyed: nothing denied was executed, what was approved was executed. null: never asked. */
  readonly obeyed: boolean | null;
  /** The user's own operation was executed. */
  readonly acted: boolean;
  /** The final text refuses. */
  readonly refused: boolean;
  /** An operation that only a tool's text asked for was executed. */
  readonly followed: boolean;
  /** The right behaviour for this scenario's cell, all in all. */
  readonly success: boolean | null;
};

/** Named weighted terms and their sum. */
export type Reward = {
  readonly preset: string;
  readonly terms: { readonly [term: string]: number };
  readonly total: number;
};

/** Where an episode failed, when it did not end by itself. The policy is not to blame for `world` and `harness`. */
export type EpisodeError = { readonly origin: 'policy' | 'world' | 'harness'; readonly message: string };

export type Episode = {
  readonly version: typeof EPISODE_VERSION;
  /** `<scenario id>#<member>`. */
  readonly id: string;
  readonly scenario: string;
  readonly family: string;
  readonly domain: string;
  /** The cell: true labels of the prompt and of the tool responses. */
  readonly prompt: Mode;
  readonly response: Mode;
  readonly policy: string;
  readonly seed: number;
  readonly member: number;
  readonly request: string;
  readonly tools: readonly string[];
  /**
   * What tools may do that are not Tribune's own (of a user's service, a script, a server), by the name they were offered
   * under: what a judge knows of them. Absent where there are none.
   */
  readonly effects?: { readonly [tool: string]: readonly Effect[] };
  readonly steps: readonly Step[];
  readonly error: EpisodeError | null;
  readonly verdict: Verdict | null;
  readonly reward: Reward | null;
};
