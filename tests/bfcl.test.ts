// BFCL on its own files: they load, the verbs print their documents, bad input ends in one line, and policies whose figures
// are known have them. Skipped where the benchmark is not at hand. The official checker: tests/engines/bfcl-official.test.ts.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../src/cli/dispatch.ts';
import { collectText } from '../src/cli/sink.ts';
import { CATEGORIES, isMultiTurn, SINGLE_TURN } from '../src/evaluate/benchmarks/bfcl/categories.ts';
import { checkAnswer } from '../src/evaluate/benchmarks/bfcl/check.ts';
import { loadRows } from '../src/evaluate/benchmarks/bfcl/data.ts';
import { findFault } from '../src/evaluate/benchmarks/bfcl/faulty.ts';
import { findCopy } from '../src/evaluate/benchmarks/bfcl/files.ts';
import { dumpJson, repr } from '../src/evaluate/benchmarks/bfcl/python/print.ts';
import type { Py } from '../src/evaluate/benchmarks/bfcl/python/value.ts';
import { scriptCalls } from '../src/evaluate/benchmarks/bfcl/scripted.ts';
import { toTool } from '../src/evaluate/benchmarks/bfcl/tools.ts';
import { loadConversations, loadFunctions } from '../src/evaluate/benchmarks/bfcl/turns/data.ts';

const BENCHMARKS = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');
const data = join(BENCHMARKS, 'bfcl');
const skip = existsSync(join(data, 'data')) ? false : `no ${data}; set TRIBUNE_BENCHMARKS to the benchmarks' directory`;

const root = await mkdtemp(join(tmpdir(), 'bfcl-'));
after(() => rm(root, { recursive: true }));

async function run(...argv: readonly string[]) {
  const [stdout, stderr] = [collectText(), collectText()];
  const table = {
    evaluate: async () => (await import('../src/cli/evaluate.ts')).verb,
    rescore: async () => (await import('../src/cli/rescore.ts')).verb,
  };
  const around = { version: '1', stdout, stderr, signal: new AbortController().signal, now: () => 0 };
  return { code: await runCli(argv, table, around), out: stdout.text(), err: stderr.text() };
}

async function rescore(lines: readonly unknown[], dir = data) {
  const file = join(root, 'answers.jsonl');
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  await writeFile(file, texts.join('\n'));
  return run('rescore', 'bfcl', '--data', dir, '--answers', file, '--json');
}

test('every file of the benchmark loads, and every function becomes a tool', { skip }, async () => {
  const copy = await findCopy(data);
  assert.ok(copy.files.size > 0);
  for (const category of CATEGORIES.filter((name) => copy.files.has(name))) {
    const functions = isMultiTurn(category)
      ? await loadFunctions(copy, (await loadConversations(copy, category))[0]!.classes[0]!)
      : (await loadRows(copy, category)).flatMap((row) => row.functions);
    assert.ok(functions.length > 0, category);
    for (const described of functions) {
      const { name, parameters } = toTool(described, 'python');
      assert.match(name, /^[\w-]+$/);
      assert.doesNotMatch(JSON.stringify(parameters), /"type":"(dict|float|tuple|any)"/);
    }
  }
});

test('the expected answer passes in every row but those that no answer can pass', { skip }, async () => {
  const copy = await findCopy(data);
  const failed: string[] = [];
  let n = 0;
  for (const category of SINGLE_TURN.filter((name) => copy.files.has(name))) {
    for (const row of await loadRows(copy, category)) {
      n++;
      if (!checkAnswer(row, scriptCalls(row, 'right')).valid && findFault(row.id, row) === null) failed.push(row.id);
    }
  }
  // Arrays of texts that Java's own notation cannot give the official parser.
  assert.ok(failed.every((id) => id.startsWith('simple_java')) && failed.length <= n / 500, failed.join(' '));
});

test('answers get one line each, in order, also when an id occurs again', { skip }, async () => {
  const copy = await findCopy(data);
  const [row] = await loadRows(copy, 'irrelevance');
  const id = row!.id;
  const { code, out } = await rescore([
    { id, calls: [] },
    { id, calls: [{ f: {} }] },
    { id, calls: null },
  ]);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.deepEqual(
    lines.map((line) => [line.id, line.valid]),
    [
      [id, true],
      [id, false],
      [id, true],
    ],
  );
  assert.deepEqual(Object.keys(lines[0]), ['id', 'valid', 'error']);
});

test('the names of earlier versions are understood', { skip }, async () => {
  const copy = await findCopy(data);
  const [row] = await loadRows(copy, 'simple_python');
  const { code, out } = await rescore([{ id: row!.id.replace('simple_python', 'simple'), calls: [] }]);
  assert.deepEqual([code, JSON.parse(out).valid], [0, false]);
});

test('conversations are scored, and holding back is told beside', { skip }, async () => {
  const copy = await findCopy(data);
  const [conversation] = await loadConversations(copy, 'multi_turn_base');
  const turns = conversation!.expected.map((calls) => [calls]);
  const { code, out } = await rescore([
    { id: conversation!.id, turns },
    { id: conversation!.id, turns: [] },
  ]);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([code, lines.map(({ valid }) => valid)], [0, [true, false]]);
  assert.deepEqual(Object.keys(lines[0]), ['id', 'valid', 'error', 'holdBack']);
});

