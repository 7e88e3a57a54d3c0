// The runs: a list that follows those still going, and the learning curves of the chosen ones over each other.
import type { Value } from '../../evaluate/chart.ts';
import { formatNumber, sayPercent } from '../../evaluate/report/figures.ts';
import type { Curves, RunDetail, RunLine } from '../shape.ts';
import { get } from './api.ts';
import { type Chart, drawChart, drawKey, type Line } from './chart.ts';
import { writeCsv } from './csv.ts';
import { button, type Child, choice, el, repeat, save, show, tellFaults } from './dom.ts';
import type { Place } from './main.ts';

const MOST_CHOSEN = 6;

type Held = { readonly detail: RunDetail; readonly changed: number };

/** Shows the view. `run`: the chosen ones; `together`: seeds of one experiment as one line with their range. */
export async function openRuns(host: HTMLElement, place: Place): Promise<void> {
  const { query, signal } = place;
  const held = new Map<string, Held>();
  const table = el('div', { class: 'scroll', role: 'region', 'aria-label': 'Runs', tabindex: 0 });
  const charts = el('div');
  let runs = await get<readonly RunLine[]>('runs', {}, signal);
  let started = place.now();
  let chosen = pickFirst(runs, query.getAll('run'));
  let together = query.get('together') === '1';

  const words = el('input', { type: 'search', value: query.get('words') ?? '', 'data-search': true });
  words.addEventListener('input', () => {
    remember();
    drawTable();
  });
  // What a study's players played is reached through the study.
  const fits = ({ id, kind, title }: RunLine): boolean =>
    kind !== 'played' && `${id} ${title}`.toLowerCase().includes(words.value.trim().toLowerCase());

  const remember = (): void =>
    place.keep('runs', {
      run: chosen,
      together: together ? '1' : undefined,
      words: words.value,
    });
  const load = async (): Promise<boolean> => {
    const wanted = runs.filter((run) => chosen.includes(run.id) && held.get(run.id)?.changed !== run.changed);
    for (const { id, changed } of wanted)
      held.set(id, { detail: await get<RunDetail>('run', { run: id }, signal), changed });
    return wanted.length > 0;
  };
  const toggle = (id: string): void => {
    chosen = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-MOST_CHOSEN);
    remember();
    drawTable();
    void load().then(drawCharts, place.fail);
  };
  const drawTable = (): void =>
    show(
      table,
      runs.length === 0
        ? el('p', { class: 'empty' }, 'No run here yet. `tribune align` makes one.')
        : listRuns(runs.filter(fits), chosen, toggle, started, place),
    );
  const drawCharts = (): void => {
    const details = chosen.flatMap((id) => held.get(id)?.detail ?? []);
    show(
      charts,
      renderCurves(details, together, (next) => {
        together = next;
        remember();
        drawCharts();
      }),
    );
  };
  const search = el('label', { class: 'field' }, el('span', {}, 'Name'), words);
  show(host, el('h1', {}, 'Runs'), runs.length > 8 && el('div', { class: 'bar' }, search), table, charts);
  drawTable();
  await load();
  drawCharts();
  repeat(
    2000,
    async () => {
      runs = await get<readonly RunLine[]>('runs', {}, signal);
      started = place.now();
      if (table.contains(document.activeElement) === false) drawTable();
      if ((await load()) && !charts.contains(document.activeElement)) drawCharts();
    },
    signal,
  );
}

/** The runs named, or the newest one of training. */
function pickFirst(runs: readonly RunLine[], named: readonly string[]): readonly string[] {
  const there = named.filter((id) => runs.some((run) => run.id === id));
  if (there.length > 0) return there.slice(0, MOST_CHOSEN);
  return runs
    .filter(({ kind }) => kind === 'training')
    .slice(0, 1)
    .map(({ id }) => id);
}

