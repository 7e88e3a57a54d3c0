// GRPO here beside TRL's GRPOTrainer on the same cores: one model directory written by our learner, the same prompts in the same
// order, group sizes, optimiser, loss and number of episodes, several seeds each, one after the other. The task: of a list of
// tools and a request, say the call that is asked for, tool(argument); half of the reward for the right tool, half for the right argument. The model begins
// with a short warm start on answers that are often wrong. Prints both reward curves with their spread, and the time of both.
// Run: PYTHON=… node --conditions=tribune-source bench/grpo-vs-trl.ts [--seeds 3] [--steps 40] [--bare] [--json]
// PYTHON needs trl (with torch, transformers, datasets, accelerate); without it only our own curve is printed.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Datum } from '../src/policy/local/batch.ts';
import { saveCheckpoint } from '../src/policy/local/checkpoint.ts';
import { seedGenerator } from '../src/policy/local/choose.ts';
import { countParameters, initialise, type ModelConfig } from '../src/policy/local/model.ts';
import { ParallelLearner } from '../src/policy/local/parallel.ts';
import { trainTokenizer } from '../src/policy/local/tokenizer.ts';
import type { GroupAnswer, GroupStart, GroupTask } from './grpo-sample.ts';

const argument = (name: string, otherwise: number) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
/** Requests alone, without the list of tools: prompts a seventh as long, of which hardly anything is shared. */
const BARE = process.argv.includes('--bare');
const SEEDS = argument('--seeds', 3);
const STEPS = argument('--steps', 40);
const GROUPS = 16;
const MEMBERS = 8;
const LONGEST = 16;
const THREADS = 2;
const LEARNING_RATE = 2e-4;
const TOOLS: Readonly<Record<string, string>> = {
  pay: 'settle the invoice',
  mail: 'write to the customer',
  find: 'look for the order',
  drop: 'cancel the booking',
  book: 'reserve the room',
};
const NAMES = Object.keys(TOOLS);

type Task = { readonly prompt: string; readonly tool: string; readonly value: string };

/** A prompt as an agent has it: the tools there are, in any order, and the request. */
function drawTask(rng: () => number): Task {
  const tool = NAMES[Math.floor(rng() * NAMES.length)]!;
  const value = String(100 + Math.floor(rng() * 900));
  const order = NAMES.map((name) => ({ name, place: rng() })).sort((a, b) => a.place - b.place);
  const list = order.map(({ name }) => `${name}(number): ${TOOLS[name]}\n`).join('');
  return { prompt: `${BARE ? '' : `Tools:\n${list}`}Please ${TOOLS[tool]} number ${value}.\n`, tool, value };
}

/** Half for the tool, half for the argument, nothing for what is no call of a known tool. */
function rewardOf(text: string, { tool, value }: Task): number {
  const at = text.indexOf('(');
  const head = text.slice(0, Math.max(0, at));
  if (at < 0 || !text.endsWith(')') || !NAMES.includes(head)) return 0;
  return (head === tool ? 0.5 : 0) + (text.slice(at + 1, -1) === value ? 0.5 : 0);
}

/** An answer of the warm start: the tool is right in half of the cases, the argument in six of ten. */
function answer({ tool, value }: Task, rng: () => number): string {
  const other = NAMES[Math.floor(rng() * NAMES.length)]!;
  const wrong = String(100 + Math.floor(rng() * 900));
  return `${rng() < 0.4 ? tool : other}(${rng() < 0.6 ? value : wrong})`;
}

const END = '<|im_end|>';
const specials = ['<|endoftext|>', END];
const draw = seedGenerator(11);
const corpus = Array.from({ length: 300 }, () => drawTask(draw)).flatMap((task) => [task.prompt, answer(task, draw)]);
const tokenizer = trainTokenizer(corpus, { vocabSize: 320, specials });
const end = tokenizer.specials.get(END)!;
const config: ModelConfig = {
  ...{ vocab: tokenizer.size, width: 128, layers: 4, heads: 4, kvHeads: 4, headDim: 32, hidden: 384 },
  ...{ theta: 10_000, eps: 1e-6, context: 128 },
};

const PROMPT_TOKENS =
  corpus.reduce((sum, text, at) => sum + (at % 2 === 0 ? tokenizer.encode(text).length : 0), 0) / 300;

