// Training an agent and its attackers in turns. Each round: campaigns against the policy as it is, what broke it joins the
// population, GRPO on a mix of ordinary scenarios and members of the population, then the fixed suites. A state machine over a run
// directory like train/align.ts: killed anywhere and resumed, it ends with the same bytes.
// Not here: who attacks (assault.ts), what a step plays (mix.ts), what the report looks like (evaluate/report/rounds.ts).
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openPool } from '../../agent/rollout.ts';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { writeAtomic } from '../../evaluate/file.ts';
import type { RoundRow } from '../../evaluate/report/rounds.ts';
import { loadCheckpoint, saveCheckpoint } from '../../policy/local/checkpoint.ts';
import { decisionMask, judgementCues, makeGrammar } from '../../policy/local/grammar.ts';
import { ParallelLearner } from '../../policy/local/parallel.ts';
import { type Faced, weighOpponents } from '../../train/adversary/regret.ts';
import type { AdversaryConfig } from '../../train/adversary/settings.ts';
import { watchDecisions } from '../../train/alarm.ts';
import { makeDemonstrations, makeLessons, trainRun } from '../../train/align.ts';
import type { TrainConfig } from '../../train/config.ts';
import { type Evaluation, evaluateRun } from '../../train/evaluation.ts';
import { limitNorm } from '../../train/fault.ts';
import type { Group } from '../../train/groups.ts';
import { type StepMetrics, updatePolicy } from '../../train/grpo.ts';
import {
  cutMetrics,
  hashConfig,
  type RunDirectory,
  readConfig,
  readMetrics,
  runAt,
  sweepDrafts,
  writeEpisodes,
} from '../../train/rundir.ts';
import { digestWeights } from '../../train/tune.ts';
import { loadWorlds } from '../../world/world.ts';
import { openArenas } from '../pool.ts';
import { runAssault } from './assault.ts';
import { drillTurn } from './drill.ts';
import { listLosses, makeFixed, measureFixed } from './fixed.ts';
import { playGroups, recallFaced } from './groups.ts';
import { growPopulation, inheritPopulation, type Member, readPopulation, writePopulation } from './members.ts';
import { pickPlays } from './mix.ts';
import { keepRow, readRows } from './rows.ts';
import { blank, endStep, move, type Notes, notesSchema, policyBefore, type State, type TurnOptions } from './state.ts';
import { teachPlays } from './teach.ts';

export type { TurnOptions, TurnProgress } from './state.ts';

/** Steps between episode files, and demonstrations that are replayed beside each update. */
const EPISODES_EVERY = 10;
const REPLAYED = 8000;

/** Runs, or goes on with, a run with attackers: the alignment first where it begins with none. Throws InputError on a damaged run. */
export async function adversaryRun(run: RunDirectory, options: TurnOptions): Promise<Evaluation> {
  const config = await readConfig(run);
  const { adversary } = config;
  if (adversary === undefined) throw new InputError(run.at('config.json'), 'has no adversary, expected a run with one');
  await sweepDrafts(run);
  await sweepOwn(run);
  await loadWorlds();
  if (!existsSync(run.at('checkpoints', 'adversary')) && !existsSync(run.at('checkpoints', 'adversary.old')))
    await prepare(run, adversary, options);
  const state = await openState(run, config, adversary, options);
  try {
    while (state.notes.turn !== 'done') await takeTurn(state);
    await saveCheckpoint(run.at('checkpoints', 'final'), {
      ...state.start,
      theta: state.learner.theta,
      training: null,
    });
    const base = (await loadCheckpoint(run.at('checkpoints', 'base'))).theta;
    return await evaluateRun(run, config, state.pool, { base, aligned: state.learner.theta }, options.onProgress);
  } finally {
    await state.pool.close();
    await state.learner.close();
  }
}

/** Drafts of a process that was killed, in the folder of this phase. */
async function sweepOwn(run: RunDirectory): Promise<void> {
  await mkdir(run.at('adversary'), { recursive: true });
  for (const name of await readdir(run.at('adversary')))
    if (name.endsWith('.tmp')) await rm(run.at('adversary', name), { force: true });
}

/** Puts the policy that the phase begins with into the run: another run's, or the one that this run aligns first. */
async function prepare(run: RunDirectory, { from }: AdversaryConfig, options: TurnOptions): Promise<void> {
  if (from === null) await trainRun(run, options);
  else {
    const source = await loadCheckpoint(from.directory);
    if (digestWeights(source.theta) !== from.digest)
      throw new InputError(from.directory, 'is another checkpoint than the one this run was made to begin with');
    await cutMetrics(run, 0);
    await saveCheckpoint(run.at('checkpoints', 'base'), { ...source, training: null });
    await inheritPopulation(populationOf(runAt(join(from.directory, '..', '..'))), populationOf(run));
  }
  const begun = await loadCheckpoint(run.at('checkpoints', from === null ? 'final' : 'base'));
  await saveCheckpoint(run.at('checkpoints', 'round-0'), { ...begun, training: null });
  const notes: Notes = {
    ...{ turn: 'fixed', round: 0, step: 0, metrics: (await readMetrics(run)).length, run: await hashConfig(run) },
  };
  await saveCheckpoint(run.at('checkpoints', 'adversary'), { ...begun, training: blank(begun.theta, notes) });
}

