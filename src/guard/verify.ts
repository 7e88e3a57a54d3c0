// Checks an audit log (audit.ts): every line an entry, every hash right, each following the one before. Not here: writing it.
import { type Entry, hashEntry, readEntry, START } from './audit.ts';

/** What is wrong with a log, and where; lines count from 1. */
export type LogFault = { readonly line: number; readonly what: string };
/** A log checked: how many entries, the last hash, the first fault or null, and the lines a crash left torn. */
export type LogCheck = {
  readonly entries: number;
  readonly head: string;
  readonly fault: LogFault | null;
  readonly torn: readonly number[];
  /** Whether the hash asked for stands in the log; null when none was. */
  readonly found: boolean | null;
};

export type LogCheckOptions = {
  readonly key?: Uint8Array;
  /** A head noted earlier: a log that no longer holds it has been cut or replaced. */
  readonly head?: string;
};

/** Checks a log line by line. Never throws on any text; passes on what `lines` throws. */
export async function verifyLog(
  lines: AsyncIterable<string> | Iterable<string>,
  options: LogCheckOptions = {},
): Promise<LogCheck> {
  let [line, seq, previous] = [0, 0, START];
  let broken: number | null = null;
  const torn: number[] = [];
  let found = options.head === undefined ? null : options.head === START;
  const end = (fault: LogFault | null): LogCheck => ({ entries: seq, head: previous, fault, torn, found });
  for await (const text of lines) {
    line += 1;
    const entry = readEntry(text);
    if (entry === null) {
      if (broken !== null) return end({ line: broken, what: 'no entry of an audit log' });
      broken = line;
      continue;
    }
    const what = judgeEntry(entry, seq, previous, broken !== null, options.key);
    if (what !== null) return end({ line: broken ?? line, what });
    if (broken !== null) torn.push(broken);
    broken = null;
    [seq, previous] = [entry.seq, entry.hash];
    if (entry.hash === options.head) found = true;
  }
  return end(broken === null ? null : { line: broken, what: 'cut off in the middle of an entry' });
}

/** Why an entry cannot follow the one before, or null. */
function judgeEntry(entry: Entry, seq: number, previous: string, broken: boolean, key?: Uint8Array): string | null {
  const { hash, ...rest } = entry;
  if (hashEntry(rest, key) !== hash) return 'changed: its hash is not that of what it says';
  if (entry.previous !== previous) return 'does not follow the line before it: lines were dropped, moved or put in';
  if (entry.seq !== seq + 1) return `numbered ${entry.seq}, expected ${seq + 1}`;
  if (broken !== (entry.event === 'torn'))
    return broken ? 'no entry of an audit log' : 'tells of a torn line that is not there';
  return null;
}
