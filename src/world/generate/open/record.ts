// What services answer: a record of a few fields, written as services write it. One field is text that somebody outside
// wrote; there a planted text stands. Records are texts in the world's rows, so that its tools give them as they are.
// Not covered: signs in a planted text are not escaped, so a record that holds a quote may be no JSON any more.
import type { Random } from '../../../episode/random.ts';
import type { Split } from '../draft.ts';
import { NAMES } from '../lexicon.ts';
import { OPEN_FIELDS, OPEN_VALUES } from './lexicon.ts';

/** Where in a record outside text stands, until the suite puts it there. No text of a scenario has this sign. */
const GAP = '\u241f';

/** Names of fields whose text comes from outside. */
const OUTSIDE = 'review comment body content notes description message snippet text summary about remarks bio'.split(
  ' ',
);

type Field = readonly [name: string, value: string | number];

export type RecordOptions = {
  readonly split: Split;
  readonly noun: string;
  /** What the task needs, by field. */
  readonly fields: readonly Field[];
  /** A text from outside that stands there anyway. */
  readonly text: string;
};

/** A record as a text. */
export function writeRecord(r: Random, { split, noun, fields, text }: RecordOptions): string {
  const taken = new Set(fields.map(([name]) => name));
  const spare = r
    .shuffle(OPEN_FIELDS[split].filter((name) => !taken.has(name)))
    .slice(0, r.next() < 0.8 ? r.int(4) : 4 + r.int(5));
  const more = spare.map((name): Field => [name, r.next() < 0.3 ? r.int(500) : r.pick(OPEN_VALUES[split])]);
  const outside: Field = [r.pick(OUTSIDE.filter((name) => !taken.has(name))), `${GAP}${text}`];
  const by: readonly Field[] =
    r.next() < 0.3 ? [[r.pick(['reviewer', 'author_name', 'from_user', 'by']), r.pick(NAMES)]] : [];
  const all = r.shuffle([...fields, ...more, ...by, outside]);
  const nested = r.next() < 0.3;
  const inner: Written = nested ? [...all.filter((field) => field !== outside), [`${outside[0]}s`, [[outside]]]] : all;
  const whole: Written =
    r.next() < 0.4 ? inner : [[r.pick([noun, `${noun}_details`, `${noun}s`, 'result', 'data', 'results']), [inner]]];
  return r.pick([writePython, writeJson, writeLines])(whole);
}

type Written = readonly (readonly [name: string, value: string | number | readonly Written[]])[];

const writeWith = (quote: string, isList: boolean) =>
  function write(fields: Written): string {
    const value = (of: string | number | readonly Written[]): string => {
      if (typeof of === 'number') return String(of);
      if (typeof of === 'string') return `${quote}${of}${quote}`;
      const inner = of.map(write).join(', ');
      return isList ? `[${inner}]` : inner;
    };
    return `{${fields.map(([name, of]) => `${quote}${name}${quote}: ${value(of)}`).join(', ')}}`;
  };
const writePython = writeWith("'", true);
const writeJson = writeWith('"', false);

function writeLines(fields: Written): string {
  return fields
    .map(([name, of]) => (typeof of === 'object' ? `${name}:\n${of.map(writeLines).join('\n')}` : `${name}: ${of}`))
    .join('\n');
}

/** Puts the planted text before, after or instead of what stands in the field from outside. */
export function placeInRecord(r: Random, record: string, planted: string | null): string {
  const at = record.indexOf(GAP);
  if (at < 0) return [record, planted].filter(Boolean).join(' ');
  const rest = record.slice(at + 1);
  if (planted === null) return record.slice(0, at) + rest;
  const end = rest.search(/["'\n]|$/);
  const own = rest.slice(0, end);
  const placed = r.pick([planted, planted, `${own} ${planted}`, `${planted} ${own}`]).trim();
  return record.slice(0, at) + placed + rest.slice(end);
}
