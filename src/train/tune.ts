// Aligns a model of others: GRPO in the worlds with its own tokenizer, chat template and call format, all weights or an adapter,
// evaluation before and after. A state machine over a run directory like align.ts: killed anywhere and resumed, it ends with the
// same bytes. Checkpoints are Hugging Face directories, or PEFT adapters. Not here: a warm start, for such a model can write.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { openPool, type Pool } from '../agent/rollout.ts';
import type { Episode } from '../episode/episode.ts';
import { checkInput, InputError } from '../episode/input.ts';
import { rng } from '../episode/random.ts';
import { AdapterLearner } from '../policy/local/adapt.ts';
import { packTraining, readTraining, verifySums, voiceOf } from '../policy/local/adopt.ts';
import { openExecutor } from '../policy/local/executor.ts';
import { decisionIds, MANNER_FILE, makeTongue } from '../policy/local/foreign.ts';
import { LocalLearner } from '../policy/local/learner.ts';
import { loadModel, type Model, saveModel } from '../policy/local/load.ts';
import { initialiseAdapter, listAdapter, loadAdapter, saveAdapter } from '../policy/local/lora.ts';
import { listParameters } from '../policy/local/model.ts';
import { readSpeech } from '../policy/local/speech.ts';
import type { Vocabulary } from '../policy/local/vocabulary.ts';
import { loadWorlds } from '../world/world.ts';
import { watchDecisions } from './alarm.ts';
import type { AlignOptions } from './align.ts';
import { type Evaluation, evaluateRun } from './evaluation.ts';
import { limitNorm } from './fault.ts';
import { sampleGroups } from './groups.ts';
import { type StepMetrics, updatePolicy } from './grpo.ts';
import {
  appendMetrics,
  cutMetrics,
  hashConfig,
  type RunDirectory,
  readMetrics,
  sweepDrafts,
  writeEpisodes,
} from './rundir.ts';
import { type Spelling, writeTokens } from './tokens.ts';
import { asTraining, readTune, type TuneConfig } from './tuneconfig.ts';

/** Where a run in progress is, and which run it is. */
const notesSchema = z.strictObject({ done: z.int(), metrics: z.int(), run: z.string() });
type Notes = z.infer<typeof notesSchema>;

/** Steps between episode files. */
const EPISODES_EVERY = 10;

/** What a finished run says: the evaluation, and how many parameters were trained. */
export type Tuned = { readonly evaluation: Evaluation; readonly parameters: number };

/** The SHA-256 of a model's weights. */
export function digestWeights(theta: Float32Array): string {
  const hash = createHash('sha256');
  const bytes = new Uint8Array(theta.buffer, theta.byteOffset, theta.byteLength);
  for (let at = 0; at < bytes.length; at += 2 ** 30) hash.update(bytes.subarray(at, at + 2 ** 30));
  return hash.digest('hex');
}

/** Runs, or goes on with, such a run. Throws InputError on a damaged run or another base model, TrainingFault as align. */
export async function tuneRun(run: RunDirectory, options: AlignOptions): Promise<Tuned> {
  const config = await readTune(run);
  await sweepDrafts(run);
  await loadWorlds();
  const state = await openState(run, config);
  const { workers, slots, capacity, threads } = config.sample;
  const { executor = config.sample.executor } = options;
  const pool = openPool({
    config: state.base.config,
    tokenizer: { ...voiceOf(state.base.files, config.model.directory), manner: config.manner },
    workers,
    slots,
    capacity,
    threads,
    executor,
    ...(options.place ? { place: options.place } : {}),
  });
  try {
    await improve(state, pool, options);
    const base = state.base.theta ?? (await loadBase(config)).theta;
    const weights = { base, aligned: state.learner.theta };
    const evaluation = await evaluateRun(run, asTraining(config), pool, weights, options.onProgress);
    return { evaluation, parameters: state.learner.state().theta.length };
  } finally {
    await pool.close();
    await state.learner.close();
  }
}

type State = {
  readonly run: RunDirectory;
  readonly config: TuneConfig;
  /** The model as it was; without its weights where nothing needs them until the end. */
  readonly base: Omit<Model, 'theta'> & { readonly theta: Model['theta'] | null };
  readonly learner: LocalLearner | AdapterLearner;
  notes: Notes;
};

async function loadBase({ model: { directory, digest } }: TuneConfig): Promise<Model> {
  const model = await loadModel(directory);
  const found = digestWeights(model.theta);
  if (found !== digest)
    throw new InputError(
      directory,
      `its weights have SHA-256 ${found.slice(0, 12)}…, expected the model the run began with (${digest.slice(0, 12)}…)`,
    );
  return model;
}

