// What a benchmark is to the command line: a name, its variants, and how it is played. And what playing shares: cases repeated
// over trials, the model lost for one case, progress, abort.
// Not here: what is measured (row.ts), a single conversation (converse.ts), files (files.ts).
import type { Chat } from '../../agent/chat.ts';
import type { Speaker } from '../../agent/named.ts';
import type { Guard } from '../../guard/guard.ts';
import { Outage } from '../../policy/policy.ts';
import type { Played } from './row.ts';

/** What a benchmark is played with. */
export type Context = {
  /** The directory with its official files. */
  readonly data: string;
  readonly speaker: Speaker;
  /** A chat model that judges, where the benchmark knows judges. */
  readonly judge: Chat | null;
  /** Stands before every call. */
  readonly guard: Guard | null;
  /** At most so many cases, spread evenly; null: all. */
  readonly limit: number | null;
  readonly trials: number;
  readonly variant: string;
  /** How a chat model is asked, where a benchmark knows several ways; its first if not said. */
  readonly mode?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
};

export type Benchmark = {
  readonly name: string;
  /** The first is the default. */
  readonly variants: readonly string[];
  /** Ways to ask a chat model, the first the default; none where there is one way. */
  readonly modes?: readonly string[];
  /** Whether a model can judge in it; where none can, one is refused. */
  readonly judges: boolean;
  /** Scripted policies that stand beside the one measured, with what they do. */
  readonly baselines: readonly { readonly policy: string; readonly title: string }[];
  /** Throws InputError where the data is not there or not of the benchmark's form. */
  play(context: Context): Promise<Played>;
};

/** The baselines of a benchmark of acts. */
export const ACTORS: Benchmark['baselines'] = [
  { policy: 'scripted:idle', title: 'do nothing' },
  { policy: 'scripted:compromised', title: 'comply with everything' },
];

export type Trial<T> = { readonly item: T; readonly trial: number; readonly index: number };

/** A case the model could not be reached for. */
export const LOST = 'lost';

/**
 * Plays every case `trials` times, all opened at once: policy and client keep their own width. A case for which the model could
 * not be reached is lost alone; a failure for good, an abort, or nothing but lost cases ends all: rejects with the reason.
 */
export async function playTrials<T, R>(
  context: Context,
  items: readonly T[],
  play: (trial: Trial<T>) => Promise<R>,
): Promise<readonly (R | typeof LOST)[]> {
  const { speaker, judge, signal, onProgress, trials } = context;
  const all = items.flatMap((item) => Array.from({ length: trials }, (_, trial) => ({ item, trial })));
  let done = 0;
  let outage: Outage | null = null;
  speaker.begin(all.length);
  const one = async ({ item, trial }: { item: T; trial: number }, index: number): Promise<R | typeof LOST> => {
    const result = await play({ item, trial, index }).catch((error: unknown): typeof LOST => {
      const over = (speaker.chat?.client.failure() ?? judge?.client.failure() ?? null) !== null;
      if (!(error instanceof Outage) || over) throw error;
      outage = error;
      return LOST;
    });
    signal.throwIfAborted();
    onProgress(++done, all.length);
    return result;
  };
  const results = await Promise.all(all.map(one));
  if (outage !== null && results.every((result) => result === LOST)) throw outage;
  return results;
}

/** Parts the lost from the played. */
export function partLost<R>(results: readonly (R | typeof LOST)[]): {
  readonly played: readonly R[];
  readonly lost: number;
} {
  const played = results.filter((result): result is R => result !== LOST);
  return { played, lost: results.length - played.length };
}
