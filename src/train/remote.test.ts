// A run on a Tinker server, whole, with the server of tinker/fixtures.ts: it learns, and it survives the server's death.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeTiny } from '../policy/local/fixtures.ts';
import { DEFAULT_MANNER } from '../policy/local/foreign.ts';
import { readModelFiles } from '../policy/local/load.ts';
import { readSpeech } from '../policy/local/speech.ts';
import { type FakeServer, openFake, type Upset } from '../policy/tinker/fixtures.ts';
import { remoteRun } from './remote.ts';
import { chooseRemote, type RemoteConfig } from './remoteconfig.ts';
import { createRun, readMetrics } from './rundir.ts';

const folder = await mkdtemp(join(tmpdir(), 'tribune-remote-'));
after(() => rm(folder, { recursive: true, force: true }));
const directory = await writeTiny(join(folder, 'model'), 'qwen3');
const { config: model, files } = await readModelFiles(directory);
const speech = readSpeech(files, directory);
/** Turns that earn different rewards, so that groups say something. */
const SAID = [
  speech.write('I stop.\nrefuse', { kind: 'final', text: 'I will not do this.' }),
  speech.write(null, { kind: 'malformed', text: '<tool_call>{', reason: '' }),
];
const CLOCK = { now: () => performance.now(), sleep: async () => undefined };

async function play(pipeline: boolean, upset: (server: () => FakeServer, path: string, nth: number) => Upset | null) {
  const server: FakeServer = await openFake({
    vocab: model.vocab,
    speak: (_, seed) => SAID[seed % 2]!,
    upset: (path, nth) => upset(() => server, path, nth),
  });
  const chosen = chooseRemote({
    target: { url: server.url, model: 'tiny', directory },
    context: model.context,
    manner: { ...DEFAULT_MANNER, limits: { thought: 16, value: 8, text: 16, turn: 64 } },
    rank: 4,
    seed: 1,
    steps: 3,
    reward: 'tribune',
  });
  const config: RemoteConfig = {
    ...chosen,
    learner: { ...chosen.learner, pipeline, prices: { prefill: 1, sampled: 2, trained: 3 } },
    grpo: { ...chosen.grpo, groups: 2, members: 4, learningRate: 1e-3 },
    evaluate: { ...chosen.evaluate, count: 2 },
    checkpoint: 1,
  };
  const run = await createRun(join(folder, `runs-${Math.trunc(performance.now())}`), config);
  const alarms: string[] = [];
  const onProgress = (p: { readonly phase: string; readonly text?: string }): void => {
    if (p.phase === 'alarm' && p.text) alarms.push(p.text);
  };
  const signal = new AbortController().signal;
  const done = await remoteRun(run, { signal, onProgress, client: { clock: CLOCK, heartbeat: 0 } });
  const lines = (await readMetrics(run)) as {
    step: number;
    gradientNorm: number;
    remote: { staleness: number; dollars: number };
  }[];
  await server.kill();
  return { done, lines, alarms, server };
}

test('a run learns, counts its tokens and leaves its weights on the server', async () => {
  const { done, lines } = await play(false, () => null);
  assert.deepEqual(
    lines.map(({ step, remote }) => [step, remote.staleness]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
    ],
  );
  assert.ok(lines.some(({ gradientNorm }) => gradientNorm > 0));
  assert.ok(done.usage.trained > 0 && done.usage.sampled > 0 && lines[2]!.remote.dollars > 0);
  assert.match(done.path, /^tinker:\/\//);
});

test('with a pipeline later steps are one step stale, and corrected', async () => {
  const { lines } = await play(true, () => null);
  assert.deepEqual(
    lines.map(({ remote }) => remote.staleness),
    [0, 1, 1],
  );
  assert.ok(lines.slice(1).some(({ remote }) => 'drift' in remote));
});

test('a server that forgets its models between two steps is gone back to, and the run is whole', async () => {
  let forgot = false;
  const { lines, alarms, server } = await play(false, (_, path, nth) => {
    if (path !== 'optim_step' || nth !== 1 || forgot) return null;
    forgot = true;
    return 404;
  });
  assert.deepEqual(
    lines.map(({ step }) => step),
    [0, 1, 2],
  );
  assert.equal(alarms.filter((text) => /going on from step 1/.test(text)).length, 1);
  assert.ok(server.log.includes('load_weights'));
});
