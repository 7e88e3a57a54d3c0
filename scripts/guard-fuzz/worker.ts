// A process of the fuzzer: judges the rounds it is told to and answers what went wrong, how slow the slowest was, and how large
// the heap is after a collection. Two guards, one with the learned part, live as long as the process does, as in a service.
import { createGuard } from '../../src/guard/guard.ts';
import { loadLearned } from '../../src/guard/learned/open.ts';
import { growRound, makeRound } from './hostile.ts';
import { checkRound, timeRound } from './round.ts';

/** Rounds `from` to `to`, the last not included. */
export type Order = { readonly seed: number; readonly from: number; readonly to: number };
/** `slowest` is in milliseconds of processor time, `heap` in megabytes. */
export type Answer = { readonly faults: readonly string[]; readonly slowest: number; readonly heap: number };

/** Every so-many-th round is judged once more with each text so many times over. */
const [GROWN_EVERY, TIMES] = [250, 16];

const learned = await loadLearned();
const makeGuards = () => [createGuard(), createGuard({ classifiers: [learned], results: 'clean' })] as const;
const guards = makeGuards();

async function judgeRounds({ seed, from, to }: Order): Promise<Answer> {
  const faults: string[] = [];
  let slowest = 0;
  for (let at = from; at < to; at++) {
    // So that it is heard when the run is broken off.
    if (at % 50 === 0) await new Promise((done) => setImmediate(done));
    const round = makeRound(seed, at);
    const say = (fault: string): void => void faults.push(`seed ${seed}, round ${at}: ${fault}`);
    try {
      const rounds = at % GROWN_EVERY === 0 ? [round, growRound(round, TIMES)] : [round];
      for (const one of rounds) {
        const timed = await timeRound(() => checkRound(guards[at % 2]!, one), one);
        for (const fault of timed.faults) say(fault);
        // What a busy machine or a collection made slow is not slow again, by a guard that has not read it yet.
        const again = timed.late ? await timeRound(() => checkRound(makeGuards()[at % 2]!, one), one) : timed;
        if (again.late) say(`${again.spent.toFixed(0)} ms for ${again.signs} signs`);
        slowest = Math.max(slowest, Math.min(timed.spent, again.spent));
      }
    } catch (error) {
      say(`thrown: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  globalThis.gc?.();
  return { faults, slowest, heap: Math.round(process.memoryUsage().heapUsed / 1e6) };
}

process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  void judgeRounds(order).then((answer) => process.send!(answer));
});
