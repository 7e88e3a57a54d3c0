// Training that goes wrong is stopped before anything changes, and the message says when, where and what.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Episode } from '../episode/episode.ts';
import { rng } from '../episode/random.ts';
import type { Batch, Datum } from '../policy/local/batch.ts';
import { cpuExecutor } from '../policy/local/executor.ts';
import { LocalLearner, type Pass } from '../policy/local/learner.ts';
import type { Loss } from '../policy/local/loss.ts';
import { initialise, type ModelConfig } from '../policy/local/model.ts';
import type { Learner } from '../policy/local/parallel.ts';
import { DEFAULT_CONFIG, type TrainConfig } from './config.ts';
import { checkReadings, limitLoss, limitNorm, type Part, TrainingFault } from './fault.ts';
import type { Group } from './groups.ts';
import { updatePolicy } from './grpo.ts';
import { type Lesson, warmStep } from './warmstart.ts';

const model: ModelConfig = {
  ...{ vocab: 23, width: 8, layers: 1, heads: 2, kvHeads: 2, headDim: 4, hidden: 12 },
  ...{ theta: 1000, eps: 1e-6, context: 32 },
};
const r = rng('fault', 1);
const openLearner = () =>
  new LocalLearner(
    model,
    initialise(model, () => r.next()),
    cpuExecutor(),
  );

const datum = (first: number, weight = 0.5): Datum => ({
  tokens: Int32Array.of(first, 2, 3, 4),
  weights: Float32Array.of(0, 0, weight, weight),
});
const partOf = (where: string, data: Datum): Part => ({
  where,
  term: 'cross_entropy',
  batch: { data: [data] },
  loss: { kind: 'crossEntropy' },
});

test('a finite reading within its bound passes, and nothing is computed', async () => {
  const learner = openLearner();
  const parts = () => assert.fail('asked for parts');
  await checkReadings(learner, { phase: 'p', step: 1 }, [{ what: 'x', value: 3, most: 3 }], parts);
  await checkReadings(learner, { phase: 'p', step: 1 }, [], parts);
});

test('what is no number or beyond its bound is told with the part it comes from, and the learner is as it was', async () => {
  const learner = openLearner();
  await learner.forwardBackward({ data: [datum(1)] }, { kind: 'crossEntropy' });
  await learner.optimStep({ learningRate: 0.01 });
  const before = learner.state();
  const broken = [partOf('one', datum(1)), partOf('two', datum(5, Number.NaN)), partOf('three', datum(6))];
  const tell = (value: number, parts: readonly Part[]) =>
    checkReadings(learner, { phase: 'alignment', step: 7 }, [{ what: 'the loss', value, most: 10 }], () => parts);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    await assert.rejects(tell(value, broken), {
      message: `alignment, step 7: the loss is ${value}; it comes from two, term cross_entropy`,
    });
  }
  await assert.rejects(tell(Number.NaN, [...broken, partOf('four', datum(5, Number.NaN))]), /2 parts, first two/);
  const long = [partOf('one', datum(1)), partOf('two', datum(5, 900)), partOf('three', datum(6))];
  await assert.rejects(
    tell(11, long),
    /the loss is 11\.0, more than 10\.0; the longest gradient \(.*\) is that of two,/,
  );
  assert.deepEqual(learner.state(), before);
  assert.ok(learner.gradient.every((x) => x === 0));
  await learner.close();
});

test("the bound of the gradient's length is a thousand medians of the last twenty that were not 0", () => {
  assert.equal(limitNorm([1, 2, 0, 3, 4]), Number.POSITIVE_INFINITY);
  assert.equal(limitNorm([1, 2, 3, 4, 5]), 3000);
  assert.equal(limitNorm([0, 1, 2, 3, 0, 4, 5, 0]), 3000);
  assert.equal(limitNorm([...Array(50).fill(100), ...Array(20).fill(2)]), 2000);
  assert.ok(limitLoss(1500) > 4 * 7 && limitLoss(1500) < 4 * 8);
});

