// Scenarios: what a suite holds by cell and family, each one whole, what the scripted controls come to on it, and a reviewer's
// marks: keep, drop, or an edited text in its place. What is left after the review can be saved as a suite.
import { isSuite } from '../../world/generate/suite-names.ts';
import type { Scenario } from '../../world/scenario.ts';
import type { ControlRow, Mark, ScenarioRow, SuitePage } from '../shape.ts';
import { get, post } from './api.ts';
import { button, type Child, choice, el, isTyping, save, show } from './dom.ts';
import { openList } from './list.ts';
import type { Place } from './main.ts';
import { drawTable } from './table.ts';

const MODES = ['benign', 'sensitive', 'malicious'] as const;
const PLAYED = 12;
type Choice = { readonly suite: string; readonly split: string; readonly seed: string; readonly count: string };
type Found = { readonly scenario: Scenario; readonly edited: boolean };

/** Shows the view. */
export async function openScenarios(host: HTMLElement, place: Place): Promise<void> {
  const { query, signal, state } = place;
  const chosen: Choice = {
    suite: query.get('suite') ?? 'core',
    split: query.get('split') ?? 'heldout',
    seed: query.get('seed') ?? '7001',
    count: query.get('count') ?? '240',
  };
  const cell = query.get('cell') ?? '';
  const page = await get<SuitePage>('scenarios', chosen, signal);
  let rows = page.rows.filter((row) => cell === '' || row.cell === cell);
  const played = new Map<string, ControlRow>();
  const reading = el('section', { class: 'reading', 'aria-label': 'Scenario', tabindex: 0 });
  const split = el('div', { class: 'split' });
  const tally = el('p', { class: 'faint count', role: 'status' });
  let current: ScenarioRow | null = null;

  const list = openList<ScenarioRow>({
    label: 'Scenarios; arrows move, Enter reads, x drops, s keeps, e edits',
    height: 58,
    fail: place.fail,
    fetch: async (from, count) => ({ total: rows.length, rows: rows.slice(from, from + count) }),
    draw: (row) => drawRow(row, played.get(row.id) ?? null),
    open: (row) => void read(row),
  });
  const drawTally = (): void => {
    const count = (mark: Mark): number => rows.filter((row) => row.mark === mark).length;
    const bad = [...played.values()].filter(({ violations }) => violations.length > 0).length;
    show(
      tally,
      `${rows.length} scenarios; ${count('keep')} kept, ${count('drop')} dropped, ${count('edit')} edited${played.size > 0 ? `; controls played on ${played.size}, violated on ${bad}` : ''}`,
    );
  };
  const replace = (id: string, mark: Mark | null): void => {
    rows = rows.map((row) => (row.id === id ? { ...row, mark } : row));
    const at = list.selected();
    void list.reload().then(() => list.select(at), place.fail);
    drawTally();
  };
  const mark = async (row: ScenarioRow, given: 'keep' | 'drop' | null): Promise<void> => {
    await post('mark', {}, { id: row.id, mark: given });
    replace(row.id, given);
    place.tell(`${row.id}: ${given === null ? 'mark taken away' : given === 'keep' ? 'kept' : 'dropped'}`);
  };
  const play = async (ids: readonly string[]): Promise<void> => {
    for (const row of await post<readonly ControlRow[]>('controls', {}, { choice: chosen, ids }))
      played.set(row.id, row);
  };
  const playAll = async (): Promise<void> => {
    for (let from = 0; from < rows.length && !signal.aborted; from += PLAYED) {
      await play(rows.slice(from, from + PLAYED).map(({ id }) => id));
      drawTally();
    }
    await list.reload();
  };
  const read = async (row: ScenarioRow): Promise<void> => {
    current = row;
    const found = await get<Found>('scenario', { ...chosen, id: row.id }, signal);
    if (!played.has(row.id)) await play([row.id]);
    if (current !== row) return;
    split.classList.add('open');
    show(
      reading,
      drawScenario(found, played.get(row.id) ?? null, {
        close,
        mark: (given) => mark(row, given).catch(place.fail),
        edited: () => replace(row.id, 'edit'),
      }),
    );
  };
  const close = (): void => {
    split.classList.remove('open');
    list.element.focus();
  };
  split.append(el('div', { class: 'side' }, tally, list.element), reading);
  split.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return close();
    const row = rows[list.selected()];
    if (isTyping(event) || event.ctrlKey || event.metaKey || row === undefined) return;
    if (event.key === 'x' || event.key === 's') {
      const given = event.key === 'x' ? 'drop' : 'keep';
      void mark(row, row.mark === given ? null : given).catch(place.fail);
    }
    if (event.key === 'e')
      void read(row).then(() => reading.querySelector<HTMLElement>('textarea')?.focus(), place.fail);
  });
  const go = (change: Partial<Choice> & { readonly cell?: string }): void =>
    place.go('scenarios', { ...chosen, cell, ...change });
  show(
    host,
    el('h1', {}, 'Scenarios'),
    drawChoice(chosen, state.suites, go),
    el(
      'div',
      { class: 'bar' },
      button('Play the controls on all', () => void playAll().catch(place.fail)),
      button('Save what is left (JSON Lines)', () => void saveKept(chosen, place)),
    ),
    el('p', { class: 'about' }, `Marks are kept in ${page.reviews}.`),
    drawCoverage(page.rows, cell, (next) => go({ cell: next === cell ? '' : next })),
    split,
  );
  show(reading, el('p', { class: 'empty' }, 'Choose a scenario to see all of it.'));
  drawTally();
  await list.reload();
}

