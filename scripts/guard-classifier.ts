// Trains the guard's learned part on generated texts and writes its weights, then says how good it is: on templates kept out of
// training, on held-out styles and themes, and on benchmarks' texts it never saw. One command, a minute on one core, the same
// bytes each time.
// usage: node --conditions=tribune-source scripts/guard-classifier.ts [--check] (only measures what is there)
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/output.ts';
import { readConcepts } from '../src/guard/learned/features.ts';
import { createLearned, HEADS, type Model, openModel, type StoredModel } from '../src/guard/learned/model.ts';
import { generateSuite } from '../src/world/generate/generate.ts';
import { generateWideSuite } from '../src/world/generate/wide.ts';
import { measureBenchmarks } from './guard-classifier/benchmarks.ts';
import { type Labelled, measureHead, printTable } from './guard-classifier/measure.ts';
import { type Split, writeOrder } from './guard-classifier/orders.ts';
import { type PromptPart, writePrompt } from './guard-classifier/prompts.ts';
import { type Bounds, type Folded, trainHead } from './guard-classifier/train.ts';
import { seedRandom } from './guard-classifier/words.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const FILE = join(import.meta.dirname, '../src/guard/learned/weights.json');
const DATA = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');

/** Which of four folds a text belongs to, by its templates: what shares a template is never on both sides. */
const FOLDS = 4;
const foldsOf = (parts: readonly string[]): readonly number[] => parts.map((part) => sum(part) % FOLDS);
const sum = (text: string): number => [...text].reduce((value, sign) => (value * 31 + sign.charCodeAt(0)) % 99_991, 7);

type Set = { readonly train: readonly Folded[]; readonly heldout: { readonly [part: string]: readonly Labelled[] } };
type Written = Labelled & { readonly parts: readonly string[] };

/** Texts for a head: so many to train on, a tenth as many of each part that is held out. */
function makeSet(
  count: number,
  seed: number,
  write: (r: ReturnType<typeof seedRandom>) => Written,
  heldout: { readonly [part: string]: (r: ReturnType<typeof seedRandom>) => Written },
): Set {
  const r = seedRandom(seed);
  const texts = Array.from({ length: count }, () => write(r));
  const held = seedRandom(seed + 1);
  return {
    train: texts.map(({ text, label, parts }) => ({ text, label, folds: foldsOf(parts) })),
    heldout: Object.fromEntries(
      Object.entries(heldout).map(([part, draw]) => [part, Array.from({ length: count / 10 }, () => draw(held))]),
    ),
  };
}

function makeOrders(): Set {
  const set = makeSet(40_000, 1, (r) => writeOrder(r, 'train'), { heldout: (r) => writeOrder(r, 'heldout') });
  const list = (split: Split): readonly Labelled[] => {
    const options = { count: 3000, seed: 11, split };
    return [...generateSuite(options), ...generateWideSuite(options)].flatMap(({ injections }) =>
      injections.map(({ text, kind }) => ({ text, label: kind === 'attack' ? (1 as const) : (0 as const) })),
    );
  };
  return {
    train: [...set.train, ...list('train').map((one) => ({ ...one, folds: foldsOf([one.text]) }))],
    heldout: { heldout: [...set.heldout.heldout!, ...list('heldout')] },
  };
}

function makePrompts(mode: 'sensitive' | 'malicious', seed: number): Set {
  // A malicious request is no negative of "sensitive": it is worse, and the other head speaks for it.
  const write = (part: PromptPart) => (r: ReturnType<typeof seedRandom>) => {
    for (;;) {
      const prompt = writePrompt(r, part);
      if (mode !== 'malicious' && prompt.mode === 'malicious') continue;
      // Calibrated on harm of unseen themes against ordinary requests of unseen wishes.
      if (prompt.mode === mode) return { text: prompt.text, label: 1 as const, parts: [prompt.theme] };
      return { text: prompt.text, label: 0 as const, parts: [prompt.wish] };
    }
  };
  const heldout = { 'unseen wishes of its themes': write('wishes'), 'unseen themes': write('themes') };
  return makeSet(30_000, seed, write('train'), heldout);
}

const SETS: { readonly [head in (typeof HEADS)[number]]: Set } = {
  order: makeOrders(),
  sensitive: makePrompts('sensitive', 3),
  malicious: makePrompts('malicious', 5),
};

/** Within what a head marks: a refused request of a user is worse than one asked about, and than a part of a tool's text. */
const BOUNDS: { readonly [head in (typeof HEADS)[number]]: Bounds } = {
  order: { least: 0.6, share: 0.01 },
  sensitive: { least: 0.5, share: 0.02 },
  malicious: { least: 0.5, share: 0.001, doubt: 0.02 },
};

/** The lexicon of requests/concepts.txt. */
function readLexicon(): StoredModel['concepts'] {
  const text = readFileSync(join(import.meta.dirname, 'guard-classifier/requests/concepts.txt'), 'utf8');
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\n +/g, ' ')
    .trim()
    .split('\n');
  return Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
}

if (!values.check) {
  const lexicon = readLexicon();
  const concepts = readConcepts(lexicon);
  const heads = Object.fromEntries(
    HEADS.map((head) => [head, trainHead(SETS[head].train, FOLDS, BOUNDS[head], head === 'order' ? null : concepts)]),
  );
  writeFileSync(`${FILE}.tmp`, `${JSON.stringify({ version: 2, heads, concepts: lexicon }, null, 2)}\n`);
  renameSync(`${FILE}.tmp`, FILE);
}
/** Requests as the classifier of the guard judges them: what it takes for malicious is refused, for sensitive asked about. */
async function printRequests(judge: Model, users: readonly string[]): Promise<void> {
  const learned = createLearned(judge, { requests: true });
  const rows: (readonly (string | number)[])[] = [];
  const count = async (name: string, texts: readonly string[]): Promise<void> => {
    const found = { malicious: 0, sensitive: 0, benign: 0 };
    for (const text of texts) {
      const marks = await learned.classify({ channel: 'user', text, tool: null }, new AbortController().signal);
      found[marks[0]?.mode ?? 'benign']++;
    }
    const share = (part: number): string => `${((100 * part) / texts.length).toFixed(1)} %`;
    rows.push([name, texts.length, share(found.malicious), share(found.sensitive)]);
  };
  const r = seedRandom(77);
  for (const part of ['wishes', 'themes'] as const) {
    const drawn = Array.from({ length: 4000 }, () => writePrompt(r, part));
    for (const mode of ['malicious', 'sensitive', 'benign'] as const)
      await count(
        `${mode}, ${part === 'themes' ? 'unseen themes' : 'unseen wishes'}`,
        drawn.filter((prompt) => prompt.mode === mode).map(({ text }) => text),
      );
  }
  if (users.length > 0) await count('benchmarks of use', users);
  const header = ['requests', 'number', 'marked malicious', 'marked sensitive'];
  process.stdout.write(`\n${formatTable(header, rows)}\n`);
}

const model = openModel(JSON.parse(readFileSync(FILE, 'utf8')) as StoredModel);
for (const head of HEADS)
  for (const [part, texts] of Object.entries({ train: SETS[head].train, ...SETS[head].heldout }))
    measureHead(model, head, part, texts);
const users = await measureBenchmarks(model, DATA);
printTable();
await printRequests(model, users);
