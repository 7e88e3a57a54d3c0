// `tribune study`: the experiment whole: every arm, several seeds, every split apart, one report. Jobs run side by side, one
// core each; the same command goes on where it was stopped. With `--policy` an agent is measured bare, with a safety prompt and
// with the guard instead.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { InputError } from '../episode/input.ts';
import type { StudyConfig } from '../train/study/config.ts';
import type { Study } from '../train/study/report.ts';
import type { FlagSpec, ParsedArgs } from './args.ts';
import { CHAT_FLAGS, readChat, tellDryRun, tellOutage } from './chat.ts';
import type { Io } from './output.ts';
import { defineVerb } from './verb.ts';

const FLAGS = {
  policy: {
    kind: 'string',
    value: 'NAME',
    summary: 'Measure this agent (chat:MODEL@URL) bare, with a safety prompt and with the guard; train nothing.',
  },
  quick: { kind: 'boolean', summary: 'Two seeds and short runs, under ten minutes: the direction, not the figures.' },
  seeds: {
    kind: 'integer',
    summary: 'How many seeds at most for each arm; default 10, with --quick 2.',
    min: 1,
    max: 100,
  },
  jobs: { kind: 'integer', summary: 'Jobs at once; default one per core.', min: 1, max: 512 },
  out: {
    kind: 'string',
    summary: 'The study’s directory; default runs/study-default or runs/study-quick.',
    value: 'DIR',
  },
  set: {
    kind: 'string',
    value: 'KEY=VALUE',
    summary:
      'Change settings of every arm’s training (docs/grpo.md), such as warm.steps=4000; several by commas. Needs --out.',
  },
  docs: { kind: 'string', summary: 'Write the tables as Markdown to this file too.', value: 'FILE' },
  ...CHAT_FLAGS,
} as const satisfies FlagSpec;

export const verb = defineVerb({
  summary: 'The whole experiment: every arm with several seeds, every split apart, one report.',
  usage: '',
  flags: FLAGS,
  async run({ flags }, io) {
    if (flags.policy !== undefined && flags.set !== undefined)
      throw new InputError('--set', 'changes trainings, and with --policy nothing is trained');
    if (flags.policy !== undefined) return tellOutage(flags.policy, () => studyAgent(flags.policy ?? '', flags, io));
    const { DEFAULT_STUDY, QUICK_STUDY } = await import('../train/study/config.ts');
    const { openStudy, runStudy, shareDone } = await import('../train/study/run.ts');
    const base = flags.quick ? QUICK_STUDY : DEFAULT_STUDY;
    const seeded = flags.seeds === undefined ? base : withSeeds(base, flags.seeds);
    const config = flags.set === undefined ? seeded : await withSettings(seeded, flags.set, flags.out);
    const root =
      flags.out ?? join('runs', `study-${flags.quick ? 'quick' : 'default'}${flags.seeds ? `-${flags.seeds}` : ''}`);
    await openStudy(root, config);
    io.log(`study ${root}`);
    const percent = (share: number): number => Math.floor(100 * share);
    const line = io.progress('study, percent', 100, percent(shareDone(root, config)));
    const begin = performance.now();
    await runStudy(root, {
      width: flags.jobs ?? availableParallelism(),
      signal: io.signal,
      onProgress: ({ done, total, running, share }) =>
        line.step(percent(share), { jobs: `${done} of ${total}`, running: running.join(', ') }),
    }).catch((error: unknown) => {
      io.log(`stopped; the same command goes on`);
      throw error;
    });
    const { describeStudy } = await import('../train/study/report.ts');
    const { readCounts, readSeconds } = await import('../train/study/tables.ts');
    const words = [
      flags.quick && '--quick',
      flags.seeds && `--seeds ${flags.seeds}`,
      flags.set && `--set ${flags.set} --out ${flags.out}`,
    ]
      .filter(Boolean)
      .join(' ');
    const about = describeStudy(config, await readSeconds(root, config));
    const command = `npm run study${words && ` -- ${words}`}`;
    await tellStudy({ command, found: await readCounts(root, config), about }, { root, docs: flags.docs, begin }, io);
    return 0;
  },
});

type Flags = ParsedArgs<typeof FLAGS>['flags'];