function drawChoice(chosen: Choice, suites: readonly string[], go: (change: Partial<Choice>) => void): HTMLElement {
  const generated = isSuite(chosen.suite);
  const number = (label: string, name: 'seed' | 'count'): HTMLElement => {
    const input = el('input', {
      type: 'number',
      min: 0,
      value: chosen[name],
      change: () => go({ [name]: input.value }),
    });
    return el('label', { class: 'field' }, el('span', {}, label), input);
  };
  return el(
    'div',
    { class: 'bar' },
    choice(
      'Suite',
      suites.map((one) => [one, one] as const),
      chosen.suite,
      (suite) => go({ suite }),
    ),
    generated &&
      choice(
        'Split',
        [
          ['heldout', 'held out'],
          ['train', 'training'],
        ],
        chosen.split,
        (split) => go({ split }),
      ),
    generated && number('Seed', 'seed'),
    generated && number('Count', 'count'),
  );
}

async function saveKept(chosen: Choice, place: Place): Promise<void> {
  try {
    const { text, count } = await get<{ readonly text: string; readonly count: number }>('kept', chosen);
    save('suite.jsonl', 'application/jsonl', text);
    place.tell(`${count} scenarios saved.`);
  } catch (fault) {
    place.fail(fault);
  }
}

/** How many scenarios each cell has, of how many families and, where there are several, of which split; a cell chooses. */
function drawCoverage(rows: readonly ScenarioRow[], chosen: string, choose: (cell: string) => void): Child {
  const all = [...new Set(rows.map(({ split }) => split))].sort();
  const cell = (prompt: string, response: string): HTMLElement => {
    const name = `${prompt}/${response}`;
    const fits = rows.filter((row) => row.cell === name);
    if (fits.length === 0) return el('td', { class: 'number faint' }, '0');
    const families = new Set(fits.map(({ family }) => family)).size;
    const press = button(String(fits.length), () => choose(name), {
      class: 'quiet',
      'aria-pressed': chosen === name ? 'true' : 'false',
      'aria-label': `${fits.length} of ${name}; show only these`,
    });
    const countOf = (split: string): number => fits.filter((row) => row.split === split).length;
    return el(
      'td',
      { class: `number${chosen === name ? ' chosen' : ''}` },
      press,
      el('small', {}, `${families} ${families === 1 ? 'family' : 'families'}`),
      all.length > 1 && all.map((split) => el('small', {}, `${countOf(split)} ${split}`)),
    );
  };
  const row = (prompt: string): HTMLElement =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, prompt),
      MODES.map((response) => cell(prompt, response)),
    );
  const caption = `Scenarios by what the request is (rows) and what the tools’ texts are (columns)${all.length === 1 ? `; split: ${all[0]}` : ''}`;
  return [
    el('h2', {}, 'Coverage'),
    drawTable('Coverage', ['', ...MODES], MODES.map(row), { kind: 'grid coverage', numbersFrom: 1, caption }),
  ];
}

