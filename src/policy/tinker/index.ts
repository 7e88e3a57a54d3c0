// A client for servers that speak the Tinker API: hosted Tinker, SkyRL's server, and others. docs/tinker.md has the guide.
export { checkData, chunkData, encodeDatum, type TinkerDatum } from './datum.ts';
export { type FaultKind, isMendable, TinkerError } from './fault.ts';
export { type LossScale, type RemoteOptions, remoteLearner } from './learner.ts';
export { type TinkerPolicyOptions, tinkerPolicy } from './policy.ts';
export type { Sample, SampleFrom, SampleWishes, SamplingClient } from './sampling.ts';
export { type Checkpoint, type ModelWishes, openTinker, type TinkerClient, type TinkerOptions } from './session.ts';
export { parseTinker, type TinkerTarget } from './target.ts';
export type { AdamParams, LossConfig, Slopes, TinkerPass, TrainingClient } from './training.ts';
export type { Traffic } from './transport.ts';
export { addUsage, NO_USAGE, priceUsage, type TinkerPrices, type Usage } from './usage.ts';
export { LOSS_NAMES, type LossName, parseTinkerPath } from './wire.ts';