function listRuns(
  runs: readonly RunLine[],
  chosen: readonly string[],
  toggle: (id: string) => void,
  now: number,
  place: Place,
): HTMLElement {
  const row = (run: RunLine): HTMLElement => {
    const { id, phase, figures, faults, seed, preset, kind, title, suite } = run;
    const tone = chosen.indexOf(id);
    const box = el('input', {
      type: 'checkbox',
      checked: tone !== -1,
      disabled: kind !== 'training',
      'aria-label': `Draw ${id}`,
      change: () => toggle(id),
    });
    const what =
      kind === 'training'
        ? `${title} · ${preset ?? '?'} · ${run.experiment ?? ''}`
        : kind === 'unknown'
          ? 'not a run of this program'
          : title;
    const figure = (name: string, share: boolean): HTMLElement => {
      const value = figures[name] ?? null;
      return el('td', { class: 'number' }, share ? sayPercent(value) : formatNumber(value));
    };
    return el(
      'tr',
      { class: tone === -1 ? '' : 'chosen' },
      el('td', {}, box, tone === -1 ? null : drawKey(tone % 6)),
      el(
        'th',
        { scope: 'row' },
        el('a', { href: linkRun(run, place) }, id),
        el(
          'small',
          {},
          what,
          suite !== null && [' · ', el('a', { href: place.link('scenarios', { suite }) }, 'its scenarios')],
        ),
        faults.length > 0 && el('small', { class: 'bad' }, `${faults[0]?.file}: ${faults[0]?.what}`),
      ),
      el('td', { class: 'number' }, seed === null ? '–' : seed),
      el('td', {}, sayPhase(run)),
      figure('reward', false),
      figure('safety', true),
      figure('utility', true),
      el(
        'td',
        { class: 'number faint' },
        sayAge(now - run.changed),
        phase === 'warm' || phase === 'grpo' ? el('span', { class: 'live' }, ' live') : null,
      ),
    );
  };
  const head = ['', 'Run', 'Seed', 'Progress', 'Reward', 'Safety', 'Utility', 'Changed'];
  return el(
    'table',
    { class: 'runs' },
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        head.map((name, at) =>
          name === '' ? el('td') : el('th', { scope: 'col', class: at > 3 || at === 2 ? 'number' : '' }, name),
        ),
      ),
    ),
    el('tbody', {}, runs.map(row)),
  );
}

/** Where a run's name leads: to what it is about. */
function linkRun({ id, kind, suite }: RunLine, place: Place): string {
  if (kind === 'benchmark' || kind === 'study') return place.link('evaluations', { run: id });
  if (kind === 'redteam') return place.link('scenarios', { suite: suite ?? undefined });
  return place.link('episodes', { run: id });
}

const PHASES: { readonly [phase in RunLine['phase']]: string } = {
  empty: 'not begun',
  warm: 'warm start',
  grpo: 'alignment',
  evaluate: 'evaluation',
  jobs: 'jobs',
  done: 'done',
  stopped: 'stopped',
};

function sayPhase({ phase, done, total, kind }: RunLine): Child {
  if ((kind !== 'training' && kind !== 'study') || phase === 'empty') return PHASES[phase];
  const text = total === null ? `${PHASES[phase]}, step ${done}` : `${PHASES[phase]}, ${done} of ${total}`;
  if (phase === 'done') return PHASES.done;
  return [
    el('span', {}, text),
    el('progress', { max: total ?? 1, value: total === null ? 0 : done, 'aria-label': text }),
  ];
}

