// Sessions of `/ws`, for benches: opened some at a time, since no server is asked to accept a thousand at once, and asked one
// message after another.
import { WebSocket } from 'ws';

/** Opens so many sessions. */
export async function openSessions(url: string, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let at = 0; at < count; at += 50) {
    const some = Array.from({ length: Math.min(50, count - at) }, async () => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      return socket;
    });
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** Sends a message and gives the answer. Rejects where the server closes the session instead. */
export function ask(socket: WebSocket, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error('the server closed a session'));
    socket.once('close', end);
    socket.once('message', (data) => {
      socket.off('close', end);
      resolve(String(data));
    });
    socket.send(message);
  });
}
