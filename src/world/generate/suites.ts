// The generators of suites, by name. Not here: the names (suite-names.ts), what is in them (generate.ts, wide.ts, open/open.ts).
import type { Scenario } from '../scenario.ts';
import type { Split } from './draft.ts';
import { generateScenario } from './generate.ts';
import { generateOpen } from './open/open.ts';
import type { SuiteName } from './suite-names.ts';
import { generateWide } from './wide.ts';

/** Makes the scenario at one index of a suite. */
export type Generator = (seed: number, split: Split, index: number) => Scenario;

/** The generator of a suite. */
export function generatorOf(suite: SuiteName): Generator {
  switch (suite) {
    case 'core':
      return generateScenario;
    case 'wide':
      return generateWide;
    case 'open':
      return generateOpen;
  }
}
