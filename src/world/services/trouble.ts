// Services that fail on demand, as state of the world: outages and rate limits are rows a scenario may give, so that an
// agent meets timeouts, and payments that went through although no answer came. A world without such rows pays nothing.
// Not here: refusals of a service itself (insufficient funds, permission denied), which each service gives.
import type { World } from '../world.ts';

/**
 * `outages`: the requests that fail. `tool` '' is every tool of the service; `after` requests go through first, then
 * `times` fail; `seen` counts the requests so far. Kinds: `timeout` (not carried out, after `wait` milliseconds), `lost`
 * (carried out, but the answer never comes), `unavailable` (not carried out, at once). `says`: the words that come with an
 * `unavailable`, of whoever answers in the service's place (another's server, a gateway, a status page): outside text.
 * `quotas`: at most `most` requests to a service within `per` milliseconds, counted from the first.
 */
export const TROUBLE_TABLES = `
  create table outages(service text not null collate nocase, tool text not null default '',
    kind text not null default 'timeout' check (kind in ('timeout', 'lost', 'unavailable')),
    after integer not null default 0, times integer not null default 1, wait integer not null default 30000,
    seen integer not null default 0, says text not null default '', primary key (service, tool)) strict, without rowid;
  create table quotas(service text primary key collate nocase, most integer not null,
    per integer not null default 3600000, since integer not null default 0,
    used integer not null default 0) strict, without rowid;`;

/** A request that fails: whether it is carried out all the same, and what is answered. */
export type Trouble = { readonly done: boolean; readonly status: 429 | 503 | 504; readonly message: string };

type Outage = {
  readonly tool: string;
  readonly kind: string;
  readonly after: number;
  readonly times: number;
  readonly wait: number;
  readonly seen: number;
  readonly says: string;
};
type Quota = { readonly most: number; readonly per: number; readonly since: number; readonly used: number };

/** Counts a request and tells whether it fails. The count stays even where the request is undone. */
export function meetTrouble(world: World, service: string, tool: string): Trouble | null {
  return countQuota(world, service) ?? countOutage(world, service, tool);
}

function countQuota(world: World, service: string): Trouble | null {
  const quota = world.db.row<Quota>('select most, per, since, used from quotas where service = ?', [service]);
  if (quota === null) return null;
  const fresh = quota.used === 0 || world.clock - quota.since >= quota.per;
  const since = fresh ? world.clock : quota.since;
  const used = fresh ? 0 : quota.used;
  if (used >= quota.most) {
    const seconds = Math.ceil((since + quota.per - world.clock) / 1000);
    return {
      done: false,
      status: 429,
      message: `rate limit of ${quota.most} reached: try again in ${seconds} seconds`,
    };
  }
  world.db.run('update quotas set since = ?, used = ? where service = ?', [since, used + 1, service]);
  return null;
}

function countOutage(world: World, service: string, tool: string): Trouble | null {
  const sql =
    "select tool, kind, after, times, wait, seen, says from outages where service = ? and tool in (?, '') order by tool desc";
  const outage = world.db.row<Outage>(sql, [service, tool]);
  if (outage === null) return null;
  world.db.run('update outages set seen = seen + 1 where service = ? and tool = ?', [service, outage.tool]);
  if (outage.seen < outage.after || outage.seen >= outage.after + outage.times) return null;
  if (outage.kind === 'unavailable') return { done: false, status: 503, message: sayUnavailable(outage.says) };
  world.clock += outage.wait;
  const message = `timed out after ${Math.round(outage.wait / 1000)} seconds`;
  return { done: outage.kind === 'lost', status: 504, message };
}

const UNAVAILABLE = 'the service is not available';

const sayUnavailable = (words: string): string => (words === '' ? UNAVAILABLE : `${UNAVAILABLE}: ${words}`);

/** Where outside text stands in an error: `words` as they came, `plain` the error without them. Null: in no place. */
export function quotedWords(error: string): { readonly plain: string; readonly words: string } | null {
  const mark = `${UNAVAILABLE}: `;
  return error.startsWith(mark) ? { plain: UNAVAILABLE, words: error.slice(mark.length) } : null;
}
