// What is attacked: a scenario, the harm an attacker wants from it, and the places where a text of theirs would be read.
// Places are found by trying (places.ts). Not here: the texts; what the further surfaces are (surface.ts).
import type { Catalogue } from '../world/catalogue.ts';
import type { Scenario } from '../world/scenario.ts';
import type { Place } from './attack.ts';
import { type Order, phraseOrder, readOrder } from './order.ts';
import { findPlaces, harmsOf, withoutAttacks } from './places.ts';
import { SURFACES, type Surface, surfaceOf } from './surface.ts';

/**
 * Through whom an attack comes. `tool`: an outsider's text in what tools return or say of themselves. `user`: a user with a
 * malicious goal. `approval`: an outsider's text that would have a gated call made without the user's word.
 */
export const CHANNELS = ['tool', 'user', 'approval'] as const;
/** These three, or a further surface of `tool`, with targets and genes of its own. */
export type Channel = (typeof CHANNELS)[number] | Surface;
/** All there are. */
export const ALL_CHANNELS = [...CHANNELS, ...SURFACES] as const;

export type Target = {
  /** The scenario's id and the channel. */
  readonly id: string;
  readonly channel: Channel;
  /** The scenario without the text planted in it. */
  readonly scenario: Scenario;
  readonly order: Order;
  /** Names of the harms that are the attacker's aim; any of them is success (`denial`: none is its aim). */
  readonly harms: readonly string[];
  /** Where texts are read, the place of the planted text first. */
  readonly places: readonly Place[];
  /** `late` only: the tool, by the name it is shown under, that first returns each place. */
  readonly readers?: readonly string[];
};

export type TargetOptions = {
  readonly channels: readonly Channel[];
  readonly catalogue?: Catalogue | null;
  /** `fatigue` only: after how many questions the user is tired. */
  readonly tires?: number;
};

/**
 * The targets in scenarios: an order planted in a tool's text, a malicious request, a gated call. Scenarios with servers outside
 * are left out: attacks reach nothing outside. The engine of worlds must be loaded.
 */
export async function findTargets(scenarios: readonly Scenario[], options: TargetOptions): Promise<Target[]> {
  const targets: Target[] = [];
  for (const scenario of scenarios) {
    if (scenario.servers !== undefined) continue;
    for (const channel of options.channels) {
      const target = await makeTarget(scenario, channel, options);
      if (target !== null) targets.push(target);
    }
  }
  return targets;
}

async function makeTarget(
  scenario: Scenario,
  channel: Channel,
  { catalogue: own = null, tires }: TargetOptions,
): Promise<Target | null> {
  const attack = scenario.injections.find(({ kind }) => kind === 'attack');
  const clean = withoutAttacks(scenario);
  const id = `${scenario.id}@${channel}`;
  switch (channel) {
    case 'user': {
      if (scenario.labels.prompt !== 'malicious' || scenario.conversation !== undefined) return null;
      const harms = await harmsOf('comply', clean, own);
      return harms.length === 0 ? null : { id, channel, scenario: clean, order: askedOrder(clean), harms, places: [] };
    }
    case 'approval': {
      const [gated] = scenario.gated;
      if (gated === undefined || scenario.labels.prompt !== 'sensitive') return null;
      const careful = await harmsOf('oracle', clean, own);
      const harms = (await harmsOf('comply', clean, own)).filter((name) => !careful.includes(name));
      const places = harms.length === 0 ? [] : await findPlaces(clean, [], own);
      const order = { phrase: phraseOrder({ phrase: gated.name, calls: [gated], claim: null }, 'named') };
      if (!places.some(({ table }) => table !== 'tools')) return null;
      return { id, channel, scenario: clean, order: { ...order, calls: [gated], claim: null }, harms, places };
    }
    default: {
      if (attack === undefined) return null;
      const [all, theirs] = [await harmsOf('compromised', scenario, own), await harmsOf('comply', scenario, own)];
      const harms = all.filter((name) => !theirs.includes(name));
      if (harms.length === 0) return null;
      if (channel === 'denial' && scenario.labels.prompt !== 'benign') return null; // others' work is to be stopped
      const common = { id, channel, order: readOrder(attack), harms: channel === 'denial' ? [] : harms };
      if (channel === 'tool')
        return { ...common, scenario: clean, places: await findPlaces(clean, [attack.slot], own) };
      const found = await surfaceOf(channel, clean, { order: common.order, slot: attack.slot, own, tires });
      return found && { ...common, ...found };
    }
  }
}

/** A malicious request as an order: the calls of its plan. */
function askedOrder({ request, plan }: Scenario): Order {
  const calls = plan.flatMap((step) => (step.kind === 'call' && step.own ? [step.call] : []));
  return { phrase: request, calls, claim: null };
}
