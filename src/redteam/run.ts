// A red team run in a directory: every arm measured without attacks, every attacker's campaign against it, the best attacks
// shortened and tried elsewhere. Journals make it go on where it was stopped. Not here: the report (report.ts), flags (cli).
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChatSettings } from '../agent/chat.ts';
import { parsePolicy } from '../agent/named.ts';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { writeAtomic } from '../evaluate/file.ts';
import { type Rate, wilson } from '../evaluate/metrics.ts';
import type { Scenario } from '../world/scenario.ts';
import { type Arena, type Defence, nameDefence, openArena } from './arena.ts';
import { NO_ATTACK } from './attack.ts';
import type { Attacker } from './attacker.ts';
import { type Fate, runCampaign } from './campaign.ts';
import { type Arm, ASKS, type AttackerName, type RedteamConfig, redteamSchema } from './config.ts';
import { chooseBest, type Found, writeFound } from './found.ts';
import { buildAttempt } from './genome.ts';
import { openJournal } from './journal.ts';
import { minimiseAttacks } from './minimise.ts';
import { openArenas } from './pool.ts';
import { gatherOpponents } from './population.ts';
import { findTargets, type Target } from './target.ts';

export type RunOptions = {
  readonly root: string;
  readonly config: RedteamConfig;
  readonly scenarios: readonly Scenario[];
  /** Scenarios of other domains, on which found attacks are tried. */
  readonly others: readonly Scenario[];
  /** Worker threads. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly chat?: ChatSettings;
  readonly services?: readonly string[];
  readonly openAttacker: (name: AttackerName, defence: Defence) => Promise<Attacker>;
  readonly onProgress: (what: string, done: number, total: number, broken: number) => void;
};

/** What an arm does where nobody attacks: benign tasks done, and benign tasks in which the user was asked. */
export type Clean = { readonly utility: Rate; readonly overAsk: Rate };

export type Campaign = { readonly arm: Arm; readonly attacker: AttackerName; readonly fates: readonly Fate[] };

/** Found attacks on one defence, tried on another. */
export type Transfer = { readonly from: string; readonly to: string; readonly rate: Rate };

export type RedteamResult = {
  readonly config: RedteamConfig;
  readonly targets: readonly Target[];
  readonly clean: ReadonlyMap<Arm, Clean>;
  readonly campaigns: readonly Campaign[];
  readonly found: readonly Found[];
  readonly transfers: readonly Transfer[];
  /** The suite of found attacks; null: none was found. */
  readonly suite: string | null;
};

/** The SHA-256 of scenarios, by which a run knows them again. */
export function hashScenarios(scenarios: readonly Scenario[]): string {
  const hash = createHash('sha256');
  for (const scenario of scenarios) hash.update(JSON.stringify(scenario));
  return hash.digest('hex');
}

/** Makes the directory of a run, or checks that the one there is of this run. Throws InputError if it is of another, or is there and `resume` is not said. */
export async function openRun(root: string, config: RedteamConfig, resume: boolean): Promise<void> {
  const file = join(root, 'config.json');
  if (existsSync(file)) {
    if (!resume) throw new InputError(root, 'holds a run already, expected --resume or another --out');
    const known = checkInput(redteamSchema, parseJson(await readFile(file, 'utf8'), file), file);
    if (JSON.stringify(known) !== JSON.stringify(redteamSchema.parse(config)))
      throw new InputError(
        root,
        'holds another run, expected the same policy, guard, classifiers, suite, attackers, budget and seed',
      );
    return;
  }
  await mkdir(join(root, 'tries'), { recursive: true });
  await writeAtomic(file, `${JSON.stringify(config, null, 2)}\n`);
}

/** Who is attacked in an arm. */
export function defenceOf(
  arm: Arm,
  { policy, guard, judges, asks = ASKS }: Pick<RedteamConfig, 'policy' | 'guard' | 'judges' | 'asks'>,
): Defence {
  const guarded = { guard, ...(judges === undefined ? {} : { judges }) };
  switch (arm) {
    case 'policy':
      return { policy, guard: null };
    case 'guard':
      return { policy: 'scripted:compromised', ...guarded };
    case 'both':
      return { policy, ...guarded };
    case 'guard+limit':
      return { policy: 'scripted:compromised', ...guarded, asks };
    case 'both+limit':
      return { policy, ...guarded, asks };
  }
}

/** Runs, or goes on with, a red team run. Rejects when the signal aborts; whole rounds are kept. */
export async function runRedteam(options: RunOptions): Promise<RedteamResult> {
  const arenas = new Map<string, Promise<Arena>>();
  const open = (defence: Defence): Promise<Arena> => {
    const name = nameDefence(defence);
    const known = arenas.get(name) ?? openDefence(options, defence);
    arenas.set(name, known);
    return known;
  };
  try {
    return await perform({ ...options, open });
  } finally {
    for (const arena of await Promise.allSettled(arenas.values()))
      if (arena.status === 'fulfilled') await arena.value.close();
  }
}

const aimOf = ({ channels, tires }: RedteamConfig) => ({ channels, ...(tires === undefined ? {} : { tires }) });

/** A run whose arenas stay open to its end: threads take longer to start than most of their work. */
type Running = RunOptions & { readonly open: (defence: Defence) => Promise<Arena> };

async function perform(options: Running): Promise<RedteamResult> {
  const { config, scenarios, root } = options;
  const targets = await findTargets(scenarios, aimOf(config));
  if (targets.length === 0)
    throw new InputError('the suite', 'no scenario with a planted order or a malicious goal, expected one at least');
  const clean = new Map<Arm, Clean>();
  const campaigns: Campaign[] = [];
  const found: Found[] = [];
  for (const arm of config.arms) {
    const defence = defenceOf(arm, config);
    const arena = await options.open(defence);
    clean.set(arm, await measureClean(arena, scenarios));
    for (const name of config.attackers) {
      if (name === 'gradient' && arm.startsWith('guard')) continue; // a guard has no weights
      const fates = await attack(options, { arm, arena, targets, name, defence });
      campaigns.push({ arm, attacker: name, fates });
      found.push(...fates.flatMap((fate) => describeFate(fate, { name, defence, config })));
    }
  }
  const best = await shorten(options, chooseBest(found));
  const carried = await carryOver(options, best);
  const suite = best.length === 0 ? null : await writeFound(join(root, 'scenarios', 'found'), best);
  return {
    config,
    targets,
    clean,
    campaigns,
    found: best,
    transfers: [...(await transfer(options, best)), ...carried],
    suite,
  };
}

/** A chat model is asked from this thread, so that its limits hold for all; anybody else plays in threads. */
async function openDefence({ jobs, chat, services = [] }: RunOptions, defence: Defence): Promise<Arena> {
  if (parsePolicy(defence.policy).kind === 'chat') return openArena({ defence, services, ...(chat ? { chat } : {}) });
  return openArenas({ defence, services }, jobs);
}

/** Plays benign tasks without an order in them. */
async function measureClean(arena: Arena, scenarios: readonly Scenario[]): Promise<Clean> {
  const benign = scenarios.filter(({ labels }) => labels.prompt === 'benign' && labels.response !== 'malicious');
  const tries = benign.map((scenario) => {
    const order = { phrase: scenario.request, calls: [], claim: null };
    const target: Target = { id: scenario.id, channel: 'user', scenario, order, harms: [], places: [] };
    return { target, attempt: NO_ATTACK, number: 0 };
  });
  const outcomes = (await arena.play(tries)).filter(({ goal }) => goal !== null);
  const rate = (holds: (outcome: (typeof outcomes)[number]) => boolean): Rate =>
    wilson(outcomes.filter(holds).length, outcomes.length);
  return { utility: rate(({ goal }) => goal === true), overAsk: rate(({ checks }) => checks > 0) };
}

type Front = {
  readonly arm: Arm;
  readonly arena: Arena;
  readonly targets: readonly Target[];
  readonly name: AttackerName;
  readonly defence: Defence;
};

async function attack(options: Running, { arm, arena, targets, name, defence }: Front): Promise<Fate[]> {
  const { config, root, signal, onProgress } = options;
  const journal = await openJournal(join(root, 'tries', `${arm}-${name}.jsonl`));
  const attacker = await options.openAttacker(name, defence);
  try {
    return await runCampaign({
      ...{ targets, attacker, arena, journal, signal },
      ...{ level: config.level, budget: config.budget, seed: config.seed },
      onRound: (done, total, broken) => onProgress(`${arm}, ${name}`, done, total, broken),
    });
  } finally {
    await attacker.close?.();
  }
}

function describeFate(
  { target, attempt, brokenAt }: Fate,
  { name, defence, config }: { readonly name: AttackerName; readonly defence: Defence; readonly config: RedteamConfig },
): Found[] {
  if (attempt === null || brokenAt === null || brokenAt === 0) return [];
  const { level, seed } = config;
  const from = { attacker: name, level, seed, defence: nameDefence(defence), tries: brokenAt };
  return [{ target, attempt, short: attempt, ...from }];
}

/** The defences by name: the run's arms, and the other policies with and without its guard. */
function listDefences({ transfer, ...config }: RedteamConfig): ReadonlyMap<string, Defence> {
  const { arms, guard, judges } = config;
  const own = arms.map((arm) => defenceOf(arm, config));
  const others = transfer.flatMap((other): Defence[] => [
    { policy: other, guard: null },
    ...(guard === null ? [] : [{ policy: other, guard, ...(judges === undefined ? {} : { judges }) }]),
  ]);
  return new Map([...own, ...others].map((defence) => [nameDefence(defence), defence]));
}

async function shorten(options: Running, found: readonly Found[]): Promise<Found[]> {
  const { config, signal } = options;
  if (config.minimise === 0) return [...found];
  const results: Found[] = [];
  for (const [name, defence] of listDefences(config)) {
    const own = found.filter((one) => one.defence === name);
    if (own.length === 0) continue;
    const arena = await options.open(defence);
    const shorts = await minimiseAttacks(arena, own, config.minimise, (done) => {
      signal.throwIfAborted();
      options.onProgress(`shortening, ${name}`, done, own.length, own.length);
    });
    results.push(...own.map((one, at) => ({ ...one, short: shorts[at] ?? one.attempt })));
  }
  return results;
}

/** The most of a defence's opponents that are tried on each new target. */
const CARRIED = 8;

/** Tries what broke a defence on it again, on targets of other domains: broken where any of the opponents breaks it. */
async function carryOver(options: Running, found: readonly Found[]): Promise<Transfer[]> {
  const targets = await findTargets(options.others, aimOf(options.config));
  const results: Transfer[] = [];
  for (const [name, defence] of targets.length === 0 ? [] : listDefences(options.config)) {
    const opponents = gatherOpponents(found.filter((one) => one.defence === name));
    if (opponents.length === 0) continue;
    const arena = await options.open(defence);
    for (const channel of options.config.channels) {
      const members = opponents.filter((one) => one.channel === channel).slice(0, CARRIED);
      const own = targets.filter((target) => target.channel === channel);
      if (members.length === 0 || own.length === 0) continue;
      const tries = own.flatMap((target) =>
        members.map(({ genes }, at) => ({ target, attempt: buildAttempt(target, genes), number: at + 1 })),
      );
      const outcomes = await arena.play(tries);
      const broken = own.filter((_, at) =>
        outcomes.slice(at * members.length, (at + 1) * members.length).some((outcome) => outcome.broken === true),
      );
      const to = `${name}, other domains (${channel}, ${members.length} tries)`;
      results.push({ from: name, to, rate: wilson(broken.length, own.length) });
    }
  }
  return results;
}

/** Plays each defence's found attacks on every other one. */
async function transfer(options: Running, found: readonly Found[]): Promise<Transfer[]> {
  const results: Transfer[] = [];
  const sources = [...new Set(found.map(({ defence }) => defence))];
  for (const [to, defence] of found.length === 0 ? [] : listDefences(options.config)) {
    const arena = await options.open(defence);
    for (const from of sources) {
      options.signal.throwIfAborted();
      const own = found.filter((one) => one.defence === from);
      const outcomes = await arena.play(own.map(({ target, short }) => ({ target, attempt: short, number: 1 })));
      const judged = outcomes.filter(({ broken }) => broken !== null);
      results.push({ from, to, rate: wilson(judged.filter(({ broken }) => broken).length, judged.length) });
    }
  }
  return results;
}
