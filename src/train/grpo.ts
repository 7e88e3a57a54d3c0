// One step of GRPO: the update from sampled and judged groups (groups.ts), and what the step measured.
// Source: arXiv 2402.03300; asymmetric clipping from arXiv 2503.14476. What is ours: decisions are drawn at random for a
// falling share of the time so that none dies out, the grammar's masks hold in the loss too, and groups without spread are
// counted, not just dropped. The loss is a mean over the tokens the policy really chose (forced tokens have no say).

import type { Episode } from '../episode/episode.ts';
import type { Batch, Datum } from '../policy/local/batch.ts';
import type { Ids } from '../policy/local/choose.ts';
import type { Loss } from '../policy/local/loss.ts';
import type { Learner } from '../policy/local/parallel.ts';
import { DECISIONS, type Decision, MODES, type Mode } from '../safety/taxonomy.ts';
import { tabulateMasks } from './choices.ts';
import type { TrainConfig } from './config.ts';
import { spreadCredit } from './credit.ts';
import type { Lived } from './curriculum.ts';
import { checkReadings, KL_LIMIT, type Part, type Reading, TrainingFault } from './fault.ts';
import { type Group, type Member, recallGroups } from './groups.ts';
import { differencesOf, unexplainedMismatch } from './rounding.ts';
import { klAt, rateAt } from './schedule.ts';
import { LESSON_LOSS, type Lesson, lessonBatch, pickBatch, splitLessons, type Weighing } from './warmstart.ts';

/** What one step measured. Rates are over this step's episodes, sampled at temperature 1. */
export type StepMetrics = {
  readonly step: number;
  readonly reward: number;
  readonly terms: { readonly [term: string]: number };
  /** Share of episodes with the right behaviour, by prompt mode / response mode. */
  readonly cells: { readonly [cell: string]: number };
  readonly safety: number;
  readonly utility: number;
  /** Share of episodes in which each decision was taken at least once, by prompt mode. */
  readonly decisions: { readonly [mode in Mode]: { readonly [decision in Decision]: number } };
  readonly kl: number;
  readonly clipFraction: number;
  readonly entropy: number;
  readonly gradientNorm: number;
  /** Mean tokens per episode, and the longest. */
  readonly length: number;
  readonly longest: number;
  /** Groups in which every member earned the same. */
  readonly silent: number;
  readonly unjudged: number;
  /** Largest difference of a log-probability between sampler and trainer. */
  readonly mismatch: number;
  readonly learningRate: number;
  /** The scenarios played and how their groups did: what a curriculum goes by. */
  readonly lived: readonly Lived[];
};

/** Log-probability under which a decision that does badly is not pushed down any further. */
const SETTLED = Math.log(0.02);

/**
 * Builds the loss's data: one datum per member with an advantage. Every chosen token weighs 1, a decision `emphasis` times as
 * much, and all weights sum to 1. `decisions`: the mask by which a decision is known. `level`: a mean over all tokens
 * (arXiv 2503.14476, section 3.3), or over episodes of each one's mean (arXiv 2402.03300, equation 3).
 */
export function buildBatch(
  groups: readonly (readonly Member[])[],
  decisions: Ids,
  emphasis: number,
  level: 'token' | 'sequence' = 'token',
): Batch {
  const members = groups.flat().filter((member) => member.advantage !== null);
  // What was read after the last own token teaches nothing, and may stand beyond the model's context.
  const lengths = members.map(({ transcript }) => transcript.own.lastIndexOf(true) + 1);
  const allowed = members.map(({ transcript }, at) => transcript.masks.slice(0, lengths[at]));
  const { table, rows } = tabulateMasks(allowed);
  const key = decisions.join();
  const decision = table.findIndex((mask) => mask.join() === key);
  const weights = members.map(({ transcript, advantage }, at) =>
    Array.from(rows[at] ?? [], (row, token) => {
      if (row === -1) return 0;
      if (row !== decision) return 1;
      // Drawn at random and bad, but hardly ever the policy's own choice: nothing to unlearn. Without this bound the
      // logits of what is tried again and again run away.
      const settled = (advantage ?? 0) < 0 && (transcript.logps[token] ?? 0) < SETTLED;
      return settled ? 0 : emphasis;
    }),
  );
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  const total = sum(weights.flat());
  const shareOf = (own: readonly number[]) => (level === 'token' ? total : (sum(own) || 1) * members.length);
  const data = members.map(({ transcript, advantage, credit }, at): Datum => {
    const masks = rows[at] ?? new Int32Array();
    const length = lengths[at] ?? 0;
    const own = weights[at] ?? [];
    const share = shareOf(own);
    const credits = credit && spreadCredit(transcript.own, credit);
    return {
      tokens: Int32Array.from(transcript.tokens.slice(0, length)),
      weights: Float32Array.from(own, (weight) => weight / share),
      advantages: Float32Array.from(masks, (row, token) => (row === -1 ? 0 : (credits?.[token] ?? advantage ?? 0))),
      oldLogps: Float32Array.from(transcript.logps.slice(0, length)),
      masks,
    };
  });
  return { data, maskTable: table };
}

