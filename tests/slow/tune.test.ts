// `align --model` from end to end, on a Qwen3 with all its weights and a Llama with an adapter, both made here with random
// weights: such a model cannot solve a task, but it can learn which decisions pay. The run resumes to the same bytes, its
// checkpoints are what other programs load, and damaged or foreign ones are refused in one line.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openModel } from '../../src/policy/local/adopt.ts';
import { writeTiny } from '../../src/policy/local/fixtures.ts';
import { loadModel } from '../../src/policy/local/load.ts';
import { loadAdapter } from '../../src/policy/local/lora.ts';
import type { StepMetrics } from '../../src/train/grpo.ts';
import { tokenSchema } from '../../src/train/tokens.ts';
import { generateScenario } from '../../src/world/generate/generate.ts';

const folder = await mkdtemp(join(tmpdir(), 'tribune-tune-'));
after(() => rm(folder, { recursive: true, force: true }));
const texts = Array.from({ length: 40 }, (_, at) => generateScenario(5, 'train', at).request);
const qwen = await writeTiny(join(folder, 'qwen'), 'qwen3', { vocab: 900, texts, context: 4096 });
const llama = await writeTiny(join(folder, 'llama'), 'llama', { vocab: 900, texts, context: 4096 });

const SHORT = 'manner.limits.thought=1,manner.limits.value=2,manner.limits.text=1,evaluate.count=6,checkpoint=2';
const RATES = 'grpo.optimizer=muon,grpo.learningRate=0.01,grpo.rise=1,grpo.emphasis=4';

type Ended = { readonly code: number | null; readonly said: string; readonly result: string };

/** Runs align. `until`: what it says when it is to be interrupted. */
function align(args: readonly string[], until?: string): Promise<Ended> {
  const child = spawn(process.execPath, [...process.execArgv, 'src/cli/main.ts', 'align', ...args]);
  let said = '';
  let result = '';
  child.stdout.on('data', (chunk: Buffer) => {
    result += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (until !== undefined && said.includes(until) && !child.killed) child.kill('SIGINT');
  });
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, said, result })));
}

const runOf = ({ said }: Ended): string => /^run (.+)$/m.exec(said)![1]!;

async function readSteps(run: string): Promise<StepMetrics[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as StepMetrics);
}

async function hashAll(run: string): Promise<{ [file: string]: string }> {
  const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && entry.name !== 'report.html',
  );
  const hashes = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [
      path.slice(run.length),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ] as const;
  });
  return Object.fromEntries((await Promise.all(hashes)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('a Qwen3 with all its weights: reward rises, sampler and trainer agree, the result is a model directory', async () => {
  const ended = await align([
    '--model',
    qwen,
    '--steps',
    '16',
    '--out',
    folder,
    '--json',
    '--set',
    `${SHORT},${RATES}`,
  ]);
  assert.equal(ended.code, 0, ended.said);
  const run = runOf(ended);
  const steps = await readSteps(run);
  assert.equal(steps.length, 16);
  for (const { mismatch, unjudged, gradientNorm } of steps) {
    assert.ok(mismatch < 1e-4);
    assert.equal(unjudged, 0);
    assert.ok(Number.isFinite(gradientNorm));
  }
  assert.ok(steps[0]!.gradientNorm > 0);
  const rewards = steps.map(({ reward }) => reward);
  assert.ok(mean(rewards.slice(-4)) > mean(rewards.slice(0, 4)), `${rewards}`);
  const [before, trained] = [await loadModel(qwen), await loadModel(join(run, 'checkpoints', 'final'))];
  assert.ok(trained.theta.some((x, at) => x !== before.theta[at]));
  const opened = await openModel(join(run, 'checkpoints', 'final'));
  assert.ok(opened.kind === 'foreign' && opened.voice.manner.limits.thought === 1);
  const report = JSON.parse(ended.result) as { readonly base: object; readonly aligned: object };
  assert.ok(report.base && report.aligned);
  assert.match(await readFile(join(run, 'report.html'), 'utf8'), /Before and after/);

  // The tokens of the first step, as the dashboard shows them: spelled out, and with the marks of this model's template.
  const lines = (await readFile(join(run, 'episodes', 'step-0000.tokens.jsonl'), 'utf8')).trim().split('\n');
  const episodes = (await readFile(join(run, 'episodes', 'step-0000.jsonl'), 'utf8')).trim().split('\n');
  const records = lines.map((line) => tokenSchema.parse(JSON.parse(line)));
  assert.deepEqual(
    records.map(({ id }) => id),
    episodes.map((line) => (JSON.parse(line) as { id: string }).id),
  );
  for (const { texts, control, own, logps } of records) {
    assert.match(texts.join(''), /<\|im_start\|>user/);
    assert.ok(control.some((at) => texts[at] === '<|im_end|>'));
    assert.ok(own.length > 0 && own.length === logps.length && logps.every((logp) => logp <= 0));
  }
});

test('a Llama with an adapter: interrupted and resumed it leaves the bytes of an undisturbed run, and only the adapter', async () => {
  const args = [
    '--model',
    llama,
    '--lora',
    '4',
    '--steps',
    '4',
    '--set',
    `${SHORT},${RATES},grpo.groups=4,grpo.members=4`,
  ];
  const whole = await align([...args, '--out', join(folder, 'whole')]);
  assert.equal(whole.code, 0, whole.said);
  const broken = await align([...args, '--out', join(folder, 'broken')], 'alignment 1/4');
  assert.equal(broken.code, 130, broken.said);
  const run = runOf(broken);
  assert.equal((await align(['--resume', run])).code, 0);
  assert.deepEqual(await hashAll(run), await hashAll(runOf(whole)));
  const final = join(run, 'checkpoints', 'final');
  assert.deepEqual((await readdir(final)).sort(), [
    'SHA256SUMS',
    'adapter_config.json',
    'adapter_model.safetensors',
    'tribune.json',
  ]);
  const { config, theta } = await loadModel(llama);
  assert.ok((await loadAdapter(final, config)).delta.some((x) => x !== 0));
  const opened = await openModel(final);
  assert.ok(opened.kind === 'foreign' && opened.model.theta.some((x, at) => x !== theta[at]));

  // Refused in one line: a checkpoint cut short, another base model, an adapter without a model.
  const cut = join(folder, 'cut');
  await cp(run, cut, { recursive: true });
  const weights = join(cut, 'checkpoints', 'latest', 'adapter_model.safetensors');
  await writeFile(weights, (await readFile(weights)).subarray(0, 200));
  const refused = await align(['--resume', cut]);
  assert.equal(refused.code, 2);
  assert.match(refused.said, /adapter_model\.safetensors.*cut short/);
  await cp(qwen, llama, { recursive: true });
  const swapped = await align(['--resume', run]);
  assert.equal(swapped.code, 2);
  assert.match(swapped.said, /expected the model the run began with/);
});

test('what cannot be aligned is told in one line', async () => {
  for (const [args, words] of [
    [['--lora', '4'], /--lora: .*--model/],
    [['--model', join(folder, 'none')], /no such directory/],
    [['--model', qwen, '--quick'], /--quick/],
    [['--model', qwen, '--set', 'grpo.stpes=3'], /did you mean steps/],
  ] as const) {
    const { code, said } = await align([...args, '--out', folder]);
    assert.equal(code, 2, said);
    assert.match(said, words);
    assert.equal(said.trim().split('\n').length, 1, said);
  }
});
