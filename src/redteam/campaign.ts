// A campaign: one attacker against one defence on all targets at once, in rounds, until each is broken or the budget is spent.
// Rounds make it fast (a policy plays many tries together) and resumable (a journal of whole rounds tells a fresh attacker what
// it had learned). What is played depends on seed, attacker and outcomes alone. Not here: figures (figures.ts).
import { InputError } from '../episode/input.ts';
import { rng } from '../episode/random.ts';
import type { Arena, Try } from './arena.ts';
import { type Attempt, NO_ATTACK, textOf } from './attack.ts';
import type { Attacker } from './attacker.ts';
import type { Entry, Journal } from './journal.ts';
import { type Level, type Outcome, showOutcome } from './outcome.ts';
import type { Target } from './target.ts';

/** What an attacker may spend: tries of each target, and over all of them seconds, and tokens it writes. */
export type Budget = { readonly tries: number; readonly seconds?: number; readonly tokens?: number };

export type CampaignOptions = {
  readonly targets: readonly Target[];
  readonly attacker: Attacker;
  readonly arena: Arena;
  readonly level: Level;
  readonly budget: Budget;
  readonly seed: number;
  readonly journal: Journal;
  readonly signal?: AbortSignal;
  /** Milliseconds from any fixed moment; for the budget in seconds. */
  readonly now?: () => number;
  /** Told after each round: tries made, the most there may be, targets broken. */
  readonly onRound?: (done: number, total: number, broken: number) => void;
};

/** What came of a target. */
export type Fate = {
  readonly target: Target;
  /** Tries made, none-attack not counted. */
  readonly tries: number;
  /** The try that broke it; 0: it breaks without an attack; null: none did. */
  readonly brokenAt: number | null;
  readonly attempt: Attempt | null;
  readonly outcome: Outcome | null;
  /** Whether the user's task was done in the last try before it broke; null: not judged, or no such try. */
  readonly goal: boolean | null;
  /** Tries that were not judged. */
  readonly unjudged: number;
};

/** Words and signs of a text: what a budget in tokens counts. */
export function countTokens(text: string): number {
  return text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)?.length ?? 0;
}

/** Runs a campaign to its end, going on from its journal. Rejects when the signal aborts; what whole rounds were played is kept. */
export async function runCampaign(options: CampaignOptions): Promise<Fate[]> {
  const { targets, journal, budget, now = () => performance.now() } = options;
  const state = openState(targets);
  for (const [index, entries] of journal.rounds.entries()) await recall(options, state, entries, index);
  const begin = now();
  const isOver = (): boolean =>
    (budget.seconds !== undefined && (now() - begin) / 1000 >= budget.seconds) ||
    (budget.tokens !== undefined && state.tokens >= budget.tokens);
  while (!isOver()) {
    options.signal?.throwIfAborted();
    const tries = await proposeRound(options, state);
    if (tries.length === 0) break;
    const outcomes = await options.arena.play(tries);
    const entries = tries.map(({ target, attempt, number }, at): Entry => {
      return { target: target.id, number, attempt, outcome: outcomes[at]! };
    });
    await journal.append(entries);
    await takeIn(options, state, entries);
    tell(options, state);
  }
  return targets.map((target) => fateOf(target, state));
}

type Progress = {
  tries: number;
  brokenAt: number | null;
  attempt: Attempt | null;
  outcome: Outcome | null;
  goal: boolean | null;
  unjudged: number;
  givenUp: boolean;
};
type State = {
  readonly byId: ReadonlyMap<string, Progress>;
  readonly targets: ReadonlyMap<string, Target>;
  /** What was tried on which target. */
  readonly tried: Set<string>;
  tokens: number;
};

function openState(targets: readonly Target[]): State {
  const fresh = (): Progress => {
    const found = { brokenAt: null, attempt: null, outcome: null, goal: null };
    return { tries: -1, ...found, unjudged: 0, givenUp: false };
  };
  return {
    byId: new Map(targets.map(({ id }) => [id, fresh()])),
    targets: new Map(targets.map((target) => [target.id, target])),
    tried: new Set(),
    tokens: 0,
  };
}

function fateOf(target: Target, { byId }: State): Fate {
  const { givenUp: _, tries, ...rest } = byId.get(target.id)!;
  return { target, tries: Math.max(0, tries), ...rest };
}

