// `tribune study`: the experiment whole: every arm, several seeds, every split apart, one report. Jobs run side by side, one
// core each; the same command goes on where it was stopped.
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { InputError } from '../episode/input.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'The whole experiment: every arm with several seeds, every split apart, one report.',
  usage: '',
  flags: {
    quick: { kind: 'boolean', summary: 'Two seeds and short runs, under ten minutes: the direction, not the figures.' },
    seeds: { kind: 'integer', summary: 'How many seeds; default 5, with --quick 2.', min: 1, max: 100 },
    jobs: { kind: 'integer', summary: 'Jobs at once; default one per core.', min: 1, max: 512 },
    out: {
      kind: 'string',
      summary: 'The study’s directory; default runs/study-default or runs/study-quick.',
      value: 'DIR',
    },
    docs: { kind: 'string', summary: 'Write the tables as Markdown to this file too.', value: 'FILE' },
  },
  async run({ flags }, io) {
    const { DEFAULT_STUDY, QUICK_STUDY } = await import('../train/study/config.ts');
    const { openStudy, runStudy } = await import('../train/study/run.ts');
    const base = flags.quick ? QUICK_STUDY : DEFAULT_STUDY;
    const config = flags.seeds === undefined ? base : withSeeds(base, flags.seeds);
    const root =
      flags.out ?? join('runs', `study-${flags.quick ? 'quick' : 'default'}${flags.seeds ? `-${flags.seeds}` : ''}`);
    await openStudy(root, config);
    io.log(`study ${root}`);
    const { listJobs } = await import('../train/study/jobs.ts');
    const line = io.progress('jobs', listJobs(config).length, 0);
    const begin = performance.now();
    await runStudy(root, {
      width: flags.jobs ?? availableParallelism(),
      signal: io.signal,
      onProgress: ({ done, running }) => line.step(done, { running: running.join(', ') }),
    }).catch((error: unknown) => {
      io.log(`stopped; the same command goes on`);
      throw error;
    });
    const { studyMarkdown, studyPage } = await import('../train/study/report.ts');
    const { readCounts, readSeconds } = await import('../train/study/tables.ts');
    const { writeAtomic } = await import('../evaluate/file.ts');
    const command = `npm run study${flags.quick || flags.seeds ? ' --' : ''}${flags.quick ? ' --quick' : ''}${flags.seeds ? ` --seeds ${flags.seeds}` : ''}`;
    const study = { command, config, found: await readCounts(root, config), seconds: await readSeconds(root, config) };
    const markdown = studyMarkdown(study);
    await writeAtomic(join(root, 'report.html'), studyPage(study));
    await writeAtomic(join(root, 'results.md'), markdown);
    if (flags.docs !== undefined) await writeAtomic(flags.docs, markdown);
    const seconds = Math.round((performance.now() - begin) / 1000);
    const places = Object.fromEntries([...study.found].map(([player, seeds]) => [player, Object.fromEntries(seeds)]));
    io.result(
      { study: root, seconds, players: places },
      `${markdown}\nreport: ${relative('.', join(root, 'report.html'))}`,
    );
    return 0;
  },
});

type Study = { readonly seeds: readonly number[]; readonly arms: { readonly [arm: string]: number } };

/** The study with so many seeds; an arm trained with all of them stays so. */
function withSeeds<T extends Study>(study: T, count: number): T {
  if (!Number.isInteger(count)) throw new InputError('--seeds', `${count}, expected a whole number`);
  const arms = Object.fromEntries(
    Object.entries(study.arms).map(([arm, own]) => [arm, own === study.seeds.length ? count : Math.min(own, count)]),
  );
  return { ...study, seeds: Array.from({ length: count }, (_, at) => at + 1), arms };
}
