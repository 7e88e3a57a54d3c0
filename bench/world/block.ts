// How long a call keeps the thread from anything else: the worst calls that are allowed, those that run into a limit, one by
// one, with the longest delay of the event loop while each is under way. An idle loop, for what the machine itself adds,
// stands beside them, and the shell in this thread, as it runs where nobody else waits, as a control.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openShell } from '../../src/world/sandbox/shell.ts';
import { scriptTools } from '../../src/world/script/runner.ts';
import { scriptSchema } from '../../src/world/script/schema.ts';
import { createTemplate, forkWorld, loadWorlds, type Template, type World } from '../../src/world/world.ts';
import { type Figure, median, playEpisode } from './play.ts';

const WORD = 'the quick brown fox jumps over the lazy dog ';

const STATE = {
  mails: [{ sender: 'Anna', body: 'Please pay Ben 20 for lunch.' }],
  files: Array.from({ length: 50 }, (_, i) => ({ name: `file${i}.txt`, text: `${WORD}${i}\n`.repeat(200) })),
  accounts: [{ owner: 'me', balance: 1e9 }],
  datasets: [
    { name: 't', columns: 'a, b' },
    { name: 'u', columns: 'c, d' },
  ],
  records: Array.from({ length: 140 }, (_, id) => [
    { dataset: 't', id: id + 1, field: 'a', value: id },
    { dataset: 't', id: id + 1, field: 'b', value: 'a'.repeat(690) + id },
    { dataset: 'u', id: id + 1, field: 'c', value: id },
    { dataset: 'u', id: id + 1, field: 'd', value: 'a'.repeat(690) + id },
  ]).flat(),
};

/** Commands that compute until a limit stops them, or nearly. */
const COMMANDS: readonly (readonly [name: string, command: string])[] = [
  ['loop to the limit', 'while :; do :; done'],
  ['words to the limit', 'for i in {1..9000}; do x=$x$i; done; echo $' + '{#x}'],
  ['search in 50 files', "grep -rE '(qu[a-z]+ ){0,2}(brown|lazy) *(fox|dog)' . | sort | uniq -c | tail -1"],
  ['edit 50 files', "sed -i -E 's/([a-z]+) ([a-z]+)/\\2 \\1/g' *.txt; cat *.txt | tr a-z A-Z | wc -c"],
  ['2000 files', 'touch {1..2000}; rm {1..2000}'],
];

/** Statements at the limits of the user's database. */
const STATEMENTS: readonly (readonly [name: string, sql: string])[] = [
  ['every pair of rows', 'select count(*) from t, u'],
  ['forty functions of each row', `select count(*) from t where ${'lower(upper('.repeat(19)}b${'))'.repeat(19)} = 'x'`],
  ['groups and orders of joined texts', 'select b || b || b || b, count(*) from t group by 1 order by 1 limit 1'],
  ['a pattern of forty characters', `select count(*) from t where b like '%${'a'.repeat(35)}b'`],
];

/** The longest delay of the loop while `work` is under way, in milliseconds. */
async function longestDelay(work: () => Promise<unknown>): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  delays.enable();
  await pause();
  delays.reset();
  await pause(); // the first tick after that notes nothing
  await work();
  await pause(); // a delay is noted when it is over
  delays.disable();
  return delays.max / 1e6;
}

const ROUNDS = 5;

async function measureCase(name: string, work: () => Promise<unknown>, target?: number): Promise<Figure> {
  await work();
  const delays: number[] = [];
  for (let round = 0; round < ROUNDS; round++) delays.push(await longestDelay(work));
  return {
    name: `longest block: ${name}`,
    value: median(delays),
    unit: 'ms',
    ...(target === undefined ? {} : { target }),
  };
}

const LIMIT = 50;

export async function measureBlocks(): Promise<Figure[]> {
  await loadWorlds();
  const template = createTemplate(STATE);
  const typed = async () => {
    for (let seed = 0; seed < 30; seed++) {
      await playEpisode(template, seed);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const figures = [
    await measureCase('nothing at all, half a second', () => new Promise((resolve) => setTimeout(resolve, 500))),
    await measureCase('typed episodes', typed, LIMIT),
  ];
  for (const [name, command] of COMMANDS) {
    const call = (world: World) => world.call('run_shell', { command });
    figures.push(await measureCase(`shell, ${name}`, () => inWorld(template, call), LIMIT));
  }
  for (const [name, sql] of STATEMENTS) {
    const call = (world: World) => callQuery(world, sql);
    figures.push(await measureCase(`SQL, ${name}`, () => inWorld(template, call), LIMIT));
  }
  figures.push(await measureCase('a script without end', () => inWorld(template, runEndless), LIMIT));
  figures.push(await measureCase('control, the same loop in this thread', () => inWorld(template, loopHere)));
  return figures;
}

async function inWorld(template: Template, work: (world: World) => Promise<unknown>): Promise<void> {
  const world = forkWorld(template, { seed: 1 });
  await work(world);
  world.close();
}

/** A statement that is refused shows nothing. */
async function callQuery(world: World, sql: string): Promise<void> {
  const result = await world.call('query_rows', { sql });
  if (!result.ok) throw new Error(`${sql.slice(0, 60)}: ${result.error}`);
}

async function loopHere(world: World): Promise<void> {
  const shell = await openShell(world, { seat: 'here' });
  await shell.run('while :; do :; done');
}

const ENDLESS = scriptSchema.parse({
  name: 'kit',
  source: 'function run() { for (;;); }',
  pass: 'object',
  grants: { read: [], write: [] },
  tools: [{ name: 'run', description: '', parameters: { type: 'object', properties: {}, required: [] }, effects: [] }],
});

async function runEndless(world: World): Promise<void> {
  await scriptTools(ENDLESS, [])[0]?.run(world, {});
}
