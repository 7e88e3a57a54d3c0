// What the guard's verbs share: their flags, and the gate those flags ask for. A question goes to the dashboard's inbox where
// --inbox says so, else to the terminal where there is one; where there is none, what would have to be asked is denied.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../episode/input.ts';
import { traceGate } from '../guard/adapters/otel.ts';
import { createApprovals } from '../guard/approval.ts';
import { openAudit } from '../guard/audit.ts';
import { type Asker, createGate, type Gate } from '../guard/gate.ts';
import { createGuard } from '../guard/guard.ts';
import type { Rulebook } from '../guard/rulebook.ts';
import type { FlagSpec, ParsedArgs } from './args.ts';
import { CLASSIFIER_FLAG, openClassifiers } from './guard-classifier.ts';
import { readRules } from './guard-replay.ts';

/** Where guards and the dashboard meet unless something else is said. */
export const INBOX = join(homedir(), '.tribune', 'inbox', 'socket');

/** Flags of every verb that guards. */
export const GATE_FLAGS = {
  log: { kind: 'string', value: 'FILE', summary: 'append what is decided to this log; `guard verify-log` checks it' },
  'log-key': { kind: 'string', value: 'FILE', summary: 'a file whose bytes key the hashes of the log' },
  shadow: { kind: 'boolean', summary: 'decide and log, and block nothing' },
  rules: { kind: 'string', value: 'FILE', summary: 'the rules, JSON or YAML (default: the built-in judgement alone)' },
  autonomous: { kind: 'boolean', summary: 'nobody is there to ask: ask less (preset autonomous)' },
  classifier: CLASSIFIER_FLAG,
  inbox: { kind: 'boolean', summary: 'ask in the dashboard (`tribune dashboard`), which must run on this machine' },
  'inbox-socket': { kind: 'string', value: 'SOCKET', summary: 'as --inbox, at another socket' },
  'ask-timeout': {
    kind: 'integer',
    min: 1,
    max: 86400,
    fallback: 110,
    value: 'SECONDS',
    summary: 'how long a person may take; then the call is denied',
  },
  'clean-results': { kind: 'boolean', summary: 'cut attacks out of what tools return before the model reads it' },
} as const satisfies FlagSpec;

type GateFlags = ParsedArgs<typeof GATE_FLAGS>['flags'];

/** Opens the gate; the file's word on a tool goes before that of `base`. Throws InputError for rules and a key that cannot be used. */
export async function openGate(flags: GateFlags, ask?: Asker, base: Rulebook = {}): Promise<Gate> {
  const key = flags['log-key'] === undefined ? {} : { key: readKey(flags['log-key']) };
  const audit = flags.log === undefined ? {} : { audit: openAudit({ file: flags.log, now: Date.now, ...key }) };
  const rules = await readRules(flags.rules, flags.autonomous);
  const guard = createGuard({
    rules: { ...base, ...rules, tools: { ...base.tools, ...rules.tools } },
    mode: flags.shadow ? 'shadow' : 'enforce',
    results: flags['clean-results'] ? 'clean' : 'pass',
    ...(await openClassifiers(flags.classifier)),
  });
  const inbox = await openChannel(flags);
  const asker = inbox ?? ask;
  // A moment longer than the inbox waits, which then sees its own end; the approval outlives both.
  const askTimeout = flags['ask-timeout'] * 1000 + 1000;
  const gate = createGate({
    guard,
    now: Date.now,
    askTimeout,
    approvals: createApprovals({ now: Date.now, ttl: askTimeout + 10_000 }),
    ...audit,
    ...(asker === undefined ? {} : { ask: asker }),
  });
  // A host that could ask by itself does not: who gave --inbox wants to be asked there.
  return traceIfAsked(inbox === undefined ? gate : { ...gate, openCall: gate.passCall });
}

/** Asks in the dashboard, if the flags say so. */
async function openChannel(flags: GateFlags): Promise<Asker | undefined> {
  const named = flags['inbox-socket'];
  if (!flags.inbox && named === undefined) return undefined;
  const { askInbox } = await import('../dashboard/channel.ts');
  const patience = flags['ask-timeout'] * 1000;
  return askInbox({ socket: named ?? INBOX, from: `process ${process.pid}`, now: Date.now, patience });
}

/** With spans where OpenTelemetry is set up in the environment and its API is installed. */
async function traceIfAsked(gate: Gate): Promise<Gate> {
  if (!Object.keys(process.env).some((name) => name.startsWith('OTEL_'))) return gate;
  const api = await import('@opentelemetry/api').catch(() => null);
  return api === null ? gate : traceGate(gate, api.trace.getTracer('tribune'));
}

/** The bytes of a key file. Throws InputError for one that is too short to be a secret. */
export function readKey(path: string): Uint8Array {
  const bytes = readFileSync(path);
  if (bytes.length < 16) throw new InputError(path, `${bytes.length} bytes, expected a key of at least 16`);
  return bytes;
}

/** The token callers must send, from the environment: on a command line every user of the machine could read it. */
export function readToken(): string | undefined {
  return process.env.TRIBUNE_GUARD_TOKEN || undefined;
}
