// How many worlds a core serves, for docs/scale.md: whole episodes of a suite over `/ws`, played by their own plans from another
// process, and the server's processor time for a turn (all threads, judging and protocol included, resets shared out), which a busy
// machine hardly changes; beside it the memory that a thousand sessions hold, each with an episode begun.
// Run: node --conditions=tribune-source --expose-gc bench/scale.ts [seconds] [sessions]
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { WebSocket } from 'ws';
import { type EnvServer, serveEnv } from '../src/serve/env/index.ts';
import { bindNames, FINISH } from '../src/serve/env/offer.ts';
import { generatorOf } from '../src/world/generate/suites.ts';
import { HERE, loadWorlds, type Scenario } from '../src/world/index.ts';
import { ask, openSessions } from './sessions.ts';

/** As many tasks as a server keeps ready are played over and over; more would add the making of templates. */
const TASKS = 240;
type Job = {
  readonly suite: 'core' | 'wide';
  readonly url: string;
  readonly sessions: number;
  readonly seconds: number;
};
type Counts = { readonly turns: number; readonly episodes: number; readonly failed: number };

const suiteOf = (suite: Job['suite']): Scenario[] => {
  const generate = generatorOf(suite);
  return Array.from({ length: TASKS }, (_, index) => generate(7001, 'train', index));
};

if (process.argv[2] === 'client') await actAsClient(JSON.parse(process.argv[3] ?? '') as Job);
else await measureAll(Number(process.argv[2] ?? 8), Number(process.argv[3] ?? 256));

/** The messages of an episode that does what its task's plan says. */
function writeEpisode(scenario: Scenario): string[] {
  const names = bindNames(scenario.tools.map(({ as }) => as));
  const calls = scenario.plan.flatMap((step) => {
    if (step.kind !== 'call') return [];
    const params = bindNames(Object.keys(step.call.arguments));
    const own = Object.entries(step.call.arguments).map(([name, value]) => [params.get(name) ?? name, value]);
    return [{ tool_name: names.get(step.call.name) ?? step.call.name, arguments: Object.fromEntries(own) as object }];
  });
  return [...calls, { tool_name: FINISH, arguments: { text: 'Done.' } }].map((call) =>
    JSON.stringify({ type: 'step', data: { type: 'call_tool', ...call } }),
  );
}

/** Plays for some seconds, or with none resets each session once and holds it; tells what was done, and when it is told to, ends. */
async function actAsClient({ suite, url, sessions, seconds }: Job): Promise<void> {
  const episodes = suiteOf(suite).map(writeEpisode);
  const sockets = await openSessions(url, sessions);
  const count = { turns: 0, episodes: 0, failed: 0 };
  const reset = (task: number, seed: number) => JSON.stringify({ type: 'reset', data: { task_id: task, seed } });
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const play = async (socket: WebSocket): Promise<void> => {
    do {
      const at = next++;
      await ask(socket, reset(at % TASKS, at));
      if (seconds === 0) return;
      for (const message of episodes[at % TASKS]!) {
        if ((await ask(socket, message)).includes('"error_type"')) count.failed += 1;
        count.turns += 1;
      }
      count.episodes += 1;
    } while (performance.now() < end);
  };
  await Promise.all(sockets.map(play));
  process.send?.(count satisfies Counts);
  await new Promise((resolve) => process.once('message', resolve));
  for (const socket of sockets) socket.terminate();
  process.disconnect?.();
}

/** Has a client do its work; `look` is called while its sessions are still open. */
async function runClient<T>(job: Job, look: (counts: Counts) => T | Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(import.meta.url), ['client', JSON.stringify(job)]);
  const counts = await new Promise<Counts>((resolve, reject) => {
    child.once('message', (told) => resolve(told as Counts));
    child.once('exit', (code) => reject(new Error(`the client ended with ${code}`)));
  });
  const seen = await look(counts);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.send('end');
  await gone;
  return seen;
}

function open(suite: Job['suite'], credit: 'steps' | 'end'): Promise<EnvServer> {
  return serveEnv({
    ...{ name: suite, version: '1', scenarios: suiteOf(suite), place: HERE, workers: 2, now: Date.now },
    rules: { naming: 'scenario', credit, preset: 'tribune' },
    ...{ maxSessions: 4000, rate: 1_000_000 },
  });
}

/** In a process that has done nothing else: memory that earlier work gave back would be counted off. */
async function measureMemory(): Promise<void> {
  const server = await open('core', 'steps');
  const job = { suite: 'core', url: server.url, sessions: 1000, seconds: 0 } as const;
  await runClient({ ...job, sessions: 100 }, () => null);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const held = await runClient(job, () => process.memoryUsage.rss() - before);
  console.log(`1,000 sessions of core with an episode begun: ${(held / 2 ** 20).toFixed(0)} MiB more`);
  await server.close();
}

async function measureAll(seconds: number, sessions: number): Promise<void> {
  await loadWorlds();
  await measureMemory();
  for (const suite of ['core', 'wide'] as const) {
    for (const credit of ['steps', 'end'] as const) {
      const server = await open(suite, credit);
      const job = { suite, url: server.url, sessions, seconds };
      // Caches are filled and code is compiled before it counts.
      await runClient({ ...job, seconds: seconds / 4 }, () => null);
      const before = process.cpuUsage();
      const { turns, episodes, failed } = await runClient(job, (counts) => counts);
      const { user, system } = process.cpuUsage(before);
      const each = (user + system) / turns;
      const figures = `${each.toFixed(0)} us of processor a turn, ${Math.round(1e6 / each)} turns a second and core`;
      const shape = `${(turns / episodes).toFixed(1)} turns an episode, ${((100 * failed) / turns).toFixed(1)} % of turns failed`;
      console.log(`${suite}, credit ${credit}: ${figures}; ${shape}`);
      await server.close();
    }
  }
}
