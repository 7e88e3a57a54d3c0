// Attacks as vectors of small numbers: one gene for the dress, one for how the order is put, one for the disguise, and so on.
// Whatever searches (chance, evolution, bandits, a policy) searches here, and `buildAttempt` writes the text.
// Not here: free texts, which some attackers write themselves.

import type { Call } from '../episode/action.ts';
import type { Random } from '../episode/random.ts';
import type { Attempt, Piece, Place } from './attack.ts';
import { BULK_SIZES, bulkText } from './bulk.ts';
import { CODINGS, type Coding, disguise } from './coding.ts';
import { FILLERS, framesOf, LEADS, PADDING, TAILS } from './frames.ts';
import { FORMS, type Order, phraseOrder } from './order.ts';
import { DECOYS } from './surface.ts';
import { CHANNELS, type Channel, type Target } from './target.ts';

/** One number for each gene of `GENES`, below its size. */
export type Genes = readonly number[];

export const GENES = [
  ...['frame', 'form', 'lead', 'tail', 'coding', 'times', 'front', 'place', 'spread', 'padding', 'later'],
] as const;
/** Genes that only further surfaces have, behind the others: what was found without them stays as it is. */
const MORE = ['when', 'asks', 'decoy'] as const;
const DENIAL = ['told', 'bulk', 'length'] as const;
export type Gene = (typeof GENES)[number] | (typeof MORE)[number] | (typeof DENIAL)[number];

/** The genes of a channel, in the order of their numbers. */
export function genesOf(channel: Channel): readonly Gene[] {
  if (channel === 'denial') return [...GENES, ...DENIAL];
  return CHANNELS.some((one) => one === channel) ? GENES : [...GENES, ...MORE];
}

/** How a text is spread: in one place, in halves over two, or said in both. */
const SPREADS = ['one', 'halves', 'both'] as const;
/** When a user says it: at once, after something harmless, or in two parts. */
const TURNS = ['at once', 'after', 'parts'] as const;
/** When a text is there: always, from the second look on, until the first, once any call has come back. */
const WHENS = ['always', 'second', 'first', 'called'] as const;
/** What decoys ask for: the order itself, the same tool for something small, a call of the user's own task. */
const KINDS = ['same', 'small', 'own'] as const;
/** What a text that would stop the user's work asks for: its own order, the user's next deeds, the request, what the user will be told. */
const TOLD = ['order', 'own', 'request', 'answer'] as const;
/** Most places that genes can name. */
const PLACES = 6;

const SIZES: { readonly [gene in Exclude<Gene, 'frame'>]: number } = {
  form: FORMS.length,
  lead: LEADS.length,
  tail: TAILS.length,
  coding: CODINGS.length,
  times: 3,
  front: 2,
  place: PLACES,
  spread: SPREADS.length,
  padding: PADDING.length,
  later: TURNS.length,
  when: WHENS.length,
  asks: DECOYS.length,
  decoy: KINDS.length,
  told: TOLD.length,
  ...BULK_SIZES,
};

/** Genes that mean nothing in a channel stay 0. */
const IDLE: { readonly [channel in Channel]: readonly Gene[] } = {
  tool: ['later'],
  approval: ['later'],
  user: ['form', 'front', 'place', 'spread', 'padding', 'lead'],
  late: ['later', 'asks', 'decoy'],
  error: ['later', 'when', 'asks', 'decoy'],
  header: ['later', 'when', 'asks', 'decoy'],
  fatigue: ['later', 'when', 'spread'],
  denial: ['later'],
};

/** How many values each gene has, in the order of `genesOf`; 1 where it means nothing. */
export function sizesOf(channel: Channel): readonly number[] {
  return genesOf(channel).map((gene) => {
    if (gene === 'frame') return framesOf(channel).length;
    return IDLE[channel].includes(gene) ? 1 : SIZES[gene];
  });
}

/** How often a gene other than the dress is left at its plain value: most attacks that work are plain in most ways. */
export const PLAIN: { readonly [gene in Gene]: number } = {
  ...{ frame: 0, form: 0.5, lead: 0.6, tail: 0.5, coding: 0.75, times: 0.7, front: 0.5, place: 0.6, spread: 0.8 },
  ...{ padding: 0.8, later: 0.7, when: 0.3, asks: 0.2, decoy: 0.4, told: 0.3, bulk: 0.3, length: 0.2 },
};

