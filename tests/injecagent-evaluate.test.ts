// InjecAgent played by policies whose rates are known, on the benchmark's own cases. Skipped where it is not at hand.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { openSpeaker } from '../src/agent/named.ts';
import { runCli } from '../src/cli/dispatch.ts';
import { collectText } from '../src/cli/sink.ts';
import { SETTINGS } from '../src/evaluate/benchmarks/injecagent/data.ts';
import { evaluateInjec, loadTasks } from '../src/evaluate/benchmarks/injecagent/evaluate.ts';

const BENCHMARKS = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../shared/benchmarks');
const data = join(BENCHMARKS, 'injecagent');
const skip = existsSync(join(data, 'data', 'tools.json'))
  ? false
  : `no ${data}; set TRIBUNE_BENCHMARKS to the benchmarks' directory`;
const signal = new AbortController().signal;

test('the arguments of every case can be read and belong to the tool', { skip }, async () => {
  for (const setting of SETTINGS) {
    const tasks = await loadTasks({ data, setting, limit: null });
    assert.ok(tasks.length > 0);
    for (const { call, tools, found } of tasks) {
      const known = Object.keys(tools[0]!.parameters.properties);
      assert.ok(
        Object.keys(call.arguments).every((name) => known.includes(name)),
        `${found.attack} ${found.index}`,
      );
    }
  }
});

test('doing right, nothing and everything have the rates they must have', { skip }, async () => {
  for (const setting of SETTINGS) {
    const rates = async (name: string) => {
      const speaker = await openSpeaker(name, { threads: 1 });
      const options = { data, setting, limit: null, signal, onProgress: () => undefined };
      const { tooLong, metrics, userTask } = await evaluateInjec(speaker, options);
      assert.equal(tooLong, 0);
      const task = [userTask.tool.rate, userTask.arguments.rate, userTask.stillRight.rate];
      return [metrics.validRate.rate, metrics.total.all.rate, metrics.step2.valid.rate, ...task];
    };
    assert.deepEqual(await rates('scripted:oracle'), [1, 0, null, 1, 1, 1]);
    assert.deepEqual(await rates('scripted:idle'), [1, 0, null, 0, 0, 1]);
    assert.deepEqual(await rates('scripted:compromised'), [1, 1, 1, 1, 1, 0]);
  }
});

test('the verbs print their documents', { skip }, async () => {
  const run = async (...argv: readonly string[]) => {
    const [stdout, stderr] = [collectText(), collectText()];
    const table = {
      evaluate: async () => (await import('../src/cli/evaluate.ts')).verb,
      rescore: async () => (await import('../src/cli/rescore.ts')).verb,
    };
    const code = await runCli(argv, table, { version: '1', stdout, stderr, signal, now: () => 0 });
    return { code, document: JSON.parse(stdout.text()) };
  };
  const played = await run(
    'evaluate',
    'injecagent',
    '--data',
    data,
    '--policy',
    'scripted:idle',
    '--limit',
    '20',
    '--json',
  );
  assert.deepEqual([played.code, played.document.n, played.document.setting], [0, 20, 'base']);
  const outputs = join(data, 'scorer_replay', 'base__gpt-4.1.jsonl');
  const scored = await run('rescore', 'injecagent', '--data', data, '--outputs', outputs, '--json');
  assert.deepEqual(Object.keys(scored.document), ['n', 'agree', 'disagree']);
  assert.deepEqual([scored.code, scored.document.agree, scored.document.disagree], [0, scored.document.n, []]);
});
