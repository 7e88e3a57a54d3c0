// The suite along one axis at a time: what changes against training is one thing, so that a fall can be blamed on it.
// `heldout` of the suite itself changes all of them together. Scenarios are seeded as in generate.ts.
// Not covered: attacks on `tools`, whose families read nothing on the way.
import { rng } from '../../episode/random.ts';
import type { Scenario } from '../scenario.ts';
import type { Family, Sources, Split } from './draft.ts';
import { FAMILIES } from './families/index.ts';
import { buildScenario, type Cell, familiesFor, pickFamily, ROUND, SUITE } from './generate.ts';

/**
 * What is new against training: nothing but the scenario; the wording of requests (frames and clause orders); the style of
 * injected orders; the tools, in domains that were trained on; whole domains, with their tools.
 */
export const AXES = ['fresh', 'wordings', 'styles', 'tools', 'domains'] as const;
export type Axis = (typeof AXES)[number];

const TRAINED: ReadonlySet<string> = new Set(
  FAMILIES.filter(({ split }) => split === 'train').map(({ domain }) => domain),
);

/** Where each axis takes families, wordings and styles from. */
const TAKEN: { readonly [axis in Axis]: Sources & { readonly families: Split } } = {
  fresh: { families: 'train', wording: 'train', style: 'train' },
  wordings: { families: 'train', wording: 'heldout', style: 'train' },
  styles: { families: 'train', wording: 'train', style: 'heldout' },
  tools: { families: 'heldout', wording: 'train', style: 'train' },
  domains: { families: 'heldout', wording: 'train', style: 'train' },
};

/** Whether a family belongs to an axis: held-out families are told apart by whether their domain was trained on. */
function isOn(axis: Axis, { domain }: Family): boolean {
  if (axis === 'tools') return TRAINED.has(domain);
  return axis === 'domains' ? !TRAINED.has(domain) : true;
}

/** The suite of one axis: every cell of a round that a family of the axis can make, in the shares of the suite. */
export function generateAxis(
  axis: Axis,
  { count, seed }: { readonly count: number; readonly seed: number },
): Scenario[] {
  const choices = ROUND.flatMap((cell) => {
    const families = familiesFor(TAKEN[axis].families, cell).filter((family) => isOn(axis, family));
    return families.length > 0 ? [{ cell, families }] : [];
  });
  return Array.from({ length: count }, (_, index) => generateOnAxis(axis, choices, seed, index));
}

type Choice = { readonly cell: Cell; readonly families: readonly Family[] };

function generateOnAxis(axis: Axis, choices: readonly Choice[], seed: number, index: number): Scenario {
  const { families: split, ...sources } = TAKEN[axis];
  const round = rng('axis-round', axis, seed, Math.floor(index / choices.length)).shuffle(choices);
  const choice = round[index % round.length];
  if (!choice) throw new Error(`nothing to choose from on ${axis}`);
  const r = rng('axis', axis, seed, index);
  const identity = { id: `${SUITE}-${axis}-${seed}-${index}`, seed, split, suite: SUITE };
  return buildScenario(r, pickFamily(r, choice.families, choice.cell), choice.cell, identity, sources);
}
