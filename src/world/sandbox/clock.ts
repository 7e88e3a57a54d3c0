// Virtual time and chance for code that asks the host: the shell's interpreter reads `Date`, `performance.now` and
// `Math.random`. On import, they are replaced by versions that look up the world on whose behalf the current asynchronous
// call runs. Code that runs for no world sees the host's, unchanged.
// Not covered: timers, worker threads and processes.
import { AsyncLocalStorage } from 'node:async_hooks';

/** Where a run gets time (milliseconds since 1970) and numbers in [0, 1) from. */
export type Source = { readonly now: () => number; readonly random: () => number };

/** The host's own monotonic time, in milliseconds, whoever asks. */
export const hostNow = performance.now.bind(performance);

const current = new AsyncLocalStorage<Source | null>();

/** Does `work`, and everything it awaits, with the source's time and chance; null: the host's. */
export function runWith<T>(source: Source | null, work: () => T): T {
  return current.run(source, work);
}

const HostDate = Date;
const hostRandom = Math.random;

function readNow(): number {
  return current.getStore()?.now() ?? HostDate.now();
}

// A proxy keeps `instanceof Date`, `Date.UTC` and subclasses as they are.
globalThis.Date = new Proxy(HostDate, {
  construct: (target, args, subclass) => Reflect.construct(target, args.length === 0 ? [readNow()] : args, subclass),
  apply: () => new HostDate(readNow()).toString(),
  get: (target, key) => (key === 'now' ? readNow : Reflect.get(target, key)),
});
Math.random = () => current.getStore()?.random() ?? hostRandom();
performance.now = () => current.getStore()?.now() ?? hostNow();
