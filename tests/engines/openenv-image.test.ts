// The container, as far as it can be shown without Docker: every instruction of the Dockerfile is carried out in folders
// (openenv/image.ts), what it would run is run as a plain process from the folder so made, OpenEnv's own EnvClient.from_docker_image
// starts and ends it through a stand-in for `docker`, and OpenEnv's validator reads openenv.yaml. No image is built here.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { access, chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { LIMITS, WEIGHTS } from '../../src/reward/presets.ts';
import {
  buildImage,
  type Image,
  pathWithNode,
  readCopy,
  readIgnored,
  readInstructions,
  withPort,
} from './openenv/image.ts';
import { findPython } from './openenv/python.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('openenv/', import.meta.url));
const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'tribune-image-'));
after(() => rm(folder, { recursive: true, force: true }));

/** The image, or why it cannot be made here: without the package index there is nothing to install from. */
async function tryBuild(): Promise<Image | string> {
  if (process.platform === 'win32') return 'the Dockerfile is for Linux';
  try {
    return await buildImage(ROOT, join(folder, 'build'));
  } catch (error) {
    const told = `${error instanceof Error && 'stderr' in error ? error.stderr : ''}${error}`;
    const isOffline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(told);
    if (isOffline) return `npm cannot install (${told.split('\n')[0]?.slice(0, 200)})`;
    throw error;
  }
}

await mkdir(join(folder, 'build'));
const built = await tryBuild();
const python = await findPython();
const skip = typeof built === 'string' ? built : false;
const skipPython = typeof python === 'string' ? python : skip;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

/** The health check's exit code, asked of a port, in an environment with that token. */
async function checkHealth(image: Image, port: number, token = ''): Promise<number> {
  const [program = '', ...words] = withPort(image.health, image.exposed, port);
  const env = { PATH: await pathWithNode(join(folder, 'bin')), ...(token && { TRIBUNE_SERVE_TOKEN: token }) };
  return run(program, words, { env }).then(
    () => 0,
    ({ code }: { code: number }) => code,
  );
}

