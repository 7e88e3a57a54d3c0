// Finds the verb, reads its arguments, runs it and tells how it ended: one line and an exit code. Knows no verb by name
// and nothing of the process it runs in (main.ts does): streams, signal and clock are passed in.
import { InputError } from '../episode/input.ts';
import { type Flag, type FlagSpec, readArgs, suggestName } from './args.ts';
import { describeFault } from './input.ts';
import { openIo } from './output.ts';
import { escapeText, type Sink } from './sink.ts';
import type { Verb, VerbTable } from './verb.ts';

/** The process as the frame sees it. */
export type Surroundings = {
  readonly version: string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

/** Exit codes: done, the thing asked for failed, bad usage or input, stopped by Ctrl-C. */
export const EXIT = { done: 0, failed: 1, usage: 2, stopped: 130 } as const;

/** Flags every verb has. */
const COMMON = {
  json: { kind: 'boolean', summary: 'print the result as JSON on standard output and nothing else' },
  debug: { kind: 'boolean', summary: 'print the stack of an unexpected error' },
  help: { kind: 'boolean', summary: 'print this help' },
} as const satisfies FlagSpec;

const ABOUT = 'Tribune teaches tool-using agents when to act, when to ask and when to refuse, and holds them to it.';

/** Names of the verbs of a group: `guard` → `guard mcp`, `guard replay`. */
function listGroup(table: VerbTable, group: string): readonly string[] {
  return Object.keys(table).filter((name) => name.startsWith(`${group} `));
}

type Chosen = { readonly name: string; readonly words: readonly string[] };

/** Which verb the words name, and the words left for it. Throws InputError for an unknown or unfinished name. */
function chooseVerb(table: VerbTable, argv: readonly string[]): Chosen {
  const [first = '', second = ''] = argv;
  if (Object.hasOwn(table, `${first} ${second}`)) return { name: `${first} ${second}`, words: argv.slice(2) };
  if (Object.hasOwn(table, first)) return { name: first, words: argv.slice(1) };
  const group = listGroup(table, first).map((name) => name.slice(first.length + 1));
  const where = group.length > 0 ? `tribune ${first}` : 'tribune';
  const known = group.length > 0 ? group : [...new Set(Object.keys(table).map((name) => name.split(' ')[0]!))];
  const typed = group.length > 0 ? second : first;
  const otherwise = `expected one of ${known.join(', ')}`;
  if (typed === '') throw new InputError(where, `a verb is missing, ${otherwise}`);
  const kind = typed.startsWith('-') ? 'flag' : 'verb';
  throw new InputError(where, `unknown ${kind} ${JSON.stringify(typed)}, ${suggestName(typed, known, otherwise)}`);
}

/** Lines of two columns, the first padded. */
function formatColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
}

/** What a verb is about in the list of verbs, also when its file cannot be loaded on this machine. */
async function describeVerb(table: VerbTable, name: string): Promise<string> {
  try {
    return (await table[name]!()).summary;
  } catch {
    return '(cannot be loaded here; run it with --debug to see why)';
  }
}

async function formatHelp(table: VerbTable, names: readonly string[], title: string): Promise<string> {
  const rows = await Promise.all(names.map(async (name) => [name, await describeVerb(table, name)] as const));
  const verbs = rows.length === 0 ? '' : `\nVerbs:\n${formatColumns(rows)}\n`;
  return `${title}\n\nUsage: tribune VERB [ARGUMENT...] [--json] [--debug]\n       tribune VERB --help\n       tribune --version\n${verbs}`;
}

function describeValue(flag: Flag): string {
  switch (flag.kind) {
    case 'boolean':
      return '';
    case 'choice':
      return ` ${flag.choices.join('|')}`;
    case 'string':
    case 'list':
      return ` ${flag.value ?? 'TEXT'}`;
    case 'integer':
    case 'number':
      return ` ${flag.value ?? 'N'}`;
  }
}

function describeDefault(flag: Flag): string {
  if (flag.kind === 'boolean' || flag.kind === 'list') return '';
  if (flag.required) return ' (required)';
  return flag.fallback === undefined ? '' : ` (default ${flag.fallback})`;
}

