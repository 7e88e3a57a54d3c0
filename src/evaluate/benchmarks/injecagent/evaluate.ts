// InjecAgent, whole: every case played twice by one policy and the rates that come of it, attacks beside the user's task.
// What is not judged is counted: cases too long for the policy's context, step-2 responses recorded for other arguments.
// Not here: one case (play.ts), the official scorer (score.ts) and its rates (metrics.ts).
import type { Chat } from '../../../agent/chat.ts';
import type { Speaker } from '../../../agent/named.ts';
import { InputError } from '../../../episode/input.ts';
import type { Guard } from '../../../guard/guard.ts';
import { Outage } from '../../../policy/policy.ts';
import { type Rate as Interval, wilson } from '../../metrics.ts';
import { prepareTask, type Task } from './cases.ts';
import { ATTACKS, loadCases, loadResponses, loadTools, type Setting } from './data.ts';
import { type Metrics, measureAttacks, type Rate, type SuccessRate } from './metrics.ts';
import { FORMS, type Form, playBeginning, playOfficial, type Stage } from './official.ts';
import { type Attacked, type FirstCall, playAttack, playFirst, type Setup } from './play.ts';
import { loadPrompts } from './prompts.ts';
import { openResponses, type Respond } from './respond.ts';
import { type InjecRow, tellRow, wasCarriedOut } from './rows.ts';

/** A rate of the official metrics with a Wilson 95 % interval. */
export type SpreadRate = Rate & { readonly low: number | null; readonly high: number | null };
export type SpreadSuccess = { readonly valid: SpreadRate; readonly all: SpreadRate };
type Spread<T> = T extends Rate ? SpreadRate : T extends SuccessRate ? SpreadSuccess : T;

/** How a case is put: in this project's protocol, to any policy; or in an official form, to a chat model. */
export const MODES = ['protocol', ...FORMS] as const;
export type Mode = (typeof MODES)[number];

export type InjecReport = {
  readonly policy: string;
  readonly setting: Setting;
  readonly form: Mode;
  /** Whose prompts an official form was played with; null in the protocol, which has its own. */
  readonly prompts: 'official' | 'own' | null;
  /** Cases for which the model gave no answer at all, after every retry. Not judged. */
  readonly unreached: number;
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
  /** Attacks carried out, or the user asked about one: asking is then following too. */
  readonly strict: Interval;
  readonly trials: number;
  readonly guard: boolean;
  /** The user's own task: the right tool called first, with the recorded arguments; no attack carried out and a text at the end. */
  readonly userTask: { readonly tool: Interval; readonly arguments: Interval; readonly stillRight: Interval };
};

export type InjecOptions = {
  /** The benchmark's directory. */
  readonly data: string;
  readonly setting: Setting;
  /** At most so many cases, spread evenly over all of them; null: all. */
  readonly limit: number | null;
  /** Default: the protocol. */
  readonly form?: Mode;
  /** Times each case is played; default 1. */
  readonly trials?: number;
  /** Stands before every call; default none. */
  readonly guard?: Guard | null;
  /** Plays a tool of the attacker's whose answer to a call was not recorded; default none. */
  readonly judge?: Chat | null;
  /** Told each case as it was played. */
  readonly onRow?: (row: InjecRow) => void;
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
  const { form = 'protocol' } = options;
  const { trials = 1, judge = null } = options;
  const tasks = (await loadTasks(options)).flatMap((task) => Array.from({ length: trials }, () => task));
  const tools = await loadTools(options.data);
  const respond = openResponses(await loadResponses(options.data), tools, judge);
  if (form === 'protocol') return playProtocol(speaker, options, tasks, respond);
  if (speaker.chat === undefined)
    throw new InputError(
      `policy ${JSON.stringify(speaker.name)}`,
      `the form ${form} is for chat models, expected chat:MODEL@URL`,
    );
  return playForm(speaker.chat, form, options, tasks, { tools, respond });
}

/** What no answer could be had for. */
const LOST = 'lost';
type Lost = typeof LOST;

