// The sampler against the trainer, and what its results may not depend on: time, neighbours, slots, chunks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Datum } from './batch.ts';
import type { Constraint, Ids } from './choose.ts';
import { seedGenerator } from './choose.ts';
import type { Executor } from './executor.ts';
import { cpuExecutor } from './executor.ts';
import { LocalLearner } from './learner.ts';
import type { ModelConfig } from './model.ts';
import { initialise } from './model.ts';
import { samplePrompts } from './sample.ts';
import type { Sampler } from './sampler.ts';
import { createSampler } from './sampler.ts';

const config: ModelConfig = {
  ...{ vocab: 40, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 20 },
  ...{ theta: 1000, eps: 1e-6, context: 160 },
};
/** Parameters large enough that distributions are far from flat. */
const theta = initialise(config, seedGenerator(1)).map((x) => 3 * x);

/** All tokens for a turn of fixed length. */
function freely(length: number): Constraint {
  let count = 0;
  return { allowed: () => null, accept: () => ++count >= length };
}

/** A small grammar: free, forced twice, one of ten, and so on. */
function restrict(length: number): Constraint {
  let count = 0;
  const choices = [null, Uint16Array.of(3), Uint16Array.of(4), Uint16Array.from({ length: 10 }, (_, at) => 2 * at)];
  return { allowed: () => choices[count % 4]!, accept: () => ++count >= length };
}

type Play = {
  readonly turns?: number;
  readonly delay?: (index: number) => number;
  readonly prompt?: (index: number) => readonly number[];
};

/** A prompt that neighbours share in part, so that rows are taken over from one another. */
function makePrompt(index: number): number[] {
  const rng = seedGenerator(Math.floor(index / 2));
  return Array.from({ length: 12 + (index % 3) }, () => Math.floor(rng() * config.vocab));
}

/** One episode: turns of the policy and, between them, of an environment of its own. Returns all of it as a datum. */
async function playEpisode(sampler: Sampler, index: number, play: Play, table: Ids[]): Promise<Datum> {
  const { turns = 3, delay = () => 0, prompt = makePrompt } = play;
  const rng = seedGenerator(1000 + index);
  const rows: [token: number, weight: number, logp: number, mask: number][] = [];
  await pause(delay(index));
  const stream = await sampler.open(index, index);
  const extend = (tokens: readonly number[]) => {
    stream.extend(tokens);
    for (const token of tokens) rows.push([token, 0, 0, -1]);
  };
  extend(prompt(index));
  for (let turn = 0; turn < turns; turn++) {
    if (delay(index) > 0) await pause(delay(index));
    const result = await stream.generate(restrict(5 + Math.floor(rng() * 6)), { temperature: 1, maxTokens: 20 });
    for (const [at, token] of result.tokens.entries()) {
      const mask = result.masks[at];
      rows.push([token, 1, result.logps[at]!, mask ? table.push(mask) - 1 : -1]);
    }
    extend(Array.from({ length: 2 + Math.floor(rng() * 11) }, () => Math.floor(rng() * config.vocab)));
  }
  stream.close();
  return {
    tokens: Int32Array.from(rows, (row) => row[0]),
    weights: Float32Array.from(rows, (row) => row[1]),
    oldLogps: Float32Array.from(rows, (row) => row[2]),
    masks: Int32Array.from(rows, (row) => row[3]),
  };
}

async function makeSampler(slots: number, capacity = 150): Promise<Sampler> {
  const sampler = createSampler({ config, executor: cpuExecutor(), slots, capacity });
  await sampler.setWeights(theta);
  return sampler;
}

async function playAll(sampler: Sampler, count: number, play: Play = {}, table: Ids[] = []): Promise<Datum[]> {
  sampler.expect(count);
  return Promise.all(Array.from({ length: count }, (_, index) => playEpisode(sampler, index, play, table)));
}

const bytesOf = (data: readonly Datum[]) => data.map(({ tokens, oldLogps }) => [[...tokens], [...oldLogps!]]);

