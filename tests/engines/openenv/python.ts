// An interpreter with OpenEnv's and ORS's own packages, which it installs by itself into .cache/ where it can. All versions are
// pinned (requirements.txt), so pip has nothing to resolve. TRIBUNE_OPENENV_PYTHON names an interpreter that has them already.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CACHE = fileURLToPath(new URL('../../../.cache', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const run = promisify(execFile);

/** Finds or makes the interpreter; a text says why there is none. */
export async function findPython(): Promise<{ readonly path: string } | string> {
  const named = process.env.TRIBUNE_OPENENV_PYTHON;
  if (named) return { path: named };
  const wanted = await readFile(join(HERE, 'requirements.txt'), 'utf8');
  const folder = join(CACHE, `openenv-${createHash('sha256').update(wanted).digest('hex').slice(0, 8)}`);
  const path = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const ready = await access(join(folder, 'ready')).then(
    () => true,
    () => false,
  );
  if (ready) return { path };
  try {
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:'];
    await run(path, [...pip, '-r', join(HERE, 'requirements.txt')], { timeout: 900_000 });
    await run(path, ['-c', 'import openenv.core.mcp_client, ors.client, fastmcp'], { timeout: 300_000 });
    await writeFile(join(folder, 'ready.tmp'), '');
    await rename(join(folder, 'ready.tmp'), join(folder, 'ready'));
    return { path };
  } catch (error) {
    return `OpenEnv's Python packages cannot be installed (${String(error).split('\n')[0]?.slice(0, 200)})`;
  }
}

/** A check of clients.py and the address it is made against. */
export type Check = readonly [check: string, url: string];

/** Makes checks with the official clients, in one process, since their imports take seconds. Gives the fault of each, or null. */
export async function checkClients(python: string, checks: readonly Check[]): Promise<(string | null)[]> {
  const words = checks.map(([check, url]) => `${check}=${url}`);
  const { stdout } = await run(python, [join(HERE, 'clients.py'), ...words], { timeout: 600_000, maxBuffer: 1 << 24 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { fault: string | null }).fault);
}

/** Runs `openenv validate --url`. Gives what it prints, and whether it passed. */
export async function validate(
  python: string,
  url: string,
): Promise<{ readonly passed: boolean; readonly text: string }> {
  const program = join(dirname(python), process.platform === 'win32' ? 'openenv.exe' : 'openenv');
  return run(program, ['validate', '--url', url], { timeout: 300_000 }).then(
    ({ stdout }) => ({ passed: true, text: stdout }),
    (error: { stdout?: string; stderr?: string }) => ({ passed: false, text: `${error.stdout}${error.stderr}` }),
  );
}

export type Reference = { readonly url: string; readonly pid: number; close(): void };

/** Starts the reference server with texts by tool; waits until it answers. */
export async function startReference(
  python: string,
  texts: { readonly [tool: string]: string },
  ...more: readonly string[]
): Promise<Reference> {
  const port = await freePort();
  const child = spawn(python, [join(HERE, 'reference.py'), String(port), JSON.stringify(texts), ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    said = `${said}\n${line}`.slice(-2000);
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) break;
    const up = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return { url, pid: child.pid ?? 0, close: () => void child.kill() };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  child.kill();
  throw new Error(`the reference server does not start: ${said}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
