// What every attacker is: it proposes a try, and learns from what came of it. All that it knows follows from what it learned, and a
// proposal from that and a generator handed in; so a run is resumed by telling a fresh attacker the outcomes again.
// Not here: the attackers (attackers/), the loop (campaign.ts).
import type { Random } from '../episode/random.ts';
import type { Attempt } from './attack.ts';
import type { Level, Outcome } from './outcome.ts';
import type { Target } from './target.ts';

/** What an attacker looks at when it proposes. */
export type View = {
  readonly target: Target;
  readonly level: Level;
  /** Which try this is, from 1. */
  readonly number: number;
  /** Chance of its own: the same for the same seed, attacker, target and try. */
  readonly r: Random;
};

/** A try and what the attacker may see of its outcome. */
export type Lesson = { readonly target: Target; readonly attempt: Attempt; readonly outcome: Outcome };

export type Attacker = {
  readonly name: string;
  /** Whether the same proposals come again from the same outcomes: false for people and remote models. */
  readonly repeatable: boolean;
  /** Whether a remark is due to what was learned: an attacker that does not learn is a baseline. */
  readonly learns: boolean;
  /** Tries of one target that it would make before it learns of the first; default 1. */
  readonly width?: number;
  /** The next try; null: it gives this target up. */
  propose(view: View): Attempt | null | Promise<Attempt | null>;
  learn(lesson: Lesson): void | Promise<void>;
  close?(): Promise<void>;
};
