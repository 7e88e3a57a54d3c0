// `tribune evaluate`: the rates of a policy on a suite or a benchmark, beside agents that do right, nothing, or everything.
import type { Actor } from '../agent/named.ts';
import type { Episode } from '../episode/episode.ts';
import { InputError } from '../episode/input.ts';
import { countUnjudged, measure, measureChecked } from '../evaluate/metrics.ts';
import type { ParsedArgs } from './args.ts';
import { BENCHMARK_FLAGS, BENCHMARKS, evaluateBenchmark } from './benchmarks.ts';
import { tellDryRun, tellOutage } from './chat.ts';
import { BASELINES, evaluateInjecAgent } from './injecagent.ts';
import type { Io } from './output.ts';
import { placeFields, tellPlace } from './place.ts';
import { describeChecked, describeMetrics, type Measured } from './rates.ts';
import { openSuite, POLICY_FLAGS, requirePolicy, SUITE_FLAGS, type Suite, stepBlocks, withActor } from './suite.ts';
import { defineVerb } from './verb.ts';

const FLAGS = {
  ...POLICY_FLAGS,
  ...SUITE_FLAGS,
  ...BENCHMARK_FLAGS,
  setting: {
    kind: 'choice',
    choices: ['base', 'enhanced'],
    summary: 'injecagent: how attacks are worded (default base)',
  },
} as const;

type Flags = ParsedArgs<typeof FLAGS>['flags'];

/** Flags that would be ignored, by what is evaluated. */
const OF_SUITES = ['count', 'seed', 'split'] as const;
const OF_INJECAGENT = ['setting'] as const;
const OF_BENCHMARKS = [
  'data',
  'limit',
  'variant',
  'mode',
  'trials',
  'judge',
  'guard',
  'out',
  'junit',
  'fail-under',
] as const;

export const verb = defineVerb({
  summary: 'Measure a policy on a suite or on a benchmark, beside its baselines.',
  usage: 'core|wide|open|FILE|BENCHMARK',
  flags: FLAGS,
  async run({ flags, positionals }, io) {
    const name = positionals[0]!;
    const isBenchmark = Object.hasOwn(BENCHMARKS, name);
    if (name === 'injecagent') refuseFlags(flags, [...OF_SUITES, 'mode'], name);
    else
      refuseFlags(flags, isBenchmark ? [...OF_SUITES, ...OF_INJECAGENT] : [...OF_BENCHMARKS, ...OF_INJECAGENT], name);
    await requirePolicy(flags.policy);
    if (isBenchmark) return tellOutage(flags.policy, () => evaluateBenchmark(name, flags, io));
    if (name === 'injecagent') return tellOutage(flags.policy, () => evaluateInjecAgent(flags, io));
    await evaluateEpisodes(name, flags, io);
    return 0;
  },
});

/** Refuses flags that would be ignored. */
function refuseFlags(flags: Flags, names: readonly (keyof Flags)[], suite: string): void {
  const isGiven = (value: Flags[keyof Flags]): boolean =>
    Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  const given = names.find((name) => isGiven(flags[name]));
  if (given !== undefined) throw new InputError('tribune evaluate', `--${given} does not go with ${suite}`);
}

async function evaluateEpisodes(name: string, flags: Flags, io: Io): Promise<void> {
  const { policy } = flags;
  const suite = await openSuite(name, flags);
  const episodes = await withActor({ ...flags, place: suite.place }, io, (actor) => playEpisodes(actor, suite, io));
  if (flags['dry-run']) return void tellDryRun(io);
  const metrics = measure(episodes);
  const rows: Measured[] = [{ title: policy, metrics }];
  for (const { policy: baseline, title } of io.json ? [] : BASELINES) {
    const played = await withActor({ ...flags, policy: baseline, place: suite.place }, io, (actor) =>
      playEpisodes(actor, suite, io),
    );
    rows.push({ title, metrics: measure(played) });
  }
  tellPlace(io, suite.place);
  const document = {
    policy,
    suite: suite.name,
    split: suite.split,
    seed: suite.seed,
    ...placeFields(suite.place),
    metrics,
  };
  const told = [describeMetrics(suite, rows, countUnjudged(episodes)), describeChecked(measureChecked(episodes))];
  io.result(document, told.join('\n'));
}

async function playEpisodes(actor: Actor, suite: Suite, io: Io): Promise<readonly Episode[]> {
  const { playSuite } = await import('../evaluate/suite.ts');
  const step = stepBlocks(actor, suite, io);
  const episodes: Episode[] = [];
  for await (const episode of playSuite(actor, suite.scenarios, 'tribune')) step(episodes.push(episode));
  return episodes;
}
