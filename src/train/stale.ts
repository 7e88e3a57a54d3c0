// Episodes that were sampled by other weights than those that learn from them, older ones or the same computed otherwise: the
// trainer's own log-probabilities take the place of the sampler's, and each token's advantage is weighed by the ratio of the two,
// held to a bound. PPO's clipping then acts around the trainer's policy, as it should.
// Sources: decoupled PPO, AReaL, arXiv 2505.24298, equation 5; truncated importance sampling, Espeholt et al., 2018 (arXiv
// 1802.01561). Not here: which episodes are stale (remote.ts).
import type { Batch, Datum } from '../policy/local/batch.ts';
import type { Learner } from '../policy/local/parallel.ts';
import { TrainingFault } from './fault.ts';
import type { Group } from './groups.ts';

/** How far sampler and trainer were apart, over the tokens that are learned from. */
export type Drift = {
  /** Mean and largest ratio trainer / sampler before the bound, and the share of tokens it held. */
  readonly mean: number;
  readonly largest: number;
  readonly held: number;
  /** Largest difference of a log-probability. */
  readonly mismatch: number;
};

export type Corrected = { readonly groups: Group[]; readonly learner: Learner; readonly drift: Drift };

/** Puts the trainer's log-probabilities in place of the sampler's; the learner given back weighs advantages by the ratios. */
export async function correctGroups(learner: Learner, groups: readonly Group[], most: number): Promise<Corrected> {
  const members = groups.flatMap((group) => group.members).filter(({ advantage }) => advantage !== null);
  const data = members.map(({ transcript }): Datum => {
    const length = transcript.own.lastIndexOf(true) + 1;
    return {
      tokens: Int32Array.from(transcript.tokens.slice(0, length)),
      weights: Float32Array.from(transcript.own.slice(0, length), (own, at) => (own && at > 0 ? 1 : 0)),
    };
  });
  const now = data.length === 0 ? [] : await learner.logps({ data });
  const ratios = new Map<string, Float32Array>();
  const seen = { sum: 0, count: 0, largest: 0, held: 0, mismatch: 0 };
  const fresh = new Map(
    members.map((member, row) => {
      const { transcript } = member;
      const logps = transcript.logps.map((old, at) => (transcript.own[at] ? (now[row]?.[at] ?? old) : old));
      const list = Float32Array.from(logps, (logp, at) => {
        if (!transcript.own[at]) return 1;
        const ratio = Math.exp(logp - transcript.logps[at]!);
        seen.sum += ratio;
        seen.count += 1;
        seen.largest = Math.max(seen.largest, ratio);
        seen.held += ratio > most ? 1 : 0;
        seen.mismatch = Math.max(seen.mismatch, Math.abs(logp - transcript.logps[at]!));
        return Math.min(most, ratio);
      });
      ratios.set(keyOf(data[row]!.tokens, logps), list);
      return [member, { ...member, transcript: { ...transcript, logps } }] as const;
    }),
  );
  const mean = seen.count === 0 ? 1 : seen.sum / seen.count;
  return {
    groups: groups.map((group) => ({ ...group, members: group.members.map((member) => fresh.get(member) ?? member) })),
    learner: { ...learner, forwardBackward: (batch, loss) => learner.forwardBackward(weighBatch(batch, ratios), loss) },
    drift: {
      mean,
      largest: seen.largest,
      held: seen.count === 0 ? 0 : seen.held / seen.count,
      mismatch: seen.mismatch,
    },
  };
}

/** A learner, and by how much its log-probabilities were off those of the sampler, at the most, in passes back so far. */
export type Tolerant = { readonly learner: Learner; seen(): number };

/**
 * Bears a sampler and a trainer that differ by up to `tolerance` in a log-probability, as those of a server that computes in
 * bfloat16: the loop, which believes 1e-4 and no more, is shown what was sampled, while loss and gradient are of what the trainer
 * found, whose ratios to it are PPO's own. The learner rejects with TrainingFault beyond that.
 */
export function tolerate(learner: Learner, tolerance: number): Tolerant {
  let most = 0;
  return {
    seen: () => most,
    learner: {
      ...learner,
      async forwardBackward(batch, loss) {
        const pass = await learner.forwardBackward(batch, loss);
        if (loss.kind !== 'grpo') return pass;
        const worst = measureGap(batch, pass.logps);
        most = Math.max(most, worst);
        if (worst <= tolerance)
          return { ...pass, logps: batch.data.map(({ oldLogps }, at) => oldLogps ?? pass.logps[at]!) };
        const told = `sampler and trainer disagree by ${worst.toExponential(1)} in a log-probability`;
        const advice = 'a server in bfloat16 needs --set learner.correct=always, and learner.tolerance=0.1 or so';
        throw new TrainingFault(`${told}, expected at most ${tolerance} (learner.tolerance): ${advice}`);
      },
    },
  };
}

/** The largest difference on a token that is learned from; NaN counts as endless. */
function measureGap(batch: Batch, logps: readonly Float32Array[]): number {
  const gaps = batch.data.flatMap(({ weights, oldLogps }, at) =>
    Array.from(weights, (weight, token) =>
      weight === 0 ? 0 : Math.abs((logps[at]?.[token] ?? 0) - (oldLogps?.[token] ?? 0)),
    ),
  );
  return gaps.reduce((most, gap) => (gap <= most ? most : Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap), 0);
}

/** A datum is told by what it holds: the loop builds its arrays anew. */
const keyOf = (tokens: Int32Array, logps: ArrayLike<number>): string =>
  `${tokens.join()} ${Float32Array.from(tokens, (_, at) => logps[at] ?? 0).join()}`;

function weighBatch(batch: Batch, ratios: ReadonlyMap<string, Float32Array>): Batch {
  const data = batch.data.map((datum) => {
    const list = ratios.get(keyOf(datum.tokens, datum.oldLogps ?? []));
    return list && datum.advantages
      ? { ...datum, advantages: datum.advantages.map((value, at) => value * list[at]!) }
      : datum;
  });
  return { ...batch, data };
}
