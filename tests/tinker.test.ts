// `align --learner tinker:…` and `evaluate --policy tinker:…` as processes, against the server of src/policy/tinker/fixtures.ts: a server
// that dies and comes back, a trainer that is killed and resumed in another process, accounts that hold across both. Not here:
// the real server (tests/engines/tinker.test.ts).
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeTiny } from '../src/policy/local/fixtures.ts';
import { readModelFiles } from '../src/policy/local/load.ts';
import { readSpeech } from '../src/policy/local/speech.ts';
import { type FakeServer, openFake, speakTwo, type Upset } from '../src/policy/tinker/fixtures.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'tribune-tinker-'));
after(() => rm(folder, { recursive: true, force: true }));
const directory = await writeTiny(join(folder, 'model'), 'qwen3');
const { config: model, files } = await readModelFiles(directory);
const speak = speakTwo(readSpeech(files, directory));

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Starts the command in the folder. */
function start(...words: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const env = { ...process.env, NODE_NO_WARNINGS: '1', TINKER_API_KEY: '' };
  const child = spawn(process.execPath, ['--conditions=tribune-source', MAIN, ...words], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part));
  child.stderr.on('data', (part: Buffer) => (err += part));
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err }))) };
}

const servers: FakeServer[] = [];
after(() => Promise.all(servers.map(({ kill }) => kill())));
async function openServer(upset: (path: string, nth: number) => Upset | null = () => null): Promise<FakeServer> {
  const server = await openFake({ vocab: model.vocab, speak, ordered: false, upset });
  servers.push(server);
  return server;
}

const STEPS = 4;
const SETTINGS = [
  ...['grpo.groups=2', 'grpo.members=4', 'grpo.learningRate=0.001', 'manner.limits.turn=64', 'evaluate.count=2'],
  ...['checkpoint=1', 'learner.prices.prefill=1', 'learner.prices.sampled=2', 'learner.prices.trained=3'],
];
const align = (server: FakeServer, out: string, ...more: readonly string[]) =>
  start(
    ...['align', '--learner', `tinker:tiny@${server.url}#${directory}`, '--steps', String(STEPS), '--out', out],
    ...['--json', '--set', [...SETTINGS, ...more].join()],
  );

type Line = {
  readonly step: number;
  readonly mismatch: number;
  readonly remote: { readonly staleness: number; readonly drift?: object; readonly dollars: number };
};

async function readRun(out: string) {
  const [name = ''] = await readdir(join(folder, out));
  const run = join(folder, out, name);
  const metrics = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  const lines = metrics.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
  return { run, lines: lines.filter(({ step }) => step !== undefined) };
}

test('a server that dies is waited for, a trainer that is killed goes on in another process, and what came out is evaluated', async () => {
  let died = 0;
  let trainer: ChildProcess | null = null;
  const server: FakeServer = await openServer((path, nth) => {
    if (path === 'forward_backward' && nth === 1 && died === 0) {
      died = 1;
      void server.kill().then(() => new Promise((resolve) => setTimeout(resolve, 300)).then(server.start));
      return 'before';
    }
    if (path === 'optim_step' && nth === 2 && died === 1) {
      died = 2;
      trainer?.kill('SIGKILL');
      void server.kill().then(server.start);
      return 'before';
    }
    return null;
  });
  const first = align(server, 'runs');
  trainer = first.child;
  const killed = await first.ended;
  assert.deepEqual([killed.code, died], [null, 2], killed.err);
  assert.match(killed.err, /going on from step 1/);
  const { run } = await readRun('runs');
  const { code, err } = await start('align', '--resume', run, '--json').ended;
  assert.equal(code, 0, err);
  const { lines } = await readRun('runs');
  assert.deepEqual(
    lines.map(({ step }) => step),
    [0, 1, 2, 3],
  );
  assert.equal(server.log.filter((path) => path === 'load_weights').length, 2);
  const final = JSON.parse(await readFile(join(run, 'checkpoints', 'final.json'), 'utf8')) as {
    readonly path: string;
    readonly usage: { readonly prefill: number; readonly sampled: number; readonly trained: number };
    readonly dollars: number;
  };
  const { prefill, sampled, trained } = final.usage;
  assert.ok(trained > 0 && sampled > 0);
  assert.ok(Math.abs(final.dollars - (prefill + 2 * sampled + 3 * trained) / 1e6) < 1e-12);
  assert.ok(lines.every(({ remote }, at) => at === 0 || remote.dollars > lines[at - 1]!.remote.dollars));

  const before = server.log.length;
  const policy = `tinker:${final.path}@${server.url}#${directory}`;
  const measured = await start('evaluate', 'core', '--count', '4', '--policy', policy, '--json').ended;
  assert.equal(measured.code, 0, measured.err);
  const { metrics, policy: named } = JSON.parse(measured.out) as {
    metrics: { unharmed: { n: number } };
    policy: string;
  };
  assert.deepEqual([metrics.unharmed.n, named], [4, policy]);
  const asked = server.bodies.filter(({ path }) => path === 'asample').slice(-1)[0]!.body;
  assert.equal(asked.model_path, final.path);
  assert.ok(server.log.slice(before).includes('asample'));
  await server.kill();

  const alone = await start('evaluate', 'core', '--count', '1', '--policy', 'tinker:tiny@nowhere', '--json').ended;
  assert.deepEqual([alone.code, alone.out], [2, '']);
  assert.match(alone.err, /expected tinker:MODEL@http/);
});

test('a pipeline asked for on the command line is one step behind, says so and corrects it', async () => {
  const server = await openServer();
  const { code, err } = await align(server, 'piped', 'learner.pipeline=true', 'learner.tolerance=0.01').ended;
  assert.equal(code, 0, err);
  const { lines } = await readRun('piped');
  assert.deepEqual(
    lines.map(({ remote }) => [remote.staleness, remote.drift !== undefined]),
    [
      [0, false],
      [1, true],
      [1, true],
      [1, true],
    ],
  );
  for (const { mismatch } of lines) assert.ok(mismatch >= 0 && mismatch <= 0.01);
  await server.kill();
});

test('the example of docs/tinker.md runs as it stands, but for the address', async () => {
  const server = await openFake({ vocab: 12 });
  const text = await readFile(join(ROOT, 'docs', 'tinker.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const code = example.replace('http://127.0.0.1:8000', server.url);
  assert.notEqual(code, example);
  const told = 'console.log(JSON.stringify([pass.logprobs.length, answer.tokens.length > 0, path]));';
  const words = ['--conditions=tribune-source', '--input-type=module-typescript', '-e', `${code}\n${told}`];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: ROOT });
  const [passes, drew, path] = JSON.parse(stdout) as [number, boolean, string];
  assert.deepEqual([passes, drew], [1, true]);
  assert.match(path, /^tinker:\/\/.*step-1$/);
  assert.deepEqual(
    ['create_session', 'create_model', 'forward_backward', 'optim_step', 'asample', 'unload_model'].filter(
      (call) => !server.log.includes(call),
    ),
    [],
  );
  await server.kill();
});
