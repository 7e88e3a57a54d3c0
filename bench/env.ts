// Throughput of `serve env` beside OpenEnv's reference server, which hosts a toy with the same tools and texts: steps a second and the
// time of a step at the 99th percentile, with 64 and with 1,000 sessions at once. The same client for both, in a process of its own,
// over `/ws`; servers take turns within each round, so that all meet the same machine. Beside it the server's processor time for an answer,
// which a busy machine does not change. Ours keeps a database, executes the call in
// it and judges the episode after every step. The reference has three toys: `mcp`, FastMCP tools, as its own template for tools has
// them; `sql`, a database in memory, a row for each call and two questions for a reward, written as tight as can be; and `plain`,
// which does nothing but look its answer up: what is left then is the protocol.
// Run: node --conditions=tribune-source bench/env.ts [rounds] [seconds]   (needs the packages of tests/engines/openenv)
import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WebSocket } from 'ws';
import { serveEnv } from '../src/serve/env/index.ts';
import { HERE, loadWorlds } from '../src/world/index.ts';
import { findPython, startReference } from '../tests/engines/openenv/python.ts';
import { SUITE } from '../tests/engines/openenv/suite.ts';
import { ask, openSessions } from './sessions.ts';

type Figures = {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** Steps and resets, warm-up included: what the server's processor time was spent on. */
  readonly answers: number;
};

const SESSIONS = [64, 1000];
const CALL = JSON.stringify({
  type: 'step',
  data: { type: 'call_tool', tool_name: 'find_contact', arguments: { who: 'Ben' } },
});
const RESET = JSON.stringify({ type: 'reset', data: { task_id: 'toy-train', seed: 1 } });
/** Steps of an episode before it is reset: those of the suite, less one. */
const STEPS = 7;

if (process.argv[2] === 'client')
  await actAsClient(process.argv[3] ?? '', Number(process.argv[4]), Number(process.argv[5]));
else await compare(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 5));

/** Opens the sessions, plays for some seconds, and tells its parent what it saw. */
async function actAsClient(url: string, sessions: number, seconds: number): Promise<void> {
  const sockets = await openSessions(url, sessions);
  const times: number[] = [];
  let [failed, answers] = [0, 0];
  let measuring = false;
  let running = true;
  const play = async (socket: WebSocket): Promise<void> => {
    for (let step = 0; running; step++) {
      const isReset = step % (STEPS + 1) === 0;
      const start = performance.now();
      const answer = await ask(socket, isReset ? RESET : CALL);
      answers += 1;
      if (isReset || !measuring) continue;
      times.push(performance.now() - start);
      if (!answer.includes('ben@home.example')) failed += 1;
    }
  };
  const all = Promise.all(sockets.map(play));
  // A warm-up, which both get.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  measuring = true;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  measuring = false;
  const took = (performance.now() - start) / 1000;
  running = false;
  await all;
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  process.send?.({ rate: times.length / took, p50: at(0.5), p99: at(0.99), failed, answers } satisfies Figures);
  for (const socket of sockets) socket.terminate();
  process.disconnect?.();
}

function runClient(url: string, sessions: number, seconds: number): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['client', url, String(sessions), String(seconds)]);
    child.once('message', (figures) => resolve(figures as Figures));
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the client ended with ${code}`));
    });
  });
}

/** No step at all in a round makes no ratio. */
function tellRatio(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio.toFixed(1)} x` : 'more: not one step ended';
}

/** Processor time of a process with all its threads, in seconds; on Linux, elsewhere unknown. */
async function spentBy(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // In ticks of a hundredth of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function compare(rounds: number, seconds: number): Promise<void> {
  const python = await findPython();
  if (typeof python === 'string') throw new Error(python);
  await loadWorlds();
  const rules = { naming: 'scenario', credit: 'steps', preset: 'tribune' } as const;
  const ours = await serveEnv({
    ...{ name: 'toy', version: '1', scenarios: SUITE, rules, place: HERE, now: Date.now },
    ...{ workers: 2, maxSessions: 2000, rate: 1_000_000 },
  });
  const texts = { prompt: 'Pay Ben 20.', find_contact: '555-0101, ben@home.example, Mill Lane 4', pay_person: 'done' };
  const plain = await startReference(python.path, texts, 'plain');
  const sql = await startReference(python.path, texts, 'sql');
  const mcp = await startReference(python.path, texts);
  const servers = {
    ours: { url: ours.url, pid: process.pid },
    mcp: { url: mcp.url, pid: mcp.pid },
    sql: { url: sql.url, pid: sql.pid },
    plain: { url: plain.url, pid: plain.pid },
  };
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  try {
    for (const sessions of SESSIONS) {
      const seen = new Map<string, (Figures & { readonly each: number })[]>();
      for (let round = 0; round < rounds; round++) {
        for (const [name, { url, pid }] of Object.entries(servers)) {
          const before = await spentBy(pid);
          const figures = await runClient(url, sessions, seconds);
          const spent = (await spentBy(pid)) - before;
          seen.set(name, [...(seen.get(name) ?? []), { ...figures, each: (spent * 1e6) / figures.answers }]);
        }
      }
      for (const [name, figures] of seen) {
        const of = (key: 'rate' | 'p50' | 'p99' | 'each'): number => median(figures.map((one) => one[key]));
        const rate = of('rate');
        const ratios = figures.map((one, at) => (seen.get('ours')?.[at]?.rate ?? Number.NaN) / one.rate);
        const line = `${sessions} sessions  ${name.padEnd(6)} ${rate.toFixed(0).padStart(6)} steps/s  p50 ${of('p50').toFixed(1)} ms  p99 ${of('p99').toFixed(1)} ms  ${of('each').toFixed(0)} us of processor each`;
        const failed = figures.reduce((sum, one) => sum + one.failed, 0);
        console.log(
          `${line}${name === 'ours' ? '' : `  ours is ${tellRatio(median(ratios))}`}${failed > 0 ? `  ${failed} WRONG` : ''}`,
        );
      }
    }
  } finally {
    plain.close();
    sql.close();
    mcp.close();
    await ours.close();
  }
}
