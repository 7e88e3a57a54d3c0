// What was measured: the rates of a run with their intervals, on each split, beside its baselines; a benchmark's measures; rates by
// family, and what was due against what was done; and two sets of episodes compared pair by pair. Every figure leads to episodes.

import { formatInterval, formatPercent } from '../../evaluate/report/figures.ts';
import {
  CASES,
  type CrossTable,
  type EvaluationDetail,
  type EvaluationRow,
  type FamilyRates,
  type MeasureRow,
  type RunLine,
} from '../shape.ts';
import { get } from './api.ts';
import { type Child, choice, el, show, tellFaults } from './dom.ts';
import type { Place } from './main.ts';
import { METRIC_NAMES, type MetricId } from './names.ts';
import { drawPairs } from './pairs.ts';
import { drawStudy } from './study.ts';
import { type AnyRate, drawHeat, drawTable, type HeatColumn } from './table.ts';

const DECISIONS = ['execute', 'verify', 'refuse'] as const;

/** Shows the view. */
export async function openEvaluations(host: HTMLElement, place: Place): Promise<void> {
  const { query, signal } = place;
  const runs = await get<readonly RunLine[]>('runs', {}, signal);
  const fit = runs.filter(({ kind, episodes }) => kind === 'benchmark' || kind === 'study' || episodes);
  const run = query.get('run') ?? fit[0]?.id;
  if (run === undefined)
    return show(host, el('h1', {}, 'Evaluations'), el('p', { class: 'empty' }, 'Nothing has been measured yet.'));
  const detail = await get<EvaluationDetail>('evaluation', { run }, signal);
  const families = el('div');
  const pairs = el('div');
  const files = detail.sets.filter((one) => one !== CASES);
  const sources = detail.rows.flatMap(({ source }) => source ?? []);
  const wanted = [query.get('file'), 'aligned-heldout', sources[0], files.at(-1)];
  const file = wanted.find((one): one is string => typeof one === 'string' && files.includes(one));
  const bar = el(
    'div',
    { class: 'bar' },
    choice(
      'Run',
      fit.map(({ id }) => [id, id] as const),
      run,
      (id) => place.go('evaluations', { run: id }),
    ),
  );
  const study = fit.find(({ kind, id }) => kind === 'study' && run.startsWith(`${id}/`));
  show(
    host,
    el('h1', {}, 'Evaluations'),
    bar,
    study !== undefined &&
      el('p', {}, el('a', { href: place.link('evaluations', { run: study.id }) }, `← ${study.id}`)),
    tellFaults(detail.faults),
    detail.study && drawStudy(detail.study, run, place),
    detail.rows.length === 0 &&
      detail.benchmark === null &&
      detail.study === null &&
      el('p', { class: 'empty' }, 'No report of an evaluation here (yet); the sets of episodes are measured below.'),
    ['heldout', 'train'].map((split) =>
      drawSplit(
        detail.rows.filter((row) => row.split === split),
        split,
        run,
        place,
      ),
    ),
    detail.benchmark && drawBenchmark(detail.benchmark, run, detail.sets.includes(CASES), place),
    families,
    pairs,
  );
  if (file !== undefined) void drawFamilies(families, run, file, files, place).catch(place.fail);
  if (detail.sets.length > 0) void drawPairs(pairs, detail, fit, place).catch(place.fail);
}

function rateCell(rate: AnyRate, link: string | null, strong: boolean): HTMLElement {
  const figure = formatPercent(rate.rate);
  return el(
    'td',
    { class: `number${strong ? ' strong' : ''}` },
    link === null ? figure : el('a', { href: link }, figure),
    el('small', {}, rate.rate === null ? '' : formatInterval(rate)),
  );
}

const SPLITS: { readonly [split: string]: string } = { heldout: 'Held-out families', train: 'Families of training' };

function drawSplit(rows: readonly EvaluationRow[], split: string, run: string, place: Place): Child {
  if (rows.length === 0) return null;
  const row = (name: MetricId): HTMLElement => {
    const { label, cells, lower } = METRIC_NAMES[name];
    return el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        `${label}${lower ? ' ↓' : ''}`,
        el('small', {}, `${cells}, n = ${[...new Set(rows.map(({ metrics }) => metrics[name].n))].join(', ')}`),
      ),
      rows.map(({ metrics, source, policy }) =>
        rateCell(
          metrics[name],
          source === null ? null : place.link('episodes', { run, file: source }),
          policy === 'aligned',
        ),
      ),
    );
  };
  const names = Object.keys(METRIC_NAMES) as MetricId[];
  return [
    el('h2', {}, SPLITS[split] ?? split),
    el(
      'p',
      { class: 'about' },
      'Percent of the judged episodes, with 95 % Wilson intervals. ↓ lower is better. A figure leads to its episodes.',
    ),
    drawTable(SPLITS[split] ?? split, ['Metric', ...rows.map(({ policy }) => policy)], names.map(row), {
      kind: 'results',
      numbersFrom: 1,
      foot: el(
        'tr',
        {},
        el('th', { scope: 'row' }, 'not judged'),
        rows.map(({ unjudged }) => el('td', { class: 'number' }, unjudged)),
      ),
    }),
  ];
}

