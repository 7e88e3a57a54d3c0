// Where tries are played: a policy, a guard before it or none, and worlds. Whatever an attacker sends goes into scenarios
// and from there into worlds behind their walls; nothing of it runs here.
// Not here: worker threads (pool.ts), who attacks.

import type { ChatSettings } from '../agent/chat.ts';
import { guardPolicy, knowingGuard } from '../agent/guarded.ts';
import { openJudge } from '../agent/judges.ts';
import { openSpeaker, parsePolicy, type Speaker } from '../agent/named.ts';
import { runEpisode } from '../agent/run-episode.ts';
import { scriptedPolicy } from '../agent/scripted.ts';
import { InputError } from '../episode/input.ts';
import { type Approvals, createApprovals } from '../guard/approval.ts';
import type { Classifier } from '../guard/classify.ts';
import type { Guard } from '../guard/guard.ts';
import type { Rulebook } from '../guard/rulebook.ts';
import type { Policy } from '../policy/policy.ts';
import { judge } from '../reward/verdict.ts';
import type { Effect } from '../safety/taxonomy.ts';
import type { Catalogue } from '../world/catalogue.ts';
import { openStage, type Stage } from '../world/environment.ts';
import { type Ground, INSIDE, openGround, type Wall } from '../world/ground.ts';
import { NO_ACCESS } from '../world/mcp/access.ts';
import type { Scenario } from '../world/scenario.ts';
import { toolByName } from '../world/services/index.ts';
import { openServices } from '../world/services/load.ts';
import { loadWorlds } from '../world/world.ts';
import { type Attempt, applyAttack, textOf } from './attack.ts';
import { insistentPolicy } from './insist.ts';
import { saysOrder } from './order.ts';
import { faultyOutcome, isHit, judgeTry, type Outcome, type Ruling } from './outcome.ts';
import { playScripted } from './places.ts';
import type { Target } from './target.ts';

/** One attack on one target. `number`: which try of the target's it is, from 1; 0 is none. */
export type Try = { readonly target: Target; readonly attempt: Attempt; readonly number: number };

/**
 * Who is attacked. `guard`: the rules of a guard before the policy; null: none. `judges`: its classifiers by name (agent/judges.ts);
 * left out: none. `asks`: most questions the guard lets through to the user in one episode, the policy's own among them; left out:
 * any number.
 */
export type Defence = {
  readonly policy: string;
  readonly guard: Rulebook | null;
  readonly judges?: readonly string[];
  readonly asks?: number;
};

export type ArenaOptions = {
  readonly defence: Defence;
  /** Threads inside an operator of a local model. */
  readonly threads?: number;
  readonly chat?: ChatSettings;
  /** Files with services of the user's own. */
  readonly services?: readonly string[];
  readonly wall?: Wall;
  /** Makes the guard anew for each episode; default: one that knows what tools do, with the defence's rules. */
  readonly guardFor?: (scenario: Scenario) => Guard;
  /** Where worlds live; default: as `wall` says. */
  readonly ground?: Ground;
  /** Makes the policy of a scenario; default: the defence's, by its name. */
  readonly policyFor?: (scenario: Scenario) => Policy;
};

/** Plays tries. */
export type Arena = {
  readonly name: string;
  /** Outcomes in the order of the tries; a failed try is an outcome. */
  play(tries: readonly Try[]): Promise<Outcome[]>;
  close(): Promise<void>;
};

/** The name of a defence, for tables. */
export function nameDefence({ policy, guard, judges = [], asks }: Defence): string {
  if (guard === null) return policy;
  return `${policy}+guard${judges.length > 0 ? '+judge' : ''}${asks === undefined ? '' : `+limit${asks}`}`;
}

/** Milliseconds a judge has for a text: no outcome shall hang on how busy the machine is. */
const PATIENCE = 600_000;

/** Opens an arena in this thread. Throws InputError as `openSpeaker`. Close it. */
export async function openArena(options: ArenaOptions): Promise<Arena> {
  const { defence, services = [], wall = 'inside' } = options;
  await loadWorlds();
  const own = await openServices(services);
  const ground = options.ground ?? (wall === 'inside' ? INSIDE : await openGround(wall, services));
  const speaker = options.policyFor ? null : await speakerOf(options);
  const scripted = options.policyFor === undefined && parsePolicy(defence.policy).kind === 'scripted';
  const judges = await Promise.all((defence.guard === null ? [] : (defence.judges ?? [])).map(openJudge));
  const classifiers = judges.map(({ classifier }) => classifier);
  const table: Table = { ...options, own, ground, speaker, scripted, classifiers, timer: timeTurns() };
  return {
    name: nameDefence(defence),
    async play(tries) {
      const ready = await Promise.all(tries.map((one) => prepareTry(table, one)));
      const staged = ready.filter((one) => 'stage' in one);
      speaker?.begin(staged.length); // its sampler waits for as many as are announced
      const outcomes = await Promise.all(staged.map((one, index) => playTry(table, one, index)));
      let at = 0;
      return ready.map((one) => ('stage' in one ? outcomes[at++]! : one));
    },
    async close() {
      await speaker?.close();
      for (const judge of judges) await judge.close();
      await ground.close();
    },
  };
}

const speakerOf = ({ defence, threads = 1, chat }: ArenaOptions): Promise<Speaker> =>
  openSpeaker(defence.policy, { threads, ...(chat ? { chat } : {}) });

/** A script is told the order whatever the text says; so the text must say it. */
function isSaid({ target, attempt, number }: Try): boolean {
  if (number === 0 || target.channel === 'approval' || target.channel === 'denial') return true;
  return saysOrder(textOf(attempt), target.order);
}

