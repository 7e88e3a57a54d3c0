// Skeletons for a writer: scenarios of the generator, cell by cell, with every tool under its own name, whose words somebody
// else is to write. What is true of them (labels, goals, harms, plan, approvals) stays the generator's.
import type { Call, Json } from '../../../episode/action.ts';
import { rng } from '../../../episode/random.ts';
import type { Scenario } from '../../scenario.ts';
import type { Split } from '../draft.ts';
import { buildScenario, type Cell, familiesFor, pickFamily, ROUND } from '../generate.ts';
import type { SuiteName } from '../suite-names.ts';
import { buildWide, wideFamiliesFor } from '../wide.ts';

/** The suite that written scenarios belong to. */
export const WRITTEN = 'written';

export type SkeletonWanted = { readonly suite: SuiteName; readonly seed: number; readonly split: Split };

/** The cell of a slot: rounds as the suites have them, so that every cell keeps its share whatever is dropped. */
export function cellOf({ seed, split }: SkeletonWanted, slot: number): Cell {
  const round = rng('written round', seed, split, Math.floor(slot / ROUND.length)).shuffle(ROUND);
  return round[slot % ROUND.length]!;
}

/** The skeleton for a slot of a suite; `attempt` counts those that were dropped before. Depends on its arguments alone. */
export function drawSkeleton(wanted: SkeletonWanted, slot: number, attempt: number): Scenario {
  const { suite, seed, split } = wanted;
  const cell = cellOf(wanted, slot);
  const r = rng('written', suite, seed, split, slot, attempt);
  const identity = { id: `${WRITTEN}-${suite}-${split}-${seed}-${slot}`, seed };
  const own = suite === 'wide' ? wideFamiliesFor(split, cell) : [];
  const family = own.length === 0 ? undefined : r.pick(own);
  if (family !== undefined) return bareNames({ ...buildWide(r, family, cell, identity), suite: WRITTEN });
  const shared = pickFamily(r, familiesFor(split, cell), cell);
  const build = (draw: number) => buildScenario(r.fork(draw), shared, cell, { ...identity, split, suite: WRITTEN });
  let skeleton = build(0);
  for (let draw = 1; draw < DRAWS && !speaksPlainly(skeleton); draw++) skeleton = build(draw);
  return bareNames(skeleton);
}

/** Draws until the request and the order speak of tools by their own names: a verb that means nothing cannot be put into other words. */
const DRAWS = 20_000;

function speaksPlainly({ tools, plan, injections }: Scenario): boolean {
  const used = [
    ...plan.flatMap((step) => (step.kind === 'call' ? [step.call] : [])),
    ...injections.flatMap(({ calls }) => calls),
  ];
  const names = new Set(used.map(({ name }) => name));
  return tools.every(({ tool, as }) => as === tool || !names.has(as));
}

/** The scenario with every tool and parameter under its own name. */
function bareNames(scenario: Scenario): Scenario {
  const offers = new Map(scenario.tools.map((offer) => [offer.as, offer]));
  const bare = (call: Call): Call => {
    const offer = offers.get(call.name);
    if (offer === undefined) return call;
    const named = Object.entries(call.arguments).map(([name, value]): [string, Json] => [
      offer.args[name] ?? name,
      value,
    ]);
    return { name: offer.tool, arguments: Object.fromEntries(named) };
  };
  return {
    ...scenario,
    tools: scenario.tools.map((offer) => ({ ...offer, as: offer.tool, args: {} })),
    injections: scenario.injections.map((injection) => ({ ...injection, calls: injection.calls.map(bare) })),
    approves: scenario.approves.map(bare),
    gated: scenario.gated.map(bare),
    plan: scenario.plan.map((step) => (step.kind === 'call' ? { ...step, call: bare(step.call) } : step)),
  };
}
