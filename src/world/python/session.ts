// Tools that a scenario brings as Python, from the side of their owner: a process behind the strongest wall here, one for
// each episode, with limits on time, memory and what it says. Pyodide is an optional package; without it nothing runs.
// Not covered: what happens inside the process before a limit is met, and what its wall leaves open (sandbox/behind.ts).
import type { ChildProcess } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../episode/action.ts';
import { InputError } from '../../episode/input.ts';
import type { ServerSession, Servers } from '../mcp/servers.ts';
import { type Outer, spawnBehind } from '../sandbox/behind.ts';
import { readLinesOf } from '../sandbox/lines.ts';
import { strongestWall } from '../sandbox/walls.ts';
import type { Script } from '../script/schema.ts';
import type { ToolResult } from '../tool.ts';
import { pythonTools } from './tools.ts';
import { type Question, type Said, saidSchema } from './wire.ts';

/** Milliseconds for the start and for a call; bytes of memory; characters of a result, a line, and all said in a call. */
const LIMITS = { start: 120_000, call: 20_000, memory: 2 ** 30, text: 8000, line: 1 << 20, total: 4 << 20 } as const;

/** Where Pyodide is installed; null where it is not. */
export function findPyodide(): string | null {
  try {
    const folder = dirname(realpathSync(createRequire(import.meta.url).resolve('pyodide/package.json')));
    return existsSync(`${folder}/pyodide.asm.wasm`) ? folder : null;
  } catch {
    return null;
  }
}

/** How to get it. */
export const PYODIDE_MISSING = 'Python needs the optional Python worker, which is not here: npm install pyodide@314';

/**
 * The Python tools of a scenario, as tools that are answered outside of its world. `behind`: the wall of their process;
 * default: the strongest here. Throws InputError without Pyodide or a wall.
 */
export async function openPython(scripts: readonly Script[], behind?: Outer): Promise<Servers> {
  const folder = findPyodide();
  if (folder === null) throw new InputError('scripts', PYODIDE_MISSING);
  const wall = behind ?? (await strongestWall());
  if (wall === 'inside') throw new InputError('scripts', 'Python needs a wall, and none holds here (tribune doctor)');
  return { tools: pythonTools(scripts), open: () => openSession(scripts, () => startPython(wall, folder)) };
}

/** Loads the source and looks for its functions. What is wrong with it, or null. Throws InputError without Pyodide. */
export async function findPythonFault(script: Script): Promise<string | null> {
  const probe = 'def _tribune_look():\n    return "there"\n';
  const looked = {
    ...script,
    source: `${script.source}\n${probe}`,
    tools: [{ ...firstTool(script), name: '_tribune_look' }],
  };
  const session = (await openPython([looked])).open();
  try {
    const result = await session.call('_tribune_look', {});
    return result.ok ? null : result.error;
  } finally {
    session.close();
  }
}

function firstTool({ tools }: Script): Script['tools'][number] {
  const [tool] = tools;
  if (tool === undefined) throw new Error('a script without tools');
  return tool;
}

function openSession(scripts: readonly Script[], start: () => Python): ServerSession {
  let python: Python | null = null;
  return {
    async call(tool, args) {
      const script = scripts.find(({ tools }) => tools.some(({ name }) => name === tool));
      if (script === undefined) return { ok: false, error: `no such tool: ${tool}` };
      try {
        python ??= start();
        return readAnswer(await python.ask(script, tool, args));
      } catch (error) {
        python?.end();
        python = null;
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => python?.end(),
  };
}

function readAnswer({ ok, text }: Said): ToolResult {
  const short = text.length <= LIMITS.text ? text : `${text.slice(0, LIMITS.text)} [cut]`;
  return ok ? { ok, text: short } : { ok, error: short };
}

type Python = {
  /** Calls a function. Rejects if the process fails, hangs or floods. */
  ask(script: Script, tool: string, args: { readonly [name: string]: Json }): Promise<Said>;
  end(): void;
};

function startPython(wall: Outer, folder: string): Python {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const child = spawnBehind(wall, [fileURLToPath(new URL(file, import.meta.url)), folder], LIMITS.memory * 2);
  const waiting = new Map<number, { resolve(said: Said): void; reject(error: Error): void }>();
  let ended = false;
  let count = 0;
  const end = (why = 'closed'): void => {
    ended = true;
    child.kill('SIGKILL');
    for (const { reject } of waiting.values()) reject(new Error(`Python ended: ${why}`));
    waiting.clear();
  };
  const hear = (line: string): void => {
    const said = readLine(line);
    const asker = said === null ? undefined : waiting.get(said.id);
    if (said === null || asker === undefined) end('it said what is no answer');
    else {
      waiting.delete(said.id);
      asker.resolve(said);
    }
  };
  const expect = (id: number, limit: number): Promise<Said> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(new Error('Python ended'));
      const timer = setTimeout(() => end('the tool took too long'), limit);
      const done =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      waiting.set(id, { resolve: done(resolve), reject: done(reject) });
    });
  const ready = expect(0, LIMITS.start);
  ready.catch(() => undefined); // whoever asks is told
  const { renew, send } = connect(child, hear, end);
  return {
    async ask({ source, pass, tools }, tool, args) {
      await ready;
      const id = ++count;
      renew();
      const order = Object.keys(tools.find(({ name }) => name === tool)?.parameters.properties ?? {});
      const answer = expect(id, LIMITS.call);
      send({ id, source, tool, pass, order, args });
      return answer;
    },
    end: () => end(),
  };
}

function connect(child: ChildProcess, hear: (line: string) => void, end: (why: string) => void) {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('a process without standard streams');
  stdin.on('error', () => undefined);
  let last = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    last = `${last}${text}`.slice(-500);
  });
  child.on('error', (error) => end(error.message));
  child.on('exit', () => end(last.trim().split('\n').at(-1) || 'the process ended'));
  const reader = readLinesOf(stdout, LIMITS, hear, (what) => end(`it sent ${what}`));
  return {
    renew: reader.renew,
    send: (question: Question) => void stdin.write(`${JSON.stringify(question)}\n`),
  };
}

function readLine(line: string): Said | null {
  try {
    const parsed = saidSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
