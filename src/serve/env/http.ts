// What stands before every route: who may call, how large and how many requests may be, and how answers are written. For whoever
// listens beyond this machine a token is needed. Not here: TLS (put a proxy in front), accounts.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutText, type Stream } from './ors.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|\[::1\]|localhost)$/i;

/** Whether a host can be reached from this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

export type Gate = { readonly local: boolean; readonly token: string | null };

/** Why a caller is turned away, or null. A browser page names itself in `origin`; a rebound name stands in `host`. */
export function judgeCaller(incoming: IncomingMessage, { local, token }: Gate): readonly [number, string] | null {
  const { host = '', origin, authorization = '', 'x-api-key': key } = incoming.headers;
  if (local && !LOOPBACK.test(host.replace(/:\d{1,5}$/, ''))) return [403, 'this host name is not served here'];
  if (origin !== undefined && !isLocalOrigin(origin)) return [403, 'not for web pages'];
  if (token === null) return null;
  const given = typeof key === 'string' ? key : authorization.replace(/^Bearer +/i, '');
  return sameSecret(given, token) ? null : [401, 'a token is needed'];
}

function isLocalOrigin(origin: string): boolean {
  return URL.canParse(origin) && LOOPBACK.test(new URL(origin).hostname);
}

/** Compares without telling by the time taken how much was right. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The body of a request; null where it is longer than it may be. Rejects where the caller breaks off. */
export async function readBody(incoming: IncomingMessage, most: number): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    size += (part as Buffer).length;
    if (size > most) return null;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

export function sendJson(outgoing: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  outgoing.end(text);
}

/** Turns a caller away, and the connection with it: its body is not read. */
export function turnAway(outgoing: ServerResponse, status: number, detail: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  outgoing.end(JSON.stringify({ detail }));
}

/** A sign of life while a call takes its time: the client gives up after 30 s of silence. */
const HEARTBEAT = 10_000;

/** Writes the events of a call: its name at once, then its result, whole or in pieces. */
export async function sendStream(outgoing: ServerResponse, { name, result }: Stream): Promise<void> {
  outgoing.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  const tell = (event: string, data: string): boolean => outgoing.write(`event: ${event}\r\ndata: ${data}\r\n\r\n`);
  tell('task_id', name);
  const beat = setInterval(() => outgoing.write(': ping\r\n\r\n'), HEARTBEAT);
  try {
    const pieces = cutText(await result);
    for (const [at, piece] of pieces.entries()) tell(at === pieces.length - 1 ? 'end' : 'chunk', piece);
  } catch (error) {
    tell(
      'error',
      error instanceof Error && error.message === 'unknown task_id' ? error.message : 'the environment failed',
    );
  } finally {
    clearInterval(beat);
    outgoing.end();
  }
}
