// The audit log: one JSON object a line, each carrying the hash of the line before it, so that a line changed, dropped,
// moved or put in shows. Secrets are taken out before anything is written (redact.ts). A write that fails throws: the gate
// then lets nothing pass. Not covered: a log cut off at its end, or written anew as a whole by someone who can write the
// file; against these keep `head` elsewhere, or give a `key` that the writer of the file's host does not show.
import { createHash, createHmac } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { canonical, type Json } from '../episode/action.ts';
import { lockFile } from './lock.ts';
import { redactValue } from './redact.ts';

export const AUDIT_VERSION = 1;

/** What is logged: the kind of event and its fields. */
export type Event = { readonly event: string; readonly [field: string]: unknown };

/** A line of the log. `time` is ISO 8601; `previous` is the hash of the line before, 64 zeros at the start. */
export type Entry = {
  readonly version: typeof AUDIT_VERSION;
  readonly seq: number;
  readonly time: string;
  readonly previous: string;
  readonly event: string;
  readonly data: Json;
  readonly hash: string;
};

export type Audit = {
  /** Writes an event and returns once it is handed to the system. Throws when it could not be written whole. */
  record(event: Event): void;
};

export type AuditOptions = {
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** With a key the hashes are HMACs: without it no valid line can be made. */
  readonly key?: Uint8Array;
};

type Tail = { readonly size: number; readonly seq: number; readonly hash: string; readonly torn: boolean };

/** The hash that the first entry follows. */
export const START = '0'.repeat(64);
/** Characters of data in one line; bytes looked through for the last line (a character takes up to six in JSON and UTF-8). */
const LARGEST = 500_000;
const LONGEST_LINE = 4_000_000;

/** The hash of an entry, over its canonical form without the hash itself. */
export function hashEntry(entry: Omit<Entry, 'hash'>, key?: Uint8Array): string {
  const text = canonical(entry);
  return key === undefined
    ? createHash('sha256').update(text).digest('hex')
    : createHmac('sha256', key).update(text).digest('hex');
}

/**
 * Opens a log for appending; the file is made with mode 0600 when the first event comes. Several processes may write one
 * file: each append takes a lock and goes on from the last line it finds.
 */
export function openAudit(options: AuditOptions): Audit {
  let known: Tail | null = null;
  return {
    record(event) {
      const unlock = lockFile(`${options.file}.lock`);
      try {
        known = appendEvent(options, event, known);
      } catch (fault) {
        known = null;
        throw fault;
      } finally {
        unlock();
      }
    },
  };
}

/** Appends under the lock and gives the new end. */
function appendEvent({ file, now, key }: AuditOptions, { event, ...fields }: Event, known: Tail | null): Tail {
  const fd = openSync(file, 'a+', 0o600);
  try {
    const tail = readTail(fd, known);
    const base = { version: AUDIT_VERSION, time: new Date(now()).toISOString() } as const;
    const make = (seq: number, previous: string, name: string, data: Json): Entry => {
      const entry = { ...base, seq, previous, event: name, data };
      return { ...entry, hash: hashEntry(entry, key) };
    };
    // What a crash left of a line stays: the line after it says so, and the chain goes on from the last whole line.
    const first = tail.torn ? [make(tail.seq + 1, tail.hash, 'torn', null)] : [];
    const { seq, hash } = first[0] ?? tail;
    const entries = [...first, make(seq + 1, hash, event, fitData(redactValue(fields)))];
    const text = `${tail.torn ? '\n' : ''}${entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')}`;
    writeWhole(fd, text);
    const last = entries.at(-1)!;
    return { size: tail.size + Buffer.byteLength(text), seq: last.seq, hash: last.hash, torn: false };
  } finally {
    closeSync(fd);
  }
}

/** Data as it is, or only its size where it would make a line that cannot be read back. */
function fitData(data: Json): Json {
  const size = JSON.stringify(data).length;
  return size <= LARGEST ? data : { cut: `${size} characters are not kept` };
}

function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) {
    const count = writeSync(fd, bytes, written);
    if (count === 0) throw new Error('the audit log could not be written');
    written += count;
  }
}

/** The end of the file: the last whole line, and whether a broken one follows it. */
function readTail(fd: number, known: Tail | null): Tail {
  const { size } = fstatSync(fd);
  if (known !== null && known.size === size) return known;
  if (size === 0) return { size, seq: 0, hash: START, torn: false };
  const length = Math.min(size, LONGEST_LINE);
  const bytes = Buffer.alloc(length);
  readSync(fd, bytes, 0, length, size - length);
  const text = bytes.toString('utf8');
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  const last = lines.pop();
  // Only a torn first line: nothing whole precedes it.
  if (last === undefined && torn && length === size) return { size, seq: 0, hash: START, torn };
  const entry = last === undefined ? null : readEntry(last);
  if (entry === null) throw new Error('the last line of the audit log is no entry of it');
  return { size, seq: entry.seq, hash: entry.hash, torn };
}

/** What a line holds, or null where it is no entry. */
export function readEntry(line: string): Entry | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : null;
  } catch {
    return null;
  }
}

const FIELDS = 'data event hash previous seq time version';

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.keys(value).sort().join(' ') !== FIELDS) return false;
  const entry = value as { readonly [key: string]: unknown };
  const texts = [entry.time, entry.previous, entry.event, entry.hash].every((field) => typeof field === 'string');
  return texts && entry.version === AUDIT_VERSION && Number.isSafeInteger(entry.seq);
}
