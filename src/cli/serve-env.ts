// `tribune serve env`: serves a suite to trainers, over OpenEnv and ORS on one port (serve/env).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InputError } from '../episode/input.ts';
import { isSuite } from '../world/generate/suite-names.ts';
import type { Scenario } from '../world/scenario.ts';
import { PLACE_FLAGS, placeFields, SERVICE_FLAGS, tellPlace } from './place.ts';
import { DEFAULTS, openSuite, REWARDS, SUITE_FLAGS } from './suite.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Serve a suite to trainers over OpenEnv and ORS: worlds, tool calls, rewards.',
  usage: 'SUITE',
  flags: {
    ...PLACE_FLAGS,
    ...SERVICE_FLAGS,
    count: { ...SUITE_FLAGS.count, summary: 'how many tasks of each split (core, wide, open: 480, a file: all)' },
    seed: SUITE_FLAGS.seed,
    split: { ...SUITE_FLAGS.split, summary: 'serve only this split (default: both)' },
    host: {
      kind: 'string',
      value: 'HOST',
      fallback: '127.0.0.1',
      summary: 'where to listen; beyond this machine a token is needed',
    },
    port: { kind: 'integer', min: 0, max: 65535, fallback: 8000, summary: 'the port, 0 for any free one' },
    token: {
      kind: 'string',
      summary: 'what callers must send; better in TRIBUNE_SERVE_TOKEN, where other users cannot read it',
    },
    open: { kind: 'boolean', summary: 'no token beyond this machine: for a container whose port you guard yourself' },
    name: { kind: 'string', summary: "the environment's name for callers (default: the suite's)" },
    reward: { kind: 'choice', choices: REWARDS, fallback: 'tribune', summary: 'what is paid for' },
    credit: {
      kind: 'choice',
      choices: ['steps', 'end'],
      fallback: 'steps',
      summary: 'pay after each step what it changed, or all with the last; the sum is the same',
    },
    names: {
      kind: 'choice',
      choices: ['scenario', 'world'],
      fallback: 'scenario',
      summary: "tools under each scenario's names, or under the world's, the same for all tasks",
    },
    workers: { kind: 'integer', min: 1, max: 256, fallback: 2, summary: 'threads with worlds in them' },
    'max-sessions': { kind: 'integer', min: 1, max: 100_000, fallback: 1024, summary: 'sessions at once' },
    'max-frame': { kind: 'integer', min: 1024, max: 1 << 28, fallback: 1 << 20, summary: 'bytes of a message' },
    rate: {
      kind: 'integer',
      min: 1,
      max: 1_000_000,
      fallback: 1000,
      summary: 'messages a second of one session; faster ones wait',
    },
    idle: {
      kind: 'number',
      min: 1,
      max: 86_400,
      fallback: 900,
      summary: 'seconds of silence before a session is given up',
    },
    timeout: { kind: 'number', min: 1, max: 3600, fallback: 60, summary: 'seconds a world thread may owe an answer' },
    log: { kind: 'string', value: 'FILE', summary: 'append every episode, call and reward as a line of JSON' },
    episodes: {
      kind: 'string',
      value: 'FILE',
      summary: 'append whole judged episodes, for replay, score and the dashboard',
    },
  },
  async run({ flags, positionals }, io) {
    const { host, port, open, reward, credit, names, workers, rate, idle, timeout, log, episodes } = flags;
    const suite = positionals[0]!;
    const { scenarios, place } = await openSplits(suite, flags);
    tellPlace(io, place);
    const token = flags.token ?? process.env.TRIBUNE_SERVE_TOKEN;
    const { serveEnv } = await import('../serve/env/server.ts');
    const server = await serveEnv({
      name: flags.name ?? nameSuite(suite),
      version: readVersion(),
      scenarios,
      rules: { naming: names, credit, preset: reward },
      place,
      workers,
      host,
      port,
      open,
      maxSessions: flags['max-sessions'],
      maxFrame: flags['max-frame'],
      rate,
      idle: idle * 1000,
      timeout: timeout * 1000,
      now: Date.now,
      ...(token ? { token } : {}),
      ...(log === undefined && episodes === undefined
        ? {}
        : { files: { ...(log === undefined ? {} : { log }), ...(episodes === undefined ? {} : { episodes }) } }),
    }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        throw new InputError(`--port ${port}`, 'taken, expected a free one (0 finds one)');
      throw error;
    });
    const { url, tasks, splits } = server;
    const how = `${tasks} tasks (${splits.join(', ')}), ${flags['max-sessions']} sessions at once, reward ${reward}`;
    io.result({ url, tasks, splits, reward, ...placeFields(place) }, `${url} serves ${suite}: ${how}`);
    const stopped = new Promise<null>((resolve) => {
      io.signal.addEventListener('abort', () => resolve(null), { once: true });
      if (io.signal.aborted) resolve(null);
    });
    const failure = await Promise.race([stopped, server.failed]);
    await server.close();
    if (failure !== null) throw failure;
    return 0;
  },
});

type Flags = Parameters<typeof openSuite>[1];

/** The scenarios of a suite, of both splits unless one is asked for. A generated suite has as many of each. */
async function openSplits(suite: string, flags: Flags) {
  if (!isSuite(suite)) return openSuite(suite, flags);
  const splits = flags.split === undefined ? (['train', 'heldout'] as const) : [flags.split];
  const scenarios: Scenario[] = [];
  const { place } = await openSuite(suite, { ...flags, count: 1 });
  for (const split of splits) {
    const chosen = await openSuite(suite, { ...flags, split, count: flags.count ?? DEFAULTS.count });
    scenarios.push(...chosen.scenarios);
  }
  return { scenarios, place };
}

/** A suite's name as a part of a path. */
function nameSuite(suite: string): string {
  const plain = basename(suite)
    .replace(/\.\w+$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-');
  return /^[a-z]/.test(plain) ? plain.slice(0, 64) : 'suite';
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String(JSON.parse(text).version);
}
