// `tribune redteam`: attacks a policy, a guard and both together with attackers that search and learn, and reports what breaks
// and at what price. The same command with --resume goes on where it was stopped.
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import type { Chat } from '../agent/chat.ts';
import { InputError } from '../episode/input.ts';
import type { Rulebook } from '../guard/rulebook.ts';
import type { AttackerName, RedteamConfig } from '../redteam/config.ts';
import { isSuite } from '../world/generate/suite-names.ts';
import type { FlagSpec, ParsedArgs } from './args.ts';
import { CHAT_FLAGS, readChat, tellOutage } from './chat.ts';
import type { Io } from './output.ts';
import { openSuite, requirePolicy, SUITE_FLAGS, type Suite } from './suite.ts';
import { defineVerb } from './verb.ts';

const LEVELS = ['black', 'grey', 'white'] as const;
const CHANNELS = ['tool', 'user', 'approval', 'late', 'error', 'header', 'fatigue', 'denial'] as const;
const ARMS = ['policy', 'guard', 'both', 'guard+limit', 'both+limit'] as const;

const FLAGS = {
  ...CHAT_FLAGS,
  policy: {
    kind: 'string',
    value: 'POLICY',
    required: true,
    summary: 'who is attacked: scripted:…, local:DIR, chat:MODEL@URL',
  },
  guard: {
    kind: 'string',
    value: 'RULES',
    summary: 'a guard before it: a rule file, or builtin; attacked alone and with the policy',
  },
  classifier: {
    kind: 'list',
    value: 'NAME',
    summary: 'a classifier of the guard: learned, learned:requests, local:DIR, requests:local:DIR; may be repeated',
  },
  budget: { kind: 'integer', min: 1, max: 1_000_000, required: true, summary: 'tries of each attacker on each target' },
  'budget-seconds': { kind: 'integer', min: 1, summary: 'seconds of each campaign, beside the tries' },
  'budget-tokens': { kind: 'integer', min: 1, summary: 'words and signs each campaign may write, beside the tries' },
  suite: { kind: 'string', value: 'core|wide|open|FILE', fallback: 'core', summary: 'the scenarios' },
  count: { ...SUITE_FLAGS.count, summary: 'how many scenarios (core, wide, open: 48, a file: all)' },
  split: SUITE_FLAGS.split,
  'suite-seed': SUITE_FLAGS.seed,
  attackers: {
    kind: 'string',
    value: 'LIST',
    fallback: 'template,evolve,bandit',
    summary: 'attackers, with commas: random, template, best-of-n, evolve, bandit, gradient, learned, human, chat',
  },
  knowledge: {
    kind: 'choice',
    choices: LEVELS,
    fallback: 'grey',
    summary: 'what attackers see: whether it worked; decisions and reasons; weights and rules',
  },
  'attacker-model': { kind: 'string', value: 'chat:MODEL@URL', summary: 'the model of the attacker chat' },
  channels: {
    kind: 'string',
    value: 'LIST',
    fallback: 'tool,user',
    summary: 'through whom, with commas: tool, user, approval; late, error, header, fatigue, denial',
  },
  tires: { kind: 'integer', min: 1, max: 1000, summary: 'fatigue: questions after which a user approves all (5)' },
  arms: {
    kind: 'string',
    value: 'LIST',
    summary: 'with commas: policy, guard, both (default: those there are), guard+limit, both+limit',
  },
  asks: { kind: 'integer', min: 1, max: 1000, summary: 'the arms with a limit: questions the guard lets through (10)' },
  transfer: { kind: 'list', value: 'POLICY', summary: 'another policy on which found attacks are tried' },
  carry: {
    kind: 'integer',
    min: 0,
    max: 100_000,
    fallback: 0,
    summary: 'scenarios of the other split (core, wide, open), on which found attacks are tried',
  },
  seed: { kind: 'integer', min: 0, fallback: 1, summary: 'seed of the attackers' },
  minimise: { kind: 'integer', min: 0, max: 10_000, fallback: 40, summary: 'tries to shorten each found attack' },
  jobs: { kind: 'integer', min: 1, max: 512, summary: 'worker threads (default: one per core)' },
  out: { kind: 'string', value: 'DIR', required: true, summary: 'the directory of the run' },
  resume: { kind: 'boolean', summary: 'go on with the run in that directory' },
} as const satisfies FlagSpec;

