// Where the time of a whole GRPO iteration goes: 64 groups of 8 episodes with tool calls are sampled in real worlds, judged,
// and learned from, with the default model, optimiser and threads of `align`. Every thread's stack is sampled by the runtime's
// own profiler, so nothing in the code under measurement knows of it. Prints thread time by kind, as shares of what the cores
// had to give, and the padding of the batch learned from. Heavy kernels are the runs of the model's graphs; all else is overhead.
// Run: node --conditions=tribune-source bench/grpo.ts [--iterations 5] [--model small|large] [--functions] [--json]
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPool } from '../src/agent/rollout.ts';
import { rng } from '../src/episode/random.ts';
import { countPositions } from '../src/policy/local/batch.ts';
import { decisionMask, judgementCues, makeGrammar } from '../src/policy/local/grammar.ts';
import { initialise, type ModelConfig } from '../src/policy/local/model.ts';
import { ParallelLearner } from '../src/policy/local/parallel.ts';
import { SPECIALS } from '../src/policy/local/thought.ts';
import { trainTokenizer } from '../src/policy/local/tokenizer.ts';
import { makeDemonstrations, makeLessons } from '../src/train/align.ts';
import { DEFAULT_CONFIG, type TrainConfig } from '../src/train/config.ts';
import { listTexts } from '../src/train/demonstrate.ts';
import { sampleGroups } from '../src/train/groups.ts';
import { buildBatch, updatePolicy } from '../src/train/grpo.ts';
import { warmStep } from '../src/train/warmstart.ts';
import { loadWorlds } from '../src/world/world.ts';

const argument = (name: string) => process.argv[process.argv.indexOf(name) + 1];
const ITERATIONS = process.argv.includes('--iterations') ? Number(argument('--iterations')) : 5;
/** Enough that episodes call tools and end; the share of overhead hardly depends on what is said in them. */
const WARM_STEPS = 150;
/** The default model of 0.8 million parameters, or one of 5 million, whose graphs weigh more. */
const LARGE = process.argv.includes('--model') && argument('--model') === 'large';
const SIZES = LARGE ? { width: 256, layers: 6, heads: 8, kvHeads: 8, headDim: 32, hidden: 768 } : {};
/** Iterations left out, in which graphs and code are compiled. */
const SETTLING = 2;
const CONFIG: TrainConfig = {
  ...DEFAULT_CONFIG,
  model: { ...DEFAULT_CONFIG.model, ...SIZES },
  warm: { ...DEFAULT_CONFIG.warm, demonstrations: 1600, steps: WARM_STEPS },
  grpo: { ...DEFAULT_CONFIG.grpo, groups: 64, members: 8 },
};

/** A stretch of time of an iteration, in microseconds of the clock that profiles are stamped with. */
type Span = { readonly phase: 'sampling' | 'update'; readonly from: number; readonly to: number };
type Padding = { readonly used: number; readonly padded: number };
type Inner = {
  readonly spans: readonly Span[];
  readonly padding: Padding;
  readonly episodes: number;
  readonly turns: number;
  readonly calls: number;
  readonly tokens: number;
};

const clock = (): number => Number(process.hrtime.bigint() / 1000n);

/** Positions of a batch that hold a token needed, and all that are computed. */
function countPadding(
  model: ModelConfig,
  groups: Awaited<ReturnType<typeof sampleGroups>>,
  mask: Uint32Array,
): Padding {
  const members = groups.map((group) => group.members);
  const batch = buildBatch(members, mask, CONFIG.grpo.emphasis, CONFIG.grpo.level);
  let [used, padded] = [0, 0];
  // Dealt out to the threads by length, as the learner does.
  const order = batch.data.toSorted((a, b) => b.tokens.length - a.tokens.length);
  for (let thread = 0; thread < CONFIG.sample.workers; thread++) {
    const data = order.filter((_, at) => at % CONFIG.sample.workers === thread);
    const counted = countPositions(model, { ...batch, data }, { tokens: 2048, masked: true });
    used += counted.used;
    padded += counted.computed;
  }
  return { used, padded };
}

