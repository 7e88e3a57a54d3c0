// The guard's side of the inbox: asks a person through the dashboard, which may run, restart or start later: the question is
// offered again until it is answered or its time is over. Whatever fails here is no answer, and the gate then lets nothing pass.
import { createConnection } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from '../guard/approval.ts';
import type { Asker, Question } from '../guard/gate.ts';
import { answerSchema, LONGEST, requirePrivate, type WireAsk } from './wire.ts';

export type ChannelOptions = {
  /** The dashboard's socket. */
  readonly socket: string;
  /** Who asks, for the person to see. */
  readonly from: string;
  /** The clock of the approvals. */
  readonly now: () => number;
  /** Milliseconds between two tries to reach the dashboard. Default 500. */
  readonly pause?: number;
  /** Milliseconds a person has. Default 109,000: a moment less than the gate waits, so that the inbox sees its own end. */
  readonly patience?: number;
};

/** An asker that puts questions into the dashboard's inbox. */
export function askInbox({ socket, from, now, pause = 500, patience = 109_000 }: ChannelOptions): Asker {
  return async (question, signal) => {
    const end = Math.min(question.ask.expires, now() + patience);
    for (;;) {
      signal.throwIfAborted();
      await requirePrivate(socket, process.platform);
      const answer = await offer(socket, encode(question, from, end - now()), signal);
      if (answer !== null) return answer;
      await wait(pause, undefined, { signal });
    }
  };
}

function encode({ text, ask, judgement }: Question, from: string, wait: number): string {
  const { name, arguments: values } = ask.call;
  const left = Math.min(86_400_000, Math.max(0, Math.floor(wait)));
  const reasons = judgement.reasons.slice(0, 20).map((reason) => reason.text.slice(0, 500));
  const wire: WireAsk = {
    version: 1,
    from,
    conversation: ask.conversation.slice(0, 1000),
    tool: name.slice(0, 1000),
    arguments: { ...values } as WireAsk['arguments'],
    text,
    reasons,
    left: Number.isFinite(left) ? left : 0,
  };
  const line = JSON.stringify(wire);
  if (line.length > LONGEST) throw new Error(`the question is longer than ${LONGEST} characters`);
  return `${line}\n`;
}

/** Offers a question over one connection. Null: nobody is there, or they have gone without an answer. Throws on nonsense. */
function offer(path: string, line: string, signal: AbortSignal): Promise<Answer | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let said = '';
    const stop = (): void => void socket.destroy();
    signal.addEventListener('abort', stop, { once: true });
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(line));
    socket.on('error', () => {});
    socket.on('data', (part: string) => {
      said += part;
      if (said.length > LONGEST) socket.destroy();
    });
    socket.on('close', () => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) return reject(signal.reason);
      const end = said.indexOf('\n');
      if (end === -1) return resolve(null);
      try {
        resolve(answerSchema.parse(JSON.parse(said.slice(0, end))));
      } catch {
        reject(new Error('the dashboard gave an answer that is none'));
      }
    });
  });
}
