// `tribune generate --writer`: a model writes the words of generated scenarios. Beside the suite stand what was dropped and why, the
// file of reviews a person marks in the dashboard, an account of the run, and the journal of calls that a stopped run goes on from.
// Not a verb; not here: how it is written (train/synthesis).
import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { ChatSettings } from '../agent/chat.ts';
import { InputError } from '../episode/input.ts';
import type { Totals } from '../policy/remote/client.ts';
import type { SuiteName } from '../world/generate/suite-names.ts';
import type { Scenario } from '../world/scenario.ts';
import { type ChatFlags, readChat, tellDryRun, tellOutage } from './chat.ts';
import { readJson, readText, writeAtomic } from './input.ts';
import { formatTable, type Io } from './output.ts';

export type WriterFlags = {
  readonly writer: string;
  readonly suite: SuiteName;
  readonly count: number;
  readonly seed: number;
  readonly split: 'train' | 'heldout';
  readonly tries: number;
  readonly attempts: number;
  readonly near: number;
  readonly out: string;
};

/** The files beside a suite. */
function namePaths(out: string) {
  const base = out.replace(/\.jsonl$/, '');
  return {
    drops: `${base}.drops.jsonl`,
    reviews: `${base}.reviews.json`,
    account: `${base}.written.json`,
    calls: `${base}.calls.jsonl`,
  };
}

/** Writes a suite with a model; 1 where slots stayed empty. Throws InputError. */
export async function runWriter(flags: WriterFlags, chat: ChatFlags, io: Io): Promise<number> {
  const { parseTarget } = await import('../policy/remote/target.ts');
  if (!flags.writer.startsWith('chat:'))
    throw new InputError('--writer', `expected chat:MODEL@URL, found ${JSON.stringify(flags.writer)}`);
  const target = parseTarget(flags.writer.slice('chat:'.length), chat.api);
  const paths = namePaths(flags.out);
  const settings: ChatSettings = {
    ...readChat(chat, false, io),
    journal: chat.calls ?? (chat['dry-run'] ? null : paths.calls),
  };
  const { openChat } = await import('../agent/chat.ts');
  const { countCells, writeSuite } = await import('../train/synthesis/write.ts');
  const { loadWorlds } = await import('../world/world.ts');
  await loadWorlds();
  const { suite, seed, split, count, tries, attempts, near } = flags;
  const progress = io.progress('writing', count);
  const opened = await openChat(flags.writer, target, settings);
  const options = {
    suite,
    seed,
    split,
    count,
    near,
    model: target.model,
    width: 4 * settings.limits.concurrency,
    signal: io.signal,
  };
  const ask = (messages: Parameters<typeof opened.ask>[0]['messages'], salt: string) =>
    opened.ask({ messages, tools: [] }, salt);
  const onStep = (kept: number, dropped: number) => progress.step(kept, { dropped });
  let totals: Totals;
  let written: Awaited<ReturnType<typeof writeSuite>>;
  try {
    const limits = settings.dry ? { tries: 1, attempts: 1 } : { tries, attempts };
    written = await tellOutage(flags.writer, () => writeSuite({ ...options, ...limits, ask, onStep }));
  } finally {
    await opened.close();
    totals = opened.client.totals();
  }
  if (settings.dry) return tellDryRun(io);
  const { scenarios, drops, missing } = written;
  if (scenarios.length === 0 && drops.every(({ stage }) => stage === 'outage'))
    throw new InputError(flags.writer, drops[0]?.reason ?? 'no answer');
  const reviews = await keepMarks(paths.reviews, flags.out, scenarios);
  const reasons = countReasons(drops);
  const account = {
    ...{ version: 1, writer: flags.writer, temperature: settings.temperature, suite, split, seed, wanted: count },
    ...{
      count: scenarios.length,
      tries,
      attempts,
      near,
      cells: countCells(scenarios),
      missing,
      dropped: drops.length,
      reasons,
    },
    calls: { journal: settings.journal, ...totals },
  };
  await writeAtomic(paths.drops, drops.map((drop) => `${JSON.stringify(drop)}\n`).join(''));
  await writeAtomic(paths.reviews, `${JSON.stringify(reviews, null, 1)}\n`);
  await writeAtomic(paths.account, `${JSON.stringify(account, null, 1)}\n`);
  await writeAtomic(flags.out, scenarios.map((scenario) => `${JSON.stringify(scenario)}\n`).join(''));
  const files = { file: flags.out, drops: paths.drops, reviews: paths.reviews, account: paths.account };
  io.result({ ...files, ...account }, describe(account, files));
  return scenarios.length === count ? 0 : 1;
}

type Stages = { readonly [stage: string]: number };

function countReasons(drops: readonly { readonly stage: string }[]): Stages {
  const counts: { [stage: string]: number } = {};
  for (const { stage } of drops) counts[stage] = (counts[stage] ?? 0) + 1;
  return counts;
}

type Account = {
  readonly count: number;
  readonly wanted: number;
  readonly cells: Stages;
  readonly missing: Stages;
  readonly reasons: Stages;
};
type FilesNamed = { readonly file: string; readonly drops: string; readonly reviews: string };

function describe({ count, wanted, cells, missing, reasons }: Account, { file, drops, reviews }: FilesNamed): string {
  const names = [...new Set([...Object.keys(cells), ...Object.keys(missing)])].sort();
  const table = formatTable(
    ['prompt/response', 'written', 'missing'],
    names.map((cell) => [cell, cells[cell] ?? 0, missing[cell] ?? 0]),
  );
  const why = Object.entries(reasons).map(([stage, number]) => `${number} ${stage}`);
  const dropped = why.length === 0 ? 'nothing dropped' : `dropped: ${why.join(', ')} (${drops})`;
  return `${table}\n\n${count} of ${wanted} scenarios in ${file}; ${dropped}\nto review: tribune dashboard --suite ${file} --reviews ${reviews}`;
}

const marksSchema = z.looseObject({ version: z.literal(1), marks: z.record(z.string(), z.unknown()) });

/** The file of reviews: a person's marks of an earlier run stay where the scenario is still the same, word by word. */
async function keepMarks(path: string, out: string, scenarios: readonly Scenario[]) {
  if (!existsSync(path) || !existsSync(out)) return { version: 1, marks: {} };
  const before = new Set((await readText(out)).split('\n'));
  const same = new Set(scenarios.filter((scenario) => before.has(JSON.stringify(scenario))).map(({ id }) => id));
  const { marks } = await readJson(path, marksSchema);
  return { version: 1, marks: Object.fromEntries(Object.entries(marks).filter(([id]) => same.has(id))) };
}
