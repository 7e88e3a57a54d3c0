// The learning curves of a run: reward and its terms, behaviour by cell, decisions by prompt, the optimiser's health.
import { DECISIONS, type Decision, MODES, type Mode } from '../../safety/taxonomy.ts';
import {
  drawLines,
  drawSpark,
  type LineChart,
  pickWindow,
  type Series,
  showLast,
  type Tone,
  type Value,
} from '../chart.ts';
import type { Figure, ReportData, StepRow } from './data.ts';
import { html, type Markup } from './html.ts';

const TONES: { readonly [decision in Decision]: Tone } = { execute: 'one', verify: 'two', refuse: 'three' };

/** What each kind of prompt calls for, and what each kind of tool text is. */
const PROMPTS: { readonly [mode in Mode]: { readonly name: string; readonly due: string } } = {
  benign: { name: 'Benign request', due: 'do it' },
  sensitive: { name: 'Sensitive request', due: 'ask first' },
  malicious: { name: 'Malicious request', due: 'refuse' },
};
const RESPONSES: { readonly [mode in Mode]: { readonly name: string; readonly due: string } } = {
  benign: { name: 'Benign tool text', due: 'use it' },
  sensitive: { name: 'Sensitive tool text', due: 'keep it private' },
  malicious: { name: 'Malicious tool text', due: 'do not obey it' },
};

type Reader = (row: StepRow) => Figure | undefined;

/** The section on reinforcement and warm start. */
export function renderCurves(data: ReportData): Markup {
  const rows = data.steps.filter(({ step }) => Number.isFinite(step));
  const warm = renderWarm(data);
  if (rows.length === 0) return html`<p class="empty">No step of reinforcement was recorded.</p>${warm}`;
  const marks = data.alarms.map(({ step }) => step);
  return html`<p class="about">${sayDrawing(rows.length, marks.length)}</p>
${renderOverview(rows, marks)}
<h3>Right behaviour by cell</h3>
<p class="about">A cell pairs what the user asks with what the tools return. Each has one right behaviour; the axis runs from 0 to 100 % of the episodes.</p>
${renderCells(rows)}
<h3>Decisions by kind of request</h3>
<p class="about">Share of episodes in which each decision was taken at least once. A decision that falls to nothing has died out: no group shows it any more, so it can no longer be rewarded.</p>
${renderDecisions(rows)}
<h3>Terms of the reward</h3>
<p class="about">Mean over judged episodes, the largest terms first, all on one axis. They add up to the reward; what lies below zero was paid for a fault.</p>
${renderTerms(rows)}
<h3>Health of the optimisation</h3>
${renderHealth(rows, marks)}
${warm}`;
}

function sayDrawing(steps: number, alarms: number): string {
  const window = pickWindow(steps);
  const drawn =
    window > 1
      ? `Thin lines: each step. Thick lines, and the figures beside the titles: the mean of the ${window} steps around it.`
      : 'Each step is drawn as it was measured.';
  const marked = alarms > 0 ? ' Vertical lines: alarms.' : '';
  return `${drawn}${marked} Episodes of training are sampled and may explore on purpose, so rates here usually lie below those of the greedy policy above.`;
}

/** A chart of one or more figures of each row. */
function draw(
  rows: readonly StepRow[],
  chart: Omit<LineChart, 'steps' | 'series'>,
  ...series: readonly Series[]
): LineChart {
  return { ...chart, steps: rows.map(({ step }) => step), series };
}

function readSeries(rows: readonly StepRow[], name: string, read: Reader, tone: Tone = 'one'): Series {
  const clean = (value: Figure | undefined): Value =>
    typeof value === 'number' && Number.isFinite(value) ? value : null;
  return { name, tone, values: rows.map((row) => clean(read(row))) };
}

function renderOverview(rows: readonly StepRow[], marks: readonly number[]): Markup {
  const reward = readSeries(rows, 'reward', (row) => row.reward);
  const safety = readSeries(rows, 'safety', (row) => row.safety);
  const utility = readSeries(rows, 'utility', (row) => row.utility, 'two');
  return html`<div class="charts large">${drawLines(draw(rows, { title: 'Reward', unit: 'number', holds: [0, 1], marks, note: 'Mean over judged episodes. 1 is the right behaviour, well formed, every time.' }, reward))}
${drawLines(draw(rows, { title: 'Right behaviour', unit: 'share', marks, note: 'Safety: episodes with a sensitive or malicious request, or an attack. Utility: all others.' }, safety, utility))}</div>`;
}

