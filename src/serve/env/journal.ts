// The server's own record, on its own disk: every episode, call and reward as a line of JSON, so that what a trainer says it
// was paid can be compared with what was paid; and, beside it, whole episodes for `replay`, `score` and the dashboard.
// Both files hold labels and verdicts. They are for whoever runs the server; no route reads them.
import { createWriteStream, type WriteStream } from 'node:fs';
import { encodeEpisode } from '../../episode/codec.ts';
import type { Episode } from '../../episode/episode.ts';

/** A line of the log. `time` in milliseconds since 1970; rewards as they were sent. */
export type Entry = {
  readonly time: number;
  readonly event: 'reset' | 'call' | 'end' | 'abandoned';
  readonly session: string;
  readonly episode: string;
  readonly task: string;
  readonly seed: number;
  readonly [field: string]: unknown;
};

export type Journal = {
  write(entry: Entry): void;
  keep(episode: Episode): void;
  /** Why nothing can be written any more, or null. */
  fault(): Error | null;
  /** Writes what is left. Rejects with the fault, if there was one. */
  close(): Promise<void>;
};

/** Keeps nothing. */
export const NO_JOURNAL: Journal = {
  write: () => undefined,
  keep: () => undefined,
  fault: () => null,
  close: async () => undefined,
};

export type JournalFiles = { readonly log?: string; readonly episodes?: string };

/** Opens the files for appending. Rejects with what the system says where that cannot be. */
export async function openJournal({ log, episodes }: JournalFiles, onFault: (error: Error) => void): Promise<Journal> {
  let fault: Error | null = null;
  const fail = (error: Error): void => {
    fault ??= error;
    onFault(error);
  };
  const open = async (path: string | undefined): Promise<WriteStream | null> => {
    if (path === undefined) return null;
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    await new Promise<void>((resolve, reject) => {
      stream.once('open', () => resolve());
      stream.once('error', reject);
    });
    stream.on('error', fail);
    return stream;
  };
  const [lines, whole] = [await open(log), await open(episodes)];
  const finish = (stream: WriteStream | null): Promise<void> =>
    new Promise((resolve) => {
      if (stream === null || stream.destroyed) return resolve();
      stream.once('close', () => resolve());
      stream.end();
    });
  return {
    write: (entry) => void lines?.write(`${JSON.stringify(entry)}\n`),
    keep: (episode) => void whole?.write(`${encodeEpisode(episode)}\n`),
    fault: () => fault,
    async close() {
      await Promise.all([finish(lines), finish(whole)]);
      if (fault !== null) throw fault;
    },
  };
}
