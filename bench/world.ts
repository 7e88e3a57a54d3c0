// What a world costs: fork, tool call, ten-call episode, shell, question, memory. `node bench/world.ts [--json]`.
// Times are medians on this machine while it does whatever else it does: orders of magnitude, not records.
import { createTemplate, forkWorld, loadWorlds, type Template, type World } from '../src/world/world.ts';

type Figure = { readonly name: string; readonly value: number; readonly unit: string; readonly runs: number };

const MAIL = { sender: 'Anna', body: 'Please pay Ben 20 for lunch.' };
const FILES = Array.from({ length: 20 }, (_, i) => ({ name: `file${i}.txt`, text: `line ${i}\n`.repeat(10) }));

/** The median time of `work`, in milliseconds; the first runs warm up and are not counted. */
async function timeMedian(runs: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs + 20; i++) {
    const start = performance.now();
    await work();
    if (i >= 20) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[runs >> 1] ?? Number.NaN;
}

async function playTen(world: World): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await world.call('read_mail', { sender: 'Anna' });
    await world.call('pay_person', { person: 'Ben', amount: 20 });
  }
}

async function playEpisode(template: Template): Promise<void> {
  const world = forkWorld(template, { seed: 1 });
  await playTen(world);
  world.query("select count(*) from payments where payee = 'Ben'");
  world.close();
}

/** Resident memory one of many open worlds takes, in KiB. */
function measureMemory(template: Template, count: number): number {
  const before = process.memoryUsage().rss;
  const worlds = Array.from({ length: count }, (_, seed) => forkWorld(template, { seed }));
  for (const world of worlds) world.query('select count(*) from people');
  const after = process.memoryUsage().rss;
  for (const world of worlds) world.close();
  return (after - before) / count / 1024;
}

async function openShell(template: Template): Promise<void> {
  const world = forkWorld(template, { seed: 1 });
  await world.shell();
  world.close();
}

async function measureAll(): Promise<Figure[]> {
  const start = performance.now();
  await loadWorlds();
  const load = performance.now() - start;
  const template = createTemplate({ mails: [MAIL], files: FILES, accounts: [{ owner: 'me', balance: 1e9 }] });
  const memory = measureMemory(template, 1000);
  const world = forkWorld(template, { seed: 1 });
  const time = async (name: string, runs: number, work: () => unknown): Promise<Figure> => {
    return { name, value: await timeMedian(runs, work), unit: 'ms', runs };
  };
  const episode = await timeMedian(500, () => playEpisode(template));
  return [
    { name: 'load engine, once', value: load, unit: 'ms', runs: 1 },
    await time('create template', 300, () => createTemplate({ mails: [MAIL] })),
    await time('fork and close world', 1000, () => forkWorld(template, { seed: 1 }).close()),
    await time('call that reads', 1000, () => world.call('read_mail', { sender: 'Anna' })),
    await time('call that writes', 1000, () => world.call('pay_person', { person: 'Ben', amount: 1 })),
    await time('question', 1000, () => world.query("select balance from accounts where owner = 'me'")),
    { name: 'episodes of ten calls', value: 1000 / episode, unit: '/s', runs: 500 },
    await time('fork, open shell, close', 200, () => openShell(template)),
    await time('shell: echo', 300, () => world.call('run_shell', { command: 'echo hi' })),
    await time('shell: curl', 300, () => world.call('run_shell', { command: 'curl -s https://bank.test/balance' })),
    { name: 'memory per open world, of 1,000', value: memory, unit: 'KiB', runs: 1000 },
    { name: 'template image', value: template.image.length / 1024, unit: 'KiB', runs: 1 },
  ];
}

const figures = await measureAll();
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, figures }));
} else {
  for (const { name, value, unit } of figures)
    console.log(`${name.padEnd(34)}${value.toFixed(value < 10 ? 3 : 0).padStart(9)} ${unit}`);
}
