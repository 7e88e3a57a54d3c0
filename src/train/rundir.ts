// A run directory: runs/<id>/{config.json, metrics.jsonl, episodes/, checkpoints/, reports/, report.html}. Stages meet only in
// these files. Everything but metrics.jsonl is written whole or not at all; that one grows by a line per step, and a resumed
// run first cuts it back to the lines its checkpoint vouches for.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeEpisode } from '../episode/codec.ts';
import type { Episode } from '../episode/episode.ts';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { nameFault, writeAtomic } from '../evaluate/file.ts';
import { configSchema, type TrainConfig } from './config.ts';

export type RunDirectory = {
  readonly path: string;
  readonly id: string;
  /** Path of a file or folder in the run. */
  at(...parts: string[]): string;
};

/** The run directory at a path. */
export function runAt(path: string): RunDirectory {
  return { path, id: path.split('/').filter(Boolean).at(-1) ?? path, at: (...parts) => join(path, ...parts) };
}

/** Makes the directory of a new run. The name tells seed and configuration; a second run of the same gets a number. */
export async function createRun(root: string, config: Pick<TrainConfig, 'suite' | 'seed'>): Promise<RunDirectory> {
  const text = `${JSON.stringify(config, null, 2)}\n`;
  const name = `${config.suite}-s${config.seed}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  let path = join(root, name);
  for (let number = 2; existsSync(path); number++) path = join(root, `${name}-${number}`);
  const run = runAt(path);
  try {
    for (const folder of ['episodes', 'checkpoints', 'reports']) await mkdir(run.at(folder), { recursive: true });
  } catch (error) {
    throw nameFault(error, path);
  }
  await writeAtomic(run.at('config.json'), text);
  return run;
}

/** The configuration of an existing run. Throws InputError. */
export async function readConfig(run: RunDirectory): Promise<TrainConfig> {
  const file = run.at('config.json');
  if (!existsSync(file)) throw new InputError(run.path, 'is not a run: it has no config.json');
  return checkInput(configSchema, parseJson(await readFile(file, 'utf8'), file), file);
}

/** What tells a run from others: the hash of its configuration's bytes. A checkpoint names it. */
export async function hashConfig(run: RunDirectory): Promise<string> {
  return createHash('sha256')
    .update(await readFile(run.at('config.json')))
    .digest('hex');
}

/** Half-written files and directories of a process that was killed; each stands beside the whole one under a name of its own. */
const DRAFT = /\.new-\w{6}$|\.[0-9a-f-]{36}\.tmp$/;

/**
 * Removes what a killed process left half-written, and a checkpoint put aside whose successor is in place already. Only one
 * process may work on a run.
 */
export async function sweepDrafts(run: RunDirectory): Promise<void> {
  for (const folder of ['.', 'episodes', 'checkpoints', 'reports']) {
    const names: readonly string[] = await readdir(run.at(folder)).catch((): string[] => []);
    const replaced = (name: string) => name.endsWith('.old') && names.includes(name.slice(0, -'.old'.length));
    for (const name of names)
      if (DRAFT.test(name) || replaced(name)) await rm(run.at(folder, name), { recursive: true, force: true });
  }
}

/** Adds one line to metrics.jsonl. */
export async function appendMetrics(run: RunDirectory, record: object): Promise<void> {
  try {
    await appendFile(run.at('metrics.jsonl'), `${JSON.stringify(record)}\n`);
  } catch (error) {
    throw nameFault(error, run.at('metrics.jsonl'));
  }
}

/** Every whole line of metrics.jsonl. */
export async function readMetrics(run: RunDirectory): Promise<unknown[]> {
  const file = run.at('metrics.jsonl');
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line, at) => parseJson(line, `${file}:${at + 1}`));
}

/** Cuts metrics.jsonl back to its first `count` lines. Throws InputError if it has fewer. */
export async function cutMetrics(run: RunDirectory, count: number): Promise<void> {
  const file = run.at('metrics.jsonl');
  const lines = existsSync(file) ? (await readFile(file, 'utf8')).split('\n').slice(0, -1) : [];
  if (lines.length < count)
    throw new InputError(
      file,
      `has ${lines.length} lines, expected at least the ${count} that the checkpoint vouches for`,
    );
  await writeAtomic(
    file,
    lines
      .slice(0, count)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

/** Writes a set of episodes. */
export async function writeEpisodes(run: RunDirectory, name: string, episodes: readonly Episode[]): Promise<void> {
  await writeAtomic(
    run.at('episodes', `${name}.jsonl`),
    episodes.map((episode) => `${encodeEpisode(episode)}\n`).join(''),
  );
}
