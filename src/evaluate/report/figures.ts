// Figures as words: percentages, numbers of any size, durations. Whatever is missing or not finite is a dash.
import type { Rate } from '../metrics.ts';

export const MISSING = '–';

/** A share as percent with one decimal, without the sign: `97.5`. Only 1 is 100.0 and only 0 is 0.0. */
export function formatPercent(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return MISSING;
  if (share > 0 && share < 0.0005) return '<0.1';
  if (share < 1 && share >= 0.9995) return '>99.9';
  return (share * 100).toFixed(1);
}

/** A share as whole percent: `98 %`, with a blank that does not break. Rounding never claims none or all. */
export function sayPercent(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return MISSING;
  if (share > 0 && share < 0.005) return '<1\u00a0%';
  if (share < 1 && share >= 0.995) return '>99\u00a0%';
  return `${Math.round(share * 100)}\u00a0%`;
}

/** The interval of a rate in percent: `93.0–99.1`. */
export function formatInterval({ low, high }: Rate): string {
  return low === null || high === null ? MISSING : `${formatPercent(low)}–${formatPercent(high)}`;
}

/** Half the width of a rate's interval in percent, or null. */
export function halfWidth({ low, high }: Rate): number | null {
  return low === null || high === null ? null : (high - low) * 50;
}

/** A number with three significant digits, thousands grouped: `0.00123`, `1.2e−7`, `15,360`, `−0.5`. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  return `${value < 0 ? '−' : ''}${formatSize(Math.abs(value))}`;
}

function formatSize(size: number): string {
  if (size > 0 && (size < 1e-3 || size >= 1e9))
    return size.toExponential(1).replace('.0e', 'e').replace('e+', 'e').replace('e-', 'e−');
  if (size >= 1000 || Number.isInteger(size)) return Math.round(size).toLocaleString('en');
  return String(Number(size.toPrecision(3)));
}

/** Seconds as `9 min 41 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return MISSING;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
