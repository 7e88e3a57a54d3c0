// The main job: warm start, GRPO, evaluation before and after, report. One state machine over a run directory: a checkpoint
// says where it was, and everything else follows from the configuration, so that a run killed anywhere and resumed ends with
// the same bytes as one left alone.
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { openPool, type Pool } from '../agent/rollout.ts';
import type { Episode } from '../episode/episode.ts';
import { checkInput, InputError } from '../episode/input.ts';
import { rng } from '../episode/random.ts';
import { identifyCheckpoint, loadCheckpoint, saveCheckpoint } from '../policy/local/checkpoint.ts';
import type { ExecutorKind } from '../policy/local/executor.ts';
import { decisionMask, judgementCues, makeGrammar } from '../policy/local/grammar.ts';
import { plantInductionHeads } from '../policy/local/induction.ts';
import { initialise, type ModelConfig } from '../policy/local/model.ts';
import { type Learner, ParallelLearner } from '../policy/local/parallel.ts';
import { TOOL_MARK } from '../policy/local/pointing.ts';
import { CALL_OPEN } from '../policy/local/render.ts';
import { SPECIALS } from '../policy/local/thought.ts';
import { type Tokenizer, trainTokenizer } from '../policy/local/tokenizer.ts';
import { END, TAGS } from '../policy/protocol.ts';
import { generatorOf } from '../world/generate/suites.ts';
import type { Place } from '../world/ground.ts';
import { loadWorlds } from '../world/world.ts';
import { watchDecisions } from './alarm.ts';
import type { TrainConfig } from './config.ts';
import { type Demonstration, demonstrate, listTexts, makeLesson } from './demonstrate.ts';
import { type Evaluation, evaluateRun } from './evaluation.ts';
import { limitNorm, TrainingFault } from './fault.ts';
import { sampleGroups } from './groups.ts';
import { type StepMetrics, updatePolicy } from './grpo.ts';
import {
  appendMetrics,
  cutMetrics,
  hashConfig,
  type RunDirectory,
  readConfig,
  readMetrics,
  sweepDrafts,
  writeEpisodes,
} from './rundir.ts';
import { writeTokens } from './tokens.ts';
import { type Lesson, warmStep } from './warmstart.ts';

/** What a watcher is told while the run goes on. */
export type Progress =
  | { readonly phase: 'demonstrations'; readonly done: number; readonly total: number }
  | { readonly phase: 'warm'; readonly done: number; readonly total: number; readonly loss: number }
  | { readonly phase: 'grpo'; readonly done: number; readonly total: number; readonly metrics: StepMetrics }
  | { readonly phase: 'evaluate'; readonly done: number; readonly total: number; readonly name: string }
  | { readonly phase: 'alarm'; readonly text: string };

export type AlignOptions = {
  /** Aborted: the run saves a checkpoint after the current step and throws the signal's reason. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** What runs the model where the configuration's executor cannot; the bytes are then those of the other executor. */
  readonly executor?: ExecutorKind;
  /** Where worlds live while a policy is sampled. Default: in the sampling threads. */
  readonly place?: Place;
  /** What stands between training and its learner; default nothing. A test puts a faulty learner there. */
  readonly wrapLearner?: (learner: Learner) => Learner;
};

/**
 * What a checkpoint of a run in progress says of itself: where the run was, which run it is (the hash of its configuration), and
 * which checkpoint its alignment began with.
 */
const notesSchema = z.strictObject({
  phase: z.enum(['warm', 'grpo']),
  done: z.int(),
  metrics: z.int(),
  run: z.string(),
  base: z.string().nullable(),
});
type Notes = z.infer<typeof notesSchema>;

/** Warm-start demonstrations whose texts the tokenizer is trained on. */
const TOKENIZER_DEMONSTRATIONS = 3000;
/** Steps between episode files. */
const EPISODES_EVERY = 10;

/** Runs, or goes on with, a whole alignment. Throws InputError on a damaged run. */
export async function alignRun(run: RunDirectory, options: AlignOptions): Promise<Evaluation> {
  return withRun(run, options, async ({ state, pool, base }) =>
    evaluateRun(run, state.config, pool, { base, aligned: state.learner.theta }, options.onProgress),
  );
}

