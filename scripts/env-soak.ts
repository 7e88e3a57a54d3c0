// Does `serve env` leak? Opens and leaves 100,000 sessions in every way there is (a socket closed well, one cut off, one left in the
// middle of a call, an HTTP session closed, one left to the idle limit, an ORS session), beside a session that plays on throughout,
// and compares memory and what is open before and after. Ends with 1 if anything is left, or the neighbour was disturbed.
// Run: node --conditions=tribune-source --expose-gc scripts/env-soak.ts [sessions]
import { Session } from 'node:inspector';
import { WebSocket } from 'ws';
import { serveEnv } from '../src/serve/env/index.ts';
import { ASK } from '../src/serve/env/offer.ts';
import { generateSuite, HERE, loadWorlds } from '../src/world/index.ts';

const TOTAL = Number(process.argv[2] ?? 100_000);
const WIDTH = 64;
const THREADS = 2;
/** The memory that growth is counted from is that of a server in use: caches are full, code is compiled. */
const WARM = Math.min(10_000, Math.ceil(TOTAL / 5));

await loadWorlds();
const scenarios = generateSuite({ count: 50, seed: 3, split: 'train' }).map((scenario) => ({
  ...scenario,
  maxTurns: 1_000_000,
}));
const server = await serveEnv({
  ...{ name: 'soak', version: '1', scenarios, place: HERE, workers: THREADS, now: Date.now },
  rules: { naming: 'scenario', credit: 'steps', preset: 'tribune' },
  ...{ maxSessions: 2000, rate: 1_000_000, idle: 2000 },
});

const ask = (socket: WebSocket, message: object): Promise<string> =>
  new Promise((resolve, reject) => {
    const end = (): void => reject(new Error('closed'));
    socket.once('close', end);
    socket.once('message', (data) => {
      socket.off('close', end);
      resolve(String(data));
    });
    socket.send(JSON.stringify(message));
  });

async function connect(): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

const step = { type: 'step', data: { type: 'call_tool', tool_name: ASK, arguments: { name: 'x', arguments: {} } } };
const reset = (at: number) => ({ type: 'reset', data: { task_id: at % scenarios.length, seed: at } });
const post = (path: string, body: object, sid?: string) =>
  fetch(server.url + path, { method: 'POST', body: JSON.stringify(body), headers: sid ? { 'x-session-id': sid } : {} });
const rpc = async (method: string, params: object): Promise<string> =>
  (await post('/mcp', { jsonrpc: '2.0', id: 1, method, params })).text();

/** The ways of a session, from its opening to its end. */
const LIVES: readonly ((at: number) => Promise<void>)[] = [
  async (at) => {
    const socket = await connect();
    await ask(socket, reset(at));
    await ask(socket, step);
    socket.send('{"type":"close"}');
    await new Promise((resolve) => socket.once('close', resolve));
  },
  async (at) => {
    const socket = await connect();
    await ask(socket, reset(at));
    socket.terminate();
  },
  async (at) => {
    const socket = await connect();
    socket.send(JSON.stringify(reset(at)));
    socket.send(JSON.stringify(step));
    socket.terminate();
  },
  async () => {
    const created = JSON.parse(await rpc('openenv/session/create', {})) as { result: { session_id: string } };
    const { session_id } = created.result;
    await rpc('tools/call', { name: ASK, arguments: { name: 'x', arguments: {} }, session_id });
    await rpc('openenv/session/close', { session_id });
  },
  async () => {
    await rpc('openenv/session/create', {});
  },
  async (at) => {
    const sid = /data: (\S+)/.exec(await (await post('/create_session', {})).text())?.[1] ?? '';
    await (await post('/create', { split: 'train', index: at % scenarios.length }, sid)).text();
    await (await post('/soak/call', { name: ASK, input: { name: 'x', arguments: {} } }, sid)).text();
    await (await post('/delete', {}, sid)).text();
  },
];

/** Sockets are the many; the rest of the ways come in turn. */
const lifeOf = (at: number) => LIVES[at % 10 < 5 ? at % 3 : at % LIVES.length]!;

async function gauge(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^tribune_env_${name} (.+)$`, 'm').exec(text)?.[1]);
}

const neighbour = await connect();
await ask(neighbour, reset(0));
let [steps, disturbed, playing] = [0, 0, true];
const playOn = (async () => {
  while (playing) {
    const { data } = JSON.parse(await ask(neighbour, step)) as { data: { metadata: { step: number } } };
    steps += 1;
    if (data.metadata.step !== steps) disturbed += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})();

async function live(from: number, to: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < to; at = next++) {
      // A full server is no fault of the session that meets it.
      await lifeOf(at)(at).catch(async () => new Promise((resolve) => setTimeout(resolve, 50)));
      if (at % 10_000 === 0 && at > 0)
        console.error(`${at} sessions, ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
}

/** Has the threads' garbage collected, through the debugger's protocol: left alone, they collect when they like. */
async function collectThreads(): Promise<void> {
  const debug = new Session();
  debug.connect();
  const threads = new Map<string, () => void>();
  debug.on('NodeWorker.receivedMessageFromWorker', ({ params }) => threads.get(params.sessionId)?.());
  const collected: Promise<void>[] = [];
  debug.on('NodeWorker.attachedToWorker', ({ params: { sessionId } }) => {
    collected.push(new Promise((resolve) => threads.set(sessionId, resolve)));
    const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
    debug.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  });
  await new Promise<void>((resolve, reject) =>
    debug.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => (error ? reject(error) : resolve())),
  );
  if (collected.length !== THREADS) throw new Error(`${collected.length} threads were reached, there are ${THREADS}`);
  await Promise.all(collected);
  debug.disconnect();
}

/** Waits until only the neighbour is left; the figures then. */
async function settle() {
  for (let tries = 0; tries < 300 && ((await gauge('sessions')) > 1 || (await gauge('episodes')) > 1); tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 200));
  globalThis.gc?.();
  await collectThreads();
  const worlds = await gauge('worker_heap_bytes');
  const { heapUsed, rss } = process.memoryUsage();
  return {
    worlds,
    sessions: await gauge('sessions'),
    episodes: await gauge('episodes'),
    heap: heapUsed,
    rss,
  };
}

await live(0, WARM);
const before = await settle();
await live(WARM, TOTAL);
const last = await settle();
playing = false;
await playOn;
const restarts = await gauge('worker_restarts');
neighbour.terminate();
await server.close();
const grown = last.heap - before.heap;
const worldsGrown = last.worlds - before.worlds;
const each = grown / (TOTAL - WARM);
const figures = { sessions: TOTAL, left: last.sessions - 1, episodes: last.episodes - 1, restarts, steps, disturbed };
console.log(
  JSON.stringify({
    ...figures,
    heapGrown: grown,
    bytesEach: Math.round(each),
    worldsGrown,
    rssBefore: before.rss,
    rssAfter: last.rss,
  }),
);
// A session that is kept holds kilobytes; what remains of noise, spread over all, is far less.
const most = 2 ** 23 + 100 * (TOTAL - WARM);
const leaks = last.sessions !== 1 || last.episodes !== 1 || grown > most || worldsGrown > most;
process.exit(leaks || disturbed > 0 || restarts > 0 ? 1 : 0);
