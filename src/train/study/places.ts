// The scenarios a study evaluates on: the same for every policy and seed.
import { generateAxis } from '../../world/generate/axes.ts';
import { generateSuite } from '../../world/generate/generate.ts';
import type { Scenario } from '../../world/scenario.ts';
import type { Place, StudyConfig } from './config.ts';

/** The scenarios of a place. */
export function scenariosOf(place: Place, { count, seed }: StudyConfig['evaluate']): Scenario[] {
  return place === 'heldout' ? generateSuite({ count, seed, split: 'heldout' }) : generateAxis(place, { count, seed });
}