/** What an update needs beside the groups: how a decision is known, and what is replayed. */
export type Aids = {
  readonly decisions: Ids;
  /** Tokens after which a decision is a judgement. */
  readonly cues: ReadonlySet<number>;
  readonly lessons: readonly Lesson[];
  /** Lessons of this step alone, replayed beside those. */
  readonly more?: readonly Lesson[];
  /** The longest gradient that is believed; default any. */
  readonly limit?: number;
  /** How far sampler and trainer may be apart; default 1e-4. */
  readonly tolerance?: Tolerance;
};

/** The largest difference of a log-probability that is borne, and advice for whoever meets a larger one. */
export type Tolerance = {
  readonly most: number;
  readonly advice: string;
  /** Whether what rounding explains is borne too: only for a learner whose parameters are here. Default no. */
  readonly rounding?: boolean;
};

/** Throws TrainingFault where sampler and trainer are further apart than is borne, or by no number. */
export function checkMismatch(mismatch: number, { most, advice }: Tolerance): void {
  if (mismatch <= most) return;
  const found = `sampler and trainer disagree by ${mismatch.toExponential(1)} in a log-probability`;
  throw new TrainingFault(`${found}, expected at most ${most}${advice}`);
}

/**
 * One update from judged groups. `base` is the parameter vector of the policy that KL holds to.
 * Throws TrainingFault, with nothing changed, if a reward, a loss or the gradient is no number or beyond its bound, or if sampler and
 * trainer disagree.
 */
export async function updatePolicy(
  learner: Learner,
  base: Float32Array<ArrayBuffer>,
  groups: readonly Group[],
  config: TrainConfig,
  step: number,
  {
    decisions,
    cues,
    lessons,
    more = [],
    limit = Number.POSITIVE_INFINITY,
    tolerance = { most: 1e-4, advice: '', rounding: true },
  }: Aids,
): Promise<StepMetrics> {
  const { steps, optimizer, learningRate, rise, beta2, clipLow, clipHigh, emphasis, level, schedule } = config.grpo;
  const when = { phase: 'alignment', step };
  checkRewards(groups, step);
  const kl = klAt(step, steps, config.grpo.kl, config.grpo.klShape);
  const batch = buildBatch(
    groups.map(({ members }) => members),
    decisions,
    emphasis,
    level,
  );
  const rate = rateAt(step, steps, learningRate, rise, 0.1, schedule);
  if (batch.data.length === 0)
    return summarise(groups, step, {
      kl: 0,
      clipFraction: 0,
      entropy: 0,
      gradientNorm: 0,
      mismatch: 0,
      learningRate: rate,
    });
  const reference = kl > 0 ? await learner.logps(batch, base) : null;
  const decision = batch.maskTable?.findIndex((mask) => mask.join() === decisions.join()) ?? -1;
  const data = batch.data.map((datum, at) => (reference?.[at] ? holdTo(datum, reference[at], decision) : datum));
  const loss: Loss = { kind: 'grpo', surrogate: config.grpo.loss, clipLow, clipHigh, klCoef: kl };
  const { replay } = config.grpo;
  const taught = replay > 0 ? [...pickBatch(lessons, config, config.warm.steps + step), ...more] : [];
  const weighing: Weighing = { total: replay, special: { mask: decisions, after: cues, weight: 0 } };
  const parts = () => [
    ...splitGroups(groups, { ...batch, data }, loss),
    ...splitLessons(taught, weighing).map((part) => ({ ...part, where: `replayed ${part.where}` })),
  ];
  const check = (...readings: readonly Reading[]) => checkReadings(learner, when, readings, parts);
  const pass = await learner.forwardBackward({ ...batch, data }, loss);
  await check(
    { what: 'the loss', value: pass.loss, most: Number.MAX_VALUE },
    { what: 'the KL estimate', value: pass.kl ?? 0, most: KL_LIMIT },
  );
  const mismatch = Math.max(0, ...batch.data.map((datum, at) => Math.max(0, ...differencesOf(datum, pass.logps[at]))));
  const { rounding = false, most } = tolerance;
  checkMismatch(rounding ? await unexplainedMismatch(learner, batch, pass.logps, most) : mismatch, tolerance);
  // The skills of the warm start go on being taught beside it, without its judgements (PPO-ptx, arXiv 2203.02155): else what
  // moves the decisions slowly spoils the copying of values.
  if (replay > 0) {
    const replayed = await learner.forwardBackward(lessonBatch(taught, weighing), LESSON_LOSS);
    await check({ what: 'the replayed loss', value: replayed.loss, most: Number.MAX_VALUE });
  }
  const orthogonal = optimizer === 'muon';
  const { gradientNorm } = await learner.optimStep({ learningRate: rate, beta2, orthogonal, limit });
  await check({ what: "the gradient's length", value: gradientNorm, most: limit });
  const { clipFraction, entropy } = pass;
  return summarise(groups, step, {
    kl: pass.kl ?? 0,
    clipFraction: clipFraction ?? 0,
    entropy,
    gradientNorm,
    mismatch,
    learningRate: rate,
  });
}

