// A model that rates short texts as a judge of texts of any length: windows, batches, thresholds, and the part of a window that a
// mark rests on. Not here: loading a model and what its labels mean (huggingface.ts).
import { CHANNELS, type Channel } from '../../safety/taxonomy.ts';
import type { Classifier, Mark } from '../classify.ts';
import { cutSegments } from '../learned/features.ts';
import { cutWindows, type Window } from './windows.ts';

/** Log-odds that a text is malicious, and that it is at least sensitive; and what the model says of it in words. */
export type Rating = { readonly malicious: number; readonly sensitive: number; readonly said: string };

/** From which probability on a part is marked, the probability being 1 / (1 + exp(-(slope × log-odds + shift))). */
export type Bounds = { readonly threshold: number; readonly slope: number; readonly shift: number };

/** A loaded model. */
export type SequenceModel = {
  /** The channels it judges. */
  readonly bounds: { readonly [channel in Channel]: Bounds | undefined };
  /** The most tokens it takes at once. */
  readonly most: number;
  /** Tokens of a text, with those the model puts around it. */
  count(text: string): number;
  /** Rates texts that are not too long. Throws Error where the model does not answer with numbers. */
  rate(texts: readonly string[], channel: Channel): Promise<readonly Rating[]>;
};

/** Windows a model is given at once, and segments of a window that are looked at one by one. */
const [AT_ONCE, MOST_SEGMENTS] = [8, 64];

/** A judge of a loaded model. Texts wait for one another, so that each call of the model is one batch. */
export function createSequenceJudge(model: SequenceModel, name: string): Classifier {
  let queue: Promise<unknown> = Promise.resolve();
  return {
    name,
    channels: CHANNELS.filter((channel) => model.bounds[channel] !== undefined),
    classify({ channel, text }, signal) {
      const turn = queue.then(() => judgeText(model, channel, text, signal));
      queue = turn.catch(() => undefined);
      return turn;
    },
  };
}

async function judgeText(
  model: SequenceModel,
  channel: Channel,
  text: string,
  signal: AbortSignal,
): Promise<readonly Mark[]> {
  const marks: Mark[] = [];
  const judgeBatch = async (batch: readonly Window[]): Promise<void> => {
    signal.throwIfAborted();
    const ratings = await model.rate(
      batch.map((window) => window.text),
      channel,
    );
    for (const [at, rating] of ratings.entries()) {
      const found = findMode(model, channel, rating);
      if (found === null) continue;
      signal.throwIfAborted();
      const span = await narrowSpan(model, channel, found.mode, batch[at]!);
      marks.push({ ...found, evidence: `the model says ${rating.said}`, span });
    }
  };
  let batch: Window[] = [];
  for (const window of cutWindows(text, model.most, model.count)) {
    batch.push(window);
    if (batch.length < AT_ONCE) continue;
    await judgeBatch(batch);
    batch = [];
  }
  if (batch.length > 0) await judgeBatch(batch);
  return joinMarks(marks);
}

/** The mode a rating reaches the threshold of, or null. */
function findMode(model: SequenceModel, channel: Channel, rating: Rating): Pick<Mark, 'mode' | 'score'> | null {
  const { slope, shift, threshold } = model.bounds[channel]!;
  for (const mode of ['malicious', 'sensitive'] as const) {
    const score = 1 / (1 + Math.exp(-(slope * rating[mode] + shift)));
    if (score >= threshold) return { mode, score };
  }
  return null;
}

/**
 * The part of a marked window that the mark rests on: from the first sentence that is marked by itself to the end of the last
 * one's paragraph, where an order's details follow. The whole window where no sentence is, or where the rest is marked too.
 */
async function narrowSpan(
  model: SequenceModel,
  channel: Channel,
  mode: Mark['mode'],
  { text, start, end }: Window,
): Promise<{ readonly start: number; readonly end: number }> {
  const whole = { start, end };
  // What is looked at one by one are the words as they stand, not as they are folded.
  const segments = cutSegments(text).map((one) => ({ ...one, text: text.slice(one.start, one.end) }));
  if (segments.length < 2 || segments.length > MOST_SEGMENTS) return whole;
  if (segments.some((segment) => model.count(segment.text) > model.most)) return whole;
  const isMarked = (rating: Rating): boolean => findMode(model, channel, rating)?.mode === mode;
  const ratings: Rating[] = [];
  for (let at = 0; at < segments.length; at += AT_ONCE)
    ratings.push(
      ...(await model.rate(
        segments.slice(at, at + AT_ONCE).map((segment) => segment.text),
        channel,
      )),
    );
  const found = segments.filter((_, at) => isMarked(ratings[at]!));
  if (found.length === 0) return whole;
  const from = found[0]!.start;
  const paragraph = text.indexOf('\n\n', found.at(-1)!.end);
  const to = paragraph < 0 ? text.length : paragraph;
  const rest = `${text.slice(0, from)} ${text.slice(to)}`;
  if (model.count(rest) > model.most) return whole;
  const [left] = rest.trim() === '' ? [] : await model.rate([rest], channel);
  if (left !== undefined && isMarked(left)) return whole;
  return { start: start + from, end: start + to };
}

/** Marks of one mode whose spans meet become one: windows overlap. At most as many as a panel takes; the last takes the rest. */
function joinMarks(marks: readonly Mark[]): readonly Mark[] {
  const joined: Mark[] = [];
  for (const mark of marks) {
    const last = joined.at(-1);
    const meets = last?.mode === mark.mode && mark.span!.start <= last.span!.end;
    if (last === undefined || (!meets && joined.length < 900)) joined.push(mark);
    else {
      const span = {
        start: Math.min(last.span!.start, mark.span!.start),
        end: Math.max(last.span!.end, mark.span!.end),
      };
      const mode = last.mode === 'malicious' ? last.mode : mark.mode;
      joined[joined.length - 1] = { ...last, mode, score: Math.max(last.score, mark.score), span };
    }
  }
  return joined;
}
