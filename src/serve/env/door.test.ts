// Who is let in, what happens to sessions nobody holds, to worlds that hang, and when the server ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../episode/input.ts';
import { connect, makeTask, measure, startServer, TASKS, until } from './fixtures.ts';
import { isLoopback } from './http.ts';
import { FINISH } from './offer.ts';

test('beyond this machine nobody is served without a token, unless that is asked for', async () => {
  await assert.rejects(startServer({ host: '0.0.0.0' }), InputError);
  const open = await startServer({ host: '0.0.0.0', open: true });
  assert.equal((await fetch(`http://127.0.0.1:${new URL(open.url).port}/health`)).status, 200);
  await open.close();
  assert.deepEqual(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '10.0.0.1', '127.0.0.1.evil.com'].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('with a token, every route and both sockets need it; OpenEnv and ORS clients can send it', async () => {
  const server = await startServer({ token: 'right' });
  for (const path of ['/health', '/metrics', '/openapi.json', '/list_environments', '/nothing']) {
    assert.equal((await fetch(server.url + path)).status, 401, path);
    assert.equal((await fetch(server.url + path, { headers: { 'x-api-key': 'wrong' } })).status, 401, path);
  }
  for (const path of ['/ws', '/mcp']) await assert.rejects(connect(server.url, path), /401/);
  for (const headers of [{ authorization: 'Bearer right' }, { 'x-api-key': 'right' }]) {
    assert.equal((await fetch(`${server.url}/health`, { headers })).status, 200);
    const caller = await connect(server.url, '/ws', headers);
    assert.equal((await caller.reset()).type, 'observation');
    await caller.close();
  }
  await server.close();
});

test('web pages and rebound names are turned away', async () => {
  const server = await startServer();
  assert.equal((await fetch(`${server.url}/health`, { headers: { origin: 'https://evil.example' } })).status, 403);
  await assert.rejects(connect(server.url, '/ws', { origin: 'https://evil.example' }), /403/);
  await assert.rejects(connect(server.url, '/ws', { host: 'evil.example' }), /403/);
  await assert.rejects(connect(server.url, '/else'), /404/);
  const near = await connect(server.url, '/ws', { origin: 'http://localhost:3000' });
  await near.close();
  await server.close();
});

test('a silent session is given up, one that is used is not; a silent socket is closed', async () => {
  let time = 0;
  const server = await startServer({ idle: 1000, now: () => time });
  const create = async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'openenv/session/create' });
    return (await (await fetch(`${server.url}/mcp`, { method: 'POST', body })).json()) as {
      result: { session_id: string };
    };
  };
  const [used, silent] = [(await create()).result.session_id, (await create()).result.session_id];
  const caller = await connect(server.url);
  await caller.reset();
  const list = async (session_id: string): Promise<string> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { session_id } });
    return (await fetch(`${server.url}/mcp`, { method: 'POST', body })).text();
  };
  time = 900;
  assert.match(await list(used), /"tools"/);
  const closed = new Promise((resolve) => caller.socket.once('close', resolve));
  time = 1500;
  await closed;
  await until(async () => (await measure(server.url, 'sessions')) === 1);
  assert.match(await list(silent), /Unknown session_id/);
  assert.match(await list(used), /"tools"/);
  await server.close();
});

test('a world that hangs is ended with its thread; its episode says so, those of other threads go on', async () => {
  // A query that takes hours: the judge asks it after each step.
  const stuck = { ...makeTask('stuck', 'train'), goals: [{ name: 'slow', sql: STALL, equals: 1 }] };
  const server = await startServer({ scenarios: [stuck, ...TASKS], workers: 2, timeout: 1500 });
  const [one, other] = [await connect(server.url), await connect(server.url)];
  await one.reset({ task_id: 'bill-a' });
  await other.reset({ task_id: 'stuck' });
  const told = await other.call('read_letter', { of: 'Anna' });
  assert.deepEqual([told.data.done, told.data.reward], [true, null]);
  assert.match(told.data.observation.error?.message ?? '', /lost/);
  assert.equal((await one.call('read_letter', { of: 'Anna' })).data.metadata.step, 1);
  assert.equal(await measure(server.url, 'worker_restarts'), 1);
  // The session of the lost episode starts another.
  await until(async () => (await other.reset({ task_id: 'bill-b' })).type === 'observation');
  assert.equal((await other.call(FINISH, { text: 'No.' })).data.done, true);
  for (const caller of [one, other]) await caller.close();
  await server.close();
});

/** Counts a product of tables with many rows: minutes at least. */
const NUMBERS = `(${Array.from({ length: 40 }, (_, at) => `select ${at} as n`).join(' union all ')})`;
const STALL = `select count(*) from ${Array.from({ length: 6 }, (_, at) => `${NUMBERS} t${at}`).join(', ')}`;

test('a server that ends lets a call under way end, tells sockets, and takes nobody more', async () => {
  const server = await startServer();
  const caller = await connect(server.url);
  await caller.reset();
  const code = new Promise<number>((resolve) => caller.socket.once('close', resolve));
  await server.close();
  assert.equal(await code, 1001);
  await assert.rejects(connect(server.url));
  await server.close();
});

test('a log that cannot be opened is told before anybody is served', async () => {
  await assert.rejects(startServer({ files: { log: '/nonexistent/folder/log.jsonl' } }), /ENOENT/);
});

test('two tasks of one name, and a name that is no part of a path, are refused', async () => {
  await assert.rejects(startServer({ scenarios: [TASKS[0]!, TASKS[0]!] }), /two scenarios/);
  await assert.rejects(startServer({ name: 'a/b' }), InputError);
});