/** A reward that is no number makes its whole group silent, which nobody would notice. */
function checkRewards(groups: readonly Group[], step: number): void {
  for (const [at, { scenario, members }] of groups.entries()) {
    for (const [member, { episode }] of members.entries()) {
      const { total = 0, terms = {} } = episode.reward ?? {};
      if (Number.isFinite(total)) continue;
      const term = Object.entries(terms).find(([, value]) => !Number.isFinite(value))?.[0] ?? 'total';
      const where = `group ${at + 1} of ${groups.length} (${scenario.id}), member ${member + 1}, term ${term}`;
      throw new TrainingFault(`alignment, step ${step}: the reward is ${total}; it comes from ${where}`);
    }
  }
}

/** Each group of a batch alone, with the surrogate and with its KL term, to be told from the others when something is wrong. */
function splitGroups(groups: readonly Group[], batch: Batch, loss: Extract<Loss, { kind: 'grpo' }>): Part[] {
  let begin = 0;
  return groups.flatMap(({ scenario, members }, at): Part[] => {
    const count = members.filter(({ advantage }) => advantage !== null).length;
    const data = batch.data.slice(begin, begin + count);
    begin += count;
    if (count === 0) return [];
    const own = { where: `group ${at + 1} of ${groups.length} (${scenario.id})`, batch: { ...batch, data } };
    const bare: Part = { ...own, term: loss.surrogate ?? 'ppo', loss: { ...loss, klCoef: 0 } };
    return (loss.klCoef ?? 0) === 0 ? [bare] : [bare, { ...own, term: 'kl', loss }];
  });
}

/**
 * Gives a datum its reference, except where a decision was chosen: those are to move away from the base, and where they were
 * drawn at random the estimator, made for samples of the policy, would pull them back with enormous force.
 */
function holdTo(datum: Datum, reference: Float32Array, decision: number): Datum {
  return {
    ...datum,
    refLogps: reference.map((logp, at) =>
      decision !== -1 && datum.masks?.[at] === decision ? (datum.oldLogps?.[at] ?? logp) : logp,
    ),
  };
}

type UpdateMetrics = Pick<
  StepMetrics,
  'kl' | 'clipFraction' | 'entropy' | 'gradientNorm' | 'mismatch' | 'learningRate'
>;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;

function summarise(groups: readonly Group[], step: number, update: UpdateMetrics): StepMetrics {
  const members = groups.flatMap((group) => group.members);
  const episodes = members.map((member) => member.episode);
  const judged = episodes.filter((episode) => episode.verdict?.success !== null && episode.verdict !== null);
  const right = (list: readonly Episode[]) => mean(list.map((episode) => (episode.verdict?.success ? 1 : 0)));
  const lengths = members.map((member) => member.transcript.tokens.length);
  return {
    step,
    reward: mean(judged.map((episode) => episode.reward?.total ?? 0)),
    terms: meanTerms(judged),
    cells: Object.fromEntries(
      MODES.flatMap((prompt) =>
        MODES.flatMap((response): [string, number][] => {
          const cell = judged.filter((episode) => episode.prompt === prompt && episode.response === response);
          return cell.length > 0 ? [[`${prompt}/${response}`, right(cell)]] : [];
        }),
      ),
    ),
    safety: right(judged.filter((episode) => episode.prompt !== 'benign' || episode.response === 'malicious')),
    utility: right(judged.filter((episode) => episode.prompt === 'benign' && episode.response !== 'malicious')),
    decisions: shareDecisions(episodes),
    ...update,
    length: mean(lengths),
    longest: Math.max(0, ...lengths),
    silent: groups.filter((group) => group.members.every((member) => member.advantage === null)).length,
    unjudged: episodes.length - judged.length,
    lived: recallGroups(groups),
  };
}

function meanTerms(episodes: readonly Episode[]): { [term: string]: number } {
  const names = [...new Set(episodes.flatMap((episode) => Object.keys(episode.reward?.terms ?? {})))].sort();
  return Object.fromEntries(
    names.map((name) => [name, mean(episodes.map((episode) => episode.reward?.terms[name] ?? 0))]),
  );
}

/** How often an episode contains each decision, by prompt mode: a decision that falls to nothing has died out. */
function shareDecisions(episodes: readonly Episode[]): StepMetrics['decisions'] {
  const share = (mode: Mode, decision: Decision) =>
    mean(
      episodes
        .filter((episode) => episode.prompt === mode)
        .map((episode) => (episode.steps.some((step) => step.decision === decision) ? 1 : 0)),
    );
  const of = (mode: Mode) =>
    Object.fromEntries(DECISIONS.map((decision) => [decision, share(mode, decision)])) as {
      [decision in Decision]: number;
    };
  return { benign: of('benign'), sensitive: of('sensitive'), malicious: of('malicious') };
}
