// A model of others as a policy: each episode is a stream of the batched sampler, rendered and read as the model speaks
// (speech.ts), its turns held to a form (turn.ts) or free. Keeps what training needs, as the policy of this project's own
// models does (policy.ts). Free: anything that is text, a tag or the end; most small models then write no turn that counts.
import { z } from 'zod';
import type { Observation, ToolSchema } from '../../episode/episode.ts';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { rng } from '../../episode/random.ts';
import { DECISIONS } from '../../safety/taxonomy.ts';
import type { Brief, Policy, Session } from '../policy.ts';
import type { Constraint, Ids } from './choose.ts';
import type { Exploration } from './grammar.ts';
import { makeOffers, type Node, type Offers, OVER } from './machine.ts';
import { exploreOnce, feed, type LocalOptions, noteTurn, type Transcript } from './policy.ts';
import type { Speech } from './speech.ts';
import { END_SYMBOL, readLexicon, symbolOf } from './symbols.ts';
import { beginTurn, decide, type TurnForm } from './turn.ts';

const count = z.int().min(1).max(65_536);

/** How a model of others takes its turns. Kept beside a trained model as `tribune.json`. */
export const mannerSchema = z.strictObject({
  version: z.literal(1),
  /** Whether the grammar holds. */
  grammar: z.boolean(),
  /** Whether it may ask the user. */
  checks: z.boolean(),
  /** Most tokens of each piece of free text, and of a turn. */
  limits: z.strictObject({ thought: count, value: count, text: count, turn: count }),
});
export type Manner = z.infer<typeof mannerSchema>;

/** The manner of a model that says nothing of it. */
export const DEFAULT_MANNER: Manner = {
  version: 1,
  grammar: true,
  checks: true,
  limits: { thought: 96, value: 64, text: 96, turn: 512 },
};
export const MANNER_FILE = 'tribune.json';

/** The manner in a model's files, or the default. `where` names the directory in errors. Throws InputError. */
export function readManner(files: ReadonlyMap<string, Uint8Array>, where: string): Manner {
  const bytes = files.get(MANNER_FILE);
  if (bytes === undefined) return DEFAULT_MANNER;
  const name = `${where}/${MANNER_FILE}`;
  return checkInput(mannerSchema, parseJson(new TextDecoder().decode(bytes), name), name);
}

/** What a model says and how it is held to it; make once for each model. */
export type Tongue = {
  readonly speech: Speech;
  readonly manner: Manner;
  /** Null where turns are free. */
  readonly offers: Offers | null;
};

/** Makes a model's tongue. Throws InputError where the grammar is wanted and the tokenizer's bytes are not known. */
export function makeTongue(speech: Speech, manner: Manner): Tongue {
  if (!manner.grammar) return { speech, manner, offers: null };
  const lexicon = readLexicon(speech.vocabulary, speech.signs);
  const single = new Set(lexicon.entries.flatMap(({ word }) => (word.length === 1 ? [word[0]] : [])));
  const isMissing = (byte: number): boolean => !single.has(byte);
  if (!single.has(END_SYMBOL)) throw new InputError('tokenizer.json', 'no token that ends a turn');
  if ([10, ...Array.from({ length: 95 }, (_, at) => 32 + at)].some(isMissing))
    throw new InputError(
      'tokenizer.json',
      'no token for each sign of ASCII: the grammar cannot hold, only free turns can',
    );
  return { speech, manner, offers: makeOffers(lexicon, (symbols) => spellFirst(speech, symbols)) };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The first token of a text as the tokenizer writes it. */
function spellFirst({ vocabulary, signs }: Speech, symbols: readonly number[]): number | null {
  const tag = symbols.findIndex((symbol) => symbol > 255);
  if (tag === 0) return Array.from(signs).find(([sign]) => symbolOf(sign) === symbols[0])?.[1] ?? null;
  const bytes = Uint8Array.from(tag < 0 ? symbols : symbols.slice(0, tag));
  return vocabulary.encode(utf8.decode(bytes))[0] ?? null;
}

/** The mask under which a decision is taken. */
export function decisionIds({ speech, manner, offers }: Tongue): Ids {
  if (!offers) return new Uint32Array();
  return offers.list(decide(formOf(speech, manner, [ANY_TOOL], false)), 0, 'decision');
}

const ANY_TOOL: ToolSchema = {
  name: 'any',
  description: '',
  parameters: { type: 'object', properties: {}, required: [] },
};

function formOf(speech: Speech, manner: Manner, tools: readonly ToolSchema[], opened: boolean): TurnForm {
  const { format, signs } = speech;
  return { format, signs, tools, opened, limits: manner.limits, checks: manner.checks };
}

export type ForeignOptions = Omit<LocalOptions, 'grammar'> & { readonly tongue: Tongue };

/** A policy over a sampler whose weights are set. Run at least as many episodes at once as the sampler has slots. */
export function foreignPolicy(options: ForeignOptions): Policy {
  return { name: options.name, takes: ['system', 'history'], open: (brief) => openSession(options, brief) };
}

async function openSession(options: ForeignOptions, brief: Brief): Promise<Session> {
  const { sampler, tongue } = options;
  const { speech, manner } = tongue;
  const stream = await sampler.open(brief.index, brief.seed);
  const transcript: Transcript = { tokens: [], own: [], logps: [], masks: [] };
  const exploration = options.explore ? exploreOnce(rng('explore', brief.seed), options.explore) : null;
  let opened = false;
  try {
    const opening = speech.prompt({ ...brief, checks: manner.checks });
    opened = opening.opened;
    feed(stream, transcript, opening.tokens);
  } catch (error) {
    stream.close(); // a stream left open would stop all others
    throw error;
  }
  const last = (): number => transcript.tokens.at(-1) ?? -1;
  let full = false;
  return {
    async act(observation: Observation | null) {
      if (observation) feed(stream, transcript, speech.observe(observation, last() === speech.signs.get('end')));
      const constraint = constrain(tongue, brief.tools, opened, exploration);
      const most = manner.limits.turn;
      const turn = await stream.generate(constraint, { temperature: options.temperature, maxTokens: most });
      noteTurn(transcript, turn);
      full = turn.reason === 'length' && turn.tokens.length < most;
      return speech.read(turn.tokens, opened);
    },
    prefill: ({ think, action }) => feed(stream, transcript, speech.write(think, action)),
    isFull: () => full,
    close() {
      stream.close();
      options.onClose?.(brief.index, transcript);
    },
  };
}

/** The constraint of one turn. */
export function constrain(
  { speech, manner, offers }: Tongue,
  tools: readonly ToolSchema[],
  opened: boolean,
  exploration: Exploration | null,
): Constraint {
  if (!offers) return { allowed: () => speech.sayable, accept: (token) => speech.ends.has(token) };
  const form = formOf(speech, manner, tools, opened);
  const scope = JSON.stringify(tools) + opened;
  let node: Node = beginTurn(form);
  /** Tokens of the free text the node stands in. */
  let written = 0;
  return {
    allowed: () => offers.list(node, written, scope),
    accept(token) {
      const next = offers.follow(node, token);
      if (!next) throw new RangeError(`token ${token} is outside the grammar`);
      written = next.free && next.free.loop === node.free?.loop ? written + 1 : 0;
      node = next;
      return node === OVER;
    },
    explore() {
      if (!node.decides || !exploration?.()) return null;
      const firsts = offers.firsts(node);
      const share = firsts.length === DECISIONS.length ? 1 / firsts.length : 0;
      return share > 0
        ? Float32Array.from(offers.list(node, 0, scope), (id) => (firsts.includes(id) ? share : 0))
        : null;
    },
  };
}
