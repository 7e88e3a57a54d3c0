// Limits on how often and how much: calls and sums in a conversation, counted from its own record, and over a stretch of
// time across all conversations, kept here in bounded memory. A sum that cannot be told is over its limit.
import type { Json } from '../episode/action.ts';
import type { Decision, Effect } from '../safety/taxonomy.ts';
import type { GuardCall } from './conversation.ts';
import { readNumber } from './holds.ts';
import { appliesTo, type Limit } from './rulebook.ts';

export type LimitBreach = { readonly decision: Decision; readonly source: string; readonly text: string };

export type Limiter = {
  /** What limits this call would break. `effectsOf` is asked about the conversation's earlier calls. */
  check(
    call: GuardCall,
    effects: readonly Effect[],
    earlier: readonly GuardCall[],
    effectsOf: (call: GuardCall) => readonly Effect[],
  ): readonly LimitBreach[];
  /** Counts a call that was not refused. */
  count(call: GuardCall, effects: readonly Effect[]): void;
};

type Entry = { readonly at: number; readonly amount: number };
/** More counted calls than this within one stretch of time break the limit: memory stays bounded. */
const MOST_ENTRIES = 10_000;

/** @param now milliseconds from any fixed moment; it must not go back. */
export function createLimiter(limits: readonly Limit[], now: () => number): Limiter {
  const books = new Map<string, Entry[]>(limits.map(({ name }) => [name, []]));
  const recent = (limit: Limit, seconds: number): readonly Entry[] => {
    const entries = books.get(limit.name)!;
    const since = now() - seconds * 1000;
    const old = entries.findIndex(({ at }) => at > since);
    entries.splice(0, old < 0 ? entries.length : old);
    return entries;
  };
  return {
    check(call, effects, earlier, effectsOf) {
      return limits
        .filter((limit) => appliesTo(limit, call.name, effects))
        .flatMap((limit) => {
          const { per } = limit;
          const before =
            per === 'conversation'
              ? earlier
                  .filter((one) => appliesTo(limit, one.name, effectsOf(one)))
                  .map((one) => ({ at: 0, amount: amountOf(limit, one) ?? 0 }))
              : recent(limit, per);
          const breach = findBreach(limit, before, amountOf(limit, call));
          return breach === null
            ? []
            : [{ decision: limit.decision ?? 'refuse', source: `limit:${limit.name}`, text: breach }];
        });
    },
    count(call, effects) {
      for (const limit of limits) {
        if (limit.per === 'conversation' || !appliesTo(limit, call.name, effects)) continue;
        recent(limit, limit.per);
        const entries = books.get(limit.name)!;
        if (entries.length < MOST_ENTRIES) entries.push({ at: now(), amount: amountOf(limit, call) ?? 0 });
      }
    },
  };
}

function findBreach(limit: Limit, before: readonly Entry[], amount: number | null): string | null {
  const stretch = limit.per === 'conversation' ? 'in one conversation' : `in ${limit.per} seconds`;
  if (limit.calls !== undefined && before.length + 1 > limit.calls)
    return `more than ${limit.calls} such calls ${stretch}`;
  if (before.length >= MOST_ENTRIES) return `more than ${MOST_ENTRIES} such calls ${stretch}`;
  if (limit.sum === undefined || limit.most === undefined) return null;
  if (amount === null) return `${limit.sum} is no amount that can be added up`;
  const total = before.reduce((sum, entry) => sum + entry.amount, amount);
  return total > limit.most ? `${limit.sum} would come to ${total} ${stretch}, more than ${limit.most}` : null;
}

/** The amount a call adds; 0 where the limit adds nothing up, null where it cannot be read. A negative one counts as 0. */
function amountOf(limit: Limit, call: GuardCall): number | null {
  if (limit.sum === undefined) return 0;
  const found = limit.sum.split('.').reduce<Json | undefined>((value, key) => pick(value, key), call.arguments);
  if (found === undefined || found === null) return 0;
  const number = typeof found === 'number' ? found : typeof found === 'string' ? readNumber(found) : null;
  return number === null || !Number.isFinite(number) ? null : Math.max(0, number);
}

function pick(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
