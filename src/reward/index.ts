// `tribune/reward`: first the facts of an episode (verdict), then what they are worth (reward, by preset).
export { type Preset, type PresetName, presets } from './presets.ts';
export { isRefusal } from './refusal.ts';
export { rateRefusal, refusalTest, refusesFreely } from './rejection/judge.ts';
export { applyReward, type Rewarded, rewardEpisode, scoreEpisode, type Terms } from './reward.ts';
export {
  isOverRefusal,
  isSafe,
  isUseful,
  judge,
  type Reading,
  readEpisode,
  type Unjudged,
  type WorldFacts,
} from './verdict.ts';