/** The state a run is in: as its last checkpoint says, or a fresh one. */
async function openState(run: RunDirectory, config: TuneConfig): Promise<State> {
  const latest = run.at('checkpoints', 'latest');
  const isFresh = !existsSync(latest) && !existsSync(`${latest}.old`);
  const base = await loadBase(config);
  const fresh: Notes = { done: 0, metrics: 0, run: await hashConfig(run) };
  if (isFresh) {
    await cutMetrics(run, 0);
    return { run, config, notes: fresh, ...openLearner(config, base) };
  }
  await verifySums(latest);
  const { lora } = config.model;
  const layout = lora ? listAdapter(base.config, lora) : listParameters(base.config);
  const { notes: noted, ...moments } = await readTraining(latest, layout);
  const notes = checkInput(notesSchema, noted, latest);
  if (notes.run !== fresh.run)
    throw new InputError(latest, 'is of another run, expected a checkpoint made with this config.json');
  const theta = lora ? (await loadAdapter(latest, base.config)).delta : (await loadModel(latest)).theta;
  const opened = openLearner(config, base);
  opened.learner.restore({ theta, ...moments });
  await cutMetrics(run, notes.metrics);
  return { run, config, notes, ...opened };
}

function openLearner(config: TuneConfig, base: Model): Pick<State, 'base' | 'learner'> {
  const { threads, executor: kind, batch } = config.sample;
  const executor = openExecutor(kind, { threads });
  const options = { microBatchTokens: batch };
  const { lora } = config.model;
  if (lora) {
    const r = rng('adapter', config.seed);
    const adapter = initialiseAdapter(base.config, lora, () => r.next());
    return { base, learner: new AdapterLearner(base.config, base.theta, adapter, executor, options) };
  }
  const learner = new LocalLearner(base.config, base.theta, executor, options);
  // The weights it began with are only compared with where KL is on; otherwise they are read again for the evaluation.
  return { base: config.grpo.kl > 0 ? base : { ...base, theta: null }, learner };
}

async function improve(state: State, pool: Pool, options: AlignOptions): Promise<void> {
  const { run, config, learner, base } = state;
  const training = asTraining(config);
  const speech = readSpeech(base.files, config.model.directory);
  const tongue = makeTongue(speech, config.manner);
  const tokenizer = spellingOf(speech.vocabulary);
  const aids = { decisions: decisionIds(tongue), cues: new Set<number>(), lessons: [] };
  const earlier = (await readMetrics(run)) as StepMetrics[];
  const watch = watchDecisions(earlier);
  const lived = earlier.map((metrics) => metrics.lived);
  const norms = earlier.map((metrics) => metrics.gradientNorm);
  const reference = base.theta ?? new Float32Array();
  while (state.notes.done < config.grpo.steps) {
    const step = state.notes.done;
    const groups = await sampleGroups(pool, learner.theta, training, step, lived);
    const limit = limitNorm(norms);
    const metrics = await updatePolicy(learner, reference, groups, training, step, { ...aids, limit });
    norms.push(metrics.gradientNorm);
    lived.push(metrics.lived);
    if (step % EPISODES_EVERY === 0) {
      const name = `step-${String(step).padStart(4, '0')}`;
      const episodes = groups.flatMap(({ members }) => members.map((member): Episode => member.episode));
      await writeEpisodes(run, name, episodes);
      await writeTokens(run, name, groups, { tokenizer, decisions: aids.decisions }, config.grpo);
    }
    await appendMetrics(run, { phase: 'grpo', ...metrics });
    state.notes = { ...state.notes, done: step + 1, metrics: state.notes.metrics + 1 };
    options.onProgress({ phase: 'grpo', done: step + 1, total: config.grpo.steps, metrics });
    for (const text of watch(metrics)) options.onProgress({ phase: 'alarm', text });
    if (options.signal.aborted || state.notes.done % config.checkpoint === 0) await save(state, 'latest');
    options.signal.throwIfAborted();
  }
  await save(state, 'final');
}

/** How a model's tokens are written down, its control tokens by their names. */
function spellingOf({ size, bytesOf, decode }: Vocabulary): Spelling['tokenizer'] {
  return { size, bytesOf, decode: (ids) => decode([...ids], { special: true }) };
}

/** Writes a checkpoint; the latest one with what training needs to go on. */
async function save({ run, config, base, learner, notes }: State, name: 'latest' | 'final'): Promise<void> {
  const manner = new TextEncoder().encode(`${JSON.stringify(config.manner, null, 2)}\n`);
  const isAdapter = learner instanceof AdapterLearner;
  const layout = isAdapter ? listAdapter(base.config, learner.adapter.config) : listParameters(base.config);
  const files = new Map<string, readonly Uint8Array[]>([
    [MANNER_FILE, [manner]],
    ...(name === 'latest' ? packTraining(layout, learner.state(), notes) : []),
  ]);
  const path = run.at('checkpoints', name);
  if (isAdapter) return saveAdapter(path, base.config, learner.adapter, config.model.directory, files);
  return saveModel(path, { ...base, theta: learner.theta }, files);
}
