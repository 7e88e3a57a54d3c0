// Line charts of several runs: each a line of its own, or the mean of runs that differ in their seed with the range they span.
// The value under the pointer, or at the place the arrow keys have moved to, is told in words. A drawing can be saved as SVG or
// PNG (picture.ts), its values as CSV.
import { averageAt, pickTicks, pickWindow, spreadPlaces, thinPlaces, type Value } from '../../evaluate/chart.ts';
import { formatNumber, sayPercent } from '../../evaluate/report/figures.ts';
import { writeCsv } from './csv.ts';
import { button, el, save, show, svg } from './dom.ts';
import { type Picture, readStroke, toPng, toSvg } from './picture.ts';

/** A run's values. `tone`: 0 to 5. */
export type Line = {
  readonly name: string;
  readonly tone: number;
  readonly steps: readonly number[];
  readonly values: readonly Value[];
  /** Where it stands for several runs: the lowest and highest value at each step. */
  readonly band?: readonly (readonly [low: number, high: number] | null)[];
};

export type Chart = { readonly title: string; readonly share: boolean; readonly lines: readonly Line[] };

const SIZE = 1000;

type Scale = {
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
  readonly first: number;
  readonly last: number;
};

/** Draws a chart. */
export function drawChart(chart: Chart): HTMLElement {
  const { title, share, lines } = chart;
  const scale = findScale(chart);
  const say = (value: Value): string => (share ? sayPercent(value) : formatNumber(value));
  const readout = el('ul', { class: 'legend' });
  const cursor = svg('path', { class: 'cursor', d: '' });
  const tell = (step: number | null): void => {
    cursor.setAttribute('d', step === null ? '' : `M${scale.x(step)} 0V${SIZE}`);
    const items = lines.map((line) => {
      const value = step === null ? lastOf(line) : valueAt(line, step);
      const key = lines.length > 1 ? [drawKey(line.tone), `${line.name} `] : [];
      return el('li', {}, ...key, el('b', {}, say(value)));
    });
    show(readout, step === null ? null : el('li', { class: 'faint' }, `step ${step}`), items);
  };
  tell(null);
  const drawing = svg(
    'svg',
    {
      class: 'drawing',
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': describe(chart, say),
      tabindex: 0,
    },
    scale.ticks.map((tick) => svg('path', { class: 'grid', d: `M0 ${scale.y(tick)}H${SIZE}` })),
    lines.map((line) => drawLine(line, scale)),
    cursor,
  );
  follow(drawing, scale, tell);
  const ticks = scale.ticks.map((tick) => {
    const label = el('span', {}, share ? `${Math.round(tick * 100)} %` : formatNumber(tick));
    label.style.top = `${scale.y(tick) / 10}%`;
    return label;
  });
  return el(
    'figure',
    { class: 'chart' },
    el('figcaption', {}, el('span', { class: 'name' }, title), readout),
    el(
      'div',
      { class: 'plot' },
      el('div', { class: 'ticks', 'aria-hidden': 'true' }, ticks),
      drawing,
      el(
        'div',
        { class: 'span', 'aria-hidden': 'true' },
        el('span', {}, `step ${scale.first}`),
        el('span', {}, `${scale.last}`),
      ),
    ),
    drawSaves(chart, () => describePicture(chart, drawing, scale, say)),
  );
}

/** Buttons that save the chart. */
function drawSaves(chart: Chart, picture: () => Picture): HTMLElement {
  const name = chart.title.replaceAll(/\W+/g, '-');
  const offer = (word: string, act: () => void): HTMLElement =>
    button(word, act, { class: 'quiet', 'aria-label': `Save ${chart.title} as ${word}` });
  return el(
    'div',
    { class: 'saves' },
    offer('SVG', () => save(`${name}.svg`, 'image/svg+xml', toSvg(picture()))),
    offer('PNG', () => void toPng(picture()).then((png) => save(`${name}.png`, 'image/png', png))),
    offer('CSV', () => save(`${name}.csv`, 'text/csv', tabulate(chart))),
  );
}

/** The values of a chart's lines, a row each step. */
function tabulate({ lines }: Chart): string {
  const steps = [...new Set(lines.flatMap((line) => line.steps))].sort((a, b) => a - b);
  const columns = lines.map(({ steps: own, values }) => new Map(own.map((step, at) => [step, values[at] ?? null])));
  const head = ['step', ...lines.map(({ name }) => name)];
  return writeCsv(
    head,
    steps.map((step) => [step, ...columns.map((column) => column.get(step) ?? null)]),
  );
}

/** Pointer and arrow keys choose a step. */
function follow(drawing: SVGSVGElement, { first, last }: Scale, tell: (step: number | null) => void): void {
  let at = last;
  const stay = (step: number): void => {
    at = Math.min(last, Math.max(first, Math.round(step)));
    tell(at);
  };
  drawing.addEventListener('pointermove', (event) => {
    const { left, width } = drawing.getBoundingClientRect();
    stay(first + ((event.clientX - left) / Math.max(1, width)) * (last - first));
  });
  drawing.addEventListener('pointerleave', () => tell(null));
  drawing.addEventListener('blur', () => tell(null));
  drawing.addEventListener('keydown', (event) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    stay(at + by * Math.max(1, Math.round((last - first) / 100)));
  });
}

