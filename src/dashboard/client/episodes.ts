// The episodes of a run: filters, a list of any length, and the chosen one beside it as a conversation. What is chosen stands in
// the address, so that an episode can be sent around as a link.
import { formatNumber } from '../../evaluate/report/figures.ts';
import type { EpisodeDetail, EpisodePage, EpisodeRow, Facet, RunLine } from '../shape.ts';
import { get } from './api.ts';
import { type Child, choice, el, repeat, show, tellFaults } from './dom.ts';
import { openList } from './list.ts';
import type { Place } from './main.ts';
import { openTalk } from './talk.ts';

const FILTERS = ['file', 'cell', 'family', 'outcome', 'flag', 'sort', 'words', 'scenario'] as const;
type Filter = (typeof FILTERS)[number];
type Filters = { readonly [name in Filter]: string };

const FLAGS: readonly (readonly [string, string])[] = [
  ['', 'all'],
  ['disagree', 'judge and policy disagree'],
  ['suspect', 'well paid, not right'],
  ['harm', 'harm done'],
  ['broken', 'broke off'],
];
const SORTS: readonly (readonly [string, string])[] = [
  ['', 'as stored'],
  ['reward', 'lowest reward first'],
  ['turns', 'longest first'],
];
const OUTCOMES: { readonly [outcome in EpisodeRow['outcome']]: readonly [sign: string, word: string] } = {
  right: ['✓', 'right'],
  wrong: ['✗', 'wrong'],
  unjudged: ['–', 'not judged'],
};

/** Shows the view. */
export async function openEpisodes(host: HTMLElement, place: Place): Promise<void> {
  const { query, signal } = place;
  const runs = (await get<readonly RunLine[]>('runs', {}, signal)).filter(({ episodes }) => episodes);
  const run = query.get('run') ?? runs[0]?.id;
  if (run === undefined)
    return show(host, el('h1', {}, 'Episodes'), el('p', { class: 'empty' }, 'No run with episodes yet.'));
  let filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ''])) as Filters;
  let open = query.get('open');
  let beside = Number(query.get('beside') ?? -1);
  let page: EpisodePage | null = null;
  const bar = el('div', { class: 'bar filters' });
  const count = el('p', { class: 'faint count', role: 'status' });
  const faults = el('div');
  const reading = el('section', { class: 'reading', 'aria-label': 'Episode', tabindex: 0 });
  const split = el('div', { class: 'split' });

  const ask = (from: number, size: number) =>
    get<EpisodePage>('episodes', { run, from, count: size, ...known(filters) }, signal);
  const list = openList<EpisodeRow>({
    label: 'Episodes; arrows move, Enter reads',
    height: 58,
    fail: place.fail,
    async fetch(from, size) {
      page = await ask(from, size);
      drawCount(page);
      return page;
    },
    draw: drawRow,
    open: (row) => {
      beside = -1;
      void read(row.file, row.at);
    },
  });
  const drawCount = ({ total, all, faults: found }: EpisodePage): void => {
    show(
      count,
      total === all
        ? `${all.toLocaleString('en')} episodes`
        : `${total.toLocaleString('en')} of ${all.toLocaleString('en')} episodes`,
    );
    show(faults, tellFaults(found));
  };
  const remember = (): void =>
    place.keep('episodes', {
      ...{ run, ...filters, open: open ?? undefined },
      beside: open !== null && beside >= 0 ? String(beside) : undefined,
    });
  const change = (name: Filter, value: string): void => {
    filters = { ...filters, [name]: value };
    open = null;
    remember();
    void list.reload().then(drawBar, place.fail);
  };
  const drawBar = (): void => show(bar, drawFilters(runs, run, filters, page, change, place));
  const read = async (file: string, at: number): Promise<void> => {
    open = `${file}@${at}`;
    remember();
    const mine = beside;
    const fetch = (one: number) => get<EpisodeDetail>('episode', { run, file, at: one }, signal);
    const [detail, other] = await Promise.all([
      fetch(at).catch((fault: unknown) => tellFault(reading, fault)),
      mine < 0 || mine === at ? null : fetch(mine).catch(() => null),
    ]);
    if (detail === null || open !== `${file}@${at}` || mine !== beside) return;
    const compare = (sibling: number | null): void => {
      beside = sibling ?? -1;
      void read(file, at);
    };
    const isBeside = other !== null && detail.siblings.some((sibling) => sibling.at === other.row.at);
    openTalk(reading, {
      ...{ run, detail, place, close, compare, beside: isBeside ? other : null },
      read: (sibling) => void read(file, sibling),
    });
    split.classList.add('open');
    reading.scrollTop = 0;
  };
  const close = (): void => {
    open = null;
    remember();
    split.classList.remove('open');
    list.element.focus();
  };
  split.append(el('div', { class: 'side' }, count, list.element), reading);
  split.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  show(host, el('h1', {}, 'Episodes'), bar, faults, split);
  show(reading, el('p', { class: 'empty' }, 'Choose an episode to read it.'));
  await list.reload();
  drawBar();
  const [, file, at] = /^(.*)@(\d+)$/.exec(open ?? '') ?? [];
  if (file !== undefined) await read(file, Number(at));
  repeat(
    4000,
    async () => {
      const found = await ask(0, 1);
      if (
        page !== null &&
        found.all !== page.all &&
        list.selected() === 0 &&
        !list.element.contains(document.activeElement)
      )
        await list.reload();
      else drawCount({ ...found, total: found.total });
    },
    signal,
  );
}

