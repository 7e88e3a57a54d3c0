// π: whoever acts. One interface for the scripted policies, the local model and remote chat models.
// Not here: the safety table (that is `rules`), the world, the reward.

import type { Action, Call } from '../episode/action.ts';
import type { GuardWord, Observation, ToolSchema } from '../episode/episode.ts';
import type { Decision } from '../safety/taxonomy.ts';

/** What a policy is told when an episode begins. */
export type Brief = {
  readonly tools: readonly ToolSchema[];
  readonly request: string;
  /** Seed of this episode's sampling. */
  readonly seed: number;
  /** Order of this episode among those opened together; a batching policy serves them in this order. */
  readonly index: number;
  /** A system prompt that a benchmark prescribes. Only for a policy that `takes` one. */
  readonly system?: string;
  /** What was said before the request, oldest first. Only for a policy that `takes` it. */
  readonly history?: readonly Said[];
};

/** A message of a conversation a policy is put into. */
export type Said =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly calls: readonly Call[] }
  | { readonly role: 'tool'; readonly text: string };

/** Whoever acts could not be reached: no act of the policy, good or bad, and no ground to judge it. */
export class Outage extends Error {
  override readonly name: string = 'Outage';
}

/** One turn of a policy. `text` is the turn as protocol text, `ended` whether it closed with the end-of-turn token. */
export type Turn = {
  readonly think: string | null;
  readonly decision: Decision | null;
  readonly action: Action;
  readonly ended: boolean;
  readonly text: string;
  /** What a guard before the policy decided on the way to this turn (agent/guarded.ts). */
  readonly guard?: readonly GuardWord[];
};

/** The policy's side of one episode. */
export type Session = {
  /** The next turn. `observation` is what came of the last one; null on the first turn. A rejected promise is a policy failure. */
  act(observation: Observation | null): Promise<Turn>;
  /** Takes a prescribed turn for its own, in place of `act`, as benchmarks that begin in the middle need it. */
  prefill?(turn: Turn): void;
  /** Whether the last turn broke off because the policy's context was full. */
  isFull?(): boolean;
  /** Called once, when the episode is over, however it ended. */
  close(): void;
};

export type Policy = {
  readonly name: string;
  /** What of a brief, beside its necessary parts, this policy heeds. */
  readonly takes?: readonly ('system' | 'history')[];
  open(brief: Brief): Session | Promise<Session>;
};