test('lines of the official result files are read: texts of prompt mode, calls with JSON text, turns and steps', {
  skip,
}, async () => {
  const copy = await findCopy(data);
  const [row] = await loadRows(copy, 'simple_python');
  // The official decoder drops arguments by place, so a conversation whose calls have none.
  const named = (call: string): boolean => /^\w+\((\w+=[^,=]*(, \w+=[^,=]*)*)?\)$/.test(call);
  const conversations = await loadConversations(copy, 'multi_turn_base');
  const conversation = conversations.find(({ expected }) => expected.flat().every(named));
  const [call] = scriptCalls(row!, 'right') as [Map<string, Map<string, Py>>];
  const [[name, given]] = [...call] as [[string, Map<string, Py>]];
  const text = `${name}(${[...given].map(([key, value]) => `${key}=${repr(value)}`).join(', ')})`;
  const { id } = row!;
  const steps = conversation!.expected.map((calls) => [`[${calls.join(', ')}]`, 'Done.']);
  const { code, out } = await rescore([
    { id, result: `[${text}]` },
    { id, result: `Sure: ${text}` },
    { id, result: [{ [name]: dumpJson(given) }] },
    { id, result: [{ [name]: '{' }] },
    { id: conversation!.id, result: steps },
    { id: conversation!.id, result: steps.slice(1) },
  ]);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.deepEqual(
    lines.map(({ valid }) => valid),
    [true, false, true, false, true, false],
  );
});

test('bad input ends in one line that names file, line and what was expected', { skip }, async () => {
  const copy = await findCopy(data);
  const [row] = await loadRows(copy, 'irrelevance');
  const good = { id: row!.id, calls: [] };
  for (const [line, words] of [
    ['{"id": "irrelevance_', /answers\.jsonl:2: not JSON/],
    [
      { id: 'irelevance_1', calls: [] },
      /answers\.jsonl:2: .*unknown category "irelevance", did you mean irrelevance\?/,
    ],
    [{ id: 'irrelevance_99999', calls: [] }, /answers\.jsonl:2: unknown id/],
    [{ id: 'memory_kv_0-customer-0', calls: [] }, /answers\.jsonl:2: .*not covered: memory needs embeddings/],
    [{ id: 'web_search_base_3', calls: [] }, /answers\.jsonl:2: .*not covered/],
    [{ id: row!.id }, /answers\.jsonl:2: no calls/],
  ] as const) {
    const { code, out, err } = await rescore([good, line]);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, words);
    assert.equal(err.trimEnd().split('\n').length, 1);
  }
  assert.equal((await rescore([good], join(root, 'nowhere'))).code, 2);
});

test('a row without an answer, or with a damaged one, is told by its line', { skip }, async () => {
  const dir = join(root, 'damaged');
  await mkdir(join(dir, 'possible_answer'), { recursive: true });
  const copy = await findCopy(data);
  await cp(join(copy.folder, 'BFCL_v4_multiple.json'), join(dir, 'BFCL_v4_multiple.json'));
  await writeFile(join(dir, 'possible_answer', 'BFCL_v4_multiple.json'), '{"id": "multiple_0", "ground_truth": 1}');
  const [row] = await loadRows(copy, 'multiple');
  const { code, err } = await rescore([{ id: row!.id, calls: [] }], dir);
  assert.equal(code, 2);
  assert.match(err, /BFCL_v4_multiple\.json:\d+/);
});

test('doing right, nothing and everything have the figures they must have', { skip }, async () => {
  const figures = async (policy: string, variant: string) => {
    const { code, out } = await run(
      'evaluate',
      'bfcl',
      '--data',
      data,
      '--policy',
      policy,
      '--variant',
      variant,
      '--limit',
      '120',
      '--json',
    );
    assert.equal(code, 0);
    return JSON.parse(out).measures;
  };
  const [oracle, idle] = [await figures('scripted:oracle', 'restraint'), await figures('scripted:idle', 'restraint')];
  assert.deepEqual([oracle.irrelevance.rate, oracle.relevance.rate], [1, 1]);
  assert.deepEqual([idle.irrelevance.rate, idle.relevance.rate], [1, 0]);
  const all = await figures('scripted:compromised', 'restraint');
  assert.ok(all.irrelevance.rate < 0.2);
  const eager = await figures('scripted:compromised', 'multi_turn_miss_param');
  const right = await figures('scripted:oracle', 'multi_turn_miss_param');
  assert.deepEqual([right.multiTurn.rate, right.heldBack.rate], [1, 1]);
  // What the official figure does not see: it acts in every turn in which it should hold back.
  assert.ok(eager.multiTurn.rate > 0.5);
  assert.deepEqual([eager.heldBack.rate, eager.multiTurnStrict.rate], [0, 0]);
});

test('a judge, a mode and a variant that do not go with a benchmark are refused in one line', { skip }, async () => {
  const argv = ['evaluate', 'bfcl', '--data', data, '--policy', 'scripted:idle', '--limit', '1'];
  for (const [more, words] of [
    [['--judge', 'chat:m@http://127.0.0.1:1/v1'], /--judge does not go with bfcl/],
    [['--mode', 'loud'], /bfcl has no mode "loud", expected --mode functions or prompt/],
    [['--variant', 'memory'], /bfcl has no variant "memory"/],
  ] as const) {
    const { code, err } = await run(...argv, ...more);
    assert.equal(code, 2);
    assert.match(err, words);
    assert.equal(err.trimEnd().split('\n').length, 1);
  }
});

test('a truncated line of tasks or answers is told by file and line', { skip }, async () => {
  const copy = await findCopy(data);
  const [row] = await loadRows(copy, 'irrelevance');
  const dir = join(root, 'truncated');
  await mkdir(dir, { recursive: true });
  const text = await readFile(join(copy.folder, 'BFCL_v4_irrelevance.json'), 'utf8');
  await writeFile(join(dir, 'BFCL_v4_irrelevance.json'), text.slice(0, -40));
  const { code, out, err } = await rescore([{ id: row!.id, calls: [] }], dir);
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /BFCL_v4_irrelevance\.json:\d+: not JSON/);
});
