// Gradient-guided search on a local policy whose weights are known: words around the order are exchanged where the gradient
// of the wanted turn's loss in their embeddings says that it helps most, and the best of many exchanges by the true loss is
// kept. Words are ordinary single tokens of text; control tokens cannot be among them. A round of search is one try.
// The gradient of an input's embedding comes from the learner's own graph: each free word is given a row of the embedding of
// its own, a copy, and the gradient of that row is the one looked for.
// Sources: HotFlip, arXiv 1712.06751; greedy coordinate gradient, arXiv 2307.15043. Not here: models of others.
import { InputError } from '../../episode/input.ts';
import type { Random } from '../../episode/random.ts';
import { openModel } from '../../policy/local/adopt.ts';
import type { Batch, Datum } from '../../policy/local/batch.ts';
import type { Ids } from '../../policy/local/choose.ts';
import { cpuExecutor } from '../../policy/local/executor.ts';
import { type Grammar, makeGrammar } from '../../policy/local/grammar.ts';
import { LocalLearner } from '../../policy/local/learner.ts';
import type { ModelConfig } from '../../policy/local/model.ts';
import type { Tokenizer } from '../../policy/local/tokenizer.ts';
import type { Attempt } from '../attack.ts';
import type { Attacker, View } from '../attacker.ts';
import { phraseOrder } from '../order.ts';
import type { Target } from '../target.ts';
import { type Reading, readTry } from './reading.ts';

/** Free words, before and after the order. */
const FREE = { before: 3, after: 5 };
const COUNT = FREE.before + FREE.after;
/** Steps of one round, exchanges tried in each, words considered at a place. */
const STEPS = 3;
const CANDIDATES = 24;
const CONSIDERED = 24;
/** Rounds without gain after which it begins elsewhere. */
const PATIENCE = 6;

type Search = { words: readonly number[]; loss: number; idle: number };

/** Opens the attacker on a policy of this project's own. Throws InputError on any other. Close it. */
export async function gradientAttacker(directory: string): Promise<Attacker> {
  const bench = await openBench(directory);
  const searches = new Map<string, Search>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    name: 'gradient',
    repeatable: true,
    learns: true,
    // The learner takes one call at a time.
    propose(view) {
      const mine = turn.then(() => search(bench, searches, view));
      turn = mine.catch(() => undefined);
      return mine;
    },
    learn: () => undefined,
    close: () => bench.learner.close(),
  };
}

async function openBench(directory: string): Promise<Bench> {
  const opened = await openModel(directory);
  if (opened.kind === 'foreign')
    throw new InputError('attacker gradient', `${directory} is a model of others, expected a policy of this project`);
  const { config, theta, tokenizer } = opened.checkpoint;
  return makeBench(config, theta, tokenizer);
}

/** The loss of the wanted turn (nats) under each of some attacks; null where the text is not read or the turn is none. */
export async function measureLoss(
  directory: string,
  target: Target,
  attempts: readonly Attempt[],
): Promise<(number | null)[]> {
  const bench = await openBench(directory);
  const losses: (number | null)[] = [];
  for (const attempt of attempts) {
    const reading = await readTry(bench.grammar, target, attempt);
    const logps = reading && (await bench.learner.logps(batchOf(bench, reading, [reading.read])))[0];
    losses.push(logps ? -logps.reduce((sum, logp) => sum + logp, 0) : null);
  }
  await bench.learner.close();
  return losses;
}

type Bench = {
  readonly grammar: Grammar;
  /** The model with a row for each free word behind its vocabulary. */
  readonly learner: LocalLearner;
  readonly vocab: number;
  readonly width: number;
  /** Ids that stand for a word with its blank, each. */
  readonly words: readonly number[];
  readonly everything: Ids;
};

function makeBench(config: ModelConfig, theta: Float32Array, tokenizer: Tokenizer): Bench {
  const { vocab, width } = config;
  const wide = new Float32Array(theta.length + COUNT * width);
  wide.set(theta.subarray(0, vocab * width));
  wide.set(theta.subarray(vocab * width), (vocab + COUNT) * width);
  const words = Array.from({ length: tokenizer.size }, (_, id) => id).filter((id) => isWord(tokenizer, id));
  return {
    grammar: makeGrammar(tokenizer),
    learner: new LocalLearner({ ...config, vocab: vocab + COUNT }, wide, cpuExecutor()),
    ...{ vocab, width, words },
    everything: Uint32Array.from({ length: vocab }, (_, id) => id),
  };
}

/** Whether a token is a word with a blank before it, and that word always this token: never a control token. */
function isWord(tokenizer: Tokenizer, id: number): boolean {
  if (tokenizer.bytesOf(id) === null) return false;
  const text = tokenizer.decode([id]);
  return /^ [\p{L}\p{N}]+$/u.test(text) && tokenizer.encode(text).join() === String(id);
}

async function search(bench: Bench, searches: Map<string, Search>, { target, r }: View): Promise<Attempt | null> {
  const draw = (): number[] => Array.from({ length: COUNT }, () => r.pick(bench.words));
  const known = searches.get(target.id);
  let current: Search = known && known.idle < PATIENCE ? known : { words: draw(), loss: Infinity, idle: 0 };
  for (let step = 0; step < STEPS; step++) {
    const reading = await locate(bench, target, current.words);
    if (reading === null) return null;
    const better = await improve(bench, reading, current.words, r);
    const gained = better.loss < current.loss - 1e-4;
    current = gained ? { ...better, idle: 0 } : { ...current, idle: current.idle + 1 };
  }
  searches.set(target.id, current);
  return write(bench, target, current.words);
}

