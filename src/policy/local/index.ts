// `tribune/policy/local`: a model that runs and learns in this process, through ONNX Runtime; its tokenizer and its
// checkpoints.
export type { Datum } from './batch.ts';
export { type Checkpoint, loadCheckpoint, saveCheckpoint, type TrainingState } from './checkpoint.ts';
export { cpuExecutor, type Executor, type ExecutorKind, type ExecutorOptions, openExecutor } from './executor.ts';
export {
  type LearnerOptions,
  type LearnerState,
  LocalLearner,
  type Loss,
  type Pass,
  type StepOptions,
} from './learner.ts';
export { countParameters, defaultConfig, initialise, type ModelConfig } from './model.ts';
export { type LocalOptions, localPolicy, type Transcript } from './policy.ts';
export { createSampler, type GenerateOptions, type Generation, type Sampler, type SamplerOptions } from './sampler.ts';
export { type Choice, chooseExecutor } from './select.ts';
export { parseTokenizer, type Tokenizer, type TrainingOptions, trainTokenizer } from './tokenizer.ts';