/** Runs, or goes on with, warm start and alignment, and leaves out the evaluation. Throws InputError on a damaged run. */
export async function trainRun(run: RunDirectory, options: AlignOptions): Promise<void> {
  await withRun(run, options, async () => undefined);
}

type Trained = { readonly state: State; readonly pool: Pool; readonly base: Float32Array };

async function withRun<T>(
  run: RunDirectory,
  options: AlignOptions,
  finish: (trained: Trained) => Promise<T>,
): Promise<T> {
  const config = await readConfig(run);
  await sweepDrafts(run);
  await loadWorlds();
  const state = await openState(run, config, options);
  const { executor = config.sample.executor } = options;
  const pool = openPool({
    config: state.learner.config,
    tokenizer: state.tokenizer.toJSON(),
    ...config.sample,
    executor,
    ...(options.place ? { place: options.place } : {}),
  });
  try {
    if (state.notes.phase === 'warm') await warmPhase(state, options);
    const base = await loadBase(state);
    await grpoPhase(state, base, pool, options);
    return await finish({ state, pool, base });
  } catch (error) {
    throw error instanceof TrainingFault ? await tellGood(run, error) : error;
  } finally {
    await pool.close();
    await state.close();
  }
}

/** The fault, with where to go on from. */
async function tellGood(run: RunDirectory, fault: TrainingFault): Promise<TrainingFault> {
  const latest = run.at('checkpoints', 'latest');
  const { training } = existsSync(latest) ? await loadCheckpoint(latest) : { training: null };
  const { phase, done } = training ? checkInput(notesSchema, training.notes, latest) : { phase: '', done: 0 };
  const good = training ? `${latest} is whole (${done} ${PHASES[phase]} steps)` : 'there is no checkpoint yet';
  return new TrainingFault(`${fault.message}; training stopped, nothing of this step was kept, ${good}`);
}

const PHASES: { readonly [phase: string]: string } = { warm: 'warm-start', grpo: 'alignment' };

/** The policy that alignment began with. Throws InputError if it is not the one that the run's checkpoint names. */
async function loadBase({ run, notes }: State): Promise<Float32Array<ArrayBuffer>> {
  const path = run.at('checkpoints', 'base');
  if ((await identifyCheckpoint(path)) !== notes.base)
    throw new InputError(path, 'is of another run, expected the checkpoint that alignment began with');
  return (await loadCheckpoint(path)).theta;
}

/** Makes a fresh run begin where another one's warm start ended, so that several rewards can be compared from one base. */
export async function branchRun(source: RunDirectory, target: RunDirectory): Promise<void> {
  const base = await loadCheckpoint(source.at('checkpoints', 'base'));
  await saveCheckpoint(target.at('checkpoints', 'base'), base);
  const zeros = () => new Float32Array(base.theta.length);
  const [id, origin] = await Promise.all([hashConfig(target), identifyCheckpoint(target.at('checkpoints', 'base'))]);
  const notes: Notes = { phase: 'grpo', done: 0, metrics: 0, run: id, base: origin };
  await saveCheckpoint(target.at('checkpoints', 'latest'), {
    ...base,
    training: { m: zeros(), v: zeros(), step: 0, notes },
  });
}

type State = {
  readonly run: RunDirectory;
  readonly config: TrainConfig;
  readonly tokenizer: Tokenizer;
  /** Demonstrations, made only when the warm start needs them. */
  readonly data: () => Promise<Lesson[]>;
  readonly learner: Learner;
  readonly close: () => Promise<void>;
  notes: Notes;
};

