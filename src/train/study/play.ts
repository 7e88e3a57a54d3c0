// Plays one player of a study on every place, keeps the episodes where the dashboard finds them, and leaves the job's mark.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Episode } from '../../episode/episode.ts';
import { writeAtomic } from '../../evaluate/file.ts';
import type { Scenario } from '../../world/scenario.ts';
import { type RunDirectory, runAt, writeEpisodes } from '../rundir.ts';
import { PLACES, type Place, type StudyConfig } from './config.ts';
import { type Counts, countEpisodes } from './count.ts';
import { type Job, markOf, nameJob } from './jobs.ts';
import { scenariosOf } from './places.ts';

/** What was counted at each place. */
export type PlaceCounts = { readonly [place in Place]?: Counts };

/** The directory of a job. */
export const runOf = (root: string, job: Job): RunDirectory => runAt(join(root, nameJob(job)));

export type PlayOptions = {
  readonly signal: AbortSignal;
  /** Plays a suite; the episodes are judged. */
  readonly play: (suite: readonly Scenario[]) => Promise<readonly Episode[]>;
  readonly onProgress: (done: number, total: number) => void;
};

/** Plays every place; the episodes of each are written as soon as they are there. */
export async function playPlaces(
  root: string,
  job: Job,
  evaluate: StudyConfig['evaluate'],
  { signal, play, onProgress }: PlayOptions,
): Promise<PlaceCounts> {
  const counts: { [place in Place]?: Counts } = {};
  const run = runOf(root, job);
  await mkdir(run.at('episodes'), { recursive: true });
  for (const [at, place] of PLACES.entries()) {
    signal.throwIfAborted();
    const episodes = await play(scenariosOf(place, evaluate));
    await writeEpisodes(run, place, episodes);
    counts[place] = countEpisodes(episodes);
    onProgress(at + 1, PLACES.length);
  }
  return counts;
}

/** Says that a job is done: how long it took, and what was counted if it played. */
export async function markDone(root: string, job: Job, milliseconds: number, places?: PlaceCounts): Promise<void> {
  await mkdir(join(root, 'done'), { recursive: true });
  const seconds = Math.round(milliseconds / 1000);
  await writeAtomic(markOf(root, job), `${JSON.stringify({ job, seconds, ...(places && { places }) })}\n`);
}