async function openState(
  run: RunDirectory,
  config: TrainConfig,
  adversary: AdversaryConfig,
  options: TurnOptions,
): Promise<State> {
  const latest = run.at('checkpoints', 'adversary');
  const { training, ...checkpoint } = await loadCheckpoint(latest);
  if (training === null)
    throw new InputError(latest, 'has no optimizer state, expected a checkpoint of an unfinished run');
  const notes = checkInput(notesSchema, training.notes, latest);
  if (notes.run !== (await hashConfig(run)))
    throw new InputError(latest, 'is of another run, expected a checkpoint made with this config.json');
  await cutMetrics(run, notes.metrics);
  const { executor = config.sample.executor, place } = options;
  const { tokenizer, theta, config: model } = checkpoint;
  const replayed = {
    ...config,
    warm: { ...config.warm, demonstrations: Math.min(REPLAYED, config.warm.demonstrations) },
  };
  const isOver = notes.turn === 'done' || (config.grpo.replay === 0 && adversary.drill === 0);
  const lessons = isOver ? [] : makeLessons(tokenizer, await makeDemonstrations(replayed, options));
  const learner = new ParallelLearner(model, theta, config.sample.workers, executor);
  learner.restore({ theta, m: training.m, v: training.v, step: training.step });
  return {
    ...{ run, config, adversary, options, notes, learner },
    start: await loadCheckpoint(run.at('checkpoints', 'round-0')),
    pool: openPool({
      config: model,
      tokenizer: tokenizer.toJSON(),
      ...config.sample,
      executor,
      ...(place ? { place } : {}),
    }),
    suites: await makeFixed(config),
    aids: { decisions: decisionMask(tokenizer), cues: judgementCues(tokenizer), lessons },
  };
}

async function takeTurn(state: State): Promise<void> {
  state.options.signal.throwIfAborted();
  const { turn } = state.notes;
  switch (turn) {
    case 'fixed':
      return fixedTurn(state);
    case 'drill':
      return drillTurn(state);
    case 'attack':
      return attackTurn(state);
    case 'train':
      return trainTurn(state);
    case 'done':
      return;
  }
}

const populationOf = (run: RunDirectory): string => run.at('adversary', 'population.jsonl');

/** Attacks the policy; what broke it joins the population. */
async function attackTurn(state: State): Promise<void> {
  const { run, config, adversary, notes, options } = state;
  const { round } = notes;
  const known = await readPopulation(populationOf(run), round);
  const weights = weighOpponents(
    known.map(({ id }) => id),
    facedIn(await readMetrics(run)),
  );
  const policy = `local:${policyBefore(state, round)}`;
  const arena = openArenas({ defence: { policy, guard: null } }, config.sample.workers);
  try {
    const campaigns = await runAssault({
      ...{ seed: config.seed, adversary, round, arena, members: known, weights, signal: options.signal },
      journalOf: (name) => run.at('adversary', `round-${round}-${name}.jsonl`),
      onProgress: (name, done, total, broken) =>
        options.onProgress({ phase: 'attack', round, name, done, total, broken }),
    });
    const members = growPopulation(known, [...campaigns.values()].flat(), round);
    await writePopulation(populationOf(run), members);
    const attacks = [...campaigns].flatMap(([attacker, fates]) => countBroken(attacker, fates));
    await writeAtomic(run.at('adversary', `round-${round}.json`), `${JSON.stringify(attacks, null, 2)}\n`);
  } finally {
    await arena.close();
  }
  await move(state, { turn: 'train', step: 0 });
}

/** How many targets of each channel an attacker broke; those that break without an attack are not its own. */
function countBroken(
  attacker: string,
  fates: Awaited<ReturnType<typeof runAssault>> extends ReadonlyMap<string, infer F> ? F : never,
): RoundRow['attacks'] {
  return [...new Set(fates.map(({ target }) => target.channel))].map((channel) => {
    const own = fates.filter(({ target }) => target.channel === channel);
    const at = (holds: (tries: number) => boolean) =>
      own.filter(({ brokenAt }) => brokenAt !== null && holds(brokenAt)).length;
    return {
      attacker,
      channel,
      targets: own.length,
      bare: at((tries) => tries === 0),
      broken: at((tries) => tries > 0),
    };
  });
}

/** What the steps so far saw of opponents, from the run's metrics. */
function facedIn(lines: readonly unknown[]): (readonly Faced[])[] {
  return hardenLines(lines).map(({ faced }) => faced);
}

