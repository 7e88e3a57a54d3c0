// What is said of a head: how many it marks of those it should and of those it should not, how well it ranks (the area under
// the curve), and how far its probabilities are from what is so (the expected calibration error over ten bins).
import { formatTable } from '../../src/cli/output.ts';
import { cutSegments } from '../../src/guard/learned/features.ts';
import type { Head, Model } from '../../src/guard/learned/model.ts';

export type Labelled = { readonly text: string; readonly label: 0 | 1 };

const rows: (readonly (string | number)[])[] = [];
const percent = (part: number, all: number): string => (all === 0 ? '–' : `${((100 * part) / all).toFixed(1)} %`);

/** The probability of a text: its likeliest segment's. */
export function rateText(model: Model, head: Head, text: string): number {
  return cutSegments(text).reduce((most, segment) => Math.max(most, model.rate(head, segment.text)), 0);
}

/** Adds a row of the table. */
export function measureHead(model: Model, head: Head, name: string, texts: readonly Labelled[]): void {
  if (texts.length === 0) return;
  const rated = texts.map(({ text, label }) => ({ p: rateText(model, head, text), label }));
  const [yes, no] = [rated.filter(({ label }) => label === 1), rated.filter(({ label }) => label === 0)];
  const marked = (list: typeof rated): number => list.filter(({ p }) => p >= model.thresholds[head]).length;
  const both = yes.length > 0 && no.length > 0;
  rows.push([
    ...[head, name, yes.length, percent(marked(yes), yes.length), no.length, percent(marked(no), no.length)],
    both ? percent(marked(yes), marked(yes) + marked(no)) : '–',
    ...[both ? areaUnder(rated).toFixed(3) : '–', both ? calibrationError(rated).toFixed(3) : '–'],
  ]);
}

export function printTable(): void {
  const header = ['head', 'texts', 'positive', 'marked', 'negative', 'marked', 'precision', 'area', 'ECE'];
  process.stdout.write(`${formatTable(header, rows)}\n`);
}

type Rated = { readonly p: number; readonly label: 0 | 1 };

/** The chance that a positive text is rated above a negative one; ties count half. */
function areaUnder(rated: readonly Rated[]): number {
  const sorted = [...rated].sort((a, b) => a.p - b.p);
  let [ranks, yes] = [0, 0];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (end < sorted.length && sorted[end]!.p === sorted[i]!.p) end++;
    for (let k = i; k < end; k++) {
      if (sorted[k]!.label === 0) continue;
      ranks += (i + end + 1) / 2;
      yes++;
    }
    i = end;
  }
  return (ranks - (yes * (yes + 1)) / 2) / (yes * (rated.length - yes));
}

/** The expected calibration error of probabilities, over ten bins. */
export function calibrationError(rated: readonly Rated[]): number {
  let error = 0;
  for (let bin = 0; bin < 10; bin++) {
    const inside = rated.filter(({ p }) => Math.min(9, Math.floor(p * 10)) === bin);
    const [sure, right] = [inside.reduce((sum, { p }) => sum + p, 0), inside.filter(({ label }) => label === 1).length];
    error += Math.abs(sure - right) / rated.length;
  }
  return error;
}
