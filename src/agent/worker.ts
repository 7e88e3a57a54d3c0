// A rollout worker thread: one sampler, one core, its own worlds. Started by rollout.ts only.
import { parentPort, workerData } from 'node:worker_threads';
import { openExecutor } from '../policy/local/executor.ts';
import { foreignPolicy, makeTongue } from '../policy/local/foreign.ts';
import { makeGrammar } from '../policy/local/grammar.ts';
import { type LocalOptions, localPolicy, type Transcript } from '../policy/local/policy.ts';
import { createSampler } from '../policy/local/sampler.ts';
import { readSpeech } from '../policy/local/speech.ts';
import { parseTokenizer } from '../policy/local/tokenizer.ts';
import type { Policy } from '../policy/policy.ts';
import { openStage, type Stage } from '../world/environment.ts';
import { HERE, openGround } from '../world/ground.ts';
import { openServices } from '../world/services/load.ts';
import { loadWorlds } from '../world/world.ts';
import type { PoolOptions, Sampled, WorkerAnswer, WorkerTask } from './rollout.ts';
import { runEpisode } from './run-episode.ts';

const options = workerData as PoolOptions;
const sampler = createSampler({
  config: options.config,
  executor: openExecutor(options.executor ?? 'cpu'),
  slots: options.slots,
  capacity: options.capacity,
});
const makePolicy = choosePolicy(options.tokenizer);
const { wall, access, services = [] } = options.place ?? HERE;
const ground = openGround(wall, services);
const own = openServices(services);
const ready = loadWorlds();

/** How episodes are played: as this project's own models do, or as a model of others. */
function choosePolicy(voice: PoolOptions['tokenizer']): (options: Omit<LocalOptions, 'grammar'>) => Policy {
  if (!('files' in voice)) {
    const grammar = makeGrammar(parseTokenizer(voice));
    return (chosen) => localPolicy({ ...chosen, grammar });
  }
  const tongue = makeTongue(readSpeech(voice.files, voice.where), voice.manner);
  return (chosen) => foreignPolicy({ ...chosen, tongue });
}

async function perform(task: WorkerTask): Promise<readonly Sampled[]> {
  await ready;
  const opened = await ground;
  await sampler.setWeights(new Float32Array(task.theta));
  const transcripts: Transcript[] = [];
  const { temperature, explore, name } = task;
  const policy = makePolicy({
    name,
    sampler,
    temperature,
    explore,
    onClose: (index, transcript) => (transcripts[index] = transcript),
  });
  const scenarios = new Map(task.jobs.map(({ scenario }) => [scenario.id, scenario]));
  const stages = new Map<string, Stage>();
  for (const [id, scenario] of scenarios) stages.set(id, await openStage(scenario, access, await own));
  sampler.expect(task.jobs.length);
  const played = await Promise.all(
    task.jobs.map(({ scenario, seed, member }, index) =>
      runEpisode(policy, stages.get(scenario.id)!, { seed, member, index, ground: opened }),
    ),
  );
  return played.map(({ episode, facts }, index) => ({
    episode,
    facts,
    transcript: transcripts[index] ?? { tokens: [], own: [], logps: [], masks: [] },
  }));
}

const answer = (message: WorkerAnswer) => parentPort?.postMessage(message);

parentPort?.on('message', (task: WorkerTask) => {
  perform(task).then(
    (sampled) => answer({ id: task.id, sampled }),
    (error: unknown) => answer({ id: task.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
