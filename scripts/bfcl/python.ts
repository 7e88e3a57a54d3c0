// A Python that holds the official BFCL checker: the one given, or one made for it with pip in a folder of its own.
// The package is pinned. Of its many dependencies only those the checker itself loads are installed.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const PACKAGE = 'bfcl-eval==2026.3.23';
/** What the checker and the prompt mode's decoder load. */
const NEEDED = [
  'mpmath==1.3.0',
  'tree_sitter==0.21.3',
  'tree-sitter-java==0.21.0',
  'tree-sitter-javascript==0.21.4',
  'tenacity==9.0.0',
  'filelock==3.20.0',
];
/** Marks a folder that is whole; another name where more is needed than before. */
const READY = 'ready-2';
const run = promisify(execFile);

/** The Python in `folder`, made there if need be. Throws where Python is missing or the package cannot be had. */
export async function ensurePython(folder: string): Promise<string> {
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, READY))) return python;
  const options = { maxBuffer: 1e8, timeout: 300_000 };
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await run('python3', ['-m', 'venv', folder], options);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', PACKAGE], options);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...NEEDED], options);
  await mkdir(join(folder, 'making'));
  await rename(join(folder, 'making'), join(folder, READY));
  return python;
}

/** Runs a script of this folder with arguments and gives what it printed. */
export async function runPython(python: string, script: string, ...args: readonly string[]): Promise<string> {
  const file = join(import.meta.dirname, script);
  const { stdout } = await run(python, [file, ...args], { maxBuffer: 1e9, env: { ...process.env, TZ: 'UTC' } });
  return stdout;
}
