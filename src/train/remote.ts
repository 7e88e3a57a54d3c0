// Aligns a model on a Tinker server: worlds, rewards and loop are here, weights, gradients and sampling are there. A state machine
// over a run directory as tune.ts: what is done stands in checkpoints/remote.json beside the path of the server's checkpoint, so
// whichever side is killed, the run goes on from there, by itself if the server comes back, or with --resume.
// Not here: the key, worlds on other machines. Not the same as a local run: bytes (a server may sum in another order), and a step
// that turns out to be bad has been taken when that is known; the run then stops, and its checkpoint is from before.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Pool } from '../agent/rollout.ts';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { writeAtomic } from '../evaluate/file.ts';
import { readModelFiles } from '../policy/local/load.ts';
import type { ModelConfig } from '../policy/local/model.ts';
import type { Learner } from '../policy/local/parallel.ts';
import { readSpeech, type Speech } from '../policy/local/speech.ts';
import { isMendable, TinkerError } from '../policy/tinker/fault.ts';
import { remoteLearner } from '../policy/tinker/learner.ts';
import type { SamplingClient } from '../policy/tinker/sampling.ts';
import { openTinker, type TinkerClient, type TinkerOptions } from '../policy/tinker/session.ts';
import type { TrainingClient } from '../policy/tinker/training.ts';
import { addUsage, NO_USAGE, priceUsage, type Usage } from '../policy/tinker/usage.ts';
import { HERE, openGround, type Place } from '../world/ground.ts';
import { openServices } from '../world/services/load.ts';
import { loadWorlds } from '../world/world.ts';
import { watchDecisions } from './alarm.ts';
import type { AlignOptions } from './align.ts';
import { type Evaluation, evaluateRun } from './evaluation.ts';
import { limitNorm, TrainingFault } from './fault.ts';
import { type Group, sampleGroups } from './groups.ts';
import { type StepMetrics, updatePolicy } from './grpo.ts';
import { asTraining, type RemoteConfig, readRemote } from './remoteconfig.ts';
import { openRemotePool } from './remotepool.ts';
import {
  appendMetrics,
  cutMetrics,
  hashConfig,
  type RunDirectory,
  readMetrics,
  sweepDrafts,
  writeEpisodes,
} from './rundir.ts';
import { correctGroups, type Drift } from './stale.ts';

export type RemoteOptions = AlignOptions & {
  /** Sent as X-API-Key. */
  readonly key?: string | null;
  /** Over those of the run; for tests. */
  readonly client?: Partial<TinkerOptions>;
};

/** What a finished run says: the evaluation, what was used in all its processes, and where the weights are. */
export type RemoteDone = { readonly evaluation: Evaluation; readonly usage: Usage; readonly path: string };

const usageSchema = z.strictObject({ prefill: z.number(), sampled: z.number(), trained: z.number() });
/** Where a run is. `path`: the server's training checkpoint of that moment; null before the first. */
const notesSchema = z.strictObject({
  run: z.string(),
  done: z.int(),
  metrics: z.int(),
  path: z.string().nullable(),
  usage: usageSchema,
  /** Names given to checkpoints so far: none is given twice. */
  saves: z.int(),
});
type Notes = z.infer<typeof notesSchema>;

/** Steps between episode files. */
const EPISODES_EVERY = 10;
/** Times in a row that a run is begun anew from its checkpoint without a step between. */
const MOST_RETURNS = 5;

/** Runs, or goes on with, such a run. Throws InputError, TinkerError when the server cannot be had, TrainingFault as align. */
export async function remoteRun(run: RunDirectory, options: RemoteOptions): Promise<RemoteDone> {
  const config = await readRemote(run);
  if (config.grpo.optimizer !== 'adamw' || config.grpo.explore !== 0 || config.grpo.replay !== 0)
    throw new InputError(run.at('config.json'), 'a Tinker server needs grpo.optimizer=adamw, explore=0 and replay=0');
  await sweepDrafts(run);
  await loadWorlds();
  const { config: model, files } = await readModelFiles(config.learner.directory);
  const fixed = { run, config, model, speech: readSpeech(files, config.learner.directory), options };
  let returns = 0;
  let last = -1;
  for (;;) {
    try {
      return await attempt(fixed);
    } catch (error) {
      options.signal.throwIfAborted();
      const { done } = await readNotes(fixed);
      returns = done > last ? 0 : returns + 1;
      last = done;
      if (!isMendable(error) || returns >= MOST_RETURNS) throw error;
      options.onProgress({ phase: 'alarm', text: `${error.message}; going on from step ${done}` });
    }
  }
}

