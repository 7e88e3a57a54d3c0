// The process that holds worlds behind a wall: started by remote.ts, under Node's permission model, perhaps in a jail.
// Reads orders from standard input, answers on standard output; knows no file, no network and no environment.
import { createInterface } from 'node:readline';
import { Environment, prepareStage, type Stage } from '../environment.ts';
import { describeTool } from '../mcp/tool.ts';
import type { Scenario } from '../scenario.ts';
import { openServices } from '../services/load.ts';
import type { ToolResult } from '../tool.ts';
import { loadWorlds } from '../world.ts';
import type { Order, OutsideTool, Reply } from './say.ts';

const worlds = new Map<number, Environment>();
const asked = new Map<number, (result: ToolResult) => void>();
let asks = 0;

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

await loadWorlds();
/** The files named on the command line are the user's own services. */
const own = await openServices(process.argv.slice(2));
const lines = createInterface({ input: process.stdin, terminal: false });
lines.on('line', (line) => {
  const order = JSON.parse(line) as Order;
  carryOut(order).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if ('id' in order) say({ kind: 'failed', id: order.id, message });
  });
});
lines.on('close', () => process.exit(0));
say({ kind: 'ready' });

async function carryOut(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open':
      openWorld(order);
      return say({ kind: 'answer', id: order.id, value: null });
    case 'step':
      return say({ kind: 'answer', id: order.id, value: await worldOf(order.world).step(order.action) });
    case 'judge': {
      const { goal, harms } = worldOf(order.world).judge();
      return say({ kind: 'answer', id: order.id, value: { goal, harms } });
    }
    case 'close':
      worlds.get(order.world)?.close();
      worlds.delete(order.world);
      return;
    case 'told':
      asked.get(order.ask)?.(order.result);
      asked.delete(order.ask);
      return;
  }
}

function worldOf(id: number): Environment {
  const found = worlds.get(id);
  if (found === undefined) throw new Error(`no world ${id}`);
  return found;
}

function openWorld({ world, scenario, seed, outside }: Extract<Order, { kind: 'open' }>): void {
  const environment = new Environment(stageOf(scenario, outside), seed);
  environment.world.outside = (tool, args) =>
    new Promise((resolve) => {
      const ask = ++asks;
      asked.set(ask, resolve);
      say({ kind: 'ask', ask, world, tool, args });
    });
  worlds.set(world, environment);
}

/** Scenarios made ready, the last few by their text: the members of a group come one after another. */
const stages = new Map<string, Stage>();
const KEPT = 64;

function stageOf(scenario: Scenario, outside: readonly OutsideTool[]): Stage {
  const key = JSON.stringify([scenario, outside]);
  const known = stages.get(key);
  if (known !== undefined) return known;
  const tools = outside.map(({ server, kind, schema, effects }) => {
    return { ...describeTool(server, schema, effects), origin: { kind, name: server } };
  });
  const servers = { tools, open: () => ({ call: async () => UNREACHED, close: () => undefined }) };
  const options = own === null ? {} : { catalogue: own };
  const stage = prepareStage(scenario, outside.length === 0 ? options : { ...options, servers });
  if (stages.size >= KEPT) stages.delete(stages.keys().next().value ?? '');
  stages.set(key, stage);
  return stage;
}

const UNREACHED: ToolResult = { ok: false, error: 'no server is connected' };
