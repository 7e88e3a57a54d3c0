// The thread that interprets commands for the worlds of another one (aside.ts): it keeps an interpreter for each shell, and
// asks back for what `curl` requests. It has the files it was sent, and nothing else of the worlds.
import { type MessagePort, parentPort } from 'node:worker_threads';
import { type Change, type Host, type Interpreter, layOut, type Outcome, openInterpreter } from './bash.ts';

export type File = { readonly name: string; readonly text: string };

/** What came of a request, or why nothing did. */
type Page =
  | string
  | {
      readonly status: number;
      readonly statusText: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: Uint8Array<ArrayBuffer>;
    };

/** What the worlds' thread says. `clock`: the world's, in milliseconds since 1970. */
export type Order =
  | {
      readonly kind: 'open';
      readonly shell: number;
      readonly seed: number;
      readonly clock: number;
      readonly files: readonly File[];
      readonly wallLimit: number;
    }
  | {
      readonly kind: 'run';
      readonly shell: number;
      readonly clock: number;
      readonly command: string;
      readonly changes: readonly Change[];
    }
  | { readonly kind: 'answer'; readonly ask: number; readonly clock: number; readonly page: Page }
  | { readonly kind: 'close'; readonly shell: number };

/** What this thread says. `moved`: how far the command moved the clock since both last agreed, in milliseconds. */
export type Reply =
  | { readonly kind: 'done'; readonly shell: number; readonly moved: number; readonly outcome: Outcome }
  | {
      readonly kind: 'ask';
      readonly shell: number;
      readonly moved: number;
      readonly ask: number;
      readonly url: string;
      readonly init: RequestInit;
    };

type Shell = { readonly host: Host & { agreed: number }; readonly interpreter: Promise<Interpreter> };

if (parentPort !== null) serve(parentPort);

function serve(port: MessagePort): void {
  const shells = new Map<number, Shell>();
  const asked = new Map<number, (answer: Extract<Order, { kind: 'answer' }>) => void>();
  let asks = 0;
  const say = (reply: Reply) => port.postMessage(reply);
  const open = ({ shell, seed, clock, files, wallLimit }: Extract<Order, { kind: 'open' }>): Shell => {
    const host = {
      clock,
      agreed: clock,
      async request(url: string, init: RequestInit) {
        const ask = ++asks;
        const plain = { ...init, headers: [...new Headers(init.headers)] }; // what can be sent to another thread
        say({ kind: 'ask', shell, moved: host.clock - host.agreed, ask, url, init: plain });
        const { clock: now, page } = await new Promise<Extract<Order, { kind: 'answer' }>>((resolve) => {
          asked.set(ask, resolve);
        });
        host.clock = now;
        host.agreed = now;
        if (typeof page === 'string') throw new Error(page);
        const { body, headers, ...rest } = page;
        // A response of that status may have no body, not even an empty one.
        return new Response(EMPTY.has(page.status) ? null : body, {
          ...rest,
          headers: headers.map(([k, v]) => [k, v]),
        });
      },
    };
    const base = layOut(files.map(({ name, text }) => [name, text]));
    return { host, interpreter: base.then((laid) => openInterpreter(host, seed, laid, wallLimit)) };
  };
  const run = async ({ shell, clock, command, changes }: Extract<Order, { kind: 'run' }>): Promise<void> => {
    const found = shells.get(shell);
    if (found === undefined) return;
    const { host, interpreter } = found;
    const ready = await interpreter;
    host.clock = clock;
    host.agreed = clock;
    const outcome = await ready.run(command, changes);
    say({ kind: 'done', shell, moved: host.clock - host.agreed, outcome });
  };
  port.on('message', (order: Order) => {
    switch (order.kind) {
      case 'open':
        shells.set(order.shell, open(order));
        break;
      case 'run':
        void run(order);
        break;
      case 'answer':
        asked.get(order.ask)?.(order);
        asked.delete(order.ask);
        break;
      case 'close':
        shells.delete(order.shell);
    }
  });
}

const EMPTY = new Set([101, 204, 205, 304]);
