// `tribune/world`: scenarios, worlds with their services and tools, the environment, and the generator of scenarios.
export { Environment, type Facts, type Stage, stageScenario } from './environment.ts';
export { familiesFor, generateScenario, generateSuite, SUITE, type SuiteOptions } from './generate/generate.ts';
export { checkQuery, runQuery } from './query.ts';
export {
  type Injection,
  type PlanStep,
  type Query,
  SCENARIO_VERSION,
  type Scenario,
  scenarioSchema,
} from './scenario.ts';
export { allTools, services, toolByName } from './services/index.ts';
export { type Endpoint, endpoint, type Service } from './services/service.ts';
export type { Tool, ToolResult } from './tool.ts';
export { createTemplate, forkWorld, loadWorlds, type Template, type TemplateOptions, World } from './world.ts';
