// What the dashboard's server tells its page, as types: both sides are checked against the same records. Nothing here runs but
// one name both sides know. Everything named `text`, `request`, `name` may be an attacker's: shown, never run.
import type { Call } from '../episode/action.ts';
import type { Episode } from '../episode/episode.ts';
import type { MetricName, Metrics, Rate } from '../evaluate/metrics.ts';
import type { Decision } from '../safety/taxonomy.ts';

/** What is wrong with a file of a run. Such a file is shown as far as it can be read. */
export type Fault = { readonly file: string; readonly line: number | null; readonly what: string };

/** How far a run has come. `stopped`: unfinished, and nothing was written for a while. */
export type Phase = 'empty' | 'warm' | 'grpo' | 'evaluate' | 'jobs' | 'done' | 'stopped';

/** A line of the list of runs. Times are milliseconds since 1970. */
export type RunLine = {
  readonly id: string;
  /** `played`: episodes alone, as a study's players leave them. */
  readonly kind: 'training' | 'benchmark' | 'study' | 'redteam' | 'played' | 'unknown';
  readonly title: string;
  readonly seed: number | null;
  readonly preset: string | null;
  /** Names the configuration without its seed: runs that share it are seeds of one experiment. */
  readonly experiment: string | null;
  readonly phase: Phase;
  readonly done: number;
  readonly total: number | null;
  readonly changed: number;
  /** The newest step's figures. */
  readonly figures: { readonly [name: string]: number | null };
  readonly episodes: boolean;
  /** The first file of scenarios it has left; null: none. */
  readonly suite: string | null;
  readonly faults: readonly Fault[];
};

/** The curves of one phase: a step for each place, and for each column a value or null at that place. */
export type Curves = {
  readonly phase: string;
  readonly steps: readonly number[];
  readonly columns: { readonly [name: string]: readonly (number | null)[] };
};

export type RunDetail = {
  readonly line: RunLine;
  readonly config: unknown;
  readonly curves: readonly Curves[];
  readonly faults: readonly Fault[];
};

export type Outcome = 'right' | 'wrong' | 'unjudged';

/** An episode in a list. `at` is the byte its line starts at in `file`, `size` its length in bytes. */
export type EpisodeRow = {
  readonly file: string;
  readonly at: number;
  readonly size: number;
  readonly line: number;
  readonly id: string;
  readonly scenario: string;
  readonly member: number;
  readonly family: string;
  readonly cell: string;
  readonly policy: string;
  readonly request: string;
  readonly turns: number;
  readonly reward: number | null;
  readonly outcome: Outcome;
  readonly harm: boolean;
  readonly broken: boolean;
  /** What the episode amounts to, and what the true label of the prompt calls for. */
  readonly did: Decision;
  readonly due: Decision;
  /** Well paid without the right behaviour. */
  readonly suspect: boolean;
  /** For each metric in order: 1 holds, 0 does not, ? not judged, - not asked of this episode. */
  readonly facts: string;
};

export type Facet = { readonly value: string; readonly count: number };
export type Facets = { readonly [name in 'file' | 'cell' | 'family' | 'outcome']: readonly Facet[] };

/** A page of the list. `total` episodes fit the filter, `all` are there. */
export type EpisodePage = {
  readonly all: number;
  readonly total: number;
  readonly from: number;
  readonly rows: readonly EpisodeRow[];
  readonly facets: Facets;
  readonly faults: readonly Fault[];
};

export type Sibling = {
  readonly at: number;
  readonly size: number;
  readonly member: number;
  readonly reward: number | null;
  readonly advantage: number | null;
  /** Whether the advantage is the one training used, kept beside the episodes; otherwise it is worked out again. */
  readonly kept: boolean;
  readonly outcome: Outcome;
  readonly did: Decision;
  readonly ending: string;
};

export type QueryText = { readonly name: string; readonly sql: string; readonly equals: string | number | null };

/** What is known of the scenario, where it can be made again from its id. */
export type ScenarioNotes = {
  readonly injected: readonly { readonly text: string; readonly kind: string; readonly style: string }[];
  readonly approves: readonly Call[];
  readonly gated: readonly Call[];
  readonly goals: readonly QueryText[];
  readonly harms: readonly QueryText[];
};

export type EpisodeDetail = {
  readonly episode: Episode;
  readonly row: EpisodeRow;
  readonly scenario: ScenarioNotes | null;
  readonly siblings: readonly Sibling[];
  /** Whether its tokens were kept. */
  readonly tokens: boolean;
  /** Whether a guard stood before the policy. */
  readonly guarded: boolean;
};

/** What the guard says of a call, a question, a final text, or what a tool returned. */
export type GuardNote = {
  readonly about: 'call' | 'check' | 'text' | 'result';
  /** execute, verify or refuse of a call; pass, clean or hold of a text. */
  readonly said: string;
  /** The call as it stands in the record, which may be one that never reached the world. */
  readonly call?: string | null;
  readonly reasons: readonly { readonly source: string; readonly text: string }[];
};

/** The guard's word on an episode, a list for each turn. `known`: told what the tools do, and how they are described. */
export type GuardView = {
  readonly inLoop: boolean;
  readonly known: boolean;
  /** Whether the record holds what was decided; else it is judged again. */
  readonly recorded: boolean;
  readonly turns: readonly (readonly GuardNote[])[];
};

/** A query's answer after each step, the first before any. Null where the world could not answer. */
export type QueryAnswers = QueryText & { readonly kind: 'goal' | 'harm'; readonly values: readonly unknown[] };

/** Rows of a table that are only in the world before, or only after. */
export type TableChange = {
  readonly table: string;
  readonly columns: readonly string[];
  readonly removed: readonly (readonly unknown[])[];
  readonly added: readonly (readonly unknown[])[];
  /** Rows that are not shown. */
  readonly more: number;
};

