// The suites that are generated, by name. Not here: what is in them (generate.ts, wide.ts, open/open.ts).
import type { Scenario } from '../scenario.ts';
import type { Split } from './draft.ts';
import { generateScenario } from './generate.ts';
import { generateOpen } from './open/open.ts';
import { generateWide } from './wide.ts';

/** The names of the generated suites. */
export const SUITES = ['core', 'wide', 'open'] as const;
export type SuiteName = (typeof SUITES)[number];

/** Makes the scenario at one index of a suite. */
export type Generator = (seed: number, split: Split, index: number) => Scenario;

/** Whether a suite of that name is generated. */
export function isSuite(name: string | undefined): name is SuiteName {
  return SUITES.some((suite) => suite === name);
}

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