type Fixed = {
  readonly run: RunDirectory;
  readonly config: RemoteConfig;
  readonly model: ModelConfig;
  readonly speech: Speech;
  readonly options: RemoteOptions;
};

type State = Fixed & {
  readonly client: TinkerClient;
  readonly training: TrainingClient;
  readonly base: SamplingClient;
  readonly learner: Learner;
  readonly pool: Pool;
  notes: Notes;
  /** What earlier processes used. */
  readonly before: Usage;
  sampling: SamplingClient;
};

async function readNotes({ run }: Pick<Fixed, 'run'>): Promise<Notes> {
  const file = run.at('checkpoints', 'remote.json');
  const hash = await hashConfig(run);
  if (!existsSync(file)) return { run: hash, done: 0, metrics: 0, path: null, usage: NO_USAGE, saves: 0 };
  const notes = checkInput(notesSchema, parseJson(await readFile(file, 'utf8'), file), file);
  if (notes.run !== hash) throw new InputError(file, 'is of another run, expected one made with this config.json');
  return notes;
}

/** Opens a session and a model in the state of the notes, and works until all is done or something breaks. */
async function attempt(fixed: Fixed): Promise<RemoteDone> {
  const { run, config, model, speech, options } = fixed;
  const { url, model: baseModel, rank, scale, repeats } = config.learner;
  const notes = await readNotes(fixed);
  await cutMetrics(run, notes.metrics);
  const client = await openTinker({
    url,
    key: options.key ?? null,
    repeats,
    vocab: model.vocab,
    signal: options.signal,
    tags: ['tribune', run.id],
    onNotice: (text) => options.onProgress({ phase: 'alarm', text }),
    ...options.client,
  });
  let pool: Pool | null = null;
  try {
    const wishes = { baseModel, rank, seed: config.seed };
    const training = notes.path === null ? await client.create(wishes) : await client.resume(wishes, notes.path);
    const base = client.sampling({ baseModel });
    const learner = remoteLearner({ config: model, training, base, scale });
    const { wall, access, services = [] }: Place = options.place ?? HERE;
    const scene = { ground: await openGround(wall, services), access, catalogue: await openServices(services) };
    pool = openRemotePool({
      speech,
      manner: config.manner,
      context: config.sample.capacity,
      slots: config.sample.slots,
      samplingOf: (theta) => (theta === learner.theta ? state.sampling : base),
      scene,
    });
    const state: State = {
      ...fixed,
      client,
      training,
      base,
      learner,
      pool,
      notes,
      before: notes.usage,
      sampling: base,
    };
    await publish(state);
    await improve(state, pool);
    const weights = { base: new Float32Array(0), aligned: learner.theta };
    const evaluation = await evaluateRun(run, asTraining(config), pool, weights, options.onProgress);
    const usage = addUsage(state.before, client.usage());
    const { from } = state.sampling;
    const path = 'modelPath' in from ? from.modelPath : '';
    const cost = config.learner.prices ? { dollars: priceUsage(usage, config.learner.prices) } : {};
    await writeAtomic(run.at('checkpoints', 'final.json'), `${JSON.stringify({ path, usage, ...cost }, null, 2)}\n`);
    return { evaluation, usage, path };
  } finally {
    await pool?.close();
    await client.close();
  }
}

/** A name no checkpoint of this model had: a save whose answer was lost may have taken the last one. */
async function saveAs(state: State, kind: 'save' | 'saveForSampler', stem: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    state.notes = { ...state.notes, saves: state.notes.saves + 1 };
    try {
      return await state.training[kind](`${stem}-${state.notes.saves}`);
    } catch (error) {
      if (!(error instanceof TinkerError && error.kind === 'conflict') || tries >= 3) throw error;
    }
  }
}

/** Makes the weights as they are what is sampled from, and drops what was. An older one must never be sampled again (docs/tinker.md). */
async function publish(state: State): Promise<void> {
  const old = state.sampling.from;
  const path = await saveAs(state, 'saveForSampler', `sampler-${state.notes.done}`);
  state.sampling = state.client.sampling({ modelPath: path });
  if ('modelPath' in old) await state.client.remove(samplerPath(old.modelPath)).catch(() => undefined);
}

