// A stream one writes text to, and text made fit for a terminal. What is written where is not decided here (output.ts).

/** The part of a stream that is used: process.stdout and process.stderr fit, a test's array does too. */
export type Sink = {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, done?: () => void): unknown;
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
};

/** A sink that keeps what is written, for tests and for output that is looked at before it is shown. */
export type Collector = Sink & { text(): string };

/** Opens a collector; `terminal` makes it look like one of that many columns. */
export function collectText(terminal?: { readonly columns: number }): Collector {
  const parts: string[] = [];
  return {
    isTTY: terminal !== undefined,
    columns: terminal?.columns,
    write(text, done) {
      parts.push(text);
      done?.();
    },
    text: () => parts.join(''),
  };
}

/** Resolves when all that was written has left, or failed. */
export function drainSink(sink: Sink): Promise<void> {
  return new Promise((resolve) => sink.write('', () => resolve()));
}

/** Whether a character may move a terminal's cursor or reorder its text: controls but tab and line feed, C1, bidi. */
function isUnsafe(code: number): boolean {
  if (code < 0x20) return code !== 0x09 && code !== 0x0a;
  if (code < 0x7f) return false;
  if (code < 0xa0 || code === 0x061c || code === 0x200e || code === 0x200f) return true;
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** Shows unsafe characters as \u escapes: printed text may quote an attacker. */
export function escapeText(text: string): string {
  let safe = '';
  for (const c of text) {
    const code = c.codePointAt(0)!;
    safe += isUnsafe(code) ? `\\u${code.toString(16).padStart(4, '0')}` : c;
  }
  return safe;
}
