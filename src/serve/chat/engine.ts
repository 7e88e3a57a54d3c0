// Generates many answers at once: each is a stream of the batched sampler, which takes a new one in and lets a finished one
// go at every step (continuous batching) and computes a beginning that answers share only once.
// Not here: the thread it runs in (thread.ts), text (model.ts).
import type { ToolSchema } from '../../episode/episode.ts';
import type { Constraint, Ids } from '../../policy/local/choose.ts';
import { type ExecutorKind, openExecutor } from '../../policy/local/executor.ts';
import { constrainTurn, type Grammar, situate } from '../../policy/local/grammar.ts';
import type { ModelConfig } from '../../policy/local/model.ts';
import { stopAt } from '../../policy/local/sample.ts';
import { createSampler } from '../../policy/local/sampler.ts';
import { type Drawn, type DrawOptions, makeDrawer } from './draw.ts';

/** One answer to be generated. */
export type Job = {
  /** What stands before it. */
  readonly tokens: readonly number[];
  readonly seed: number;
  readonly maxTokens: number;
  /** Tokens that end it. */
  readonly ends: readonly number[];
  readonly draw: DrawOptions;
  /** Of a policy of this project: what it may call, and which of the tokens are its own. */
  readonly turn: { readonly tools: readonly ToolSchema[]; readonly own: readonly boolean[] } | null;
};

/** Why an answer ended: by an end token or its grammar, or by its length. */
export type Ending = 'end' | 'length';

export type Engine = {
  /** Generates an answer; `take` gets each token, the end token included. Rejects with the signal's reason, or if the model fails. */
  generate(job: Job, take: (drawn: Drawn) => void, signal: AbortSignal): Promise<Ending>;
  close(): Promise<void>;
};

export type EngineOptions = {
  readonly config: ModelConfig;
  readonly theta: Float32Array<ArrayBuffer>;
  /** The grammar of a policy of this project. */
  readonly grammar: Grammar | null;
  /** Answers at once. */
  readonly slots: number;
  /** Most tokens of a conversation with its answer. */
  readonly capacity: number;
  readonly threads: number;
  /** What runs the model; default native code on the CPU. */
  readonly executor?: ExecutorKind | undefined;
};

/** Makes an engine in this thread. Its steps block the thread's event loop. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { config, theta, grammar, slots, capacity, threads } = options;
  const sampler = createSampler({
    config,
    executor: openExecutor(options.executor ?? 'cpu', { threads }),
    slots,
    capacity,
  });
  await sampler.setWeights(theta);
  let made = 0;

  const generate: Engine['generate'] = async (job, take, signal) => {
    signal.throwIfAborted();
    const stream = await sampler.open(made++, job.seed);
    const stop = (): void => stream.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      stream.extend(job.tokens);
      const { constraint, choose } = watch(constrain(grammar, job), job.draw, take);
      const { reason } = await stream.generate(constraint, { temperature: 1, maxTokens: job.maxTokens, choose });
      return reason;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stream.close();
    }
  };
  return { generate, close: () => sampler.close() };
}

function constrain(grammar: Grammar | null, { turn, tokens, ends }: Job): Constraint {
  if (turn === null || grammar === null) return stopAt(ends);
  return constrainTurn(grammar, situate(grammar.tokenizer, turn.tools, { tokens, own: turn.own }), null);
}

/** Tells each token as it is accepted, with what was drawn; a token the grammar forces was not. */
function watch(inner: Constraint, options: DrawOptions, take: (drawn: Drawn) => void) {
  const draw = makeDrawer(options);
  let drawn: Drawn | null = null;
  const constraint: Constraint = {
    allowed: () => inner.allowed(),
    accept(token) {
      take(drawn ?? { token, logp: 0, top: [] });
      drawn = null;
      return inner.accept(token);
    },
  };
  const choose = (logits: Float32Array, allowed: Ids | null, rng: () => number): Drawn => {
    drawn = draw(logits, allowed, rng);
    return drawn;
  };
  return { constraint, choose };
}
