// The Open Reward Standard: tasks by split, sessions, calls as a stream of events with reward and end. A call that was begun is
// carried out once, however often its stream is asked for again.
// Source: ors-sdk 0.1.0, ors/server.py and ors/_reconnect.py.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Json } from '../../episode/action.ts';
import type { ToolSpec } from './offer.ts';
import type { Reply } from './openenv.ts';
import { type Board, type Session, Unfit } from './sessions.ts';
import type { Task, Tasks } from './tasks.ts';
import { orsSchemas, tellOrs } from './wire.ts';

/** A stream of events: the first at once, the last when it is known. */
export type Stream = { readonly name: string; readonly result: Promise<string> };

/** What a route answers: a document, or a stream. */
export type OrsReply = Reply | { readonly stream: Stream };

export type OrsRequest = {
  readonly method: string;
  /** The path's parts. */
  readonly parts: readonly string[];
  readonly session: string | null;
  readonly body: Json | undefined;
};

export type Ors = {
  /** Answers a request; null where the path is none of ORS's. Never rejects. */
  answer(request: OrsRequest): Promise<OrsReply | null>;
};

export type OrsOptions = {
  readonly name: string;
  readonly board: Board;
  readonly tasks: Tasks;
  /** The tools of the environment before a task is chosen. */
  readonly tools: readonly ToolSpec[];
};

const ok = (body: unknown): Reply => ({ status: 200, body });
const fail = (status: number, detail: string): Reply => ({ status, body: { detail } });

/** Paths below the environment's name, which may be left out. */
const BELOW = new Set(['tools', 'splits', 'tasks', 'num_tasks', 'task', 'task_range', 'task_tools', 'prompt', 'call']);

/** Calls of a session whose streams can be asked for again. */
const KEPT = 8;

