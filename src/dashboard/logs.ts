// Audit logs of the guard as the page shows them: checked line by line each time, with their newest entries. A log that fails the
// check is shown all the same, with where it breaks: who reads it must see both.
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { InputError } from '../episode/input.ts';
import { readEntry } from '../guard/audit.ts';
import { verifyLog } from '../guard/verify.ts';
import type { LogEntry, LogView } from './shape.ts';

const MOST_SHOWN = 500;

/** Reads and checks a log. Throws InputError where there is no such plain file. */
export async function readLog(file: string, key: Uint8Array | undefined): Promise<LogView> {
  const found = await lstat(file).catch(() => null);
  if (found === null || !found.isFile())
    throw new InputError(file, 'no such file yet; it is made with the first decision');
  const { entries, head, fault, torn } = await verifyLog(splitLines(file), key === undefined ? {} : { key });
  // A pass of its own: the check stops at the first fault, and what comes after it is shown too.
  return { file, entries, head, fault, torn, tail: await readNewest(file) };
}

async function readNewest(file: string): Promise<readonly LogEntry[]> {
  const tail: LogEntry[] = [];
  let line = 0;
  for await (const text of splitLines(file)) {
    line += 1;
    const entry = readEntry(text);
    if (entry !== null) tail.push({ line, seq: entry.seq, time: entry.time, event: entry.event, data: entry.data });
    if (tail.length > 2 * MOST_SHOWN) tail.splice(0, MOST_SHOWN);
  }
  return tail.slice(-MOST_SHOWN).toReversed();
}

async function* splitLines(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