/** The model both begin with. */
async function warmStart(): Promise<Float32Array<ArrayBuffer>> {
  const rng = seedGenerator(12);
  const learner = new ParallelLearner(config, initialise(config, rng), THREADS);
  for (let step = 0; step < 400; step++) {
    const data = Array.from({ length: 48 }, (): Datum => {
      const task = drawTask(rng);
      const prompt = tokenizer.encode(task.prompt);
      const tokens = Int32Array.from([...prompt, ...tokenizer.encode(answer(task, rng)), end]);
      return { tokens, weights: Float32Array.from(tokens, (_, at) => (at < prompt.length ? 0 : 1 / 300)) };
    });
    await learner.forwardBackward({ data }, { kind: 'crossEntropy' });
    await learner.optimStep({ learningRate: 2e-3 * Math.min(1, (400 - step) / 200) });
  }
  const { theta } = learner.state();
  await learner.close();
  return theta;
}

/** As TRL does by default: over the sample deviation of the group. */
function standardise(rewards: readonly number[]): number[] {
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / (rewards.length - 1);
  return rewards.map((reward) => (reward - mean) / (Math.sqrt(variance) + 1e-4));
}

type Result = { readonly seconds: number; readonly work: number; readonly rewards: readonly number[] };

async function runOurs(theta: Float32Array<ArrayBuffer>, tasks: readonly Task[], seed: number): Promise<Result> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const learner = new ParallelLearner(config, theta, THREADS);
  const samplers = openSamplers();
  const rewards: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const own = tasks.slice(step * GROUPS, (step + 1) * GROUPS);
    const prompts = own.map(({ prompt }) => tokenizer.encode(prompt));
    const groups = await sampleOn(samplers, learner.theta, prompts, 1e6 * seed + 1000 * step);
    const earned = groups.map((group, at) => group.map((one) => rewardOf(readText(one), own[at]!)));
    const total = groups.flat().reduce((sum, { tokens }) => sum + tokens.length, 0);
    const data = groups.flatMap((group, at) => {
      const advantages = standardise(earned[at]!);
      return group.map((one, member) => makeDatum(prompts[at]!, one, advantages[member]!, total));
    });
    await learner.forwardBackward({ data }, { kind: 'grpo' });
    await learner.optimStep({ learningRate: LEARNING_RATE });
    rewards.push(earned.flat().reduce((a, b) => a + b, 0) / (GROUPS * MEMBERS));
  }
  await Promise.all(samplers.map((worker) => worker.terminate()));
  await learner.close();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000, work: (user + system) / 1e6, rewards };
}

type Answer = GroupAnswer[number][number];

/** A thread for each core, as training has. */
function openSamplers(): readonly Worker[] {
  const workerData: GroupStart = { config, slots: (GROUPS * MEMBERS) / THREADS, capacity: config.context };
  const file = new URL('./grpo-sample.ts', import.meta.url);
  return Array.from({ length: THREADS }, () => new Worker(file, { workerData }));
}

/** Answers to each prompt, each thread its share of the prompts. */
async function sampleOn(
  workers: readonly Worker[],
  theta: Float32Array,
  prompts: readonly (readonly number[])[],
  seed: number,
): Promise<GroupAnswer> {
  const share = GROUPS / workers.length;
  const answers = workers.map(
    (worker, at) =>
      new Promise<GroupAnswer>((resolve, reject) => {
        const options = {
          count: MEMBERS,
          temperature: 1,
          maxTokens: LONGEST,
          stop: [end],
          seed: seed + at * share * MEMBERS,
        };
        worker.once('error', reject);
        worker.once('message', (answer: GroupAnswer) => {
          worker.off('error', reject);
          resolve(answer);
        });
        worker.postMessage({
          theta,
          prompts: prompts.slice(at * share, (at + 1) * share),
          options,
        } satisfies GroupTask);
      }),
  );
  return (await Promise.all(answers)).flat();
}

function readText({ tokens }: Answer): string {
  return tokenizer.decode(tokens.at(-1) === end ? tokens.slice(0, -1) : tokens);
}

function makeDatum(prompt: readonly number[] | Int32Array, one: Answer, advantage: number, total: number): Datum {
  const tokens = Int32Array.from([...prompt, ...one.tokens]);
  const own = (value: (at: number) => number) =>
    Float32Array.from(tokens, (_, at) => (at < prompt.length ? 0 : value(at - prompt.length)));
  return {
    tokens,
    weights: own(() => 1 / total),
    advantages: own(() => advantage),
    oldLogps: own((at) => one.logps[at]!),
  };
}

const { PYTHON: named = 'python3' } = process.env;
const PYTHON = named.includes('/') ? resolve(named) : named; // TRL runs in a folder of its own