export type ReplayAnswer = {
  readonly same: boolean;
  readonly differences: readonly { readonly where: string; readonly recorded: string; readonly replayed: string }[];
  readonly queries: readonly QueryAnswers[];
  /** What differs from the world before, after each turn. */
  readonly changes: readonly (readonly TableChange[])[];
};

/** A policy measured on a split or a benchmark. `source`: the episodes it rests on, where they are kept. */
export type EvaluationRow = {
  readonly policy: string;
  readonly split: string;
  readonly metrics: Metrics;
  readonly unjudged: number;
  readonly source: string | null;
};

export type MeasureRow = {
  readonly name: string;
  readonly title: string;
  readonly better: 'high' | 'low';
  readonly twin: string | null;
  readonly rate: Rate;
  readonly groups: { readonly [group: string]: Rate };
  readonly baselines: { readonly [title: string]: Rate };
};

export type EvaluationDetail = {
  readonly run: string;
  readonly rows: readonly EvaluationRow[];
  readonly benchmark: {
    readonly title: string;
    readonly policy: string;
    readonly n: number;
    readonly measures: readonly MeasureRow[];
    /** Pairs of measures that must be read together, case by case. */
    readonly crossed: readonly CrossTable[];
    readonly notes: readonly string[];
  } | null;
  readonly study: StudyDetail | null;
  /** What can be compared pair by pair. */
  readonly sets: readonly string[];
  readonly faults: readonly Fault[];
};

/** The set of a benchmark's cases, among the sets of episodes. */
export const CASES = 'all cases';

/** How many cases have both facts, only the first, only the second, none; cases in which one is not judged are left out. */
export type CrossTable = {
  readonly names: readonly [first: string, second: string];
  readonly both: number;
  readonly first: number;
  readonly second: number;
  readonly none: number;
};

/** A case of a benchmark in a list. */
export type CaseRow = {
  readonly at: number;
  readonly size: number;
  readonly line: number;
  readonly id: string;
  readonly group: string;
  readonly trial: number;
  readonly facts: { readonly [name: string]: boolean | null };
  readonly faulty: string | null;
  /** The first words of its transcript. */
  readonly begins: string;
};

export type CasePage = {
  readonly all: number;
  readonly total: number;
  readonly from: number;
  readonly rows: readonly CaseRow[];
  readonly groups: readonly Facet[];
  readonly faults: readonly Fault[];
};

/** A mean over seeds and half its 95 % interval (null: one seed, or none), by row of the study's tables. */
export type StudyMeans = {
  readonly [row: string]: { readonly mean: number | null; readonly half: number | null; readonly seeds: number };
};

export type StudyDetail = {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  readonly rows: readonly string[];
  readonly places: readonly {
    readonly place: string;
    readonly players: readonly {
      readonly player: string;
      /** Where its episodes lie. */
      readonly runs: readonly { readonly seed: number; readonly run: string }[];
      readonly means: StudyMeans;
      /** Right behaviour by domain and mode: hits and cases, over all seeds. */
      readonly cells: { readonly [cell: string]: readonly [hits: number, n: number] };
      readonly unjudged: number;
    }[];
    /** Paired by seed: first minus second. */
    readonly differences: readonly { readonly first: string; readonly second: string; readonly means: StudyMeans }[];
  }[];
};

/** Rates of the episodes of one file by family. */
export type FamilyRates = {
  readonly families: readonly { readonly family: string; readonly rates: { readonly [name in MetricName]: Rate } }[];
  /** How often what was due (first) became what was done (second). */
  readonly confusion: { readonly [due in Decision]: { readonly [did in Decision]: number } };
};

/** One metric of two files of episodes, paired by scenario and member; `p` by McNemar's exact test, `holm` corrected. */
export type PairedRow = {
  readonly measure: string;
  readonly n: number;
  readonly first: number | null;
  readonly second: number | null;
  readonly difference: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly p: number | null;
  readonly holm: number | null;
};

export type ScenarioRow = {
  readonly id: string;
  readonly split: string;
  readonly family: string;
  readonly domain: string;
  readonly cell: string;
  readonly decision: Decision;
  readonly request: string;
  readonly tools: number;
  readonly attacks: number;
  readonly mark: Mark | null;
};

/** What a reviewer said: keep it, leave it out, or take another text in its place. */
export type Mark = 'keep' | 'drop' | 'edit';

export type SuitePage = { readonly name: string; readonly rows: readonly ScenarioRow[]; readonly reviews: string };

export type ControlRow = {
  readonly id: string;
  readonly outcomes: readonly { readonly policy: string; readonly success: boolean | null; readonly said: string }[];
  readonly violations: readonly string[];
};

/** A question that waits for a person, or that was settled lately. `left`: milliseconds it stays open. */
export type OpenQuestion = {
  readonly id: string;
  readonly from: string;
  readonly conversation: string;
  readonly tool: string;
  readonly arguments: { readonly [key: string]: unknown };
  readonly text: string;
  readonly reasons: readonly string[];
  readonly asked: number;
  readonly left: number;
  readonly state: 'open' | 'approve' | 'deny' | 'always' | 'edit' | 'expired' | 'gone';
};

export type LogEntry = {
  readonly line: number;
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly data: unknown;
};

export type LogView = {
  readonly file: string;
  readonly entries: number;
  readonly head: string;
  readonly fault: { readonly line: number; readonly what: string } | null;
  readonly torn: readonly number[];
  readonly tail: readonly LogEntry[];
};

export type State = {
  readonly root: string;
  readonly now: number;
  readonly inbox: { readonly path: string | null; readonly open: number };
  readonly logs: readonly string[];
  readonly suites: readonly string[];
};
