// Talks to Hugging Face's Python libraries (reference.py), which it installs by itself into .cache/ where it can.
// TRIBUNE_PYTHON names an interpreter that has them already. On Linux the install is several gigabytes unless pip is
// pointed at wheels without CUDA (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL).
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PACKAGES = ['torch', 'transformers==5.23.0', 'peft==0.21.2', 'onnx', 'onnxruntime', 'numpy', 'accelerate'];
const CACHE = fileURLToPath(new URL('../../../.cache', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./reference.py', import.meta.url));
const run = promisify(execFile);

export type Reference = {
  /** Runs a command of reference.py. Rejects with what Python says. */
  ask<T>(command: string, ...args: readonly unknown[]): Promise<T>;
  close(): void;
};

/** An interpreter with the packages; a text says why there is none. */
export async function findPython(): Promise<{ readonly path: string } | string> {
  const named = process.env.TRIBUNE_PYTHON;
  if (named) return { path: named };
  const name = `python-${createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 8)}`;
  const folder = join(CACHE, name);
  const path = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (
    await access(join(folder, 'ready')).then(
      () => true,
      () => false,
    )
  )
    return { path };
  try {
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(path, ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', ...PACKAGES], { timeout: 1_500_000 });
    await run(path, ['-c', 'import torch, transformers, peft, onnx, onnxruntime']);
    await run(path, ['-c', `open(${JSON.stringify(join(folder, 'ready.tmp'))}, "w")`]);
    await rename(join(folder, 'ready.tmp'), join(folder, 'ready'));
    return { path };
  } catch (error) {
    return `Hugging Face's Python packages cannot be installed (${String(error).split('\n')[0]?.slice(0, 200)})`;
  }
}

/** Starts the reference; a text says why it cannot. Close it. */
export async function openReference(): Promise<Reference | string> {
  const python = await findPython();
  if (typeof python === 'string') return python;
  const child = spawn(python.path, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { value, error } = JSON.parse(line) as { value?: unknown; error?: string };
    const next = waiting.shift();
    if (error === undefined) next?.resolve(value);
    else next?.reject(new Error(error));
  });
  child.on('close', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`reference.py ended with ${code}`));
  });
  return {
    ask: <T>(command: string, ...args: readonly unknown[]) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ resolve: (value) => resolve(value as T), reject });
        child.stdin.write(`${JSON.stringify({ command, arguments: args })}\n`);
      }),
    close: () => child.kill(),
  };
}

const JAVASCRIPT = '@huggingface/transformers@4.3.1';

/** The folder of transformers.js, installed into .cache/ where it can be; a text says why it cannot. */
export async function installJavascript(): Promise<{ readonly folder: string } | string> {
  const root = join(CACHE, `transformers-js-${createHash('sha256').update(JAVASCRIPT).digest('hex').slice(0, 8)}`);
  const folder = join(root, 'node_modules', '@huggingface', 'transformers');
  const has = () =>
    access(join(folder, 'package.json')).then(
      () => true,
      () => false,
    );
  if (await has()) return { folder };
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await run(npm, ['install', '--prefix', root, '--no-save', '--ignore-scripts', JAVASCRIPT], { timeout: 600_000 });
    return { folder };
  } catch (error) {
    return `transformers.js cannot be installed (${String(error).split('\n')[0]?.slice(0, 200)})`;
  }
}
