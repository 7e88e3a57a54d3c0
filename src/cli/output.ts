// Where a verb's words go: results to standard output, everything else to standard error. With --json, standard output
// carries one JSON document, or JSON Lines where the result is a stream, and nothing else.
// Text on its way to a terminal is made harmless first: it may quote an attacker. No colours, no logging levels.
import { InputError } from '../episode/input.ts';
import { openProgress, type Progress } from './progress.ts';
import { drainSink, escapeText, type Sink } from './sink.ts';

/** What a verb is given to speak with. */
export type Io = {
  /** Whether --json was given. */
  readonly json: boolean;
  /** Aborted by Ctrl-C, or when nobody reads standard output any more. Long work stops at the next safe place. */
  readonly signal: AbortSignal;
  /** The result: `document` as JSON with --json, `text` otherwise. Once per run; a second time throws. */
  result(document: unknown, text: string): void;
  /** One piece of a result that is a stream: a line of JSON Lines with --json, `text` otherwise. */
  item(document: unknown, text: string): void;
  /** A line on standard error. */
  log(text: string): void;
  /** A progress line on standard error; ends the one before. `total` null: not known. `since`: steps done by an earlier run. */
  progress(label: string, total: number | null, since?: number): Progress;
};

export type IoOptions = {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds from any fixed moment; for rates only. */
  readonly now: () => number;
  /** Called when the reader of standard output has gone. */
  readonly onClosed: () => void;
};

/** An Io and what only the frame needs. */
export type OwnedIo = Io & {
  /** Ends the progress line and lets the streams drain. Throws InputError if standard output could not be written. */
  end(): Promise<void>;
};

function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** Opens the Io of one run. */
export function openIo({ stdout, stderr, json, signal, now, onClosed }: IoOptions): OwnedIo {
  let progress: Progress | null = null;
  let finished = false;
  let fault: NodeJS.ErrnoException | null = null;

  // EPIPE: the reader has gone (`| head`), which is no failure. Anything else (a full disk) is one.
  stdout.on?.('error', (error) => {
    if (fault !== null) return;
    fault = error;
    onClosed();
  });
  stderr.on?.('error', () => {});

  const print = (text: string): void => {
    progress?.hide();
    if (fault === null) stdout.write(endLine(text));
    progress?.show();
  };
  const log = (text: string): void => {
    progress?.hide();
    stderr.write(endLine(escapeText(text)));
    progress?.show();
  };
  return {
    json,
    signal,
    log,
    result(document, text) {
      if (finished) throw new Error('a verb gives one result');
      finished = true;
      print(json ? JSON.stringify(document, null, 2) : escapeText(text));
    },
    item: (document, text) => print(json ? JSON.stringify(document) : escapeText(text)),
    progress(label, total, since = 0) {
      progress?.end();
      progress = openProgress({ label, total, since, sink: stderr, now });
      return progress;
    },
    async end() {
      progress?.end();
      await Promise.all([drainSink(stdout), drainSink(stderr)]);
      if (fault !== null && fault.code !== 'EPIPE') throw new InputError('standard output', fault.message);
    },
  };
}

/** A cell of a table. Numbers stand to the right, null is a dash ("not judged"). */
export type Cell = string | number | null;

/** A table in plain text: a head, a rule, rows; columns two blanks apart. Numbers are printed as they are: round first. */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => head.map((_, i) => String(row[i] ?? '-').replaceAll(/\s+/g, ' ')));
  const widths = head.map((title, i) => Math.max(title.length, ...texts.map((row) => row[i]!.length)));
  const right = head.map((_, i) => rows.some((row) => typeof row[i] === 'number'));
  const formatRow = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [formatRow(head), widths.map((width) => '-'.repeat(width)).join('  '), ...texts.map(formatRow)].join('\n');
}
