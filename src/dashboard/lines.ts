// The index of a file of JSON Lines: for each line what a list shows of it and where its bytes are, so that a hundred thousand are
// listed without being held. Built by reading the file once; a file that has grown is read on from where it was. A line that is
// none of what was expected is named and left out; a last line without its end is waited for.
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { openPlain } from './files.ts';
import type { Fault } from './shape.ts';

/** What is known of a file. `end`: the byte after its last whole line. */
export type LineIndex<Row> = {
  readonly name: string;
  /** Tells the file from another that took its name. */
  readonly identity: string;
  readonly end: number;
  readonly lines: number;
  readonly size: number;
  readonly changed: number;
  readonly rows: Row[];
  readonly faults: Fault[];
};

/** Where a line is: the byte it starts at, its length in bytes, its number from 1. */
export type LinePlace = { readonly at: number; readonly size: number; readonly line: number };

/** What a list shows of a line, or in words what is wrong with it. */
export type ReadLine<Row> = (value: unknown, place: LinePlace) => Row | string;

const CHUNK = 1 << 20;
/** A longer line is no record; so much of it is skipped without being held. */
const LONGEST = 16 << 20;
const MOST_FAULTS = 20;

/** Indexes a file, or reads on where `known` ended. Null where there is no such plain file. */
export async function indexLines<Row extends object>(
  path: string,
  name: string,
  known: LineIndex<Row> | null,
  read: ReadLine<Row>,
): Promise<LineIndex<Row> | null> {
  const file = await openPlain(path);
  if (file === null) return null;
  try {
    const { ino, birthtimeMs, size, mtimeMs } = await file.stat();
    const identity = `${ino} ${birthtimeMs}`;
    const same = known !== null && known.identity === identity;
    if (same && known.size === size && known.changed === mtimeMs) return known;
    const grown = same && size > known.size;
    const start: LineIndex<Row> = grown
      ? known
      : { name, identity, end: 0, lines: 0, size, changed: mtimeMs, rows: [], faults: [] };
    const faults = start.faults.filter(({ line }) => line !== null);
    return await readOn(file, { ...start, faults, size, changed: mtimeMs }, read);
  } finally {
    await file.close();
  }
}

async function readOn<Row extends object>(
  file: FileHandle,
  start: LineIndex<Row>,
  read: ReadLine<Row>,
): Promise<LineIndex<Row>> {
  const { rows, faults, name } = start;
  let { end, lines } = start;
  let rest: Buffer = Buffer.alloc(0);
  let skipping = false;
  const take = (bytes: Buffer): void => {
    lines += 1;
    const place = { at: end, size: bytes.length, line: lines };
    const found = skipping ? `longer than ${LONGEST} bytes` : readBytes(bytes, place, read);
    if (typeof found !== 'string') rows.push(...(found === null ? [] : [found]));
    else if (faults.length < MOST_FAULTS) faults.push({ file: name, line: lines, what: found });
  };
  let place = end;
  while (place < start.size) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK), 0, Math.min(CHUNK, start.size - place), place);
    if (bytesRead === 0) break;
    place += bytesRead;
    let chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    for (let cut = chunk.indexOf(10); cut !== -1; cut = chunk.indexOf(10)) {
      take(chunk.subarray(0, cut));
      end = place - (chunk.length - cut - 1);
      skipping = false;
      chunk = chunk.subarray(cut + 1);
    }
    skipping ||= chunk.length > LONGEST;
    rest = skipping ? Buffer.alloc(0) : Buffer.from(chunk);
    await breathe();
  }
  const torn =
    place > end
      ? [{ file: name, line: null, what: 'ends in the middle of a line: still being written, or cut off' }]
      : [];
  return { ...start, end, lines, faults: [...faults, ...torn] };
}

/** The row of a line; null for a blank one. */
function readBytes<Row>(bytes: Buffer, place: LinePlace, read: ReadLine<Row>): Row | string | null {
  const text = bytes.toString('utf8');
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON: damaged, or not of this program';
  }
  try {
    return read(value, place);
  } catch {
    return 'damaged inside: has not what its list needs';
  }
}
