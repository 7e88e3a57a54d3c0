// The whole model's gradient against PyTorch in double precision, for every loss. The engine computes in single precision: what
// is compared is the relative length of the difference, |ours − PyTorch's| / |PyTorch's|, which rounding alone makes a few
// 10⁻⁷. The same numbers go in: parameters and data are single precision's on both sides.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rng } from '../../src/episode/random.ts';
import type { Batch } from '../../src/policy/local/batch.ts';
import { type ExecutorKind, openExecutor } from '../../src/policy/local/executor.ts';
import { LocalLearner } from '../../src/policy/local/learner.ts';
import { type Loss, SURROGATES } from '../../src/policy/local/loss.ts';
import { initialise, listParameters, type ModelConfig, viewParameter } from '../../src/policy/local/model.ts';
import { findPython } from './transformers/reference.ts';

const SCRIPT = fileURLToPath(new URL('./torch/reference.py', import.meta.url));
const python = await findPython();
const skip = typeof python === 'string' ? python : false;

type Case = {
  readonly config: ModelConfig;
  readonly lengths: readonly number[];
  readonly losses: readonly Loss[];
  /** So many tokens are the same in all sequences, as a prompt is in a group: they are computed in one row. */
  readonly prompt?: number;
  readonly kinds: readonly ExecutorKind[];
  /** Deviation of all matrices; by default each its own (model.ts), with which the gradient is harder to get right. */
  readonly deviation?: number;
};

/** Every loss, with masks, on a small model with grouped heads. */
const SMALL: Case = {
  config: {
    ...{ vocab: 256, width: 64, layers: 4, heads: 4, kvHeads: 2, headDim: 16, hidden: 160 },
    ...{ theta: 500, eps: 1e-6, context: 128 },
  },
  lengths: [40, 75, 120],
  losses: [
    { kind: 'crossEntropy', masked: true },
    ...SURROGATES.map((surrogate): Loss => ({ kind: 'grpo', surrogate, klCoef: 0.1, clipLow: 0.2, clipHigh: 0.28 })),
  ],
  kinds: ['cpu', 'wasm'],
};
/** The same, the sequences members of one group. */
const GROUP: Case = { ...SMALL, lengths: [60, 75, 90, 50], prompt: 24 };
/** The reference model of bench/learner.ts: 0.92 million parameters, 2,048 tokens; matrices as Hugging Face begins them. */
const REFERENCE: Case = {
  deviation: 0.02,
  config: {
    ...{ vocab: 512, width: 128, layers: 4, heads: 4, kvHeads: 4, headDim: 32, hidden: 384 },
    ...{ theta: 10_000, eps: 1e-6, context: 257 },
  },
  lengths: Array.from({ length: 8 }, () => 257),
  losses: [{ kind: 'crossEntropy' }],
  kinds: ['cpu'],
};
const MASKS = [Uint16Array.from({ length: 50 }, (_, at) => 3 * at), Uint16Array.from({ length: 200 }, (_, at) => at)];

async function makeBatch(learner: LocalLearner, { lengths, losses, prompt = 0 }: Case): Promise<Batch> {
  const r = rng('torch', 2);
  const masked = losses.length > 1;
  const common = Array.from({ length: prompt }, () => r.int(200));
  const data = lengths.map((length) => {
    const tokens = Int32Array.from({ length }, (_, at) => common[at] ?? r.int(200));
    const counts = (at: number) =>
      prompt > 0 ? at === prompt || (at > prompt && r.next() < 0.6) : masked ? at > 4 && r.next() < 0.6 : at > 0;
    return {
      tokens,
      weights: Float32Array.from(tokens, (_, at) => (counts(at) ? 0.01 * (1 + r.next()) : 0)),
      masks: Int32Array.from(tokens, (token) => (masked ? MASKS.findIndex((ids) => ids.includes(token)) : -1)),
      advantages: Float32Array.from(tokens, () => (length === 75 ? -0.8 : 1.1)),
    };
  });
  const maskTable = masked ? MASKS : [];
  const logps = await learner.logps({ data, maskTable });
  const near = (list: Float32Array) => list.map((x) => x + 0.9 * (r.next() - 0.5));
  return {
    maskTable,
    data: data.map((datum, at) => ({ ...datum, oldLogps: near(logps[at]!), refLogps: near(logps[at]!) })),
  };
}

