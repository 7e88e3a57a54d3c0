// Runs the repository's checks by name: `node scripts/run.mjs scripts/check.mjs STEP… [-- WORD…]`.
// Steps: types, lint, unit (all tests but the slow ones), slow (tests/slow and the probes of the walls, two at a time),
// engines (tests/engines: against programs in other languages, which they install themselves, one at a time), build. All
// named steps run, also after one has failed; the exit code is 1 if any failed. Words after `--` keep only the test files
// whose path holds one of them (`npm test -- safety`).
import { spawnSync } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());

/** Runs a JavaScript program of a dependency on this Node. */
function runProgram(file, ...args) {
  const { status } = spawnSync(process.execPath, [join('node_modules', file), ...args], { stdio: 'inherit' });
  return status === 0;
}

/** Where the tests of the steps other than `unit` are. */
const FOLDERS = {
  slow: [join('tests', 'slow'), join('src', 'world', 'sandbox', 'probes')],
  engines: [join('tests', 'engines')],
};

function stepOf(file) {
  return Object.keys(FOLDERS).find((step) => FOLDERS[step].some((folder) => file.startsWith(folder + sep))) ?? 'unit';
}

function listTests(step, words) {
  const files = globSync(['src/**/*.test.ts', 'tests/**/*.test.ts']).sort();
  return files.filter((file) => stepOf(file) === step && (words.length === 0 || words.some((w) => file.includes(w))));
}

/**
 * A test that takes longer than the first fails by name; a step that takes longer than the second is broken off, so that a test
 * which hangs costs this step alone. (Not `forceExit`: a process that is ended at once loses results it has not handed on.)
 */
const [HUNG, BROKEN_OFF] = [12 * 60_000, 25 * 60_000];

/** Runs test files, prints them as they end, and gives the counts of node:test. */
async function runTests(files, concurrency) {
  let counts = null;
  let success = false;
  const paths = files.map((file) => join(process.cwd(), file));
  const execArgv = ['--import', pathToFileURL(join('tests', 'seed.mjs')).href];
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(BROKEN_OFF)]);
  const events = run({ files: paths, concurrency, timeout: HUNG, execArgv, signal });
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    counts = summary.counts;
    success = summary.success;
  });
  await pipeline(events, new spec(), process.stdout, { end: false });
  return { counts, success };
}

/** A step of tests. None at all is a failure for the unit tests (something is wrong) unless words were given. */
async function checkTests(name, words, concurrency) {
  const files = listTests(name, words);
  if (files.length === 0) return { ok: name !== 'unit' || words.length > 0, note: 'no test files' };
  const { counts, success } = await runTests(files, concurrency);
  if (counts === null) return { ok: false, note: 'broken off' };
  const { tests, passed, failed, cancelled, skipped, todo } = counts;
  const rest = `${failed + cancelled} failed, ${skipped + todo} skipped`;
  return { ok: success && tests > 0, note: `${files.length} files, ${tests} tests, ${passed} passed, ${rest}` };
}

function buildPackage() {
  rmSync('dist', { recursive: true, force: true });
  return runProgram('typescript/bin/tsc', '-p', 'tsconfig.build.json');
}

async function runStep(step, words) {
  switch (step) {
    case 'types':
      return { ok: runProgram('typescript/bin/tsc', '-p', '.'), note: 'tsc' };
    case 'lint':
      return { ok: runProgram('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'), note: 'biome' };
    case 'unit':
      return checkTests('unit', words, Math.max(2, availableParallelism()));
    case 'slow':
      return checkTests('slow', words, 2);
    case 'engines':
      return checkTests('engines', words, 1);
    case 'build':
      return { ok: buildPackage(), note: 'dist/' };
    default:
      return { ok: false, note: 'no such step; there are types, lint, unit, slow, engines, build' };
  }
}

const given = process.argv.slice(2);
const cut = given.includes('--') ? given.indexOf('--') : given.length;
const report = [];
for (const step of given.slice(0, cut)) {
  if (stop.signal.aborted) break;
  const result = await runStep(step, given.slice(cut + 1));
  report.push(`${result.ok ? 'ok    ' : 'FAILED'} ${step}: ${result.note}`);
  if (!result.ok) process.exitCode = 1;
}
if (stop.signal.aborted) process.exitCode = 130;
process.stdout.write(`\n${report.join('\n')}\n`);