test('the sampler and the trainer give a token the same log-probability', async () => {
  const sampler = await makeSampler(4);
  const maskTable: Ids[] = [];
  const data = await playAll(sampler, 10, {}, maskTable);
  const gapTo = async (parameters: Float32Array<ArrayBuffer>) => {
    const learner = new LocalLearner(config, parameters, cpuExecutor());
    const logps = await learner.logps({ data, maskTable });
    await learner.close();
    return Math.max(
      ...data.flatMap((datum, index) =>
        [...datum.weights].map((w, at) => w * Math.abs(logps[index]![at]! - datum.oldLogps![at]!)),
      ),
    );
  };
  assert.ok((await gapTo(theta)) < 1e-4, `${await gapTo(theta)}`);
  assert.ok(
    (await gapTo(theta.map((x, at) => (at % 97 === 0 ? x * 1.01 : x)))) > 1e-4,
    'slightly other weights are noticed',
  );
  assert.ok(sampler.counts().reused > 0, 'beginnings were shared');
  await sampler.close();
});

test('what is sampled does not depend on how long anything took', async () => {
  const runs: unknown[] = [];
  for (const delay of [() => 0, (index: number) => (index * 7) % 5, (index: number) => 6 - (index % 6)]) {
    const sampler = await makeSampler(3);
    runs.push(bytesOf(await playAll(sampler, 7, { delay })));
    await sampler.close();
  }
  assert.deepEqual(runs[1], runs[0]);
  assert.deepEqual(runs[2], runs[0]);
});

test('an episode is the same alone and in company, up to rounding', async () => {
  const crowd = await makeSampler(8);
  const together = await playAll(crowd, 8);
  for (const index of [0, 5]) {
    const single = await makeSampler(1);
    const alone = await playEpisode(single, index, {}, []);
    assert.deepEqual(alone.tokens, together[index]!.tokens);
    const gaps = alone.oldLogps!.map((logp, at) => Math.abs(logp - together[index]!.oldLogps![at]!));
    assert.ok(Math.max(...gaps) < 1e-5, `${Math.max(...gaps)}`);
    await single.close();
  }
  assert.notDeepEqual(together[0]!.tokens, together[1]!.tokens);
  await crowd.close();
});

test('streams that wait are served in the order of their index', async () => {
  const sampler = await makeSampler(1);
  const served: number[] = [];
  sampler.expect(4);
  const play = async (index: number) => {
    const stream = await sampler.open(index, index);
    served.push(index);
    stream.extend([1, 2]);
    await stream.generate(freely(2), { temperature: 1, maxTokens: 5 });
    stream.close();
  };
  const skipped = pause(2).then(() => sampler.skip(1));
  await Promise.all([play(3), play(2), pause(5).then(() => play(0)), skipped]);
  assert.deepEqual(served, [0, 2, 3]);
  await sampler.close();
});

test('nothing is sampled while a stream is out', async () => {
  const sampler = await makeSampler(2);
  const [out, waiting] = await Promise.all([sampler.open(0, 0), sampler.open(1, 1)]);
  waiting.extend([1, 2, 3]);
  let done = false;
  const turn = waiting.generate(freely(3), { temperature: 1, maxTokens: 9 }).then(() => {
    done = true;
  });
  await pause(10);
  assert.equal(done, false);
  assert.equal(sampler.counts().runs, 0);
  out.close();
  await turn;
  assert.equal(done, true);
  await sampler.close();
});