/** How long ago, in the largest unit that fits. */
export function sayAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ];
  for (const [size, name] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${name} ago`;
  return `${seconds} s ago`;
}

type Group = {
  readonly title: string;
  readonly phase: string;
  readonly fits: (column: string) => boolean;
  readonly share?: boolean;
};

const OVERVIEW = ['reward', 'safety', 'utility'];
const isShare = (column: string): boolean => /^(safety|utility|cells\.|decisions\.|clipFraction$)/.test(column);
const GROUPS: readonly Group[] = [
  { title: 'Overview', phase: 'grpo', fits: (column) => OVERVIEW.includes(column) },
  {
    title: 'Right behaviour by cell: request / tool text',
    phase: 'grpo',
    fits: (column) => column.startsWith('cells.'),
  },
  { title: 'Terms of the reward', phase: 'grpo', fits: (column) => column.startsWith('terms.') },
  { title: 'Decisions by kind of request', phase: 'grpo', fits: (column) => column.startsWith('decisions.') },
  {
    title: 'Health of the optimisation',
    phase: 'grpo',
    fits: (column) => !column.includes('.') && !OVERVIEW.includes(column),
  },
  { title: 'Against attackers: the drill', phase: 'drill', fits: () => true },
  { title: 'Against attackers: the rounds', phase: 'harden', fits: (column) => OVERVIEW.includes(column) },
  { title: 'Warm start', phase: 'warm', fits: () => true },
  { title: 'Supervised training', phase: 'supervised', fits: () => true },
];

function renderCurves(details: readonly RunDetail[], together: boolean, change: (together: boolean) => void): Child {
  if (details.length === 0) return el('p', { class: 'empty' }, 'Choose runs above to see their curves.');
  const faults = details.flatMap(({ line, faults }) =>
    faults.map((fault) => ({ ...fault, file: `${line.id}/${fault.file}` })),
  );
  const bar = el(
    'div',
    { class: 'bar' },
    choice(
      'Lines',
      [
        ['0', 'each run'],
        ['1', 'mean of the seeds, with their range'],
      ],
      together ? '1' : '0',
      (value) => change(value === '1'),
    ),
    button('Save data (CSV)', () => save('curves.csv', 'text/csv', tabulateRuns(details))),
  );
  const sections = GROUPS.map(({ title, phase, fits }, at) => {
    const charts = listCharts(details, phase, fits, together);
    if (charts.length === 0) return null;
    return [el('h2', {}, title), el('div', { class: at === 0 ? 'charts large' : 'charts' }, charts.map(drawChart))];
  });
  const empty = sections.every((section) => section === null) && el('p', { class: 'empty' }, 'Nothing measured yet.');
  return [bar, tellFaults(faults), empty, sections];
}

function listCharts(
  details: readonly RunDetail[],
  phase: string,
  fits: Group['fits'],
  together: boolean,
): readonly Chart[] {
  const sets = details.map(({ line, curves }, tone) => ({
    line,
    tone,
    curves: curves.find((one) => one.phase === phase) ?? null,
  }));
  const columns = new Set(sets.flatMap(({ curves }) => Object.keys(curves?.columns ?? {})).filter(fits));
  return [...columns].map((column): Chart => {
    const lines = sets.flatMap(({ line, tone, curves }): (Line & { experiment: string })[] => {
      const values = curves?.columns[column];
      // A term nobody earned in a step is left out of its line.
      const filled = column.startsWith('terms.') ? values?.map((value) => value ?? 0) : values;
      return curves && filled
        ? [
            {
              name: line.id,
              tone: tone % 6,
              steps: curves.steps,
              values: filled,
              experiment: line.experiment ?? line.id,
            },
          ]
        : [];
    });
    const title = column.replace(/^(terms|cells|decisions)\./, '').replace('.', ': ');
    return { title, share: isShare(column), lines: together ? join(lines) : lines };
  });
}

/** One line for each experiment: the mean of its seeds where several have the step, and the range. */
function join(lines: readonly (Line & { readonly experiment: string })[]): readonly Line[] {
  return [...Map.groupBy(lines, ({ experiment }) => experiment)].map(([experiment, members]): Line => {
    const first = members[0]!;
    if (members.length === 1) return first;
    const at = members.map(({ steps, values }) => new Map(steps.map((step, i) => [step, values[i] ?? null])));
    const steps = [...new Set(members.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
    const known = steps.map((step) =>
      at.flatMap((values): number[] => {
        const value = values.get(step);
        return typeof value === 'number' ? [value] : [];
      }),
    );
    const mean = known.map(
      (values): Value => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length),
    );
    const band = known.map((values): readonly [number, number] | null =>
      values.length === 0 ? null : [Math.min(...values), Math.max(...values)],
    );
    return { name: `${experiment} (${members.length} seeds)`, tone: first.tone, steps, values: mean, band };
  });
}

/** Every value of the chosen runs, a line each step. */
function tabulateRuns(details: readonly RunDetail[]): string {
  const all: readonly { readonly run: string; readonly curves: Curves }[] = details.flatMap(({ line, curves }) =>
    curves.map((one) => ({ run: line.id, curves: one })),
  );
  const columns = [...new Set(all.flatMap(({ curves }) => Object.keys(curves.columns)))].sort();
  const rows = all.flatMap(({ run, curves }) =>
    curves.steps.map((step, at) => [
      run,
      curves.phase,
      step,
      ...columns.map((column) => curves.columns[column]?.[at] ?? null),
    ]),
  );
  return writeCsv(['run', 'phase', 'step', ...columns], rows);
}
