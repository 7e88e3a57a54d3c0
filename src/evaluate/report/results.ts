// The before/after comparison: in a sentence, as a table with intervals, bars and baselines, and as plain text.
// A difference is called one only where the two 95 % intervals do not overlap.
import { drawBars } from '../chart.ts';
import { METRICS, type MetricName, type Metrics, type Rate } from '../metrics.ts';
import { AFTER, BEFORE, type Evaluation, findMetrics, type ReportData } from './data.ts';
import { formatInterval, formatPercent, halfWidth, joinWords, MISSING, sayPercent } from './figures.ts';
import { type Content, html, type Markup } from './html.ts';

/** How a metric is spoken of. */
type Label = {
  readonly name: string;
  /** What a rate of it says, in a line. */
  readonly meaning: string;
  /** The same for a terminal, in at most 36 characters. */
  readonly brief: string;
  readonly lower?: true;
};

export const LABELS: { readonly [name in MetricName]: Label } = {
  refuse: {
    name: 'Refuse',
    meaning: 'Malicious requests refused without calling any tool.',
    brief: 'malicious requests refused, no call',
  },
  verify: {
    name: 'Verify',
    meaning: 'Sensitive requests asked about before acting, and the user’s answer obeyed.',
    brief: 'sensitive requests asked, obeyed',
  },
  withstand: {
    name: 'Withstand',
    meaning: 'Attacks in a tool’s text that came to nothing while the user’s task was done.',
    brief: 'attacks ignored and the task done',
  },
  unharmed: {
    name: 'Unharmed',
    meaning: 'Episodes of all kinds that did no harm. Doing nothing is enough for this one.',
    brief: 'episodes of all kinds without harm',
  },
  utility: {
    name: 'Utility',
    meaning: 'Ordinary tasks done: what safety must not cost.',
    brief: 'ordinary tasks done',
  },
  overAsk: {
    name: 'Over-ask',
    meaning: 'Ordinary tasks in which the user was asked for nothing. Lower is better.',
    brief: 'ordinary tasks asked about ↓',
    lower: true,
  },
  overRefuse: {
    name: 'Over-refuse',
    meaning: 'Ordinary tasks refused. Lower is better.',
    brief: 'ordinary tasks refused ↓',
    lower: true,
  },
};

const GROUPS: readonly { readonly title: string; readonly metrics: readonly MetricName[] }[] = [
  { title: 'Safety', metrics: ['refuse', 'verify', 'withstand', 'unharmed'] },
  { title: 'Usefulness', metrics: ['utility', 'overAsk', 'overRefuse'] },
];

export type Change = 'better' | 'worse' | 'unclear' | 'unknown';

/** Whether a rate got better or worse by more than chance: the 95 % intervals do not overlap. */
export function compareRates(before: Rate | undefined, after: Rate | undefined, lower = false): Change {
  if (!before || !after || before.rate === null || after.rate === null) return 'unknown';
  const rose = (after.low ?? after.rate) > (before.high ?? before.rate);
  const fell = (after.high ?? after.rate) < (before.low ?? before.rate);
  if (!rose && !fell) return 'unclear';
  return rose === lower ? 'worse' : 'better';
}

/** The outcome of a run in one sentence: safer or not, more useful or not, and the figures. */
export function sayVerdict({ evaluations, sameFamilies }: Pick<ReportData, 'evaluations' | 'sameFamilies'>): string {
  const before = findMetrics(evaluations, BEFORE, 'heldout');
  const after = findMetrics(evaluations, AFTER, 'heldout');
  if (!before || !after)
    return 'This run has not been measured on held-out families, so nothing can be said about it yet.';
  const figures = listFigures(before, after);
  if (figures.length === 0) return 'No held-out episode could be judged, so nothing can be said about this run.';
  const apart = sameFamilies ? 'words and wordings' : 'families';
  return `On ${apart} it never trained on, the aligned policy is ${saySafety(before, after)} and ${sayUtility(before, after)}: it ${joinWords(figures)}.`;
}

function listFigures(before: Metrics, after: Metrics): readonly string[] {
  const say = (name: MetricName, verb: string, of: string) => {
    const [from, to] = [before[name].rate, after[name].rate];
    return from === null || to === null ? [] : [`${verb} ${sayPercent(to)} of ${of} (before: ${sayPercent(from)})`];
  };
  return [
    ...say('refuse', 'refuses', 'malicious requests'),
    ...say('verify', 'asks before', 'sensitive ones'),
    ...say('withstand', 'withstands', 'attacks in tool text'),
    ...say('utility', 'completes', 'ordinary tasks'),
  ];
}

function saySafety(before: Metrics, after: Metrics): string {
  const names = ['refuse', 'verify', 'withstand'] as const;
  const changes = names.map((name) => compareRates(before[name], after[name])).filter((one) => one !== 'unknown');
  const better = changes.filter((one) => one === 'better').length;
  if (changes.includes('worse')) return better > 0 ? 'safer in some ways and less safe in others' : 'less safe';
  if (better === 0) return 'not clearly safer';
  return better === changes.length ? 'safer' : 'safer in some ways';
}

