// The words of a command line as typed arguments: a verb declares its flags, this reads them and says in one line what
// is wrong. Splitting is node:util's parseArgs; ranges, choices, counts and the nearest name are ours.
import { parseArgs } from 'node:util';
import { InputError } from '../episode/input.ts';
import { findNearest } from '../safety/nearest.ts';

type Common = { readonly summary: string };
/** `value` is what help calls the value, such as DIR. A flag with neither `fallback` nor `required` may be undefined. */
type Valued<T> = Common & { readonly value?: string; readonly required?: true; readonly fallback?: T };

/** One flag. Names are given by the record it stands in. Bounds are inclusive. */
export type Flag =
  | (Common & { readonly kind: 'boolean' })
  | (Common & { readonly kind: 'list'; readonly value?: string })
  | (Valued<string> & { readonly kind: 'string' })
  | (Valued<number> & { readonly kind: 'integer' | 'number'; readonly min?: number; readonly max?: number })
  | (Valued<string> & { readonly kind: 'choice'; readonly choices: readonly string[] });

export type FlagSpec = { readonly [name: string]: Flag };

type Bare<F extends Flag> = F extends { kind: 'boolean' }
  ? boolean
  : F extends { kind: 'list' }
    ? readonly string[]
    : F extends { kind: 'string' }
      ? string
      : F extends { kind: 'choice'; choices: readonly (infer C)[] }
        ? C
        : number;

/** The type of a flag's value: undefined only where the flag may be left out and has no fallback. */
export type FlagValue<F extends Flag> = F extends
  | { kind: 'boolean' | 'list' }
  | { required: true }
  | { fallback: string | number }
  ? Bare<F>
  : Bare<F> | undefined;

export type ParsedArgs<S extends FlagSpec = FlagSpec> = {
  readonly flags: { readonly [K in keyof S]: FlagValue<S[K]> };
  /** The words that are no flags, as many as the verb's usage allows. */
  readonly positionals: readonly string[];
};

type Positional = { readonly name: string; readonly optional: boolean; readonly many: boolean };

/** Reads a usage such as `SUITE [FILE...]`. */
export function parseUsage(usage: string): readonly Positional[] {
  const words = usage.split(' ').filter((word) => word !== '');
  return words.map((word) => {
    const optional = word.startsWith('[');
    const inner = optional ? word.slice(1, -1) : word;
    const many = inner.endsWith('...');
    return { name: many ? inner.slice(0, -3) : inner, optional, many };
  });
}