test('a forced token costs nothing, is recorded with log-probability 0 and still counts for what follows', async () => {
  const sampler = await makeSampler(1);
  const stream = await sampler.open(0, 3);
  stream.extend([5]);
  const forced: Constraint = { allowed: () => Uint16Array.of(9), accept: () => false };
  const first = await stream.generate(forced, { temperature: 1, maxTokens: 4 });
  assert.deepEqual(first.tokens, [9, 9, 9, 9]);
  assert.deepEqual(first.logps, [0, 0, 0, 0]);
  assert.equal(first.reason, 'length');
  assert.equal(sampler.counts().runs, 0);
  const next = await stream.generate(freely(1), { temperature: 0, maxTokens: 4 });
  const learner = new LocalLearner(config, theta, cpuExecutor());
  const tokens = Int32Array.of(5, 9, 9, 9, 9, ...next.tokens);
  const [logps] = await learner.logps({ data: [{ tokens, weights: Float32Array.of(0, 0, 0, 0, 0, 1) }] });
  assert.ok(Math.abs(logps![5]! - next.logps[0]!) < 1e-4);
  stream.close();
  await learner.close();
  await sampler.close();
});

test('at temperature 0 the most likely token is taken, whatever the seed', async () => {
  const sampler = await makeSampler(2);
  const play = async (index: number, temperature: number) => {
    const stream = await sampler.open(index, 10 + index);
    stream.extend([1, 2, 3]);
    const { tokens } = await stream.generate(freely(12), { temperature, maxTokens: 12 });
    stream.close();
    return tokens;
  };
  const [a, b] = await Promise.all([play(0, 0), play(1, 0)]);
  assert.deepEqual(a, b);
  const [c, d] = await Promise.all([play(0, 1), play(1, 1)]);
  assert.notDeepEqual(c, d);
  await sampler.close();
});

test('exploration changes what is drawn and not how it is judged', async () => {
  const sampler = await makeSampler(1);
  const stream = await sampler.open(0, 0);
  stream.extend([1, 2, 3]);
  const ids = Uint16Array.of(4, 8, 15);
  const onlyLast: Constraint = { allowed: () => ids, accept: () => false, explore: () => Float32Array.of(0, 0, 0.2) };
  const { tokens, logps } = await stream.generate(onlyLast, { temperature: 1, maxTokens: 6 });
  assert.deepEqual(tokens, [15, 15, 15, 15, 15, 15]);
  const learner = new LocalLearner(config, theta, cpuExecutor());
  const all = Int32Array.of(1, 2, 3, ...tokens);
  const weights = Float32Array.from(all, (_, at) => (at < 3 ? 0 : 1));
  const masks = Int32Array.from(all, (_, at) => (at < 3 ? -1 : 0));
  const [expected] = await learner.logps({ data: [{ tokens: all, weights, masks }], maskTable: [ids] });
  for (const [at, logp] of logps.entries()) assert.ok(Math.abs(logp - expected![3 + at]!) < 1e-4);
  assert.ok(logps.every((logp) => logp < -0.01));
  stream.close();
  await learner.close();
  await sampler.close();
});

test('a full stream ends its turns by length', async () => {
  const sampler = await makeSampler(1, 10);
  const stream = await sampler.open(0, 0);
  stream.extend([1, 2, 3, 4, 5, 6]);
  const first = await stream.generate(freely(99), { temperature: 1, maxTokens: 99 });
  assert.deepEqual([first.tokens.length, first.reason], [4, 'length']);
  const second = await stream.generate(freely(99), { temperature: 1, maxTokens: 99 });
  assert.deepEqual([second.tokens.length, second.reason], [0, 'length']);
  stream.extend(Array.from({ length: 50 }, () => 1));
  assert.equal((await stream.generate(freely(1), { temperature: 1, maxTokens: 9 })).reason, 'length');
  stream.close();
  await sampler.close();
});

test('a constraint that throws fails its own turn and no other', async () => {
  const sampler = await makeSampler(2);
  const [bad, good] = await Promise.all([sampler.open(0, 0), sampler.open(1, 1)]);
  bad.extend([1]);
  good.extend([1]);
  let count = 0;
  const broken: Constraint = {
    allowed: () => null,
    accept: () => {
      if (++count === 3) throw new Error('no such state');
      return false;
    },
  };
  const failed = assert.rejects(bad.generate(broken, { temperature: 1, maxTokens: 9 }), /no such state/);
  const passed = good.generate(freely(6), { temperature: 1, maxTokens: 9 });
  await failed;
  bad.close();
  assert.equal((await passed).reason, 'end');
  good.close();
  await sampler.close();
});