function runTrl(folder: string, settings: string): (Result & { readonly versions: string }) | null {
  const { OPENBLAS_CORETYPE: _, ...env } = process.env;
  const script = new URL('grpo-vs-trl.py', import.meta.url).pathname;
  const options = { env: { ...env, HF_HUB_OFFLINE: '1' }, encoding: 'utf8', maxBuffer: 1 << 26, cwd: folder } as const;
  const { status, stdout, stderr } = spawnSync(PYTHON, [script, settings], options);
  const line = stdout?.split('\n').find((text) => text.startsWith('RESULT '));
  if (status !== 0 || !line) {
    console.error(`TRL did not run: ${stderr?.trim().split('\n').at(-1) ?? 'no such interpreter'}`);
    return null;
  }
  return JSON.parse(line.slice('RESULT '.length)) as Result & { readonly versions: string };
}

const folder = await mkdtemp(join(tmpdir(), 'tribune-trl-bench-'));
const model = join(folder, 'model');
const theta = await warmStart();
await saveCheckpoint(model, {
  config,
  theta,
  tokenizer,
  end: END,
  pad: specials[0]!,
  chatTemplate: null,
  training: null,
});
const ours: Result[] = [];
const theirs: (Result & { readonly versions: string })[] = [];
for (let seed = 1; seed <= SEEDS; seed++) {
  const rng = seedGenerator(100 + seed);
  const tasks = Array.from({ length: STEPS * GROUPS }, () => drawTask(rng));
  ours.push(await runOurs(theta, tasks, seed));
  const common = { model, seed, tools: NAMES, threads: THREADS, groups: GROUPS, members: MEMBERS, steps: STEPS };
  const settings = join(folder, `settings-${seed}.json`);
  const body = {
    ...common,
    longest: LONGEST,
    learningRate: LEARNING_RATE,
    prompts: tasks,
    output: join(folder, 'out'),
  };
  await writeFile(settings, JSON.stringify(body));
  const result = runTrl(folder, settings);
  if (result) theirs.push(result);
}
await rm(folder, { recursive: true });

const BINS = 8;
/** Mean reward of each stretch of steps, per seed. */
function binRewards({ rewards }: Result): number[] {
  const size = Math.ceil(STEPS / BINS);
  return Array.from({ length: Math.ceil(STEPS / size) }, (_, bin) => {
    const own = rewards.slice(bin * size, (bin + 1) * size);
    return own.reduce((a, b) => a + b, 0) / own.length;
  });
}

/** Mean, lowest and highest over the seeds, of each stretch. */
function curve(results: readonly Result[]): { mean: number; low: number; high: number }[] {
  const bins = results.map(binRewards);
  return (bins[0] ?? []).map((_, bin) => {
    const values = bins.map((one) => one[bin]!);
    return {
      mean: values.reduce((a, b) => a + b, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
    };
  });
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;
const [mine, other] = [curve(ours), curve(theirs)];
const ratios = theirs.map(({ seconds }, at) => ours[at]!.seconds / seconds);
const works = theirs.map(({ work }, at) => ours[at]!.work / work);
/** Our mean is within the spread of TRL's seeds, widened by the chance error of a stretch's mean over our seeds. */
const error = 2 * Math.sqrt((0.25 / (Math.ceil(STEPS / BINS) * GROUPS * MEMBERS)) * (2 / SEEDS));
const inside = other.map(({ low, high }, at) => mine[at]!.mean >= low - error && mine[at]!.mean <= high + error);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ ours: mine, trl: other, ratios, works, inside, versions: theirs[0]?.versions ?? null }));
} else {
  console.log(`prompts of ${PROMPT_TOKENS.toFixed(0)} tokens, answers of at most ${LONGEST}`);
  console.log(
    `${countParameters(config)} parameters, ${STEPS} steps of ${GROUPS} groups of ${MEMBERS}, ${SEEDS} seeds`,
  );
  console.log(
    `mean reward by stretch of steps [lowest-highest of the seeds]; ours, then ${theirs[0]?.versions ?? 'nothing: no TRL'}`,
  );
  const show = (point?: { mean: number; low: number; high: number }) =>
    point ? `${point.mean.toFixed(3)} [${point.low.toFixed(3)}-${point.high.toFixed(3)}]` : '';
  for (const [at, point] of mine.entries()) console.log(`  ${at + 1}: ${show(point)}   ${show(other[at])}`);
  console.log(
    `seconds: ours ${ours.map(({ seconds }) => seconds.toFixed(1))}; TRL ${theirs.map(({ seconds }) => seconds.toFixed(1))}`,
  );
  if (theirs.length > 0) {
    console.log(
      `ours / TRL: ${median(ratios).toFixed(3)} on the clock, ${median(works).toFixed(3)} of processor time, at most 0.2 wanted`,
    );
    console.log(
      `stretches in which our mean is within TRL's spread (± ${error.toFixed(3)}): ${inside.filter(Boolean).length} of ${inside.length}`,
    );
  }
}
