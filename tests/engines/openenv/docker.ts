// A stand-in for the program `docker`, as far as OpenEnv's client calls it: `version`, `run -d --name N -p HOST:PORT [-e K=V]… IMAGE`,
// `stop`, `rm`. The one image there is was built by image.ts and stands in the file TRIBUNE_IMAGE; it is run as a plain process, on
// the host's port. Not here: everything that makes a container a container.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type Image, withPort } from './image.ts';

type Kept = Image & { readonly name: string; readonly bin: string };

const kept = JSON.parse(readFileSync(process.env.TRIBUNE_IMAGE ?? '', 'utf8')) as Kept;
const [verb, ...words] = process.argv.slice(2);

function runImage(): void {
  const after = (flag: string): string[] => words.flatMap((word, at) => (word === flag ? (words[at + 1] ?? []) : []));
  const [host, inside] = (after('-p')[0] ?? '').split(':').map(Number);
  if (words.at(-1) !== kept.name) throw new Error(`no such image: ${words.at(-1)}`);
  if (!words.includes('-d') || inside !== kept.exposed || !host)
    throw new Error(`cannot be run so: ${words.join(' ')}`);
  const given = Object.fromEntries(after('-e').map((pair) => pair.split('=', 2) as [string, string]));
  const [program = '', ...rest] = withPort(kept.command, kept.exposed, host);
  const env = { PATH: `${kept.bin}${delimiter}/usr/bin:/bin`, ...kept.environment, ...given };
  const child = spawn(program, rest, { cwd: kept.folder, env, detached: true, stdio: 'ignore' });
  child.unref();
  console.log(child.pid);
}

async function stopImage(): Promise<void> {
  const pid = Number(words[0]);
  process.kill(pid, kept.stopSignal as NodeJS.Signals);
  for (let tries = 0; tries < 90; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.kill(pid, 'SIGKILL');
}

if (verb === 'run') runImage();
else if (verb === 'stop') await stopImage();
else if (verb !== 'version' && verb !== 'rm') throw new Error(`not known here: ${verb}`);
