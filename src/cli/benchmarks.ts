// The public benchmarks of `tribune evaluate` that come down to rows of facts: each by its name, loaded when asked for, played by
// the policy and by its baselines, and told. Not a verb.
import type { Speaker } from '../agent/named.ts';
import { InputError } from '../episode/input.ts';
import type { Benchmark, Context } from '../evaluate/benchmarks/benchmark.ts';
import type { Played } from '../evaluate/benchmarks/row.ts';
import { type Outcome, summarisePlayed } from '../evaluate/outcome.ts';
import { formatPercent } from '../evaluate/report/figures.ts';
import type { Guard } from '../guard/guard.ts';
import type { FlagSpec, ParsedArgs } from './args.ts';
import { CHAT_FLAGS, readChat, tellDryRun } from './chat.ts';
import { EXECUTOR_FLAGS, executorOf } from './executor.ts';
import { type Cell, formatTable, type Io } from './output.ts';

/** The benchmarks by name. */
export const BENCHMARKS: { readonly [name: string]: () => Promise<Benchmark> } = {
  agentdojo: async () => (await import('../evaluate/benchmarks/agentdojo/evaluate.ts')).benchmark,
  asb: async () => (await import('../evaluate/benchmarks/asb/evaluate.ts')).benchmark,
  'agent-safetybench': async () => (await import('../evaluate/benchmarks/agentsafety/evaluate.ts')).benchmark,
  bfcl: async () => (await import('../evaluate/benchmarks/bfcl/evaluate.ts')).benchmark,
  rjudge: async () => (await import('../evaluate/benchmarks/rjudge/evaluate.ts')).benchmark,
  agentharm: async () => (await import('../evaluate/benchmarks/agentharm/evaluate.ts')).benchmark,
};

/** Flags of benchmarks. */
export const BENCHMARK_FLAGS = {
  data: { kind: 'string', value: 'DIR', summary: "benchmarks: the directory with the benchmark's official files" },
  limit: { kind: 'integer', min: 1, summary: 'benchmarks: at most so many cases, spread evenly (default: all)' },
  variant: { kind: 'string', summary: 'benchmarks: which attack, form or part; an unknown one is told with the known' },
  mode: {
    kind: 'string',
    value: 'MODE',
    summary: 'bfcl: ask by function calls (functions, the default) or in plain text (prompt)',
  },
  trials: { kind: 'integer', min: 1, max: 100, summary: 'benchmarks: play every case so often (pass^k)' },
  judge: {
    kind: 'string',
    value: 'chat:MODEL@URL',
    summary: 'benchmarks: a model that judges, where a benchmark asks for one',
  },
  guard: {
    kind: 'string',
    value: 'RULES',
    summary: 'benchmarks: put the guard before every call, with this file of rules, or `builtin` for none',
  },
  out: {
    kind: 'string',
    value: 'DIR',
    summary: 'benchmarks: write report.json, rows.jsonl, report.md and report.html there',
  },
  junit: { kind: 'string', value: 'FILE', summary: 'benchmarks: write JUnit XML, a test for each --fail-under' },
  'fail-under': {
    kind: 'list',
    value: 'METRIC=VALUE',
    summary: 'benchmarks: exit 1 where a measure is worse (repeats)',
  },
} as const satisfies FlagSpec;

const ALL_FLAGS = {
  ...CHAT_FLAGS,
  ...BENCHMARK_FLAGS,
  policy: { kind: 'string', summary: '', required: true },
  workers: { kind: 'integer', summary: '', fallback: 2 },
  ...EXECUTOR_FLAGS,
} as const satisfies FlagSpec;
export type BenchmarkFlags = ParsedArgs<typeof ALL_FLAGS>['flags'];

/** Plays a benchmark with the policy and its baselines, tells and stores it. Gives the exit code. */
export async function evaluateBenchmark(name: string, flags: BenchmarkFlags, io: Io): Promise<number> {
  const { readBounds, judgeBounds, writeRun } = await import('./reports.ts');
  const benchmark = await BENCHMARKS[name]!();
  const bounds = readBounds(flags['fail-under']);
  const variant = chooseVariant(benchmark, flags.variant);
  checkMode(benchmark, flags.mode);
  if (flags.judge !== undefined && !benchmark.judges)
    throw new InputError('tribune evaluate', `--judge does not go with ${name}: no model judges in it`);
  const played = await playNamed(benchmark, flags.policy, variant, flags, io);
  if (flags['dry-run']) return tellDryRun(io);
  const baselines: [string, Played][] = [];
  // Baselines stand undefended, and a judge, which costs money, judges the policy alone.
  const { judge: _, ...unjudged } = flags;
  for (const { policy, title } of benchmark.baselines)
    baselines.push([
      title,
      await playNamed(benchmark, policy, variant, { ...unjudged, judge: undefined, guard: undefined, trials: 1 }, io),
    ]);
  const outcome = summarisePlayed(played, baselines);
  const verdicts = judgeBounds(outcome, bounds);
  await writeRun(outcome, played.rows, verdicts, flags, io);
  io.result(outcome, describeOutcome(outcome));
  return verdicts.every(({ met }) => met) ? 0 : 1;
}

