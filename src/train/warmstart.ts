// The warm start: demonstrations, learned token by token: the policy's own choices among what the grammar allows.
import { rng } from '../episode/random.ts';
import type { Batch } from '../policy/local/batch.ts';
import type { Ids } from '../policy/local/choose.ts';
import type { Learner } from '../policy/local/parallel.ts';
import { type Allowed, tabulateMasks } from './choices.ts';
import type { TrainConfig } from './config.ts';
import { checkReadings, limitLoss, type Part } from './fault.ts';
import { rateAt } from './schedule.ts';

/** A rendered demonstration: its tokens, and what the grammar allowed at each of the policy's own. */
export type Lesson = { readonly tokens: Int32Array; readonly allowed: Allowed };

/** Batches that are sorted by length together: sequences of one batch are alike in length, so little is padding. */
const POOL = 8;

/** The demonstrations of one step: a pass through all of them in a seeded order, then another in a new one. */
export function pickBatch(data: readonly Lesson[], config: TrainConfig, step: number): Lesson[] {
  const { batch } = config.warm;
  const perPass = Math.ceil(data.length / batch);
  const pass = Math.floor(step / perPass);
  const pool = Math.floor((step % perPass) / POOL);
  const order = rng('warm-order', config.seed, pass).shuffle(data.map((_, index) => index));
  const lengthOf = (index: number) => data[index]?.tokens.length ?? 0;
  const members = order
    .slice(pool * POOL * batch, (pool + 1) * POOL * batch)
    .sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const starts = Array.from({ length: Math.ceil(members.length / batch) }, (_, at) => at * batch);
  const from = rng('warm-pool', config.seed, pass, pool).shuffle(starts)[(step % perPass) % POOL] ?? 0;
  return members.slice(from, from + batch).flatMap((index) => data[index] ?? []);
}

/** What the weights of a batch of lessons are made of. */
export type Weighing = {
  /** What they sum to; default 1. */
  readonly total?: number;
  /** Judgements, where they weigh otherwise than the rest (1). */
  readonly special?: Judgements & { readonly weight: number };
  /** Tokens that follow these, where they weigh otherwise: the choice of a tool. */
  readonly chosen?: Following;
};

/** What follows a row of tokens, and what it weighs. */
export type Following = { readonly after: readonly number[]; readonly weight: number };

/** How a judgement is known: it is chosen under this mask after one of these tokens. */
export type Judgements = { readonly mask: Ids; readonly after: ReadonlySet<number> };

/** The lessons as a batch: every chosen token weighs the same, save the special ones. */
export function lessonBatch(lessons: readonly Lesson[], { total: sum = 1, special, chosen }: Weighing = {}): Batch {
  const { table, rows } = tabulateMasks(lessons.map(({ allowed }) => allowed));
  const specialRow = special === undefined ? -1 : table.findIndex((mask) => mask.join() === special.mask.join());
  const weights = lessons.map(({ tokens }, at) =>
    Array.from(rows[at] ?? [], (row, token) => {
      if (row === -1) return 0;
      if (chosen !== undefined && follows(tokens, token, chosen.after)) return chosen.weight;
      return row === specialRow && special?.after.has(tokens[token - 1] ?? -1) ? special.weight : 1;
    }),
  );
  const total = weights.reduce((n, list) => n + list.reduce((a, b) => a + b, 0), 0);
  const data = lessons.map(({ tokens }, at) => {
    const masks = rows[at] ?? new Int32Array(tokens.length).fill(-1);
    return { tokens, masks, weights: Float32Array.from(weights[at] ?? [], (weight) => (sum * weight) / total) };
  });
  return { data, maskTable: table };
}

/** Whether these tokens stand right before a place. */
function follows(tokens: Int32Array, place: number, after: readonly number[]): boolean {
  const begin = place - after.length;
  return begin >= 0 && after.every((token, at) => tokens[begin + at] === token);
}

/**
 * One optimiser step. Returns the mean loss per chosen token, in nats. `limit`: the longest gradient that is believed.
 * Throws TrainingFault, with nothing changed, if loss or gradient are no numbers or beyond their bounds.
 */
export async function warmStep(
  learner: Learner,
  data: readonly Lesson[],
  config: TrainConfig,
  step: number,
  judgements: Judgements,
  limit = Number.POSITIVE_INFINITY,
  chosen?: Following,
): Promise<{ loss: number; gradientNorm: number }> {
  // Drawn at random, they cannot be learned better than by their shares; at full weight their noise would soon be nearly all
  // of the gradient.
  const special = { ...judgements, weight: config.warm.judgement };
  const lessons = pickBatch(data, config, step);
  const { steps, learningRate, rise, schedule } = config.warm;
  const weighing = { special, ...(chosen ? { chosen } : {}) };
  return teachStep(learner, lessonBatch(lessons, weighing), config, {
    when: { phase: 'warm start', step },
    parts: () => splitLessons(lessons, weighing),
    learningRate: rateAt(step, steps, learningRate, rise, 0.05, schedule),
    limit,
  });
}

/** Which step of which phase, its parts for telling a culprit, its learning rate, and the longest gradient that is believed. */
export type Teaching = {
  readonly when: { readonly phase: string; readonly step: number };
  readonly parts: () => readonly Part[];
  readonly learningRate: number;
  readonly limit: number;
};

/** One optimiser step on a batch of lessons, with the warm start's optimiser. Throws TrainingFault, with nothing changed. */
export async function teachStep(
  learner: Learner,
  batch: Batch,
  { warm, model }: Pick<TrainConfig, 'warm' | 'model'>,
  { when, parts, learningRate, limit }: Teaching,
): Promise<{ loss: number; gradientNorm: number }> {
  const { loss } = await learner.forwardBackward(batch, LESSON_LOSS);
  await checkReadings(learner, when, [{ what: 'the loss', value: loss, most: limitLoss(model.vocab) }], parts);
  const { optimizer, weightDecay } = warm;
  const { gradientNorm } = await learner.optimStep({
    ...{ learningRate, beta2: 0.95, orthogonal: optimizer === 'muon', weightDecay, limit },
  });
  await checkReadings(learner, when, [{ what: "the gradient's length", value: gradientNorm, most: limit }], parts);
  return { loss, gradientNorm };
}

/** The loss of lessons: among what the grammar allowed. */
export const LESSON_LOSS = { kind: 'crossEntropy', masked: true } as const;

/** Each lesson of a batch alone, to be told from the others when something is wrong. */
export function splitLessons(lessons: readonly Lesson[], weighing: Weighing): Part[] {
  return lessons.map((lesson, at) => ({
    where: `demonstration ${at + 1} of ${lessons.length} in the batch`,
    term: 'cross_entropy',
    batch: lessonBatch([lesson], weighing),
    loss: LESSON_LOSS,
  }));
}