/** Makes the routes. */
export function createOrs({ name, board, tasks, tools }: OrsOptions): Ors {
  const ids = issueIds();
  const calls = new WeakMap<Session, Map<string, Promise<string>>>();
  const body = (task: Task) => ({ ...task.card });

  function answerTasks(route: string, message: Json | undefined): Reply {
    if (route === 'task') {
      const read = orsSchemas.task.safeParse(message);
      if (!read.success) return fail(422, 'expected {split, index}');
      const list = tasks.list(read.data.split);
      if (list === null) return fail(400, 'Invalid split');
      const task = list.at(read.data.index);
      return task === undefined ? fail(400, 'Invalid index') : ok({ task: body(task) });
    }
    const read = (route === 'task_range' ? orsSchemas.range : orsSchemas.split).safeParse(message);
    if (!read.success) return fail(422, 'expected {split}');
    const list = tasks.list(read.data.split);
    if (list === null) return fail(400, 'Invalid split');
    if (route === 'num_tasks') return ok({ num_tasks: list.length });
    if (route === 'tasks') return ok({ tasks: list.map(body), env_name: name });
    const { start, stop } = read.data as { readonly start?: number | null; readonly stop?: number | null };
    return ok({ tasks: list.slice(start ?? 0, stop ?? undefined).map(body) });
  }

  async function create(id: string | null, message: Json | undefined): Promise<Reply> {
    if (id === null) return fail(400, 'X-Session-ID header is required');
    if (!ids.issued(id)) return fail(404, 'no such session, POST /create_session gives one');
    const read = orsSchemas.create.safeParse(message);
    if (!read.success) return fail(422, 'expected {task_spec} or {split, index}');
    const { env_name, task_spec, split, index } = read.data;
    if (env_name && env_name.toLowerCase() !== name)
      return fail(404, `unknown environment ${JSON.stringify(env_name)}`);
    const byPlace = typeof split === 'string' && typeof index === 'number';
    if (Boolean(task_spec) === byPlace)
      return fail(422, 'Provide either task_spec or both split and index, not both/neither');
    if (board.find(id, 'ors') !== null) return fail(400, 'Session already exists');
    const session = board.open('ors', id);
    // 503 would be tried again by the client: the right thing when the server is full.
    if (session === null) return fail(503, 'the server is full');
    try {
      await session.reset(task_spec ? { task_id: task_spec.id, seed: task_spec.seed } : { split, index });
      return ok({ sid: id });
    } catch (error) {
      board.close(session);
      return error instanceof Unfit ? fail(400, error.message) : fail(500, 'the environment failed');
    }
  }

  async function call(session: Session, message: Json | undefined): Promise<OrsReply> {
    const read = orsSchemas.call.safeParse(message);
    if (!read.success) return fail(422, 'expected {name, input}');
    const { name: tool, input, task_id } = read.data;
    const kept = calls.get(session) ?? new Map<string, Promise<string>>();
    calls.set(session, kept);
    if (task_id) {
      const result = kept.get(task_id);
      return { stream: { name: task_id, result: result ?? Promise.reject(new Error('unknown task_id')) } };
    }
    const result = session.act(tool, input).then((shown) => JSON.stringify(tellOrs(shown)));
    result.catch(() => {});
    const id = randomUUID();
    kept.set(id, result);
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return { stream: { name: id, result } };
  }

  async function below(route: string, { method, session: id, body: message }: OrsRequest): Promise<OrsReply | null> {
    const key = `${method} ${route}`;
    if (key === 'GET tools') return ok({ tools });
    if (key === 'GET splits')
      return ok(tasks.splits.map((split) => ({ name: split, type: split === 'train' ? 'train' : 'test' })));
    if (method === 'POST' && /^(tasks|num_tasks|task|task_range)$/.test(route)) return answerTasks(route, message);
    if (!/^(GET task_tools|GET prompt|POST call)$/.test(key)) return fail(405, 'Method Not Allowed');
    if (id === null) return fail(400, 'X-Session-ID header is required');
    const session = board.find(id, 'ors');
    if (session === null) return fail(404, 'Active environment not found');
    if (route === 'call') return call(session, message);
    if (route === 'task_tools') return ok({ tools: await session.tools() });
    const { task_id } = await session.state();
    const task = tasks.find({ task_id });
    const text = typeof task === 'string' ? '' : task.card.prompt;
    return ok([{ text, detail: null, type: 'text' }]);
  }

  async function route(request: OrsRequest): Promise<OrsReply | null> {
    const { method, parts, session: id } = request;
    const [first = '', second] = parts;
    if (parts.length === 2 && second !== undefined && BELOW.has(second))
      return first.toLowerCase() === name
        ? below(second, request)
        : fail(404, `unknown environment ${JSON.stringify(first.slice(0, 100))}`);
    if (parts.length !== 1) return null;
    if (BELOW.has(first)) return below(first, request);
    switch (`${method} ${first}`) {
      case 'GET list_environments':
        return ok([name]);
      case 'POST create_session':
        return { stream: { name: ids.make(), result: Promise.resolve('') } };
      case 'POST create':
        return create(id, request.body);
      case 'POST ping': {
        const session = id === null ? null : board.find(id, 'ors');
        if (session === null) return fail(404, 'Active environment not found');
        session.touch();
        return ok({ status: 'ok' });
      }
      case 'POST delete': {
        const session = id === null ? null : board.find(id, 'ors');
        if (session !== null) board.close(session);
        return ok({ sid: id });
      }
      case 'POST delete_session':
        return ok({ sid: id });
      default:
        return null;
    }
  }

  return {
    answer: (request) =>
      route(request).catch((error: unknown): Reply => {
        return error instanceof Unfit ? fail(429, error.message) : fail(500, 'the environment failed');
      }),
  };
}

/**
 * Session ids that carry a proof of who issued them: nobody can choose one for another to be lured into, and issuing them keeps
 * nothing in memory.
 */
function issueIds() {
  const secret = randomBytes(32);
  const sign = (id: string): string => createHmac('sha256', secret).update(id).digest('hex').slice(0, 32);
  return {
    make: (): string => {
      const id = randomUUID();
      return `${id}.${sign(id)}`;
    },
    issued(whole: string): boolean {
      const [id = '', proof = ''] = whole.split('.');
      const right = Buffer.from(sign(id));
      const given = Buffer.from(proof);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}

/** A text in pieces a line reader takes, none of which begins with white space, which the client would drop. */
export function cutText(text: string, size = 4096): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  while (text.length - start > size) {
    let end = start + size;
    while (end < text.length && /[\s\udc00-\udfff]/.test(text[end]!)) end += 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return [...pieces, text.slice(start)];
}
