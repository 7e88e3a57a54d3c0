// What learning costs, beside PyTorch on the same cores in the same run: a training step of three models, sampled positions,
// and the memory of long sequences. In each round everything is measured once, one after the other, so that what else the
// machine does meets both; the ratio of a round is ours over the best setting of PyTorch in that round.
// Run: PYTHON=… node --conditions=tribune-source bench/learner.ts [--rounds 5] [--only train|sample|long] [--model N] [--json]
// PYTHON needs torch; without it only our own times are printed. Not here: a whole iteration of GRPO (grpo.ts).
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { seedGenerator } from '../src/policy/local/choose.ts';
import { cpuExecutor } from '../src/policy/local/executor.ts';
import { LocalLearner } from '../src/policy/local/learner.ts';
import { countParameters, initialise, type ModelConfig } from '../src/policy/local/model.ts';
import { type Learner, ParallelLearner } from '../src/policy/local/parallel.ts';
import type { SampleTask } from './learner-sample.ts';

type Size = { readonly config: ModelConfig; readonly batch: number; readonly steps: number; readonly target: number };
const base = { theta: 10_000, eps: 1e-6, context: 512 };
const of = (vocab: number, width: number, layers: number, heads: number, headDim: number, hidden: number) => ({
  ...{ vocab, width, layers, heads, kvHeads: heads, headDim, hidden, ...base },
});
/** Sequences of 256 positions. The first is the reference model of 0.92 million parameters. */
const SIZES: readonly Size[] = [
  { config: of(512, 128, 4, 4, 32, 384), batch: 8, steps: 9, target: 0.65 },
  { config: of(2048, 256, 6, 8, 32, 768), batch: 8, steps: 5, target: 0.8 },
  { config: of(4096, 512, 8, 8, 64, 1408), batch: 4, steps: 3, target: 0.8 },
];
const LENGTH = 256;
const CONTEXT = 128;
const THREADS = 2;

const argument = (name: string) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;

function makeData({ config, batch }: Size, length = LENGTH) {
  const rng = seedGenerator(2);
  return Array.from({ length: batch }, () => ({
    tokens: Int32Array.from({ length: length + 1 }, () => Math.floor(rng() * config.vocab)),
    weights: Float32Array.from({ length: length + 1 }, (_, at) => (at === 0 ? 0 : 1 / (batch * length))),
  }));
}

/** Milliseconds on the clock, and of the processor over all threads: on a busy machine the clock tells of the machine. */
type Cost = { readonly clock: number; readonly work: number };
const middle = (costs: readonly Cost[]): Cost => ({
  clock: median(costs.map(({ clock }) => clock)),
  work: median(costs.map(({ work }) => work)),
});

/** Starts to measure this process; the result tells what has passed. */
function measure(): () => Cost {
  const [start, before] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { clock: performance.now() - start, work: (user + system) / 1000 };
  };
}

/** A forward pass, a backward pass and AdamW: the median of some steps. */
async function timeSteps(learner: Learner, size: Size, length = LENGTH): Promise<Cost> {
  const data = makeData(size, length);
  const costs: Cost[] = [];
  for (let step = 0; step < size.steps; step++) {
    const stop = measure();
    await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
    await learner.optimStep({ learningRate: 1e-3 });
    costs.push(stop());
  }
  return middle(costs);
}

type Answer = {
  readonly ms?: number[];
  readonly work?: number[];
  readonly error?: string;
  readonly bytes?: number;
  readonly version?: string;
};
type Torch = { readonly ask: (task: object) => Promise<Answer>; readonly close: () => void };

