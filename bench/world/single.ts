// What one world costs: making a template, forking, going back, calling, asking; and ten thousand worlds at once.
import { services } from '../../src/world/services/index.ts';
import { createTemplate, forkWorld, loadWorlds, type Template, type World } from '../../src/world/world.ts';
import { callOne, type Figure, isRight, makeTemplate, timeMedian } from './play.ts';

export async function measureSingle(): Promise<Figure[]> {
  const began = performance.now();
  await loadWorlds();
  const load = performance.now() - began;
  const template = makeTemplate();
  const tools = services.reduce((sum, service) => sum + service.tools.length, 0);
  return [
    { name: 'services', value: services.length, unit: '', target: 15 },
    { name: 'tools', value: tools, unit: '', target: 150 },
    { name: 'load the engine, once', value: load, unit: 'ms' },
    { name: 'create a template', value: await timeMedian(200, makeTemplate), unit: 'ms' },
    ...(await measureForks(template)),
    ...(await measureCalls(template)),
  ];
}

/** Forking with first use: a fork alone does nothing until the world is asked for something. */
async function measureForks(template: Template): Promise<Figure[]> {
  let fresh = template;
  let forked = forkWorld(template, { seed: 1 });
  const open = (from: Template) => {
    forked.close();
    forked = forkWorld(from, { seed: 1 });
    forked.db.row('select 1 from files limit 1');
  };
  const renew = () => {
    fresh = makeTemplate();
  };
  const used = await timeMedian(500, () => open(template));
  const unused = await timeMedian(300, () => open(fresh), renew);
  const back = await timeMedian(
    300,
    () => forked.reset(),
    async () => {
      for (let at = 0; at < 10; at++) await callOne(forked, at, false);
    },
  );
  forked.close();
  return [
    { name: 'fork and first use, template used before', value: used, unit: 'ms', target: 0.3 },
    { name: 'fork and first use, new template', value: unused, unit: 'ms', target: 0.3 },
    { name: 'reset after ten calls', value: back, unit: 'ms', target: 0.1 },
  ];
}

async function measureCalls(template: Template): Promise<Figure[]> {
  const world = forkWorld(template, { seed: 1 });
  let count = 0;
  // A trace of thousands of calls is no episode.
  const tidy = () => {
    if (++count % 100 === 0) world.reset();
  };
  const measure = async (name: string, work: () => unknown): Promise<Figure> => {
    return { name, value: await timeMedian(500, work, tidy), unit: 'ms' };
  };
  const run = (command: string) => () => world.call('run_shell', { command });
  const figures = [
    await measure('call that reads', () => callOne(world, 0, false)),
    await measure('call that writes', () => callOne(world, 1, false)),
    await measure('question', () => world.query("select balance from accounts where owner = 'me'")),
    await measure('shell, from another thread: echo', run('echo hi')),
    await measure('shell, from another thread: cat | head > file', run('cat file2.txt | head -1 > new.txt')),
    await measure('shell, from another thread: curl', run('curl -s https://bank.test/balance')),
  ];
  world.close();
  return figures;
}

/** Memory of the process in KiB: the heap of JavaScript and all buffers, among them the database engine's. */
function readMemory(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1024;
}

const MANY = 10_000;

/** Ten thousand worlds at once: memory untouched, after a call each, and ten calls each in turns; and whether all is right. */
export async function measureMany(): Promise<Figure[]> {
  await loadWorlds();
  const template = makeTemplate();
  await warmUp(template);
  const start = readMemory();
  const worlds = Array.from({ length: MANY }, (_, seed) => forkWorld(template, { seed }));
  const idle = readMemory();
  for (const world of worlds) await callOne(world, 0, false);
  const touched = readMemory();
  const began = performance.now();
  for (let at = 1; at < 10; at++) for (const world of worlds) await callOne(world, at, false);
  const seconds = (performance.now() - began) / 1000;
  const live = readMemory();
  const right = worlds.filter((world: World) => isRight(world, false)).length;
  for (const world of worlds) world.close();
  const name = `${MANY} worlds at once`;
  return [
    { name: `${name}: memory of one, untouched`, value: (idle - start) / MANY, unit: 'KiB', target: 100 },
    { name: `${name}: memory of one, after a call`, value: (touched - start) / MANY, unit: 'KiB', target: 100 },
    { name: `${name}: memory of one, after ten calls`, value: (live - start) / MANY, unit: 'KiB', target: 100 },
    { name: `${name}: calls in turns`, value: (9 * MANY) / seconds, unit: '/s' },
    { name: `${name}: episodes that came out right`, value: right, unit: `of ${MANY}`, target: MANY },
  ];
}

/** What the process needs for any world is not the memory of one. */
async function warmUp(template: Template): Promise<void> {
  const world = forkWorld(template, { seed: 0 });
  for (let at = 0; at < 10; at++) await callOne(world, at, false);
  world.close();
  createTemplate({});
}
