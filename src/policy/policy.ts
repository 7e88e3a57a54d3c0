// π: whoever acts. One interface for the scripted policies, the local model and remote chat models.
// Not here: the safety table (that is `rules`), the world, the reward.

import type { Action } from '../episode/action.ts';
import type { Observation, ToolSchema } from '../episode/episode.ts';
import type { Decision } from '../safety/taxonomy.ts';

/** What a policy is told when an episode begins. */
export type Brief = {
  readonly tools: readonly ToolSchema[];
  readonly request: string;
  /** Seed of this episode's sampling. */
  readonly seed: number;
  /** Order of this episode among those opened together; a batching policy serves them in this order. */
  readonly index: number;
};

/** One turn of a policy. `text` is the turn as protocol text, `ended` whether it closed with the end-of-turn token. */
export type Turn = {
  readonly think: string | null;
  readonly decision: Decision | null;
  readonly action: Action;
  readonly ended: boolean;
  readonly text: string;
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
  open(brief: Brief): Session | Promise<Session>;
};
