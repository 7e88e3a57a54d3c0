// The environment server: OpenEnv and ORS on one port, worlds in threads behind it. Puts the parts together, keeps the limits,
// and ends without leaving anything. What a task is and what it is worth never passes through here: see game.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Json } from '../../episode/action.ts';
import { InputError } from '../../episode/input.ts';
import type { Place } from '../../world/ground.ts';
import type { Scenario } from '../../world/scenario.ts';
import { openServices } from '../../world/services/load.ts';
import type { Rules } from './game.ts';
import { isLoopback, judgeCaller, readBody, sendJson, sendStream, turnAway } from './http.ts';
import { type JournalFiles, NO_JOURNAL, openJournal } from './journal.ts';
import { createMetrics } from './metrics.ts';
import { answerMessage, postReset, postStep, tellFault } from './openenv.ts';
import { createOrs, type Ors } from './ors.ts';
import { openPool } from './pool.ts';
import { answerRpc, refuseFull } from './rpc.ts';
import { describeRoutes, SCHEMAS } from './schema.ts';
import { type Board, createBoard, type Session } from './sessions.ts';
import { serveSocket } from './socket.ts';
import { orderTasks, type Tasks } from './tasks.ts';
import { parseMessage } from './wire.ts';

export type EnvServerOptions = {
  /** The environment's name, small letters, digits and `-_`. */
  readonly name: string;
  readonly version: string;
  readonly scenarios: readonly Scenario[];
  readonly rules: Rules;
  /** Where worlds live, what they may reach, and the files of the user's own services. */
  readonly place: Place;
  /** Threads with worlds in them. */
  readonly workers: number;
  /** Default 127.0.0.1. Beyond this machine `token` is needed, unless `open`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly token?: string;
  /** Serves beyond this machine without a token, where a network of its own stands around. */
  readonly open?: boolean;
  /** Most sessions at once. Default 1024. */
  readonly maxSessions?: number;
  /** Most bytes of a message or request. Default 1 MiB. */
  readonly maxFrame?: number;
  /** Messages a second of one session; faster ones wait. Default 1000. */
  readonly rate?: number;
  /** Milliseconds of silence after which a session is given up. Default 900 000. */
  readonly idle?: number;
  /** Milliseconds a world thread may owe an answer. Default 60 000. */
  readonly timeout?: number;
  readonly files?: JournalFiles;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

export type EnvServer = {
  readonly url: string;
  readonly tasks: number;
  readonly splits: readonly string[];
  /** Resolves when the log could no longer be written; until then it waits. */
  readonly failed: Promise<Error>;
  /** Takes no more callers, lets calls under way end, closes everything. */
  close(): Promise<void>;
};

/** Most sockets that wait to read that the server is full. */
const REFUSED = 64;

/** How long such a socket is kept: the client sends before it reads, and would otherwise read only that it is closed. */
const LINGER = 1000;

/** How long calls under way may take when the server ends. */
const GRACE = 5000;

/** Starts serving. Throws InputError for options that cannot be. Close it. */
export async function serveEnv(options: EnvServerOptions): Promise<EnvServer> {
  const { name, version, rules, place, workers, now, host = '127.0.0.1', port = 0, token } = options;
  const { maxSessions = 1024, maxFrame = 1 << 20, rate = 1000, idle = 900_000, timeout = 60_000 } = options;
  if (!/^[a-z][a-z0-9_-]{0,63}$/.test(name))
    throw new InputError('name', `${name}, expected small letters, digits, - and _`);
  const local = isLoopback(host);
  if (!local && !token && !options.open)
    throw new InputError(`host ${host}`, 'reachable from other machines, expected a token');
  const gate = { local, token: token || null };
  const tasks = orderTasks(options.scenarios, await openServices(place.services ?? []));
  const failure = Promise.withResolvers<Error>();
  const journal = options.files ? await openJournal(options.files, failure.resolve) : NO_JOURNAL;
  const metrics = createMetrics();
  const pool = await openPool({ place, rules, workers, timeout, now });
  const tools = await firstTools(tasks, rules, pool);
  const board = createBoard(
    { pool, tasks, naming: rules.naming, journal, metrics, most: maxSessions, idle, now },
    tools,
  );
  const ors = createOrs({ name, board, tasks, tools });
  const about = {
    name,
    description: describeSuite(name, tasks),
    version,
    readme_content: null,
    author: null,
    documentation_url: null,
  };
  const openapi = describeRoutes(name, version);
  const sockets = new Map<string, WebSocket>();
  const requests = { open: 0, most: maxSessions + 256 };
  let ending = false;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming;
    const path = url.split('?', 1)[0] ?? '/';
    const text = method === 'GET' ? '' : await readBody(incoming, maxFrame);
    if (text === null) return turnAway(outgoing, 413, `more than ${maxFrame} bytes`);
    const body = text === '' ? (path === '/reset' ? {} : undefined) : parseMessage(text);
    switch (`${method} ${path}`) {
      case 'GET /health':
        return sendJson(outgoing, 200, { status: 'healthy' });
      case 'GET /metadata':
        return sendJson(outgoing, 200, about);
      case 'GET /schema':
        return sendJson(outgoing, 200, SCHEMAS);
      case 'GET /openapi.json':
        return sendJson(outgoing, 200, openapi);
      case 'GET /state':
        return sendJson(outgoing, 200, { episode_id: null, step_count: 0 });
      case 'GET /metrics': {
        const { games, restarts, heap } = await pool.load();
        const gauges = {
          sessions: board.count(),
          sessions_max: maxSessions,
          episodes: games,
          worker_restarts: restarts,
          worker_heap_bytes: heap,
        };
        outgoing.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        return void outgoing.end(metrics.render(gauges));
      }
      case 'POST /mcp':
        return sendJson(outgoing, 200, await answerRpc(body, board, null));
      case 'POST /reset':
      case 'POST /step': {
        const { status, body: told } = await (path === '/reset' ? postReset : postStep)(body, board);
        return sendJson(outgoing, status, told);
      }
      default:
        return answerOrs(ors, incoming, outgoing, path, text === '' ? undefined : body);
    }
  }

  const server = createServer((incoming, outgoing) => {
    const reject = ending ? ([503, 'the server is ending'] as const) : judgeCaller(incoming, gate);
    if (reject !== null || requests.open >= requests.most) {
      metrics.count('callers_refused_total');
      return turnAway(outgoing, ...(reject ?? ([503, 'too many requests are open'] as const)));
    }
    requests.open += 1;
    // What is written to a caller that has gone is an error of the answer, and nobody else's.
    outgoing.on('error', () => outgoing.destroy());
    metrics.count('requests_total');
    outgoing.once('close', () => {
      requests.open -= 1;
    });
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });

  const upgrader = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrame,
    perMessageDeflate: false,
    autoPong: false,
  });
  let refused = 0;

  function openSocket(socket: WebSocket, url: URL): void {
    const rpc = url.pathname === '/mcp';
    const wanted = rpc ? null : url.searchParams.get('session_id');
    const session = wanted === null ? board.open('socket') : attach(board, wanted);
    if (session === null) {
      refuse(socket, rpc, wanted);
      return;
    }
    sockets.set(session.id, socket);
    const leave = (): void => {
      sockets.delete(session.id);
      session.attached = false;
      if (session.kind === 'socket' || session.closing) board.close(session);
    };
    const counted = async (message: Json | undefined): Promise<unknown> => {
      metrics.count('messages_total');
      const told = rpc ? await answerRpc(message, board, session) : await answerMessage(message, session, board);
      const wrong = told !== null && ('error' in told || ('type' in told && told.type === 'error'));
      if (wrong) metrics.count('message_errors_total');
      return told;
    };
    serveSocket(socket, { answer: counted, touch: session.touch, leave, rate, now });
  }

  /** Says why there is no session, and goes. */
  function refuse(socket: WebSocket, rpc: boolean, wanted: string | null): void {
    refused += 1;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      refused -= 1;
    });
    const counts = { active_sessions: board.count(), max_sessions: maxSessions };
    const full = rpc
      ? refuseFull(null, board)
      : tellFault('CAPACITY_REACHED', `the server is full: ${maxSessions} sessions`, counts);
    socket.send(
      JSON.stringify(wanted === null ? full : tellFault('SESSION_ERROR', 'no such session, or one that has a socket')),
    );
    setTimeout(() => socket.close(1000), wanted === null ? LINGER : 0);
    setTimeout(() => socket.terminate(), 2 * LINGER);
  }

  server.on('upgrade', (incoming: IncomingMessage, raw: Duplex, head: Buffer) => {
    raw.on('error', () => raw.destroy());
    const url = new URL(incoming.url?.startsWith('/') ? incoming.url : '/', 'http://localhost');
    const known = url.pathname === '/ws' || url.pathname === '/mcp';
    const reject = known ? judgeCaller(incoming, gate) : ([404, 'Not Found'] as const);
    const busy = ending || refused >= REFUSED ? ([503, 'the server is full'] as const) : null;
    const why = reject ?? busy;
    if (why === null) return upgrader.handleUpgrade(incoming, raw, head, (socket) => openSocket(socket, url));
    metrics.count('callers_refused_total');
    raw.end(`HTTP/1.1 ${why[0]} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => raw.destroy());
  });

  const sweeper = setInterval(
    () => {
      for (const id of board.sweep()) sockets.get(id)?.terminate();
    },
    Math.min(5000, Math.max(50, idle / 4)),
  );
  sweeper.unref();

  const close = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    clearInterval(sweeper);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets.values()) socket.close(1001, 'the server is ending');
    await waitUntil(() => requests.open === 0 && sockets.size === 0, GRACE);
    for (const socket of sockets.values()) socket.terminate();
    board.closeAll();
    server.closeAllConnections();
    await closed;
    await pool.close();
    await journal.close();
  };

  try {
    const bound = await listen(server, host, port, maxSessions);
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
    return { url, tasks: options.scenarios.length, splits: tasks.splits, failed: failure.promise, close };
  } catch (error) {
    clearInterval(sweeper);
    await pool.close();
    await journal.close().catch(() => {});
    throw error;
  }
}

/** The tools listed before any task: all of them where they are the same everywhere, else the first task's. */
async function firstTools(tasks: Tasks, { naming }: Rules, pool: Awaited<ReturnType<typeof openPool>>) {
  const first = tasks.find({});
  if (typeof first === 'string') throw new InputError('scenarios', first);
  const episode = await pool.open(first.card.id, first.scenario, 0).catch(async (error: unknown) => {
    await pool.close();
    throw error;
  });
  episode.close();
  return naming === 'world' ? tasks.union : episode.tools;
}

/** Takes a session opened over HTTP for a socket; null where there is none, or it has one. */
function attach(board: Board, id: string): Session | null {
  const session = board.find(id, 'mcp');
  if (session === null || session.attached) return null;
  session.attached = true;
  session.touch();
  return session;
}

async function answerOrs(
  ors: Ors,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  path: string,
  body: ReturnType<typeof parseMessage>,
) {
  const header = incoming.headers['x-session-id'];
  const session = typeof header === 'string' && header.length < 200 ? header.trim() : null;
  const parts = path.split('/').filter((part) => part !== '');
  const reply = await ors.answer({ method: incoming.method ?? 'GET', parts, session, body });
  if (reply === null) return sendJson(outgoing, 404, { detail: 'Not Found' });
  if ('stream' in reply) return sendStream(outgoing, reply.stream);
  return sendJson(outgoing, reply.status, reply.body);
}

function describeSuite(name: string, tasks: Tasks): string {
  const counts = tasks.splits.map((split) => `${tasks.list(split)?.length ?? 0} ${split}`);
  return `Tasks of the suite ${name} for tool-using agents that must act, ask or refuse (${counts.join(', ')}).`;
}

async function listen(server: Server, host: string, port: number, sessions: number): Promise<number> {
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  // Longer than clients keep idle connections, so that none is closed just as one is used again.
  server.keepAliveTimeout = 75_000;
  server.maxConnections = 2 * sessions + 1024;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 4096 }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function waitUntil(holds: () => boolean, most: number): Promise<void> {
  for (let waited = 0; !holds() && waited < most; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20));
}
