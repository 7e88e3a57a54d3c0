// Line charts and interval bars as inline SVG. The drawing stretches to the width it is given while its lines keep theirs;
// labels are HTML beside it, so that they keep their size on any screen. No scripts, no colours: tones are CSS classes.
// Every drawing says in words what it shows.
import type { Rate } from './metrics.ts';
import { formatInterval, formatNumber, formatPercent, MISSING, sayPercent } from './report/figures.ts';
import { type Content, html, type Markup } from './report/html.ts';

/** A missing value makes a gap. */
export type Value = number | null;

/** How a line looks. Tones differ in colour and in dash, so that neither is needed alone. */
export type Tone = 'one' | 'two' | 'three';

export type Series = { readonly name: string; readonly tone: Tone; readonly values: readonly Value[] };

/** Whether values are shares, shown as percent on a fixed axis, or plain numbers on an axis that fits them. */
export type Unit = 'share' | 'number';

export type LineChart = {
  readonly title: string;
  /** What is drawn, in a line of small print. */
  readonly note?: string;
  readonly unit: Unit;
  /** The step of each value, in ascending order. */
  readonly steps: readonly number[];
  /** What a step is called; default: step. */
  readonly stepName?: string;
  readonly series: readonly Series[];
  /** Values that the axis must hold: 0 by default, so that heights can be compared. */
  readonly holds?: readonly number[];
  /** Steps marked by a vertical line. */
  readonly marks?: readonly number[];
};

/** The inner size of every drawing; x and y are rounded to it. */
const SIZE = 1000;
/** Columns a long curve is thinned to; each keeps its lowest and highest value. */
const COLUMNS = 240;
/** Curves with fewer points are drawn as they are, without an average. */
const SHORT = 8;

/** The width of the moving average over n points: about a fifteenth of them, odd; 1 (no average) for short curves. */
export function pickWindow(n: number): number {
  return n < SHORT ? 1 : Math.max(3, 2 * Math.round(n / 30) + 1);
}

