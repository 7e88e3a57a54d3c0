// A policy of this project served over OpenAI's API and played from there with `chat:` does what it does in process: the same
// turns on the same scenarios. And the verb itself: it says where it listens, and refuses what it cannot serve in one line.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from '../src/cli/dispatch.ts';
import { collectText } from '../src/cli/sink.ts';
import { listenHttp } from '../src/guard/adapters/listen.ts';
import { writePolicy } from '../src/policy/local/fixtures.ts';
import { openChat } from '../src/serve/chat/open.ts';

const folder = await mkdtemp(join(tmpdir(), 'tribune-serve-chat-'));
after(() => rm(folder, { recursive: true, force: true }));

async function run(...argv: readonly string[]) {
  const [stdout, stderr] = [collectText(), collectText()];
  const table = {
    rollout: async () => (await import('../src/cli/rollout.ts')).verb,
    'serve chat': async () => (await import('../src/cli/serve-chat.ts')).verb,
  };
  const { signal } = new AbortController();
  const code = await runCli(argv, table, { version: '1', stdout, stderr, signal, now: () => 0 });
  return { code, out: stdout.text(), err: stderr.text() };
}

const makePolicy = (dir: string, seed: number): Promise<string> => {
  const call = '{"name":" send mail","arguments":{"recipient":" Carla"';
  return writePolicy(dir, {
    texts: ['Pay Anna 12 for the books', 'read mail; send mail', call],
    seed,
    sizes: { context: 4096 },
  });
};

/** The actions and thoughts of each episode, as they were stored. */
async function play(policy: string, file: string, ...more: readonly string[]) {
  const out = join(folder, file);
  const { code, err } = await run('rollout', 'core', '--count', '24', '--policy', policy, '--out', out, ...more);
  assert.equal(code, 0, err);
  type Stored = {
    readonly scenario: string;
    readonly steps: readonly { readonly think: string | null; readonly action: object }[];
  };
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as Stored).steps.map(({ think, action }) => ({ think, action })));
}

const isCut = (action: object): boolean => 'kind' in action && action.kind === 'malformed';

test('a policy over the wire takes the turns it takes in process', async () => {
  const directory = await makePolicy(join(folder, 'policy'), 7);
  const chat = await openChat({ directory, slots: 8, threads: 1, now: () => 0 });
  const { url, close } = await listenHttp(chat.handle);
  try {
    const here = await play(`local:${directory}`, 'local.jsonl');
    const there = await play(`chat:policy@${url}/v1`, 'chat.jsonl', '--max-tokens', '96');
    assert.ok(new Set(here.map((steps) => JSON.stringify(steps))).size > 6, 'every episode is alike');
    const kinds = here.flat().map(({ action }) => (action as { kind: string }).kind);
    for (const kind of ['call', 'check', 'final']) assert.ok(kinds.includes(kind), `no ${kind} among the turns`);
    // A turn cut in the middle by its bound is told as a text that was cut, so those episodes are told apart.
    const whole = here.flatMap((steps, at) => (steps.some(({ action }) => isCut(action)) ? [] : [at]));
    assert.ok(whole.length > 12);
    assert.deepEqual(
      whole.map((at) => there[at]),
      whole.map((at) => here[at]),
    );
  } finally {
    await close();
    await chat.close();
  }
});

test('the verb tells its address, answers there and ends with the signal', async () => {
  const directory = await makePolicy(join(folder, 'verb'), 5);
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [...process.execArgv, main, 'serve', 'chat', directory, '--port', '0', '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(String(data))),
  );
  const { url, model, kind } = JSON.parse(line);
  assert.deepEqual([model, kind], ['verb', 'protocol']);
  const { data } = (await (await fetch(`${url}/models`)).json()) as { data: readonly { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    ['verb'],
  );
  const rebound = await fetch(`${url}/models`, { headers: { origin: 'https://evil.example' } });
  assert.equal(rebound.status, 403);
  child.kill('SIGINT');
  await ended;
});

test('what cannot be served is told in one line with exit 2', async () => {
  const none = await run('serve', 'chat', join(folder, 'nowhere'));
  assert.deepEqual([none.code, none.out], [2, '']);
  assert.match(none.err, /nowhere: no such directory\n$/);
  const bad = join(folder, 'bad');
  await mkdir(bad);
  await writeFile(join(bad, 'config.json'), '{"model_type":"gemma3"}');
  const foreign = await run('serve', 'chat', bad);
  assert.equal(foreign.code, 2);
  assert.match(foreign.err, /bad\/config\.json: model_type: .*qwen3/);
  const directory = await makePolicy(join(folder, 'open'), 6);
  const open = await run('serve', 'chat', directory, '--host', '0.0.0.0', '--port', '0');
  assert.equal(open.code, 2);
  assert.match(open.err, /host 0\.0\.0\.0: reachable from other machines, expected a token/);
});
