// BFCL's scorer and simulated APIs against the official Python package, which is installed with pip where that can be had:
// no verdict, no error's words, no result and no state may differ. Skipped, with the reason, where it cannot.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { compareCheckers, comparePrompts, compareTexts } from '../../scripts/bfcl/compare.ts';
import { ensurePython } from '../../scripts/bfcl/python.ts';
import { compareTurns } from '../../scripts/bfcl/replay.ts';

const BENCHMARKS = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../../shared/benchmarks');
const data = join(BENCHMARKS, 'bfcl');
const cache = resolve(import.meta.dirname, '../../.cache/bfcl/python');

async function findPython(): Promise<{ readonly python: string; readonly skip: false | string }> {
  if (!existsSync(join(data, 'data'))) {
    return { python: '', skip: `no ${data}; set TRIBUNE_BENCHMARKS to the benchmarks' directory` };
  }
  try {
    return { python: await ensurePython(cache), skip: false };
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return { python: '', skip: `the official package bfcl-eval cannot be installed: ${line}` };
  }
}

const { python, skip } = await findPython();
const folder = await mkdtemp(join(tmpdir(), 'bfcl-official-'));
after(() => rm(folder, { recursive: true }));

test('20,000 perturbed answers get the official verdicts, in the official words', { skip }, async () => {
  for (const naming of ['dots', 'underscores'] as const) {
    const count = naming === 'dots' ? 20_000 : 4_000;
    const { n, valid, verdicts, words } = await compareCheckers({ data, python, folder, count, seed: 1, naming });
    assert.ok(n >= count && valid > n / 10 && valid < n / 2, `${valid} of ${n} valid: no fair sample`);
    assert.deepEqual([verdicts, words], [[], []]);
  }
});

test('20,000 texts of prompt mode are read as the official decoder reads them, and get its verdicts', {
  skip,
}, async () => {
  const { n, valid, verdicts, decoded } = await compareTexts({
    data,
    python,
    folder,
    count: 20_000,
    seed: 1,
    naming: 'dots',
  });
  assert.ok(n >= 20_000 && valid > n / 20 && valid < n / 2, `${valid} of ${n} valid: no fair sample`);
  assert.deepEqual(verdicts, []);
  // Read otherwise: names of signs, halves of signs put together, dict keys that are no text, Java with comments or signs beyond ASCII.
  const known = /\/\/ c|\\\\N\{|\\\\ud83d|\(1, 2\): 3|True: 2|"simple_java_.*(?:[\u0080-\uffff]|\\u)/;
  const unexplained = decoded.filter(({ answer }) => !known.test(answer));
  assert.deepEqual(unexplained, []);
});

test("every row's prompt is the official one, sign by sign", { skip }, async () => {
  const { n, differences } = await comparePrompts({ data, python, folder });
  assert.ok(n > 100);
  assert.deepEqual(differences, []);
});

/** What may differ: a set the original prints in an order that changes with every run, and dict keys that are no text and no int. */
const EXPLAINED = /Invalid travel class|state of MessageAPI/;

test('every expected call has the official result and state, and perturbed conversations the official verdicts', {
  skip,
}, async () => {
  for (const { category, golden, answers } of await compareTurns({ data, python, folder, each: 3, seed: 1 })) {
    assert.ok(golden.calls > 0 && answers.valid > 0 && answers.valid < answers.n, category);
    assert.deepEqual(golden.differences, []);
    assert.deepEqual(answers.verdicts, []);
    assert.deepEqual(
      answers.results.filter((difference) => !EXPLAINED.test(difference)),
      [],
    );
  }
});
