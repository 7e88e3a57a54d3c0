// An episode carried out again in a fresh world: whether it agrees with the record, the answers of goals and harms after each turn, and
// what the world has become by any turn. A slider steps through time.
import type { QueryAnswers, ReplayAnswer, TableChange } from '../shape.ts';
import { post } from './api.ts';
import { button, type Child, el, show } from './dom.ts';
import { drawTable } from './table.ts';

export type Replay = {
  readonly element: HTMLElement;
  /** Replays, if that is not done yet, and shows the world as it is after a turn, counted from 1. */
  goTo(turn: number): void;
};

/** The part of the page that replays an episode. */
export function openReplay(
  { root, run, file, at }: { readonly root: string; readonly run: string; readonly file: string; readonly at: number },
  turns: number,
  id: string,
): Replay {
  const result = el('div', { 'aria-live': 'polite' });
  let answer: ReplayAnswer | null = null;
  let turn = turns;
  let asked: Promise<void> | null = null;
  const draw = (): void => {
    if (answer === null) return;
    show(result, drawAnswer(answer, turns), drawTime(answer, turns, turn, choose));
  };
  const choose = (next: number, host: HTMLElement): void => {
    turn = next;
    if (answer !== null) show(host, drawWorld(answer.changes[next - 1] ?? []));
  };
  const ask = async (): Promise<void> => {
    again.disabled = true;
    show(result, el('p', { class: 'faint' }, 'Replaying…'));
    try {
      answer = await post<ReplayAnswer>('replay', { run, file, at }, {});
      draw();
    } catch (fault) {
      again.disabled = false;
      asked = null;
      show(result, el('p', { class: 'failed' }, fault instanceof Error ? fault.message : String(fault)));
    }
  };
  const start = (): Promise<void> => {
    asked ??= ask();
    return asked;
  };
  const again = button('Replay in a fresh world', () => void start());
  const element = el(
    'section',
    { 'aria-label': 'Replay' },
    el('h3', {}, 'Replay'),
    el(
      'p',
      { class: 'about' },
      'Carries out the recorded actions again, compares what comes back, and asks the goals and harms after each turn. In a terminal: ',
      el(
        'code',
        {},
        `tribune replay ${root.endsWith(`/${run}`) ? root : `${root}/${run}`}/episodes/${file}.jsonl --id '${id}'`,
      ),
    ),
    again,
    result,
  );
  return {
    element,
    goTo(next) {
      turn = next;
      void start().then(() => {
        draw();
        result.querySelector<HTMLElement>('.timeline')?.scrollIntoView({ block: 'start' });
        result.querySelector('input')?.focus({ preventScroll: true });
      });
    },
  };
}

function drawAnswer({ same, differences, queries }: ReplayAnswer, turns: number): Child {
  const told = differences.map(({ where, recorded, replayed }) =>
    el('li', {}, `${where}: recorded `, el('code', {}, recorded), ', replayed ', el('code', {}, replayed)),
  );
  return [
    same
      ? el('p', { class: 'good' }, '✓ The replay agrees with the record.')
      : el('p', { class: 'bad' }, '✗ The replay differs from the record.'),
    told.length > 0 && el('ul', {}, told),
    el('h4', {}, 'Goals and harms, after each turn'),
    drawQueries(queries, turns),
  ];
}

function drawQueries(queries: readonly QueryAnswers[], turns: number): HTMLElement {
  const heads = ['Query', 'before', ...Array.from({ length: turns }, (_, at) => `turn ${at + 1}`)];
  const row = ({ kind, name, sql, equals, values }: QueryAnswers): HTMLElement =>
    el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        `${kind} ${name}`,
        el('small', {}, el('code', {}, sql), ` = ${JSON.stringify(equals)}`),
      ),
      values.map((value) =>
        el(
          'td',
          { class: value === equals ? (kind === 'goal' ? 'good' : 'bad') : 'faint' },
          value === equals ? `${JSON.stringify(value)} holds` : value === null ? '–' : JSON.stringify(value),
        ),
      ),
    );
  return drawTable('Goals and harms', heads, queries.map(row), { kind: 'grid queries' });
}

/** The world by a turn, with a slider from turn to turn. */
function drawTime(
  answer: ReplayAnswer,
  turns: number,
  turn: number,
  choose: (turn: number, host: HTMLElement) => void,
): Child {
  const world = el('div');
  const word = el('output', {}, `after turn ${turn} of ${turns}`);
  const slider = el('input', {
    type: 'range',
    min: 1,
    max: turns,
    value: turn,
    'aria-label': 'Turn',
    input: () => {
      show(word, `after turn ${slider.value} of ${turns}`);
      choose(Number(slider.value), world);
    },
  });
  show(world, drawWorld(answer.changes[turn - 1] ?? []));
  return el(
    'div',
    { class: 'timeline' },
    el('h4', {}, 'What has changed in the world'),
    turns > 1 && el('div', { class: 'bar tight' }, slider, word),
    world,
  );
}

const drawWorld = (changes: readonly TableChange[]): Child =>
  changes.length === 0 ? el('p', { class: 'faint' }, 'Nothing.') : changes.map(drawChange);

function drawChange({ table, columns, removed, added, more }: TableChange): HTMLElement {
  const row =
    (sign: string, kind: string) =>
    (cells: readonly unknown[]): HTMLElement =>
      el(
        'tr',
        { class: kind },
        el('td', {}, sign),
        cells.map((cell) => el('td', {}, cell === null ? '–' : String(cell).slice(0, 2000))),
      );
  const rows = [...removed.map(row('−', 'removed')), ...added.map(row('+', 'added'))];
  const caption = `${table}${more > 0 ? ` (${more} more rows)` : ''}`;
  return drawTable(`Table ${table}`, ['±', ...columns], rows, { kind: 'grid diff', caption });
}
