// Tables, all made the same way: heads, rows, a label, their own scrolling. And the heat table: shares, darker is better.
import { formatPercent, MISSING } from '../../evaluate/report/figures.ts';
import { type Child, el, scroll } from './dom.ts';

export type AnyRate = {
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
};

/** A table. `heads` name the columns: '' is an empty corner, those from `numbersFrom` on stand to the right. */
export function drawTable(
  label: string,
  heads: readonly string[],
  rows: readonly HTMLElement[],
  options: {
    readonly kind?: string;
    readonly numbersFrom?: number;
    readonly caption?: Child;
    readonly foot?: Child;
  } = {},
): HTMLElement {
  const { kind = 'grid', numbersFrom = heads.length, caption = null, foot = null } = options;
  const head = heads.map((name, at) =>
    name === '' ? el('td') : el('th', { scope: 'col', class: at >= numbersFrom ? 'number' : '' }, name),
  );
  return scroll(
    label,
    el(
      'table',
      { class: kind },
      caption === null ? null : el('caption', {}, caption),
      el('thead', {}, el('tr', {}, head)),
      el('tbody', {}, rows),
      foot === null ? null : el('tfoot', {}, foot),
    ),
  );
}

export type HeatColumn = {
  readonly name: string;
  readonly rates: { readonly [row: string]: Pick<AnyRate, 'rate' | 'n'> };
  readonly lower: boolean;
};

/** A table of shares: darker is better; the figure is in each cell, so that colour is not needed. */
export function drawHeat(
  label: string,
  rows: readonly string[],
  columns: readonly HeatColumn[],
  links: {
    readonly row?: (row: string) => string | null;
    readonly cell?: (row: string, column: string) => string | null;
  } = {},
): HTMLElement {
  const cell = ({ name, rates, lower }: HeatColumn, row: string): HTMLElement => {
    const { rate = null, n = 0 } = Object.hasOwn(rates, row) ? (rates[row] ?? {}) : {};
    if (rate === null) return el('td', { class: 'number faint' }, MISSING);
    const to = links.cell?.(row, name) ?? null;
    const figure = to === null ? formatPercent(rate) : el('a', { href: to }, formatPercent(rate));
    const tone = Math.round((lower ? 1 - rate : rate) * 5);
    return el('td', { class: `number heat h${tone}` }, figure, el('small', {}, `n ${n}`));
  };
  const heads = ['', ...columns.map(({ name, lower }) => `${name}${lower ? ' ↓' : ''}`)];
  const body = rows.map((row) => {
    const to = links.row?.(row) ?? null;
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, to === null ? row : el('a', { href: to }, row)),
      columns.map((column) => cell(column, row)),
    );
  });
  return drawTable(label, heads, body, { kind: 'grid heats', numbersFrom: 1 });
}
