// Reads the safety table (rules.ts) out of parsed JSON or YAML. Apart from it because whoever only applies a table need not load this.
// Not here: reading files (the edges do that and turn a failure into an error with a place).
import { findNearest } from './nearest.ts';
import { defaultRules, RULES_VERSION, type Rules } from './rules.ts';
import { CHANNELS, type Channel, DECISIONS, type Decision, EFFECTS, MODES } from './taxonomy.ts';

/** Rules read, or the place that is wrong (`rules.yaml: table.user`) and what was expected there. */
export type ParsedRules =
  | { readonly ok: true; readonly rules: Rules }
  | { readonly ok: false; readonly where: string; readonly what: string };

/**
 * Checks a parsed JSON or YAML value as rules. What is left out comes from `defaultRules`; an unknown key, effect or
 * decision is a fault, because a misspelt rule would otherwise be a rule that silently does not hold. Never throws.
 * @param where names the source in the fault, usually the file.
 */
export function parseRules(value: unknown, where: string): ParsedRules {
  try {
    return { ok: true, rules: readRules(value) };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { ok: false, where: fault.path === '' ? where : `${where}: ${fault.path}`, what: fault.message };
  }
}

/** What stops the reading of rules; never leaves this file. */
class Fault extends Error {
  readonly path: string;
  constructor(path: string, what: string) {
    super(what);
    this.path = path;
  }
}

function readRules(value: unknown): Rules {
  const fields = readFields(value, '', ['version', 'table', 'effects', 'tools']);
  checkVersion(fields.version ?? RULES_VERSION);
  const table = readFields(fields.table ?? {}, 'table', CHANNELS);
  return {
    version: RULES_VERSION,
    table: { user: readRow(table, 'user'), tool: readRow(table, 'tool') },
    effects: readDecisions(fields.effects ?? {}, 'effects', EFFECTS),
    tools: readDecisions(fields.tools ?? {}, 'tools', null),
  };
}

function readRow(table: Fields, channel: Channel): Rules['table'][Channel] {
  return { ...defaultRules.table[channel], ...readDecisions(table[channel] ?? {}, `table.${channel}`, MODES) };
}

/** The decisions under `path`, by name; `names` null allows any name. */
function readDecisions(value: unknown, path: string, names: readonly string[] | null): { [name: string]: Decision } {
  const entries = Object.entries(readFields(value, path, names));
  // fromEntries defines own properties: a tool called `__proto__` stays a name.
  return Object.fromEntries(entries.map(([name, decision]) => [name, readDecision(decision, joinPath(path, name))]));
}

function readDecision(value: unknown, path: string): Decision {
  const decision = DECISIONS.find((word) => word === value);
  if (decision === undefined) throw new Fault(path, describeMismatch(DECISIONS, value));
  return decision;
}

type Fields = { readonly [name: string]: unknown };

/** The value as an object whose keys are all among `names`. */
function readFields(value: unknown, path: string, names: readonly string[] | null): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Fault(path, `expected an object, got ${show(value)}`);
  }
  const stranger = names === null ? undefined : Object.keys(value).find((key) => !names.includes(key));
  if (names !== null && stranger !== undefined) {
    throw new Fault(joinPath(path, stranger), `unknown key; ${describeMismatch(names, stranger)}`);
  }
  return Object.fromEntries(Object.entries(value));
}

function checkVersion(version: unknown): void {
  if (version === RULES_VERSION) return;
  const newer = typeof version === 'number' && version > RULES_VERSION;
  const what = newer ? `version ${version} is newer than this program, which reads` : `got ${show(version)}, expected`;
  throw new Fault('version', `${what} version ${RULES_VERSION}`);
}

function describeMismatch(words: readonly string[], got: unknown): string {
  const nearest = typeof got === 'string' ? findNearest(got, words) : null;
  const hint = nearest === null ? '' : ` (did you mean ${nearest}?)`;
  return `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, got ${show(got)}${hint}`;
}

function joinPath(path: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** The value as a person would write it, cut to a length that fits one line. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
