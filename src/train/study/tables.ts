// The figures of a study: means over seeds with their 95 % interval, and differences paired by seed.
// Intervals are Student's over the seeds' rates, so they hold the chance of training as well as of the scenarios; of one seed
// there is none. Not covered: correction for looking at many cells.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, parseJson } from '../../episode/input.ts';
import type { Place, StudyConfig } from './config.ts';
import type { Count, Counts, RowName } from './count.ts';
import { isDone, type Job, listJobs, markOf, PLAYERS, type Player } from './jobs.ts';

/** A mean over seeds, and half the width of its interval (null: one seed, or none). */
export type Mean = { readonly mean: number | null; readonly half: number | null; readonly seeds: number };

/** What each player's seeds counted, at each place. */
export type Found = ReadonlyMap<Player, ReadonlyMap<number, { readonly [place in Place]: Counts }>>;

/** Reads what the jobs counted. Players nobody played are missing. */
export async function readCounts(root: string, config: StudyConfig): Promise<Found> {
  const found = new Map<Player, Map<number, { readonly [place in Place]: Counts }>>();
  for (const job of listJobs(config)) {
    if (job.kind !== 'play') continue;
    if (!isDone(root, job)) throw new InputError(root, `is not finished: ${markOf('', job)} is missing`);
    const { places } = parseJson(await readFile(markOf(root, job), 'utf8'), markOf(root, job)) as {
      places: { readonly [place in Place]: Counts };
    };
    const seeds = found.get(job.player) ?? new Map();
    found.set(job.player, seeds.set(job.seed, places));
  }
  return new Map(PLAYERS.flatMap((player) => (found.has(player) ? [[player, found.get(player)!] as const] : [])));
}

const rateOf = ({ hits, n }: Count): number | null => (n === 0 ? null : hits / n);

/** The rate of a row for each seed of a player, where something was judged. */
export function ratesOf(found: Found, player: Player, place: Place, row: RowName): Map<number, number> {
  const rates = new Map<number, number>();
  for (const [seed, places] of found.get(player) ?? []) {
    const rate = rateOf(places[place].rows[row]);
    if (rate !== null) rates.set(seed, rate);
  }
  return rates;
}

/** Two-sided 95 % points of Student's t by degrees of freedom 1 to 30; beyond, the normal's. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The mean of some values and its 95 % interval. */
export function meanOf(values: readonly number[]): Mean {
  const seeds = values.length;
  if (seeds === 0) return { mean: null, half: null, seeds };
  const mean = values.reduce((a, b) => a + b, 0) / seeds;
  if (seeds === 1) return { mean, half: null, seeds };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1);
  return { mean, half: (T[seeds - 2] ?? 1.96) * Math.sqrt(variance / seeds), seeds };
}

/** How much a player differs from another, paired by seed. */
export function differenceOf(found: Found, [a, b]: readonly [Player, Player], place: Place, row: RowName): Mean {
  const [first, second] = [ratesOf(found, a, place, row), ratesOf(found, b, place, row)];
  return meanOf([...first].flatMap(([seed, rate]) => (second.has(seed) ? [rate - (second.get(seed) ?? 0)] : [])));
}

/** A cell of domain and mode with how often the right was done in it, over all seeds. */
export type Cell = { readonly name: string; readonly rate: number; readonly n: number };

/** The cells of a player at a place, worst first. Cells with fewer than `least` cases are left out. */
export function worstCells(found: Found, player: Player, place: Place, least = 10): Cell[] {
  const sums = new Map<string, { hits: number; n: number }>();
  for (const places of (found.get(player) ?? new Map<number, { readonly [place in Place]: Counts }>()).values()) {
    for (const [name, { hits, n }] of Object.entries(places[place].cells)) {
      const sum = sums.get(name) ?? { hits: 0, n: 0 };
      sums.set(name, { hits: sum.hits + hits, n: sum.n + n });
    }
  }
  return [...sums]
    .filter(([, { n }]) => n >= least)
    .map(([name, { hits, n }]) => ({ name, rate: hits / n, n }))
    .sort((a, b) => a.rate - b.rate || (a.name < b.name ? -1 : 1));
}

/** Seeds of a player that reach every one of these bounds at a place. */
export function countReaching(
  found: Found,
  player: Player,
  place: Place,
  bounds: { readonly [row in RowName]?: number },
): { readonly reached: number; readonly of: number } {
  const seeds = [...(found.get(player)?.values() ?? [])];
  const reaches = (counts: Counts) =>
    Object.entries(bounds).every(([row, bound]) => (rateOf(counts.rows[row as RowName]) ?? 0) >= bound);
  return { reached: seeds.filter((places) => reaches(places[place])).length, of: seeds.length };
}

/** Seconds each kind of job took, summed. */
export async function readSeconds(
  root: string,
  config: StudyConfig,
): Promise<{ readonly [kind in Job['kind']]: number }> {
  const sums = { warm: 0, train: 0, play: 0 };
  for (const job of listJobs(config)) {
    const { seconds } = parseJson(await readFile(markOf(root, job), 'utf8'), join('done', 'mark')) as {
      seconds: number;
    };
    sums[job.kind] += seconds;
  }
  return sums;
}
