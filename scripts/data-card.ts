// The data card: how many texts of each cell, family, style and split the generator gives, how many words the splits share,
// and how near the held-out texts come to those of training. Writes docs/data.md between its two marks; `--check` compares.
// usage: node --conditions=tribune-source scripts/data-card.ts [--check] [--seed 7001] [--prompts 20000] [--utterances 5000]
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Split } from '../src/world/generate/draft.ts';
import { SUITES, type SuiteName } from '../src/world/generate/suite-names.ts';
import { type GeneratedText, generateTexts } from '../src/world/generate/writer/texts.ts';
import { GRAMS_TOLD, listWords, measureNear, type Near } from './data-card/near.ts';
import { countBy, shareOf, table } from './data-card/table.ts';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    seed: { type: 'string', default: '7001' },
    prompts: { type: 'string', default: '20000' },
    utterances: { type: 'string', default: '5000' },
  },
});
const [seed, prompts, utterances] = [values.seed, values.prompts, values.utterances].map(Number) as [
  number,
  number,
  number,
];
const FILE = join(import.meta.dirname, '../docs/data.md');
const [OPEN, CLOSE] = ['<!-- measured: scripts/data-card.ts -->', '<!-- /measured -->'];
const SPLITS = ['train', 'heldout'] as const;
const KINDS = ['prompt', 'utterance'] as const;
const MODES = ['benign', 'sensitive', 'malicious'] as const;

/** Held-out prompts are fewer: short templates of the held-out split of `core` give some 17,000 different ones of 20,000. */
const wanted = (suite: SuiteName, split: Split) => ({ suite, split, seed, prompts, utterances });

type Part = { readonly suite: SuiteName; readonly split: Split; readonly texts: readonly GeneratedText[] };
const parts: readonly Part[] = SUITES.flatMap((suite) =>
  SPLITS.map((split) => ({ suite, split, texts: [...generateTexts(wanted(suite, split))] })),
);
const of = (suite: SuiteName, split: Split, kind: GeneratedText['kind']): readonly GeneratedText[] =>
  parts.find((part) => part.suite === suite && part.split === split)!.texts.filter((text) => text.kind === kind);

const sections = [
  `Seed ${seed}; of each suite and split ${prompts} requests and ${utterances} texts of tools, no two of them the same.`,
  '### Modes and cells',
  ...SUITES.map((suite) => tellModes(suite)),
  ...SUITES.map((suite) => tellCells(suite)),
  '### Styles of planted texts',
  ...SUITES.map((suite) => tellStyles(suite)),
  '### Families and domains',
  ...SUITES.map((suite) => tellDomains(suite)),
  ...SUITES.map((suite) => tellFamilies(suite)),
  '### Words the splits share',
  tellWords(),
  '### From held-out to training',
  tellNear(),
];
const card = `${OPEN}\n\n${sections.join('\n\n')}\n\n${CLOSE}`;

/** How many texts of each mode. */
function tellModes(suite: SuiteName): string {
  const rows = SPLITS.flatMap((split) =>
    KINDS.map((kind) => {
      const counts = countBy(of(suite, split, kind), ({ mode }) => mode);
      return [suite, split, kind, ...MODES.map((mode) => counts.get(mode) ?? 0)];
    }),
  );
  return table(['suite', 'split', 'kind', ...MODES], rows);
}

/** How many requests of each cell. */
function tellCells(suite: SuiteName): string {
  const counts = SPLITS.map((split) => countBy(of(suite, split, 'prompt'), ({ cell }) => cell));
  const cells = MODES.flatMap((prompt) => MODES.map((response) => `${prompt}/${response}`));
  return table(
    [`${suite}: prompt/response`, ...SPLITS],
    cells.map((cell) => [cell, ...counts.map((count) => count.get(cell) ?? 0)]),
  );
}

/** How many planted texts of each style, orders and look-alikes. */
function tellStyles(suite: SuiteName): string {
  const count = (split: Split, attack: boolean) =>
    countBy(
      of(suite, split, 'utterance').filter(({ style, mode }) => style !== null && (mode === 'malicious') === attack),
      ({ style }) => style ?? '',
    );
  const columns = SPLITS.flatMap((split) => [count(split, true), count(split, false)]);
  const styles = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort();
  return table(
    [`${suite}: style`, 'train: orders', 'train: others', 'held out: orders', 'held out: others'],
    styles.map((style) => [style, ...columns.map((column) => column.get(style) ?? 0)]),
  );
}

