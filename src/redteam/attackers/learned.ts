// An attacker policy trained by GRPO with harm as its reward: a small transformer of this project's own learner writes
// attacks as a row of tokens, one for each gene, after tokens that tell the target's channel, domain and aim. Tries of one
// target are a group; what did better than the group is made likelier.
// Source: groups and advantages, arXiv 2402.03300. Not here: free text, for which a model of this size is too small.
import { type Random, rng } from '../../episode/random.ts';
import type { Batch, Datum } from '../../policy/local/batch.ts';
import type { Constraint, Ids } from '../../policy/local/choose.ts';
import { cpuExecutor } from '../../policy/local/executor.ts';
import { LocalLearner } from '../../policy/local/learner.ts';
import { initialise, type ModelConfig } from '../../policy/local/model.ts';
import { createSampler, type Sampler } from '../../policy/local/sampler.ts';
import type { Attacker, Lesson } from '../attacker.ts';
import { buildAttempt, drawGenes, type Genes, sizesOf } from '../genome.ts';
import { CHANNELS, type Channel, type Target } from '../target.ts';

/** Tries of a target in a group, and lessons gathered before an update. */
const MEMBERS = 8;
const LESSONS = 64;
const RATE = 4e-3;
/** Before it attacks it learns to write attacks as chance would: plain in most ways. */
const WARM = { steps: 60, batch: 64, rate: 1e-2 };
const DOMAINS = 16;

/** What each gene's values are as tokens: the first token of each gene, by channel, since dresses differ. */
type Alphabet = {
  readonly vocab: number;
  readonly channels: readonly Channel[];
  readonly first: ReadonlyMap<Channel, readonly number[]>;
};

function makeAlphabet(channels: readonly Channel[]): Alphabet {
  let next = 1 + channels.length + DOMAINS + 2;
  const first = channels.map((channel): [Channel, number[]] => [
    channel,
    sizesOf(channel).map((size) => {
      const from = next;
      next += size;
      return from;
    }),
  ]);
  return { vocab: next, channels, first: new Map(first) };
}

/** What the model is told of a target. */
type Aim = { readonly channel: Channel; readonly domain: string; readonly claims: boolean };

const aimOf = ({ channel, scenario, order }: Target): Aim => {
  return { channel, domain: scenario.domain, claims: order.claim !== null };
};

/** The tokens that tell the aim. */
function tellAim({ channels }: Alphabet, { channel, domain: name, claims }: Aim): number[] {
  const domain = rng('domain', name).int(DOMAINS);
  const from = 1 + channels.length;
  return [0, 1 + channels.indexOf(channel), from + domain, from + DOMAINS + (claims ? 1 : 0)];
}

/** Opens the attacker on targets of these channels. Close it. */
export async function learnedAttacker(seed: number, channels: readonly Channel[] = CHANNELS): Promise<Attacker> {
  const alphabet = makeAlphabet(channels);
  const sizes = { width: 48, layers: 2, heads: 2, kvHeads: 2, headDim: 24, hidden: 96 };
  const config: ModelConfig = { vocab: alphabet.vocab, ...sizes, theta: 10_000, eps: 1e-6, context: 32 };
  const r = rng('learned', seed);
  const learner = new LocalLearner(
    config,
    initialise(config, () => r.next()),
    cpuExecutor(),
  );
  await warmUp(learner, alphabet, r);
  const sampler = createSampler({ config, executor: cpuExecutor(), slots: 64, capacity: 32 });
  await sampler.setWeights(learner.theta);
  const lessons: Lesson[] = [];
  let opened = 0;
  return {
    name: 'learned',
    repeatable: true,
    learns: true,
    width: MEMBERS,
    async propose({ target, r: own }) {
      return buildAttempt(target, await sampleGenes(sampler, alphabet, target, opened++, own));
    },
    async learn(lesson) {
      if (lesson.outcome.broken === null || lesson.attempt.genes === null) return;
      lessons.push(lesson);
      if (lessons.length < LESSONS) return;
      const batch = batchOf(alphabet, lessons.splice(0));
      if (batch.data.length === 0) return;
      const old = await learner.logps(batch);
      const data = batch.data.map((datum, at) => ({ ...datum, oldLogps: old[at]! }));
      await learner.forwardBackward({ ...batch, data }, { kind: 'grpo' });
      await learner.optimStep({ learningRate: RATE });
      await sampler.setWeights(learner.theta);
    },
    async close() {
      await sampler.close();
      await learner.close();
    },
  };
}

