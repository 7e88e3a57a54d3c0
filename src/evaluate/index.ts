// `tribune/evaluate`: rates with their intervals, and outside benchmarks scored as their authors score them.
export { type InjecCase, loadCases, loadResponses, loadTools } from './benchmarks/injecagent/data.ts';
export { measureAttacks } from './benchmarks/injecagent/metrics.ts';
export { type Disagreement, type Rescore, rescore } from './benchmarks/injecagent/rescore.ts';
export { type Outcome, type Scored, scoreCalls, scoreReact } from './benchmarks/injecagent/score.ts';
export { countUnjudged, METRICS, type MetricName, type Metrics, measure, type Rate, wilson } from './metrics.ts';
