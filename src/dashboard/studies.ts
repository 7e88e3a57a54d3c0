// A study as far as it has come: what its finished jobs counted, as means over seeds with their intervals and differences paired by
// seed (train/study/tables.ts), each figure with the runs its episodes lie in. A job that cannot be read is named and left out.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PLACES, type Place, studySchema } from '../train/study/config.ts';
import { type Counts, ROWS, type RowName } from '../train/study/count.ts';
import { type Job, listJobs, nameJob, PLAYERS, type Player } from '../train/study/jobs.ts';
import { differenceOf, type Found as FoundCounts, meanOf, ratesOf } from '../train/study/tables.ts';
import { type Found, readPlain } from './files.ts';
import type { Fault, StudyDetail, StudyMeans } from './shape.ts';

const MOST_BYTES = 16_000_000;

const countSchema = z.object({ hits: z.int(), n: z.int() });
const countsSchema: z.ZodType<Counts> = z.object({
  rows: z.object(Object.fromEntries(ROWS.map((row) => [row, countSchema]))) as unknown as z.ZodType<Counts['rows']>,
  cells: z.record(z.string(), countSchema),
  unjudged: z.int(),
});
const markSchema = z.object({
  seconds: z.number(),
  places: z.object(Object.fromEntries(PLACES.map((place) => [place, countsSchema]))).optional(),
});
type Mark = { readonly seconds: number; readonly places?: { readonly [place in Place]: Counts } | undefined };

/** Pairs whose difference says something, the first over the second. */
const PAIRS: readonly (readonly [Player, Player])[] = [
  ['joint', 'base'],
  ['joint', 'user'],
  ['joint', 'supervised'],
  ['joint', 'joint-paper'],
  ['joint+guard', 'joint'],
  ['base+guard', 'base'],
];

/** How many of a study's jobs are done, and of how many; null where study.json cannot be read. */
export async function countJobs(study: Found): Promise<{ readonly done: number; readonly total: number } | null> {
  const jobs = await readJobs(study, []);
  if (jobs === null) return null;
  const marks = new Set(await readdir(join(study.path, 'done')).catch(() => []));
  return { done: jobs.filter((job) => marks.has(`${nameJob(job)}.json`)).length, total: jobs.length };
}

/** What a study found so far. */
export async function readStudy(study: Found, faults: Fault[]): Promise<StudyDetail | null> {
  const jobs = await readJobs(study, faults);
  if (jobs === null) return null;
  const found = new Map<Player, Map<number, { readonly [place in Place]: Counts }>>();
  let [done, seconds] = [0, 0];
  for (const job of jobs) {
    const mark = await readMark(study, job, faults);
    if (mark === null) continue;
    done += 1;
    seconds += mark.seconds;
    if (job.kind === 'play' && mark.places !== undefined)
      found.set(job.player, (found.get(job.player) ?? new Map()).set(job.seed, mark.places));
  }
  return { done, total: jobs.length, seconds, rows: ROWS, places: tabulate(study, found) };
}

async function readJobs({ path }: Found, faults: Fault[]): Promise<readonly Job[] | null> {
  const file = 'study.json';
  try {
    const read = studySchema.safeParse(JSON.parse((await readPlain(join(path, file), MOST_BYTES)) ?? 'null'));
    if (read.success) return listJobs(read.data);
    const issue = read.error.issues[0]!;
    faults.push({ file, line: null, what: `${issue.path.join('.')}: ${issue.message}` });
  } catch (error) {
    const what = error instanceof SyntaxError ? 'not JSON: cut off or not of this program' : String(error);
    faults.push({ file, line: null, what });
  }
  return null;
}

const markOf = ({ path }: Found, job: Job): string => join(path, 'done', `${nameJob(job)}.json`);

/** What a job left; null where it is not done. */
async function readMark(study: Found, job: Job, faults: Fault[]): Promise<Mark | null> {
  const file = `done/${nameJob(job)}.json`;
  try {
    const text = await readPlain(markOf(study, job), MOST_BYTES);
    if (text === null) return null;
    const read = markSchema.safeParse(JSON.parse(text));
    if (read.success) return read.data as Mark;
    const issue = read.error.issues[0]!;
    faults.push({ file, line: null, what: `${issue.path.join('.')}: ${issue.message}` });
  } catch (error) {
    const what = error instanceof SyntaxError ? 'not JSON: cut off or not of this program' : String(error);
    faults.push({ file, line: null, what });
  }
  return null;
}

function tabulate({ id }: Found, found: FoundCounts): StudyDetail['places'] {
  const players = PLAYERS.filter((player) => found.has(player));
  const means = (of: (row: RowName) => StudyMeans[string]): StudyMeans =>
    Object.fromEntries(ROWS.map((row) => [row, of(row)]));
  return PLACES.map((place) => ({
    place,
    players: players.map((player) => ({
      player,
      runs: [...(found.get(player)?.keys() ?? [])].map((seed) => ({
        seed,
        run: `${id}/${nameJob({ kind: 'play', player, seed })}`,
      })),
      means: means((row) => meanOf([...ratesOf(found, player, place, row).values()])),
      cells: sumCells(found, player, place),
      unjudged: [...(found.get(player)?.values() ?? [])].reduce((sum, places) => sum + places[place].unjudged, 0),
    })),
    differences: PAIRS.filter((pair) => pair.every((player) => found.has(player))).map((pair) => ({
      first: pair[0],
      second: pair[1],
      means: means((row) => differenceOf(found, pair, place, row)),
    })),
  }));
}

/** Right behaviour by domain and mode, summed over seeds. */
function sumCells(
  found: FoundCounts,
  player: Player,
  place: Place,
): { readonly [cell: string]: readonly [number, number] } {
  const sums: { [cell: string]: readonly [number, number] } = {};
  for (const places of found.get(player)?.values() ?? [])
    for (const [cell, { hits, n }] of Object.entries(places[place].cells)) {
      const [before, of] = sums[cell] ?? [0, 0];
      sums[cell] = [before + hits, of + n];
    }
  return sums;
}
