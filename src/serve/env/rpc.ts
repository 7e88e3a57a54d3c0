// OpenEnv's JSON-RPC at `/mcp` and in `mcp` messages: list tools, call one, open and close sessions. Not MCP itself: there is no
// `initialize`. Rewards do not travel here: this is the agent's side, and an agent must not read what it is paid.
// Source: openenv 0.10.0, core/env_server/http_server.py, `mcp_handler`.
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';
import { type Board, type Session, Unfit } from './sessions.ts';
import { tellResult } from './wire.ts';

export const RPC = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  inside: -32603,
  server: -32000,
} as const;

export type RpcAnswer = { readonly jsonrpc: '2.0'; readonly id: string | number | null } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data: unknown } }
);

const requestSchema = z.strictObject({
  jsonrpc: z.literal('2.0'),
  method: z.string().max(200),
  params: z.record(z.string(), z.unknown()).default({}),
  id: z.union([z.string().max(1000), z.int()]).nullish(),
});

const callSchema = z.looseObject({
  name: z.string().min(1).max(1000),
  arguments: z.record(z.string(), z.unknown()).default({}),
});

type Id = string | number | null;

export function rpcError(id: Id, code: number, message: string, data: unknown = null): RpcAnswer {
  return { jsonrpc: '2.0', id, error: { code, message, data } };
}

export function refuseFull(id: Id, board: Board): RpcAnswer {
  const data = { active_sessions: board.count(), max_sessions: board.most };
  return rpcError(id, RPC.server, `the server is full: ${board.most} sessions`, data);
}

/**
 * Answers one request. `own` is the session of the socket it came over; over HTTP there is none, and a request names a session
 * or gets one for itself alone.
 */
export async function answerRpc(message: Json | undefined, board: Board, own: Session | null): Promise<RpcAnswer> {
  if (message === undefined) return rpcError(null, RPC.parse, 'Parse error');
  const read = requestSchema.safeParse(message);
  if (!read.success) return rpcError(null, RPC.request, 'Invalid request');
  const { method, params } = read.data;
  const id = read.data.id ?? null;
  if (method === 'openenv/session/create') return createSession(id, board, own);
  if (method === 'openenv/session/close') return closeSession(id, params.session_id, board, own);
  if (method !== 'tools/list' && method !== 'tools/call')
    return rpcError(id, RPC.method, `Method not found: ${method}`);
  const named = params.session_id;
  if (own === null && named !== undefined && named !== null) {
    const session = typeof named === 'string' ? board.find(named, 'mcp') : null;
    return session === null ? unknownSession(id, named) : useTools(id, method, params, session);
  }
  if (own !== null) return useTools(id, method, params, own);
  const brief = board.open('brief');
  if (brief === null) return refuseFull(id, board);
  try {
    return await useTools(id, method, params, brief);
  } finally {
    board.close(brief);
  }
}

function unknownSession(id: Id, named: unknown): RpcAnswer {
  return rpcError(id, RPC.params, `Unknown session_id: ${String(named).slice(0, 100)}`);
}

function createSession(id: Id, board: Board, own: Session | null): RpcAnswer {
  const session = own ?? board.open('mcp');
  return session === null ? refuseFull(id, board) : { jsonrpc: '2.0', id, result: { session_id: session.id } };
}

function closeSession(id: Id, named: unknown, board: Board, own: Session | null): RpcAnswer {
  if (typeof named !== 'string' || named === '')
    return rpcError(id, RPC.params, "Invalid params - 'session_id' is required");
  if (own !== null && own.id === named)
    return rpcError(id, RPC.request, 'Cannot close active WebSocket-managed session via MCP method');
  const session = board.find(named, 'mcp');
  if (session === null) return unknownSession(id, named);
  if (session.attached) {
    session.closing = true;
    return { jsonrpc: '2.0', id, result: { session_id: named, closed: false, closing: true } };
  }
  board.close(session);
  return { jsonrpc: '2.0', id, result: { session_id: named, closed: true } };
}

async function useTools(
  id: Id,
  method: 'tools/list' | 'tools/call',
  params: { readonly [name: string]: unknown },
  session: Session,
): Promise<RpcAnswer> {
  try {
    if (method === 'tools/list') {
      const tools = (await session.tools()).map(({ name, description, input_schema }) => {
        return { name, description, inputSchema: input_schema };
      });
      return { jsonrpc: '2.0', id, result: { tools } };
    }
    const call = callSchema.safeParse(params);
    if (!call.success) return rpcError(id, RPC.params, "Missing 'name' in params, or 'arguments' is no object");
    const shown = await session.act(call.data.name, call.data.arguments as { readonly [name: string]: Json });
    const { result, error } = tellResult(shown);
    if (error === null) return { jsonrpc: '2.0', id, result };
    return rpcError(id, error.error_type === 'execution_error' ? RPC.inside : RPC.params, error.message);
  } catch (error) {
    // What broke inside is for the log.
    return rpcError(id, RPC.inside, error instanceof Unfit ? error.message : 'the environment failed');
  }
}
