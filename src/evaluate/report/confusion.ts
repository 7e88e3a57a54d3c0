// How a measure and its twin went together, by category: where one row answers both, in how many both held, one of them, or
// none; where they are asked of different rows (harmful and benign requests), how each was answered.
import type { Measure, Row } from '../benchmarks/row.ts';
import { html, type Markup } from './html.ts';

/** A table of counts: a row for each category, and one for all. */
export type Confusion = {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly group: string; readonly counts: readonly number[] }[];
};

/** The tables of all measures that have a twin, each pair once. */
export function countConfusion(measures: readonly Measure[], rows: readonly Row[]): Confusion[] {
  const seen = new Set<string>();
  return measures.flatMap(({ name, twin }) => {
    const other = measures.find((measure) => measure.name === twin);
    const key = [name, twin ?? ''].sort().join('/');
    if (!other || seen.has(key)) return [];
    seen.add(key);
    return [countPair(name, other.name, rows)];
  });
}

function countPair(a: string, b: string, rows: readonly Row[]): Confusion {
  const groups = [...new Set(rows.map(({ group }) => group))].sort();
  const joint = rows.some(({ facts }) => typeof facts[a] === 'boolean' && typeof facts[b] === 'boolean');
  const cells: readonly (readonly [string, (facts: Row['facts']) => boolean])[] = joint
    ? [
        [`${a} and ${b}`, (facts) => facts[a] === true && facts[b] === true],
        [`${a} only`, (facts) => facts[a] === true && facts[b] === false],
        [`${b} only`, (facts) => facts[a] === false && facts[b] === true],
        ['neither', (facts) => facts[a] === false && facts[b] === false],
      ]
    : [a, b].flatMap((name) => [
        [name, (facts: Row['facts']) => facts[name] === true] as const,
        [`not ${name}`, (facts: Row['facts']) => facts[name] === false] as const,
      ]);
  const count = (list: readonly Row[]) => cells.map(([, holds]) => list.filter(({ facts }) => holds(facts)).length);
  const all = groups.length > 1 ? [{ group: 'all', counts: count(rows) }] : [];
  return {
    title: `${a} with ${b}`,
    columns: cells.map(([name]) => name),
    rows: [...groups.map((group) => ({ group, counts: count(rows.filter((row) => row.group === group)) })), ...all],
  };
}

/** The tables as markup; nothing where no measure has a twin. */
export function renderConfusion(measures: readonly Measure[], rows: readonly Row[]): Markup | null {
  const tables = countConfusion(measures, rows);
  if (tables.length === 0) return null;
  return html`<section class="part"><h2>Confusion by category</h2><p class="about">How often a measure and the one to be read with it went together, in rows that were judged.</p>${tables.map(
    ({ title, columns, rows: lines }) =>
      html`<h3>${title}</h3><div class="scroll"><table class="results"><thead><tr><th>category</th>${columns.map((name) => html`<th class="number">${name}</th>`)}</tr></thead><tbody>${lines.map(({ group, counts }) => html`<tr><th scope="row">${group}</th>${counts.map((count) => html`<td class="number">${count}</td>`)}</tr>`)}</tbody></table></div>`,
  )}</section>`;
}
