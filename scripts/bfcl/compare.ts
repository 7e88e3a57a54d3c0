// Our checker and the official one on the same answers: makes the answers, runs both, and lists where they differ, in
// verdict, in words or in the name of the error.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rng } from '../../src/episode/random.ts';
import { languageOf, SINGLE_TURN } from '../../src/evaluate/benchmarks/bfcl/categories.ts';
import { checkAnswer, checkText, type Naming } from '../../src/evaluate/benchmarks/bfcl/check.ts';
import { loadRows, type SingleRow } from '../../src/evaluate/benchmarks/bfcl/data.ts';
import { decodeText } from '../../src/evaluate/benchmarks/bfcl/decode.ts';
import { findCopy } from '../../src/evaluate/benchmarks/bfcl/files.ts';
import { openPrompt, writeSystem } from '../../src/evaluate/benchmarks/bfcl/prompt.ts';
import { loadJson } from '../../src/evaluate/benchmarks/bfcl/python/json.ts';
import { dumpJson, repr } from '../../src/evaluate/benchmarks/bfcl/python/print.ts';
import { dictOf, type Py, PyError } from '../../src/evaluate/benchmarks/bfcl/python/value.ts';
import { explain, type Verdict } from '../../src/evaluate/benchmarks/bfcl/verdict.ts';
import { makeAnswer } from './perturb.ts';
import { runPython } from './python.ts';
import { makeText } from './texts.ts';

export type Answered = { readonly row: SingleRow; readonly calls: Py };
export type Difference = { readonly answer: string; readonly official: string; readonly ours: string };
export type Comparison = {
  readonly n: number;
  /** How many answers the official checker calls valid. */
  readonly valid: number;
  /** Verdicts that differ. */
  readonly verdicts: readonly Difference[];
  /** Same verdict, other words. */
  readonly words: readonly Difference[];
  readonly officialSeconds: number;
  readonly seconds: number;
};

export type CompareOptions = {
  readonly data: string;
  readonly python: string;
  /** Where the files go that both read. */
  readonly folder: string;
  readonly count: number;
  readonly seed: number;
  readonly naming: Naming;
};

/** At least `count` answers, as many to every row, rows without expected calls a quarter as often. */
export async function makeAnswers(data: string, count: number, seed: number): Promise<readonly Answered[]> {
  const spread = await spreadRows(data, count);
  return spread.map(([row, at]) => ({ row, calls: makeAnswer(row, rng('bfcl', seed, row.id, at)) }));
}

async function spreadRows(data: string, count: number): Promise<readonly (readonly [SingleRow, number])[]> {
  const copy = await findCopy(data);
  const present = SINGLE_TURN.filter((category) => copy.files.has(category));
  const rows = (await Promise.all(present.map((category) => loadRows(copy, category)))).flat();
  const weight = (row: SingleRow): number => (row.answers.length > 0 ? 4 : 1);
  const total = rows.reduce((sum, row) => sum + weight(row), 0);
  return rows.flatMap((row) =>
    Array.from({ length: Math.ceil((count * weight(row)) / total) }, (_, at) => [row, at] as const),
  );
}

/** Runs both checkers on the same answers. */
export async function compareCheckers(options: CompareOptions): Promise<Comparison> {
  const { data, python, folder, naming } = options;
  await mkdir(folder, { recursive: true });
  const [source, target] = [join(folder, 'answers.jsonl'), join(folder, 'official.jsonl')];
  const answers = await makeAnswers(data, options.count, options.seed);
  const lines = answers.map(({ row, calls }) => dumpJson(dictOf({ id: row.id, calls })));
  await writeFile(source, `${lines.join('\n')}\n`);
  const { folder: files } = await findCopy(data);
  const flags = naming === 'underscores' ? ['--underscores'] : [];
  const { seconds: officialSeconds } = JSON.parse(
    await runPython(python, 'official.py', files, source, target, ...flags),
  );
  const start = performance.now();
  const verdicts = answers.map(({ row, calls }) => checkAnswer(row, calls, naming));
  const seconds = (performance.now() - start) / 1000;
  const official = (await readFile(target, 'utf8')).trimEnd().split('\n');
  return { ...judge(lines, official, verdicts.map(showVerdict)), officialSeconds, seconds };
}

export type TextComparison = Omit<Comparison, 'words'> & {
  /** Texts that are read into other calls, or into none. */
  readonly decoded: readonly Difference[];
};