type Flags = ParsedArgs<typeof FLAGS>['flags'];

/** Scenarios of a generated suite, unless said otherwise. */
const COUNT = 48;

export const verb = defineVerb({
  summary: 'Attack a policy, a guard and both with attackers that search and learn; report what breaks.',
  usage: '',
  flags: FLAGS,
  async run({ flags }, io) {
    await requirePolicy(flags.policy);
    for (const other of flags.transfer ?? []) await requirePolicy(other);
    const suite = await openTargets(flags);
    const { hashScenarios, openRun, runRedteam } = await import('../redteam/run.ts');
    const config = await readConfig(flags, suite, hashScenarios(suite.scenarios));
    await openRun(flags.out, config, flags.resume);
    const { openAttacker } = await import('../redteam/attackers/index.ts');
    const ask = askLines(io);
    const others = await openOthers(flags, suite);
    let line: { readonly what: string; readonly progress: ReturnType<Io['progress']> } | null = null;
    const result = await tellOutage(flags.policy, () =>
      runRedteam({
        ...{ root: flags.out, config, scenarios: suite.scenarios, others, signal: io.signal },
        jobs: flags.jobs ?? availableParallelism(),
        ...(flags.policy.startsWith('chat:') ? { chat: readChat(flags, false, io) } : {}),
        openAttacker: (name, defence) =>
          openAttacker(name, {
            ...{ seed: config.seed, level: config.level, channels: config.channels, defence, ask },
            ...modelOf(flags, io),
          }),
        onProgress(what, done, total, broken) {
          if (line?.what !== what) line = { what, progress: io.progress(what, total, 0) };
          line.progress.step(done, { broken });
        },
      }),
    );
    await writeReport(flags.out, result, io);
    return 0;
  },
});

/** Asks a person on standard input, line by line; null at its end. Questions go to standard error. */
function askLines(io: Io): (question: string) => Promise<string | null> {
  let lines: AsyncIterator<string> | null = null;
  return async (question) => {
    io.log(question);
    const { createInterface } = await import('node:readline');
    lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    return done ? null : value;
  };
}

/** The model that writes attacks; its calls are kept apart from those of a policy. */
function modelOf(flags: Flags, io: Io): { readonly openChat?: () => Promise<Chat> } {
  const name = flags['attacker-model'];
  if (name === undefined) return {};
  if (!name.startsWith('chat:')) throw new InputError('--attacker-model', 'expected chat:MODEL@URL');
  return {
    async openChat() {
      const { openChat } = await import('../agent/chat.ts');
      const { parseTarget } = await import('../policy/remote/target.ts');
      const calls = flags.calls === undefined ? {} : { calls: `${flags.calls}.attacker` };
      return openChat(name, parseTarget(name.slice('chat:'.length)), readChat({ ...flags, ...calls }, false, io));
    },
  };
}

async function openTargets(flags: Flags): Promise<Suite> {
  const places = { wall: undefined, jail: false } as const;
  const isFile = !isSuite(flags.suite);
  const count = flags.count ?? (isFile ? undefined : COUNT);
  return openSuite(flags.suite, { ...places, count, seed: flags['suite-seed'], split: flags.split });
}

/** Scenarios of the split that is not attacked, which has domains of its own. */
async function openOthers(flags: Flags, { name, split }: Suite): Promise<Suite['scenarios']> {
  if (flags.carry === 0) return [];
  if (!isSuite(name)) throw new InputError('--carry', 'needs a generated suite, expected core, wide or open');
  const other = split === 'train' ? 'heldout' : 'train';
  return (await openTargets({ ...flags, count: flags.carry, split: other })).scenarios;
}

