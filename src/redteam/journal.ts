// The journal of a campaign: every try with its outcome, a line each, and a line at the end of each round. A round that was cut
// off counts as never played. Not here: what a campaign does with it.
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { nameFault, writeAtomic } from '../evaluate/file.ts';
import { attemptSchema } from './attack.ts';
import { outcomeSchema } from './outcome.ts';

const trySchema = z.strictObject({
  target: z.string(),
  /** From 1; 0 is the world without an attack. */
  number: z.int().min(0),
  attempt: attemptSchema,
  outcome: outcomeSchema,
});
export type Entry = z.infer<typeof trySchema>;
const lineSchema = z.union([trySchema, z.strictObject({ round: z.int().min(0) })]);

/** Whole rounds, in their order. */
export type Journal = {
  readonly rounds: readonly (readonly Entry[])[];
  append(round: readonly Entry[]): Promise<void>;
};

/** Opens the journal in a file and cuts off what is not a whole round; a file that is not there is an empty one. Throws InputError. */
export async function openJournal(file: string): Promise<Journal> {
  const rounds = existsSync(file) ? readRounds(await readFile(file, 'utf8'), file) : [];
  await writeAtomic(file, rounds.map(writeRound).join(''));
  return {
    rounds,
    async append(round) {
      try {
        await appendFile(file, writeRound(round, rounds.push(round) - 1));
      } catch (error) {
        throw nameFault(error, file);
      }
    },
  };
}

/** A journal that is not kept. */
export function blankJournal(): Journal {
  const rounds: (readonly Entry[])[] = [];
  return { rounds, append: async (round) => void rounds.push(round) };
}

function writeRound(entries: readonly Entry[], round: number): string {
  return [...entries, { round }].map((line) => `${JSON.stringify(line)}\n`).join('');
}

function readRounds(text: string, file: string): (readonly Entry[])[] {
  const rounds: Entry[][] = [];
  let current: Entry[] = [];
  for (const [at, line] of text.split('\n').slice(0, -1).entries()) {
    const where = `${file}:${at + 1}`;
    const read = checkInput(lineSchema, parseJson(line, where), where);
    if ('target' in read) {
      current.push(read);
      continue;
    }
    if (read.round !== rounds.length) throw new InputError(where, `round ${read.round}, expected ${rounds.length}`);
    rounds.push(current);
    current = [];
  }
  return rounds;
}