/** A PyTorch process; null if there is none. `policy`: whether its threads wait by spinning. */
async function openTorch(policy: 'ACTIVE' | 'PASSIVE'): Promise<Torch | null> {
  const { OPENBLAS_CORETYPE: _, ...rest } = process.env; // a library may choose its own kernels
  const script = new URL('learner.py', import.meta.url).pathname;
  const env = { ...rest, OMP_WAIT_POLICY: policy };
  const child = spawn(process.env.PYTHON ?? 'python3', [script], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // Who is not asked stands still: threads that spin go on for a while after their work, on a core of whoever is measured next.
  const ask = async (task: object): Promise<Answer> => {
    child.kill('SIGCONT');
    child.stdin.write(`${JSON.stringify(task)}\n`, () => undefined);
    const { value, done } = await lines.next();
    child.kill('SIGSTOP');
    return done ? { error: 'PyTorch ended' } : (JSON.parse(value) as Answer);
  };
  child.stdin.on('error', () => undefined);
  const { version } = await ask({ do: 'peak' });
  if (!version) return null;
  console.error(`PyTorch ${version}, threads ${policy === 'ACTIVE' ? 'spin' : 'sleep'} while they wait`);
  return { ask, close: () => void child.kill('SIGKILL') };
}

const child = process.argv.includes('--length'); // a run for memory only
const opened = child ? [] : await Promise.all([openTorch('PASSIVE'), openTorch('ACTIVE')]);
const torches: readonly Torch[] = opened.flatMap((torch) => torch ?? []);

/** The best of PyTorch's settings, by name: spinning or not, compiled or not. */
async function timeTorch(size: Size, at: number): Promise<Record<string, Cost>> {
  const results: Record<string, Cost> = {};
  for (const [policy, torch] of torches.entries()) {
    for (const compiled of [false, true]) {
      const task = { do: 'train', name: String(at), config: size.config, batch: size.batch, length: LENGTH };
      const { ms, work } = await torch.ask({ ...task, steps: size.steps, threads: THREADS, compiled });
      const name = `${policy === 0 ? 'sleeping' : 'spinning'}${compiled ? ' compiled' : ''}`;
      if (ms && work) results[name] = { clock: median(ms), work: median(work) };
    }
  }
  return results;
}

/** What one round measured. */
type Pair = { readonly ours: Cost; readonly torch: Readonly<Record<string, Cost>> };

/** The pairs of all rounds in a few lines: medians, and the ratio to PyTorch's best setting of each round. */
function report(title: string, unit: string, pairs: readonly Pair[], target: number): object {
  const names = Object.keys(pairs[0]!.torch);
  const ours = middle(pairs.map((pair) => pair.ours));
  const torch = Object.fromEntries(names.map((name) => [name, middle(pairs.map((pair) => pair.torch[name]!))]));
  const ratiosOf = (of: keyof Cost) =>
    pairs.map((pair) => pair.ours[of] / Math.min(...Object.values(pair.torch).map((cost) => cost[of])));
  const ratios = { clock: ratiosOf('clock'), work: ratiosOf('work') };
  if (!json) {
    const show = ({ clock, work }: Cost) => `${clock.toFixed(2)} (${work.toFixed(2)})`;
    console.log(`${title}, in ${unit} (and of processor time):`);
    console.log(
      `  ours ${show(ours)}; PyTorch ${names.map((name) => `${name} ${show(torch[name]!)}`).join(', ') || 'absent'}`,
    );
    const range = (list: readonly number[]) =>
      `${median(list).toFixed(2)} [${Math.min(...list).toFixed(2)}-${Math.max(...list).toFixed(2)}]`;
    const text = `  ratio to its best, median of ${pairs.length} rounds: ${range(ratios.clock)}, at most ${target} wanted; `;
    if (names.length > 0) console.log(`${text}of processor time ${range(ratios.work)}`);
  }
  return { title, unit, ours, torch, ratios, target };
}

async function benchTraining(rounds: number): Promise<object[]> {
  const chosen = SIZES.filter((_, at) => argument('--model') === undefined || at === Number(argument('--model')));
  const results: object[] = [];
  for (const size of chosen) {
    const { config } = size;
    const learner = new ParallelLearner(config, initialise(config, seedGenerator(1)), THREADS);
    await timeSteps(learner, size); // threads start, graphs and PyTorch's code are compiled
    await timeTorch(size, SIZES.indexOf(size));
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round++) {
      pairs.push({ ours: await timeSteps(learner, size), torch: await timeTorch(size, SIZES.indexOf(size)) });
    }
    await learner.close();
    const title = `step, ${(countParameters(config) / 1e6).toFixed(2)} M parameters, ${size.batch * LENGTH} tokens`;
    results.push(report(title, 'ms', pairs, size.target));
  }
  return results;
}

/** Milliseconds of a batch to microseconds of one position. */
function perPosition({ clock, work }: Cost, rows: number): Cost {
  const share = 1000 / (rows * CONTEXT);
  return { clock: share * clock, work: share * work };
}

function runWorker(worker: Worker, task: SampleTask): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => {
      worker.off('error', reject);
      resolve();
    });
    worker.once('error', reject);
    worker.postMessage(task);
  });
}