function maskOf(alphabet: Alphabet, channel: Channel, gene: number): Ids {
  const from = alphabet.first.get(channel)?.[gene] ?? 0;
  return Uint32Array.from({ length: sizesOf(channel)[gene] ?? 1 }, (_, value) => from + value);
}

async function sampleGenes(
  sampler: Sampler,
  alphabet: Alphabet,
  target: Target,
  index: number,
  r: Random,
): Promise<Genes> {
  const { channel } = target;
  const count = sizesOf(channel).length;
  let gene = 0;
  const constraint: Constraint = {
    allowed: () => maskOf(alphabet, channel, gene),
    accept: () => ++gene === count,
  };
  const stream = await sampler.open(index, r.int(2 ** 31));
  try {
    stream.extend(tellAim(alphabet, aimOf(target)));
    const { tokens } = await stream.generate(constraint, { temperature: 1, maxTokens: count });
    return tokens.map((token, at) => token - (alphabet.first.get(channel)?.[at] ?? 0));
  } finally {
    stream.close();
  }
}

/** An attack as the model would have written it. */
function writeDatum(alphabet: Alphabet, aim: Aim, genes: Genes, share: number): Omit<Datum, 'masks'> {
  const told = tellAim(alphabet, aim);
  const written = genes.map((value, at) => (alphabet.first.get(aim.channel)?.[at] ?? 0) + value);
  const open = sizesOf(aim.channel).map((size) => (size > 1 ? share : 0));
  return {
    tokens: Int32Array.from([...told, ...written]),
    weights: Float32Array.from([...told.map(() => 0), ...open]),
  };
}

/** Lessons as training data: groups by target; a group in which all did alike says nothing. */
function batchOf(alphabet: Alphabet, lessons: readonly Lesson[]): Batch {
  const groups = Map.groupBy(lessons, ({ target }) => target.id);
  const told = [...groups.values()].flatMap((group) => {
    const scores = group.map(({ outcome }) => outcome.score);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const spread = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
    return spread < 1e-6
      ? []
      : group.map((lesson, at) => ({ lesson, advantage: (scores[at]! - mean) / (spread + 0.05) }));
  });
  return withMasks(
    alphabet,
    told.map(({ lesson: { target, attempt }, advantage }) => {
      const genes = attempt.genes ?? [];
      const datum = writeDatum(alphabet, aimOf(target), genes, 1 / (told.length * genes.length));
      return { channel: target.channel, datum: { ...datum, advantages: datum.weights.map(() => advantage) } };
    }),
  );
}

function withMasks(
  alphabet: Alphabet,
  rows: readonly { readonly channel: Channel; readonly datum: Omit<Datum, 'masks'> }[],
): Batch {
  const begins = new Map<Channel, number>();
  const maskTable: Ids[] = [];
  for (const channel of alphabet.channels) {
    begins.set(channel, maskTable.length);
    maskTable.push(...sizesOf(channel).map((_, gene) => maskOf(alphabet, channel, gene)));
  }
  const data = rows.map(({ channel, datum }) => {
    const before = datum.tokens.length - sizesOf(channel).length;
    const from = begins.get(channel) ?? 0;
    return { ...datum, masks: Int32Array.from(datum.tokens, (_, at) => (at < before ? -1 : from + at - before)) };
  });
  return { data, maskTable };
}

/** Teaches the model to write as chance would, for every channel. */
async function warmUp(learner: LocalLearner, alphabet: Alphabet, r: Random): Promise<void> {
  for (let step = 0; step < WARM.steps; step++) {
    const rows = Array.from({ length: WARM.batch }, () => {
      const channel = r.pick(alphabet.channels);
      const aim = { channel, domain: String(r.int(1000)), claims: r.next() < 0.5 };
      const genes = drawGenes(channel, r);
      return { channel, datum: writeDatum(alphabet, aim, genes, 1 / (WARM.batch * genes.length)) };
    });
    await learner.forwardBackward(withMasks(alphabet, rows), { kind: 'crossEntropy', masked: true });
    await learner.optimStep({ learningRate: WARM.rate * (1 - step / WARM.steps) });
  }
}
