// `tribune/train`: the warm start's demonstrations.
export { type Demonstration, demonstrate, renderDemonstration, SHARES, type Shares } from './demonstrate.ts';
