// Checksums of a directory's files, in the form `sha256sum -c SHA256SUMS` reads: a file that was cut short, changed, or put
// there from another directory is told from the right one. Against accidents, not against somebody who writes new sums too.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { InputError } from '../../episode/input.ts';

/** The file that holds them. */
export const SUMS = 'SHA256SUMS';

const digest = (parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** The SHA-256 of bytes, in hexadecimal. */
export function hashBytes(bytes: Uint8Array): string {
  return digest([bytes]);
}

/** The sums of files given in parts, a line each. */
export function sumFiles(files: ReadonlyMap<string, readonly Uint8Array[]>): Uint8Array[] {
  const lines = Array.from(files, ([name, parts]) => `${digest(parts)}  ${name}\n`);
  return [new TextEncoder().encode(lines.join(''))];
}

/**
 * Compares the files of a directory with their sums, which are among them.
 * Throws InputError for one that is missing, not listed or of another sum, and for sums that cannot be read.
 */
export function checkSums(files: ReadonlyMap<string, Uint8Array>, dir: string): void {
  const sums = readSums(files.get(SUMS), join(dir, SUMS));
  for (const [name, expected] of sums) {
    const bytes = files.get(name);
    if (bytes === undefined) throw new InputError(join(dir, name), `no such file, but ${SUMS} has it`);
    const found = hashBytes(bytes);
    if (found === expected) continue;
    const what = `SHA-256 ${found.slice(0, 12)}…, ${SUMS} has ${expected.slice(0, 12)}…`;
    throw new InputError(join(dir, name), `${what}: cut short, changed, or of another checkpoint`);
  }
  const stranger = [...files.keys()].find((name) => name !== SUMS && !sums.has(name));
  if (stranger !== undefined) throw new InputError(join(dir, stranger), `${SUMS} does not have it`);
}

function readSums(bytes: Uint8Array | undefined, where: string): Map<string, string> {
  if (bytes === undefined) throw new InputError(where, 'no such file, expected the checksums of this directory');
  const text = new TextDecoder().decode(bytes);
  const sums = new Map<string, string>();
  for (const [at, line] of text.split('\n').slice(0, -1).entries()) {
    const match = /^([0-9a-f]{64}) {2}([\w.-]+)$/.exec(line);
    if (!match || sums.has(match[2]!))
      throw new InputError(`${where}:${at + 1}`, 'expected a checksum and a file name');
    sums.set(match[2]!, match[1]!);
  }
  if (sums.size === 0 || !text.endsWith('\n'))
    throw new InputError(where, 'is cut short, expected a line for each file');
  return sums;
}