/** The key of a line, for legends. */
export function drawKey(tone: number): SVGSVGElement {
  return svg(
    'svg',
    { class: 'swatch', viewBox: '0 0 18 8', 'aria-hidden': 'true' },
    svg('path', { class: `line tone${tone}`, d: 'M1 4H17' }),
  );
}

const known = (value: Value | undefined): value is number => typeof value === 'number' && Math.abs(value) < 1e90;

function findScale({ share, lines }: Chart): Scale {
  const steps = lines.flatMap((line) => [line.steps[0] ?? 0, line.steps.at(-1) ?? 0]);
  const [first, last] = [least(steps), most(steps)];
  const values = lines.flatMap((line) => [
    ...line.values.filter(known),
    ...(line.band ?? []).flatMap((pair) => pair ?? []),
  ]);
  const ticks = share ? [0, 0.5, 1] : pickTicks(Math.min(0, least(values)), Math.max(0, most(values)));
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  return {
    x: (step) => Math.round((last > first ? (step - first) / (last - first) : 0.5) * SIZE),
    y: (value) => Math.round((1 - (value - low) / (high - low)) * SIZE),
    ticks,
    first,
    last,
  };
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), values[0] ?? 0);
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), values[0] ?? 0);

function drawLine({ tone, steps, values, band }: Line, { x, y }: Scale): readonly SVGElement[] {
  const window = pickWindow(values.length);
  const path = (places: readonly number[], read: (at: number) => Value): string => {
    let open = false;
    let text = '';
    for (const at of places) {
      const value = read(at);
      if (known(value)) text += `${open ? 'L' : 'M'}${x(steps[at] ?? 0)} ${y(value)}${open ? '' : 'h0'}`;
      open = known(value);
    }
    return text;
  };
  const smooth = svg('path', {
    class: `line tone${tone}`,
    d: path(spreadPlaces(values.length), (at) => averageAt(values, at, window)),
  });
  if (band !== undefined) {
    const places = spreadPlaces(band.length).filter((at) => band[at] != null);
    const edge = (side: 0 | 1, at: number): string => `${x(steps[at] ?? 0)} ${y(band[at]?.[side] ?? 0)}`;
    const outline = [...places.map((at) => edge(1, at)), ...places.toReversed().map((at) => edge(0, at))];
    return [
      svg('path', { class: `band tone${tone}`, d: outline.length === 0 ? '' : `M${outline.join('L')}Z` }),
      smooth,
    ];
  }
  const raw = svg('path', { class: `raw tone${tone}`, d: path(thinPlaces(values), (at) => values[at] ?? null) });
  return window > 1 ? [raw, smooth] : [smooth];
}

function lastOf({ values }: Line): Value {
  const window = pickWindow(values.length);
  for (let at = values.length - 1; at >= 0; at--) {
    const value = averageAt(values, at, window);
    if (value !== null) return value;
  }
  return null;
}

/** The value at a step, or at the last one before it. */
function valueAt({ steps, values }: Line, step: number): Value {
  const at = steps.findLastIndex((one) => one <= step);
  return at === -1 ? null : (values[at] ?? null);
}

function describe({ title, lines }: Chart, say: (value: Value) => string): string {
  const told = lines.map((line) => {
    const values = line.values.filter(known);
    if (values.length === 0) return `${line.name}: nothing measured`;
    return `${line.name}: first ${say(values[0] ?? null)}, last ${say(values.at(-1) ?? null)}, lowest ${say(least(values))}, highest ${say(most(values))}`;
  });
  return `${title}. ${told.join('. ')}. Arrow keys read single steps.`;
}

/** The chart as it stands on the page, to be saved. */
function describePicture(
  { title, lines }: Chart,
  drawing: SVGSVGElement,
  { ticks, y, first, last }: Scale,
  say: (value: Value) => string,
): Picture {
  const paths = [...drawing.querySelectorAll('path')].filter((path) => !path.classList.contains('cursor'));
  const isFaint = (path: Element): boolean => path.classList.contains('raw') || path.classList.contains('band');
  const keyOf = ({ tone }: Line) => paths.find((path) => path.matches(`.line.tone${tone}`));
  const { backgroundColor, color } = getComputedStyle(document.body);
  return {
    title,
    size: SIZE,
    strokes: paths.map((path) => readStroke(path, isFaint(path) ? 0.25 : 1)),
    legend: lines.map((line) => {
      const key = keyOf(line);
      return { text: `${line.name} ${say(lastOf(line))}`, key: key === undefined ? null : readStroke(key, 1) };
    }),
    ticks: ticks.map((tick) => ({ at: y(tick), text: say(tick) })),
    span: [`step ${first}`, String(last)],
    paper: backgroundColor,
    ink: color,
  };
}
