// A model small enough to be trained in seconds, with just the room for induction heads to begin with, as the real one has them.
import { DEFAULT_CONFIG, type TrainConfig } from '../src/train/config.ts';

export const TINY_MODEL: TrainConfig['model'] = {
  ...DEFAULT_CONFIG.model,
  ...{ vocab: 700, width: 32, layers: 3, heads: 3, kvHeads: 3, headDim: 16, hidden: 48 },
};
