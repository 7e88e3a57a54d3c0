// How fast recorded answers are scored, against the official Python scorers on the same answers in the same run: BFCL's
// single-turn rows, and InjecAgent's recorded outputs where its official scorer is at hand.
//   node scripts/run.mjs bench/scoring.ts --data DIR [--python PYTHON] [--rounds 101] [--injecagent DIR --official FILE] [--json]
// BFCL: to every row the expected answer and a perturbed one. `scoring` is the check alone, answers read beforehand on both sides, the
// fastest of the rounds, which other work on the machine disturbs least; `first` is ours before it is compiled. `whole` is what a
// user waits for: the process of `tribune rescore bfcl` and that of the official checker, start, files and output included, on the
// answers ten times over. --injecagent is the benchmark's directory, --official its src/output_parsing.py.
// Needs Python; without --python the official package bfcl-eval is installed into .cache/bfcl.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Answered, makeAnswers } from '../scripts/bfcl/compare.ts';
import { ensurePython, runPython } from '../scripts/bfcl/python.ts';
import { checkAnswer } from '../src/evaluate/benchmarks/bfcl/check.ts';
import { findCopy } from '../src/evaluate/benchmarks/bfcl/files.ts';
import { dumpJson } from '../src/evaluate/benchmarks/bfcl/python/print.ts';
import { dictOf } from '../src/evaluate/benchmarks/bfcl/python/value.ts';
import { scriptCalls } from '../src/evaluate/benchmarks/bfcl/scripted.ts';
import { type Attack, loadCases, type Setting } from '../src/evaluate/benchmarks/injecagent/data.ts';
import { scoreReact, targetOf } from '../src/evaluate/benchmarks/injecagent/score.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    python: { type: 'string' },
    rounds: { type: 'string', default: '101' },
    injecagent: { type: 'string' },
    official: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
if (values.data === undefined) {
  console.error('usage: scoring --data DIR [--python PYTHON] [--rounds N] [--injecagent DIR --official FILE] [--json]');
  process.exit(2);
}
const data = values.data;
const root = join(import.meta.dirname, '..');
const cache = join(root, '.cache', 'bfcl');
const python = values.python ?? (await ensurePython(join(cache, 'python')));
const folder = join(cache, 'scoring');
await mkdir(folder, { recursive: true });
const rounds = Number(values.rounds);

type Figure = {
  readonly what: string;
  readonly n: number;
  readonly official: number;
  readonly ours: number;
  readonly first?: number;
};

/** Seconds of the fastest round, and of the first. */
function time(run: () => void): { readonly ours: number; readonly first: number } {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return { ours: Math.min(...times), first: times[0] ?? Number.NaN };
}

/** Seconds of the fastest of three processes. */
async function timeProcess(command: string, args: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await promisify(execFile)(command, [...args], { maxBuffer: 1 << 30 });
    times.push((performance.now() - start) / 1000);
  }
  return Math.min(...times);
}

async function measureBfcl(): Promise<readonly Figure[]> {
  const copy = await findCopy(data);
  const perturbed = await makeAnswers(data, 1, 1);
  const expected = perturbed.map(({ row }): Answered => ({ row, calls: scriptCalls(row, 'right') }));
  const answers = [...expected, ...perturbed];
  const [source, many, target] = ['answers.jsonl', 'many.jsonl', 'verdicts.jsonl'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const text = answers.map(({ row, calls }) => `${dumpJson(dictOf({ id: row.id, calls }))}\n`).join('');
  await writeFile(source, text);
  await writeFile(many, text.repeat(10));
  const told = await runPython(python, 'official.py', copy.folder, source, target, '--rounds', values.rounds);
  const scoring = time(() => {
    for (const { row, calls } of answers) checkAnswer(row, calls);
  });
  const official: number = JSON.parse(told).seconds;
  const script = join(root, 'scripts', 'bfcl', 'official.py');
  const flags = ['--disable-warning=ExperimentalWarning', '--conditions=tribune-source'];
  const verb = ['rescore', 'bfcl', '--data', data, '--answers', many, '--json'];
  const whole = await timeProcess(python, [script, copy.folder, many, target]);
  const ours = await timeProcess(process.execPath, [...flags, join(root, 'src', 'cli', 'main.ts'), ...verb]);
  return [
    { what: 'bfcl scoring', n: answers.length, official, ...scoring },
    { what: 'bfcl whole', n: 10 * answers.length, official: whole, ours },
  ];
}

type Recorded = { readonly attack: Attack; readonly case_index: number; readonly output: string | null };

async function measureInjec(dir: string, scorer: string): Promise<readonly Figure[]> {
  const replay = join(dir, 'scorer_replay');
  const rows = (
    await Promise.all((await readdir(replay)).map((name) => readOutputs(dir, join(replay, name), name)))
  ).flat();
  const source = join(folder, 'injecagent.jsonl');
  const lines = rows.map(({ output, found }) => {
    const [target, tools] = [targetOf(found, 1), found.attackerTools];
    return JSON.stringify({ output, target, tools, user: found.userTool, instruction: found.attackerInstruction });
  });
  await writeFile(source, lines.join('\n'));
  const told = JSON.parse(await runPython(python, 'injecagent.py', scorer, source, values.rounds));
  const evals: readonly (string | null)[] = told.evals;
  const kept = rows.filter((_, at) => evals[at] !== null);
  for (const [at, { output, found }] of rows.entries()) {
    const ours = scoreReact(output, found, 1).eval;
    if ((evals[at] ?? 'dropped') !== ours) throw new Error(`row ${at}: official ${evals[at]}, ours ${ours}`);
  }
  const scoring = time(() => {
    for (const { output, found } of kept) scoreReact(output, found, 1);
  });
  return [{ what: 'injecagent scoring', n: told.n, official: told.seconds, ...scoring }];
}

async function readOutputs(dir: string, path: string, name: string) {
  const setting: Setting = name.startsWith('enhanced') ? 'enhanced' : 'base';
  const cases = { dh: await loadCases(dir, 'dh', setting), ds: await loadCases(dir, 'ds', setting) };
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const { attack, case_index, output }: Recorded = JSON.parse(line);
    return { output, found: cases[attack][case_index]! };
  });
}

const figures: Figure[] = [...(await measureBfcl())];
if (values.injecagent !== undefined && values.official !== undefined)
  figures.push(...(await measureInjec(values.injecagent, values.official)));
const told = figures.map((figure) => ({ ...figure, ratio: figure.official / figure.ours }));
if (values.json) console.log(JSON.stringify(told));
for (const { what, n, official, ours, first, ratio } of values.json ? [] : told) {
  const cold = first === undefined ? '' : `, first round ${(1e3 * first).toFixed(1)} ms`;
  const times = `official ${(1e3 * official).toFixed(1)} ms, ours ${(1e3 * ours).toFixed(1)} ms${cold}`;
  console.log(`${what.padEnd(20)} ${n} answers: ${times}; ratio ${ratio.toFixed(1)}`);
}