/** The iterations, in a process whose threads are profiled. */
async function runInner(): Promise<Inner> {
  await loadWorlds();
  const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
  const demonstrations = await makeDemonstrations(CONFIG, quiet);
  const specials = new Map(SPECIALS.map((name, id) => [name, id]));
  const texts = demonstrations.flatMap((demonstration) => listTexts(demonstration, specials));
  const tokenizer = trainTokenizer(texts, { vocabSize: CONFIG.model.vocab, specials: SPECIALS, attachBlank: true });
  const { rope, ...sizes } = CONFIG.model;
  const model: ModelConfig = { ...sizes, vocab: tokenizer.size, theta: rope, eps: 1e-6 };
  const r = rng('bench');
  const theta = initialise(model, () => r.next());
  const learner = new ParallelLearner(model, theta, CONFIG.sample.workers);
  const pool = openPool({ config: model, tokenizer: tokenizer.toJSON(), ...CONFIG.sample });
  const lessons = makeLessons(tokenizer, demonstrations);
  const aids = { decisions: decisionMask(makeGrammar(tokenizer).tokenizer), cues: judgementCues(tokenizer), lessons };
  const judgements = { mask: aids.decisions, after: aids.cues };
  for (let step = 0; step < WARM_STEPS; step++) await warmStep(learner, lessons, CONFIG, step, judgements);
  const spans: Span[] = [];
  let last: Awaited<ReturnType<typeof sampleGroups>> = [];
  for (let step = 0; step < SETTLING + ITERATIONS; step++) {
    const from = clock();
    last = await sampleGroups(pool, learner.theta, CONFIG, step);
    const between = clock();
    await updatePolicy(learner, theta, last, CONFIG, step, aids);
    if (step >= SETTLING)
      spans.push({ phase: 'sampling', from, to: between }, { phase: 'update', from: between, to: clock() });
  }
  const padding = countPadding(model, last, Uint32Array.from(aids.decisions));
  const played = last.flatMap(({ members }) => members);
  const steps = played.flatMap(({ episode }) => episode.steps);
  const calls = steps.filter(({ action }) => action.kind === 'call').length;
  const tokens = played.reduce((sum, { transcript }) => sum + transcript.tokens.length, 0);
  await pool.close();
  await learner.close();
  return { spans, padding, episodes: played.length, turns: steps.length, calls, tokens };
}

/** The kinds of work, in the order they are looked for from the innermost call outwards. */
const KINDS: readonly (readonly [kind: string, where: RegExp])[] = [
  ['transfer to and from the kernels', /policy\/local\/(cache|decoder|batch|executor)\.[tj]s/],
  ['grammar masks', /policy\/local\/(grammar|words)\.[tj]s/],
  ['choosing tokens', /policy\/local\/choose\.[tj]s/],
  ['tokenising and rendering', /policy\/local\/(tokenizer|merges|render)\.[tj]s|policy\/protocol\.[tj]s/],
  ['worlds', /\/src\/(world|guard|safety)\/|node:sqlite/],
  ['judging and building the batch', /\/src\/(reward|train)\//],
  ['optimiser and sums', /policy\/local\/(learner|parallel|share|muon|loss)\.[tj]s/],
  ['messages between threads', /node:internal\/(worker|structured|per_context\/messageport)/],
  ['scheduling', /./],
];
const KERNEL = 'model graphs';
const OTHER = 'runtime (code loading, native)';

type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
};

