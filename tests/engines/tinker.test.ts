// Our Tinker client and remote learner against the real thing: SkyRL's Tinker server with JAX on the CPU, installed into .cache/ where
// it can be (tinker/server.ts), with a tiny Qwen3 written here as its base model. Not here: GPUs, hosted Tinker.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rng } from '../../src/episode/random.ts';
import { AdapterLearner } from '../../src/policy/local/adapt.ts';
import type { Batch } from '../../src/policy/local/batch.ts';
import { cpuExecutor } from '../../src/policy/local/executor.ts';
import { PROJECTIONS } from '../../src/policy/local/family.ts';
import { writeTiny } from '../../src/policy/local/fixtures.ts';
import { loadModel, saveModel } from '../../src/policy/local/load.ts';
import { loadAdapter } from '../../src/policy/local/lora.ts';
import { openTinker, remoteLearner, type TinkerClient, TinkerError } from '../../src/policy/tinker/index.ts';
import { openServer } from './tinker/server.ts';

const folder = await mkdtemp(join(tmpdir(), 'tribune-tinker-'));
const dir = await writeTiny(join(folder, 'model'), 'qwen3');
// Random embeddings are so small that no adapter can move the logits: larger ones can be steered.
const tiny = await loadModel(dir);
for (let at = 0; at < tiny.config.vocab * tiny.config.width; at++) tiny.theta[at] = 8 * tiny.theta[at]!;
await rm(dir, { recursive: true });
await saveModel(dir, tiny);
const server = await openServer(dir, folder);
const skip = typeof server === 'string' ? server : false;
after(async () => {
  if (typeof server !== 'string') await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const RANK = 8;
const WISHES = { baseModel: dir, rank: RANK, seed: 3 };
const open = (): Promise<TinkerClient> => {
  if (typeof server === 'string') throw new Error(server);
  return openTinker({ url: server.url, repeats: false, vocab: tiny.config.vocab, heartbeat: 5000 });
};

/** Eight sequences with advantages of both signs; all weights sum to 1, lengths differ. */
function makeBatch(logps: readonly ArrayLike<number>[] | null): Batch {
  const r = rng('tinker batch');
  const data = Array.from({ length: 8 }, (_, row) => {
    const tokens = Int32Array.from({ length: 10 + row }, () => 20 + r.int(400));
    const weights = Float32Array.from(tokens, (_, at) => (at > 3 ? 1 / 84 : 0));
    const advantages = Float32Array.from(tokens, () => (row % 2 ? 1 : -0.5));
    return { tokens, weights, advantages, oldLogps: Float32Array.from(logps?.[row] ?? tokens.map(() => 0)) };
  });
  return { data };
}

const farthest = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number =>
  Math.max(...a.flatMap((list, row) => Array.from(list, (value, at) => Math.abs(value - b[row]![at]!))));

async function fetchAdapter(client: TinkerClient, path: string, name: string): Promise<string> {
  const place = join(folder, name);
  await mkdir(place);
  const response = await client.download(path.replace(/\/([^/]+)$/, '/$1'));
  await writeFile(join(place, 'a.tar.gz'), new Uint8Array(await response.arrayBuffer()));
  await promisify(execFile)('tar', ['-xf', 'a.tar.gz'], { cwd: place });
  // SkyRL writes null where PEFT lists the matrices: it adapts them all.
  const file = join(place, 'adapter_config.json');
  await writeFile(
    file,
    JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), target_modules: [...PROJECTIONS] }),
  );
  return place;
}

test('log-probabilities, the gradient and what a step makes of it are those of the local learner', {
  skip,
}, async () => {
  const client = await open();
  const training = await client.create(WISHES);
  const base = client.sampling({ baseModel: dir });
  const remote = remoteLearner({ config: tiny.config, training, base, scale: 'mean' });
  const first = await training.saveForSampler('first');
  const adapter = await loadAdapter(await fetchAdapter(client, first, 'first'), tiny.config);
  const local = new AdapterLearner(tiny.config, tiny.theta, adapter, cpuExecutor());
  const plain = makeBatch(null);
  const [ours, theirs] = [await local.logps(plain), await remote.logps(plain)];
  assert.ok(farthest(ours, theirs) < 1e-4, `${farthest(ours, theirs)}`);
  assert.ok(farthest(ours, await remote.logps(plain, new Float32Array(1))) < 1e-4); // sampling's prompt log-probabilities
  for (const surrogate of ['ppo', 'importance_sampling', 'cispo', 'gspo'] as const) {
    const batch = makeBatch(theirs);
    const loss = { kind: 'grpo', surrogate } as const;
    const [mine, other] = [await local.forwardBackward(batch, loss), await remote.forwardBackward(batch, loss)];
    assert.ok(Math.abs(mine.loss - other.loss) < 1e-4, `${surrogate}: ${mine.loss} ${other.loss}`);
    const still = { learningRate: 0, clipNorm: 1e9, epsilon: 1e-8 };
    const [a, b] = [await local.optimStep(still), await remote.optimStep(still)];
    assert.ok(
      Math.abs(a.gradientNorm / b.gradientNorm - 1) < 1e-3,
      `${surrogate}: ${a.gradientNorm} ${b.gradientNorm}`,
    );
  }
  const batch = makeBatch(theirs);
  const step = { learningRate: 1e-2, clipNorm: 1e9, epsilon: 1e-8 };
  for (const learner of [local, remote]) {
    await learner.forwardBackward(batch, { kind: 'grpo' });
    await learner.optimStep(step);
  }
  const [after1, after2] = [await local.logps(plain), await remote.logps(plain)];
  assert.ok(farthest(after1, ours) > 1e-2, 'negative control: the step moved something');
  assert.ok(
    farthest(after1, after2) < 2e-2 * farthest(after1, ours),
    `${farthest(after1, after2)} of ${farthest(after1, ours)}`,
  );
  await client.close();
});