/** `rounding`: how far PyTorch itself is from this gradient in single precision. */
type Answer = { readonly loss: number; readonly gradient: readonly number[]; readonly rounding: number };

function askTorch(
  { config, losses }: Case,
  theta: Float32Array<ArrayBuffer>,
  { data, maskTable = [] }: Batch,
): Promise<readonly Answer[]> {
  if (typeof python === 'string') throw new Error(python);
  const plain = (values: object) => Object.fromEntries(Object.entries(values).map(([key, list]) => [key, [...list]]));
  const weights = listParameters(config).map((spec) => [spec.name, spec.shape, [...viewParameter(theta, spec)]]);
  const task = { config, weights, data: data.map(plain), maskTable: maskTable.map((ids) => [...ids]), losses };
  const child = spawn(python.path, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stdin.end(JSON.stringify(task));
  return new Promise((resolve, reject) => {
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out).answers) : reject(new Error(`PyTorch: ${code}`)),
    );
  });
}

const lengthOf = (x: ArrayLike<number>): number =>
  Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0));
const distance = (a: Float32Array, b: readonly number[]): number =>
  lengthOf(Array.from(a, (x, at) => x - b[at]!)) / lengthOf(b);

type Measured = { readonly name: string; readonly far: number; readonly rounding: number; readonly control: number };

/** Gives every matrix this deviation. */
function rescale(theta: Float32Array<ArrayBuffer>, config: ModelConfig, deviation: number): void {
  for (const spec of listParameters(config)) {
    if (spec.shape.length === 1) continue;
    const view = viewParameter(theta, spec);
    const factor = (deviation * Math.sqrt(view.length)) / lengthOf(view);
    view.forEach((x, at) => {
      view[at] = x * factor;
    });
  }
}

/** How far our gradients are from PyTorch's; the control is one with a thousandth too much in one small matrix. */
async function measure(item: Case): Promise<Measured[]> {
  const { config, losses, kinds } = item;
  const r = rng('torch', 1);
  const theta = initialise(config, () => r.next());
  if (item.deviation !== undefined) rescale(theta, config, item.deviation);
  const learners = kinds.map((kind) => new LocalLearner(config, theta, openExecutor(kind)));
  const batch = await makeBatch(learners[0]!, item);
  const answers = await askTorch(item, theta, batch);
  const spec = listParameters(config).find(({ name }) => name.endsWith('3.self_attn.o_proj.weight'))!;
  const found: Measured[] = [];
  for (const [which, learner] of learners.entries()) {
    for (const [at, loss] of losses.entries()) {
      const { gradient: expected, rounding, loss: value } = answers[at]!;
      const pass = await learner.forwardBackward(batch, loss);
      const name = `${kinds[which]}, ${loss.kind === 'grpo' ? loss.surrogate : 'cross_entropy'}`;
      assert.ok(Math.abs(pass.loss - value) < 1e-6 * Math.max(1, Math.abs(value)), `${name}: ${pass.loss}, ${value}`);
      const far = distance(learner.gradient, expected);
      viewParameter(learner.gradient as Float32Array<ArrayBuffer>, spec).forEach((x, i, view) => {
        view[i] = x * 1.001;
      });
      found.push({ name, far, rounding, control: distance(learner.gradient, expected) });
      learner.gradient.fill(0);
    }
    await learner.close();
  }
  return found;
}

const tell = ({ name, far, rounding }: Measured) =>
  `${name}: ${far.toExponential(2)}; PyTorch in single precision: ${rounding.toExponential(2)}`;

test("the gradient of the reference model is PyTorch's in double precision to a relative 1e-6", { skip }, async (t) => {
  for (const item of await measure(REFERENCE)) {
    t.diagnostic(tell(item));
    assert.ok(item.far <= 1e-6, tell(item));
    assert.ok(item.control > 1e-5, 'a thousandth too much in one matrix is not seen');
  }
});

test('the gradient of every loss is as near to double precision as that of PyTorch in single precision, on the CPU and in WebAssembly', {
  skip,
}, async (t) => {
  for (const item of [...(await measure(SMALL)), ...(await measure(GROUP))]) {
    t.diagnostic(tell(item));
    assert.ok(item.far <= 1.2 * item.rounding && item.far < 2e-6, tell(item));
    assert.ok(item.control > 1e-5, 'a thousandth too much in one matrix is not seen');
  }
});
