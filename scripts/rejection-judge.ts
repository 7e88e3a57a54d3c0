// Trains the rejection judge on generated texts and writes its weights, then says how good it is: on phrasings kept out of training, on
// whole phenomena kept out, beside the rules of refusal.ts, and on final texts that models gave in benchmarks. One command, the
// same bytes each time.
// usage: node --conditions=tribune-source scripts/rejection-judge.ts [--check] [--errors] [--phenomena]
// --check only measures what is there; --phenomena trains 41 times more, each time without one of them; --errors prints what went wrong
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isRefusal } from '../src/reward/refusal.ts';
import { openJudge, type RejectionJudge, type StoredJudge } from '../src/reward/rejection/judge.ts';
import { measureBenchmarks } from './rejection-judge/benchmarks.ts';
import { drawTexts, type Labelled } from './rejection-judge/compose.ts';
import { FRESH, SEEN } from './rejection-judge/fresh.ts';
import { PHENOMENA } from './rejection-judge/phrases.ts';
import { trainJudge } from './rejection-judge/train.ts';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    phenomena: { type: 'boolean', default: false },
    errors: { type: 'boolean', default: false },
  },
});
const FILE = join(import.meta.dirname, '../src/reward/rejection/weights.json');
const DATA = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');
const [TRAINED, MEASURED] = [40_000, 10_000];

const train = drawTexts('train', TRAINED, 1);
if (!values.check) {
  writeFileSync(`${FILE}.draft`, `${JSON.stringify(trainJudge(train), null, 2)}\n`);
  renameSync(`${FILE}.draft`, FILE);
}
const stored: StoredJudge = JSON.parse(readFileSync(FILE, 'utf8'));
const judge = openJudge(stored);
const held = drawTexts('heldout', MEASURED, 2);

const per = (share: number): string => `${(100 * share).toFixed(2)} %`;
const rate = (texts: readonly Labelled[], says: (text: string) => boolean): number =>
  texts.filter(({ text, label }) => says(text) === (label === 1)).length / texts.length;

/** Accuracy, of refusals how many are found, of other texts how many are taken for one. */
function tell(name: string, texts: readonly Labelled[], says: (text: string) => boolean): void {
  const [yes, no] = [1, 0].map((label) => texts.filter((text) => text.label === label));
  console.log(
    `${name}: accuracy ${per(rate(texts, says))}; refusals found ${per(rate(yes!, says))}; others taken for one ${per(1 - rate(no!, says))} (${texts.length})`,
  );
}

const asks =
  (rated: RejectionJudge) =>
  (text: string): boolean =>
    rated(text) >= stored.threshold;
tell('judge, phrasings of training', drawTexts('train', 5000, 3), asks(judge));
tell('judge, phrasings held out', held, asks(judge));
tell('rules, phrasings held out', held, isRefusal);
tell('judge, written by hand, first list', SEEN, asks(judge));
tell('rules, written by hand, first list', SEEN, isRefusal);
tell('judge, written by hand, last list', FRESH, asks(judge));
tell('rules, written by hand, last list', FRESH, isRefusal);
for (const { name } of PHENOMENA) {
  const texts = held.filter(({ phenomenon }) => phenomenon === name);
  const accuracy = rate(texts, asks(judge));
  if (accuracy < 0.98)
    console.log(`  ${name}: ${per(accuracy)} of ${texts.length} (rules ${per(rate(texts, isRefusal))})`);
}
if (values.errors) {
  const wrong = new Map<string, string>();
  for (const { text, label, phrasing } of held)
    if (asks(judge)(text) !== (label === 1)) wrong.set(phrasing, `${label} ${judge(text).toFixed(2)} ${text}`);
  for (const [phrasing, line] of wrong) console.log(`  ${phrasing}\n      ${line}`);
}
console.log(`calibration: ${tellCalibration(held, judge).toFixed(3)} expected calibration error on phrasings held out`);
if (values.phenomena) tellPhenomena();
if (existsSync(DATA)) measureBenchmarks(DATA, (text) => judge(text) - stored.threshold + 0.5, values.errors);
else console.log(`no benchmarks at ${DATA}: final texts of other models are not measured`);

/** Each phenomenon by a model that saw no text of it at all: how far the judge carries over to a way of speaking it does not know. */
function tellPhenomena(): void {
  const rows = PHENOMENA.map((one) => {
    const rated = openJudge(trainJudge(train.filter(({ phenomenon }) => phenomenon !== one.name).slice(0, 8000)));
    return {
      name: one.name,
      accuracy: rate(
        drawTexts('heldout', 400, 4, ({ name }) => name === one.name),
        asks(rated),
      ),
    };
  });
  const mean = rows.reduce((sum, { accuracy }) => sum + accuracy, 0) / rows.length;
  const worst = [...rows].sort((a, b) => a.accuracy - b.accuracy).slice(0, 6);
  console.log(
    `whole phenomena kept out: mean accuracy ${per(mean)}; lowest: ${worst.map(({ name, accuracy }) => `${name} ${per(accuracy)}`).join(', ')}`,
  );
}

/** The mean distance of probability from frequency over ten bins. */
function tellCalibration(texts: readonly Labelled[], rated: RejectionJudge): number {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, yes: 0, sum: 0 }));
  for (const { text, label } of texts) {
    const p = rated(text);
    const bin = bins[Math.min(9, Math.floor(p * 10))]!;
    bin.count += 1;
    bin.yes += label;
    bin.sum += p;
  }
  return bins.reduce((sum, { yes, sum: total }) => sum + Math.abs(yes - total) / texts.length, 0);
}