test('misuse of a stream throws at once', async () => {
  const sampler = await makeSampler(1);
  const stream = await sampler.open(0, 0);
  await assert.rejects(stream.generate(freely(1), { temperature: 1, maxTokens: 1 }), /at least one token/);
  assert.throws(() => stream.extend([config.vocab]), /outside the vocabulary/);
  stream.extend([1]);
  const turn = assert.rejects(stream.generate(freely(5), { temperature: 1, maxTokens: 9 }), /closed in the middle/);
  assert.throws(() => stream.extend([1]), /middle of a turn/);
  await assert.rejects(sampler.setWeights(theta), /while a stream is open/);
  stream.close();
  await turn;
  assert.throws(() => stream.extend([1]), /closed/);
  await sampler.setWeights(theta);
  const waiting = assert.rejects(
    sampler.open(0, 0).then(() => sampler.open(1, 1)),
    /the sampler is closed/,
  );
  await pause(5);
  await sampler.close();
  await waiting;
  assert.throws(
    () => createSampler({ config, executor: cpuExecutor(), slots: 1, capacity: 161 }),
    /exceeds the context/,
  );
});

test('new weights take effect, and nothing of the old ones is reused', async () => {
  const sampler = await makeSampler(2);
  const before = bytesOf(await playAll(sampler, 2));
  await sampler.setWeights(theta.map((x) => -x));
  const other = bytesOf(await playAll(sampler, 2));
  assert.notDeepEqual(other, before);
  await sampler.setWeights(theta);
  assert.deepEqual(bytesOf(await playAll(sampler, 2)), before);
  await sampler.close();
});

test('prompts are sampled in groups, each sequence from its own seed, up to the stop token', async () => {
  const sampler = await makeSampler(3);
  const options = { count: 4, temperature: 1, maxTokens: 15, stop: [0, 1, 2, 3, 4], seed: 9 };
  const groups = await samplePrompts(sampler, [[5, 6], [7]], options);
  assert.deepEqual(
    groups.map((group) => group.length),
    [4, 4],
  );
  for (const { tokens, reason, logps } of groups.flat()) {
    const stopped = tokens.findIndex((token) => token <= 4);
    assert.equal(stopped, reason === 'end' ? tokens.length - 1 : -1);
    assert.equal(logps.length, tokens.length);
  }
  assert.deepEqual(await samplePrompts(sampler, [[5, 6], [7]], options), groups);
  assert.notDeepEqual(await samplePrompts(sampler, [[5, 6], [7]], { ...options, seed: 100 }), groups);
  await assert.rejects(samplePrompts(sampler, [[]], options), /a prompt is empty/);
  await sampler.close();
});

test('a run that fails is told to every stream in it, and none goes on from a broken state', async () => {
  const real = cpuExecutor();
  let runs = 0;
  const failing: Executor = {
    name: 'failing',
    async compile(model) {
      const program = await real.compile(model);
      return {
        ...program,
        run: (feeds) => (++runs === 3 ? Promise.reject(new Error('out of memory')) : program.run(feeds)),
      };
    },
  };
  const sampler = createSampler({ config, executor: failing, slots: 2, capacity: 50 });
  await sampler.setWeights(theta);
  const streams = await Promise.all([sampler.open(0, 0), sampler.open(1, 1)]);
  for (const stream of streams) stream.extend([1]);
  const turn = { temperature: 1, maxTokens: 9 };
  await Promise.all(streams.map((stream) => assert.rejects(stream.generate(freely(9), turn), /out of memory/)));
  await assert.rejects(streams[0]!.generate(freely(1), turn), /closed/);
  const fresh = await sampler.open(2, 2);
  fresh.extend([1]);
  assert.equal((await fresh.generate(freely(2), turn)).tokens.length, 2);
  fresh.close();
  await sampler.close();
  await assert.rejects(sampler.open(3, 3), /the sampler is closed/);
});
