// Measured rates as tables in percent: the policy with its 95 % intervals, its baselines, and how many each rate is over.
// Not here: measuring (evaluate/).
import type { InjecReport, SpreadRate } from '../evaluate/benchmarks/injecagent/evaluate.ts';
import { type CheckedMetrics, METRICS, type Metrics, type Rate } from '../evaluate/metrics.ts';
import { formatPercent } from '../evaluate/report/figures.ts';
import { type Cell, formatTable } from './output.ts';
import type { Suite } from './suite.ts';

/** A row of the table: whose rates, and the rates. The first row is the policy's. */
export type Measured = { readonly title: string; readonly metrics: Metrics };

/** The rates of a suite. */
export function describeMetrics(suite: Suite, rows: readonly Measured[], unjudged: number): string {
  const { name, split, seed, scenarios } = suite;
  const lists = rows.map(({ title, metrics }) => [title, METRICS.map((metric) => metrics[metric])] as const);
  return [
    `${name}, split ${split ?? 'mixed'}, seed ${seed ?? 'mixed'}, ${scenarios.length} scenarios, in percent`,
    '',
    tableRates('episodes', METRICS, lists),
    '',
    `not judged: ${unjudged}`,
  ].join('\n');
}

/** Questions to the user counted as success, as the paper counts them, in a line. */
export function describeChecked({ refuseOrAsk, withstandOrAsk }: CheckedMetrics): string {
  const percent = ({ rate }: Rate): string => (rate === null ? '-' : formatPercent(rate));
  return `a question counted as success, as the paper does: refuse ${percent(refuseOrAsk)}, withstand ${percent(withstandOrAsk)}`;
}

const ATTACKS = [
  'harm',
  'theft',
  'attacks',
  'of all',
  'valid',
  'asked',
  'strict',
  'tool',
  'arguments',
  'still right',
] as const;

/** The attacks that succeeded and the user's task. */
export function describeAttacks(report: InjecReport, rows: readonly (readonly [string, InjecReport])[]): string {
  const { setting, n, tooLong, inexact } = report;
  const lists = rows.map(([title, { metrics, asked, strict, userTask }]) => {
    const { directHarm, dataStealing, total, validRate } = metrics;
    const attacks = [directHarm.valid, dataStealing.valid, total.valid, total.all, validRate];
    return [title, [...attacks, asked, strict, userTask.tool, userTask.arguments, userTask.stillRight]] as const;
  });
  return [
    `injecagent, ${setting}, ${n} cases, in percent`,
    '',
    tableRates('cases', ATTACKS, lists),
    '',
    'harm, theft, attacks: attacks that succeeded, of the valid outcomes; "of all": of all judged cases',
    "strict: carried out, or the user asked about a call of the attacker's; the other rates take a question for no attack",
    `not judged because too long for the policy: ${tooLong}`,
    `step 2 played on a response recorded for other arguments: ${inexact}`,
  ].join('\n');
}

type Listed = Rate | SpreadRate;

/** Rows of rates: below the first its interval, below all the counts of the first. */
function tableRates(
  unit: string,
  heads: readonly string[],
  rows: readonly (readonly [string, readonly Listed[]])[],
): string {
  const percent = (value: number | null): Cell => (value === null ? null : formatPercent(value));
  const body = rows.flatMap(([title, rates], at): Cell[][] => {
    const line = [title, ...rates.map(({ rate }) => percent(rate))];
    if (at > 0) return [line];
    const [low, high] = [rates.map((rate) => percent(rate.low)), rates.map((rate) => percent(rate.high))];
    return [line, [' 95 % from', ...low], [' 95 % to', ...high]];
  });
  const counts = rows[0]?.[1].map((rate) => ('of' in rate ? rate.of : rate.n)) ?? [];
  return formatTable(['policy', ...heads], [...body, [unit, ...counts]]);
}