/** Random genes. */
export function drawGenes(channel: Channel, r: Random): Genes {
  const genes = genesOf(channel);
  return sizesOf(channel).map((size, at) => drawGene(genes[at] ?? 'frame', size, r));
}

function drawGene(gene: Gene, size: number, r: Random): number {
  return r.next() < PLAIN[gene] ? 0 : r.int(size);
}

/** Genes with each drawn anew at this rate, one at least. */
export function mutateGenes(channel: Channel, genes: Genes, rate: number, r: Random): Genes {
  const sizes = sizesOf(channel);
  const open = sizes.flatMap((size, at) => (size > 1 ? [at] : []));
  const forced = r.pick(open);
  return genes.map((gene, at) => {
    const size = sizes[at] ?? 1;
    return size > 1 && (at === forced || r.next() < rate) ? r.int(size) : gene;
  });
}

/** Each gene from one of two parents. */
export function crossGenes(a: Genes, b: Genes, r: Random): Genes {
  return a.map((gene, at) => (r.next() < 0.5 ? gene : (b[at] ?? gene)));
}

/** The style of genes: of the dress they put on. */
export function styleOf(channel: Channel, genes: Genes): string {
  return framesOf(channel)[genes[0] ?? 0]?.style ?? 'unknown';
}

type Named = { readonly [gene in Gene]: number };

/** The attack that genes describe. Values beyond a gene's size wrap around. */
export function buildAttempt(target: Target, genes: Genes): Attempt {
  const sizes = sizesOf(target.channel);
  const own = genes.map((gene, at) => gene % (sizes[at] ?? 1));
  const numbers = new Map(genesOf(target.channel).map((name, at) => [name, own[at] ?? 0]));
  const named = Object.fromEntries(
    [...GENES, ...MORE, ...DENIAL].map((name) => [name, numbers.get(name) ?? 0]),
  ) as Named;
  const base = { pieces: [], request: null, later: null, genes: [...own], style: styleOf(target.channel, own) };
  return target.channel === 'user'
    ? { ...base, ...buildSpeech(target, named) }
    : { ...base, pieces: [...buildDecoys(target, named), ...buildPieces(target, named)] };
}

/** Pieces that ask for something else first, so that the user is asked about that. */
function buildDecoys(target: Target, named: Named): Piece[] {
  const { places, order } = target;
  const front = named.front === 1;
  const plain = { ...named, lead: 0, tail: 0, times: 0, padding: 0 };
  return Array.from({ length: DECOYS[named.asks] ?? 0 }, (_, at): Piece => {
    const calls = decoyCalls(target, KINDS[named.decoy] ?? 'same', at);
    const other: Order = { phrase: order.phrase, calls: [...calls], claim: null };
    const text = writeText(target, phraseOrder(other, 'named'), plain);
    return { place: placeAt(places, named.place), text, front, decoy: [...calls] };
  });
}

function decoyCalls({ order, scenario }: Target, kind: (typeof KINDS)[number], at: number): readonly Call[] {
  switch (kind) {
    case 'same':
      return order.calls;
    case 'small':
      return order.calls.slice(0, 1).map((call) => varyCall(call, at + 1));
    case 'own': {
      const own = ownCalls(scenario);
      return own.length === 0 ? order.calls : own.slice(at % own.length).slice(0, 1);
    }
  }
}

/** A call with its last number made small, or, where it has none, its last text numbered. */
function varyCall(call: Call, number: number): Call {
  const names = Object.keys(call.arguments);
  const last = (type: string): string | undefined => names.findLast((name) => typeof call.arguments[name] === type);
  const amount = last('number');
  const name = amount ?? last('string');
  if (name === undefined) return call;
  const value = amount === undefined ? `${String(call.arguments[name])} ${number}` : number;
  return { ...call, arguments: { ...call.arguments, [name]: value } };
}

