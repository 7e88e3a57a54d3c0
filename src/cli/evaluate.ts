// `tribune evaluate`: the rates of a policy on a suite or a benchmark, beside agents that do right, nothing, or everything.
import type { Actor, Speaker } from '../agent/named.ts';
import type { Episode } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import type { InjecReport } from '../evaluate/benchmarks/injecagent/evaluate.ts';
import { countUnjudged, measure } from '../evaluate/metrics.ts';
import type { ParsedArgs } from './args.ts';
import type { Io } from './output.ts';
import { describeAttacks, describeMetrics, type Measured } from './rates.ts';
import { openSuite, POLICY_FLAGS, requirePolicy, SUITE_FLAGS, type Suite, stepBlocks, withActor } from './suite.ts';
import { defineVerb } from './verb.ts';

/** Who stands beside the policy, and as what. */
const BASELINES = [
  { policy: 'scripted:oracle', title: 'oracle' },
  { policy: 'scripted:idle', title: 'do nothing' },
  { policy: 'scripted:compromised', title: 'comply with everything' },
] as const;

const FLAGS = {
  ...POLICY_FLAGS,
  ...SUITE_FLAGS,
  data: { kind: 'string', value: 'DIR', summary: "injecagent: the benchmark's directory" },
  setting: {
    kind: 'choice',
    choices: ['base', 'enhanced'],
    summary: 'injecagent: how attacks are worded (default base)',
  },
  limit: { kind: 'integer', min: 1, summary: 'injecagent: at most so many cases, spread evenly (default: all)' },
} as const;

type Flags = ParsedArgs<typeof FLAGS>['flags'];

export const verb = defineVerb({
  summary: 'Measure a policy on a suite or on a benchmark, beside its baselines.',
  usage: 'core|FILE|injecagent',
  flags: FLAGS,
  async run({ flags, positionals }, io) {
    const name = positionals[0]!;
    refuseFlags(flags, name === 'injecagent' ? ['count', 'seed', 'split'] : ['data', 'setting', 'limit'], name);
    await requirePolicy(flags.policy);
    if (name === 'injecagent') await evaluateCases(flags, io);
    else await evaluateEpisodes(name, flags, io);
    return 0;
  },
});

/** Refuses flags that would be ignored. */
function refuseFlags(flags: Flags, names: readonly (keyof Flags)[], suite: string): void {
  const given = names.find((name) => flags[name] !== undefined);
  if (given !== undefined) throw new InputError('tribune evaluate', `--${given} does not go with ${suite}`);
}

async function evaluateEpisodes(name: string, { policy, workers, ...chosen }: Flags, io: Io): Promise<void> {
  const suite = await openSuite(name, chosen);
  const episodes = await withActor(policy, workers, (actor) => playEpisodes(actor, suite, io));
  const metrics = measure(episodes);
  const rows: Measured[] = [{ title: policy, metrics }];
  for (const { policy: baseline, title } of io.json ? [] : BASELINES) {
    const played = await withActor(baseline, workers, (actor) => playEpisodes(actor, suite, io));
    rows.push({ title, metrics: measure(played) });
  }
  const document = { policy, suite: suite.name, split: suite.split, seed: suite.seed, metrics };
  io.result(document, describeMetrics(suite, rows, countUnjudged(episodes)));
}

async function playEpisodes(actor: Actor, suite: Suite, io: Io): Promise<readonly Episode[]> {
  const { playSuite } = await import('../evaluate/suite.ts');
  const step = stepBlocks(actor, suite, io);
  const episodes: Episode[] = [];
  for await (const episode of playSuite(actor, suite.scenarios, 'tribune')) step(episodes.push(episode));
  return episodes;
}

async function evaluateCases({ policy, workers, data, setting = 'base', ...rest }: Flags, io: Io): Promise<void> {
  if (data === undefined)
    throw new InputError('tribune evaluate', "--data is missing, it needs the benchmark's directory");
  const { evaluateInjec, loadTasks } = await import('../evaluate/benchmarks/injecagent/evaluate.ts');
  const limit = rest.limit ?? null;
  const tasks = await loadTasks({ data, setting, limit });
  const run = (name: string): Promise<InjecReport> =>
    withSpeaker(name, workers, (speaker) => {
      const progress = io.progress(name, 2 * tasks.length);
      const onProgress = (done: number): void => progress.step(done);
      return evaluateInjec(speaker, { data, setting, limit, signal: io.signal, onProgress });
    });
  const report = await run(policy);
  const rows: [string, InjecReport][] = [[policy, report]];
  for (const { policy: baseline, title } of io.json ? [] : BASELINES) rows.push([title, await run(baseline)]);
  io.result(report, describeAttacks(report, rows));
}

async function withSpeaker<T>(name: string, threads: number, use: (speaker: Speaker) => Promise<T>): Promise<T> {
  const { openSpeaker } = await import('../agent/named.ts');
  const speaker = await openSpeaker(name, { threads });
  try {
    return await use(speaker);
  } finally {
    await speaker.close();
  }
}