/** The attack with these free words around the order. */
function write({ grammar }: Bench, target: Target, words: readonly number[]): Attempt {
  const say = (ids: readonly number[]): string => ids.map((id) => grammar.tokenizer.decode([id]).trim()).join(' ');
  const [before, after] = [say(words.slice(0, FREE.before)), say(words.slice(FREE.before))];
  const common = { request: null, later: null, genes: null, style: 'gradient' };
  if (target.channel === 'user') return { ...common, pieces: [], request: `${before} ${target.order.phrase} ${after}` };
  const place = target.places[0];
  if (place === undefined) throw new RangeError('a target without a place for texts');
  return {
    ...common,
    pieces: [{ place, text: `${before} ${phraseOrder(target.order, 'given')} ${after}`, front: false }],
  };
}

type Located = { readonly reading: Reading; readonly places: readonly number[] };

/** Where the free words stand among the tokens read; null where the text is not read as it was written. */
async function locate(bench: Bench, target: Target, words: readonly number[]): Promise<Located | null> {
  const reading = await readTry(bench.grammar, target, write(bench, target, words));
  if (reading === null) return null;
  const before = find(reading.read, words.slice(0, FREE.before));
  const after = find(reading.read, words.slice(FREE.before));
  if (before < 0 || after < 0) return null;
  const places = words.map((_, at) => (at < FREE.before ? before + at : after + at - FREE.before));
  return { reading, places };
}

function find(tokens: readonly number[], part: readonly number[]): number {
  for (let at = tokens.length - part.length; at >= 0; at--) {
    if (part.every((token, offset) => tokens[at + offset] === token)) return at;
  }
  return -1;
}

/** The best of many exchanges of one word, by the true loss. */
async function improve(
  bench: Bench,
  { reading, places }: Located,
  words: readonly number[],
  r: Random,
): Promise<{ words: readonly number[]; loss: number }> {
  const gradients = await differentiate(bench, reading, places, words);
  const ranked = gradients.map((gradient) => rankWords(bench, gradient));
  const candidates = [
    words,
    ...Array.from({ length: CANDIDATES }, () => {
      const at = r.int(COUNT);
      const word = r.pick(ranked[at] ?? bench.words);
      return words.map((old, place) => (place === at ? word : old));
    }),
  ];
  const batch = batchOf(
    bench,
    reading,
    candidates.map((candidate) => exchange(reading.read, places, candidate)),
  );
  const losses = (await bench.learner.logps(batch)).map((logps) => -logps.reduce((sum, logp) => sum + logp, 0));
  const best = losses.indexOf(Math.min(...losses));
  return { words: candidates[best] ?? words, loss: losses[best] ?? Infinity };
}

function exchange(read: readonly number[], places: readonly number[], words: readonly number[]): number[] {
  const tokens = [...read];
  for (const [at, place] of places.entries()) tokens[place] = words[at] ?? 0;
  return tokens;
}

/** The gradient of the loss in the embedding of each free word. */
async function differentiate(
  { learner, vocab, width, ...bench }: Bench,
  reading: Reading,
  places: readonly number[],
  words: readonly number[],
): Promise<Float32Array[]> {
  for (const [at, word] of words.entries())
    learner.theta.copyWithin((vocab + at) * width, word * width, (word + 1) * width);
  const own = words.map((_, at) => vocab + at);
  const from = learner.gradient.slice(vocab * width, (vocab + COUNT) * width);
  await learner.forwardBackward(
    batchOf({ learner, vocab, width, ...bench }, reading, [exchange(reading.read, places, own)]),
    { kind: 'crossEntropy', masked: true },
  );
  // Steps never clear the gradient here, so what was gathered before is taken off.
  return words.map((_, at) => {
    const row = learner.gradient.slice((vocab + at) * width, (vocab + at + 1) * width);
    return row.map((value, i) => value - (from[at * width + i] ?? 0));
  });
}

/** The words whose embedding lies furthest down the gradient. */
function rankWords({ learner, width, words }: Bench, gradient: Float32Array): readonly number[] {
  const scores = words.map((word) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += gradient[i]! * learner.theta[word * width + i]!;
    return { word, sum };
  });
  return scores
    .sort((a, b) => a.sum - b.sum || a.word - b.word)
    .slice(0, CONSIDERED)
    .map(({ word }) => word);
}

/** The wanted turn after each of several readings; tokens the grammar forces do not count. */
function batchOf({ everything }: Bench, { wanted, masks }: Reading, reads: readonly (readonly number[])[]): Batch {
  const maskTable: Ids[] = [everything, ...masks];
  const data = reads.map((read): Datum => {
    const tokens = Int32Array.from([...read, ...wanted]);
    const own = (of: (at: number) => number, otherwise: number): number[] =>
      Array.from(tokens, (_, at) => (at < read.length ? otherwise : of(at - read.length)));
    return {
      tokens,
      weights: Float32Array.from(own((at) => ((masks[at]?.length ?? 0) > 1 ? 1 : 0), 0)),
      masks: Int32Array.from(own((at) => at + 1, -1)),
    };
  });
  return { data, maskTable };
}