/** Each node of a profile's call tree to its kind of work; null: idle. */
function sortNodes({ nodes }: Profile): Map<number, string | null> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const known = new Map(nodes.map((node) => [node.id, node]));
  const sort = (id: number): string | null => {
    const { functionName } = known.get(id)!.callFrame;
    if (functionName === '(idle)' || functionName === '(root)') return null;
    if (functionName === '(garbage collector)') return 'garbage collection';
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const { url } = known.get(at)!.callFrame;
      if (/onnxruntime/.test(url)) return KERNEL;
      const kind = url.includes('/src/') ? KINDS.find(([, where]) => where.test(url)) : undefined;
      if (kind) return kind[0];
      if (/node:internal\/worker|structuredClone/.test(url)) return 'messages between threads';
    }
    return functionName === '(program)' ? null : OTHER;
  };
  return new Map(nodes.map(({ id }) => [id, sort(id)]));
}

/** Adds a thread's microseconds by kind within the spans. */
function addProfile(
  profile: Profile,
  spans: readonly Span[],
  sums: Map<string, number>,
  places: Map<string, number>,
): void {
  const kinds = sortNodes(profile);
  const known = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  let now = profile.startTime;
  for (const [at, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[at + 1] ?? 0;
    now += profile.timeDeltas[at] ?? 0;
    const span = spans.find(({ from, to }) => now >= from && now < to);
    const kind = kinds.get(id);
    if (!span || !kind) continue;
    const key = kind === KERNEL ? `${KERNEL}, ${span.phase}` : kind;
    sums.set(key, (sums.get(key) ?? 0) + delta);
    const { functionName, url } = known.get(id)!;
    const place = `${key}: ${functionName} ${url.split('/').slice(-3).join('/')}`;
    places.set(place, (places.get(place) ?? 0) + delta);
  }
}

async function runOuter(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tribune-grpo-bench-'));
  const profiling = ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '1000'];
  const own = ['--inner', '--iterations', String(ITERATIONS), '--model', LARGE ? 'large' : 'small'];
  const args = [...process.execArgv, ...profiling, new URL(import.meta.url).pathname, ...own];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  const inner = JSON.parse(text) as Inner;
  const [sums, places] = [new Map<string, number>(), new Map<string, number>()];
  for (const file of await readdir(folder)) {
    addProfile(JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile, inner.spans, sums, places);
  }
  await rm(folder, { recursive: true });
  report(inner, sums, places);
}

function report(inner: Inner, sums: Map<string, number>, places: ReadonlyMap<string, number>): void {
  const { spans, padding, episodes, turns, calls, tokens } = inner;
  const wall = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const capacity = wall * CONFIG.sample.workers;
  const busy = [...sums.values()].reduce((a, b) => a + b, 0);
  sums.set('idle', Math.max(0, capacity - busy));
  const heavy = [...sums].reduce((sum, [kind, time]) => sum + (kind.startsWith(KERNEL) ? time : 0), 0);
  const outside = 1 - heavy / capacity;
  const waste = 1 - padding.used / padding.padded;
  const shares = Object.fromEntries([...sums].map(([kind, time]) => [kind, time / capacity]));
  const seconds = wall / 1e6 / ITERATIONS;
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ seconds, episodes, turns, calls, tokens, shares, outside, padding: waste }));
    return;
  }
  console.log(
    `${episodes} episodes, ${turns} turns, ${calls} tool calls, ${tokens} tokens: ${seconds.toFixed(2)} s an iteration`,
  );
  for (const [kind, time] of [...sums].sort((a, b) => b[1] - a[1])) {
    console.log(`${((100 * time) / capacity).toFixed(1).padStart(6)} %  ${kind}`);
  }
  console.log(
    `outside the model's graphs: ${(100 * outside).toFixed(1)} % of what ${CONFIG.sample.workers} cores had to give, at most 15 wanted`,
  );
  if (process.argv.includes('--functions')) {
    const top = [...places].sort((a, b) => b[1] - a[1]).slice(0, 60);
    for (const [place, time] of top) console.log(`${((100 * time) / capacity).toFixed(2).padStart(7)} %  ${place}`);
  }
  console.log(`padding in the batch learned from: ${(100 * waste).toFixed(1)} %, at most 10 wanted`);
}

if (process.argv.includes('--inner')) {
  console.log(JSON.stringify(await runInner()));
  process.exitCode = 0;
} else await runOuter();