/** Runs both decoders of the prompt mode, and the checkers behind them, on the same texts. Words of errors are not compared. */
export async function compareTexts(options: CompareOptions): Promise<TextComparison> {
  const { data, python, folder, naming, count, seed } = options;
  await mkdir(folder, { recursive: true });
  const [source, target] = [join(folder, 'texts.jsonl'), join(folder, 'texts-official.jsonl')];
  const texts = (await spreadRows(data, count)).map(([row, at]) => ({
    row,
    text: makeText(row, rng('text', seed, row.id, at)),
  }));
  const lines = texts.map(({ row, text }) => JSON.stringify({ id: row.id, text }));
  await writeFile(source, `${lines.join('\n')}\n`);
  const { folder: files } = await findCopy(data);
  const flags = naming === 'underscores' ? ['--underscores'] : [];
  const told = await runPython(python, 'official.py', files, source, target, '--texts', ...flags);
  const { seconds: officialSeconds } = JSON.parse(told);
  const start = performance.now();
  const ours = texts.map(({ row, text }) => checkText(row, text, naming));
  const seconds = (performance.now() - start) / 1000;
  const [verdicts, decoded]: [Difference[], Difference[]] = [[], []];
  let valid = 0;
  for (const [at, line] of (await readFile(target, 'utf8')).trimEnd().split('\n').entries()) {
    const official = JSON.parse(line);
    const [answer, mine] = [lines[at]!, ours[at]!];
    if (official.valid) valid++;
    const kind = mine.valid ? null : mine.kind;
    const seen = showDecoded(texts[at]!.row, texts[at]!.text);
    if (official.valid !== mine.valid)
      verdicts.push({ answer, official: `${official.valid} ${official.kind}`, ours: `${mine.valid} ${kind}` });
    if (official.decoded !== seen && !(isNone(official.decoded) && isNone(seen)))
      decoded.push({ answer, official: String(official.decoded), ours: String(seen) });
  }
  return { n: texts.length, valid, verdicts, decoded, officialSeconds, seconds };
}

/** The prompts of all single-turn rows, the official ones and ours. Differences by id. */
export async function comparePrompts({ data, python, folder }: Pick<CompareOptions, 'data' | 'python' | 'folder'>) {
  await mkdir(folder, { recursive: true });
  const target = join(folder, 'prompts.jsonl');
  const copy = await findCopy(data);
  const present = SINGLE_TURN.filter((category) => copy.files.has(category));
  await runPython(python, 'prompts.py', copy.folder, target, ...present);
  const rows = (await Promise.all(present.map((category) => loadRows(copy, category)))).flat();
  const official = (await readFile(target, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const differences = rows.flatMap((row, at) => {
    const { id, messages } = official[at];
    const ours = openPrompt(row.messages, writeSystem(row.functions, languageOf(row.category)));
    const theirs = messages.map(({ role, content }: { role: string; content: string }) => ({ role, content }));
    return id === row.id && JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [row.id];
  });
  return { n: rows.length, differences };
}

/** Java and JavaScript without a call: refused, or read into nothing; which of the two hangs on how tree-sitter mends a source. */
const isNone = (decoded: string | null): boolean => decoded === null || decoded === 'None' || decoded === '{}';

/** What a text is read into, as Python prints it; null where it cannot be read. */
function showDecoded(row: SingleRow, text: string): string | null {
  try {
    return repr(decodeText(text, languageOf(row.category)));
  } catch (error) {
    if (error instanceof PyError) return null;
    throw error;
  }
}

/** A verdict as the official script writes it. */
function showVerdict(verdict: Verdict): Py {
  const [error, kind] = verdict.valid ? [null, null] : [explain(verdict), verdict.kind];
  return dictOf({ valid: verdict.valid, error, kind });
}

function judge(answers: readonly string[], official: readonly string[], ours: readonly Py[]) {
  const [verdicts, words]: [Difference[], Difference[]] = [[], []];
  let valid = 0;
  for (const [at, line] of official.entries()) {
    const theirs = loadJson(line, 'official verdict') as Map<string, Py>;
    theirs.delete('id');
    const mine = ours[at] as Map<string, Py>;
    if (theirs.get('valid') === true) valid++;
    const [a, b] = [dumpJson(theirs), dumpJson(mine)];
    if (a === b) continue;
    const list = theirs.get('valid') === mine.get('valid') ? words : verdicts;
    list.push({ answer: answers[at]!, official: a, ours: b });
  }
  return { n: official.length, valid, verdicts, words };
}
