#!/usr/bin/env node
// The command `tribune`: which verbs there are, and the process they run in (streams, Ctrl-C, exit code).
// Everything that can be tested without a process is in dispatch.ts.
import { readFileSync } from 'node:fs';
import { describeError, EXIT, runCli } from './dispatch.ts';
import { drainSink, escapeText } from './sink.ts';
import type { VerbTable } from './verb.ts';

/** The verbs in the order help lists them. Each file is loaded only when its verb runs. */
const VERBS: VerbTable = {
  align: async () => (await import('./align.ts')).verb,
  study: async () => (await import('./study.ts')).verb,
  redteam: async () => (await import('./redteam.ts')).verb,
  generate: async () => (await import('./generate.ts')).verb,
  check: async () => (await import('./check.ts')).verb,
  convert: async () => (await import('./convert.ts')).verb,
  rollout: async () => (await import('./rollout.ts')).verb,
  score: async () => (await import('./score.ts')).verb,
  evaluate: async () => (await import('./evaluate.ts')).verb,
  fetch: async () => (await import('./fetch.ts')).verb,
  compare: async () => (await import('./compare.ts')).verb,
  export: async () => (await import('./export.ts')).verb,
  rescore: async () => (await import('./rescore.ts')).verb,
  replay: async () => (await import('./replay.ts')).verb,
  onnx: async () => (await import('./onnx.ts')).verb,
  'serve env': async () => (await import('./serve-env.ts')).verb,
  'serve chat': async () => (await import('./serve-chat.ts')).verb,
  'guard replay': async () => (await import('./guard-replay.ts')).verb,
  'guard lint': async () => (await import('./guard-lint.ts')).verb,
  dashboard: async () => (await import('./dashboard.ts')).verb,
  doctor: async () => (await import('./doctor.ts')).verb,
  'guard mcp': async () => (await import('./guard-mcp.ts')).verb,
  'guard proxy': async () => (await import('./guard-proxy.ts')).verb,
  'guard hook': async () => (await import('./guard-hook.ts')).verb,
  'guard verify-log': async () => (await import('./guard-verify-log.ts')).verb,
};

/** Two signals within this many milliseconds are one Ctrl-C: a terminal and npm both deliver it. */
const ONE_PRESS = 500;

/** A signal that the first Ctrl-C aborts; the second one ends the process on the spot. */
function watchInterrupts(): AbortSignal {
  const controller = new AbortController();
  let pressed = -Infinity;
  const stop = (): void => {
    const again = controller.signal.aborted && performance.now() - pressed > ONE_PRESS;
    if (again) process.exit(EXIT.stopped);
    if (controller.signal.aborted) return;
    pressed = performance.now();
    process.stderr.write('\nstopping at the next safe place; press Ctrl-C again to stop at once\n');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String(JSON.parse(text).version);
}

const { stdout, stderr } = process;
// Streams fail late and alone; without a listener that would end the process with a stack.
stdout.on('error', () => {});
stderr.on('error', () => {});
// What no verb awaited, told like any other failure.
process.on('uncaughtException', (error) => {
  const { line, code } = describeError(error, process.argv.includes('--debug'));
  stderr.write(`${escapeText(line)}\n`, () => process.exit(code));
});
const signal = watchInterrupts();
const around = { version: readVersion(), stdout, stderr, signal, now: () => performance.now() };
const code = await runCli(process.argv.slice(2), VERBS, around);
await drainSink(stdout);
// Workers and sockets a verb forgot must not keep a finished command alive.
process.exit(code);
