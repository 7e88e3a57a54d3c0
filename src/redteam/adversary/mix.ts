// What a step of training plays: scenarios as they come, opponents of this round and of earlier ones on other scenarios, and
// harmless requests in an attack's dress, so that the dress itself is nothing to be afraid of. Goals, harms and labels are the
// scenario's own. Only families of the training split. Not here: the update (train/grpo.ts).
import { InputError } from '../../episode/input.ts';
import { type Random, rng } from '../../episode/random.ts';
import { drawWeighted, type Faced, measureRegret, weighFamily, weighOpponents } from '../../train/adversary/regret.ts';
import type { AdversaryConfig } from '../../train/adversary/settings.ts';
import { generateScenario } from '../../world/generate/generate.ts';
import type { Scenario } from '../../world/scenario.ts';
import { stillWorks } from '../arena.ts';
import { applyAttack } from '../attack.ts';
import { buildAttempt, GENES, type Genes, mutateGenes } from '../genome.ts';
import { ALL_CHANNELS, type Channel, findTargets, type Target } from '../target.ts';
import { streamOf } from './assault.ts';
import { confineGenes, type Member } from './members.ts';

/** One scenario of a step. `opponent`: whose attack it is under; null: none. `dressed`: attacked, or harmless in an attack's dress. */
export type Play = {
  readonly index: number;
  readonly scenario: Scenario;
  readonly opponent: string | null;
  readonly dressed: boolean;
};

/** Which step's plays, and what there is to play against. */
export type Step = {
  readonly seed: number;
  readonly adversary: AdversaryConfig;
  /** From 1. */
  readonly round: number;
  readonly step: number;
  readonly members: readonly Member[];
  /** What earlier steps saw of opponents. */
  readonly faced: readonly (readonly Faced[])[];
};

/** Places of the training stream for this phase: scenarios as they come, and those looked at for an attack. */
const TURNS = 3_000_000_000;
const LOOKED = 4_000_000_000;
/** How many scenarios a play looks at for one that fits. */
const CANDIDATES = 12;
const MUTATION = 0.15;

/** The scenarios of a step. Same run, step and past: same plays. The engine of worlds must be loaded. */
export async function pickPlays(at: Step): Promise<Play[]> {
  const { adversary, members, round } = at;
  const { groups } = adversary;
  const count = (share: number): number => Math.round(share * groups);
  const [fresh, past] = [members.filter((one) => one.round === round), members.filter((one) => one.round < round)];
  const families = measureRegret(at.faced, 'family');
  const plays: Play[] = [];
  for (let place = 0; place < groups; place++) {
    const r = rng('adversary', at.seed, round, at.step, place);
    const own = { ...at, place, r, families };
    const edges = [count(adversary.fresh), count(adversary.past), count(adversary.twins)];
    const part =
      place < edges[0]!
        ? 'fresh'
        : place < edges[0]! + edges[1]!
          ? 'past'
          : place < edges[0]! + edges[1]! + edges[2]!
            ? 'twin'
            : 'turn';
    plays.push((await pickPlay(own, part, fresh, past)) ?? playTurn(own));
  }
  return plays;
}

type Place = Step & { readonly place: number; readonly r: Random; readonly families: ReadonlyMap<string, number> };

async function pickPlay(
  at: Place,
  part: 'fresh' | 'past' | 'twin' | 'turn',
  fresh: readonly Member[],
  past: readonly Member[],
): Promise<Play | null> {
  switch (part) {
    case 'fresh':
      return attackPlay(at, fresh.length > 0 ? fresh : past);
    case 'past':
      return attackPlay(at, past.length > 0 ? past : fresh);
    case 'twin':
      return twinPlay(
        at,
        at.members.filter(({ channel }) => channel === 'user'),
      );
    case 'turn':
      return null;
  }
}

const numberOf = ({ adversary, round, step, place }: Place): number =>
  ((round - 1) * adversary.steps + step) * adversary.groups + place;

/** The next scenario of the stream, as it is. */
function playTurn(at: Place): Play {
  const index = TURNS + numberOf(at);
  return { index, scenario: generateScenario(streamOf(at.seed), 'train', index), opponent: null, dressed: false };
}