function drawRow({ cell, family, request, decision, attacks, mark }: ScenarioRow, controls: ControlRow | null): Node {
  const held =
    controls === null
      ? null
      : controls.violations.length === 0
        ? el('span', { class: 'tag good' }, 'controls hold')
        : el('span', { class: 'tag bad' }, 'controls violated');
  return el(
    'div',
    { class: 'line' },
    el(
      'span',
      { class: 'sign', role: 'img', 'aria-label': mark ?? 'no mark' },
      mark === 'keep' ? '✓' : mark === 'drop' ? '✗' : mark === 'edit' ? '✎' : '·',
    ),
    el(
      'span',
      { class: 'main' },
      el('span', { class: 'request', dir: 'auto' }, request),
      el(
        'span',
        { class: 'sub' },
        held,
        `${cell} · ${family} · ${decision}${attacks > 0 ? ` · ${attacks} attack` : ''} `,
      ),
    ),
  );
}

type Acts = { close(): void; mark(given: 'keep' | 'drop' | null): void; edited(): void };

function drawScenario(
  { scenario, edited }: Found,
  controls: ControlRow | null,
  { close, mark, edited: noteEdit }: Acts,
): Child {
  const field = el('textarea', { rows: 24, spellcheck: 'false', 'aria-label': 'The scenario as JSON' });
  field.value = JSON.stringify(scenario, null, 2);
  const said = el('p', { role: 'status' });
  const keep = async (): Promise<void> => {
    try {
      await post('edit', {}, { id: scenario.id, text: field.value });
      show(said, 'The edited scenario is kept in the reviews.');
      noteEdit();
    } catch (fault) {
      show(said, el('span', { class: 'failed' }, fault instanceof Error ? fault.message : String(fault)));
    }
  };
  const outcome = ({ policy, success, said: told }: ControlRow['outcomes'][number]): HTMLElement =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, policy),
      el(
        'td',
        { class: success ? 'good' : 'faint' },
        success === null ? '–' : success ? 'succeeds' : 'does not succeed',
      ),
      el('td', {}, told),
    );
  return [
    el(
      'div',
      { class: 'bar tight' },
      button('← List', close, { class: 'back' }),
      button('Keep (s)', () => mark('keep')),
      button('Drop (x)', () => mark('drop')),
      button('No mark', () => mark(null)),
    ),
    el('h2', { class: 'title' }, scenario.id, edited && el('span', { class: 'tag warn' }, 'edited')),
    el(
      'p',
      { class: 'faint' },
      `${scenario.family} · ${scenario.labels.prompt} request, ${scenario.labels.response} tool text · due: ${scenario.labels.decision}`,
    ),
    el('div', { class: 'request' }, el('span', { class: 'who' }, 'User'), el('p', { dir: 'auto' }, scenario.request)),
    el('h3', {}, 'Tools'),
    el(
      'ul',
      {},
      scenario.tools.map(({ tool, as }) => el('li', {}, el('code', {}, as), as === tool ? '' : ` (${tool})`)),
    ),
    scenario.injections.length > 0 && [
      el('h3', {}, 'Planted texts'),
      scenario.injections.map(({ text, kind, style, slot }) =>
        el(
          'p',
          {},
          el('span', { class: 'tag' }, `${kind}, ${style}, in ${slot.table}.${slot.column}`),
          ' ',
          el('mark', {}, text),
        ),
      ),
    ],
    el('h3', {}, 'Scripted outcomes'),
    controls === null
      ? null
      : [
          controls.violations.length === 0
            ? el('p', { class: 'good' }, '✓ All controls hold.')
            : el(
                'ul',
                { class: 'bad' },
                controls.violations.map((one) => el('li', {}, one)),
              ),
          el(
            'div',
            { class: 'scroll', role: 'region', 'aria-label': 'Scripted outcomes', tabindex: 0 },
            el('table', { class: 'grid' }, el('tbody', {}, controls.outcomes.map(outcome))),
          ),
        ],
    el('h3', {}, 'Goals and harms'),
    el(
      'dl',
      { class: 'notes' },
      [
        ...scenario.goals.map((one) => ({ ...one, kind: 'goal' })),
        ...scenario.harms.map((one) => ({ ...one, kind: 'harm' })),
      ].map(({ kind, name, sql, equals }) => [
        el('dt', {}, `${kind} ${name}`),
        el('dd', {}, el('code', {}, sql), ` = ${JSON.stringify(equals)}`),
      ]),
    ),
    el('h3', {}, 'All of it'),
    field,
    el(
      'div',
      { class: 'bar' },
      button('Check and keep this edit', () => void keep()),
    ),
    said,
  ];
}