test('what the Dockerfile copies is there and not kept out, and all parts name one port', async () => {
  const instructions = readInstructions(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
  const isIgnored = await readIgnored(ROOT);
  const copied = instructions.filter(({ word }) => word === 'COPY').map(({ rest }) => readCopy(rest));
  const sources = copied.flatMap(({ from, sources: own }) => (from === null ? own : []));
  assert.ok(sources.includes('package-lock.json'));
  for (const source of sources) {
    await access(join(ROOT, source));
    assert.ok(!isIgnored(source), source);
  }
  for (const name of ['node_modules', 'dist', 'runs', '.git', '.cache']) assert.ok(isIgnored(name), name);
  const rest = (word: string): string | undefined => instructions.findLast((one) => one.word === word)?.rest;
  const yaml = parse(await readFile(join(ROOT, 'openenv.yaml'), 'utf8')) as { [key: string]: unknown };
  assert.deepEqual([yaml.spec_version, yaml.port, yaml.type, yaml.app], [1, 8000, 'space', 'Dockerfile']);
  assert.equal(rest('EXPOSE'), '8000');
  assert.match(rest('CMD') ?? '', /"--port", "8000"/);
  assert.match(rest('HEALTHCHECK') ?? '', /127\.0\.0\.1:8000\/health/);
  assert.throws(() => readInstructions('FROM a\nwhat is this'), /no instruction/);
});

test('the lowest return that openenv.yaml declares is every fault of the reward at once', async () => {
  const { validation } = parse(await readFile(join(ROOT, 'openenv.yaml'), 'utf8')) as {
    validation: { reward: { range: [number, number] } };
  };
  const counts: { readonly [term: string]: number } = LIMITS;
  const worst = Object.entries(WEIGHTS).reduce(
    (sum, [term, weight]) => sum + Math.min(0, weight) * (counts[term] ?? 1),
    0,
  );
  assert.deepEqual(validation.reward.range, [Math.round(worst * 100) / 100, WEIGHTS.format + WEIGHTS.outcome]);
});

test('the folder that the Dockerfile makes holds what is run, serves as a plain process, and is healthy', {
  skip,
}, async () => {
  assert.ok(typeof built !== 'string');
  assert.equal(built.user, 'node');
  for (const [path, expected] of [
    ['dist/cli/main.js', true],
    ['node_modules/ws', true],
    ['node_modules/typescript', false],
    ['node_modules/onnxruntime-node', false],
    ['src', false],
    ['tests', false],
  ] as const) {
    const isThere: boolean = await access(join(built.folder, path)).then(
      () => true,
      () => false,
    );
    assert.equal(isThere, expected, path);
  }
  const port = await freePort();
  assert.equal(await checkHealth(built, port), 1, 'healthy before it was started');
  const [program = '', ...words] = withPort(built.command, built.exposed, port);
  // Nothing of this process: what it needs, the image brings.
  const env = { PATH: await pathWithNode(join(folder, 'bin')), ...built.environment };
  const child = spawn(program, words, { cwd: built.folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const said = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (part: Buffer) => resolve(part.toString()));
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
  assert.match(said, /960 tasks \(train, heldout\)/);
  assert.equal(await checkHealth(built, port), 0);
  const answer = await fetch(`http://127.0.0.1:${port}/reset`, { method: 'POST', body: '{"seed":3}' });
  const { observation } = (await answer.json()) as { observation: { prompt: string } };
  assert.ok(observation.prompt.length > 0);
  child.kill(built.stopSignal as NodeJS.Signals);
  assert.equal(await ended, 130, 'it did not end by itself');
  assert.equal(await checkHealth(built, port), 1);
});

test('with a token in its environment it asks callers for it, and its health check has it', { skip }, async () => {
  assert.ok(typeof built !== 'string');
  const port = await freePort();
  const [program = '', ...words] = withPort(built.command, built.exposed, port);
  const env = { PATH: await pathWithNode(join(folder, 'bin')), ...built.environment, TRIBUNE_SERVE_TOKEN: 'of-mine' };
  const child = spawn(program, words, { cwd: built.folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  assert.equal((await fetch(`http://127.0.0.1:${port}/metadata`)).status, 401);
  assert.deepEqual([await checkHealth(built, port, 'of-mine'), await checkHealth(built, port)], [0, 1]);
  child.kill('SIGTERM');
  await ended;
});

test('EnvClient.from_docker_image starts it, plays, and ends it', { skip: skipPython }, async () => {
  assert.ok(typeof built !== 'string' && typeof python !== 'string');
  const bin = join(folder, 'docker');
  await mkdir(bin);
  const program = join(bin, 'docker');
  const call = `exec "${process.execPath}" --conditions=tribune-source "${join(HERE, 'docker.ts')}" "$@"`;
  await writeFile(program, `#!/bin/sh\n${call}\n`);
  await chmod(program, 0o755);
  await pathWithNode(join(folder, 'bin'));
  const kept = join(folder, 'image.json');
  await writeFile(kept, JSON.stringify({ ...built, name: 'tribune-env', bin: join(folder, 'bin') }));
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, TRIBUNE_IMAGE: kept };
  const ask = async (image: string): Promise<{ readonly fault: string | null }> => {
    const { stdout } = await run(python.path, [join(HERE, 'clients.py'), `container=${image}`], {
      env,
      timeout: 120_000,
    });
    return JSON.parse(stdout) as { fault: string | null };
  };
  assert.equal((await ask('tribune-env')).fault, null);
  assert.match((await ask('another')).fault ?? '', /Failed to start Docker container/);
});

test('openenv validate passes the folder, and not one that declares nothing', { skip: skipPython }, async () => {
  assert.ok(typeof python !== 'string');
  const openenv = join(dirname(python.path), 'openenv');
  const validate = (place: string): Promise<string> =>
    run(openenv, ['validate', place, '--skip-build', '--level', 'static'], { timeout: 120_000 }).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
  // Alone: a checkout holds links, which it refuses.
  const place = join(folder, 'package');
  await mkdir(place);
  for (const name of ['openenv.yaml', 'Dockerfile']) await cp(join(ROOT, name), join(place, name));
  assert.match(await validate(place), /PASS\s+static\.manifest[\s\S]*Verdict: PASS/);
  const yaml = await readFile(join(place, 'openenv.yaml'), 'utf8');
  await writeFile(join(place, 'openenv.yaml'), yaml.slice(0, yaml.indexOf('validation:')));
  assert.match(await validate(place), /Verdict: FAIL/);
});
