// WebSockets: one session each, messages answered one after another in their order. Nothing is read ahead of a caller that does
// not read or sends faster than it may: its socket is left to fill, which slows the caller and costs us nothing.
// Frames, masks and handshakes are the library's (`ws`).
import type { RawData, WebSocket } from 'ws';
import type { Json } from '../../episode/action.ts';
import { parseMessage } from './wire.ts';

export type SocketOptions = {
  /** Answers a message; null ends the session. Never rejects. */
  answer(message: Json | undefined): Promise<unknown>;
  /** Noted for each message and each sign of life. */
  touch(): void;
  /** Called once, when the socket is gone. */
  leave(): void;
  /** Messages a second; faster ones wait. */
  readonly rate: number;
  /** A clock in milliseconds. */
  readonly now: () => number;
};

/** Messages read and not yet answered before the socket is left alone. */
const AHEAD = 8;

/** Most bytes of pongs for a caller that pings and does not read. */
const PONGS = 16_384;

/** Serves a socket until it closes. */
export function serveSocket(socket: WebSocket, options: SocketOptions): void {
  const { rate, now } = options;
  const bad = Symbol('no JSON');
  const waiting: (Json | typeof bad)[] = [];
  let [busy, gone] = [false, false];
  let allowance = Math.max(rate, 1);
  let counted = now();

  /** Takes one from the allowance; the milliseconds to wait where it is used up. */
  function spend(): number {
    const time = now();
    allowance = Math.min(Math.max(rate, 1), allowance + ((time - counted) * rate) / 1000);
    counted = time;
    allowance -= 1;
    return allowance >= 0 ? 0 : Math.ceil((-allowance * 1000) / rate);
  }

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    while (waiting.length > 0 && !gone) {
      const delay = spend();
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      const next = waiting.shift();
      if (waiting.length < AHEAD && socket.isPaused) socket.resume();
      if (gone || next === undefined) break;
      options.touch();
      const answer = await options.answer(next === bad ? undefined : next);
      if (answer === null) {
        socket.close(1000);
        break;
      }
      // The next message is not looked at before this answer has left: a caller that does not read gets no more.
      if (!gone) await new Promise<void>((sent) => socket.send(JSON.stringify(answer), () => sent()));
    }
    busy = false;
  }

  socket.on('message', (raw: RawData, binary: boolean) => {
    waiting.push(binary ? bad : (parseMessage(raw.toString()) ?? bad));
    if (waiting.length >= AHEAD) socket.pause();
    void work();
  });
  socket.on('ping', (data: Buffer) => {
    // A caller that pings without end and reads nothing would fill our memory with pongs.
    if (spend() > 1000 || socket.bufferedAmount > PONGS) return socket.terminate();
    options.touch();
    socket.pong(data);
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    gone = true;
    waiting.length = 0;
    options.leave();
  });
}