/** A quoted word for a message, cut where it is long. */
function quote(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 57)}...` : word);
}

/** `a name`, with the nearest known one where there is one. */
export function suggestName(typed: string, names: readonly string[], otherwise: string): string {
  const near = findNearest(typed.replace(/^-+/, ''), names);
  return near === null ? otherwise : `did you mean ${typed.startsWith('-') ? '--' : ''}${near}?`;
}

/** What values a flag takes, for messages and help. */
export function describeFlag(flag: Flag): string {
  switch (flag.kind) {
    case 'boolean':
      return 'no value';
    case 'string':
    case 'list':
      return 'a value';
    case 'choice':
      return `one of ${flag.choices.join(', ')}`;
    case 'integer':
    case 'number':
      return `${flag.kind === 'integer' ? 'an integer' : 'a number'}${describeRange(flag.min, flag.max)}`;
  }
}

function describeRange(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? '' : `, at most ${max}`;
}

/** A number as people write it: no blanks, no hexadecimal, no Infinity; null for anything else. */
function readNumber(text: string, whole: boolean): number | null {
  const pattern = whole ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const value = Number(text);
  if (!pattern.test(text) || !Number.isFinite(value)) return null;
  return whole && !Number.isSafeInteger(value) ? null : value;
}

/** The value a flag's text stands for, or null if the flag does not take it. */
function readValue(flag: Flag, text: string): string | number | null {
  switch (flag.kind) {
    case 'boolean':
      return null;
    case 'string':
    case 'list':
      return text;
    case 'choice':
      return flag.choices.includes(text) ? text : null;
    case 'integer':
    case 'number': {
      const value = readNumber(text, flag.kind === 'integer');
      const inside = value !== null && value >= (flag.min ?? -Infinity) && value <= (flag.max ?? Infinity);
      return inside ? value : null;
    }
  }
}

type Token =
  | {
      readonly kind: 'option';
      readonly name: string;
      readonly rawName: string;
      readonly value?: string | undefined;
      readonly inlineValue?: boolean | undefined;
    }
  | { readonly kind: 'positional'; readonly value: string }
  | { readonly kind: 'option-terminator' };

/** Splits words with the flags' shapes known; complaints are ours to make, hence not strict. */
function splitWords(words: readonly string[], spec: FlagSpec): readonly Token[] {
  const options: { [name: string]: { type: 'string' | 'boolean' } } = {};
  for (const [name, flag] of Object.entries(spec))
    options[name] = { type: flag.kind === 'boolean' ? 'boolean' : 'string' };
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

type Found = Map<string, boolean | string | number | readonly string[]>;

/** Takes in one `--flag value`. */
function takeFlag(found: Found, spec: FlagSpec, token: Token & { kind: 'option' }, where: string): void {
  const { name, rawName, value } = token;
  const flag = Object.hasOwn(spec, name) ? spec[name] : undefined;
  if (!flag || !rawName.startsWith('--')) {
    const known = Object.keys(spec).sort();
    throw new InputError(where, `unknown flag ${rawName}, ${suggestName(rawName, known, 'see --help for the flags')}`);
  }
  if (flag.kind === 'boolean') {
    if (value !== undefined) throw new InputError(where, `--${name} takes no value, found ${quote(value)}`);
    found.set(name, true);
    return;
  }
  // parseArgs gives the next word to a flag even if that word is a flag itself.
  const swallowed = token.inlineValue === false && /^-\D/.test(value ?? '') && readNumber(value ?? '', false) === null;
  if (value === undefined || swallowed)
    throw new InputError(where, `--${name} needs ${describeFlag(flag)}, found none`);
  const read = readValue(flag, value);
  if (read === null) throw new InputError(where, `--${name} needs ${describeFlag(flag)}, found ${quote(value)}`);
  if (flag.kind === 'list') found.set(name, [...((found.get(name) as readonly string[] | undefined) ?? []), value]);
  else if (found.has(name)) throw new InputError(where, `--${name} is given twice, expected once`);
  else found.set(name, read);
}

/** Puts in what was not given. */
function fillDefaults(found: Found, spec: FlagSpec, where: string): void {
  for (const [name, flag] of Object.entries(spec)) {
    if (found.has(name)) continue;
    if (flag.kind === 'boolean') found.set(name, false);
    else if (flag.kind === 'list') found.set(name, []);
    else if (flag.required) throw new InputError(where, `--${name} is missing, it needs ${describeFlag(flag)}`);
    else if (flag.fallback !== undefined) found.set(name, flag.fallback);
  }
}

function checkPositionals(words: readonly string[], usage: string, where: string): void {
  const places = parseUsage(usage);
  const needed = places.filter((place) => !place.optional);
  const missing = needed[words.length];
  if (missing) throw new InputError(where, `${missing.name} is missing, expected ${where} ${usage}`);
  if (words.length <= places.length || places.some((place) => place.many)) return;
  const expected = places.length === 0 ? 'none' : usage;
  throw new InputError(where, `too many words, found ${quote(words[places.length] ?? '')}, expected ${expected}`);
}

/**
 * Reads the words after a verb's name. `where` begins every message (`tribune rollout`).
 * Throws InputError for an unknown flag, a missing or wrong value, a flag given twice, a missing or extra word.
 */
export function readArgs<S extends FlagSpec>(
  words: readonly string[],
  spec: S,
  usage: string,
  where: string,
): ParsedArgs<S> {
  const found: Found = new Map();
  const positionals: string[] = [];
  for (const token of splitWords(words, spec)) {
    if (token.kind === 'option') takeFlag(found, spec, token, where);
    if (token.kind === 'positional') positionals.push(token.value);
  }
  checkPositionals(positionals, usage, where);
  fillDefaults(found, spec, where);
  // The spec and the map agree by construction (readValue follows each flag's kind); the compiler cannot see it.
  return { flags: Object.fromEntries(found) as ParsedArgs<S>['flags'], positionals };
}
