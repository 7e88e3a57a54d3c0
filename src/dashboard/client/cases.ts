// The cases of a benchmark's run: filtered by what was measured, each with its facts and its transcript. Everything is text.
import type { Measure, Row } from '../../evaluate/benchmarks/row.ts';
import type { CasePage, CaseRow, EvaluationDetail } from '../shape.ts';
import { get } from './api.ts';
import { button, type Child, choice, el, show, tellFaults } from './dom.ts';
import { openList } from './list.ts';
import type { Place } from './main.ts';

const HOLDS = [
  ['yes', 'holds'],
  ['no', 'does not'],
  ['unjudged', 'not judged'],
] as const;

/** Shows the view: of the run the address names. */
export async function openCases(host: HTMLElement, place: Place): Promise<void> {
  const { query, signal } = place;
  const run = query.get('run') ?? '';
  const { benchmark } = await get<EvaluationDetail>('evaluation', { run }, signal);
  if (benchmark === null)
    return show(host, el('h1', {}, 'Cases'), el('p', { class: 'empty' }, 'This run is none of a benchmark.'));
  const measures = benchmark.measures;
  const facts = query.getAll('fact');
  const [group, words] = [query.get('group') ?? '', query.get('words') ?? ''];
  let page: CasePage | null = null;
  let open = query.get('open');
  const bar = el('div', { class: 'bar filters' });
  const count = el('p', { class: 'faint count', role: 'status' });
  const reading = el('section', { class: 'reading', 'aria-label': 'Case', tabindex: 0 });
  const split = el('div', { class: 'split' });
  const filters = { fact: facts, group: group === '' ? undefined : group, words: words === '' ? undefined : words };
  const go = (change: { readonly fact?: readonly string[]; readonly group?: string; readonly words?: string }): void =>
    place.go('cases', { run, ...filters, ...change });
  const list = openList<CaseRow>({
    label: 'Cases; arrows move, Enter reads',
    height: 58,
    fail: place.fail,
    async fetch(from, size) {
      page = await get<CasePage>('cases', { run, from, count: size, ...filters }, signal);
      return page;
    },
    draw: (row) => drawRow(row, measures),
    open: (row) => void read(row.at),
  });
  const close = (): void => {
    split.classList.remove('open');
    list.element.focus();
  };
  const read = async (at: number): Promise<void> => {
    open = String(at);
    place.keep('cases', { run, ...filters, open });
    const found = await get<Row>('case', { run, at }, signal).catch((fault: unknown) => String(fault));
    if (open !== String(at)) return;
    show(
      reading,
      typeof found === 'string' ? el('p', { class: 'failed', role: 'alert' }, found) : drawCase(found, measures, close),
    );
    split.classList.add('open');
    reading.scrollTop = 0;
  };
  split.append(el('div', { class: 'side' }, count, list.element), reading);
  split.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  const faults = el('div');
  show(
    host,
    el('h1', {}, `Cases: ${benchmark.title}`),
    el('p', { class: 'about' }, el('a', { href: place.link('evaluations', { run }) }, `${run} · ${benchmark.policy}`)),
    bar,
    faults,
    split,
  );
  show(reading, el('p', { class: 'empty' }, 'Choose a case to read it.'));
  await list.reload();
  const { total, all, groups, faults: found } = page ?? { total: 0, all: 0, groups: [], faults: [] };
  show(count, total === all ? `${all} cases` : `${total} of ${all} cases`);
  show(faults, tellFaults(found));
  show(bar, drawFilters(measures, facts, group, words, groups, go));
  if (open !== null) await read(Number(open));
}

type Named = Pick<Measure, 'name' | 'title'>;

function drawFilters(
  measures: readonly Named[],
  facts: readonly string[],
  group: string,
  words: string,
  groups: CasePage['groups'],
  go: (change: { readonly fact?: readonly string[]; readonly group?: string; readonly words?: string }) => void,
): Child {
  const change = (name: string) => (word: string) => {
    const others = facts.filter((fact) => !fact.startsWith(`${name}:`));
    go({ fact: word === '' ? others : [...others, `${name}:${word}`] });
  };
  const field = el('input', {
    type: 'search',
    value: words,
    'data-search': true,
    change: () => go({ words: field.value }),
  });
  return [
    choice(
      'Category',
      [['', 'all'], ...groups.map(({ value, count }) => [value, `${value} (${count})`] as const)],
      group,
      (value) => go({ group: value }),
    ),
    measures.map(({ name }) => {
      const own = facts.find((fact) => fact.startsWith(`${name}:`))?.slice(name.length + 1) ?? '';
      return choice(name, [['', 'all'], ...HOLDS], own, change(name));
    }),
    el('label', { class: 'field' }, el('span', {}, 'Words'), field),
  ];
}

const sayFact = (fact: boolean | null | undefined): string => (fact === true ? '✓' : fact === false ? '✗' : '–');

function drawRow({ id, group, trial, facts, faulty, begins }: CaseRow, measures: readonly Named[]): Node {
  const told = measures.map(({ name }) => `${name} ${sayFact(facts[name])}`).join(' · ');
  return el(
    'div',
    { class: 'line' },
    el(
      'span',
      { class: 'main' },
      el('span', { class: 'request', dir: 'auto' }, `${id}${begins === '' ? '' : `: ${begins}`}`),
      el(
        'span',
        { class: 'sub' },
        faulty !== null && el('span', { class: 'tag warn' }, 'faulty case'),
        `${told} · ${group}${trial > 0 ? ` · trial ${trial + 1}` : ''}`,
      ),
    ),
  );
}

function drawCase(
  { id, group, trial, facts, faulty, transcript }: Row,
  measures: readonly Named[],
  close: () => void,
): Child {
  const titles = new Map(measures.map(({ name, title }) => [name, title]));
  const rows = Object.entries(facts).map(([name, fact]) =>
    el('div', {}, el('dt', {}, titles.get(name) ?? name), el('dd', {}, `${sayFact(fact)} ${name}`)),
  );
  return [
    el('div', { class: 'bar tight' }, button('← List', close, { class: 'back' })),
    el('h2', { class: 'title' }, id),
    el('p', { class: 'faint' }, `${group}${trial > 0 ? ` · trial ${trial + 1}` : ''}`),
    faulty !== undefined && el('p', { class: 'bad' }, `The case itself is known to be wrong: ${faulty}.`),
    el('dl', { class: 'facts wide' }, rows),
    transcript.length === 0 && el('p', { class: 'faint' }, 'No transcript was kept.'),
    el(
      'ol',
      { class: 'talk' },
      transcript.map(({ role, text }) =>
        el(
          'li',
          { class: 'turn', tabindex: 0 },
          el(
            'div',
            { class: `say ${role === 'tool' ? 'result' : ''}` },
            el('span', { class: 'who' }, role),
            el('div', { class: 'what', dir: 'auto' }, text),
          ),
        ),
      ),
    ),
  ];
}
