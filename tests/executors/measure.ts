// How far an executor is from native code on the CPU, on the same graphs: every loss with its gradient, log-probabilities and
// entropies, Muon's steps, and a sampled conversation. Run as a program it prints the figures of one executor as JSON, so
// that a test can start it with an environment of its own.
import { rng } from '../../src/episode/random.ts';
import type { Batch } from '../../src/policy/local/batch.ts';
import { type ExecutorKind, openExecutor } from '../../src/policy/local/executor.ts';
import { LocalLearner } from '../../src/policy/local/learner.ts';
import { type Loss, SURROGATES } from '../../src/policy/local/loss.ts';
import { initialise, type ModelConfig } from '../../src/policy/local/model.ts';
import { buildOrthogonal } from '../../src/policy/local/muon.ts';
import { encodeModel } from '../../src/policy/local/onnx.ts';
import { createSampler } from '../../src/policy/local/sampler.ts';

/** Grouped heads, norms of heads, more than one layer; sizes that are no powers of two. */
const CONFIG: ModelConfig = {
  ...{ vocab: 61, width: 24, layers: 2, heads: 4, kvHeads: 2, headDim: 6, hidden: 40 },
  ...{ theta: 1000, eps: 1e-6, context: 96 },
};
const LOSSES: readonly Loss[] = [
  { kind: 'crossEntropy', masked: true },
  ...SURROGATES.map((surrogate): Loss => ({ kind: 'grpo', surrogate, klCoef: 0.2, clipLow: 0.2, clipHigh: 0.3 })),
];
const MASKS = [Uint16Array.of(1, 2, 3, 4, 5), Uint16Array.from({ length: 40 }, (_, at) => at)];

const theta = (() => {
  const r = rng('executors', 1);
  return initialise(CONFIG, () => r.next());
})();

async function makeBatch(learner: LocalLearner): Promise<Batch> {
  const r = rng('executors', 2);
  // The last two begin alike and are computed in one row.
  const prompt = Array.from({ length: 14 }, () => r.int(40));
  const data = [20, 33, 47, 30, 38].map((length, index) => {
    const common = index < 3 ? [] : prompt;
    const tokens = Int32Array.from({ length }, (_, at) => common[at] ?? r.int(40));
    const counts = (at: number) => (index < 3 ? at > 1 : at > common.length) && r.next() < 0.7;
    return {
      tokens,
      weights: Float32Array.from(tokens, (_, at) =>
        counts(at) || (index > 2 && at === common.length) ? 0.02 * (1 + r.next()) : 0,
      ),
      masks: Int32Array.from(tokens, (token) => MASKS.findIndex((ids) => ids.includes(token))),
      advantages: Float32Array.from(tokens, () => r.next() * 2 - 1),
    };
  });
  const logps = await learner.logps({ data, maskTable: MASKS });
  const near = (list: Float32Array) => list.map((x) => x + 0.8 * (r.next() - 0.5));
  return {
    maskTable: MASKS,
    data: data.map((datum, at) => ({ ...datum, oldLogps: near(logps[at]!), refLogps: near(logps[at]!) })),
  };
}

/** Everything an executor computes here, as named vectors. */
async function computeAll(
  kind: ExecutorKind,
  batch: Batch | null,
): Promise<{ batch: Batch; found: Map<string, Float32Array> }> {
  const executor = openExecutor(kind);
  const learner = new LocalLearner(CONFIG, theta, executor);
  const data = batch ?? (await makeBatch(learner));
  const found = new Map<string, Float32Array>();
  for (const loss of LOSSES) {
    const name = loss.kind === 'grpo' ? loss.surrogate! : 'cross_entropy';
    const pass = await learner.forwardBackward(data, loss);
    found.set(`gradient of ${name}`, learner.gradient.slice());
    found.set(
      `${name}, log-probabilities and entropy`,
      Float32Array.of(pass.loss, pass.entropy, ...pass.logps.flatMap((x) => [...x])),
    );
    learner.gradient.fill(0);
  }
  await learner.close();
  for (const shape of [
    [24, 40],
    [40, 24],
  ] as const)
    found.set(`Muon's step of ${shape}`, await turn(kind, shape));
  found.set('sampled log-probabilities', await sample(kind));
  return { batch: data, found };
}