/** SkyRL names a sampler checkpoint without its folder, and deletes it with. */
const samplerPath = (path: string): string => path.replace(/^(tinker:\/\/[^/]+)\/([^/]+)$/, '$1/sampler_weights/$2');

type Ahead = { readonly step: number; readonly made: number; readonly groups: Promise<Group[]> };

async function improve(state: State, pool: Pool): Promise<void> {
  const { run, config, learner, options } = state;
  const training = asTraining(config);
  const earlier = (await readMetrics(run)) as StepMetrics[];
  const watch = watchDecisions(earlier);
  const lived = earlier.map((metrics) => metrics.lived);
  const norms = earlier.map((metrics) => metrics.gradientNorm);
  let ahead: Ahead | null = null;
  const begin = (step: number): Ahead => {
    const groups = sampleGroups(pool, learner.theta, training, step, [...lived]);
    groups.catch(() => undefined); // it is awaited later
    return { step, made: state.notes.done, groups };
  };
  while (state.notes.done < config.grpo.steps) {
    options.signal.throwIfAborted();
    const step = state.notes.done;
    const { groups: pending, made }: Ahead = ahead?.step === step ? ahead : begin(step);
    const groups = await pending;
    ahead = config.learner.pipeline && step + 1 < config.grpo.steps ? begin(step + 1) : null;
    const staleness = step - made;
    const { metrics, drift } = await learn(state, groups, staleness, limitNorm(norms)).catch(async (error: unknown) => {
      await ahead?.groups.catch(() => undefined);
      throw error;
    });
    await ahead?.groups; // what is under way was asked of these weights: they must not be dropped before
    norms.push(metrics.gradientNorm);
    lived.push(metrics.lived);
    if (step % EPISODES_EVERY === 0)
      await writeEpisodes(
        run,
        `step-${String(step).padStart(4, '0')}`,
        groups.flatMap(({ members }) => members.map(({ episode }) => episode)),
      );
    const usage = addUsage(state.before, state.client.usage());
    const { prices } = config.learner;
    const cost = prices ? { dollars: priceUsage(usage, prices) } : {};
    await appendMetrics(run, {
      phase: 'grpo',
      ...metrics,
      remote: { staleness, ...(drift ? { drift } : {}), usage, ...cost },
    });
    state.notes = { ...state.notes, done: step + 1, metrics: state.notes.metrics + 1 };
    options.onProgress({ phase: 'grpo', done: step + 1, total: config.grpo.steps, metrics });
    for (const text of watch(metrics)) options.onProgress({ phase: 'alarm', text });
    if (options.signal.aborted || state.notes.done % config.checkpoint === 0 || state.notes.done === config.grpo.steps)
      await keep(state);
    await publish(state);
  }
}

/** One update, with episodes of older weights corrected. */
async function learn(
  { learner, config, notes }: State,
  groups: readonly Group[],
  staleness: number,
  limit: number,
): Promise<{ readonly metrics: StepMetrics; readonly drift: Drift | null }> {
  const { correct, most, tolerance } = config.learner;
  const advice =
    ' (learner.tolerance): a server in bfloat16 needs --set learner.correct=always, and learner.tolerance=0.1 or so';
  const borne = { most: tolerance, advice };
  const aids = { decisions: new Uint32Array(), cues: new Set<number>(), lessons: [], limit, tolerance: borne };
  const corrected = staleness > 0 || correct === 'always' ? await correctGroups(learner, groups, most) : null;
  const base = new Float32Array(0); // any vector but the learner's own stands for the base model
  try {
    const metrics = await updatePolicy(
      corrected?.learner ?? learner,
      base,
      corrected?.groups ?? groups,
      asTraining(config),
      notes.done,
      aids,
    );
    return { metrics, drift: corrected?.drift ?? null };
  } catch (error) {
    if (error instanceof TinkerError && error.kind === 'garbled') throw new TrainingFault(error.message);
    throw error;
  }
}

/** Has the server save what training needs, and notes where. The one before is dropped when the note stands. */
async function keep(state: State): Promise<void> {
  const old = state.notes.path;
  const path = await saveAs(state, 'save', `step-${state.notes.done}`);
  state.notes = { ...state.notes, path, usage: addUsage(state.before, state.client.usage()) };
  await writeAtomic(state.run.at('checkpoints', 'remote.json'), `${JSON.stringify(state.notes, null, 2)}\n`);
  if (old !== null) await state.client.remove(old).catch(() => undefined);
}
