// Zip archives in memory: written with deflate, read with what logs of Inspect hold (stored, deflate, zstd). Names, sizes and checksums
// are checked: an archive is foreign data. Not here: encryption, several disks, zip64 when writing (4 GB or 65,535 files).
// Source: PKWARE, APPNOTE.TXT 6.3.10.
import { crc32, deflateRawSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { InputError } from '../../episode/input.ts';

export type Member = { readonly name: string; readonly data: Uint8Array };

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
/** 1 January 1980, the earliest date a zip can tell: archives of the same members are the same bytes. */
const DATE = 0x21;
const UTF8 = 0x800;
const DEFLATE = 8;
const ZSTD = 93;
/** Most bytes one member may unpack to, and all of them together. */
const MOST = 1 << 30;

type Placed = { readonly member: Member; readonly packed: Buffer; readonly sum: number; readonly at: number };

/** The bytes of an archive of these members. Throws RangeError beyond 65,535 members or 4 GB. */
export function writeZip(members: readonly Member[]): Buffer {
  if (members.length > 0xffff) throw new RangeError(`${members.length} files, a zip without extensions holds 65535`);
  const parts: Buffer[] = [];
  const placed: Placed[] = [];
  let at = 0;
  for (const member of members) {
    const packed = deflateRawSync(member.data);
    const one = { member, packed, sum: crc32(member.data), at };
    const head = writeHead(one, LOCAL);
    parts.push(head, packed);
    placed.push(one);
    at += head.length + packed.length;
  }
  const central = placed.map((one) => writeHead(one, CENTRAL));
  const size = central.reduce((sum, head) => sum + head.length, 0);
  if (at + size > 0xffffffff) throw new RangeError('more than 4 GB, which a zip without extensions cannot hold');
  return Buffer.concat([...parts, ...central, writeEnd(members.length, size, at)]);
}

/** The head before a member's bytes, or its entry in the directory. */
function writeHead({ member, packed, sum, at }: Placed, signature: typeof LOCAL | typeof CENTRAL): Buffer {
  const name = Buffer.from(member.name);
  const central = signature === CENTRAL;
  const head = Buffer.alloc(central ? 46 : 30);
  let place = head.writeUInt32LE(signature, 0);
  if (central) place = head.writeUInt16LE(20, place);
  for (const value of [20, UTF8, DEFLATE, 0, DATE]) place = head.writeUInt16LE(value, place);
  for (const value of [sum, packed.length, member.data.length]) place = head.writeUInt32LE(value, place);
  head.writeUInt16LE(name.length, place);
  if (central) head.writeUInt32LE(at, 42);
  return Buffer.concat([head, name]);
}

function writeEnd(count: number, size: number, at: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return end;
}

/** Whether bytes are a zip archive's. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= 22 && bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);

/** The members that are wanted; of several with one name the last. Throws InputError naming `where`. */
export function readZip(
  bytes: Uint8Array,
  where: string,
  wanted: (name: string) => boolean,
): ReadonlyMap<string, Buffer> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const found = new Map<string, Buffer>();
    let total = 0;
    for (const entry of readDirectory(file)) {
      if (!wanted(entry.name)) continue;
      total += entry.size;
      if (entry.size > MOST || total > 2 * MOST) throw new RangeError(`${entry.name} is too large`);
      found.set(entry.name, unpack(file, entry));
    }
    return found;
  } catch (error) {
    // Offsets that lie outside of the file are as wrong as data that does not unpack.
    throw new InputError(where, `a damaged zip archive (${error instanceof Error ? error.message : error})`);
  }
}

type Entry = {
  readonly name: string;
  readonly method: number;
  readonly sum: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
};

function readDirectory(file: Buffer): readonly Entry[] {
  const end = file.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > file.length) throw new RangeError('no directory');
  let [count, at] = [file.readUInt16LE(end + 10), file.readUInt32LE(end + 16)];
  if (end >= 20 && file.readUInt32LE(end - 20) === LOCATOR_64) {
    const large = Number(file.readBigUInt64LE(end - 12));
    if (file.readUInt32LE(large) !== END_64) throw new RangeError('no directory');
    [count, at] = [Number(file.readBigUInt64LE(large + 32)), Number(file.readBigUInt64LE(large + 48))];
  }
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (file.readUInt32LE(at) !== CENTRAL) throw new RangeError('no entry where one should be');
    const [name, extra, comment] = [28, 30, 32].map((place) => file.readUInt16LE(at + place)) as [
      number,
      number,
      number,
    ];
    entries.push(readEntry(file, at, name, extra));
    at += 46 + name + extra + comment;
  }
  return entries;
}

function readEntry(file: Buffer, at: number, name: number, extra: number): Entry {
  const sizes = [file.readUInt32LE(at + 24), file.readUInt32LE(at + 20), file.readUInt32LE(at + 42)];
  const [size, packed, place] = widen(file.subarray(at + 46 + name, at + 46 + name + extra), sizes);
  return {
    name: file.toString('utf8', at + 46, at + 46 + name),
    method: file.readUInt16LE(at + 10),
    sum: file.readUInt32LE(at + 16),
    packed: packed!,
    size: size!,
    at: place!,
  };
}

/** Zip64: values that do not fit stand in an extra field, in order. */
function widen(extra: Buffer, values: readonly number[]): readonly number[] {
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2);
  let place = at + 4;
  return values.map((value) => {
    if (value !== 0xffffffff) return value;
    const wide = Number(extra.readBigUInt64LE(place));
    place += 8;
    return wide;
  });
}

function unpack(file: Buffer, { name, method, sum, packed, size, at }: Entry): Buffer {
  if (file.readUInt32LE(at) !== LOCAL) throw new RangeError(`${name}: no data`);
  const start = at + 30 + file.readUInt16LE(at + 26) + file.readUInt16LE(at + 28);
  const data = file.subarray(start, start + packed);
  const whole = inflate(data, method, size, name);
  if (whole.length !== size || crc32(whole) !== sum) throw new RangeError(`${name}: wrong checksum`);
  return whole;
}

function inflate(data: Buffer, method: number, size: number, name: string): Buffer {
  const options = { maxOutputLength: Math.max(size, 1) };
  switch (method) {
    case 0:
      return data;
    case DEFLATE:
      return inflateRawSync(data, options);
    case ZSTD:
      return zstdDecompressSync(data, options);
    default:
      throw new RangeError(`${name}: packed by method ${method}, expected 0, 8 or 93`);
  }
}
