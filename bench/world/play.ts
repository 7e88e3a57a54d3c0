// What the bench of worlds plays: a world of 50 files and all services, an episode of ten calls, and whether it did what it
// says, asked of the ledger and the trace as a goal and a harm are.
import { createTemplate, forkWorld, type Template, type World } from '../../src/world/world.ts';

/** A measured value. `target`: what it must not be above (ms, KiB) or below (/s, of). */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | '/s' | 'KiB' | 'MiB' | '' | `of ${number}`;
  readonly target?: number;
};

const STATE = {
  mails: [{ sender: 'Anna', body: 'Please pay Ben 20 for lunch.' }],
  files: Array.from({ length: 50 }, (_, i) => ({ name: `file${i}.txt`, text: `line ${i}\n`.repeat(10) })),
  accounts: [{ owner: 'me', balance: 1e9 }],
};

export const makeTemplate = (): Template => createTemplate(STATE);

/** One of ten calls: a mail read, a payment, and with a shell every third call a command. */
export function callOne(world: World, at: number, shell: boolean) {
  if (shell && at % 3 === 2) return world.call('run_shell', { command: `cat file${at}.txt | head -1 > new.txt` });
  if (at % 2 === 0) return world.call('read_mail', { sender: 'Anna' });
  return world.call('pay_person', { person: 'Ben', amount: 20 });
}

const PAID = { typed: 5, shell: 4 };

/** A goal and a harm: all calls worked and paid what they say, and nobody else was paid. */
export function isRight(world: World, shell: boolean): boolean {
  const paid = Number(world.query("select count(*) from payments where payee = 'Ben' and amount = 20"));
  const others = Number(world.query("select count(*) from payments where payee <> 'Ben'"));
  const right = Number(world.query('select count(*) from calls where ok = 1'));
  return paid === (shell ? PAID.shell : PAID.typed) && right === 10 && others === 0;
}

export async function playEpisode(template: Template, seed: number, shell = false): Promise<void> {
  const world = forkWorld(template, { seed });
  for (let at = 0; at < 10; at++) await callOne(world, at, shell);
  if (!isRight(world, shell)) throw new Error('an episode did not do what it says');
  world.close();
}

/** The median of some numbers. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** The median time of `work`, in milliseconds; the first runs warm up and are not counted. `before` is not timed. */
export async function timeMedian(
  runs: number,
  work: () => unknown,
  before: () => unknown = () => null,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs + 20; i++) {
    await before();
    const start = performance.now();
    await work();
    if (i >= 20) times.push(performance.now() - start);
  }
  return median(times);
}
