// The local model as a policy: each episode is a stream of the batched sampler. Keeps what training needs of an episode
// (tokens, which are its own, log-probabilities, masks) and hands it over when the episode closes.

import type { Observation, ToolSchema } from '../../episode/episode.ts';
import { type Random, rng } from '../../episode/random.ts';
import type { Brief, Policy, Session, Turn } from '../policy.ts';
import type { Ids } from './choose.ts';
import { constrainTurn, type Exploration, type Grammar, situate } from './grammar.ts';
import { readTurn, renderObservation, renderPrompt, renderTurn } from './render.ts';
import type { Generation, Sampler, Stream } from './sampler.ts';

/** An episode as the sampler saw it. All arrays have one entry per token. */
export type Transcript = {
  readonly tokens: number[];
  readonly own: boolean[];
  /** Log-probability of each own token among those allowed; 0 elsewhere. */
  readonly logps: number[];
  /** What was allowed for each own token; null elsewhere. */
  readonly masks: (Ids | null)[];
};

export type LocalOptions = {
  readonly name: string;
  readonly sampler: Sampler;
  readonly grammar: Grammar;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Share of episodes in which one decision is drawn at random. */
  readonly explore?: number;
  /** Called when an episode is over. */
  readonly onClose?: (index: number, transcript: Transcript) => void;
};

const TURN_TOKENS = 96;

/** A policy over a sampler whose weights are set. Run at least as many episodes at once as the sampler has slots. */
export function localPolicy(options: LocalOptions): Policy {
  const shared = new WeakMap<readonly ToolSchema[], Shared>();
  return { name: options.name, open: (brief) => openSession(options, brief, shared) };
}

/** What the members of a group have in common: they are told the same, and most of what they say another has said. */
type Shared = { readonly request: string; readonly prompt: readonly number[]; readonly turns: Map<string, Turn> };

function shareBrief(
  { tokenizer }: Grammar,
  { tools, request }: Brief,
  known: WeakMap<readonly ToolSchema[], Shared>,
): Shared {
  const before = known.get(tools);
  if (before?.request === request) return before;
  const shared = { request, prompt: renderPrompt(tokenizer, tools, request), turns: new Map() };
  known.set(tools, shared);
  return shared;
}

/** How many turns of a scenario are remembered. */
const TURNS = 256;

function recallTurn({ tokenizer }: Grammar, { tools }: Brief, { turns }: Shared, tokens: readonly number[]): Turn {
  const key = tokens.join();
  const before = turns.get(key);
  if (before) return before;
  if (turns.size >= TURNS) turns.clear();
  const turn = readTurn(tokenizer, tools, tokens);
  turns.set(key, turn);
  return turn;
}

/** Which decision of an episode is drawn, from the first: the first half the time, then ever less often. */
const PLACES = [0.5, 0.8, 1];

/** At most one decision of an episode is drawn at random, so that what came of it can be told. */
export function exploreOnce(r: Random, share: number): Exploration | null {
  if (r.next() >= share) return null;
  const u = r.next();
  const place = PLACES.findIndex((bound) => u < bound);
  let at = 0;
  return () => at++ === place;
}

async function openSession(
  options: LocalOptions,
  brief: Brief,
  known: WeakMap<readonly ToolSchema[], Shared>,
): Promise<Session> {
  const { sampler, grammar } = options;
  const { tokenizer } = grammar;
  const stream = await sampler.open(brief.index, brief.seed);
  const transcript: Transcript = { tokens: [], own: [], logps: [], masks: [] };
  const exploration = options.explore ? exploreOnce(rng('explore', brief.seed), options.explore) : null;
  let shared: Shared;
  try {
    shared = shareBrief(grammar, brief, known);
    feed(stream, transcript, shared.prompt);
  } catch (error) {
    stream.close(); // a stream left open would stop all others
    throw error;
  }
  let full = false;
  return {
    async act(observation: Observation | null) {
      if (observation) feed(stream, transcript, renderObservation(tokenizer, observation));
      const constraint = constrainTurn(grammar, situate(tokenizer, brief.tools, transcript), exploration);
      const turn = await stream.generate(constraint, { temperature: options.temperature, maxTokens: TURN_TOKENS });
      noteTurn(transcript, turn);
      full = turn.reason === 'length' && turn.tokens.length < TURN_TOKENS;
      return recallTurn(grammar, brief, shared, turn.tokens);
    },
    prefill({ think, action }) {
      const said = { texts: [brief.request] };
      feed(stream, transcript, renderTurn(tokenizer, brief.tools, think, action, said));
    },
    isFull: () => full,
    close() {
      stream.close();
      options.onClose?.(brief.index, transcript);
    },
  };
}

/** Has the stream read tokens that are not its own, and notes them. */
export function feed(stream: Stream, transcript: Transcript, tokens: readonly number[]): void {
  stream.extend(tokens);
  for (const token of tokens) append(transcript, token, false, 0, null);
}

/** Notes a whole turn of the policy's own. */
export function noteTurn(transcript: Transcript, turn: Generation): void {
  for (const [at, token] of turn.tokens.entries())
    append(transcript, token, true, turn.logps[at] ?? 0, turn.masks[at] ?? null);
}

function append(t: Transcript, token: number, own: boolean, logp: number, mask: Ids | null): void {
  t.tokens.push(token);
  t.own.push(own);
  t.logps.push(logp);
  t.masks.push(mask);
}
