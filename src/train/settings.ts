// Changes to a configuration from the command line: `grpo.scaling=none,grpo.signal=0.3`. A key names a field that is there;
// the schema says whether the value may stand in it.
import type { z } from 'zod';
import { checkInput, InputError } from '../episode/input.ts';
import { findNearest } from '../safety/nearest.ts';
import { configSchema, type TrainConfig } from './config.ts';

type Fields = { readonly [key: string]: unknown };
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** The configuration with `KEY=VALUE,…` put into it. Throws InputError for a key or value that does not fit. */
export function applySettings(config: TrainConfig, text: string): TrainConfig {
  return putSettings(configSchema, config, text);
}

/** The same for settings of any schema. */
export function putSettings<T extends Fields>(schema: z.ZodType<T>, config: T, text: string): T {
  let changed: Fields = config;
  for (const part of text.split(',')) {
    const [key = '', value] = part.split(/=(.*)/s);
    if (value === undefined) throw new InputError('--set', `${JSON.stringify(part)}, expected KEY=VALUE`);
    changed = putField(changed, key.trim().split('.'), readValue(value.trim()), key.trim());
  }
  return checkInput(schema, changed, '--set');
}

function readValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? number : text;
}

function putField(fields: Fields, [name = '', ...rest]: readonly string[], value: unknown, key: string): Fields {
  if (!Object.hasOwn(fields, name)) {
    const near = findNearest(name, Object.keys(fields));
    const hint = near === null ? `expected one of ${Object.keys(fields).join(', ')}` : `did you mean ${near}?`;
    throw new InputError(`--set ${key}`, `no such setting, ${hint}`);
  }
  const old = fields[name];
  if (rest.length === 0) {
    if (isFields(old))
      throw new InputError(`--set ${key}`, `is a group, expected one of ${Object.keys(old).join(', ')} in it`);
    return { ...fields, [name]: value };
  }
  if (!isFields(old)) throw new InputError(`--set ${key}`, `${name} is no group of settings`);
  return { ...fields, [name]: putField(old, rest, value, key) };
}
