// Worlds behind a wall: episodes are played in one process of their own (behind.ts says what it may do). Episodes held by a
// process that had to be ended fail with an error of the world; the next one gets a new process.
import { z } from 'zod';
import { observationSchema } from '../../episode/codec.ts';
import type { Stage } from '../environment.ts';
import type { Ground, Running } from '../ground.ts';
import { findServices } from '../services/load.ts';
import { MEMORY, type Outer } from './behind.ts';
import { WorldProcess } from './process.ts';
import { factsSchema, type OutsideTool } from './say.ts';

export type RemoteOptions = {
  /** Longest wait for an answer, in milliseconds. */
  readonly wait?: number;
  /** Most memory of the process, in bytes. */
  readonly memory?: number;
  /** Files of the user's own services. */
  readonly services?: readonly string[];
};

const WAIT = 60_000;

/** Opens a ground behind a wall. Its process starts with the first episode. Close it. */
export function openRemote(wall: Outer, options: RemoteOptions = {}): Ground {
  const { wait = WAIT, memory = MEMORY, services = [] } = options;
  let starting: Promise<WorldProcess> | null = null;
  let last: WorldProcess | null = null;
  let count = 0;
  const start = async (): Promise<WorldProcess> => {
    last = new WorldProcess(wall, wait, memory, findServices(services));
    await last.ready();
    return last;
  };
  return {
    wall,
    async open(stage, seed) {
      if (starting === null || last?.ended) starting = start();
      return openWorld(await starting, stage, seed, () => ++count);
    },
    close: async () => void last?.end('closed'),
  };
}

async function openWorld(process: WorldProcess, stage: Stage, seed: number, next: () => number): Promise<Running> {
  const world = next();
  const session = stage.servers?.open() ?? null;
  if (session !== null) process.sessions.set(world, session);
  const { scenario } = stage;
  await process.ask({ kind: 'open', id: next(), world, scenario, seed, outside: listOutside(stage) }, z.null());
  return {
    step: (action) => process.ask({ kind: 'step', id: next(), world, action }, observationSchema),
    judge: () => process.ask({ kind: 'judge', id: next(), world }, factsSchema),
    close() {
      process.sessions.delete(world);
      session?.close();
      process.send({ kind: 'close', world });
    },
  };
}

function listOutside({ servers }: Stage): OutsideTool[] {
  return (servers?.tools ?? []).map(({ service, schema, effects, origin }) => {
    return { server: service, kind: origin?.kind ?? 'server', schema, effects };
  });
}