test('a gradient beyond the limit changes nothing, one within it does', async () => {
  const learner = openLearner();
  const before = learner.state();
  const step = async (limit: number) => {
    await learner.forwardBackward({ data: [datum(1)] }, { kind: 'crossEntropy' });
    return learner.optimStep({ learningRate: 0.01, limit });
  };
  assert.ok((await step(1e-6)).gradientNorm > 1e-6);
  assert.deepEqual(learner.state(), before);
  await step(1e6);
  assert.notDeepEqual(learner.state(), before);
  await learner.close();
});

const config: TrainConfig = {
  ...DEFAULT_CONFIG,
  model: { ...DEFAULT_CONFIG.model, vocab: 23 },
  warm: { ...DEFAULT_CONFIG.warm, batch: 4, optimizer: 'adamw' },
  grpo: { ...DEFAULT_CONFIG.grpo, replay: 0, optimizer: 'adamw' },
};
const lessonOf = (first: number): Lesson => ({
  tokens: Int32Array.of(first, 2, 3, 4),
  allowed: [null, null, Uint16Array.of(1, 2, 3), Uint16Array.of(4, 5)],
});
const judgements = { mask: Uint16Array.of(9), after: new Set<number>() };

/** A learner whose passes over data that begin with a token are changed: the fault a test puts in. */
function spoil(learner: Learner, first: number, change: (pass: Pass) => Pass): Learner {
  return {
    config: learner.config,
    theta: learner.theta,
    logps: (batch, theta) => learner.logps(batch, theta),
    optimStep: (options) => learner.optimStep(options),
    state: () => learner.state(),
    restore: (state) => learner.restore(state),
    async forwardBackward(batch: Batch, loss: Loss) {
      const pass = await learner.forwardBackward(batch, loss);
      return batch.data.some(({ tokens }) => tokens[0] === first) ? change(pass) : pass;
    },
  };
}

