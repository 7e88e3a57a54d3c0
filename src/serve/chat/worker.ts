// The thread that holds the model: loads it, runs its engine, tells what is drawn. Started by thread.ts only.
import { parentPort, workerData } from 'node:worker_threads';
import { openModel } from '../../policy/local/adopt.ts';
import { makeGrammar } from '../../policy/local/grammar.ts';
import { createEngine, type Engine } from './engine.ts';
import type { Asked, ThreadOptions, Told } from './thread.ts';

const options = workerData as ThreadOptions;
const tell = (told: Told): void => parentPort?.postMessage(told);
const say = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function open(): Promise<Engine> {
  const { directory, ...limits } = options;
  const opened = await openModel(directory);
  if (opened.kind === 'foreign') return createEngine({ ...opened.model, grammar: null, ...limits });
  const { config, theta, tokenizer } = opened.checkpoint;
  return createEngine({ config, theta, grammar: makeGrammar(tokenizer), ...limits });
}

const running = new Map<number, AbortController>();
let drawn: Extract<Told, { kind: 'drawn' }>['drawn'][number][] = [];
const flush = (): void => {
  if (drawn.length > 0) tell({ kind: 'drawn', drawn });
  drawn = [];
};

async function start(engine: Engine, { id, job }: Extract<Asked, { kind: 'start' }>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const take = (one: (typeof drawn)[number]['drawn']): void => {
      if (drawn.push({ id, drawn: one }) === 1) setImmediate(flush);
    };
    const ending = await engine.generate(job, take, controller.signal);
    flush();
    tell({ kind: 'end', id, ending });
  } catch (error) {
    tell({ kind: 'failed', id, message: say(error) });
  } finally {
    running.delete(id);
  }
}

try {
  const engine = await open();
  parentPort?.on('message', (asked: Asked) => {
    if (asked.kind === 'start') void start(engine, asked);
    else running.get(asked.id)?.abort(new Error('stopped'));
  });
  tell({ kind: 'ready' });
} catch (error) {
  tell({ kind: 'bad', message: say(error) });
}
