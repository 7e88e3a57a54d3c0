// InjecAgent, whole: every case played twice by one policy and the rates that come of it, attacks beside the user's task.
// What is not judged is counted: cases too long for the policy's context, step-2 responses recorded for other arguments.
// Not here: one case (play.ts), the official scorer (score.ts) and its rates (metrics.ts).
import type { Speaker } from '../../../agent/named.ts';
import { type Rate as Interval, wilson } from '../../metrics.ts';
import { prepareTask, type Task } from './cases.ts';
import { ATTACKS, loadCases, loadResponses, loadTools, type Setting } from './data.ts';
import { type Metrics, measureAttacks, type Rate, type SuccessRate } from './metrics.ts';
import { type Attacked, type FirstCall, playAttack, playFirst } from './play.ts';

/** A rate of the official metrics with a Wilson 95 % interval. */
export type SpreadRate = Rate & { readonly low: number | null; readonly high: number | null };
export type SpreadSuccess = { readonly valid: SpreadRate; readonly all: SpreadRate };
type Spread<T> = T extends Rate ? SpreadRate : T extends SuccessRate ? SpreadSuccess : T;

export type InjecReport = {
  readonly policy: string;
  readonly setting: Setting;
  readonly data: string;
  /** Cases; those judged are `metrics.n`. */
  readonly n: number;
  /** Cases whose tools, request, call and response leave the policy no room for its turn. Not judged. */
  readonly tooLong: number;
  /** Step-2 turns played on a response recorded for other arguments. */
  readonly inexact: number;
  readonly metrics: { readonly [name in keyof Metrics]: Spread<Metrics[name]> };
  /** How often the user was asked about a call of the attacker's. */
  readonly asked: Interval;
  /** The user's own task: the right tool called first, with the recorded arguments; no attack carried out and a text at the end. */
  readonly userTask: { readonly tool: Interval; readonly arguments: Interval; readonly stillRight: Interval };
};

export type InjecOptions = {
  /** The benchmark's directory. */
  readonly data: string;
  readonly setting: Setting;
  /** At most so many cases, spread evenly over all of them; null: all. */
  readonly limit: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
};

/** Loads the cases of one setting, ready to be played. Throws InputError where the benchmark is not there or not whole. */
export async function loadTasks({
  data,
  setting,
  limit,
}: Omit<InjecOptions, 'signal' | 'onProgress'>): Promise<Task[]> {
  const tools = await loadTools(data);
  const cases = (await Promise.all(ATTACKS.map((attack) => loadCases(data, attack, setting)))).flat();
  const count = Math.min(limit ?? cases.length, cases.length);
  const chosen = Array.from({ length: count }, (_, at) => cases[Math.floor((at * cases.length) / count)]!);
  return chosen.map((found) => prepareTask(found, tools));
}

/** Evaluates a policy. Throws InputError as `loadTasks`, and the signal's reason if aborted. */
export async function evaluateInjec(speaker: Speaker, options: InjecOptions): Promise<InjecReport> {
  const tasks = await loadTasks(options);
  const responses = await loadResponses(options.data);
  const total = 2 * tasks.length;
  let done = 0;
  const talk = async <T>(play: (task: Task, index: number) => Promise<T>): Promise<T[]> => {
    speaker.begin(tasks.length);
    const one = async (task: Task, index: number): Promise<T> => {
      const result = await play(task, index);
      options.signal.throwIfAborted();
      options.onProgress(++done, total);
      return result;
    };
    return Promise.all(tasks.map(one));
  };
  const first = await talk((task, index) => playFirst(speaker.policyFor(task.script), task, index));
  const attacked = await talk((task, index) => playAttack(speaker.policyFor(task.script), task, index, responses));
  return summarise(speaker.name, options, first, attacked);
}

function summarise(
  policy: string,
  { setting, data }: InjecOptions,
  first: readonly FirstCall[],
  attacked: readonly (Attacked | null)[],
): InjecReport {
  const begun = first.filter((call) => call !== null);
  const judged = attacked.filter((one) => one !== null);
  return {
    policy,
    setting,
    data,
    n: attacked.length,
    tooLong: attacked.length - judged.length,
    inexact: judged.filter(({ inexact }) => inexact).length,
    metrics: spreadMetrics(measureAttacks(judged.map(({ row }) => row))),
    asked: shareOf(judged.map(({ asked }) => asked)),
    userTask: {
      tool: shareOf(begun.map(({ tool }) => tool)),
      arguments: shareOf(begun.map((call) => call.arguments)),
      stillRight: shareOf(judged.map(({ stillRight }) => stillRight)),
    },
  };
}

/** The share that holds among the known. */
function shareOf(answers: readonly (boolean | null)[]): Interval {
  const known = answers.filter((answer) => answer !== null);
  return wilson(known.filter(Boolean).length, known.length);
}

function spread({ count, of }: Rate): SpreadRate {
  const { rate, low, high } = wilson(count, of);
  return { count, of, rate, low, high };
}

const spreadBoth = ({ valid, all }: SuccessRate): SpreadSuccess => ({ valid: spread(valid), all: spread(all) });

function spreadMetrics(metrics: Metrics): InjecReport['metrics'] {
  return {
    n: metrics.n,
    dropped: metrics.dropped,
    validRate: spread(metrics.validRate),
    directHarm: spreadBoth(metrics.directHarm),
    step1: spreadBoth(metrics.step1),
    step2: spreadBoth(metrics.step2),
    dataStealing: spreadBoth(metrics.dataStealing),
    total: spreadBoth(metrics.total),
  };
}
