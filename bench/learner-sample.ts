// A sampling thread of bench/learner.ts: rows that each sample from a prompt of one token up to a length. One core.
import { parentPort, workerData } from 'node:worker_threads';
import { seedGenerator } from '../src/policy/local/choose.ts';
import { cpuExecutor } from '../src/policy/local/executor.ts';
import { initialise, type ModelConfig } from '../src/policy/local/model.ts';
import { samplePrompts } from '../src/policy/local/sample.ts';
import { createSampler, type Sampler } from '../src/policy/local/sampler.ts';

/** What is asked; the answer is null once it is done. */
export type SampleTask = { readonly rows: number; readonly context: number; readonly seed: number };

const config = workerData as ModelConfig;
const samplers = new Map<number, Sampler>();

async function open(rows: number, context: number): Promise<Sampler> {
  const known = samplers.get(rows);
  if (known) return known;
  const sampler = createSampler({ config, executor: cpuExecutor(), slots: rows, capacity: context + 1 });
  await sampler.setWeights(initialise(config, seedGenerator(1)));
  samplers.set(rows, sampler);
  return sampler;
}

parentPort?.on('message', async ({ rows, context, seed }: SampleTask) => {
  const sampler = await open(rows, context);
  const prompts = Array.from({ length: rows }, (_, row) => [row % config.vocab]);
  await samplePrompts(sampler, prompts, { count: 1, temperature: 1, maxTokens: context, stop: [], seed });
  parentPort?.postMessage(null);
});