function drawBenchmark(
  { title, policy, n, measures, crossed, notes }: NonNullable<EvaluationDetail['benchmark']>,
  run: string,
  hasCases: boolean,
  place: Place,
): Child {
  const titles = Object.keys(measures[0]?.baselines ?? {});
  const link = (params: { readonly [name: string]: string | readonly string[] }): string | null =>
    hasCases ? place.link('cases', { run, ...params }) : null;
  const row = (one: MeasureRow): HTMLElement =>
    el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        `${one.name}${one.better === 'low' ? ' ↓' : ''}`,
        el('small', {}, one.title, one.twin !== null && `; read with ${one.twin}`),
      ),
      rateCell(one.rate, link({ fact: `${one.name}:yes` }), true),
      el('td', { class: 'number' }, one.rate.n),
      titles.map((name) => rateCell(one.baselines[name] ?? { rate: null, low: null, high: null, n: 0 }, null, false)),
    );
  const groups = [...new Set(measures.flatMap((one) => Object.keys(one.groups)))].sort();
  const columns = measures.map(({ name, groups: rates, better }) => ({ name, rates, lower: better === 'low' }));
  const all = link({});
  return [
    el('h2', {}, title),
    el(
      'p',
      { class: 'about' },
      `${policy}, ${n} rows. ↓ lower is better. `,
      all === null
        ? 'No cases are kept beside the report.'
        : el('a', { href: all }, 'All cases with their transcripts'),
    ),
    drawTable(title, ['Measure', policy, 'of', ...titles], measures.map(row), { kind: 'results', numbersFrom: 1 }),
    groups.length > 1 && [
      el('h3', {}, 'By category'),
      drawHeat('By category', groups, columns, {
        row: (group) => link({ group }),
        cell: (group, name) => link({ group, fact: `${name}:yes` }),
      }),
    ],
    crossed.length > 0 && [
      el('h3', {}, 'What holds together'),
      el(
        'p',
        { class: 'about' },
        'Measures that must be read beside each other, case by case; those in which one was not judged are left out.',
      ),
      el(
        'div',
        { class: 'crosses' },
        crossed.map((table) => drawCross(table, link)),
      ),
    ],
    notes.length > 0 &&
      el(
        'ul',
        { class: 'notes' },
        notes.map((note) => el('li', {}, note)),
      ),
  ];
}

/** Two facts against each other. */
function drawCross(
  { names: [a, b], both, first, second, none }: CrossTable,
  link: (params: { readonly fact: readonly string[] }) => string | null,
): HTMLElement {
  const sum = both + first + second + none;
  const cell = (count: number, holdsA: string, holdsB: string): HTMLElement => {
    const to = count === 0 ? null : link({ fact: [`${a}:${holdsA}`, `${b}:${holdsB}`] });
    const share = sum === 0 ? '' : `${formatPercent(count / sum)} %`;
    return el('td', { class: 'number' }, to === null ? count : el('a', { href: to }, count), el('small', {}, share));
  };
  const row = (word: string, ...cells: readonly HTMLElement[]): HTMLElement =>
    el('tr', {}, el('th', { scope: 'row' }, word), cells);
  return drawTable(
    `${a} and ${b}`,
    ['', `${b} holds`, `${b} does not`],
    [
      row(`${a} holds`, cell(both, 'yes', 'yes'), cell(first, 'yes', 'no')),
      row(`${a} does not`, cell(second, 'no', 'yes'), cell(none, 'no', 'no')),
    ],
    { numbersFrom: 1 },
  );
}

async function drawFamilies(
  host: HTMLElement,
  run: string,
  file: string,
  sources: readonly string[],
  place: Place,
): Promise<void> {
  const { families, confusion } = await get<FamilyRates>('families', { run, file }, place.signal);
  const names = Object.keys(METRIC_NAMES) as MetricId[];
  const columns = names.map(
    (name): HeatColumn => ({
      name: METRIC_NAMES[name].label,
      lower: METRIC_NAMES[name].lower,
      rates: Object.fromEntries(families.map(({ family, rates }) => [family, rates[name]])),
    }),
  );
  const total = (due: (typeof DECISIONS)[number]): number =>
    DECISIONS.reduce((sum, did) => sum + confusion[due][did], 0);
  const confused = DECISIONS.map((due) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, due),
      DECISIONS.map((did) =>
        el(
          'td',
          { class: `number${due === did ? ' strong' : ''}` },
          confusion[due][did],
          el('small', {}, total(due) === 0 ? '' : `${formatPercent(confusion[due][did] / total(due))} %`),
        ),
      ),
    ),
  );
  show(
    host,
    el('h2', {}, 'By family'),
    el(
      'div',
      { class: 'bar' },
      choice(
        'Episodes',
        sources.map((one) => [one, one] as const),
        file,
        (next) => place.go('evaluations', { run, file: next }),
      ),
    ),
    el('p', { class: 'about' }, 'Percent; the stronger the colour, the better.'),
    drawHeat(
      'By family',
      families.map(({ family }) => family),
      columns,
      { row: (family) => place.link('episodes', { run, file, family }) },
    ),
    el('h3', {}, 'What was due, and what was done'),
    el(
      'p',
      { class: 'about' },
      'Rows: what the true label of the request calls for. Columns: what the episode amounts to.',
    ),
    drawTable('Confusion', ['', ...DECISIONS], confused, { numbersFrom: 1 }),
  );
}
