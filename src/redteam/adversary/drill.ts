// The drill before the first round: scenarios of training's families under attacks drawn by chance, demonstrated like those of the
// warm start and learned beside it. So a policy sees what is true of a request in any dress before it meets those that were sought
// against it. Facts only: what to do about them is drawn by chance and left out of the loss, and held where it
// was (anchor.ts). Not here: the demonstrations (teach.ts).
import { rng } from '../../episode/random.ts';
import { saveCheckpoint } from '../../policy/local/checkpoint.ts';
import type { Grammar } from '../../policy/local/grammar.ts';
import { makeGrammar } from '../../policy/local/grammar.ts';
import type { Learner } from '../../policy/local/parallel.ts';
import type { AdversaryConfig } from '../../train/adversary/settings.ts';
import { splitList, WAYS } from '../../train/adversary/settings.ts';
import type { TrainConfig } from '../../train/config.ts';
import { limitNorm } from '../../train/fault.ts';
import type { Aids } from '../../train/grpo.ts';
import { readMetrics } from '../../train/rundir.ts';
import { rateAt } from '../../train/schedule.ts';
import { type Lesson, lessonBatch, pickBatch, splitLessons, teachStep } from '../../train/warmstart.ts';
import { drawGenes } from '../genome.ts';
import { anchorDecisions } from './anchor.ts';
import { confineGenes, type Member, makeMember } from './members.ts';
import { pickPlays } from './mix.ts';
import { blank, endStep, move, type State } from './state.ts';
import { teachPlays } from './teach.ts';

/** Number of the drill among rounds: its scenarios are those of no round. */
export const DRILL = 1_000_000;

/** Attacks drawn for each channel, and the share of plays that are harmless requests in one's dress. */
const DRAWN = 512;
const TWINS = 0.3;

/** Places in a step's demonstrations where decisions are held, and what they weigh together; all else weighs 1. */
const ANCHORS = 16;
const HOLD = 0.5;

/** Attacks drawn by chance, as many for each channel. */
export function drawDrillers(seed: number, { channels, hold }: AdversaryConfig): Member[] {
  return splitList(channels, WAYS).flatMap((channel) =>
    Array.from({ length: DRAWN }, (_, at): Member => {
      const genes = confineGenes(channel, drawGenes(channel, rng('drill', seed, channel, at)), hold.split('+'));
      return makeMember(channel, genes, DRILL);
    }),
  );
}

/** What a step of the drill teaches of dressed scenarios. Same run and step: same lessons. The engine of worlds must be loaded. */
export async function drillLessons(
  grammar: Grammar,
  config: TrainConfig,
  adversary: AdversaryConfig,
  step: number,
  members: readonly Member[],
): Promise<Lesson[]> {
  const shares = { fresh: 1 - TWINS, past: 0, twins: TWINS };
  const at = { seed: config.seed, adversary: { ...adversary, ...shares }, round: DRILL, step, members, faced: [] };
  return teachPlays(grammar, config, { round: DRILL, step }, await pickPlays(at));
}

/** One optimiser step on dressed lessons and demonstrations of the warm start. Throws TrainingFault, with nothing changed. */
export async function drillStep(
  learner: Learner,
  dressed: readonly Lesson[],
  {
    config,
    adversary,
    start,
    step,
  }: {
    readonly config: TrainConfig;
    readonly adversary: AdversaryConfig;
    /** The policy before the drill. */
    readonly start: Float32Array<ArrayBuffer>;
    readonly step: number;
  },
  { lessons, decisions, cues, limit = Number.POSITIVE_INFINITY }: Aids,
): Promise<{ readonly loss: number; readonly gradientNorm: number }> {
  const { warm } = config;
  const replayed = { ...config, warm: { ...warm, batch: adversary.replay } };
  const taught = [...pickBatch(lessons, replayed, warm.steps + step), ...dressed];
  const weighing = { special: { mask: decisions, after: cues, weight: 0 } };
  const batch = lessonBatch(taught, weighing);
  const plain = { ...batch, data: batch.data.slice(0, taught.length - dressed.length) };
  const drawn = { most: ANCHORS, total: HOLD, r: rng('anchor', config.seed, step) };
  const anchors = await anchorDecisions(learner, start, plain, { decisions, cues }, drawn);
  return teachStep(learner, { ...batch, data: [...batch.data, ...anchors] }, config, {
    when: { phase: 'drill', step },
    parts: () => splitLessons(taught, weighing),
    learningRate: rateAt(step, adversary.drill, adversary.drillRate, warm.rise, 0.05, 'linear'),
    limit,
  });
}

/** Teaches what is true of scenarios under attacks drawn by chance. */
export async function drillTurn(state: State): Promise<void> {
  const { run, config, adversary, learner, aids } = state;
  const members = drawDrillers(config.seed, adversary);
  const grammar = makeGrammar(state.start.tokenizer);
  const norms = (await readMetrics(run)).filter(isDrilled).map(({ gradientNorm }) => gradientNorm);
  while (state.notes.step < adversary.drill) {
    const { step } = state.notes;
    const dressed = await drillLessons(grammar, config, adversary, step, members);
    const metrics = await drillStep(
      learner,
      dressed,
      { config, adversary, start: state.start.theta, step },
      { ...aids, limit: limitNorm(norms) },
    );
    norms.push(metrics.gradientNorm);
    const told = { phase: 'drill', done: step + 1, total: adversary.drill, loss: metrics.loss } as const;
    await endStep(state, { phase: 'drill', step, ...metrics }, told);
  }
  const { theta } = learner;
  await saveCheckpoint(run.at('checkpoints', 'drilled'), { ...state.start, theta, training: null });
  learner.restore({ theta, ...blank(theta, state.notes) });
  await move(state, { turn: 'attack', round: 1, step: 0 });
}

const isDrilled = (line: unknown): line is { readonly gradientNorm: number } =>
  typeof line === 'object' && line !== null && 'phase' in line && line.phase === 'drill';