/** The help of one verb. */
export function formatVerbHelp(name: string, verb: Verb): string {
  const flags = Object.entries<Flag>({ ...verb.flags, ...COMMON });
  const rows = flags.map(
    ([flag, spec]) => [`--${flag}${describeValue(spec)}`, spec.summary + describeDefault(spec)] as const,
  );
  return `${verb.summary}\n\nUsage: ${`tribune ${name} ${verb.usage}`.trimEnd()} [flags]\n\nFlags:\n${formatColumns(rows)}\n`;
}

/** `-h`, `help` and `--help` wherever they stand before a `--`. */
function wantsHelp(words: readonly string[]): boolean {
  const cut = words.indexOf('--');
  return words.slice(0, cut < 0 ? undefined : cut).some((word) => word === '--help' || word === '-h');
}

/** The line and the exit code an error ends in; `debug` adds the stack of errors that are not the caller's. */
export function describeError(error: unknown, debug: boolean): { readonly line: string; readonly code: number } {
  if (error instanceof InputError) return { line: error.message, code: EXIT.usage };
  const stack = debug && error instanceof Error && error.stack ? `\n${error.stack}` : '';
  const fault = describeFault(error);
  const path = error instanceof Error && 'path' in error ? error.path : 'tribune';
  if (fault !== null) return { line: `${path}: ${fault}${stack}`, code: EXIT.usage };
  const message = String(error instanceof Error ? error.message : error).replaceAll(/\s*[\r\n]+\s*/g, ' ');
  return { line: `tribune: unexpected error: ${message}${stack || ' (--debug shows where)'}`, code: EXIT.failed };
}

/** Whether an error is nothing but the signal's own, thrown by `throwIfAborted` or by a builtin that was given the signal. */
function isStop(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
}

/** Runs one chosen verb. */
async function runVerb(name: string, words: readonly string[], verb: Verb, around: Surroundings): Promise<number> {
  const args = readArgs(words, { ...verb.flags, ...COMMON }, verb.usage, `tribune ${name}`);
  const closed = new AbortController();
  const signal = AbortSignal.any([around.signal, closed.signal]);
  const { stdout, stderr, now } = around;
  const io = openIo({ stdout, stderr, now, json: args.flags.json, signal, onClosed: () => closed.abort() });
  try {
    return await verb.run(args, io);
  } catch (error) {
    // Only the stop itself is no failure: a checkpoint that could not be written while stopping is one.
    if (!isStop(error, signal)) throw error;
    return around.signal.aborted ? EXIT.stopped : EXIT.done;
  } finally {
    await io.end();
  }
}

async function runWords(argv: readonly string[], table: VerbTable, around: Surroundings): Promise<number> {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [first] = words;
  if (first === undefined) {
    around.stderr.write(await formatHelp(table, Object.keys(table), ABOUT));
    return EXIT.usage;
  }
  if (first === '--version') {
    around.stdout.write(`${around.version}\n`);
    return EXIT.done;
  }
  if (first === '--help' || first === '-h') {
    around.stdout.write(await formatHelp(table, Object.keys(table), ABOUT));
    return EXIT.done;
  }
  const group = Object.hasOwn(table, first) ? [] : listGroup(table, first);
  if (group.length > 0 && (words[1] === '--help' || words[1] === '-h')) {
    around.stdout.write(await formatHelp(table, group, `tribune ${first}`));
    return EXIT.done;
  }
  const { name, words: rest } = chooseVerb(table, words);
  const verb = await table[name]!();
  if (wantsHelp(rest)) {
    around.stdout.write(formatVerbHelp(name, verb));
    return EXIT.done;
  }
  return runVerb(name, rest, verb, around);
}

/** Runs a command line and gives its exit code. Never throws: every failure is one line on standard error. */
export async function runCli(argv: readonly string[], table: VerbTable, around: Surroundings): Promise<number> {
  try {
    const code = await runWords(argv, table, around);
    return around.signal.aborted && code === EXIT.done ? EXIT.stopped : code;
  } catch (error) {
    const { line, code } = describeError(error, argv.includes('--debug'));
    around.stderr.write(`${escapeText(line)}\n`);
    return code;
  }
}
