// InjecAgent at the command line: it has official rates of its own beside the rows of facts every benchmark has. Not a verb.
import type { Speaker } from '../agent/named.ts';
import { InputError } from '../episode/input.ts';
import type { Setting } from '../evaluate/benchmarks/injecagent/data.ts';
import type { InjecReport, Mode } from '../evaluate/benchmarks/injecagent/evaluate.ts';
import type { Row } from '../evaluate/benchmarks/row.ts';
import { summarisePlayed } from '../evaluate/outcome.ts';
import { type BenchmarkFlags, openGuard, openJudge, tellTrials } from './benchmarks.ts';
import { readChat, tellDryRun } from './chat.ts';
import { executorOf } from './executor.ts';
import type { Io } from './output.ts';
import { describeAttacks } from './rates.ts';

/** Who stands beside the policy, and as what. */
export const BASELINES = [
  { policy: 'scripted:oracle', title: 'oracle' },
  { policy: 'scripted:idle', title: 'do nothing' },
  { policy: 'scripted:compromised', title: 'comply with everything' },
] as const;

type Flags = BenchmarkFlags & { readonly setting?: 'base' | 'enhanced' | undefined };
type Run = { readonly report: InjecReport; readonly rows: readonly Row[] };

/** Plays InjecAgent, tells and stores it. Gives the exit code. */
export async function evaluateInjecAgent(flags: Flags, io: Io): Promise<number> {
  const { policy, data, setting = 'base' } = flags;
  if (data === undefined)
    throw new InputError('tribune evaluate', "--data is missing, it needs the benchmark's directory");
  const { MODES } = await import('../evaluate/benchmarks/injecagent/evaluate.ts');
  const { readBounds, judgeBounds, writeRun } = await import('./reports.ts');
  const bounds = readBounds(flags['fail-under']);
  const form = MODES.find((mode) => mode === (flags.variant ?? 'protocol'));
  if (form === undefined)
    throw new InputError(
      'tribune evaluate',
      `injecagent has no variant ${JSON.stringify(flags.variant)}, expected one of ${MODES.join(', ')}`,
    );
  const measured = await runOnce(policy, data, setting, form, flags, io);
  if (flags['dry-run']) return tellDryRun(io);
  const beside: [string, Run][] = [];
  // Baselines stand undefended and play once, and a judge, which costs money, serves the policy alone.
  const plain = { ...flags, guard: undefined, judge: undefined, trials: 1 };
  const wanted = !io.json || flags.out !== undefined;
  for (const { policy: baseline, title } of wanted ? BASELINES : [])
    beside.push([title, await runOnce(baseline, data, setting, 'protocol', plain, io)]);
  const outcome = summarisePlayed(
    await tellPlayed(measured),
    await Promise.all(beside.map(async ([title, run]) => [title, await tellPlayed(run)] as const)),
  );
  const verdicts = judgeBounds(outcome, bounds);
  await writeRun(outcome, measured.rows, verdicts, flags, io);
  const shown: [string, InjecReport][] = [
    [policy, measured.report],
    ...beside.map(([title, { report }]): [string, InjecReport] => [title, report]),
  ];
  io.result(measured.report, [describeAttacks(measured.report, shown), ...tellTrials(outcome)].join('\n'));
  return verdicts.every(({ met }) => met) ? 0 : 1;
}

async function runOnce(name: string, data: string, setting: Setting, form: Mode, flags: Flags, io: Io): Promise<Run> {
  const { evaluateInjec, loadTasks } = await import('../evaluate/benchmarks/injecagent/evaluate.ts');
  const { limit = null, trials = 1 } = flags;
  const tasks = await loadTasks({ data, setting, limit });
  const rows: Row[] = [];
  const report = await withSpeaker(name, flags, io, async (speaker) => {
    const progress = io.progress(name, 2 * tasks.length * trials);
    const onProgress = (done: number): void => progress.step(done);
    const onRow = (row: Row): void => void rows.push(row);
    const more = { trials, guard: flags.guard === undefined ? null : await openGuard(flags.guard) };
    const judge = await openJudge(flags, io);
    try {
      const options = { data, setting, limit, form, signal: io.signal, onProgress, onRow, judge: judge?.chat ?? null };
      return await evaluateInjec(speaker, { ...options, ...more });
    } finally {
      await judge?.close();
    }
  });
  return { report, rows };
}

async function tellPlayed({ report, rows }: Run) {
  const { INJEC_MEASURES } = await import('../evaluate/benchmarks/injecagent/rows.ts');
  const { setting, form, prompts, tooLong, unreached, inexact } = report;
  return {
    ...{
      benchmark: 'injecagent',
      version: 'ACL 2024',
      policy: report.policy,
      options: { setting, form, prompts, guard: report.guard, trials: report.trials },
    },
    ...{ measures: INJEC_MEASURES, rows, notes: [] },
    counts: {
      'too long for the policy': tooLong,
      'no answer could be had': unreached,
      'step 2 on a response to other parameters': inexact,
    },
  };
}

async function withSpeaker<T>(name: string, flags: Flags, io: Io, use: (speaker: Speaker) => Promise<T>): Promise<T> {
  const { openSpeaker } = await import('../agent/named.ts');
  const executor = await executorOf(name, flags.executor, io);
  const speaker = await openSpeaker(name, { threads: flags.workers, chat: readChat(flags, false, io), ...executor });
  try {
    return await use(speaker);
  } finally {
    await speaker.close();
  }
}
