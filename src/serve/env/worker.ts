// A thread that holds worlds: starts episodes, carries out calls, judges. Started by pool.ts only. Answers are sent in bundles,
// one for each turn of the event loop and as JSON, because a message between threads, and copying objects into one, costs more
// than most calls.
import { parentPort, workerData } from 'node:worker_threads';
import { openStage, type Stage } from '../../world/environment.ts';
import { openGround } from '../../world/ground.ts';
import { scenarioSchema } from '../../world/scenario.ts';
import { openServices } from '../../world/services/load.ts';
import { loadWorlds } from '../../world/world.ts';
import { type Game, startGame } from './game.ts';
import type { Answer, Asked, WorkerOptions } from './pool.ts';

/** Tasks kept ready: each costs some tens of kilobytes. */
const STAGES = 256;

const { place, rules } = workerData as WorkerOptions;
await loadWorlds();
const { services = [] } = place;
const ground = await openGround(place.wall, services);
const own = await openServices(services);
const stages = new Map<string, Promise<Stage>>();
/** Episodes by number, each with the end of the last thing asked of it. */
const games = new Map<number, { readonly game: Promise<Game>; last: Promise<unknown> }>();

/** The stage of a task, from those kept ready or made new; the one used longest ago goes. */
async function findStage(task: string, scenario: string): Promise<Stage> {
  const known = stages.get(task);
  const stage = known ?? openStage(scenarioSchema.parse(JSON.parse(scenario)), place.access, own);
  stages.delete(task);
  stages.set(task, stage);
  const oldest = stages.keys().next().value;
  if (stages.size > STAGES && oldest !== undefined) stages.delete(oldest);
  // A failure is not kept: the next one tries again.
  stage.catch(() => stages.delete(task));
  return stage;
}

async function openGame(task: string, scenario: string, seed: number): Promise<Game> {
  return startGame(await findStage(task, scenario), seed, ground, rules);
}

async function perform(asked: Exclude<Asked, { kind: 'close' }>): Promise<Answer> {
  switch (asked.kind) {
    case 'open': {
      const game = openGame(asked.task, asked.scenario, asked.seed);
      games.set(asked.game, { game, last: game.catch(() => {}) });
      const { prompt, tools } = await game;
      return { id: asked.id, kind: 'opened', prompt, tools };
    }
    case 'act': {
      const entry = games.get(asked.game);
      if (entry === undefined) throw new Error('no such episode');
      const game = await entry.game;
      const acted = game.act(asked.tool, asked.args);
      entry.last = acted.catch(() => {});
      return { id: asked.id, kind: 'acted', outcome: await acted };
    }
  }
}

/** Closes an episode once nothing is under way in it: a world's database passes to the next one. */
async function leaveGame(id: number): Promise<void> {
  const entry = games.get(id);
  games.delete(id);
  await entry?.last;
  const game = await entry?.game.catch(() => null);
  game?.close();
}

let outbox: Answer[] = [];
function send(answer: Answer): void {
  if (outbox.push(answer) > 1) return;
  setImmediate(() => {
    const answers = outbox;
    outbox = [];
    parentPort?.postMessage(JSON.stringify(answers));
  });
}

parentPort?.on('message', (bundle: string) => {
  for (const asked of JSON.parse(bundle) as readonly Asked[]) {
    if (asked.kind === 'close') {
      void leaveGame(asked.game);
      continue;
    }
    perform(asked).then(send, (error: unknown) => {
      send({ id: asked.id, kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    });
  }
});
send({ id: 0, kind: 'ready' });
