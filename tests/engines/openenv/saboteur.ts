// A server that is wrong in one way: stands before a right one and changes what it answers. For checks that must fail.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** Changes an answer's text; `path` is that of the request. */
export type Harm = (text: string, path: string) => string;

export type Saboteur = { readonly url: string; close(): Promise<void> };

/** Starts a server that answers as `target` does, but for `harm`. */
export async function startSaboteur(target: string, harm: Harm): Promise<Saboteur> {
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', async () => {
      const kept = Object.entries(headers).filter(([name]) => /^(content-type|x-session-id)$/.test(name));
      const init = method === 'GET' ? {} : { body: Buffer.concat(parts) };
      const response = await fetch(target + url, { method, headers: Object.fromEntries(kept) as HeadersInit, ...init });
      const type = response.headers.get('content-type') ?? 'application/json';
      outgoing.writeHead(response.status, { 'content-type': type });
      outgoing.end(harm(await response.text(), url));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, { url = '/' }) => {
    const upstream = new WebSocket(target.replace('http', 'ws') + url);
    const waiting: string[] = [];
    upstream.on('open', () => {
      for (const text of waiting) upstream.send(text);
    });
    socket.on('message', (data) => {
      if (upstream.readyState === WebSocket.OPEN) upstream.send(String(data));
      else waiting.push(String(data));
    });
    upstream.on('message', (data) => socket.send(harm(String(data), url)));
    upstream.on('close', () => socket.close());
    socket.on('close', () => upstream.close());
    for (const end of [socket, upstream]) end.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
