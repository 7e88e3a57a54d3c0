// Where a run with attackers is, and how it is kept: what its turns share. Not here: the turns (run.ts, drill.ts).
import { z } from 'zod';
import type { Pool } from '../../agent/rollout.ts';
import { type Checkpoint, saveCheckpoint } from '../../policy/local/checkpoint.ts';
import type { ParallelLearner } from '../../policy/local/parallel.ts';
import type { AdversaryConfig } from '../../train/adversary/settings.ts';
import type { AlignOptions, Progress } from '../../train/align.ts';
import type { TrainConfig } from '../../train/config.ts';
import type { Aids, StepMetrics } from '../../train/grpo.ts';
import { appendMetrics, type RunDirectory } from '../../train/rundir.ts';
import type { FixedSuites } from './fixed.ts';

/** What a watcher is told, beside what an alignment tells. */
export type TurnProgress =
  | Progress
  | {
      readonly phase: 'attack';
      readonly round: number;
      readonly name: string;
      readonly done: number;
      readonly total: number;
      readonly broken: number;
    }
  | {
      readonly phase: 'drill';
      readonly done: number;
      readonly total: number;
      readonly loss: number;
    }
  | {
      readonly phase: 'harden';
      readonly round: number;
      readonly done: number;
      readonly total: number;
      readonly metrics: StepMetrics;
    }
  | {
      readonly phase: 'fixed';
      readonly round: number;
      readonly done: number;
      readonly total: number;
      readonly name: string;
    };

export type TurnOptions = Omit<AlignOptions, 'onProgress'> & { readonly onProgress: (progress: TurnProgress) => void };

/** Where a run of this phase is: which turn of which round, steps done in it, lines of metrics; and which run it is. */
export const notesSchema = z.strictObject({
  turn: z.enum(['drill', 'attack', 'train', 'fixed', 'done']),
  round: z.int().min(0),
  step: z.int().min(0),
  metrics: z.int().min(0),
  run: z.string(),
});
export type Notes = z.infer<typeof notesSchema>;

export type State = {
  readonly run: RunDirectory;
  readonly config: TrainConfig;
  readonly adversary: AdversaryConfig;
  /** The policy the phase began with. */
  readonly start: Checkpoint;
  readonly learner: ParallelLearner;
  readonly pool: Pool;
  readonly suites: FixedSuites;
  readonly aids: Aids;
  readonly options: TurnOptions;
  notes: Notes;
};

/** The state of an optimiser that has not begun. */
export const blank = (theta: Float32Array, notes: Notes) => {
  const zeros = () => new Float32Array(theta.length);
  return { m: zeros(), v: zeros(), step: 0, notes };
};

/** The policy that a round begins with. */
export const policyBefore = ({ run, adversary }: State, round: number): string =>
  run.at('checkpoints', round === 1 && adversary.drill > 0 ? 'drilled' : `round-${round - 1}`);

/** Goes on to another turn. */
export async function move(state: State, next: Partial<Notes>): Promise<void> {
  state.notes = { ...state.notes, ...next };
  await save(state);
}

/** A step is done: its line of metrics and what a watcher is told. Kept where a checkpoint is due; rejects when the signal aborts. */
export async function endStep(state: State, line: object, ...told: readonly TurnProgress[]): Promise<void> {
  const { run, config, options, notes } = state;
  await appendMetrics(run, line);
  state.notes = { ...notes, step: notes.step + 1, metrics: notes.metrics + 1 };
  for (const one of told) options.onProgress(one);
  if (options.signal.aborted || state.notes.step % config.checkpoint === 0) await save(state);
  options.signal.throwIfAborted();
}

/** Keeps where the run is. */
export function save({ run, start, learner, notes }: State): Promise<void> {
  const { theta, m, v, step } = learner.state();
  return saveCheckpoint(run.at('checkpoints', 'adversary'), { ...start, theta, training: { m, v, step, notes } });
}