async function readConfig(flags: Flags, suite: Suite, scenarios: string): Promise<RedteamConfig> {
  const { ATTACKERS, armsOf } = await import('../redteam/config.ts');
  const guard = flags.guard === undefined ? null : await readGuard(flags.guard);
  const { budget: tries, 'budget-seconds': seconds, 'budget-tokens': tokens } = flags;
  const { name, split, seed } = suite;
  const arms = flags.arms === undefined ? armsOf({ guard }) : readList('--arms', flags.arms, ARMS);
  if (guard === null && arms.some((arm) => arm !== 'policy'))
    throw new InputError('--arms', `${flags.arms} needs a guard, expected --guard RULES or builtin`);
  const judges = await readJudges(flags, guard);
  const channels = readList('--channels', flags.channels, CHANNELS);
  return {
    version: 1,
    policy: flags.policy,
    guard,
    ...(judges.length > 0 ? { judges: [...judges] } : {}),
    suite: { name, split, seed, count: suite.scenarios.length },
    scenarios,
    arms: [...arms],
    attackers: [...readList<AttackerName>('--attackers', flags.attackers, ATTACKERS)],
    level: flags.knowledge,
    channels: [...channels],
    ...(await readFatigue(flags, channels, arms)),
    budget: { tries, ...(seconds === undefined ? {} : { seconds }), ...(tokens === undefined ? {} : { tokens }) },
    seed: flags.seed,
    minimise: flags.minimise,
    transfer: [...(flags.transfer ?? [])],
    carry: flags.carry,
    model: flags['attacker-model'] ?? null,
  };
}

/** What is said of users who tire, and of guards that ask less; nothing where neither is among what is attacked. */
async function readFatigue(
  { tires, asks }: Flags,
  channels: readonly string[],
  arms: readonly string[],
): Promise<Pick<RedteamConfig, 'tires' | 'asks'>> {
  const { ASKS } = await import('../redteam/config.ts');
  const { TIRES } = await import('../redteam/surface.ts');
  const isTiring = channels.includes('fatigue');
  const isLimited = arms.some((arm) => arm.endsWith('+limit'));
  if (tires !== undefined && !isTiring) throw new InputError('--tires', 'needs the channel fatigue');
  if (asks !== undefined && !isLimited)
    throw new InputError('--asks', 'needs an arm with a limit, expected guard+limit or both+limit');
  return { ...(isTiring ? { tires: tires ?? TIRES } : {}), ...(isLimited ? { asks: asks ?? ASKS } : {}) };
}

async function readJudges({ classifier = [] }: Flags, guard: Rulebook | null): Promise<readonly string[]> {
  if (classifier.length > 0 && guard === null)
    throw new InputError('--classifier', 'needs a guard, expected --guard RULES or builtin');
  const { isJudge, JUDGE_FORMS } = await import('../agent/judges.ts');
  for (const name of classifier)
    if (!isJudge(name))
      throw new InputError(`--classifier ${JSON.stringify(name)}`, `unknown, expected ${JUDGE_FORMS}`);
  return classifier;
}

async function readGuard(rules: string): Promise<Rulebook> {
  const { readRules } = await import('./guard-replay.ts');
  return readRules(rules === 'builtin' ? undefined : rules);
}

function readList<T extends string>(flag: string, text: string, known: readonly T[]): readonly T[] {
  const names = text.split(',').map((name) => name.trim());
  return [...new Set(names)].map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined)
      throw new InputError(flag, `unknown ${JSON.stringify(name)}, expected some of ${known.join(', ')}`);
    return found;
  });
}

async function writeReport(
  root: string,
  result: Awaited<ReturnType<typeof import('../redteam/run.ts')['runRedteam']>>,
  io: Io,
): Promise<void> {
  const { redteamDocument, redteamMarkdown, redteamPage } = await import('../redteam/report.ts');
  const { writeAtomic } = await import('./input.ts');
  const document = redteamDocument(result);
  await writeAtomic(join(root, 'report.json'), `${JSON.stringify(document, null, 2)}\n`);
  await writeAtomic(join(root, 'report.html'), redteamPage(result));
  io.result(document, `${redteamMarkdown(result)}\nreport: ${relative('.', join(root, 'report.html'))}`);
}