/** The state a run is in: as its last checkpoint says, or a fresh one. */
async function openState(run: RunDirectory, config: TrainConfig, options: AlignOptions): Promise<State> {
  const latest = run.at('checkpoints', 'latest');
  const { executor = config.sample.executor, wrapLearner = (learner: Learner) => learner } = options;
  const open = (model: ModelConfig, theta: Float32Array) => {
    const learner = new ParallelLearner(model, theta, config.sample.workers, executor);
    return { learner: wrapLearner(learner), close: () => learner.close() };
  };
  if (existsSync(latest) || existsSync(`${latest}.old`)) {
    const { tokenizer, theta, config: model, training } = await loadCheckpoint(latest);
    if (!training) throw new InputError(latest, 'has no optimizer state, expected a checkpoint of an unfinished run');
    const notes = checkInput(notesSchema, training.notes, latest);
    if (notes.run !== (await hashConfig(run)))
      throw new InputError(latest, 'is of another run, expected a checkpoint made with this config.json');
    const opened = open(model, theta);
    opened.learner.restore({ theta, m: training.m, v: training.v, step: training.step });
    await cutMetrics(run, notes.metrics);
    const data = once(async () => makeLessons(tokenizer, await makeDemonstrations(config, options)));
    return { run, config, tokenizer, notes, data, ...opened };
  }
  await cutMetrics(run, 0);
  let demonstrations = await makeDemonstrations(config, options);
  const { rope, inductionHeads, pointing = false, ...sizes } = config.model;
  const specials = pointing ? [...SPECIALS, TOOL_MARK] : SPECIALS;
  const ids = new Map(specials.map((name, id) => [name, id]));
  const texts = demonstrations.slice(0, TOKENIZER_DEMONSTRATIONS).flatMap((d) => listTexts(d, ids));
  const tokenizer = trainTokenizer(texts, { vocabSize: sizes.vocab, specials, attachBlank: true });
  const model: ModelConfig = { ...sizes, vocab: tokenizer.size, theta: rope, eps: 1e-6 };
  const r = rng('initialise', config.seed);
  const theta = initialise(model, () => r.next());
  if (inductionHeads) plantInductionHeads(model, theta);
  const data = once(async () => {
    const lessons = makeLessons(tokenizer, demonstrations);
    demonstrations = []; // gigabytes, needed no more
    return lessons;
  });
  const notes: Notes = { phase: 'warm', done: 0, metrics: 0, run: await hashConfig(run), base: null };
  return { run, config, tokenizer, notes, data, ...open(model, theta) };
}

/** A promise made when first asked for, and kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

export function makeLessons(tokenizer: Tokenizer, demonstrations: readonly Demonstration[]): Lesson[] {
  const grammar = makeGrammar(tokenizer);
  return demonstrations.map((demonstration) => makeLesson(grammar, demonstration));
}

/** Seeds of the scenarios a run learns from; evaluation uses others. */
export const scenarioSeed = (seed: number, use: 'warm' | 'grpo'): number => seed * 1000 + (use === 'warm' ? 0 : 500);

/** Share of scenarios without added text that are demonstrated: telling the right value from another is the hard part. */
const PLAIN_KEPT = 0.6;

export async function makeDemonstrations(
  config: TrainConfig,
  { signal, onProgress }: AlignOptions,
): Promise<Demonstration[]> {
  const made: Demonstration[] = [];
  const total = config.warm.demonstrations;
  const generate = generatorOf(config.suite);
  for (let index = 0; made.length < total; index++) {
    signal.throwIfAborted();
    const scenario = generate(scenarioSeed(config.seed, 'warm'), 'train', index);
    if (scenario.injections.length === 0 && rng('keep', config.seed, index).next() >= PLAIN_KEPT) continue;
    made.push(await demonstrate(scenario, rng('demonstrate', config.seed, made.length), config.warm.shares));
    if (made.length % 100 === 0) onProgress({ phase: 'demonstrations', done: made.length, total });
  }
  return made;
}

