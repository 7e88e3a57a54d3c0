// The warm start: demonstrations, learned token by token: the policy's own choices among what the grammar allows.
import { rng } from '../episode/random.ts';
import type { Batch } from '../policy/local/batch.ts';
import type { Learner } from '../policy/local/parallel.ts';
import { type Allowed, tabulateMasks } from './choices.ts';
import type { TrainConfig } from './config.ts';
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
  /** Which tokens have no weight: those chosen under this mask after one of these tokens. */
  readonly without?: { readonly mask: Uint16Array; readonly after: ReadonlySet<number> };
};

/** The lessons as a batch: every chosen token weighs the same. */
export function lessonBatch(lessons: readonly Lesson[], { total: sum = 1, without }: Weighing = {}): Batch {
  const { table, rows } = tabulateMasks(lessons.map(({ allowed }) => allowed));
  const left = without === undefined ? -1 : table.findIndex((mask) => mask.join() === without.mask.join());
  const counted = lessons.map(({ tokens }, at) =>
    Array.from(rows[at] ?? [], (row, token) => {
      const omitted = row === left && without?.after.has(tokens[token - 1] ?? -1);
      return row !== -1 && !omitted;
    }),
  );
  const total = counted.reduce((n, list) => n + list.filter(Boolean).length, 0);
  const data = lessons.map(({ tokens }, at) => {
    const masks = rows[at] ?? new Int32Array(tokens.length).fill(-1);
    return { tokens, masks, weights: Float32Array.from(counted[at] ?? [], (counts) => (counts ? sum / total : 0)) };
  });
  return { data, maskTable: table };
}

/** One optimiser step. Returns the mean loss per chosen token, in nats. */
export async function warmStep(
  learner: Learner,
  data: readonly Lesson[],
  config: TrainConfig,
  step: number,
): Promise<{ loss: number; gradientNorm: number }> {
  const batch = lessonBatch(pickBatch(data, config, step));
  const { loss } = await learner.forwardBackward(batch, { kind: 'crossEntropy', masked: true });
  const { steps, learningRate, rise, weightDecay } = config.warm;
  const { gradientNorm } = learner.optimStep({
    learningRate: rateAt(step, steps, learningRate, rise, 0.05),
    beta2: 0.95,
    weightDecay,
  });
  return { loss, gradientNorm };
}
