// The process that runs a scenario's Python: CPython in WebAssembly (Pyodide). Started by session.ts behind a wall, for one
// episode, with Pyodide's folder as its only argument. Reads calls from standard input, answers on standard output.
// Covered here: Python finds no JavaScript (`js`, `pyodide_js`), no socket, the world's first morning as its clock, seeded
// chance, an empty environment. Not covered here: a way out of all that; the wall around the process is for those.
import nodeCrypto from 'node:crypto';
import * as nodeFs from 'node:fs';
import * as nodeModule from 'node:module';
import { createInterface } from 'node:readline';
import type { PyodideAPI } from 'pyodide';
import { rng } from '../../episode/random.ts';
import { installVirtual } from '../sandbox/virtual.ts';
import type { Question, Said } from './wire.ts';

const CALL = `
def _prepare():
    import sys, json, random
    for name in ('js', 'pyodide_js'):
        sys.modules[name] = None
    def call(source, tool, how, order, values, seed):
        random.seed(seed)
        scope = {'__name__': 'environment'}
        exec(compile(source, 'environment', 'exec'), scope)
        function = scope.get(tool)
        if not callable(function):
            raise NameError('the source defines no function ' + tool)
        given = json.loads(values)
        result = function(**given) if how == 'object' else function(*[given[n] for n in json.loads(order) if n in given])
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    return call
_call = _prepare()
`;

const MORNING = Date.UTC(2026, 0, 5, 9);
const chance = rng('python');

/** Nothing of the host's clock and chance. */
function settle(): void {
  installVirtual(() => ({ now: () => MORNING, random: () => chance.next() }));
  const fill = <T extends ArrayBufferView | null>(array: T): T => {
    if (array !== null) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let at = 0; at < bytes.length; at++) bytes[at] = chance.int(256);
    }
    return array;
  };
  Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues: fill } });
  Object.assign(nodeCrypto, { randomFillSync: fill });
  nodeModule.syncBuiltinESMExports();
}

/** Nothing to make a connection with. */
function cutOff(): void {
  for (const name of ['WebSocket', 'fetch', 'XMLHttpRequest', 'EventSource'])
    Object.defineProperty(globalThis, name, { value: undefined, writable: true });
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      if (['ws', 'node:net', 'net', 'node:http', 'http', 'node:child_process', 'child_process'].includes(specifier))
        throw new Error('no network');
      return next(specifier, context);
    },
  });
}

/** Emscripten reads the constants of files by a call that the permission model refuses; they are public elsewhere. */
function shimConstants(): void {
  Object.defineProperty(process, 'binding', { value: () => ({ fs: nodeFs.constants }) });
}

async function load(folder: string): Promise<PyodideAPI> {
  settle();
  cutOff();
  shimConstants();
  const { loadPyodide } = await import('pyodide');
  const nothing = (): void => undefined;
  const python = await loadPyodide({
    indexURL: `${folder}/`,
    jsglobals: Object.create(null) as object,
    env: { PYTHONHASHSEED: '0', HOME: '/home/pyodide', TZ: 'UTC' },
    stdout: nothing,
    stderr: nothing,
  });
  python.runPython(CALL);
  return python;
}

function say(said: Said): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

function answer(python: PyodideAPI, { id, source, tool, pass, order, args }: Question): Said {
  try {
    const call = python.globals.get('_call');
    const text = String(call(source, tool, pass, JSON.stringify(order), JSON.stringify(args), String(id)));
    return { id, ok: true, text };
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return { id, ok: false, text: lines.at(-1) ?? 'the tool failed' };
  }
}

const python = await load(process.argv[2] ?? '');
const lines = createInterface({ input: process.stdin, terminal: false });
lines.on('line', (line) => say(answer(python, JSON.parse(line) as Question)));
lines.on('close', () => process.exit(0));
say({ id: 0, ok: true, text: '' });
