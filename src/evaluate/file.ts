// Files written whole or not at all, and what the file system's errors mean in words.
// Not here: what the files hold.
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { InputError } from '../episode/input.ts';

/** What went wrong with a file, in words, for the errors a person can do something about; null for any other error. */
export function describeFault(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'is a directory, expected a file';
    case 'ENOTDIR':
      return 'is not a directory';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left on the device';
    default:
      return null;
  }
}

/** Turns the file system's error into an InputError where it is the caller's to fix; any other error stays itself. */
export function nameFault(error: unknown, path: string): unknown {
  const what = describeFault(error);
  return what === null ? error : new InputError(path, what);
}

/** What writing needs of the file system; a test puts a full disk in its place. */
export type Files = {
  open(path: string, flags: string): Promise<Pick<FileHandle, 'writeFile' | 'sync' | 'close'>>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
};

/**
 * Writes a file whole or not at all: to a draft beside it, flushed, then renamed. Throws InputError (a full disk, no
 * permission) and leaves no draft behind. Pieces are written as they come; if making them fails, no file is written and
 * that error is thrown. A device or pipe is written to as it is.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array | AsyncIterable<string>,
  files: Files = { open, rename, rm },
): Promise<void> {
  if (await isDevice(path)) return writeThrough(path, data, files);
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await files.open(draft, 'wx');
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await files.rename(draft, path);
  } catch (error) {
    await files.rm(draft, { force: true });
    throw nameFault(error, path);
  }
}

/** A device, pipe or socket, such as /dev/stdout: a draft renamed over it would replace it. */
async function isDevice(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

async function writeThrough(path: string, data: string | Uint8Array | AsyncIterable<string>, files: Files) {
  try {
    const handle = await files.open(path, 'w');
    try {
      await handle.writeFile(data);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw nameFault(error, path);
  }
}
