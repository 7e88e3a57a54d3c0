// Nothing a benchmark says is trained on: no eight words in a row of what the policy reads and writes in its warm start, or of
// what families and styles say in its worlds, stand in any public benchmark; of what the guard's classifier learns from only
// two everyday phrases do. Read where the data lies (TRIBUNE_BENCHMARKS). Not covered: likeness in other words.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { writeOrder } from '../scripts/guard-classifier/orders.ts';
import { writePrompt } from '../scripts/guard-classifier/prompts.ts';
import { seedRandom } from '../scripts/guard-classifier/words.ts';
import { SPECIALS } from '../src/policy/local/thought.ts';
import { makeDemonstrations } from '../src/train/align.ts';
import { DEFAULT_CONFIG } from '../src/train/config.ts';
import { listTexts } from '../src/train/demonstrate.ts';
import { generateSuite } from '../src/world/generate/generate.ts';
import { generateOpen } from '../src/world/generate/open/open.ts';
import { generateWideSuite } from '../src/world/generate/wide.ts';
import { loadWorlds } from '../src/world/world.ts';

const BENCHMARKS = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');
const skip = existsSync(BENCHMARKS) ? false : `no ${BENCHMARKS}; set TRIBUNE_BENCHMARKS to the benchmarks' directory`;
const LENGTH = 8;
const specials = new Map(SPECIALS.map((name, id) => [name, id]));

/** Every row of so many words in a text, lower case, signs left out. */
function* listGrams(text: string): Generator<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (let at = 0; at + LENGTH <= words.length; at++) yield words.slice(at, at + LENGTH).join(' ');
}

/** The texts of a file: every string in its JSON, or the whole file. */
function* listStrings(path: string): Generator<string> {
  const text = readFileSync(path, 'utf8');
  for (const [, string = ''] of text.matchAll(/"((?:[^"\\]|\\.)*)"/g)) yield string.replaceAll(/\\[nrt"]/g, ' ');
  if (!/\.jsonl?$/.test(path)) yield text;
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Rows of words of the benchmarks that stand in the training text too. */
function findShared(trained: ReadonlySet<string>, files: readonly string[]): string[] {
  const shared = new Set<string>();
  for (const file of files)
    for (const string of listStrings(file))
      for (const gram of listGrams(string)) if (trained.has(gram)) shared.add(gram);
  return [...shared];
}

test('no eight words in a row of the training text stand in a benchmark', { skip }, async () => {
  await loadWorlds();
  const warm = { ...DEFAULT_CONFIG.warm, demonstrations: 1500 };
  const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
  const demonstrations = [
    ...(await makeDemonstrations({ ...DEFAULT_CONFIG, warm }, quiet)),
    ...(await makeDemonstrations({ ...DEFAULT_CONFIG, warm, suite: 'open' }, quiet)),
  ];
  const options = { count: 3000, seed: 1, split: 'train' } as const;
  const open = Array.from({ length: options.count }, (_, index) => generateOpen(options.seed, options.split, index));
  const scenarios = [...generateSuite(options), ...generateWideSuite(options), ...open];
  const trained = new Set<string>();
  const add = (text: string): void => {
    for (const gram of listGrams(text)) trained.add(gram);
  };
  for (const demonstration of demonstrations) for (const text of listTexts(demonstration, specials)) add(text);
  for (const scenario of scenarios) for (const text of listLeaves(scenario)) add(text);
  assert.ok(trained.size > 50_000, `${trained.size} rows of words`);
  const files = listFiles(BENCHMARKS);
  assert.deepEqual(findShared(trained, files), []);

  const r = seedRandom(1);
  const learned = Array.from({ length: 5000 }, () => [writeOrder(r, 'train').text, writePrompt(r, 'train').text]);
  const everyday = ['be great if you could help me with', 'show me how to write a script that'];
  const shared = findShared(new Set(learned.flat().flatMap((text) => [...listGrams(text)])), files);
  assert.deepEqual(
    shared.filter((gram) => !everyday.includes(gram)),
    [],
  );

  // Control: one sentence of a benchmark among the training text is found.
  const [sentence = ''] = [...listStrings(files.find((file) => /test_cases/.test(file)) ?? '')].filter(
    (text) => [...listGrams(text)].length > 3,
  );
  add(sentence);
  assert.ok(findShared(trained, files).length > 3);
});

/** Every text in a value. */
function listLeaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(listLeaves) : [];
}
