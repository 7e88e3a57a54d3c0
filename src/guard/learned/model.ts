// The learned part: a linear model over hashed word groups, one head for each question, its probability calibrated on texts
// it was not trained on. Plain arithmetic: no native module, no download. It marks the segment it speaks of and names the words
// that weighed most. Trained by scripts/guard-classifier.ts on generated texts only.
// Not covered: other languages than English (and a few words of German and Spanish), orders that read like data.
import type { Classifier, Mark, Source } from '../classify.ts';
import { BUCKETS, cutSegments, readConcepts, readFeatures, readRequest, readTokens, type Segment } from './features.ts';

/** The questions: is this piece of a tool's text an order to the agent; is this request sensitive, is it malicious? */
export const HEADS = ['order', 'sensitive', 'malicious'] as const;
export type Head = (typeof HEADS)[number];

/** What a step of a weight is worth, and how scores become probabilities. */
export type Scale = {
  readonly step: number;
  readonly bias: number;
  /** Probability = 1 / (1 + exp(-(slope × score + shift))). */
  readonly slope: number;
  readonly shift: number;
};
/** A head as stored: weights of one byte each in base64, and their scale. */
export type StoredHead = Scale & {
  readonly weights: string;
  /** From which probability on a segment is marked. */
  readonly threshold: number;
  /** From which probability on harm is possible enough to ask: such a request is marked as sensitive. */
  readonly doubt?: number;
};
export type StoredModel = {
  readonly version: 2;
  readonly heads: { readonly [head in Head]: StoredHead };
  /** The words that stand for something, by what they stand for. */
  readonly concepts: { readonly [concept: string]: string };
};

/** A model ready to use. */
export type Model = {
  /** The probability that the head's question is answered by yes. */
  rate(head: Head, segment: string): number;
  readonly thresholds: { readonly [head in Head]: number };
  /** From which probability of harm on a request is marked as sensitive. */
  readonly doubt: number;
};

/** Reads a stored model. Throws RangeError where it has not the shape of one. */
export function openModel(stored: StoredModel): Model {
  const weights = Object.fromEntries(HEADS.map((head) => [head, readWeights(stored.heads[head].weights, BUCKETS)]));
  const concepts = readConcepts(stored.concepts);
  return {
    rate(head, segment) {
      const features = head === 'order' ? readFeatures(segment) : readRequest(segment, concepts).features;
      return rateScore(stored.heads[head], scoreOf(weights[head]!, features));
    },
    thresholds: {
      order: stored.heads.order.threshold,
      sensitive: stored.heads.sensitive.threshold,
      malicious: stored.heads.malicious.threshold,
    },
    doubt: stored.heads.malicious.doubt ?? stored.heads.malicious.threshold,
  };
}

/** Weights from how they are stored. Throws RangeError where they are not so many. */
export function readWeights(text: string, count: number): Int8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== count) throw new RangeError(`${bytes.length} weights, expected ${count}`);
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The probability that a sum of weights stands for. */
export function rateScore({ step, bias, slope, shift }: Scale, sum: number): number {
  return 1 / (1 + Math.exp(-(slope * (sum * step + bias) + shift)));
}

/** The mean weight of the features, so that long segments score no higher than short ones, scaled by their root. */
export function scoreOf(weights: Int8Array | Float64Array, features: readonly number[]): number {
  let sum = 0;
  for (const feature of features) sum += weights[feature]!;
  return features.length === 0 ? 0 : sum / Math.sqrt(features.length);
}

/** Opens the model that comes with the package. Throws where its file is not there. */
export async function loadModel(): Promise<Model> {
  const { default: stored } = await import('./weights.json', { with: { type: 'json' } });
  return openModel(stored as StoredModel);
}

export type LearnedOptions = {
  /** Whether the user's requests are judged too: many harmful ones are found, and some harmless ones are held up. */
  readonly requests?: boolean;
};

/** A classifier of a model. */
export function createLearned(model: Model, { requests = false }: LearnedOptions = {}): Classifier {
  return {
    name: 'learned',
    channels: requests ? ['user', 'tool'] : ['tool'],
    classify: async ({ channel, text }: Source) => (channel === 'tool' ? markTool(model, text) : markUser(model, text)),
  };
}

/** Marks a panel takes of one text, with room to spare; and how many are explained word by word. */
const [MOST_MARKS, EXPLAINED] = [900, 4];

type Question = { readonly head: Head; readonly mode: Mark['mode']; readonly what: string; readonly least?: 'doubt' };
const ORDER: Question = { head: 'order', mode: 'malicious', what: 'reads like an order to the assistant' };
const HARM: Question = { head: 'malicious', mode: 'malicious', what: 'reads like a request to do harm' };
const DOUBT: Question = { ...HARM, mode: 'sensitive', what: 'may be a request to do harm', least: 'doubt' };
const RISK: Question = { head: 'sensitive', mode: 'sensitive', what: 'reads like a request that may do harm' };

/** Segments that read like an order to the agent; neighbours become one mark. A flood of them marks all the rest. */
function markTool(model: Model, text: string): readonly Mark[] {
  const marks: Mark[] = [];
  for (const segment of cutSegments(text)) {
    const score = model.rate('order', segment.text);
    if (score < model.thresholds.order) continue;
    const last = marks.at(-1);
    if (last?.span === undefined || segment.start - last.span.end > 3) {
      marks.push(makeMark(model, ORDER, score, segment, marks.length < EXPLAINED));
      if (marks.length >= MOST_MARKS) return extendLast(marks, text.length);
      continue;
    }
    const span = { start: last.span.start, end: segment.end };
    marks[marks.length - 1] = { ...last, score: Math.max(last.score, score), span };
  }
  return marks;
}

function extendLast(marks: readonly Mark[], end: number): readonly Mark[] {
  const last = marks.at(-1)!;
  return [...marks.slice(0, -1), { ...last, span: { start: last.span!.start, end } }];
}

/** The segments of a request that are likely malicious or, where none is, that may be or are sensitive. */
function markUser(model: Model, text: string): readonly Mark[] {
  const segments = cutSegments(text);
  for (const question of [HARM, DOUBT, RISK]) {
    const least = question.least === undefined ? model.thresholds[question.head] : model.doubt;
    const rated = segments.map((segment) => ({ segment, score: model.rate(question.head, segment.text) }));
    const found = rated.filter(({ score }) => score >= least).slice(0, MOST_MARKS);
    if (found.length > 0)
      return found.map(({ segment, score }, i) => makeMark(model, question, score, segment, i < EXPLAINED));
  }
  return [];
}

function makeMark(
  model: Model,
  { head, mode, what }: Question,
  score: number,
  { text, start, end }: Segment,
  explained: boolean,
): Mark {
  const words = explained ? findTelling(model, head, text).map((word) => JSON.stringify(word)) : [];
  const because = words.length === 0 ? '' : `, above all for ${words.join(', ')}`;
  return { mode, score, evidence: `${what} (${score.toFixed(2)}${because})`, span: { start, end } };
}

/** The words without which the segment would score least: what weighed most. */
function findTelling(model: Model, head: Head, text: string): readonly string[] {
  const whole = model.rate(head, text);
  const words = [...new Set(readTokens(text).filter((token) => /^\p{L}{2}/u.test(token)))].slice(0, 30);
  return words
    .map((word) => ({ word, drop: whole - model.rate(head, text.split(word).join(' ')) }))
    .filter(({ drop }) => drop > 0)
    .sort((a, b) => b.drop - a.drop)
    .slice(0, 3)
    .map(({ word }) => word);
}
