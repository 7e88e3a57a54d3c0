// Runs a study: its jobs, as many at once as there are cores, each in a process of its own. A job that fails stops the study
// with its words; what is done stays done, and the same command goes on.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { writeAtomic } from '../../evaluate/file.ts';
import { ARMS, type StudyConfig, studySchema } from './config.ts';
import { effortOf, isDone, type Job, listJobs, nameJob, needOf } from './jobs.ts';

export type StudyOptions = {
  /** Jobs at once. */
  readonly width: number;
  readonly signal: AbortSignal;
  /** Told when a job begins, moves and ends. */
  readonly onProgress: (state: StudyProgress) => void;
};

export type StudyProgress = {
  /** Jobs done, and of how many. */
  readonly done: number;
  readonly total: number;
  /** Each running job with how far it is. */
  readonly running: readonly string[];
  /** How much of the whole work is done, from 0 to 1, jobs counted by what they take. */
  readonly share: number;
};

/** How much of a study's work is done before it goes on, from 0 to 1. */
export function shareDone(root: string, config: StudyConfig): number {
  return sumShares(root, config, new Map());
}

/** `running`: how far jobs under way are, from 0 to 1. */
function sumShares(root: string, config: StudyConfig, running: ReadonlyMap<string, number>): number {
  let [all, done] = [0, 0];
  for (const job of listJobs(config)) {
    const effort = effortOf(config, job);
    all += effort;
    done += effort * (isDone(root, job) ? 1 : (running.get(nameJob(job)) ?? 0));
  }
  return done / all;
}

/** Makes the directory of a study, or checks that the one there is of this study. Throws InputError if it is of another. */
export async function openStudy(root: string, config: StudyConfig): Promise<void> {
  const file = join(root, 'study.json');
  const text = `${JSON.stringify(config, null, 2)}\n`;
  if (!existsSync(file)) {
    await mkdir(root, { recursive: true });
    return writeAtomic(file, text);
  }
  const [had, wanted] = [await readStudy(root), studySchema.parse(config)];
  if (JSON.stringify(had) === JSON.stringify(wanted)) return;
  if (!isExtended(had, wanted))
    throw new InputError(
      root,
      'holds another study, expected the same configuration, and its seeds and arms or more of them',
    );
  await writeAtomic(file, text);
}

/** Whether a study is another one with more seeds behind its own; what is done of it holds. */
function isExtended(had: StudyConfig, wanted: StudyConfig): boolean {
  const rest = ({ seeds: _, arms: __, ...same }: StudyConfig) => JSON.stringify(same);
  return (
    rest(had) === rest(wanted) &&
    had.seeds.every((seed, at) => wanted.seeds[at] === seed) &&
    ARMS.every((arm) => (wanted.arms[arm] ?? 0) >= (had.arms[arm] ?? 0))
  );
}

/** The configuration of the study in a directory. Throws InputError. */
export async function readStudy(root: string): Promise<StudyConfig> {
  const file = join(root, 'study.json');
  if (!existsSync(file)) throw new InputError(root, 'is not a study: it has no study.json');
  return checkInput(studySchema, parseJson(await readFile(file, 'utf8'), file), file);
}

/** Does all jobs that are not done. Rejects with the first failure once every running job has stopped. */
export async function runStudy(root: string, options: StudyOptions): Promise<void> {
  const config = await readStudy(root);
  const jobs = listJobs(config);
  const left = jobs.filter((job) => !isDone(root, job));
  const running = new Map<string, number>();
  let failure: unknown = null;
  const tell = () =>
    options.onProgress({
      done: jobs.filter((job) => isDone(root, job)).length,
      total: jobs.length,
      running: [...running].map(([name, part]) => `${name} ${Math.floor(100 * part)} %`),
      share: sumShares(root, config, running),
    });
  let change = Promise.withResolvers<void>();
  const lane = async (): Promise<void> => {
    while (failure === null && !options.signal.aborted && left.length > 0) {
      const at = left.findIndex((job) => isReady(root, job));
      if (at < 0) {
        if (running.size === 0) throw new Error(`nothing can be done of what is left, from ${nameJob(left[0]!)} on`);
        await change.promise;
        continue;
      }
      const job = left.splice(at, 1)[0]!;
      await perform(root, job, options.signal, (part) => {
        running.set(nameJob(job), part);
        tell();
      }).catch((error: unknown) => (failure ??= error));
      running.delete(nameJob(job));
      tell();
      change.resolve();
      change = Promise.withResolvers();
    }
  };
  await Promise.all(Array.from({ length: options.width }, lane));
  options.signal.throwIfAborted();
  if (failure !== null) throw failure;
}

function isReady(root: string, job: Job): boolean {
  const need = needOf(job);
  return need === null || isDone(root, need);
}

/** Does a job in a process of its own. */
function perform(root: string, job: Job, signal: AbortSignal, tell: (part: number) => void): Promise<void> {
  const file = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(file, [root, JSON.stringify(job)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    let said = '';
    child.stderr?.on('data', (chunk) => (said = `${said}${chunk}`.slice(-4000)));
    child.on('message', (message: { readonly done: number; readonly total: number }) =>
      tell(message.done / Math.max(1, message.total)),
    );
    tell(0);
    child.on('error', reject);
    child.on('exit', (code, killer) => {
      signal.removeEventListener('abort', stop);
      const last = said.trim().split('\n').at(-1) ?? '';
      if (code === 0 && isDone(root, job)) resolve();
      else reject(new Error(`${nameJob(job)} failed${killer ? ` (${killer})` : ''}: ${last || `exit code ${code}`}`));
    });
  });
}
