// Episodes that were sampled by other weights than those that learn from them, older ones or the same computed otherwise: the
// trainer's own log-probabilities take the place of the sampler's, and each token's advantage is weighed by the ratio of the two,
// held to a bound. PPO's clipping then acts around the trainer's policy, as it should.
// Sources: decoupled PPO, AReaL, arXiv 2505.24298, equation 5; truncated importance sampling, Espeholt et al., 2018 (arXiv
// 1802.01561). Not here: which episodes are stale (remote.ts).
import type { Batch, Datum } from '../policy/local/batch.ts';
import type { Learner } from '../policy/local/parallel.ts';
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
