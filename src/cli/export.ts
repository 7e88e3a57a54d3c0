// `tribune export`: a stored run as another tool's file (Inspect AI, promptfoo), and an Inspect log as a run of ours.
import { mkdir, readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { nameFault, writeAtomic } from '../evaluate/file.ts';
import { summarisePlayed } from '../evaluate/outcome.ts';

import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: "Write a stored run as another tool's file, or read an Inspect log as a run.",
  usage: 'RUN|LOG',
  flags: {
    to: {
      kind: 'choice',
      choices: ['inspect', 'promptfoo', 'run'],
      required: true,
      summary:
        'the form to write (inspect: .eval if --out ends so, else JSON); run reads an Inspect log of either form',
    },
    out: {
      kind: 'string',
      value: 'FILE|DIR',
      required: true,
      summary: 'the file to write, or for a run its directory',
    },
  },
  async run({ flags: { to, out }, positionals }, io) {
    const path = positionals[0]!;
    if (to === 'run') {
      const { readInspect } = await import('../evaluate/interop/inspect.ts');
      const { writeRun } = await import('./reports.ts');
      const bytes = await readFile(path).catch((error: unknown) => Promise.reject(nameFault(error, path)));
      const played = readInspect(bytes, path);
      await mkdir(out, { recursive: true });
      await writeRun(summarisePlayed(played, []), played.rows, [], { out }, io);
      io.result({ run: out, rows: played.rows.length }, `${played.rows.length} rows in ${out}`);
      return 0;
    }
    const { readRun } = await import('../evaluate/stored.ts');
    const { outcome, rows } = await readRun(path);
    const at = new Date(Date.now()).toISOString();
    const id = basename(resolve(path));
    const { writeInspect, writeInspectZip } = await import('../evaluate/interop/inspect.ts');
    const { writePromptfoo } = await import('../evaluate/interop/promptfoo.ts');
    const write = to === 'promptfoo' ? writePromptfoo : out.endsWith('.eval') ? writeInspectZip : writeInspect;
    await writeAtomic(out, write(outcome, rows, at, id));
    io.result({ file: out, rows: rows.length }, `${rows.length} rows in ${out}`);
    return 0;
  },
});