function renderCells(rows: readonly StepRow[]): Markup {
  const cell = (prompt: Mode, response: Mode): Markup => {
    const title = `${PROMPTS[prompt].name}, ${RESPONSES[response].name.toLowerCase()}`;
    const series = readSeries(rows, 'right behaviour', (row) => row.cells[`${prompt}/${response}`]);
    if (series.values.every((value) => value === null)) return html`<td><span class="none">no episodes</span></td>`;
    return html`<td><span class="last">${showLast(series, 'share')}</span>${drawSpark(draw(rows, { title, unit: 'share' }, series))}</td>`;
  };
  return html`<table class="cells"><caption class="hidden">Right behaviour by kind of request and kind of tool text over training</caption>
<thead><tr><td></td>${MODES.map((mode) => html`<th scope="col">${RESPONSES[mode].name}<small>${RESPONSES[mode].due}</small></th>`)}</tr></thead>
<tbody>${MODES.map((prompt) => html`<tr><th scope="row">${PROMPTS[prompt].name}<small>${PROMPTS[prompt].due}</small></th>${MODES.map((response) => cell(prompt, response))}</tr>`)}</tbody></table>`;
}

function renderDecisions(rows: readonly StepRow[]): Markup {
  const chart = (mode: Mode): Markup => {
    const series = DECISIONS.map((decision) =>
      readSeries(rows, decision, (row) => row.decisions[mode][decision], TONES[decision]),
    );
    return drawLines(draw(rows, { title: `${PROMPTS[mode].name}: ${PROMPTS[mode].due}`, unit: 'share' }, ...series));
  };
  return html`<div class="charts">${MODES.map(chart)}</div>`;
}

function renderTerms(rows: readonly StepRow[]): Markup {
  const names = [...new Set(rows.flatMap(({ terms }) => Object.keys(terms)))];
  if (names.length === 0) return html`<p class="empty">No terms were recorded.</p>`;
  const all = names.map((name) => readSeries(rows, name, (row) => readTerm(row, name)));
  const peak = ({ values }: Series) => values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  const sorted = all.toSorted((a, b) => peak(b) - peak(a));
  // One axis for all terms, so that a small one looks small.
  const known = all.flatMap(({ values }) => values.filter((value) => value !== null));
  const holds = [known.reduce((a, b) => Math.min(a, b), 0), known.reduce((a, b) => Math.max(a, b), 0)];
  return html`<div class="charts small">${sorted.map((one) => drawLines(draw(rows, { title: one.name, unit: 'number', holds }, one)))}</div>`;
}

/** A term that nobody earned in a step is left out of its row; a row without any term was not judged. */
function readTerm({ terms }: StepRow, name: string): Figure | undefined {
  if (Object.hasOwn(terms, name)) return terms[name];
  return Object.keys(terms).length > 0 ? 0 : null;
}

/** What tells whether the optimisation is well: what is drawn, and what it says. */
const HEALTH: readonly { readonly title: string; readonly note: string; readonly read: Reader }[] = [
  { title: 'KL to the base policy', note: 'Nats per token. How far the policy has moved.', read: (row) => row.kl },
  { title: 'Entropy', note: 'Nats per chosen token. Near zero, exploration is over.', read: (row) => row.entropy },
  { title: 'Clip fraction', note: 'Share of tokens whose update was clipped.', read: (row) => row.clipFraction },
  { title: 'Gradient norm', note: 'Before clipping. Spikes are unstable steps.', read: (row) => row.gradientNorm },
  {
    title: 'Groups without signal',
    note: 'Groups whose members all earned the same: they teach nothing.',
    read: (row) => row.silent,
  },
  { title: 'Episodes not judged', note: 'Per step. Left out of every rate.', read: (row) => row.unjudged },
  { title: 'Sampler and trainer apart', note: 'Largest difference of a log-probability.', read: (row) => row.mismatch },
  { title: 'Learning rate', note: 'As scheduled.', read: (row) => row.learningRate },
];

function renderHealth(rows: readonly StepRow[], marks: readonly number[]): Markup {
  const single = HEALTH.map(({ title, note, read }) =>
    drawLines(draw(rows, { title, note, unit: 'number', marks }, readSeries(rows, title.toLowerCase(), read))),
  );
  const mean = readSeries(rows, 'mean', (row) => row.length);
  const longest = readSeries(rows, 'longest', (row) => row.longest, 'two');
  const length = drawLines(
    draw(
      rows,
      { title: 'Episode length', note: 'Tokens, what the policy read included.', unit: 'number', marks },
      mean,
      longest,
    ),
  );
  return html`<div class="charts">${single.slice(0, 4)}${length}${single.slice(4)}</div>`;
}

function renderWarm({ warm }: ReportData): Markup {
  const rows = warm.filter(({ step }) => Number.isFinite(step));
  const values = rows.map(({ loss }): Value => (typeof loss === 'number' && Number.isFinite(loss) ? loss : null));
  const series: Series = { name: 'loss', tone: 'one', values };
  const chart: LineChart = {
    title: 'Loss',
    unit: 'number',
    note: 'Nats per own token, on demonstrations.',
    steps: rows.map(({ step }) => step),
    series: [series],
  };
  return html`<h3>Warm start</h3>
${rows.length === 0 ? html`<p class="empty">No step of the warm start was recorded.</p>` : html`<p class="about">Before reinforcement the model learns the format, the tools and what it sees from demonstrations.</p><div class="charts large">${drawLines(chart)}</div>`}`;
}
