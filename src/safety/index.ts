// `tribune/safety`: the words of the safety model, the rules, and how they decide. Pure; loads zod and nothing else.
export { type CallFacts, decide, type Ruling } from './decide.ts';
export { type ParsedRules, parseRules } from './read-rules.ts';
export { defaultRules, RULES_VERSION, type Rules } from './rules.ts';
export {
  type Assessment,
  CHANNELS,
  type Channel,
  DECISIONS,
  type Decision,
  EFFECTS,
  type Effect,
  MODES,
  type Mode,
  stricter,
} from './taxonomy.ts';