test('steps of GRPO raise the reward; a server killed between two goes on from its checkpoint', { skip }, async () => {
  if (typeof server === 'string') return;
  let client = await open();
  let training = await client.create(WISHES);
  const rewards: number[] = [];
  let worst = 0;
  let path = '';
  for (let step = 0; step < 10; step++) {
    if (step === 5) {
      path = await training.save('half');
      const probe = [{ tokens: [30, 40, 50, 60], weights: [0, 1, 1, 1] }];
      const before = (await training.forward(probe)).logprobs;
      await server.kill();
      await assert.rejects(training.forward(probe), TinkerError);
      await server.start();
      client = await open();
      training = await client.resume(WISHES, path);
      assert.ok(farthest(before, (await training.forward(probe)).logprobs) < 1e-6);
    }
    const remote = remoteLearner({
      config: tiny.config,
      training,
      base: client.sampling({ baseModel: dir }),
      scale: 'mean',
    });
    const sampler = client.sampling({ modelPath: await training.saveForSampler(`s${step}`) });
    const prompts = [0, 1].map((at) => [21 + at, 40, 50]);
    const groups = await Promise.all(
      prompts.map((prompt, at) => sampler.sample({ prompt, maxTokens: 12, count: 8, seed: 1000 * step + 100 * at })),
    );
    const scored = groups.flatMap((group, at) => {
      const scores = group.map(({ tokens }) => tokens.filter((token) => token < 200).length / tokens.length);
      const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
      rewards[step] = (rewards[step] ?? 0) + mean / prompts.length;
      return group.map(({ tokens, logprobs }, member) => ({
        prompt: prompts[at]!,
        tokens,
        logprobs,
        advantage: scores[member]! - mean,
      }));
    });
    const data = scored.map(({ prompt, tokens, logprobs, advantage }) => {
      const own = (values: readonly number[]) => Float32Array.from([...prompt.map(() => 0), ...values]);
      return {
        tokens: Int32Array.from([...prompt, ...tokens]),
        weights: own(tokens.map(() => 1 / (16 * 12))),
        advantages: own(tokens.map(() => advantage)),
        oldLogps: own(logprobs),
      };
    });
    const pass = await remote.forwardBackward({ data }, { kind: 'grpo' });
    worst = Math.max(
      worst,
      farthest(
        pass.logps,
        data.map(({ oldLogps }) => oldLogps),
      ),
    );
    await remote.optimStep({ learningRate: 2e-2 });
  }
  assert.ok(worst < 1e-4, `sampler and trainer disagree by ${worst}`);
  const [early, late] = [rewards.slice(0, 2), rewards.slice(-2)].map((list) => list.reduce((a, b) => a + b, 0) / 2);
  assert.ok(late! > early! + 0.1, rewards.map((reward) => reward.toFixed(3)).join(' '));
  await client.close();
});

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Starts a verb as a process. */
function startVerb(...words: readonly string[]) {
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  const child = spawn(process.execPath, ['--conditions=tribune-source', MAIN, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part));
  child.stderr.on('data', (part: Buffer) => (err += part));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  );
  return { child, ended };
}

test('align --learner: server and trainer are killed, another process resumes, and evaluate plays what came out', {
  skip,
}, async () => {
  if (typeof server === 'string') return;
  const out = join(folder, 'runs');
  const settings = 'grpo.groups=2,grpo.members=4,manner.limits.turn=16,evaluate.count=2,checkpoint=1';
  const target = (model: string): string => `tinker:${model}@${server.url}#${dir}`;
  const first = startVerb(
    ...['align', '--learner', target(dir), '--steps', '2', '--lora', String(RANK), '--out', out, '--set', settings],
  );
  const readNotes = async (): Promise<{ done: number }> => {
    const [name = ''] = await readdir(out).catch(() => []);
    return JSON.parse(await readFile(join(out, name, 'checkpoints', 'remote.json'), 'utf8').catch(() => '{"done":0}'));
  };
  while ((await readNotes()).done === 0 && first.child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 100));
  first.child.kill('SIGKILL');
  await server.kill();
  const killed = await first.ended;
  assert.equal(killed.code, null, killed.err);
  assert.equal((await readNotes()).done, 1);
  await server.start();
  const [name = ''] = await readdir(out);
  const run = join(out, name);
  const second = await startVerb('align', '--resume', run, '--json').ended;
  assert.equal(second.code, 0, second.err);
  const metrics = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const lines = metrics.map((line) => JSON.parse(line) as { step: number; mismatch: number });
  assert.deepEqual(
    lines.map(({ step }) => step),
    [0, 1],
  );
  const final = JSON.parse(await readFile(join(run, 'checkpoints', 'final.json'), 'utf8')) as { path: string };
  const played = await startVerb('evaluate', 'core', '--count', '2', '--policy', target(final.path), '--json').ended;
  assert.equal(played.code, 0, played.err);
  assert.equal((JSON.parse(played.out) as { metrics: { unharmed: { n: number } } }).metrics.unharmed.n, 2);
});
