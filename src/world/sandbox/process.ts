// One process that holds worlds, from the side of its owner: questions with a limit on the wait, answers that are checked,
// calls of servers outside passed on. It is ended when it hangs, floods or says what is no answer; what was asked of it is
// then answered with an error.
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { ServerSession } from '../mcp/servers.ts';
import { type Outer, spawnBehind } from './behind.ts';
import { type LineReader, readLinesOf } from './lines.ts';
import { type Order, type Reply, replySchema } from './say.ts';

/** An observation is some thousand characters; what a process may say between two questions, some million. */
const LINES = { line: 4 << 20, total: 64 << 20 };

/** Longest time of a start, in milliseconds. */
const START = 60_000;

type Question = Extract<Order, { readonly id: number }>;
type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** A world process. It is of no more use after its first fault. */
export class WorldProcess {
  /** Where calls of servers outside go, by world. */
  readonly sessions = new Map<number, ServerSession>();
  readonly #child: ChildProcess;
  readonly #reader: LineReader;
  readonly #wait: number;
  /** Who waits for which answer; 0 is the start. */
  readonly #waiting = new Map<number, Waiting>();
  #ended: string | null = null;
  #said = '';

  /**
   * Starts it. `wait`: longest wait for an answer, in milliseconds; `memory`: in bytes; `services`: files of the user's own
   * services. Throws where the wall is missing.
   */
  constructor(wall: Outer, wait: number, memory: number, services: readonly string[] = []) {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    this.#wait = wait;
    this.#child = spawnBehind(wall, [fileURLToPath(new URL(file, import.meta.url)), ...services], memory, services);
    const { stdin, stdout, stderr } = this.#child;
    if (!stdin || !stdout || !stderr) throw new Error('a process without standard streams');
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-2000);
    });
    this.#reader = readLinesOf(
      stdout,
      LINES,
      (line) => this.#hear(parseReply(line)),
      (what) => this.end(`it sent ${what}`),
    );
    this.#child.on('error', (error) => this.end(error.message));
    this.#child.on('exit', (code, signal) => this.end(`${signal ?? `code ${code}`} ${lastLine(this.#said)}`.trim()));
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  /** Waits until it answers at all. Rejects if it ends before. */
  ready(): Promise<unknown> {
    return this.#await(0, START);
  }

  /** Asks a question and checks the answer. Rejects if the process fails, hangs or ends. */
  async ask<T>(question: Question, schema: z.ZodType<T>): Promise<T> {
    this.#reader.renew();
    const answer = this.#await(question.id, this.#wait);
    this.send(question);
    const parsed = schema.safeParse(await answer);
    if (!parsed.success) throw this.end('it answered in a form that is none');
    return parsed.data;
  }

  /** Sends what needs no answer. */
  send(order: Order): void {
    if (this.#ended === null) this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Ends it, and whatever is asked of it. Gives the error they get. */
  end(why: string): Error {
    const error = new Error(`the world process ended: ${this.#ended ?? why}`);
    if (this.#ended !== null) return error;
    this.#ended = why;
    this.#child.kill('SIGKILL');
    for (const { reject } of this.#waiting.values()) reject(error);
    for (const session of this.sessions.values()) session.close();
    return error;
  }

  #await(id: number, wait: number): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.end(''));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(`no answer within ${wait / 1000} seconds`), wait);
      const settle = <T>(then: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          then(value);
        };
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
  }

  #hear(reply: Reply | null): void {
    switch (reply?.kind) {
      case undefined:
        this.end('it said what is no answer');
        break;
      case 'ready':
        this.#waiting.get(0)?.resolve(null);
        break;
      case 'answer':
        this.#waiting.get(reply.id)?.resolve(reply.value);
        break;
      case 'failed':
        this.#waiting.get(reply.id)?.reject(new Error(reply.message));
        break;
      case 'ask':
        this.#passOn(reply);
    }
  }

  /** A call of a server outside, for a world that has servers. */
  #passOn({ ask, world, tool, args }: Extract<Reply, { readonly kind: 'ask' }>): void {
    const session = this.sessions.get(world);
    if (session === undefined) this.end('it called a server it has no right to');
    else void session.call(tool, args).then((result) => this.send({ kind: 'told', ask, result }));
  }
}

function parseReply(line: string): Reply | null {
  try {
    const parsed = replySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