/** An opponent: each channel likewise, however many of its opponents are known, and in it by regret; null of none. */
function drawMember({ r, faced }: Place, members: readonly Member[]): Member | null {
  const channels = ALL_CHANNELS.filter((channel) => members.some((one) => one.channel === channel));
  if (channels.length === 0) return null;
  const channel = r.pick(channels);
  const own = members.filter((one) => one.channel === channel);
  const ids = own.map(({ id }) => id);
  return drawWeighted(own, weighOpponents(ids, faced), r);
}

/** An opponent on a scenario of a family drawn by regret; null where none was found that it can be put on. */
async function attackPlay(at: Place, members: readonly Member[]): Promise<Play | null> {
  const { r, adversary } = at;
  const member = drawMember(at, members);
  if (member === null) return null;
  const { channel } = member;
  const hold = adversary.hold.split('+');
  const mutated = r.next() < adversary.mutate;
  const genes = mutated ? confineGenes(channel, mutateGenes(channel, member.genes, MUTATION, r), hold) : member.genes;
  for (const { index, scenario } of drawCandidates(at, (one) => couldBeTarget(channel, one))) {
    const [target] = await findTargets([scenario], { channels: [channel] });
    const attacked = target && (await attackTarget(target, genes));
    if (attacked) return { index, scenario: attacked, opponent: member.id, dressed: true };
  }
  return null;
}

/** The scenario under attack; null where the world cannot hold the text, or does not work any more under it. */
async function attackTarget(target: Target, genes: Genes): Promise<Scenario | null> {
  return couldHold(async () => {
    const attacked = applyAttack(target, buildAttempt(target, genes), `${target.scenario.id}+${target.channel}`);
    return (await stillWorks(attacked, null)) ? attacked : null;
  });
}

/** What is made of an attack; null where a place cannot hold its text (a path, a time). */
export async function couldHold<T>(make: () => T | Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof InputError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Scenarios to look at, those of families with more regret likely first. */
function drawCandidates(at: Place, fits: (scenario: Scenario) => boolean): Play[] {
  const begin = LOOKED + numberOf(at) * CANDIDATES;
  const seen = Array.from({ length: CANDIDATES }, (_, k): Play => {
    const scenario = generateScenario(streamOf(at.seed), 'train', begin + k);
    return { index: begin + k, scenario, opponent: null, dressed: false };
  });
  const left = seen.filter(({ scenario }) => fits(scenario));
  const drawn: Play[] = [];
  for (;;) {
    const weights = left.map(({ scenario }) => weighFamily(scenario.family, at.families));
    const one = drawWeighted(left, weights, at.r);
    if (one === null) return drawn;
    drawn.push(one);
    left.splice(left.indexOf(one), 1);
  }
}

/** Whether a scenario may have a target of a channel, told by its labels alone. */
function couldBeTarget(channel: Channel, { labels, gated }: Scenario): boolean {
  switch (channel) {
    case 'tool':
    case 'late':
    case 'error':
      return labels.response === 'malicious';
    case 'user':
      return labels.prompt === 'malicious';
    case 'approval':
      return labels.prompt === 'sensitive' && gated.length > 0;
    case 'header':
    case 'fatigue':
    case 'denial':
      return false; // attacked and not trained on (train/adversary/settings.ts)
  }
}

/** What of a user's genes a harmless request wears: dress and what is said after it. The rest would hide or repeat it. */
const WORN: readonly (typeof GENES)[number][] = ['frame', 'tail'];

/** A request that is not malicious, in the dress of a user's attack: what is right stays what it was. */
async function twinPlay(at: Place, members: readonly Member[]): Promise<Play | null> {
  if (members.length === 0) return null;
  const member = at.r.pick(members);
  const genes = member.genes.map((gene, k) => (WORN.includes(GENES[k] ?? 'form') ? gene : 0));
  const harmless = ({ labels, conversation }: Scenario): boolean =>
    labels.prompt !== 'malicious' && labels.response !== 'malicious' && conversation === undefined;
  for (const { index, scenario } of drawCandidates(at, harmless)) {
    const order = { phrase: scenario.request, calls: [], claim: null };
    const target: Target = { id: scenario.id, channel: 'user', scenario, order, harms: [], places: [] };
    const dressed = await attackTarget(target, genes);
    if (dressed) return { index, scenario: dressed, opponent: null, dressed: true };
  }
  return null;
}
