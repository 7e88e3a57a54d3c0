// The attackers' turn: campaigns on training scenarios against the policy as it now is, each begun by members of the population.
// Only families of the training split are attacked: what is found here is trained on. Not here: the campaign (campaign.ts).
import { rng } from '../../episode/random.ts';
import { drawWeighted } from '../../train/adversary/regret.ts';
import type { AdversaryConfig } from '../../train/adversary/settings.ts';
import { GENETIC, splitList, WAYS } from '../../train/adversary/settings.ts';
import { generateScenario } from '../../world/generate/generate.ts';
import type { Arena } from '../arena.ts';
import { openAttacker } from '../attackers/index.ts';
import { type Fate, runCampaign } from '../campaign.ts';
import type { Genes } from '../genome.ts';
import { openJournal } from '../journal.ts';
import { findTargets, type Target } from '../target.ts';
import type { Member } from './members.ts';
import { seededAttacker } from './seeded.ts';

/** A turn of the attackers. */
export type Assault = {
  readonly seed: number;
  readonly adversary: AdversaryConfig;
  readonly round: number;
  readonly arena: Arena;
  /** The population as it was, and the chance of each to be met. */
  readonly members: readonly Member[];
  readonly weights: readonly number[];
  /** The file of an attacker's journal. */
  readonly journalOf: (attacker: string) => string;
  readonly signal: AbortSignal;
  readonly onProgress: (name: string, done: number, total: number, broken: number) => void;
};

/** Places of the training stream behind those that training plays; each round has its own. */
const ATTACKED = 2_000_000_000;

/** What came of each attacker's campaign. */
export type Campaigns = ReadonlyMap<string, readonly Fate[]>;

/** Runs, or goes on with, the attackers' turn of a round. Rejects when the signal aborts; whole rounds of tries are kept. */
export async function runAssault(assault: Assault): Promise<Campaigns> {
  const { seed, adversary, round, arena, signal, onProgress } = assault;
  const targets = await drawTargets(seed, adversary, round);
  const campaigns = new Map<string, readonly Fate[]>();
  const own = rng('assault', seed, round).int(2 ** 31);
  for (const name of splitList(adversary.attackers, GENETIC)) {
    const means = { seed: own, level: 'grey', defence: { policy: arena.name, guard: null } } as const;
    const attacker = await openAttacker(name, means);
    const hold = adversary.hold === '' ? [] : adversary.hold.split('+');
    const elders = (target: Target) => drawElders(assault, target);
    try {
      const fates = await runCampaign({
        ...{ targets, arena, signal, level: 'grey', seed: own, budget: { tries: adversary.tries } },
        attacker: seededAttacker(attacker, { elders, hold }),
        journal: await openJournal(assault.journalOf(name)),
        onRound: (done, total, broken) => onProgress(name, done, total, broken),
      });
      campaigns.set(name, fates);
    } finally {
      await attacker.close?.();
    }
  }
  return campaigns;
}

/** The targets of a round: among training scenarios that no other round attacks. */
export async function drawTargets(seed: number, adversary: AdversaryConfig, round: number): Promise<Target[]> {
  const { scenarios, channels } = adversary;
  const begin = ATTACKED + round * scenarios;
  const drawn = Array.from({ length: scenarios }, (_, at) => generateScenario(streamOf(seed), 'train', begin + at));
  return findTargets(drawn, { channels: splitList(channels, WAYS) });
}

/** The seed of a run's stream of training scenarios (train/groups.ts). */
export const streamOf = (seed: number): number => seed * 1000 + 500;

/** Members of the population that a target meets first: different ones, by chance and weight. */
function drawElders({ seed, round, adversary, members, weights }: Assault, target: Target): readonly Genes[] {
  const r = rng('elders', seed, round, target.id);
  const left = members.flatMap((member, at) =>
    member.channel === target.channel ? [{ member, weight: weights[at] ?? 0 }] : [],
  );
  const drawn: Genes[] = [];
  while (drawn.length < adversary.elders && left.length > 0) {
    const one = drawWeighted(
      left,
      left.map(({ weight }) => weight),
      r,
    );
    if (one === null) break;
    drawn.push(one.member.genes);
    left.splice(left.indexOf(one), 1);
  }
  return drawn;
}
