// What each round left: reports/adversary.json, one row for the policy the phase began with and one for each round.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseJson } from '../../episode/input.ts';
import { writeAtomic } from '../../evaluate/file.ts';
import type { RoundRow } from '../../evaluate/report/rounds.ts';
import type { RunDirectory } from '../../train/rundir.ts';

const fileOf = (run: RunDirectory): string => run.at('reports', 'adversary.json');

/** The rows before a round. */
export async function readRows(run: RunDirectory, before = Number.POSITIVE_INFINITY): Promise<RoundRow[]> {
  const file = fileOf(run);
  if (!existsSync(file)) return [];
  const { rounds } = parseJson(await readFile(file, 'utf8'), file) as { readonly rounds: readonly RoundRow[] };
  return rounds.filter(({ round }) => round < before);
}

/** Adds a round's row, in the place of one that a process wrote before it was killed. */
export async function keepRow(run: RunDirectory, row: RoundRow): Promise<void> {
  const rounds = [...(await readRows(run, row.round)), row];
  await writeAtomic(fileOf(run), `${JSON.stringify({ rounds }, null, 2)}\n`);
}