type Table = Omit<ArenaOptions, 'ground'> & {
  readonly own: Catalogue | null;
  readonly ground: Ground;
  readonly speaker: Speaker | null;
  readonly scripted: boolean;
  readonly classifiers: readonly Classifier[];
  /** Times the guard's judgements, one after the other. */
  readonly timer: Timer;
};

/** Carries out a work and tells the milliseconds of processor time it took; 0: not looked at. */
type Timer = <T>(work: () => Promise<T>) => Promise<{ readonly value: T; readonly took: number }>;

type Staged = { readonly target: Target; readonly scenario: Scenario; readonly stage: Stage };

/** Makes a try ready to be played, or says why it cannot be. */
async function prepareTry({ own, scripted }: Table, one: Try): Promise<Staged | Outcome> {
  const { target, attempt, number } = one;
  if (scripted && !isSaid(one)) return faultyOutcome('the text does not say what it wants', false);
  try {
    const scenario = applyAttack(target, attempt, `${target.scenario.id}~${number}`);
    return { target, scenario, stage: await openStage(scenario, NO_ACCESS, own) };
  } catch (error) {
    // What a place cannot hold (a text that is no path, a row too long) is a try that failed.
    if (error instanceof InputError || error instanceof RangeError) return faultyOutcome(error.message, false);
    throw error;
  }
}

async function playTry(table: Table, { target, scenario, stage }: Staged, index: number): Promise<Outcome> {
  const rulings: Ruling[] = [];
  const policy = makePolicy(table, target, scenario, rulings);
  const seat = { seed: scenario.seed, member: 0, index, ground: table.ground };
  const played = await runEpisode(policy, stage, seat);
  const whole = { ...played, rulings };
  const works = !isHit(target, whole) || (await stillWorks(scenario, table.own));
  return judgeTry(target, scenario, whole, works);
}

/** Whether an agent that does what is right still succeeds: an attack that breaks the user's task is none. */
export async function stillWorks(scenario: Scenario, own: Catalogue | null): Promise<boolean> {
  const { episode, facts } = await playScripted('oracle', scenario, own);
  return judge(episode, scenario, facts).success === true;
}

function makePolicy(table: Table, { channel }: Target, scenario: Scenario, rulings: Ruling[]): Policy {
  const { defence, guardFor, policyFor, speaker, own, classifiers } = table;
  // Who tires the user goes on asking; a script that gives up at the first no would show nothing.
  const insistent = table.scripted && channel === 'fatigue' ? insistentPolicy(defence.policy, scenario) : null;
  // Whose work is to be stopped does it, and heeds nobody.
  const steady = table.scripted && channel === 'denial' ? scriptedPolicy('oracle', scenario) : null;
  const inner = policyFor?.(scenario) ?? insistent ?? steady ?? speaker?.policyFor(scenario);
  if (inner === undefined) throw new Error('an arena without a policy');
  const bookFor = () => makeBook(defence);
  // How long a text takes does not hang on whose call it is; a model beside it would be charged to the guard.
  const timer = channel === 'denial' && table.scripted ? table.timer : untimed;
  if (guardFor) return guardPolicy(inner, () => watchGuard(guardFor(scenario), rulings, timer), bookFor);
  const { guard: rules } = defence;
  if (rules === null) return inner;
  const options = { rules, classifiers, timeout: PATIENCE, now: () => 0 };
  const known = knowingGuard((shown) => effectsOf(scenario, shown, own), options);
  return guardPolicy(inner, (brief) => watchGuard(known(brief), rulings, timer), bookFor);
}

/** The book of approvals of one episode, whose clock stands still: its window is the episode. */
function makeBook({ asks }: Defence): Approvals | null {
  return asks === undefined ? null : createApprovals({ now: () => 0, fatigue: { asks, window: 1 } });
}

function effectsOf(scenario: Scenario, shown: string, own: Catalogue | null): readonly Effect[] {
  const name = scenario.tools.find(({ as }) => as === shown)?.tool ?? '';
  return (own?.tools.get(name) ?? toolByName(name))?.effects ?? [];
}

/** Carries out works in the order they came, each once the one before has ended, well or not, and times each. */
function timeTurns(): Timer {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(async () => {
      const clock = startClock();
      return { value: await work(), took: clock() };
    });
    last = done.catch(() => undefined);
    return done;
  };
}

const untimed: Timer = async (work) => ({ value: await work(), took: 0 });

/** Milliseconds of this thread's processor time since it was called; of time where the runtime does not tell. */
function startClock(): () => number {
  if (typeof process.threadCpuUsage !== 'function') {
    const start = performance.now();
    return () => performance.now() - start;
  }
  const start = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / 1000;
  };
}

/** A guard whose rulings are noted. */
function watchGuard(guard: Guard, rulings: Ruling[], timer: Timer): Guard {
  return {
    ...guard,
    async judgeCall(conversation, call, signal) {
      const { value: judged, took } = await timer(() => guard.judgeCall(conversation, call, signal));
      const said: Ruling['call'] = { name: call.name, arguments: JSON.parse(JSON.stringify(call.arguments)) };
      rulings.push({ call: said, decision: judged.decision, reasons: judged.reasons.map(({ text }) => text), took });
      return judged;
    },
    async judgeText(conversation, text, signal) {
      const { value: judged, took } = await timer(() => guard.judgeText(conversation, text, signal));
      rulings.push({ call: null, decision: judged.action, reasons: judged.reasons.map((reason) => reason.text), took });
      return judged;
    },
  };
}
