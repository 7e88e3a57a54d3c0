// `align --learner tinker:…`: the flags of a run on a Tinker server, its key from the environment, and its outcome.
// Not a verb. Not here: the run (train/remote.ts), the report (align.ts).
import { InputError } from '../episode/input.ts';
import { voiceOf } from '../policy/local/adopt.ts';
import { readModelFiles } from '../policy/local/load.ts';
import { isMendable, TinkerError } from '../policy/tinker/fault.ts';
import { parseTinker } from '../policy/tinker/target.ts';
import type { Progress } from '../train/align.ts';
import type { TrainConfig } from '../train/config.ts';
import type { Evaluation } from '../train/evaluation.ts';
import { remoteRun } from '../train/remote.ts';
import { chooseRemote, readRemote, remoteSchema } from '../train/remoteconfig.ts';
import { createRun, type RunDirectory } from '../train/rundir.ts';
import { putSettings } from '../train/settings.ts';
import type { Place } from '../world/ground.ts';
import type { Io } from './output.ts';

/** The flags that say how a remote model is aligned. */
export type RemoteFlags = {
  readonly quick: boolean;
  readonly seed: number;
  readonly reward: string;
  readonly out: string;
  readonly model?: string | undefined;
  readonly steps?: number | undefined;
  readonly lora?: number | undefined;
  readonly set?: string | undefined;
  readonly loss?: string | undefined;
  readonly executor?: string | undefined;
};

/** Makes the run directory. Throws InputError for a name or a directory that does not fit. */
export async function createRemote(learner: string, flags: RemoteFlags): Promise<RunDirectory> {
  if (!learner.startsWith('tinker:')) throw new InputError('--learner', 'expected tinker:MODEL@URL');
  if (flags.quick) throw new InputError('--quick', 'is for the small policy, expected --steps with --learner');
  if (flags.executor !== undefined) throw new InputError('--executor', 'with --learner the model runs on the server');
  const named = parseTinker(learner.slice('tinker:'.length));
  const target = { ...named, directory: flags.model ?? named.directory };
  const { config, files } = await readModelFiles(target.directory);
  const chosen = chooseRemote({
    target,
    context: config.context,
    manner: voiceOf(files, target.directory).manner,
    rank: flags.lora ?? 8,
    seed: flags.seed,
    steps: flags.steps ?? 100,
    reward: flags.reward,
  });
  const set = [
    ...(flags.loss === undefined ? [] : [`grpo.loss=${flags.loss}`]),
    ...(flags.set ? [flags.set] : []),
  ].join();
  if (set === '') return createRun(flags.out, chosen);
  // Prices are unknown until one is given; those that are not stay 0.
  const { learner: own } = chosen;
  const prices = set.includes('learner.prices.') ? { prefill: 0, sampled: 0, trained: 0 } : own.prices;
  return createRun(flags.out, putSettings(remoteSchema, { ...chosen, learner: { ...own, prices } }, set));
}

/** What a finished run hands over to its report. */
type Finished = {
  readonly evaluation: Evaluation;
  readonly config: Pick<TrainConfig, 'seed' | 'suite' | 'evaluate'>;
  readonly parameters: number;
};
/** How a run is shown and reported (align.ts). */
type Show = (train: (onProgress: (progress: Progress) => void) => Promise<Finished>) => Promise<number>;

/** Runs it, or goes on with it. A server that cannot be had is told in one line. */
export async function remoteAndReport(run: RunDirectory, place: Place, io: Io, show: Show): Promise<number> {
  const config = await readRemote(run);
  const key = process.env.TINKER_API_KEY || null;
  const { protocol, hostname } = new URL(config.learner.url);
  if (key && protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
    io.log(`warning: the key goes to ${hostname} unencrypted`);
  return show(async (onProgress) => {
    try {
      const { evaluation, usage, path } = await remoteRun(run, {
        signal: io.signal,
        onProgress,
        place,
        key,
      });
      const { prefill, sampled, trained } = usage;
      io.log(`${prefill} tokens read, ${sampled} drawn, ${trained} trained on; weights: ${path}`);
      return { evaluation, config: { seed: config.seed, suite: 'core', evaluate: config.evaluate }, parameters: 0 };
    } catch (error) {
      if (!(error instanceof TinkerError)) throw error;
      const hint = isMendable(error) ? `; go on with --resume ${run.path}` : '';
      throw new InputError(config.learner.url, `${error.message}${hint}`);
    }
  });
}
