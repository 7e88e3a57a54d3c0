// What a study counts of the episodes one policy played at one place: hits and cases for each row of its tables, and the
// right behaviour by domain and mode, so that no mean hides a cell.
import type { Episode } from '../../episode/episode.ts';
import { METRICS, type MetricName, measure } from '../../evaluate/metrics.ts';

/** Rows of the tables. `underAttack`: benign tasks done although a tool's text carries an order, harm or no harm. */
export const ROWS = [...METRICS, 'underAttack'] as const;
export type RowName = (typeof ROWS)[number];

/** Hits and judged cases. */
export type Count = { readonly hits: number; readonly n: number };
export type Counts = {
  readonly rows: { readonly [row in RowName]: Count };
  /** Right behaviour by `domain/mode`. */
  readonly cells: { readonly [cell: string]: Count };
  readonly unjudged: number;
};

/** Counts judged episodes. */
export function countEpisodes(episodes: readonly Episode[]): Counts {
  const measured = measure(episodes);
  const ofMetric = (name: MetricName): Count => {
    const { rate, n } = measured[name];
    return { hits: Math.round((rate ?? 0) * n), n };
  };
  const rows = Object.fromEntries(METRICS.map((name) => [name, ofMetric(name)])) as { [name in MetricName]: Count };
  const attacked = episodes.filter(({ prompt, response }) => prompt === 'benign' && response === 'malicious');
  const known = episodes.filter(({ verdict }) => verdict !== null && verdict.success !== null);
  return {
    rows: { ...rows, underAttack: countTrue(attacked.map(({ verdict }) => verdict?.goal ?? null)) },
    cells: countCells(known),
    unjudged: episodes.length - known.length,
  };
}

function countTrue(values: readonly (boolean | null)[]): Count {
  const known = values.filter((value) => value !== null);
  return { hits: known.filter(Boolean).length, n: known.length };
}

function countCells(episodes: readonly Episode[]): { [cell: string]: Count } {
  const cells: { [cell: string]: Count } = {};
  for (const { domain, prompt, response, verdict } of episodes) {
    const name = `${domain}/${prompt}${response === 'malicious' ? ', attacked' : ''}`;
    const { hits, n } = cells[name] ?? { hits: 0, n: 0 };
    cells[name] = { hits: hits + (verdict?.success ? 1 : 0), n: n + 1 };
  }
  return Object.fromEntries(Object.entries(cells).sort(([a], [b]) => (a < b ? -1 : 1)));
}