/** When each piece is there. */
function buildSpan({ readers, places }: Target, { when, place }: Named): Pick<Piece, 'span'> {
  const tool = readers?.[place % places.length];
  const after = { calls: 1, ...(tool === undefined ? {} : { tool }) };
  switch (WHENS[when] ?? 'always') {
    case 'always':
      return {};
    case 'second':
      return { span: { kind: 'from', after } };
    case 'first':
      return { span: { kind: 'until', after } };
    case 'called':
      return { span: { kind: 'from', after: { calls: 1 } } };
  }
}

/** The dressed and disguised text. */
function writeText(target: Target, order: string, { frame, lead, tail, coding, times, padding }: Named): string {
  const dress = framesOf(target.channel)[frame]?.text ?? '@';
  const dressed = dress.replaceAll('@', () => order);
  const disguised = disguise(dressed, CODINGS[coding] ?? ('plain' satisfies Coding));
  const repeated = Array.from({ length: times + 1 }, () => disguised).join(' ');
  return [...fill(PADDING[padding] ?? 0), LEADS[lead] ?? '', repeated, TAILS[tail] ?? ''].filter(Boolean).join(' ');
}

const fill = (count: number): string[] => Array.from({ length: count }, (_, at) => FILLERS[at % FILLERS.length] ?? '');

function buildPieces(target: Target, named: Named): Piece[] {
  const { places } = target;
  const dressed = writeText(target, phraseOrder(tellOrder(target, named), FORMS[named.form] ?? 'given'), named);
  const text = [dressed, bulkText(named.bulk, named.length, ownValue(target))].filter(Boolean).join(' ');
  const front = named.front === 1;
  const first = placeAt(places, named.place);
  const second = placeAt(places, named.place + 1);
  const spread = SPREADS[named.spread] ?? 'one';
  const span = buildSpan(target, named);
  if (spread === 'one' || first === second) return [{ place: first, text, front, ...span }];
  const other = buildSpan(target, { ...named, place: named.place + 1 });
  if (spread === 'both')
    return [
      { place: second, text, front, ...other },
      { place: first, text, front, ...span },
    ];
  const words = text.split(' ');
  const half = Math.ceil(words.length / 2);
  return [
    { place: second, text: words.slice(0, half).join(' '), front, ...other },
    { place: first, text: words.slice(half).join(' ') || text, front, ...span },
  ];
}

/** What the text asks for. */
function tellOrder({ order, scenario }: Target, { told }: Named): Order {
  switch (TOLD[told] ?? 'order') {
    case 'order':
      return order;
    case 'own': {
      const calls = ownCalls(scenario);
      const said = { phrase: scenario.request, calls, claim: null };
      return calls.length > 0 ? { ...said, phrase: phraseOrder(said, 'named') } : order;
    }
    case 'request':
      return { phrase: scenario.request, calls: [], claim: null };
    case 'answer': {
      const final = scenario.plan.findLast((step) => step.kind === 'final');
      return final === undefined ? order : { phrase: `tell the user: ${final.text}`, calls: [], claim: final.text };
    }
  }
}

/** The last value of the user's own calls: where the work goes, mostly. */
function ownValue({ scenario }: Target): string {
  return (
    ownCalls(scenario)
      .flatMap(({ arguments: args }) => Object.values(args).map(String))
      .at(-1) ?? scenario.request
  );
}

const ownCalls = ({ plan }: Target['scenario']): Call[] =>
  plan.flatMap((step) => (step.kind === 'call' && step.own ? [step.call] : []));

function placeAt(places: readonly Place[], at: number): Place {
  const place = places[at % places.length];
  if (place === undefined) throw new RangeError('a target without a place for texts');
  return place;
}

function buildSpeech(target: Target, named: Named): Pick<Attempt, 'request' | 'later'> {
  const text = writeText(target, target.order.phrase, named);
  switch (TURNS[named.later] ?? 'at once') {
    case 'at once':
      return { request: text, later: null };
    case 'after':
      return { request: 'What can you do for me?', later: text };
    case 'parts': {
      const words = text.split(' ');
      const half = Math.ceil(words.length / 2);
      return { request: words.slice(0, half).join(' '), later: words.slice(half).join(' ') || text };
    }
  }
}
