// `tribune/episode`: the records of what happened, their JSON Lines, the identity of a call, seeded generators. Pure.
export { type Action, type Call, callKey, callSchema, canonical, type Json, sameCall } from './action.ts';
export {
  type Decoded,
  type DecodedLine,
  decodeEpisode,
  decodeEpisodes,
  describeProblem,
  encodeEpisode,
  episodeSchema,
  type Problem,
} from './codec.ts';
export {
  EPISODE_VERSION,
  type Episode,
  type EpisodeError,
  type Observation,
  type Reward,
  type Step,
  type ToolSchema,
  type Verdict,
} from './episode.ts';
export { InputError } from './input.ts';
export { type Key, type Random, rng } from './random.ts';
