// The progress of long work: step, total, named figures, rate, time left. On a terminal one line redrawn in place;
// without one, a plain line every few seconds. Figures are shown, not kept: metrics.jsonl keeps them.
import { escapeText, type Sink } from './sink.ts';

/** Named figures shown beside the step, such as `{ reward: 0.81, safety: 0.97 }`; null is shown as a dash. */
export type Figures = { readonly [name: string]: number | string | null };

export type Progress = {
  /** `done` steps are done, counted from the start of the work, steps of an earlier run included. */
  step(done: number, figures?: Figures): void;
  /** Takes the line away so that something else can be printed; `show` draws it again. */
  hide(): void;
  show(): void;
  /** Draws the last state for good. Harmless when repeated. */
  end(): void;
};

export type ProgressOptions = {
  readonly label: string;
  readonly total: number | null;
  /** Steps done before the clock started, by the run that is resumed. */
  readonly since: number;
  readonly sink: Sink;
  /** Milliseconds from any fixed moment. */
  readonly now: () => number;
};

/** Milliseconds between two drawings: short on a terminal, long in a log. */
const REDRAW = 100;
const RELINE = 5000;

/** A duration in seconds as people read it: `8s`, `3m20s`, `1h02m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
}

/** Steps per second as people read it: `3.2/s`, or `12.5s each` when slow. */
export function formatRate(rate: number): string {
  return rate >= 1 ? `${rate.toFixed(1)}/s` : `${(1 / rate).toFixed(1)}s each`;
}

function formatFigure(value: number | string | null): string {
  if (value === null) return '-';
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 0.001 && Math.abs(value) < 1e5 ? value.toFixed(3) : value.toExponential(1);
}

/** What is known at one moment. */
type State = { readonly done: number; readonly seconds: number; readonly figures: Figures };

/** The line as text: label, step, figures, rate, time left. */
export function formatLine({ label, total, since }: Omit<ProgressOptions, 'sink' | 'now'>, state: State): string {
  const { done, seconds, figures } = state;
  const parts = [total === null ? `${label} ${done}` : `${label} ${done}/${total}`];
  for (const [name, value] of Object.entries(figures)) parts.push(`${name} ${formatFigure(value)}`);
  const rate = seconds > 0 ? (done - since) / seconds : 0;
  if (rate > 0) parts.push(formatRate(rate));
  if (rate > 0 && total !== null && done < total) parts.push(`${formatDuration((total - done) / rate)} left`);
  if (total !== null && done >= total) parts.push(formatDuration(seconds));
  return escapeText(parts.join('  ')).replaceAll('\n', ' ');
}

/** Opens a progress line; its clock starts now. */
export function openProgress(options: ProgressOptions): Progress {
  const { sink, now } = options;
  const terminal = sink.isTTY === true;
  const start = now();
  let state: State | null = null;
  let shownAt = -Infinity;
  let shown: State | null = null;
  let ended = false;

  const draw = (): void => {
    if (state === null) return;
    const line = formatLine(options, state);
    // One column is left free: a full line would wrap, and a wrapped line cannot be redrawn. Some terminals say 0.
    sink.write(terminal ? `\r\x1b[2K${line.slice(0, (sink.columns || 80) - 1)}` : `${line}\n`);
    shownAt = now();
    shown = state;
  };
  return {
    step(done, figures = {}) {
      if (ended) return;
      state = { done, seconds: (now() - start) / 1000, figures };
      if (now() - shownAt >= (terminal ? REDRAW : RELINE)) draw();
    },
    hide() {
      if (terminal && shown !== null && !ended) sink.write('\r\x1b[2K');
    },
    show() {
      if (terminal && shown !== null && !ended) draw();
    },
    end() {
      if (ended) return;
      if (state !== shown) draw();
      if (terminal && shown !== null) sink.write('\n');
      ended = true;
    },
  };
}