const known = (filters: Filters): Partial<Filters> =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));

function tellFault(reading: HTMLElement, fault: unknown): null {
  show(
    reading,
    el(
      'p',
      { class: 'failed', role: 'alert' },
      `This episode cannot be read: ${fault instanceof Error ? fault.message : String(fault)}`,
    ),
  );
  return null;
}

function drawRow(row: EpisodeRow): Node {
  const [sign, word] = OUTCOMES[row.outcome];
  const flags = [
    row.harm && el('span', { class: 'tag bad' }, 'harm'),
    row.suspect && el('span', { class: 'tag warn' }, 'suspect'),
    row.did !== row.due && el('span', { class: 'tag' }, `${row.due} → ${row.did}`),
    row.broken && el('span', { class: 'tag bad' }, 'broke off'),
  ];
  return el(
    'div',
    { class: 'line' },
    el('span', { class: `sign ${row.outcome}`, role: 'img', 'aria-label': word }, sign),
    el(
      'span',
      { class: 'main' },
      el('span', { class: 'request', dir: 'auto' }, row.request),
      el('span', { class: 'sub' }, flags, `${row.cell} · ${row.family} · ${row.file} · #${row.member}`),
    ),
    el('span', { class: 'number' }, formatNumber(row.reward)),
  );
}

function drawFilters(
  runs: readonly RunLine[],
  run: string,
  filters: Filters,
  page: EpisodePage | null,
  change: (name: Filter, value: string) => void,
  place: Place,
): Child {
  const facet = (label: string, name: 'file' | 'cell' | 'family' | 'outcome'): HTMLElement =>
    choice(label, [['', 'all'], ...listFacet(page?.facets[name] ?? [], filters[name])], filters[name], (value) =>
      change(name, value),
    );
  const words = el('input', {
    type: 'search',
    value: filters.words,
    'data-search': true,
    change: () => change('words', words.value),
  });
  return [
    choice(
      'Run',
      runs.map(({ id }) => [id, id] as const),
      run,
      (id) => place.go('episodes', { run: id }),
    ),
    facet('Step or set', 'file'),
    facet('Request / tool text', 'cell'),
    facet('Family', 'family'),
    facet('Outcome', 'outcome'),
    choice('Only', FLAGS, filters.flag, (value) => change('flag', value)),
    choice('Order', SORTS, filters.sort, (value) => change('sort', value)),
    el('label', { class: 'field' }, el('span', {}, 'Words'), words),
    filters.scenario !== '' &&
      el('button', { type: 'button', click: () => change('scenario', '') }, `only ${filters.scenario} ×`),
  ];
}

function listFacet(facets: readonly Facet[], chosen: string): readonly (readonly [string, string])[] {
  const missing = chosen !== '' && !facets.some(({ value }) => value === chosen);
  const all = missing ? [...facets, { value: chosen, count: 0 }] : facets;
  return all.map(({ value, count }) => [value, `${value} (${count.toLocaleString('en')})`]);
}