test('the warm start stops at a loss that is no number, exploded, or a gradient too long, and names the demonstration', async () => {
  const lessons = [lessonOf(1), lessonOf(5), lessonOf(6), lessonOf(7)];
  const learner = openLearner();
  const before = learner.state();
  const step = (wrong: Learner, limit?: number) => warmStep(wrong, lessons, config, 3, judgements, limit);
  const nan = spoil(learner, 6, (pass) => ({ ...pass, loss: Number.NaN }));
  await assert.rejects(step(nan), /warm start, step 3: the loss is NaN; it comes from demonstration \d of 4/);
  const exploded = spoil(learner, 6, (pass) => ({ ...pass, loss: 500 }));
  await assert.rejects(step(exploded), /warm start, step 3: the loss is 500, more than 12\.5; the longest gradient/);
  await assert.rejects(step(learner, 1e-9), /the gradient's length is .*, more than 1\.00e-9; the longest gradient/);
  assert.deepEqual(learner.state(), before);
  assert.ok(Number.isFinite((await step(learner)).loss)); // control: without the fault it goes on
  assert.notDeepEqual(learner.state(), before);
  await learner.close();
});

const MASK = Uint16Array.of(3, 4, 5);
/** A group of two that begin with these tokens, one better than the other. */
const groupOf = (id: string, firsts: readonly number[]): Group => ({
  index: 0,
  scenario: { id } as unknown as Group['scenario'],
  members: firsts.map((first, at) => ({
    episode: {
      id,
      steps: [],
      reward: { total: 1 - at, terms: { utility: 1 - at } },
      verdict: null,
    } as unknown as Episode,
    transcript: {
      tokens: [first, 2, 3, 4],
      own: [false, false, true, true],
      logps: [],
      masks: [null, null, MASK, MASK],
    },
    advantage: at === 0 ? 1 : -1,
  })),
});

const BROKEN = { total: Number.NaN, terms: { utility: 1, safety: Number.NaN } } as unknown as Episode['reward'];

/** Three groups as a policy would have played them: with its own log-probabilities. */
async function playGroups(learner: LocalLearner): Promise<Group[]> {
  const groups = [1, 5, 6].map((first, at) => groupOf(`scenario-${at}`, [first, first + 10]));
  const logps = await learner.logps({
    data: groups.flatMap(({ members }) =>
      members.map(({ transcript }) => ({
        tokens: Int32Array.from(transcript.tokens),
        weights: Float32Array.of(0, 0, 1, 1),
        masks: Int32Array.of(-1, -1, 0, 0),
      })),
    ),
    maskTable: [MASK],
  });
  return groups.map((group, at) => ({
    ...group,
    members: group.members.map((member, i) => ({
      ...member,
      transcript: { ...member.transcript, logps: [...logps[2 * at + i]!] },
    })),
  }));
}

test('lessons of one step are replayed beside the others where there is replay, and nowhere else', async () => {
  const aids = { decisions: Uint16Array.of(9), cues: new Set<number>(), lessons: [lessonOf(7)], more: [lessonOf(8)] };
  for (const replay of [0, 1]) {
    const learner = openLearner();
    const seen: number[] = [];
    const note = (first: number) => (pass: Pass) => {
      seen.push(first);
      return pass;
    };
    const watched = spoil(spoil(learner, 7, note(7)), 8, note(8));
    const own = { ...config, grpo: { ...config.grpo, replay } };
    await updatePolicy(watched, learner.theta.slice(), await playGroups(learner), own, 11, aids);
    assert.deepEqual(seen, replay === 0 ? [] : [7, 8]);
    await learner.close();
  }
});

test('alignment stops at a reward, a loss, a KL term or a gradient gone wrong, and names step, group and term', async () => {
  const learner = openLearner();
  const base = learner.theta.slice();
  const real = await playGroups(learner);
  const aids = { decisions: Uint16Array.of(9), cues: new Set<number>(), lessons: [] };
  const before = learner.state();
  const update = (wrong: Learner, given: readonly Group[] = real, own = config, limit = Number.POSITIVE_INFINITY) =>
    updatePolicy(wrong, base, given, own, 11, { ...aids, limit });
  const nan = spoil(learner, 5, (pass) => ({ ...pass, loss: Number.NaN }));
  await assert.rejects(update(nan), {
    message: 'alignment, step 11: the loss is NaN; it comes from group 2 of 3 (scenario-1), term ppo',
  });
  const far = { ...config, grpo: { ...config.grpo, kl: 1 } };
  const kl = spoil(learner, 6, (pass) => ({ ...pass, kl: Number.POSITIVE_INFINITY }));
  await assert.rejects(
    update(kl, real, far),
    /the KL estimate is Infinity; it comes from .*group 3 of 3 \(scenario-2\)/,
  );
  await assert.rejects(
    update(learner, real, config, 1e-9),
    /the gradient's length is .*; the longest gradient \(.*\) is that of group \d of 3/,
  );
  const poor = real.map((group, at) => ({
    ...group,
    members: group.members.map((member, i) =>
      at === 1 && i === 1
        ? {
            ...member,
            episode: { ...member.episode, reward: BROKEN },
          }
        : member,
    ),
  }));
  await assert.rejects(update(learner, poor), {
    message: 'alignment, step 11: the reward is NaN; it comes from group 2 of 3 (scenario-1), member 2, term safety',
  });
  const drifted = real.map((group) => ({
    ...group,
    members: group.members.map((member) => ({
      ...member,
      transcript: { ...member.transcript, logps: [0, 0, Number.NaN, -1] },
    })),
  }));
  await assert.rejects(update(learner, drifted), (error: unknown) => {
    assert.ok(error instanceof TrainingFault);
    assert.match(error.message, /the loss is NaN; it comes from 3 parts, first group 1 of 3 \(scenario-0\), term ppo/);
    return true;
  });
  assert.deepEqual(learner.state(), before);
  assert.ok((await update(learner)).gradientNorm > 0); // control: without a fault it goes on
  assert.notDeepEqual(learner.state(), before);
  await learner.close();
});