function tellDomains(suite: SuiteName): string {
  const counts = SPLITS.map((split) => countBy(of(suite, split, 'prompt'), ({ domain }) => domain));
  const domains = [...new Set(counts.flatMap((count) => [...count.keys()]))].sort();
  return table(
    [`${suite}: domain`, ...SPLITS],
    domains.map((domain) => [domain, ...counts.map((count) => count.get(domain) ?? 0)]),
  );
}

/** Every family with its number of requests, in a line. */
function tellFamilies(suite: SuiteName): string {
  return SPLITS.map((split) => {
    const counts = countBy(of(suite, split, 'prompt'), ({ family }) => family);
    const list = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([family, count]) => `${family} ${count}`);
    return `**${suite}, ${split}**, ${list.length} families: ${list.join(', ')}.`;
  }).join('\n\n');
}

/** How much of the held-out vocabulary is known from training, by words and by their occurrences. */
function tellWords(): string {
  const rows = SUITES.flatMap((suite) =>
    KINDS.map((kind) => {
      const [train, held] = SPLITS.map((split) => of(suite, split, kind).flatMap(({ text }) => listWords(text)));
      const known = new Set(train);
      const own = new Set(held);
      const shared = [...own].filter((word) => known.has(word));
      const seen = held!.filter((word) => known.has(word)).length;
      const strange = [...own].filter((word) => !known.has(word)).length;
      return [
        suite,
        kind,
        known.size,
        own.size,
        shared.length,
        strange,
        shareOf(shared.length, own.size),
        shareOf(seen, held!.length),
      ];
    }),
  );
  return table(
    [
      'suite',
      'kind',
      'words, train',
      'words, held out',
      'in both',
      'only held out',
      'share known',
      'share of occurrences',
    ],
    rows,
  );
}

/** The nearest training text of each held-out text, as written and with values blanked. */
function tellNear(): string {
  const rows = SUITES.flatMap((suite) =>
    KINDS.flatMap((kind) => {
      const [train, held] = SPLITS.map((split) => of(suite, split, kind).map(({ text }) => text));
      const control = train!.filter((_, at) => at % 2 === 1);
      const rest = train!.filter((_, at) => at % 2 === 0);
      return [
        nearRow([suite, kind, 'held out to training'], measureNear(held!, train!)),
        nearRow([suite, kind, 'training to the rest of training'], measureNear(control, rest)),
        ...(kind === 'utterance'
          ? [nearRow([suite, 'with an order', 'held out to training'], measureOrders(suite))]
          : []),
      ];
    }),
  );
  const told = GRAMS_TOLD.map((limit) => `≥ ${limit}`);
  return table(
    [
      'suite',
      'kind',
      'from',
      'mean',
      'median',
      '95 %',
      'most',
      ...told,
      'blanked: mean',
      'blanked: most',
      'blanked: 1',
    ],
    rows,
  );
}

/** The same for the texts that hold a planted order, against all of training's. */
function measureOrders(suite: SuiteName) {
  const orders = of(suite, 'heldout', 'utterance').filter(({ mode }) => mode === 'malicious');
  const list = (texts: readonly GeneratedText[]): readonly string[] => texts.map(({ text }) => text);
  return measureNear(list(orders), list(of(suite, 'train', 'utterance')));
}

function nearRow(names: readonly string[], { plain, blanked }: { readonly plain: Near; readonly blanked: Near }) {
  const two = (value: number) => value.toFixed(2);
  const { mean, median, high, most } = plain;
  return [
    ...names,
    ...[mean, median, high, most].map(two),
    ...plain.over,
    two(blanked.mean),
    two(blanked.most),
    shareOf(blanked.same, blanked.count),
  ];
}

const page = readFileSync(FILE, 'utf8');
const [from, to] = [page.indexOf(OPEN), page.indexOf(CLOSE)];
if (from < 0 || to < from) throw new Error(`${FILE} has lost its marks`);
const changed = page.slice(0, from) + card + page.slice(to + CLOSE.length);
if (values.check) {
  console.log(
    changed === page
      ? 'docs/data.md is what the generator gives'
      : 'docs/data.md differs from what the generator gives',
  );
  process.exitCode = changed === page ? 0 : 1;
} else {
  writeFileSync(`${FILE}.draft`, changed);
  renameSync(`${FILE}.draft`, FILE);
  console.log(card);
}