async function turn(kind: ExecutorKind, shape: readonly [number, number]): Promise<Float32Array> {
  const r = rng('executors', 3);
  const program = await openExecutor(kind).compile(buildOrthogonal(shape));
  const data = Float32Array.from({ length: 2 * shape[0] * shape[1] }, () => (r.next() - 0.5) / 9);
  const { steps } = await program.run({ updates: { shape: [2, ...shape], data } });
  await program.release();
  return steps!;
}

/**
 * How wrong the second output (the inverse deviation) of the runtime's fused norm is, relative to the right one. It was found
 * wrong on WebGPU, which spoils gradients silently; graphs here never ask for it. Its first output is compared too.
 */
export async function measureFusedNorm(
  kind: ExecutorKind,
): Promise<{ readonly normal: number; readonly inverse: number }> {
  const [rows, width] = [6, 32];
  const node = {
    ...{
      operator: 'SimplifiedLayerNormalization',
      domain: '',
      inputs: ['x', 'weight'],
      outputs: ['normal', 'inverse'],
    },
    attributes: { axis: -1, epsilon: { float: 1e-6 }, stash_type: 1 },
  };
  const value = (name: string, shape: readonly number[]) => ({ name, type: 'float32' as const, shape });
  const bytes = encodeModel({
    ...{ nodes: [node], initializers: [], inputs: [value('x', [rows, width]), value('weight', [width])] },
    outputs: [value('normal', [rows, width]), value('inverse', [rows, 1])],
  });
  const r = rng('executors', 4);
  const x = Float32Array.from({ length: rows * width }, () => 4 * r.next() - 2);
  const program = await openExecutor(kind).compile(bytes);
  const weight = { shape: [width], data: new Float32Array(width).fill(1) };
  const { normal, inverse } = await program.run({ x: { shape: [rows, width], data: x }, weight });
  await program.release();
  const right = Float32Array.from({ length: rows }, (_, row) => {
    const own = x.subarray(row * width, (row + 1) * width);
    return 1 / Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / width + 1e-6);
  });
  const scaled = x.map((value, at) => value * right[Math.floor(at / width)]!);
  const gap = (a: Float32Array, b: Float32Array) => length(a.map((y, at) => y - b[at]!)) / length(b);
  return { normal: gap(normal!, scaled), inverse: gap(inverse!, right) };
}

/** Four conversations at once, in two turns: chunks, the cache, and rows that end at different times. */
async function sample(kind: ExecutorKind): Promise<Float32Array> {
  const sampler = createSampler({ config: CONFIG, executor: openExecutor(kind), slots: 4, capacity: 90 });
  await sampler.setWeights(theta);
  const any = { allowed: () => MASKS[1]!, accept: () => false };
  sampler.expect(4);
  const rows = await Promise.all(
    Array.from({ length: 4 }, async (_, index) => {
      const stream = await sampler.open(index, index);
      const logps: number[] = [];
      for (const length of [7 + 5 * index, 3]) {
        stream.extend(Array.from({ length }, (__, at) => (at * 7 + index) % 40));
        logps.push(...(await stream.generate(any, { temperature: 0, maxTokens: 9 })).logps);
      }
      stream.close();
      return logps;
    }),
  );
  await sampler.close();
  return Float32Array.from(rows.flat());
}

const length = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

/** Relative distances |x − cpu| / |cpu| of an executor's results from the CPU's, by name. */
export async function measureDistances(kind: ExecutorKind): Promise<{ readonly [what: string]: number }> {
  const { batch, found: expected } = await computeAll('cpu', null);
  const { found } = await computeAll(kind, batch);
  return Object.fromEntries(
    Array.from(expected, ([name, x]) => [name, length(found.get(name)!.map((y, at) => y - x[at]!)) / length(x)]),
  );
}

if (process.argv[1]?.endsWith('measure.ts')) {
  const kind = process.argv[2] as ExecutorKind;
  console.log(JSON.stringify({ distances: await measureDistances(kind), fusedNorm: await measureFusedNorm(kind) }));
  process.exit(0);
}
