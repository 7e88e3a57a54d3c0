// Logs of Inspect AI against the official package: it opens what is written here, JSON and `.eval`, and what it writes itself, from a run of
// its own with a scripted model, is read here. The package is installed with pip into .cache; skipped, with the reason, where that
// cannot be had.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import type { Played } from '../../src/evaluate/benchmarks/row.ts';
import { readInspect, writeInspect, writeInspectZip } from '../../src/evaluate/interop/inspect.ts';
import { summarisePlayed } from '../../src/evaluate/outcome.ts';

const PACKAGE = 'inspect-ai==0.3.285';
const run = promisify(execFile);
const home = resolve(import.meta.dirname, '../../.cache/inspect-0.3.285');
const folder = await mkdtemp(join(tmpdir(), 'inspect-'));
after(() => rm(folder, { recursive: true }));

async function findPython(): Promise<{ readonly python: string; readonly skip: false | string }> {
  const python = join(home, 'bin', 'python');
  try {
    if (existsSync(join(home, 'ready'))) return { python, skip: false };
    const options = { timeout: 600_000, maxBuffer: 1e8 };
    await rm(home, { recursive: true, force: true });
    await mkdir(join(home, '..'), { recursive: true });
    await run('python3', ['-m', 'venv', home], options);
    await run(python, ['-m', 'pip', 'install', '--quiet', PACKAGE], options);
    await mkdir(join(home, 'ready'));
    return { python, skip: false };
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return { python, skip: `inspect_ai cannot be installed: ${line}` };
  }
}

const { python, skip } = await findPython();

const LONG = 'A text of more than a hundred signs, which Inspect sets apart from the message that holds it. '.repeat(4);

const played: Played = {
  ...{ benchmark: 'small', version: '1', policy: 'scripted:idle', options: { guard: false } },
  measures: [
    { name: 'done', title: 'done', better: 'high' },
    { name: 'harm', title: 'harm', better: 'low' },
  ],
  rows: ['a', 'b/ä', 'c'].flatMap((id, at) =>
    [0, 1].map((trial) => ({
      ...{ id, group: 'g', trial, facts: { done: at > 0, harm: at === 2 ? null : trial === 1 } },
      ...(at === 1 ? { faulty: 'known' } : {}),
      transcript: [
        { role: 'system', text: 'Be good.' },
        { role: 'user', text: `do ${id} ${LONG}` },
        { role: 'call', text: 'f({})' },
        { role: 'tool', text: 'done' },
        { role: 'assistant', text: 'Done.' },
      ],
    })),
  ),
  ...{ counts: { lost: 0 }, notes: ['n'] },
};

const READ = `
import json, sys
from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries, read_eval_log_sample, write_eval_log
log = read_eval_log(sys.argv[1])
rows = [[s.id, s.epoch, {k: v.value for k, v in (s.scores or {}).items()}, [m.role for m in s.messages], s.metadata] for s in log.samples]
one = read_eval_log_sample(sys.argv[1], log.samples[0].id, log.samples[0].epoch)
print(json.dumps({"status": log.status, "task": log.eval.task, "model": log.eval.model, "rows": rows, "text": one.messages[1].text,
  "summaries": len(read_eval_log_sample_summaries(sys.argv[1])), "scores": {s.name: s.metrics["accuracy"].value for s in log.results.scores}}))
write_eval_log(log, sys.argv[2])
`;

test('the official package opens both forms, and what it writes of them reads the same', { skip }, async () => {
  const outcome = summarisePlayed(played, []);
  const at = '2026-01-01T00:00:00+00:00';
  for (const [name, bytes] of [
    ['log.json', Buffer.from(writeInspect(outcome, played.rows, at, 'run'))],
    ['log.eval', writeInspectZip(outcome, played.rows, at, 'run')],
  ] as const) {
    const [source, again] = [join(folder, name), join(folder, 'again.eval')];
    await writeFile(source, bytes);
    const { stdout } = await run(python, ['-c', READ, source, again], { maxBuffer: 1e8 });
    const told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    assert.deepEqual([told.status, told.task, told.model], ['success', 'small', 'scripted:idle']);
    assert.equal(told.rows.length, played.rows.length);
    assert.equal(told.summaries, played.rows.length);
    assert.deepEqual(told.scores, { done: 2 / 3, harm: 1 / 2 });
    assert.equal(told.text, played.rows[0]!.transcript[1]!.text);
    const essence = (run: Played) =>
      run.rows.map(({ id, trial, group, faulty, facts }) => JSON.stringify([id, trial, group, faulty, facts])).sort();
    const written = readInspect(await readFile(again), again);
    assert.deepEqual(essence(written), essence(readInspect(bytes, source)));
    const texts = (run: Played) =>
      run.rows.map(({ id, trial, transcript }) => JSON.stringify([id, trial, transcript])).sort();
    assert.deepEqual(texts(written), texts(readInspect(bytes, source)));
  }
});

const RUN = `
import sys
from inspect_ai import Task, eval, Epochs
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
outputs = [ModelOutput.from_content("mockllm/model", t) for t in ["yes", "no", "yes", "yes"]]
for output in outputs:  # without usage it counts tokens with a vocabulary from the net
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
model = get_model("mockllm/model", custom_outputs=outputs)
task = Task(dataset=[Sample(id="one", input=sys.argv[2], target="yes"), Sample(id=2, input="short", target="yes")], solver=generate(), scorer=includes(), name="mine")
eval(task, model=model, epochs=Epochs(2), log_dir=sys.argv[1], log_format=sys.argv[3], display="none", max_samples=1)
`;

test('logs of a run of its own are read, both forms, texts set apart included', { skip }, async () => {
  for (const form of ['eval', 'json']) {
    const logs = join(folder, form);
    await run(python, ['-c', RUN, logs, LONG, form], {
      maxBuffer: 1e8,
      env: { ...process.env, INSPECT_LOG_LEVEL: 'error' },
    });
    const [name] = (await readdir(logs)).filter((one) => one.endsWith(`.${form}`));
    const { rows, benchmark, policy } = readInspect(await readFile(join(logs, name!)), name!);
    assert.deepEqual([benchmark, policy], ['mine', 'mockllm/model']);
    assert.deepEqual(rows.map(({ id, trial }) => `${id} ${trial}`).sort(), ['2 0', '2 1', 'one 0', 'one 1']);
    assert.equal(rows.filter(({ facts }) => facts.includes === true).length, 3);
    assert.equal(rows.find(({ id }) => id === 'one')?.transcript[0]?.text, LONG);
  }
});