/** The mean of the known values in a window around a place; null where there are none. */
export function averageAt(values: readonly Value[], at: number, window: number): Value {
  const reach = Math.floor(window / 2);
  let sum = 0;
  let count = 0;
  for (let near = Math.max(0, at - reach); near <= Math.min(values.length - 1, at + reach); near++) {
    const value = values[near] ?? null;
    if (!isKnown(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}

/** At most `limit` places of n, evenly spread, the first and the last among them. */
export function spreadPlaces(n: number, limit = 2 * COLUMNS): number[] {
  if (n <= limit) return Array.from({ length: n }, (_, at) => at);
  return Array.from({ length: limit }, (_, at) => Math.round((at * (n - 1)) / (limit - 1)));
}

/** The places of the values to draw, at most two for each of `columns` columns: its lowest and its highest. */
export function thinPlaces(values: readonly Value[], columns = COLUMNS): number[] {
  if (values.length <= 2 * columns) return values.map((_, at) => at);
  const places = new Set<number>();
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.floor(((column + 1) * values.length) / columns);
    for (const place of findExtremes(values, from, to)) places.add(place);
  }
  return [...places].sort((a, b) => a - b);
}

/** The places of the lowest and highest value of a range; its start where it has none, so that a gap stays a gap. */
function findExtremes(values: readonly Value[], from: number, to: number): readonly number[] {
  let lowest = -1;
  let highest = -1;
  for (let at = from; at < to; at++) {
    const value = values[at] ?? null;
    if (!isKnown(value)) continue;
    if (lowest === -1 || value < (values[lowest] ?? 0)) lowest = at;
    if (highest === -1 || value > (values[highest] ?? 0)) highest = at;
  }
  return lowest === -1 ? [from] : [lowest, highest];
}

/** From two to five round numbers that span the values: 1, 2 or 5 times a power of ten apart. */
export function pickTicks(low: number, high: number): number[] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Values that agree in nine digits have no span worth an axis, and rounding would make its ticks the same.
  const span = high - low > size * 1e-9 && high - low > 1e-90 ? high - low : size > 1e-90 ? size : 1;
  const rough = span / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  // Multiples are rounded again: 3 × 0.1 is not 0.3.
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** A line chart with its caption, axis and small print. */
export function drawLines(chart: LineChart): Markup {
  const { title, note, unit, steps, stepName = 'step', series } = chart;
  const ticks = chooseTicks(chart);
  const single = series.length === 1 ? series[0] : undefined;
  return html`<figure class="chart">
<figcaption><span class="name">${title}</span>${single ? html`<span class="last">${showLast(single, unit)}</span>` : drawLegend(series, unit)}</figcaption>
<div class="plot"><div class="ticks" aria-hidden="true">${ticks.map((tick) => drawTick(tick, ticks, unit))}</div>
${drawPlot(chart, ticks)}
<div class="span" aria-hidden="true"><span>${stepName} ${formatNumber(steps[0] ?? null)}</span><span>${formatNumber(steps.at(-1) ?? null)}</span></div></div>
${note ? html`<p class="note">${note}</p>` : null}</figure>`;
}

/** The drawing alone, for tables of small multiples. */
export function drawSpark(chart: LineChart): Markup {
  return drawPlot(chart, chooseTicks(chart));
}

/** The last value of a curve as it is drawn (averaged), as text. */
export function showLast({ values }: Series, unit: Unit): string {
  return showValue(findEnd(values)?.value ?? null, unit);
}

type Point = { readonly at: number; readonly value: Value };

/** The last point of the averaged curve. */
function findEnd(values: readonly Value[]): Point | null {
  const window = pickWindow(values.length);
  for (let at = values.length - 1; at >= 0; at--) {
    const value = averageAt(values, at, window);
    if (value !== null) return { at, value };
  }
  return null;
}

/** Which line is which, with the last value of each. */
function drawLegend(series: readonly Series[], unit: Unit): Markup {
  const item = (one: Series) =>
    html`<li><svg class="swatch" viewBox="0 0 18 8" aria-hidden="true"><path class="line ${one.tone}" d="M1 4H17"/></svg>${one.name} <b>${showLast(one, unit)}</b></li>`;
  return html`<ul class="legend">${series.map(item)}</ul>`;
}

function chooseTicks({ unit, series, holds }: LineChart): readonly number[] {
  if (unit === 'share') return [0, 0.5, 1];
  const all = [...series.flatMap(({ values }) => keepKnown(values)), ...(holds ?? [0])];
  // Not passed as they are: reduce would hand Math.min the index and the list too.
  const lowest = all.reduce((a, b) => Math.min(a, b), all[0] ?? 0);
  const highest = all.reduce((a, b) => Math.max(a, b), all[0] ?? 0);
  return pickTicks(lowest, highest);
}

function drawTick(tick: number, ticks: readonly number[], unit: Unit): Markup {
  return html`<span style="top:${placeValue(tick, ticks) / 10}%">${unit === 'share' ? `${Math.round(tick * 100)} %` : formatNumber(tick)}</span>`;
}

function drawPlot(chart: LineChart, ticks: readonly number[]): Markup {
  const { steps, series, marks = [] } = chart;
  const x = (at: number) => placeStep(steps[at] ?? 0, steps);
  const grid = ticks.map((tick) => html`<path class="grid" d="M0 ${placeValue(tick, ticks)}H${SIZE}"/>`);
  const alarms = marks.map((step) => html`<path class="mark" d="M${placeStep(step, steps)} 0V${SIZE}"/>`);
  return html`<svg class="drawing" viewBox="0 0 ${SIZE} ${SIZE}" preserveAspectRatio="none" role="img" aria-label="${describeChart(chart)}">${grid}${alarms}${series.map((one) => drawSeries(one, x, ticks))}</svg>`;
}

/** The thin line of what was measured, under the thick line of its moving average; a dot at the end. */
function drawSeries({ values, tone }: Series, x: (at: number) => number, ticks: readonly number[]): Content {
  const window = pickWindow(values.length);
  const raw = thinPlaces(values).map((at): Point => ({ at, value: values[at] ?? null }));
  const smooth = spreadPlaces(values.length).map((at): Point => ({ at, value: averageAt(values, at, window) }));
  const path = (points: readonly Point[]) => drawPath(points, x, (value) => placeValue(value, ticks));
  const end = findEnd(values);
  return [
    window > 1 && html`<path class="raw ${tone}" d="${path(raw)}"/>`,
    html`<path class="line ${tone}" d="${path(smooth)}"/>`,
    end && html`<path class="end ${tone}" d="${path([end])}"/>`,
  ];
}

/** SVG path data. A value between two gaps becomes a line of no length, which round caps show as a dot. */
function drawPath(points: readonly Point[], x: (at: number) => number, y: (value: number) => number): string {
  let path = '';
  let length = 0;
  for (const { at, value } of points) {
    if (isKnown(value)) {
      path += `${length === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`;
      length++;
    } else {
      if (length === 1) path += 'h0';
      length = 0;
    }
  }
  return length === 1 ? `${path}h0` : path;
}

function placeStep(step: number, steps: readonly number[]): number {
  const first = steps[0] ?? 0;
  const last = steps.at(-1) ?? 0;
  const share = last > first ? (step - first) / (last - first) : 0.5;
  return Math.round(Math.min(1, Math.max(0, share)) * SIZE);
}

function placeValue(value: number, ticks: readonly number[]): number {
  const low = ticks[0] ?? 0;
  const high = ticks.at(-1) ?? 1;
  return Math.round((1 - (value - low) / (high - low)) * SIZE);
}

/** A chart in words: for each line its first, last, lowest and highest value. */
function describeChart({ title, unit, steps, series }: LineChart): string {
  const say = (value: Value | undefined) =>
    unit === 'share' ? formatPercent(value ?? null) : formatNumber(value ?? null);
  const lines = series.map(({ name, values }) => {
    const known = keepKnown(values);
    if (known.length === 0) return `${name}: nothing measured`;
    const sorted = known.toSorted((a, b) => a - b);
    return `${name}: first ${say(known[0])}, last ${say(known.at(-1))}, lowest ${say(sorted[0])}, highest ${say(sorted.at(-1))}`;
  });
  const range = steps.length > 0 ? `, steps ${steps[0]} to ${steps.at(-1)}` : '';
  return `${title}${unit === 'share' ? ' in percent' : ''}${range}. ${lines.join('. ')}.`;
}

/** Two bars from 0 to 100 %, before above after, each with its interval as a whisker. */
export function drawBars(name: string, before: Rate | null, after: Rate | null): Markup {
  const say = (rate: Rate | null) => (rate ? `${formatPercent(rate.rate)}, interval ${formatInterval(rate)}` : MISSING);
  return html`<svg class="bars" viewBox="0 0 ${SIZE} 30" preserveAspectRatio="none" role="img" aria-label="${name} in percent. Before: ${say(before)}. After: ${say(after)}."><path class="grid" d="M0 0V30M${SIZE / 2} 0V30M${SIZE} 0V30"/>${drawBar(before, 4, 'before')}${drawBar(after, 17, 'after')}</svg>`;
}

function drawBar(rate: Rate | null, y: number, kind: 'before' | 'after'): Content {
  if (rate === null || rate.rate === null) return null;
  const [value, low, high] = [rate.rate, rate.low ?? rate.rate, rate.high ?? rate.rate].map((share) =>
    Math.round(share * SIZE),
  );
  return [
    html`<path class="track" d="M0 ${y}H${SIZE}V${y + 9}H0Z"/>`,
    html`<path class="bar ${kind}" d="M0 ${y}H${value ?? 0}V${y + 9}H0Z"/>`,
    html`<path class="whisker ${kind}" d="M${low ?? 0} ${y + 4.5}H${high ?? 0}"/>`,
  ];
}

function showValue(value: Value, unit: Unit): string {
  if (unit === 'number') return formatNumber(value);
  return sayPercent(value);
}

/** Whether a value can be drawn. No figure of a run is ever as large as the bound; NaN fails the comparison. */
function isKnown(value: Value): value is number {
  return value !== null && Math.abs(value) < 1e90;
}

function keepKnown(values: readonly Value[]): number[] {
  return values.filter(isKnown);
}