type HardenLine = StepMetrics & { readonly phase: 'harden'; readonly faced: readonly Faced[] };
const hardenLines = (lines: readonly unknown[]): HardenLine[] =>
  lines.filter(
    (line): line is HardenLine =>
      typeof line === 'object' && line !== null && 'phase' in line && line.phase === 'harden',
  );

/**
 * The settings of a round's training: those of the alignment with the phase's own in their place. Each round begins at a lower rate than
 * the one before, so that what a round disturbs the later ones settle.
 */
function trainingOf({ config, adversary }: State, round: number): TrainConfig {
  const { rounds, steps, groups, explore, kl, replay } = adversary;
  const learningRate = (adversary.learningRate * (rounds - round + 1)) / rounds;
  const grpo = { ...config.grpo, steps, groups, learningRate, explore, kl };
  // Each round replays demonstrations of its own.
  return { ...config, grpo, warm: { ...config.warm, batch: replay, steps: config.warm.steps + round * steps } };
}

async function trainTurn(state: State): Promise<void> {
  const { run, config, adversary, learner, aids } = state;
  const { round } = state.notes;
  const training = trainingOf(state, round);
  const members = await readPopulation(populationOf(run), round + 1);
  const earlier = hardenLines(await readMetrics(run));
  const faced = earlier.map((line) => line.faced);
  const norms = earlier.map(({ gradientNorm }) => gradientNorm);
  const watch = watchDecisions(earlier);
  const grammar = makeGrammar(state.start.tokenizer);
  while (state.notes.step < adversary.steps) {
    const { step } = state.notes;
    const plays = await pickPlays({ seed: config.seed, adversary, round, step, members, faced });
    const where = { pool: state.pool, theta: learner.theta, round, step };
    const groups = await playGroups(where, training, plays);
    const more = adversary.taught ? await teachPlays(grammar, config, { round, step }, plays) : [];
    const metrics = await updatePolicy(learner, state.start.theta, groups, training, step, {
      ...{ ...aids, more },
      limit: limitNorm(norms),
    });
    norms.push(metrics.gradientNorm);
    faced.push(recallFaced(plays, groups));
    const number = (round - 1) * adversary.steps + step;
    if (step % EPISODES_EVERY === 0) await writePlayed(run, number, groups);
    await endStep(
      state,
      { phase: 'harden', ...metrics, step: number, round, faced: faced.at(-1) },
      { phase: 'harden', round, done: step + 1, total: adversary.steps, metrics },
      ...watch(metrics).map((text) => ({ phase: 'alarm', text }) as const),
    );
  }
  await move(state, { turn: 'fixed' });
}

const writePlayed = (run: RunDirectory, number: number, groups: readonly Group[]): Promise<void> =>
  writeEpisodes(
    run,
    `harden-${String(number).padStart(4, '0')}`,
    groups.flatMap(({ members }) => members.map(({ episode }) => episode)),
  );

/** Plays the fixed suites; a round that cost too much on training's families is undone. Held-out figures decide nothing. */
async function fixedTurn(state: State): Promise<void> {
  const { run, adversary, notes, options, learner, pool, suites } = state;
  const { round } = notes;
  const fixed = await measureFixed(pool, learner.theta, suites, (done, total, name) =>
    options.onProgress({ phase: 'fixed', round, done, total, name }),
  );
  const [first] = await readRows(run, round);
  const lost = first === undefined ? [] : listLosses(first.train, fixed.train, adversary.tolerance);
  const kept = lost.length === 0;
  if (!kept) await undo(state);
  const attacks = await readAttacks(run, round);
  const members: readonly Member[] = await readPopulation(populationOf(run), round + 1);
  const found = members.filter((member) => member.round === round).length;
  await keepRow(run, { round, population: members.length, found, attacks, ...fixed, kept, lost });
  if (round > 0)
    await saveCheckpoint(run.at('checkpoints', `round-${round}`), {
      ...state.start,
      theta: learner.theta,
      training: null,
    });
  if (!kept)
    options.onProgress({ phase: 'alarm', text: `round ${round} is undone: on training’s families ${lost.join(', ')}` });
  const isLast = round >= adversary.rounds;
  if (isLast) await move(state, { turn: 'done' });
  else if (round === 0 && adversary.drill > 0) await move(state, { turn: 'drill', step: 0 });
  else await move(state, { turn: 'attack', round: round + 1, step: 0 });
}

/** Goes back to the policy before the round, with a fresh optimizer. */
async function undo(state: State): Promise<void> {
  const { learner, notes } = state;
  const { theta } = await loadCheckpoint(policyBefore(state, notes.round));
  learner.restore({ theta, ...blank(theta, notes) });
}

const attacksSchema = z.array(
  z.strictObject({ attacker: z.string(), channel: z.string(), targets: z.int(), bare: z.int(), broken: z.int() }),
);

async function readAttacks(run: RunDirectory, round: number): Promise<RoundRow['attacks']> {
  if (round === 0) return [];
  const file = run.at('adversary', `round-${round}.json`);
  return checkInput(attacksSchema, parseJson(await readFile(file, 'utf8'), file), file);
}
