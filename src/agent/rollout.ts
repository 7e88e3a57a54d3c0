// Many episodes at once: with any policy in this process, or with the local model in worker threads, each with a sampler
// and worlds of its own. How jobs are shared out depends on their order alone, so results do not depend on the machine.
import { Worker } from 'node:worker_threads';
import type { Episode } from '../episode/episode.ts';
import type { Voice } from '../policy/local/adopt.ts';
import type { ExecutorKind } from '../policy/local/executor.ts';
import type { ModelConfig } from '../policy/local/model.ts';
import type { Transcript } from '../policy/local/policy.ts';
import type { TokenizerFile } from '../policy/local/tokenizer.ts';
import type { Policy } from '../policy/policy.ts';
import type { Catalogue } from '../world/catalogue.ts';
import { type Facts, openStage } from '../world/environment.ts';
import { type Ground, INSIDE, type Place } from '../world/ground.ts';
import { type Access, NO_ACCESS } from '../world/mcp/access.ts';
import type { Scenario } from '../world/scenario.ts';
import { type Played, runEpisode } from './run-episode.ts';

/** One episode to play: a scenario, a seed, and which member of the scenario's group it is. */
export type Job = { readonly scenario: Scenario; readonly seed: number; readonly member: number };

/** Where worlds live, what they may reach outside, and their services; null: those that come with Tribune. */
export type Scene = { readonly ground: Ground; readonly access: Access; readonly catalogue?: Catalogue | null };

const HOME: Scene = { ground: INSIDE, access: NO_ACCESS };

/** Plays jobs with a policy per scenario, at most `width` at a time; results in the order of the jobs. */
export async function rollout(
  policyFor: (scenario: Scenario) => Policy,
  jobs: readonly Job[],
  width = 16,
  { ground, access, catalogue = null }: Scene = HOME,
): Promise<Played[]> {
  const results: Played[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < jobs.length; at = next++) {
      const job = jobs[at];
      if (!job) return;
      const stage = await openStage(job.scenario, access, catalogue);
      const { seed, member } = job;
      results[at] = await runEpisode(policyFor(job.scenario), stage, { seed, member, index: at, ground });
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, lane));
  return results;
}

/** An episode of the local model with what training needs of it. */
export type Sampled = { readonly episode: Episode; readonly facts: Facts; readonly transcript: Transcript };

export type PoolOptions = {
  readonly config: ModelConfig;
  /** The tokenizer of this project's own model, or the voice of a model of others. */
  readonly tokenizer: TokenizerFile | Voice;
  /** Worker threads. Part of a run's identity: another number gives other bytes. */
  readonly workers: number;
  /** Episodes at once in each. */
  readonly slots: number;
  /** Most tokens of an episode. */
  readonly capacity: number;
  /** What runs the model; default native code on the CPU. */
  readonly executor?: ExecutorKind | undefined;
  /** Threads of one step of the model, in each worker. Default 1: a small model gains nothing from more. */
  readonly threads?: number;
  /** Where worlds live. Default: in the worker threads. */
  readonly place?: Place;
};

export type RolloutRequest = {
  readonly theta: Float32Array;
  readonly jobs: readonly Job[];
  readonly temperature: number;
  /** Share of decisions drawn at random. */
  readonly explore: number;
  readonly name: string;
};

/** What a worker is told and answers. */
export type WorkerTask = RolloutRequest & { readonly id: number };
export type WorkerAnswer =
  | { readonly id: number; readonly sampled: readonly Sampled[] }
  | { readonly id: number; readonly error: string };

export type Pool = {
  /** Samples the jobs; results in their order. One request at a time. Rejects if a worker fails. */
  run(request: RolloutRequest): Promise<Sampled[]>;
  close(): Promise<void>;
};

/**
 * Starts the worker threads.
 * Throws RangeError for several on WebGPU: the runtime ends the whole process when two threads use one device at a time.
 */
export function openPool(options: PoolOptions): Pool {
  if (options.executor === 'webgpu' && options.workers > 1)
    throw new RangeError(`${options.workers} workers on webgpu, expected 1`);
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const workers = Array.from(
    { length: options.workers },
    () => new Worker(new URL(file, import.meta.url), { workerData: options }),
  );
  let id = 0;
  return {
    async run(request) {
      id += 1;
      // Whole groups stay together, so that members share the work on their common prompt.
      const groups = new Map<string, number>();
      const place = (job: Job) => {
        const known = groups.get(job.scenario.id) ?? groups.size;
        groups.set(job.scenario.id, known);
        return known % workers.length;
      };
      const shards: { job: Job; at: number }[][] = workers.map(() => []);
      for (const [at, job] of request.jobs.entries()) shards[place(job)]?.push({ job, at });
      const results: Sampled[] = [];
      await Promise.all(
        workers.map(async (worker, w) => {
          const shard = shards[w] ?? [];
          if (shard.length === 0) return;
          const sampled = await ask(worker, { ...request, jobs: shard.map(({ job }) => job), id });
          for (const [index, item] of sampled.entries()) results[shard[index]?.at ?? 0] = item;
        }),
      );
      return results;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, task: WorkerTask): Promise<readonly Sampled[]> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      work();
    };
    const onMessage = (answer: WorkerAnswer) => {
      if (answer.id !== task.id) return; // of a request that was given up because another worker failed
      settle(() =>
        'error' in answer ? reject(new Error(`rollout worker: ${answer.error}`)) : resolve(answer.sampled),
      );
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number) => settle(() => reject(new Error(`a rollout worker ended with code ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(task);
  });
}
