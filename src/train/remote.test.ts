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
import { type FakeServer, openFake, speakTwo, type Upset } from '../policy/tinker/fixtures.ts';
import type { WireDatum } from '../policy/tinker/wire.ts';
import { TrainingFault } from './fault.ts';
import { remoteRun } from './remote.ts';
import { chooseRemote, type RemoteConfig } from './remoteconfig.ts';
import { createRun, readMetrics } from './rundir.ts';

const folder = await mkdtemp(join(tmpdir(), 'tribune-remote-'));
after(() => rm(folder, { recursive: true, force: true }));
const directory = await writeTiny(join(folder, 'model'), 'qwen3');
const { config: model, files } = await readModelFiles(directory);
const speak = speakTwo(readSpeech(files, directory));
const CLOCK = { now: () => performance.now(), sleep: async () => undefined };

type Setting = Partial<RemoteConfig['learner']> & { readonly noise?: number };

async function play(
  { noise = 0, ...learner }: Setting,
  upset: (server: () => FakeServer, path: string, nth: number) => Upset | null = () => null,
) {
  const server: FakeServer = await openFake({
    vocab: model.vocab,
    speak,
    noise,
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
    learner: { ...chosen.learner, ...learner, prices: { prefill: 1, sampled: 2, trained: 3 } },
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
  const done = await remoteRun(run, { signal, onProgress, client: { clock: CLOCK, heartbeat: 0 } }).finally(
    server.kill,
  );
  const lines = (await readMetrics(run)) as {
    step: number;
    gradientNorm: number;
    mismatch: number;
    remote: { staleness: number; dollars: number };
  }[];
  return { done, lines, alarms, server };
}

/** The tokens of what a server was asked, as its own log has them. */
function countAsked({ bodies }: FakeServer): { readonly prefill: number; readonly trained: number } {
  const lengthOf = ({ chunks }: WireDatum['model_input']) => chunks.reduce((sum, { tokens }) => sum + tokens.length, 0);
  // A datum goes out one token shorter: its last is only a target.
  const lengths = (input: unknown) =>
    (input as { data: WireDatum[] }).data.reduce((sum, { model_input: given }) => sum + lengthOf(given) + 1, 0);
  return bodies.reduce<{ prefill: number; trained: number }>(
    ({ prefill, trained }, { path, body }) => {
      if (path === 'asample') return { prefill: prefill + lengthOf(body.prompt as WireDatum['model_input']), trained };
      if (path === 'forward') return { prefill: prefill + lengths(body.forward_input), trained };
      if (path === 'forward_backward') return { prefill, trained: trained + lengths(body.forward_backward_input) };
      return { prefill, trained };
    },
    { prefill: 0, trained: 0 },
  );
}

test('a run learns, counts its tokens and leaves its weights on the server', async () => {
  const { done, lines, server } = await play({});
  assert.deepEqual(
    lines.map(({ step, remote }) => [step, remote.staleness]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
    ],
  );
  assert.ok(lines.some(({ gradientNorm }) => gradientNorm > 0));
  const { prefill, sampled, trained } = done.usage;
  assert.ok(sampled > 0 && trained > 0);
  assert.deepEqual({ prefill, trained }, countAsked(server));
  // Prices of 1, 2 and 3 dollars a million; the evaluation after the last step is not in its line.
  assert.ok(lines[2]!.remote.dollars > 0 && lines[2]!.remote.dollars < (prefill + 2 * sampled + 3 * trained) / 1e6);
  assert.match(done.path, /^tinker:\/\//);
});

test('with a pipeline later steps are one step stale, and corrected', async () => {
  const { lines } = await play({ pipeline: true });
  assert.deepEqual(
    lines.map(({ remote }) => remote.staleness),
    [0, 1, 1],
  );
  assert.ok(lines.slice(1).some(({ remote }) => 'drift' in remote));
});

test('a server that forgets its models between two steps is gone back to, and the run is whole', async () => {
  let forgot = false;
  const { lines, alarms, server } = await play({}, (_, path, nth) => {
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

test('a sampler in other numbers than the trainer stops the run with a word of what to set, and with that it runs', async () => {
  await assert.rejects(play({ noise: 0.05 }), (error) => {
    assert.ok(error instanceof TrainingFault);
    assert.match(error.message, /disagree by .*learner\.tolerance.*learner\.correct=always/);
    return true;
  });
  // A smaller one is not measured as rounding: with the parameters elsewhere, "moved by their last bit" would ask the base model.
  const asked: string[] = [];
  const small = play({ noise: 0.005 }, (_, path) => {
    asked.push(path);
    return null;
  });
  await assert.rejects(small, /disagree by/);
  assert.ok(asked.includes('forward_backward'));
  assert.ok(!asked.slice(asked.indexOf('forward_backward')).includes('asample'), asked.join(' '));
  const { lines } = await play({ noise: 0.05, tolerance: 0.1 });
  assert.equal(lines.length, 3);
  assert.ok(lines.some(({ mismatch }) => mismatch > 1e-3 && mismatch <= 0.05 + 1e-6));
  // Weighed against the trainer's own, nothing of the sampler's numbers is left in the update.
  const always = await play({ noise: 0.05, correct: 'always' });
  assert.ok(always.lines.every(({ mismatch, remote }) => mismatch < 1e-4 && 'drift' in remote));
});
