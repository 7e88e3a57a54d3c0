// Fuzzes the guard: a million hostile conversations, each judged as a call, a final text and a tool's result, with and without
// the learned part, in several processes. The same seed gives the same rounds; a run that is broken off goes on where its state
// file says, with as many processes as one likes. Every so-many-th round is also judged grown, to see work that grows faster
// than its text.
// usage: node --conditions=tribune-source scripts/guard-fuzz.ts [--rounds 1000000] [--seed 1] [--state FILE] [--workers N]
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Answer, Order } from './guard-fuzz/worker.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    state: { type: 'string', default: join(import.meta.dirname, '../.cache/guard-fuzz.json') },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
});
const [rounds, seed, workers] = [Number(values.rounds), Number(values.seed), Number(values.workers)];
if (![rounds, workers].every((count) => Number.isSafeInteger(count) && count > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('--rounds, --seed and --workers: expected whole numbers, at least one round and one worker\n');
  process.exit(2);
}

/** Rounds a process is given at once, what is lost when a run is broken off; --rounds is rounded up to whole blocks. */
const BLOCK = 2000;
/** `done` are the numbers of the blocks that are over; `slowest` the processor time the slowest round took, in milliseconds. */
type State = {
  readonly version: 2;
  readonly seed: number;
  readonly done: readonly number[];
  readonly faults: readonly string[];
  readonly slowest: number;
};

function readState(): State {
  const kept: State | null = existsSync(values.state) ? JSON.parse(readFileSync(values.state, 'utf8')) : null;
  return kept?.version === 2 && kept.seed === seed ? kept : { version: 2, seed, done: [], faults: [], slowest: 0 };
}

function writeState(state: State): void {
  mkdirSync(dirname(values.state), { recursive: true });
  writeFileSync(`${values.state}.tmp`, JSON.stringify(state));
  renameSync(`${values.state}.tmp`, values.state);
}

let state = readState();
const all = Array.from({ length: Math.ceil(rounds / BLOCK) }, (_, block) => block);
const open = all.filter((block) => !state.done.includes(block)).reverse();
const heaps: number[] = [];
process.stdout.write(`seed ${seed}: ${all.length - open.length} of ${all.length} blocks of ${BLOCK} are done\n`);

function noteAnswer(block: number, { faults, slowest, heap }: Answer): void {
  const done = [...state.done, block];
  state = {
    ...state,
    ...{ done, faults: [...state.faults, ...faults].slice(0, 100), slowest: Math.max(state.slowest, slowest) },
  };
  writeState(state);
  heaps.push(heap);
  process.stdout.write(
    `${done.length * BLOCK} rounds, ${state.faults.length} faults, slowest ${state.slowest.toFixed(1)} ms, heap ${heap} MB\n`,
  );
}

/** One process that takes block after block until none is left. Rejects if it ends before that. */
function work(): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['--conditions=tribune-source', '--expose-gc'];
    const child = fork(join(import.meta.dirname, 'guard-fuzz/worker.ts'), { execArgv: args });
    let block: number | undefined;
    const give = (): void => {
      block = open.pop();
      if (block === undefined) {
        child.disconnect();
        resolve();
        return;
      }
      const order: Order = { seed, from: block * BLOCK, to: (block + 1) * BLOCK };
      child.send(order);
    };
    child.on('message', (answer: Answer) => {
      noteAnswer(block!, answer);
      give();
    });
    child.on('error', reject);
    // A process that the guard brought down is the worst fault of all.
    child.on('exit', (code, signal) => {
      if (block !== undefined)
        reject(new Error(`a process ended with ${signal ?? code} in rounds from ${block * BLOCK}`));
    });
    give();
  });
}

const ends = await Promise.allSettled(Array.from({ length: Math.min(workers, Math.max(1, open.length)) }, work));
const ended = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
const faults = [...state.faults, ...ended];
const most = heaps.length === 0 ? '' : `, the largest heap ${Math.max(...heaps)} MB`;
process.stdout.write(
  `${state.done.length * BLOCK} conversations, ${faults.length} faults, the slowest round ${state.slowest.toFixed(1)} ms${most}\n${faults.map((fault) => `${fault}\n`).join('')}`,
);
if (faults.length > 0) process.exitCode = 1;
