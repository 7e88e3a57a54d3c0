// Loads services from files that the user names: modules, in JavaScript or TypeScript, that export what `buildService`
// made. Whatever they import of Tribune is this very Tribune, wherever the file lies, so that a `Refusal` is a `Refusal`.
// Not a wall: a service's code is the user's own and is trusted as Tribune's is; behind the outer walls it runs in the world
// process, which may read the named file and nothing beside it.
import { realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { extname } from 'node:path';
import { InputError } from '../../episode/input.ts';
import type { Catalogue } from '../catalogue.ts';
import { openCatalogue } from '../world.ts';
import type { Service } from './service.ts';

/** Makes the services of some files ready beside Tribune's own; null for no files. Throws as `loadServices`. */
export async function openServices(files: readonly string[]): Promise<Catalogue | null> {
  return files.length === 0 ? null : openCatalogue(loadServices(files));
}

/** Loads the services that files export. Throws InputError naming the file that cannot be loaded or has none. */
export function loadServices(files: readonly string[]): Service[] {
  answerForTribune();
  return files.flatMap(loadFile);
}

/** The files themselves, without links: what a world process must be able to read. Throws InputError on a missing one. */
export function findServices(files: readonly string[]): string[] {
  return files.map((file) => {
    try {
      return realpathSync(file);
    } catch {
      throw new InputError(file, 'no such file, expected a module that exports a service');
    }
  });
}

function loadFile(file: string): readonly Service[] {
  const [path = file] = findServices([file]);
  const load = nodeModule.createRequire(import.meta.url);
  let exported: unknown;
  try {
    exported = load(path);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new InputError(file, `cannot be loaded: ${why}`);
  }
  const values = typeof exported === 'object' && exported !== null ? Object.values(exported) : [];
  const found = [...new Set(values.filter(isService))];
  if (found.length === 0) throw new InputError(file, 'exports no service, expected one made by buildService');
  return found;
}

function isService(value: unknown): value is Service {
  if (typeof value !== 'object' || value === null) return false;
  const { name, host, tables, tools, app } = value as { readonly [key in keyof Service]?: unknown };
  const named = [name, host, tables].every((text) => typeof text === 'string');
  return named && Array.isArray(tools) && typeof app === 'object';
}

let answered = false;

/** Has `tribune/NAME` mean this package, for files that lie anywhere. Needs Node 22.15; before, they find it themselves. */
function answerForTribune(): void {
  if (answered || typeof nodeModule.registerHooks !== 'function') return;
  answered = true;
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      const [, name] = /^tribune\/(\w+)$/.exec(specifier) ?? [];
      if (name === undefined) return next(specifier, context);
      return next(new URL(`../../${name}/index${extname(import.meta.url)}`, import.meta.url).href, context);
    },
  });
}