/** PyTorch on both cores: one process with two threads or one, and two processes with half of the rows each. */
async function sampleTorch(rows: number): Promise<Record<string, Cost>> {
  const { config } = SIZES[0]!;
  const task = (count: number, threads: number) => ({ do: 'sample', config, rows: count, context: CONTEXT, threads });
  const results: Record<string, Cost> = {};
  for (const [policy, torch] of torches.entries()) {
    for (const threads of [1, 2]) {
      const { ms, work } = await torch.ask(task(rows, threads));
      if (ms && work)
        results[`${policy === 0 ? 'sleeping' : 'spinning'} ${threads}T`] = { clock: ms[0]!, work: work[0]! };
    }
  }
  const stop = measure();
  const halves = await Promise.all(torches.map((torch) => torch.ask(task(rows / 2, 1))));
  const work = halves.reduce((sum, half) => sum + (half.work?.[0] ?? Number.NaN), 0);
  if (halves.length === 2 && work > 0) results['two processes'] = { clock: stop().clock, work };
  return Object.fromEntries(Object.entries(results).map(([name, cost]) => [name, perPosition(cost, rows)]));
}

async function benchSampling(rounds: number): Promise<object[]> {
  const { config } = SIZES[0]!;
  const file = new URL('./learner-sample.ts', import.meta.url);
  const workers = Array.from({ length: THREADS }, () => new Worker(file, { workerData: config }));
  const results: object[] = [];
  for (const rows of [16, 256]) {
    const run = (seed: number) =>
      Promise.all(workers.map((worker) => runWorker(worker, { rows: rows / THREADS, context: CONTEXT, seed })));
    await run(0);
    await sampleTorch(rows);
    const pairs: Pair[] = [];
    const lags: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const watch = watchLag();
      const stop = measure();
      await run(round);
      const ours = perPosition(stop(), rows);
      lags.push(watch());
      pairs.push({ ours, torch: await sampleTorch(rows) });
    }
    const title = `sampling, batch ${rows} on ${THREADS} cores`;
    results.push({ ...report(title, 'µs a position', pairs, 0.7), lagMs: median(lags) });
    if (!json) console.log(`  main thread meanwhile late by at most ${median(lags).toFixed(1)} ms, below 20 wanted`);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return results;
}

/** Starts to watch how late timers of this thread are; the result tells the worst, in milliseconds. */
function watchLag(): () => number {
  let [last, worst] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 5);
    last = now;
  }, 5);
  return () => {
    clearInterval(timer);
    return worst;
  };
}

const LONG = 4096;

/** One sequence of 4,096 tokens, in a process of its own because peaks are remembered. */
async function benchLong(): Promise<object[]> {
  const script = new URL(import.meta.url).pathname;
  const peaks = [256, LONG].map((length) => {
    const args = [...process.execArgv, script, '--length', String(length)];
    return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 20 }).stdout) as Peak;
  });
  const [short, long] = peaks as [Peak, Peak];
  const { config } = SIZES[0]!;
  const kept = (config.layers * config.heads * LONG * LONG * 4) / 2 ** 20;
  if (!json) {
    const line = (length: number, peak: Peak) =>
      `${length} tokens ${peak.megabytes.toFixed(0)} MB, ${peak.ms.toFixed(0)} ms a step`;
    console.log(`memory at its peak, one sequence, two threads: ${line(256, short)}; ${line(LONG, long)}`);
    console.log(
      `  (the weights of attention alone, kept whole for the backward pass, would take ${kept.toFixed(0)} MB)`,
    );
  }
  return [{ title: 'long', short, long, keptMegabytes: kept }];
}

type Peak = { readonly megabytes: number; readonly ms: number };

async function measurePeak(length: number): Promise<Peak> {
  const size = { ...SIZES[0]!, batch: 1, steps: 2, config: { ...SIZES[0]!.config, context: length + 1 } };
  const learner = new LocalLearner(size.config, initialise(size.config, seedGenerator(1)), cpuExecutor({ threads: 2 }));
  const { clock: ms } = await timeSteps(learner, size, length);
  await learner.close();
  return { megabytes: process.resourceUsage().maxRSS / 1024, ms };
}

const json = process.argv.includes('--json');
const only = argument('--only');
const rounds = Number(argument('--rounds') ?? 5);
if (child) {
  console.log(JSON.stringify(await measurePeak(Number(argument('--length')))));
} else {
  const results: object[] = [];
  if (only === undefined || only === 'train') results.push(...(await benchTraining(rounds)));
  if (only === undefined || only === 'sample') results.push(...(await benchSampling(rounds)));
  for (const torch of torches) torch.close();
  if (only === undefined || only === 'long') results.push(...(await benchLong()));
  if (json) console.log(JSON.stringify({ node: process.version, rounds, results }));
}
