// The tokens of a recorded episode, where training kept them (train/tokens.ts): `episodes/FILE.tokens.jsonl` beside the episodes.
// Found by the episode's id; the file is read whole, its size is bounded by who writes it.

import { checkInput, parseJson } from '../episode/input.ts';
import { type TokenRecord, tokenSchema } from '../train/tokens.ts';
import type { Episodes } from './episodes.ts';
import { readPlain } from './files.ts';

const MOST_BYTES = 64 << 20;

/** The lines of a file of tokens that begin as those of a scenario's members do; null where there is no such file. */
async function readLines(
  episodes: Episodes,
  run: string,
  file: string,
  begin: string,
): Promise<readonly string[] | null> {
  const path = await episodes.place(run, file);
  const text = path === null ? null : await readPlain(path.replace(/\.jsonl$/, '.tokens.jsonl'), MOST_BYTES);
  if (text === null) return null;
  const start = `{"version":1,"id":${JSON.stringify(begin).slice(0, -1)}`;
  return text.split('\n').filter((line) => line.startsWith(start));
}

/** The tokens of an episode; null where none were kept. Throws InputError on a damaged line. */
export async function readTokens(
  episodes: Episodes,
  run: string,
  file: string,
  id: string,
): Promise<TokenRecord | null> {
  const lines = await readLines(episodes, run, file, id);
  for (const line of lines ?? []) {
    const where = `${file}.tokens.jsonl`;
    const record = checkInput(tokenSchema, parseJson(line, where), where);
    if (record.id === id) return record;
  }
  return null;
}

/** What the update multiplied each member of a scenario's group by, by the member's id; null where no tokens were kept. */
export async function readAdvantages(
  episodes: Episodes,
  run: string,
  file: string,
  scenario: string,
): Promise<ReadonlyMap<string, number | null> | null> {
  const lines = await readLines(episodes, run, file, `${scenario}#`);
  if (lines === null) return null;
  const known = lines.flatMap((line): [string, number | null][] => {
    // The head of the line is enough; a line that is damaged further on is told where its tokens are asked for.
    const [, id, advantage] = /^\{"version":1,"id":("(?:[^"\\]|\\.)*"),"advantage":([-+.\deE]+|null),/.exec(line) ?? [];
    return id === undefined || advantage === undefined ? [] : [[JSON.parse(id), JSON.parse(advantage)]];
  });
  return new Map(known);
}
