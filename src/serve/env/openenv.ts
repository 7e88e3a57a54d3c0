// OpenEnv: the messages of `/ws` and the routes of the same names over HTTP. Over HTTP each request has a world for itself, as in
// the reference server: episodes of several steps are played over `/ws`, or over `/mcp` in a session.
// Source: openenv 0.10.0, core/env_server/http_server.py.
import type { Json } from '../../episode/action.ts';
import { answerRpc } from './rpc.ts';
import { type Board, type Session, Unfit } from './sessions.ts';
import { listFaults, messageSchema, readAction, resetSchema, type ToolAction, tellCall, tellStart } from './wire.ts';

type Code =
  | 'INVALID_JSON'
  | 'UNKNOWN_TYPE'
  | 'VALIDATION_ERROR'
  | 'EXECUTION_ERROR'
  | 'CAPACITY_REACHED'
  | 'SESSION_ERROR';

/** A message of the server. */
export type Message = { readonly type: 'observation' | 'state' | 'mcp' | 'error'; readonly data: unknown };

export function tellFault(code: Code, message: string, more: object = {}): Message {
  return { type: 'error', data: { message, code, ...more } };
}

const TYPES: readonly unknown[] = ['reset', 'step', 'state', 'close', 'mcp'];

/** Answers one message of `/ws`; null for `close`, which ends the session without an answer. Never rejects. */
export async function answerMessage(
  message: Json | undefined,
  session: Session,
  board: Board,
): Promise<Message | null> {
  if (message === undefined) return tellFault('INVALID_JSON', 'Invalid JSON');
  const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : '';
  if (!TYPES.includes(type)) return tellFault('UNKNOWN_TYPE', `Unknown message type: ${String(type).slice(0, 100)}`);
  const read = messageSchema.safeParse(message);
  if (!read.success) return tellFault('VALIDATION_ERROR', 'Invalid message', { errors: listFaults(read.error) });
  try {
    switch (read.data.type) {
      case 'reset': {
        const asked = resetSchema.safeParse(read.data.data);
        if (!asked.success)
          return tellFault('VALIDATION_ERROR', 'Invalid message', { errors: listFaults(asked.error, 'data') });
        const { episode_id, ...wish } = asked.data;
        return { type: 'observation', data: tellStart(await session.reset(wish, episode_id ?? null)) };
      }
      case 'step': {
        const action = readAction(read.data.data);
        if (!action.success)
          return tellFault('VALIDATION_ERROR', 'Invalid message', { errors: listFaults(action.error, 'data') });
        return { type: 'observation', data: await takeAction(action.data, session) };
      }
      case 'state':
        return { type: 'state', data: await session.state() };
      case 'mcp':
        return { type: 'mcp', data: await answerRpc(read.data.data as Json, board, session) };
      case 'close':
        return null;
    }
  } catch (error) {
    if (error instanceof Unfit)
      return tellFault('VALIDATION_ERROR', error.message, {
        errors: [{ type: 'value_error', loc: ['data'], msg: error.message }],
      });
    return tellFault('EXECUTION_ERROR', 'the environment failed');
  }
}

async function takeAction(action: ToolAction, session: Session) {
  if (action.type === 'call_tool')
    return tellCall(action.tool_name, await session.act(action.tool_name, action.arguments));
  const { step_count: step } = await session.state();
  const observation = { metadata: {}, tools: await session.tools() };
  return { observation, reward: null, done: false, metadata: { step } };
}

/** A route's answer: a status and a document. */
export type Reply = { readonly status: number; readonly body: unknown };

const unfit = (loc: string, msg: string): Reply => ({
  status: 422,
  body: { detail: [{ type: 'value_error', loc: ['body', loc], msg }] },
});

/** `POST /reset`: the first observation of a world that ends with the answer. */
export async function postReset(body: Json | undefined, board: Board): Promise<Reply> {
  const asked = resetSchema.safeParse(body === undefined ? null : body);
  if (!asked.success) return { status: 422, body: { detail: listFaults(asked.error, 'body') } };
  const { episode_id, ...wish } = asked.data;
  return useBriefly(board, async (session) => tellStart(await session.reset(wish, episode_id ?? null)));
}

/** `POST /step`: one action in a world of the first task that ends with the answer. */
export async function postStep(body: Json | undefined, board: Board): Promise<Reply> {
  const given = typeof body === 'object' && body !== null && 'action' in body ? body.action : undefined;
  if (given === undefined) return unfit('action', 'Field required');
  const action = readAction(given);
  if (!action.success) return { status: 422, body: { detail: listFaults(action.error, 'body', 'action') } };
  return useBriefly(board, (session) => takeAction(action.data, session));
}

async function useBriefly(board: Board, use: (session: Session) => Promise<unknown>): Promise<Reply> {
  const session = board.open('brief');
  if (session === null) return { status: 503, body: { detail: 'the server is full' } };
  try {
    return { status: 200, body: await use(session) };
  } catch (error) {
    if (error instanceof Unfit) return unfit('task_id', error.message);
    return { status: 500, body: { detail: 'the environment failed' } };
  } finally {
    board.close(session);
  }
}