/** The next tries of every target that stands: first none, then as many as the attacker makes at once. */
async function proposeRound(options: CampaignOptions, state: State): Promise<Try[]> {
  const { targets, attacker, budget } = options;
  const { byId } = state;
  const open = targets.flatMap((target) => {
    const progress = byId.get(target.id)!;
    if (progress.brokenAt !== null || progress.givenUp) return [];
    if (progress.tries < 0) return [{ target, number: 0 }];
    const width = Math.min(attacker.width ?? 1, budget.tries - progress.tries);
    return Array.from({ length: width }, (_, at) => ({ target, number: progress.tries + 1 + at }));
  });
  const proposed = await Promise.all(
    open.map(async ({ target, number }) => {
      if (number === 0) return { target, number, attempt: NO_ATTACK };
      const attempt = await proposeNew(options, state, target, number);
      if (attempt === null) byId.get(target.id)!.givenUp = true;
      return attempt === null ? null : { target, number, attempt };
    }),
  );
  return proposed.filter((one) => one !== null);
}

/** How often an attacker is asked again for something it has not tried on the target. */
const AGAIN = 6;

/** A proposal that was not tried before, if the attacker has one: the same text would end the same. */
async function proposeNew(
  { attacker, seed, level }: CampaignOptions,
  { tried }: State,
  target: Target,
  number: number,
): Promise<Attempt | null> {
  const r = rng('redteam', seed, attacker.name, target.id, number);
  let attempt = await attacker.propose({ target, number, r, level });
  for (let again = 1; again <= AGAIN && attempt !== null && attacker.repeatable; again++) {
    if (!tried.has(keyOf(target.id, attempt))) break;
    attempt = await attacker.propose({ target, number, r: r.fork('again', again), level });
  }
  return attempt;
}

const keyOf = (id: string, { pieces, request, later }: Attempt): string => JSON.stringify([id, pieces, request, later]);

/** Tells the attacker of a round that was played before; checks that it would have played the same. */
async function recall(options: CampaignOptions, state: State, entries: readonly Entry[], index: number): Promise<void> {
  if (options.attacker.repeatable) {
    const again = await proposeRound(options, state);
    const same = JSON.stringify(again.map(({ target, number, attempt }) => [target.id, number, attempt]));
    if (same !== JSON.stringify(entries.map(({ target, number, attempt }) => [target, number, attempt])))
      throw new InputError(
        `round ${index} of ${options.attacker.name}`,
        'was played with other targets, seed or version, expected the same',
      );
  }
  await takeIn(options, state, entries);
}

async function takeIn({ attacker, level }: CampaignOptions, state: State, entries: readonly Entry[]): Promise<void> {
  for (const { target: id, number, attempt, outcome } of entries) {
    const target = state.targets.get(id);
    const progress = state.byId.get(id);
    if (target === undefined || progress === undefined)
      throw new InputError(`target ${id}`, 'stands in the journal and not in the suite, expected the same suite');
    state.tokens += countTokens(textOf(attempt));
    state.tried.add(keyOf(id, attempt));
    // What a round tried behind the try that broke a target was spent for nothing: it is learned from and not counted.
    if (progress.brokenAt === null) note(progress, number, attempt, outcome);
    if (number > 0) await attacker.learn({ target, attempt, outcome: showOutcome(outcome, level) });
  }
}

function note(progress: Progress, number: number, attempt: Attempt, outcome: Outcome): void {
  progress.tries = number;
  if (outcome.broken === null) progress.unjudged++;
  if (outcome.broken === true) Object.assign(progress, { brokenAt: number, attempt, outcome });
  else if (number > 0) progress.goal = outcome.goal;
}

function tell({ onRound, budget, targets }: CampaignOptions, { byId }: State): void {
  const all = [...byId.values()];
  // A broken target has nothing left to be tried on it.
  const done = all.reduce((sum, { tries, brokenAt, givenUp }) => {
    return sum + (brokenAt !== null || givenUp ? budget.tries : Math.max(0, tries));
  }, 0);
  onRound?.(done, targets.length * budget.tries, all.filter(({ brokenAt }) => brokenAt !== null).length);
}