function chooseVariant({ name, variants }: Benchmark, given: string | undefined): string {
  const found = variants.find((variant) => variant === (given ?? variants[0]));
  if (found !== undefined) return found;
  const known = variants.length === 0 ? 'none' : variants.join(', ');
  throw new InputError('tribune evaluate', `${name} has no variant ${JSON.stringify(given)}, expected one of ${known}`);
}

function checkMode({ name, modes = [] }: Benchmark, given: string | undefined): void {
  if (given === undefined || modes.includes(given)) return;
  const known = modes.length === 0 ? '--mode does not go with it' : `expected --mode ${modes.join(' or ')}`;
  throw new InputError('tribune evaluate', `${name} has no mode ${JSON.stringify(given)}, ${known}`);
}

async function playNamed(
  benchmark: Benchmark,
  policy: string,
  variant: string,
  flags: BenchmarkFlags,
  io: Io,
): Promise<Played> {
  const { data, limit = null, trials = 1 } = flags;
  if (data === undefined)
    throw new InputError('tribune evaluate', "--data is missing, it needs the benchmark's directory");
  const chat = readChat(flags, false, io);
  const { openSpeaker } = await import('../agent/named.ts');
  const executor = await executorOf(policy, flags.executor, io);
  const speaker = await openSpeaker(policy, { threads: flags.workers, chat, ...executor });
  try {
    const judge = await openJudge(flags, io);
    try {
      let progress: ReturnType<Io['progress']> | null = null;
      const onProgress = (done: number, total: number): void => {
        progress ??= io.progress(policy, total);
        progress.step(done);
      };
      const context: Context = {
        ...{
          data,
          speaker,
          judge: judge?.chat ?? null,
          guard: flags.guard === undefined ? null : await openGuard(flags.guard),
        },
        ...{ limit, trials, variant, signal: io.signal, onProgress },
        ...(flags.mode === undefined ? {} : { mode: flags.mode }),
      };
      return await benchmark.play(context);
    } finally {
      await judge?.close();
    }
  } finally {
    await speaker.close();
  }
}

/** The judge has a journal of its own beside the policy's, so that neither waits for the other. */
export async function openJudge(flags: BenchmarkFlags, io: Io): Promise<Speaker | null> {
  if (flags.judge === undefined) return null;
  if (!flags.judge.startsWith('chat:')) throw new InputError('--judge', 'expected chat:MODEL@URL');
  const { openSpeaker } = await import('../agent/named.ts');
  const calls = flags.calls === undefined ? {} : { calls: `${flags.calls}.judge` };
  return openSpeaker(flags.judge, { threads: 1, chat: readChat({ ...flags, ...calls, temperature: 0 }, false, io) });
}

/** Limits over time make no sense where a conversation takes no time: the clock stands still, so they count all of it. */
export async function openGuard(rules: string): Promise<Guard> {
  const { createGuard } = await import('../guard/guard.ts');
  const { readRules } = await import('./guard-replay.ts');
  return createGuard({ rules: await readRules(rules === 'builtin' ? undefined : rules), now: () => 0 });
}

/** pass^k of each measure, where cases were played more than once. */
export function tellTrials({ definitions, measures }: Outcome): readonly string[] {
  return definitions.flatMap(({ name }) => {
    const { allOf } = measures[name]!;
    const shown = allOf.map((chance, at) => `^${at + 1} ${chance === null ? '-' : formatPercent(chance)}`);
    return allOf.length > 1 ? [`pass^k of ${name}: ${shown.join(', ')}`] : [];
  });
}

/** A run as tables. */
export function describeOutcome(outcome: Outcome): string {
  const { benchmark, version, policy, options, n, faulty, definitions, measures, baselines, counts, notes } = outcome;
  const percent = (rate: number | null): Cell => (rate === null ? null : formatPercent(rate));
  const titles = Object.keys(baselines);
  const rows = definitions.map(({ name, title, better }): Cell[] => {
    const { rate, low, high, n: judged, sound } = measures[name]!;
    const interval = low === null || high === null ? null : `${formatPercent(low)}-${formatPercent(high)}`;
    const others = titles.map((one) => percent(baselines[one]?.[name]?.rate ?? null));
    return [
      name,
      percent(rate),
      interval,
      judged,
      ...(faulty > 0 ? [percent(sound.rate)] : []),
      ...others,
      better === 'low' ? `${title} (low is good)` : title,
    ];
  });
  const head = ['measure', policy.slice(0, 40), '95 %', 'of', ...(faulty > 0 ? ['sound'] : []), ...titles, ''];
  const trials = tellTrials(outcome);
  const told = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return [
    `${benchmark} ${version}, ${told.join(', ')}, ${n} rows, in percent`,
    '',
    formatTable(head, rows),
    ...(trials.length > 0 ? ['', ...trials] : []),
    '',
    ...(faulty > 0 ? [`${faulty} rows of cases known to be faulty; "sound" is without them`] : []),
    ...Object.entries(counts).map(([name, value]) => `${name}: ${value}`),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}
