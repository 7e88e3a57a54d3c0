// Starts a verb of the command line that serves, as a person would, and waits for the address it tells.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

export type Serving = { readonly url: string; readonly child: ChildProcess };

/** Rejects where the verb ends before it tells an address. Kill the child. */
export async function startVerb(...words: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, ['--conditions=tribune-source', '--no-warnings', MAIN, ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.trimEnd().endsWith('}')) return { url: JSON.parse(text).url, child };
  }
  throw new Error(`the verb ended before it told its address: ${text}`);
}