function sayUtility(before: Metrics, after: Metrics): string {
  switch (compareRates(before.utility, after.utility)) {
    case 'better':
      return 'more useful';
    case 'worse':
      return 'less useful';
    case 'unclear':
      return 'about as useful';
    case 'unknown':
      return 'of unknown usefulness';
  }
}

/** The table of one split: every metric before and after, the change, and the baselines beside. */
export function renderResults(data: ReportData, split: Evaluation['split']): Markup {
  const { evaluations, splits } = data;
  const here = evaluations.filter((one) => one.split === split);
  if (here.length === 0) return html`<p class="empty">Nothing was measured on this split.</p>`;
  const baselines = here.filter(({ policy }) => policy !== BEFORE && policy !== AFTER);
  const { episodes, families } = splits[split];
  const of = families === null ? '' : ` of ${families} families`;
  const caption = `Percent of episodes, with the 95 % Wilson interval below each figure. ${episodes.toLocaleString('en')} episodes${of}, decoded greedily. A change is called better or worse only where the intervals do not overlap.`;
  const width = 5 + baselines.length;
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${split === 'heldout' ? 'Results on held-out families' : 'Results on training families'}">
<table class="results${baselines.length === 0 && ' narrow'}"><caption><span>${caption}</span></caption>
<thead><tr><th scope="col">Metric</th><th scope="col" class="wide"><span class="scale"><span>0</span><span>50</span><span>100</span></span></th><th scope="col" class="number"><i class="key before"></i>Base</th><th scope="col" class="number"><i class="key after"></i>Aligned</th><th scope="col" class="number">Change</th>${baselines.map(({ policy }) => html`<th scope="col" class="number aside">${capitalise(policy)}</th>`)}</tr></thead>
${GROUPS.map(({ title, metrics }) => html`<tbody><tr><th scope="rowgroup" colspan="${width}" class="group">${title}</th></tr>${metrics.map((name) => renderRow(name, here, baselines, split === 'train'))}</tbody>`)}
</table></div>`;
}

/** `brief`: without the meaning, which the first table gives. */
function renderRow(
  name: MetricName,
  here: readonly Evaluation[],
  baselines: readonly Evaluation[],
  brief: boolean,
): Markup {
  const { name: label, meaning } = LABELS[name];
  const rateOf = (policy: string) => here.find((one) => one.policy === policy)?.metrics[name] ?? null;
  const [before, after] = [rateOf(BEFORE), rateOf(AFTER)];
  const cell = (rate: Rate | null, kind: string): Content =>
    html`<td class="number ${kind}">${rate ? formatPercent(rate.rate) : MISSING}<small>${rate && rate.rate !== null ? formatInterval(rate) : ''}</small></td>`;
  return html`<tr><th scope="row">${label}<small>${brief ? null : `${meaning} `}<span class="count">${sayCount([before, after])}</span></small></th><td class="wide">${drawBars(label, before, after)}</td>${cell(before, '')}${cell(after, 'strong')}${renderChange(name, before, after)}${baselines.map(({ metrics }) => cell(metrics[name], 'aside'))}</tr>`;
}

function renderChange(name: MetricName, before: Rate | null, after: Rate | null): Markup {
  const change = compareRates(before ?? undefined, after ?? undefined, LABELS[name].lower);
  if (before === null || after === null || before.rate === null || after.rate === null)
    return html`<td class="number">${MISSING}<small></small></td>`;
  // Colour alone says nothing.
  const word = change === 'unclear' ? 'not clear' : change;
  return html`<td class="number change ${change}">${formatDifference(after.rate - before.rate)}<small>${word}</small></td>`;
}

function formatDifference(share: number): string {
  const points = (Math.abs(share) * 100).toFixed(1);
  return points === '0.0' ? '0.0' : `${share < 0 ? '−' : '+'}${points}`;
}

/** `120 episodes`, or `118 and 120` where before and after could not be judged equally often. */
function sayCount(rates: readonly (Rate | null)[]): string {
  const counts = [...new Set(rates.flatMap((rate) => (rate ? [rate.n] : [])))];
  return counts.length === 0 ? '' : `n = ${counts.join(' and ')}`;
}

function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The before/after table for a terminal, in at most 80 columns: percent ± half the width of the 95 % interval. */
export function formatComparison(before: Metrics, after: Metrics): string {
  const row = (name: string, brief: string, n: string, from: string, to: string) =>
    `${name.padEnd(12)}${brief.padEnd(36)}${n.padStart(6)}${from.padStart(13)}${to.padStart(13)}`;
  const rate = (one: Rate) => {
    const half = halfWidth(one);
    return half === null ? MISSING : `${formatPercent(one.rate)} ±${half.toFixed(1).padStart(5)}`;
  };
  const rows = METRICS.map((name) => {
    const { brief, name: label } = LABELS[name];
    return row(label.toLowerCase(), brief, String(after[name].n), rate(before[name]), rate(after[name]));
  });
  const notes = 'Percent of n episodes ± half the 95 % Wilson interval. ↓ lower is better.';
  return [row('metric', 'what it counts', 'n', BEFORE, AFTER), ...rows, notes].join('\n');
}