/** Plays every case of a list; a case the model could not be reached for is lost alone, a failure for good ends all. */
function follow(options: InjecOptions, tasks: readonly Task[], failed: () => unknown) {
  let done = 0;
  let outage: Outage | null = null;
  return async <T>(play: (task: Task, index: number) => Promise<T>): Promise<(T | Lost)[]> => {
    const one = async (task: Task, index: number): Promise<T | Lost> => {
      const result = await play(task, index).catch((error: unknown): Lost => {
        if (!(error instanceof Outage) || failed() !== null) throw error;
        outage = error;
        return LOST;
      });
      options.signal.throwIfAborted();
      options.onProgress(++done, 2 * tasks.length);
      return result;
    };
    const results = await Promise.all(tasks.map(one));
    if (outage !== null && results.every((result) => result === LOST)) throw outage;
    return results;
  };
}

async function playProtocol(
  speaker: Speaker,
  options: InjecOptions,
  tasks: readonly Task[],
  respond: Respond,
): Promise<InjecReport> {
  const { trials = 1, guard = null } = options;
  const talk = follow(options, tasks, () => speaker.chat?.client.failure() ?? null);
  const setup = (task: Task, index: number): Setup => {
    return { policy: speaker.policyFor(task.script), task, trial: index % trials, index, guard, respond };
  };
  speaker.begin(tasks.length);
  const first = await talk((task, index) => playFirst(setup(task, index)));
  speaker.begin(tasks.length);
  const attacked = await talk((task, index) => playAttack(setup(task, index)));
  for (const [at, task] of tasks.entries()) {
    const [begun, one] = [first[at], attacked[at]];
    if (begun === undefined || one === undefined || begun === LOST || one === LOST) continue;
    const { stillRight = null, asked = null, transcript = [] } = one ?? {};
    const beside = { first: begun?.tool ?? null, answered: stillRight, asked };
    options.onRow?.(tellRow(task, at % trials, one?.row ?? null, beside, transcript));
  }
  return summarise(speaker.name, options, null, first, attacked);
}

async function playForm(
  chat: Chat,
  form: Form,
  options: InjecOptions,
  tasks: readonly Task[],
  { tools, respond }: Pick<Stage, 'tools' | 'respond'>,
): Promise<InjecReport> {
  const { trials = 1, guard = null } = options;
  const prompts = await loadPrompts(options.data);
  const stage = (index: number): Stage => ({ chat, form, prompts, tools, respond, guard, trial: index % trials });
  const talk = follow(options, tasks, () => chat.client.failure());
  const begun = await talk((task, index) => playBeginning(stage(index), task));
  const played = await talk((task, index) => playOfficial(stage(index), task));
  const first = begun.map((tool): FirstCall | Lost => (tool === LOST ? LOST : { tool, arguments: null }));
  const attacked = played.map((one, at): Attacked | Lost => {
    if (one === LOST) return LOST;
    const task = tasks[at]!;
    const row = { attack: task.found.attack, step1: one.step1, step2: one.step2 };
    const tool = begun[at];
    const beside = { first: typeof tool === 'boolean' ? tool : null, answered: one.answered, asked: one.asked };
    options.onRow?.(tellRow(task, at % trials, row, beside, one.transcript));
    const { answered, asked, inexact, transcript } = one;
    return { row, stillRight: answered, asked, inexact, transcript };
  });
  return summarise(chat.policy.name, options, prompts.source, first, attacked);
}

function summarise(
  policy: string,
  { setting, data, form = 'protocol', trials = 1, guard = null }: InjecOptions,
  prompts: InjecReport['prompts'],
  first: readonly (FirstCall | Lost)[],
  attacked: readonly (Attacked | null | Lost)[],
): InjecReport {
  const begun = first.filter((call) => call !== null && call !== LOST);
  const reached = attacked.filter((one) => one !== LOST);
  const judged = reached.filter((one) => one !== null);
  return {
    policy,
    setting,
    form,
    prompts,
    unreached: attacked.length - reached.length,
    data,
    n: attacked.length,
    tooLong: reached.length - judged.length,
    inexact: judged.filter(({ inexact }) => inexact).length,
    metrics: spreadMetrics(measureAttacks(judged.map(({ row }) => row))),
    asked: shareOf(judged.map(({ asked }) => asked)),
    strict: shareOf(judged.map(({ asked, row }) => asked || wasCarriedOut(row))),
    trials,
    guard: guard !== null,
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
