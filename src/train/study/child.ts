// The process of one job: `node child.ts ROOT JOB`. Says how far it is as lines of JSON on its output, and why it failed on
// its error output. Started by run.ts only.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkInput, parseJson } from '../../episode/input.ts';
import { studySchema } from './config.ts';
import { jobSchema } from './jobs.ts';
import { performJob } from './perform.ts';

const [root = '', text = ''] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error('stopped')));
// Whoever started this is gone: nobody wants the result now, and what was saved is kept.
process.on('disconnect', () => stop.abort(new Error('left alone')));

try {
  const file = join(root, 'study.json');
  const config = checkInput(studySchema, parseJson(await readFile(file, 'utf8'), file), file);
  const job = checkInput(jobSchema, parseJson(text, 'job'), 'job');
  let told = 0;
  await performJob(root, config, job, {
    signal: stop.signal,
    onProgress(done, total) {
      if (done !== total && performance.now() - told < 500) return;
      told = performance.now();
      process.send?.({ done, total });
    },
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
process.disconnect?.();
