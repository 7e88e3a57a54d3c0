// The sessions of the server: who holds one, what is played in it, how many there may be, and when one is given up. A session
// is reached by its socket or by an id of 122 random bits; whoever opened it over one protocol is not reached over another.
// Calls of a session are carried out one after another, in the order they came.
import { randomUUID } from 'node:crypto';
import type { Json } from '../../episode/action.ts';
import type { Shown } from './game.ts';
import type { Journal } from './journal.ts';
import type { Metrics } from './metrics.ts';
import type { Naming, ToolSpec } from './offer.ts';
import type { Pool, Remote } from './pool.ts';
import type { Task, TaskCard, Tasks, Wish } from './tasks.ts';

/** `socket`: as long as a WebSocket. `mcp`, `ors`: opened over HTTP. `brief`: for one HTTP request. */
export type Kind = 'socket' | 'mcp' | 'ors' | 'brief';

/** What a caller asked for cannot be: bad values, or too much at once. The message is for the caller. */
export class Unfit extends Error {}

/** What a caller sees of an episode that has begun. */
export type Started = { readonly card: TaskCard; readonly seed: number; readonly episode: string };

type Args = { readonly [argument: string]: Json };

export type Session = {
  readonly id: string;
  readonly kind: Kind;
  /** Begins an episode, leaving one under way. Throws Unfit where the wish names no task. */
  reset(wish: Wish, episode?: string | null): Promise<Started>;
  /** Carries out a call; without an episode, in the first task's. */
  act(tool: string, args: Args): Promise<Shown>;
  /** The tools of the episode, or before one those of the server. */
  tools(): Promise<readonly ToolSpec[]>;
  state(): Promise<{
    readonly episode_id: string | null;
    readonly step_count: number;
    readonly task_id: string | null;
  }>;
  /** Notes that somebody is there. */
  touch(): void;
  /** Whether a socket holds a session that was opened over HTTP. */
  attached: boolean;
  /** Whether it is to be closed when that socket goes. */
  closing: boolean;
};

export type BoardOptions = {
  readonly pool: Pool;
  readonly tasks: Tasks;
  readonly naming: Naming;
  readonly journal: Journal;
  readonly metrics: Metrics;
  readonly most: number;
  /** Milliseconds of silence after which a session is given up. */
  readonly idle: number;
  readonly now: () => number;
};

export type Board = {
  /** A new session, or null where the server is full. Close it. */
  open(kind: Kind, id?: string): Session | null;
  /** A session of that kind; null for unknown ids. */
  find(id: string, kind: Kind): Session | null;
  close(session: Session): void;
  /** Closes sessions that fell silent and have no socket. Gives the ids of silent ones that have. */
  sweep(): readonly string[];
  count(): number;
  readonly most: number;
  closeAll(): void;
};

/** Most calls of a session that wait for one another. */
const QUEUE = 16;

type Episode = {
  readonly remote: Remote;
  readonly card: TaskCard;
  readonly seed: number;
  readonly id: string;
  step: number;
  sum: number;
  done: boolean;
};

type Held = { readonly session: Session; seen: number; leave(): void };

/** An empty table of sessions. `first` are the tools listed before any episode. */
export function createBoard(options: BoardOptions, first: readonly ToolSpec[]): Board {
  const { metrics, most, idle, now } = options;
  const held = new Map<string, Held>();
  const close = (session: Session): void => {
    const entry = held.get(session.id);
    if (entry === undefined) return;
    held.delete(session.id);
    entry.leave();
  };
  return {
    most,
    open(kind, id = randomUUID()) {
      if (held.size >= most || held.has(id)) {
        metrics.count('sessions_refused_total');
        return null;
      }
      metrics.count('sessions_opened_total');
      const touch = (): void => {
        const entry = held.get(id);
        if (entry !== undefined) entry.seen = now();
      };
      const { session, leave } = createSession(options, first, { id, kind, touch });
      held.set(id, { session, seen: now(), leave });
      return session;
    },
    find(id, kind) {
      const session = held.get(id)?.session;
      return session?.kind === kind ? session : null;
    },
    close,
    sweep() {
      const silent = [...held.values()].filter(({ seen }) => now() - seen > idle).map(({ session }) => session);
      for (const session of silent) {
        metrics.count('sessions_reaped_total');
        if (session.kind !== 'socket' && !session.attached) close(session);
      }
      return silent.filter(({ kind, attached }) => kind === 'socket' || attached).map(({ id }) => id);
    },
    count: () => held.size,
    closeAll() {
      for (const { session } of [...held.values()]) close(session);
    },
  };
}