async function warmPhase(state: State, options: AlignOptions): Promise<void> {
  const { run, config } = state;
  const data = state.notes.done < config.warm.steps ? await state.data() : [];
  const judgements = { mask: decisionMask(state.tokenizer), after: judgementCues(state.tokenizer) };
  const { choice } = config.warm;
  const chosen = choice === undefined ? undefined : { after: state.tokenizer.encode(CALL_OPEN), weight: choice };
  const norms = (await readMetrics(run)).flatMap((line) =>
    isLineOf<WarmLine>(line, 'warm') ? [line.gradientNorm] : [],
  );
  while (state.notes.done < config.warm.steps) {
    const step = state.notes.done;
    const limit = limitNorm(norms);
    const { loss, gradientNorm } = await warmStep(state.learner, data, config, step, judgements, limit, chosen);
    norms.push(gradientNorm);
    await record(state, { phase: 'warm', step, loss, gradientNorm });
    options.onProgress({ phase: 'warm', done: step + 1, total: config.warm.steps, loss });
    await checkpointOrStop(state, options, config.checkpoint * 5);
  }
  await saveCheckpoint(run.at('checkpoints', 'base'), checkpointOf(state, null));
  // Reinforcement starts with a fresh optimizer: the moments of the warm start speak of another loss.
  const { theta } = state.learner;
  const zeros = () => new Float32Array(theta.length);
  state.learner.restore({ theta: theta.slice(), m: zeros(), v: zeros(), step: 0 });
  const base = await identifyCheckpoint(run.at('checkpoints', 'base'));
  state.notes = { ...state.notes, phase: 'grpo', done: 0, base };
  await saveLatest(state);
}

async function grpoPhase(
  state: State,
  base: Float32Array<ArrayBuffer>,
  pool: Pool,
  options: AlignOptions,
): Promise<void> {
  const { run, config } = state;
  const earlier = (await readMetrics(run)).flatMap((line) => (isLineOf<StepMetrics>(line, 'grpo') ? [line] : []));
  const watch = watchDecisions(earlier);
  const lived = earlier.map((metrics) => metrics.lived);
  const norms = earlier.map((metrics) => metrics.gradientNorm);
  const lessons = config.grpo.replay > 0 && state.notes.done < config.grpo.steps ? await state.data() : [];
  const aids = { decisions: decisionMask(state.tokenizer), cues: judgementCues(state.tokenizer), lessons };
  while (state.notes.done < config.grpo.steps) {
    const step = state.notes.done;
    const groups = await sampleGroups(pool, state.learner.theta, config, step, lived);
    const limit = limitNorm(norms);
    const metrics = await updatePolicy(state.learner, base, groups, config, step, { ...aids, limit });
    norms.push(metrics.gradientNorm);
    if (step % EPISODES_EVERY === 0) {
      const name = `step-${String(step).padStart(4, '0')}`;
      await writeEpisodes(
        run,
        name,
        groups.flatMap(({ members }) => members.map((m): Episode => m.episode)),
      );
      await writeTokens(run, name, groups, { tokenizer: state.tokenizer, decisions: aids.decisions }, config.grpo);
    }
    lived.push(metrics.lived);
    await record(state, { phase: 'grpo', ...metrics });
    options.onProgress({ phase: 'grpo', done: step + 1, total: config.grpo.steps, metrics });
    for (const text of watch(metrics)) options.onProgress({ phase: 'alarm', text });
    await checkpointOrStop(state, options, config.checkpoint);
  }
  await saveCheckpoint(run.at('checkpoints', 'final'), checkpointOf(state, null));
}

type WarmLine = { readonly gradientNorm: number };
const isLineOf = <T>(line: unknown, phase: Notes['phase']): line is T =>
  typeof line === 'object' && line !== null && 'phase' in line && line.phase === phase;

async function record(state: State, line: object): Promise<void> {
  await appendMetrics(state.run, line);
  state.notes = { ...state.notes, done: state.notes.done + 1, metrics: state.notes.metrics + 1 };
}

async function checkpointOrStop(state: State, { signal }: AlignOptions, every: number): Promise<void> {
  if (signal.aborted || state.notes.done % every === 0) await saveLatest(state);
  signal.throwIfAborted();
}

const saveLatest = (state: State): Promise<void> => {
  const { m, v, step } = state.learner.state();
  return saveCheckpoint(state.run.at('checkpoints', 'latest'), checkpointOf(state, { m, v, step, notes: state.notes }));
};

function checkpointOf(state: State, training: Parameters<typeof saveCheckpoint>[1]['training']) {
  const { learner, tokenizer } = state;
  return {
    config: learner.config,
    theta: learner.theta,
    tokenizer,
    end: END,
    pad: TAGS[0],
    chatTemplate: null,
    training,
  };
}
