// A study: for each place its players' means over seeds with their intervals, differences paired by seed, and the right behaviour by
// domain and mode. Each player leads to the episodes of each of its seeds.
import { formatPercent, formatSeconds, MISSING } from '../../evaluate/report/figures.ts';
import type { StudyDetail, StudyMeans } from '../shape.ts';
import { type Child, choice, el } from './dom.ts';
import type { Place } from './main.ts';
import { METRIC_NAMES } from './names.ts';
import { drawHeat, drawTable } from './table.ts';

/** What each place tests; one this page does not know is called by its name. */
const PLACES: { readonly [place: string]: readonly [title: string, about: string] } = {
  heldout: ['Held out', 'Families, tools, three domains, wordings and attack styles that no training step saw.'],
  fresh: ['Training families', 'Fresh scenarios of the families that were trained on.'],
  wordings: ['Held-out wordings', 'Training families in words never trained on.'],
  styles: ['Held-out attack styles', 'Training families; orders planted in styles never trained on.'],
  tools: ['Held-out tools', 'Tools never trained on, in domains that were.'],
  domains: ['Held-out domains', 'Domains, tools and families never trained on, in known wordings and styles.'],
};
const ORDER = ['heldout', 'fresh'];

type PlaceDetail = StudyDetail['places'][number];
type Player = PlaceDetail['players'][number];

const titleOf = (row: string): string =>
  row === 'underAttack'
    ? 'Utility under attack'
    : Object.hasOwn(METRIC_NAMES, row)
      ? METRIC_NAMES[row as keyof typeof METRIC_NAMES].label
      : row;
const isLow = (row: string): boolean => row.startsWith('over');

/** Draws a study at the place the address names. */
export function drawStudy(study: StudyDetail, run: string, place: Place): Child {
  const { done, total, seconds, places, rows } = study;
  const sorted = places.toSorted((a, b) => rankOf(a.place) - rankOf(b.place));
  const chosen = sorted.find((one) => one.place === place.query.get('place')) ?? sorted[0];
  const progress = el(
    'p',
    { class: 'about' },
    `${done} of ${total} jobs are done, ${formatSeconds(seconds)} of work. Percent: means over seeds ± half the 95 % interval over seeds; one seed has none.`,
  );
  if (chosen === undefined || chosen.players.length === 0)
    return [progress, el('p', { class: 'empty' }, 'No player has been measured yet.')];
  const [title, about] = PLACES[chosen.place] ?? [chosen.place, ''];
  return [
    progress,
    el(
      'div',
      { class: 'bar' },
      choice(
        'Measured on',
        sorted.map((one) => [one.place, PLACES[one.place]?.[0] ?? one.place] as const),
        chosen.place,
        (next) => place.go('evaluations', { run, place: next }),
      ),
    ),
    el('h2', {}, title),
    el(
      'p',
      { class: 'about' },
      `${about} ↓ lower is better. A seed leads to its episodes, a player’s name to its families and pairs.`,
    ),
    drawPlayers(chosen, rows, place),
    drawDifferences(chosen, rows),
    drawCells(chosen),
  ];
}

const rankOf = (place: string): number => {
  const at = ORDER.indexOf(place);
  return at === -1 ? ORDER.length : at;
};

const heads = (first: string, rows: readonly string[]): readonly string[] => [
  first,
  ...rows.map((row) => `${titleOf(row)}${isLow(row) ? ' ↓' : ''}`),
];

function meanCell(means: StudyMeans, row: string, signed: boolean): HTMLElement {
  const { mean = null, half = null } = means[row] ?? {};
  const sign = signed && mean !== null && mean !== 0 ? (mean > 0 ? '+' : '−') : '';
  const figure = mean === null ? MISSING : `${sign}${formatPercent(Math.abs(mean))}`;
  return el('td', { class: 'number' }, figure, el('small', {}, half === null ? '' : `± ${formatPercent(half)}`));
}

function drawPlayers({ place: where, players }: PlaceDetail, rows: readonly string[], place: Place): HTMLElement {
  const line = ({ player, runs, means, unjudged }: Player): HTMLElement => {
    const seeds = runs.map(({ seed, run }) =>
      el(
        'a',
        { href: place.link('episodes', { run, file: where }), 'aria-label': `Episodes of ${player}, seed ${seed}` },
        `${seed}`,
      ),
    );
    const first = runs[0]?.run ?? '';
    return el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        el('a', { href: place.link('evaluations', { run: first, file: where }) }, player),
        el(
          'small',
          {},
          runs.length === 1 ? 'seed ' : 'seeds ',
          seeds.flatMap((one) => [one, ' ']),
          unjudged > 0 && `· ${unjudged} not judged`,
        ),
      ),
      rows.map((row) => meanCell(means, row, false)),
    );
  };
  return drawTable('Players', heads('Player', rows), players.map(line), { kind: 'results', numbersFrom: 1 });
}

function drawDifferences({ differences }: PlaceDetail, rows: readonly string[]): Child {
  if (differences.length === 0) return null;
  const line = ({ first, second, means }: PlaceDetail['differences'][number]): HTMLElement =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, `${first} − ${second}`),
      rows.map((row) => meanCell(means, row, true)),
    );
  return [
    el('h3', {}, 'Differences'),
    el(
      'p',
      { class: 'about' },
      'Paired by seed, in percentage points. Over single scenarios: a player’s name, then “Compared pair by pair”.',
    ),
    drawTable('Differences', heads('', rows), differences.map(line), { kind: 'results', numbersFrom: 1 }),
  ];
}

/** The right behaviour by domain and mode of every player. */
function drawCells({ players }: PlaceDetail): Child {
  const cells = [...new Set(players.flatMap((player) => Object.keys(player.cells)))].sort();
  const columns = players.map(({ player, cells: own }) => ({
    name: player,
    lower: false,
    rates: Object.fromEntries(
      Object.entries(own).map(([cell, [hits, n]]) => [cell, { rate: n === 0 ? null : hits / n, n }]),
    ),
  }));
  return [
    el('h3', {}, 'Right behaviour by domain and request'),
    el('p', { class: 'about' }, 'Percent of the episodes of all seeds; the stronger the colour, the better.'),
    drawHeat('By domain and request', cells, columns),
  ];
}
