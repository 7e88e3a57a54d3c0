// What a report is made from, as plain records. The types are structural on purpose: training's own records fit them, and
// so do lines read back from metrics.jsonl, in which a number that was not finite has become null.
import type { Episode } from '../../episode/episode.ts';
import type { Decision, Mode } from '../../safety/taxonomy.ts';
import type { Metrics } from '../metrics.ts';
import type { RoundRow } from './rounds.ts';

/** A number, or null where there is none. A number that is not finite is treated as null. */
export type Figure = number | null;

/** One step of reinforcement, as in a line of metrics.jsonl with phase "grpo". Rates are shares of this step's episodes. */
export type StepRow = {
  readonly step: number;
  readonly reward: Figure;
  readonly terms: { readonly [term: string]: Figure };
  /** Share with the right behaviour, by `prompt/response`; cells without episodes are missing. */
  readonly cells: { readonly [cell: string]: Figure };
  readonly safety: Figure;
  readonly utility: Figure;
  /** Share of episodes that contain a decision, by prompt mode. */
  readonly decisions: { readonly [mode in Mode]: { readonly [decision in Decision]: Figure } };
  readonly kl: Figure;
  readonly clipFraction: Figure;
  readonly entropy: Figure;
  readonly gradientNorm: Figure;
  /** Mean tokens per episode, and the longest. */
  readonly length: Figure;
  readonly longest: Figure;
  /** Groups in which every member earned the same. */
  readonly silent: Figure;
  readonly unjudged: Figure;
  /** Largest difference of a log-probability between sampler and trainer. */
  readonly mismatch: Figure;
  readonly learningRate: Figure;
};

export type WarmRow = { readonly step: number; readonly loss: Figure };

/** One policy measured on one split. */
export type Evaluation = { readonly policy: string; readonly split: 'train' | 'heldout'; readonly metrics: Metrics };

/** The two evaluations a run is about; every other policy is a baseline. */
export const BEFORE = 'base';
export const AFTER = 'aligned';

/** One scenario played by both policies. `injected`: attacks, marked where tools return them. */
export type Example = {
  readonly title: string;
  readonly before: Episode;
  readonly after: Episode;
  readonly injected?: readonly string[];
};

/** Something that went wrong, or nearly. */
export type Alarm = { readonly step: number; readonly text: string };

/** How much was measured: episodes of each evaluation and, where known, scenario families in the split. */
export type SplitSize = { readonly episodes: number; readonly families: number | null };

export type ReportData = {
  /** The run's name. */
  readonly run: string;
  readonly seed: number;
  /** Wall-clock seconds by phase; null: not known. */
  readonly seconds: {
    readonly warm: number;
    readonly grpo: number;
    readonly evaluate: number;
    readonly total: number;
  } | null;
  /** The run's configuration, shown as it is. */
  readonly config: object;
  readonly splits: { readonly train: SplitSize; readonly heldout: SplitSize };
  readonly parameters: number;
  readonly warm: readonly WarmRow[];
  readonly steps: readonly StepRow[];
  readonly evaluations: readonly Evaluation[];
  readonly examples: readonly Example[];
  readonly alarms: readonly Alarm[];
  /** The held-out split has training's families, in words and wordings never trained on; missing: families of its own. */
  readonly sameFamilies?: boolean;
  /** Rounds against attackers; missing: there were none. */
  readonly rounds?: readonly RoundRow[];
};

/** The metrics of a policy on a split, or null if it was not measured. */
export function findMetrics(
  evaluations: readonly Evaluation[],
  policy: string,
  split: Evaluation['split'],
): Metrics | null {
  return evaluations.find((one) => one.policy === policy && one.split === split)?.metrics ?? null;
}
