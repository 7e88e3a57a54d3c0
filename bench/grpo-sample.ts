// A sampling thread of bench/grpo-vs-trl.ts: answers to its share of a step's prompts, with weights as they now are. One core.
import { parentPort, workerData } from 'node:worker_threads';
import { cpuExecutor } from '../src/policy/local/executor.ts';
import type { ModelConfig } from '../src/policy/local/model.ts';
import { type SampleOptions, samplePrompts } from '../src/policy/local/sample.ts';
import { createSampler, type Generation } from '../src/policy/local/sampler.ts';

export type GroupStart = { readonly config: ModelConfig; readonly slots: number; readonly capacity: number };
export type GroupTask = {
  readonly theta: Float32Array;
  readonly prompts: readonly (readonly number[])[];
  readonly options: SampleOptions;
};
export type GroupAnswer = readonly (readonly Pick<Generation, 'tokens' | 'logps'>[])[];

const sampler = createSampler({ ...(workerData as GroupStart), executor: cpuExecutor() });

parentPort?.on('message', async ({ theta, prompts, options }: GroupTask) => {
  await sampler.setWeights(new Float32Array(theta));
  const groups = await samplePrompts(sampler, prompts, options);
  const answer: GroupAnswer = groups.map((group) => group.map(({ tokens, logps }) => ({ tokens, logps })));
  parentPort?.postMessage(answer);
});