/** The study with settings of its trainings changed: another experiment, so it gets a directory of its own. */
async function withSettings(study: StudyConfig, text: string, out: string | undefined): Promise<StudyConfig> {
  if (out === undefined) throw new InputError('--set', 'makes another study, expected --out DIR for it');
  const { applySettings } = await import('../train/settings.ts');
  return { ...study, train: applySettings(study.train, text) };
}

/** The arms of an agent that is not trained here. */
async function studyAgent(policy: string, flags: Flags, io: Io): Promise<number> {
  const { openSpeaker, parsePolicy } = await import('../agent/named.ts');
  if (parsePolicy(policy).kind !== 'chat')
    throw new InputError('--policy', `${policy} follows no prompt in prose, expected chat:MODEL@URL`);
  const { measureAgent } = await import('../train/study/agents.ts');
  const { agentStudy, DEFAULT_STUDY, QUICK_STUDY } = await import('../train/study/config.ts');
  const { loadWorlds } = await import('../world/world.ts');
  await loadWorlds();
  const config = agentStudy(policy, flags.quick ? QUICK_STUDY : DEFAULT_STUDY);
  const { openStudy } = await import('../train/study/run.ts');
  const { readCounts } = await import('../train/study/tables.ts');
  const root = flags.out ?? join('runs', `study-${policy.replace(/[^\w.-]+/g, '-')}`);
  const begin = performance.now();
  await mkdir(root, { recursive: true });
  const chat = readChat({ ...flags, calls: flags.calls ?? join(root, 'calls.jsonl') }, true, io);
  const speaker = await openSpeaker(policy, { threads: 1, chat });
  const line = io.progress('places', 42, 0);
  // A dry run's made-up answers are kept nowhere; what the journal knows counts.
  const place = flags['dry-run'] ? await mkdtemp(join(tmpdir(), 'tribune-study-')) : root;
  try {
    await openStudy(place, config);
    await measureAgent(place, config, (script) => speaker.policyFor(script), {
      width: flags.concurrency,
      signal: io.signal,
      onProgress: (done, _, name) => line.step(done, { at: name }),
    });
    if (flags['dry-run']) return tellDryRun(io);
    const found = await readCounts(root, config);
    const { evaluate } = config;
    const about = [
      `Agent ${policy}, ${evaluate.count} scenarios a place, seed ${evaluate.seed}. Every call stands in calls.jsonl; the same command asks none of them again.`,
      'Figures are percent. One run of an agent has no interval over seeds; a rate near one half among n cases is known to about ±98/√n points.',
    ];
    await tellStudy(
      { command: `tribune study --policy ${policy}`, found, about },
      { root, docs: flags.docs, begin },
      io,
    );
    return 0;
  } finally {
    await speaker.close();
    if (place !== root) await rm(place, { recursive: true });
  }
}

type Ending = { readonly root: string; readonly docs: string | undefined; readonly begin: number };

/** Writes the report and says what was found. */
async function tellStudy(study: Study, { root, docs, begin }: Ending, io: Io): Promise<void> {
  const { studyMarkdown, studyPage } = await import('../train/study/report.ts');
  const { writeAtomic } = await import('../evaluate/file.ts');
  const markdown = studyMarkdown(study);
  await writeAtomic(join(root, 'report.html'), studyPage(study));
  await writeAtomic(join(root, 'results.md'), markdown);
  if (docs !== undefined) await writeAtomic(docs, markdown);
  const seconds = Math.round((performance.now() - begin) / 1000);
  const players = Object.fromEntries([...study.found].map(([player, seeds]) => [player, Object.fromEntries(seeds)]));
  io.result({ study: root, seconds, players }, `${markdown}\nreport: ${relative('.', join(root, 'report.html'))}`);
}

type Seeded = { readonly seeds: readonly number[]; readonly arms: { readonly [arm: string]: number } };

/** The study with so many seeds; an arm trained with all of them stays so. */
function withSeeds<T extends Seeded>(study: T, count: number): T {
  if (!Number.isInteger(count)) throw new InputError('--seeds', `${count}, expected a whole number`);
  const arms = Object.fromEntries(
    Object.entries(study.arms).map(([arm, own]) => [arm, own === study.seeds.length ? count : Math.min(own, count)]),
  );
  return { ...study, seeds: Array.from({ length: count }, (_, at) => at + 1), arms };
}
