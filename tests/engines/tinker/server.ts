// Starts SkyRL's Tinker server, which it installs by itself into .cache/ where it can. TRIBUNE_TINKER_PYTHON names an interpreter
// that has it already (Python 3.12 or later; SkyRL 0.3.0 cannot be imported by 3.11 with pydantic 2), TRIBUNE_PYTHON312 one to install
// it with. The install is about 6 GB; one that takes longer than the tests may is given up, with a word, and goes faster the next time.
// The server insists on being started by `uv run`; the stand-in for uv runs this interpreter instead, so nothing is resolved anew.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PACKAGES = ['skyrl[tinker,jax]==0.3.0', 'tinker==0.38.0', 'torch'];
const CACHE = fileURLToPath(new URL('../../../.cache/tinker-skyrl-0.3.0', import.meta.url));
/** Programs that JAX has compiled: most of the time goes there, and a server that is started anew would begin at nothing. */
const COMPILED = fileURLToPath(new URL('../../../.cache/tinker-jax', import.meta.url));
const run = promisify(execFile);

const STAND_IN = `#!/bin/bash
while [ $# -gt 0 ] && [ "$1" != "-m" ]; do shift; done
if [[ "$2" == *engine* ]]; then exec "$TRIBUNE_TINKER_PYTHON" "$@"; fi
"$TRIBUNE_TINKER_PYTHON" "$@" & child=$!
trap 'kill -TERM $child' TERM INT; wait $child; wait $child
`;

export type SkyServer = {
  readonly url: string;
  /** As a power cut would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

async function findPython(): Promise<{ readonly path: string } | string> {
  const named = process.env.TRIBUNE_TINKER_PYTHON;
  if (named) return { path: named };
  const path = join(CACHE, 'bin/python');
  const isReady = await access(join(CACHE, 'ready')).then(
    () => true,
    () => false,
  );
  if (isReady) return { path };
  try {
    await rm(CACHE, { recursive: true, force: true });
    await run(await findMaker(), ['-m', 'venv', CACHE]);
    await run(path, ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { timeout: 420_000 });
    await run(path, ['-c', 'import skyrl.tinker.api, skyrl.backends.jax'], { timeout: 120_000 });
    await writeFile(join(CACHE, 'ready.tmp'), '');
    await rename(join(CACHE, 'ready.tmp'), join(CACHE, 'ready'));
    return { path };
  } catch (error) {
    return `SkyRL's Tinker server cannot be installed (${String(error).split('\n')[0]?.slice(0, 200)})`;
  }
}

/** A Python from 3.12 on: the named one, those on the path, or pyenv's. Rejects where there is none. */
async function findMaker(): Promise<string> {
  const named = process.env.TRIBUNE_PYTHON312;
  const pyenv = process.env.PYENV_ROOT ?? join(homedir(), '.pyenv');
  const kept = await readdir(join(pyenv, 'versions')).catch(() => []);
  const own = kept
    .filter((name) => /^3\.1[2-9]\./.test(name))
    .map((name) => join(pyenv, 'versions', name, 'bin/python'));
  for (const maker of named ? [named] : ['python3.12', 'python3.13', 'python3', ...own]) {
    const check = run(maker, ['-c', 'import sys; assert sys.version_info >= (3, 12)']);
    if (
      await check.then(
        () => true,
        () => false,
      )
    )
      return maker;
  }
  throw new Error('no Python 3.12 or later was found; TRIBUNE_PYTHON312 names one');
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

/** Starts it on a model directory; a text says why it cannot. Its files go to `folder`. */
export async function openServer(model: string, folder: string): Promise<SkyServer | string> {
  if (process.platform === 'win32') return 'the stand-in for uv is a shell script';
  const python = await findPython();
  if (typeof python === 'string') return python;
  const port = await freePort();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'uv'), STAND_IN);
  await chmod(join(bin, 'uv'), 0o755);
  const settings = { max_lora_adapters: 6, max_lora_rank: 8, sample_max_num_sequences: 16, train_micro_batch_size: 16 };
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--base-model', model, '--backend', 'jax'];
  const files = [
    '--checkpoints-base',
    join(folder, 'checkpoints'),
    '--database-url',
    `sqlite:///${join(folder, 'tinker.db')}`,
  ];
  const env = {
    ...process.env,
    TRIBUNE_TINKER_PYTHON: python.path,
    PATH: `${bin}:${process.env.PATH}`,
    JAX_PLATFORMS: 'cpu',
    JAX_COMPILATION_CACHE_DIR: COMPILED,
    JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0',
    JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES: '-1',
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
  };
  let child: ChildProcess | null = null;
  const url = `http://127.0.0.1:${port}`;
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const { pid, exitCode } = child ?? {};
    if (!child || pid === undefined || exitCode !== null) return;
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    process.kill(-pid, signal); // its own group: the engine too, which would outlive it
    await gone;
  };
  const start = async (): Promise<void> => {
    child = spawn(
      'uv',
      [
        'run',
        '--',
        'python',
        '-m',
        'skyrl.tinker.api',
        ...flags,
        ...files,
        '--backend-config',
        JSON.stringify(settings),
      ],
      {
        cwd: folder,
        env,
        stdio: 'ignore',
        detached: true,
      },
    );
    for (let tries = 0; tries < 240; tries++) {
      const up = await fetch(`${url}/api/v1/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (up) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error("SkyRL's server did not come up in two minutes");
  };
  try {
    await start();
  } catch (error) {
    await end('SIGKILL');
    return String(error);
  }
  return { url, start, kill: () => end('SIGKILL'), stop: () => end('SIGKILL') };
}
