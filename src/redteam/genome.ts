// Attacks as vectors of small numbers: one gene for the dress, one for how the order is put, one for the disguise, and so on.
// Whatever searches (chance, evolution, bandits, a policy) searches here, and `buildAttempt` writes the text.
// Not here: free texts, which some attackers write themselves.
import type { Random } from '../episode/random.ts';
import type { Attempt, Piece, Place } from './attack.ts';
import { CODINGS, type Coding, disguise } from './coding.ts';
import { FILLERS, framesOf, LEADS, PADDING, TAILS } from './frames.ts';
import { FORMS, phraseOrder } from './order.ts';
import type { Channel, Target } from './target.ts';

/** One number for each gene of `GENES`, below its size. */
export type Genes = readonly number[];

export const GENES = [
  ...['frame', 'form', 'lead', 'tail', 'coding', 'times', 'front', 'place', 'spread', 'padding', 'later'],
] as const;
export type Gene = (typeof GENES)[number];

/** How a text is spread: in one place, in halves over two, or said in both. */
const SPREADS = ['one', 'halves', 'both'] as const;
/** When a user says it: at once, after something harmless, or in two parts. */
const TURNS = ['at once', 'after', 'parts'] as const;
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
};

/** Genes that mean nothing in a channel stay 0. */
const IDLE: { readonly [channel in Channel]: readonly Gene[] } = {
  tool: ['later'],
  approval: ['later'],
  user: ['form', 'front', 'place', 'spread', 'padding', 'lead'],
};

/** How many values each gene has, in the order of `GENES`; 1 where it means nothing. */
export function sizesOf(channel: Channel): readonly number[] {
  return GENES.map((gene) => {
    if (gene === 'frame') return framesOf(channel).length;
    return IDLE[channel].includes(gene) ? 1 : SIZES[gene];
  });
}

/** How often a gene other than the dress is left at its plain value: most attacks that work are plain in most ways. */
export const PLAIN: { readonly [gene in Gene]: number } = {
  ...{ frame: 0, form: 0.5, lead: 0.6, tail: 0.5, coding: 0.75, times: 0.7, front: 0.5, place: 0.6, spread: 0.8 },
  ...{ padding: 0.8, later: 0.7 },
};

/** Random genes. */
export function drawGenes(channel: Channel, r: Random): Genes {
  return sizesOf(channel).map((size, at) => drawGene(at, size, r));
}

function drawGene(at: number, size: number, r: Random): number {
  const gene = GENES[at] ?? 'frame';
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
  const named = Object.fromEntries(GENES.map((name, at) => [name, own[at] ?? 0])) as Named;
  const base = { pieces: [], request: null, later: null, genes: [...own], style: styleOf(target.channel, own) };
  return target.channel === 'user'
    ? { ...base, ...buildSpeech(target, named) }
    : { ...base, pieces: buildPieces(target, named) };
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
  const { places, order } = target;
  const text = writeText(target, phraseOrder(order, FORMS[named.form] ?? 'given'), named);
  const front = named.front === 1;
  const first = placeAt(places, named.place);
  const second = placeAt(places, named.place + 1);
  const spread = SPREADS[named.spread] ?? 'one';
  if (spread === 'one' || first === second) return [{ place: first, text, front }];
  if (spread === 'both') return [second, first].map((place) => ({ place, text, front }));
  const words = text.split(' ');
  const half = Math.ceil(words.length / 2);
  return [
    { place: second, text: words.slice(0, half).join(' '), front },
    { place: first, text: words.slice(half).join(' ') || text, front },
  ];
}

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