type Identity = Pick<Session, 'id' | 'kind' | 'touch'>;

function createSession(options: BoardOptions, first: readonly ToolSpec[], { id, kind, touch }: Identity) {
  const { pool, tasks, journal, metrics, now } = options;
  let current: Episode | null = null;
  let [left, waiting] = [false, 0];
  let last: Promise<unknown> = Promise.resolve();

  /** Carries out work after all that was asked before it. */
  async function queue<T>(work: () => Promise<T>): Promise<T> {
    if (left) throw new Unfit('the session is closed');
    if (waiting >= QUEUE) throw new Unfit(`more than ${QUEUE} calls of one session at once`);
    waiting += 1;
    touch();
    const done = last.then(work).finally(() => {
      waiting -= 1;
      touch();
    });
    last = done.catch(() => {});
    return done;
  }

  const note = (event: 'reset' | 'call' | 'end' | 'abandoned', of: Episode, more: object = {}): void => {
    journal.write({ time: now(), event, session: id, episode: of.id, task: of.card.id, seed: of.seed, ...more });
  };

  function drop(): void {
    if (current === null) return;
    if (!current.done) {
      metrics.count('episodes_abandoned_total');
      note('abandoned', current, { steps: current.step, sum: round(current.sum) });
    }
    current.remote.close();
    current = null;
  }

  async function begin(wish: Wish, episode: string | null): Promise<Episode> {
    const task: Task | string = tasks.find(wish);
    if (typeof task === 'string') throw new Unfit(task);
    if (journal.fault() !== null) throw new Error('the log cannot be written');
    drop();
    const seed = wish.seed ?? 0;
    const remote = await pool.open(task.card.id, task.scenario, seed);
    const begun = { remote, card: task.card, seed, id: episode ?? randomUUID(), step: 0, sum: 0, done: false };
    current = begun;
    // The caller may have gone while the world was opened.
    if (left) drop();
    metrics.count('episodes_started_total');
    note('reset', begun, { split: task.card.split, index: task.card.index });
    return begun;
  }

  async function play(tool: string, args: Args): Promise<Shown> {
    const episode = current ?? (await begin({}, null));
    const start = now();
    const { shown, record } = await episode.remote.act(tool, args).catch((): { shown: Shown; record: null } => {
      return { shown: lost(episode.step + 1, episode.done), record: null };
    });
    metrics.time(now() - start);
    if (shown.kind === 'over') return shown;
    metrics.count('calls_total');
    if (shown.kind === 'error') metrics.count('call_errors_total');
    episode.step = shown.step;
    episode.sum += shown.reward ?? 0;
    const { kind: outcome, reward, done, step, total } = shown;
    note('call', episode, { step, tool, arguments: args, outcome, reward, done });
    if (!done) return shown;
    episode.done = true;
    metrics.count('episodes_ended_total');
    if (total === null) metrics.count('episodes_unjudged_total');
    const judged = record?.episode;
    const besides = { return: total, reward: judged?.reward ?? null, verdict: judged?.verdict ?? null };
    note('end', episode, { steps: step, sum: round(episode.sum), ...besides });
    if (judged !== undefined) journal.keep({ ...judged, id: `${judged.scenario}#${episode.id}` });
    return shown;
  }

  const session: Session = {
    id,
    kind,
    attached: false,
    closing: false,
    touch,
    reset: (wish, episode = null) =>
      queue(async () => {
        const { card, seed, id: named } = await begin(wish, episode);
        return { card, seed, episode: named };
      }),
    act: (tool, args) => queue(() => play(tool, args)),
    tools: () => queue(async () => current?.remote.tools ?? first),
    state: () =>
      queue(async () => ({
        episode_id: current?.id ?? null,
        step_count: current?.step ?? 0,
        task_id: current?.card.id ?? null,
      })),
  };
  const leave = (): void => {
    left = true;
    drop();
  };
  return { session, leave };
}

/** What a call answers whose world has gone: the episode is over, and nothing can be said about it. */
function lost(step: number, over: boolean): Shown {
  const text = 'the world of this episode was lost';
  const kind = over ? 'over' : 'error';
  return { kind, text, fault: 'execution_error', said: null, reward: over ? 0 : null, done: true, step, total: null };
}

const round = (value: number): number => Math.round(value * 1e9) / 1e9;
