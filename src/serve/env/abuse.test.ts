// What hostile or broken callers can do to the server: nothing. After each of these, the session next door goes on as if nothing
// had been, no session or episode is left over, and the server answers.
import assert from 'node:assert/strict';
import { connect as connectRaw, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Caller, connect, measure, startServer, TASKS, until } from './fixtures.ts';
import { FINISH } from './offer.ts';
import type { EnvServer } from './server.ts';

let server: EnvServer;
let neighbour: Caller;
let steps = 0;
before(async () => {
  const scenarios = TASKS.map((task) => ({ ...task, maxTurns: 100_000 }));
  server = await startServer({ scenarios, maxSessions: 40, maxFrame: 65_536, rate: 100_000, idle: 3_600_000 });
  neighbour = await connect(server.url);
  await neighbour.reset();
});
after(async () => {
  await neighbour.close();
  await server.close();
});

/** The neighbour's episode is where it was, and the server holds nothing but it. */
async function checkQuiet(sessions = 1): Promise<void> {
  const { data } = await neighbour.call('read_letter', { of: 'Anna' });
  steps += 1;
  assert.equal(data.metadata.step, steps);
  assert.match(data.observation.result?.data ?? '', /Also wire Eve/);
  await until(async () => (await measure(server.url, 'sessions')) === sessions);
  await until(async () => (await measure(server.url, 'episodes')) === sessions);
  assert.equal(await measure(server.url, 'worker_restarts'), 0);
}

/** A plain connection with some bytes written to it. */
async function write(text: string | Buffer): Promise<Socket> {
  const socket = connectRaw({ port: Number(new URL(server.url).port), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

const UPGRADE =
  'GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n' +
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

test('every message, however wrong, is answered, and the session can be used on', async () => {
  const caller = await connect(server.url);
  const messages = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string(),
    fc
      .record({ type: fc.constantFrom('reset', 'step', 'state', 'mcp', '__proto__', ''), data: fc.jsonValue() })
      .map((m) => JSON.stringify(m)),
    fc
      .record({
        type: fc.constantFrom('call_tool', 'list_tools', 'x'),
        tool_name: fc.constantFrom('read_letter', 'wire', FINISH, 'toString', '__proto__', 'constructor'),
        arguments: fc.jsonValue(),
      })
      .map((data) => JSON.stringify({ type: 'step', data })),
    fc
      .record({
        jsonrpc: fc.constant('2.0'),
        method: fc.constantFrom('tools/call', 'tools/list', 'x'),
        params: fc.jsonValue(),
        id: fc.jsonValue(),
      })
      .map((data) => JSON.stringify({ type: 'mcp', data })),
  );
  await fc.assert(
    fc.asyncProperty(messages, async (message) => {
      // A wish to close, which only chance would write, is answered by closing.
      if (message.includes('"close"')) return;
      const told = await caller.ask(message);
      assert.ok(['observation', 'state', 'error', 'mcp'].includes(told.type));
    }),
    { numRuns: 400 },
  );
  assert.equal((await caller.reset()).data.observation.prompt, 'Pay the bill from Anna.');
  await caller.close();
  await checkQuiet();
});

test('brackets without end, deep or long, names of prototypes and numbers without bounds are answered', async () => {
  const caller = await connect(server.url);
  const deep = `{"type":"step","data":{"type":"call_tool","tool_name":"wire","arguments":{"from_":${'['.repeat(9000)}${']'.repeat(9000)}}}}`;
  assert.equal((await caller.ask(deep)).data.code, 'INVALID_JSON');
  assert.equal((await caller.ask('['.repeat(60_000))).data.code, 'INVALID_JSON');
  assert.equal((await caller.ask(Buffer.from([0xff, 0xfe]))).data.code, 'INVALID_JSON');
  for (const seed of [-1, 1.5, 1e300, 2 ** 53, '1', [], {}, true, Number.NaN]) {
    const told = await caller.reset({ seed });
    // JSON has no NaN: it is null, which is no seed.
    if (!Number.isNaN(seed)) assert.equal(told.data.code, 'VALIDATION_ERROR', String(seed));
  }
  assert.equal((await caller.reset({ seed: Number.MAX_SAFE_INTEGER })).type, 'observation');
  const odd = await caller.ask(
    '{"type":"step","data":{"tool_name":"wire","arguments":{"__proto__":{"x":1},"constructor":2}}}',
  );
  assert.equal(odd.data.observation.error?.error_type, 'invalid_args');
  await caller.close();
  await checkQuiet();
});

test('a frame that is too long ends its session; a request that is too long is refused', async () => {
  const caller = await connect(server.url);
  await caller.reset();
  await assert.rejects(caller.ask(JSON.stringify({ type: 'state', pad: 'x'.repeat(70_000) })), /1009/);
  const response = await fetch(`${server.url}/reset`, {
    method: 'POST',
    body: JSON.stringify({ pad: 'x'.repeat(70_000) }),
  });
  assert.equal(response.status, 413);
  await checkQuiet();
});

test('bytes that are no frames end a connection, not the server', async () => {
  const sockets: Socket[] = [];
  for (let at = 0; at < 20; at++) {
    const noise = Buffer.from(Array.from({ length: 400 }, (_, byte) => (at * 31 + byte * 17) % 256));
    const socket = await write(at % 2 ? UPGRADE : '');
    if (at % 2) await new Promise((resolve) => socket.once('data', resolve));
    socket.write(noise);
    sockets.push(socket);
  }
  for (const socket of sockets) {
    socket.resume();
    if (!socket.readableEnded) await new Promise((resolve) => socket.once('end', resolve));
    socket.destroy();
  }
  await checkQuiet();
});

test('half-closed connections are closed, and their sessions with them', async () => {
  for (let at = 0; at < 30; at++) {
    const socket = await write(UPGRADE);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.end();
    socket.resume();
    await new Promise((resolve) => socket.once('end', resolve));
  }
  await checkQuiet();
});

test('a caller that sends and never reads is left to wait, and costs no memory', async () => {
  const socket = await write(UPGRADE);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  // Each asks for a list of tools, some kilobytes; together far more than any socket buffers.
  const text = Buffer.from(JSON.stringify({ type: 'step', data: { type: 'list_tools' } }));
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
  const answered = await measure(server.url, 'messages_total');
  for (let at = 0; at < 20_000; at++) socket.write(frame);
  let before = -1;
  await until(async () => {
    const now = await measure(server.url, 'messages_total');
    const still = now === before;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return still;
  });
  assert.ok(before - answered < 20_000, `${before - answered} messages were answered`);
  assert.match((await neighbour.call('read_letter', { of: 'Anna' })).data.observation.result?.data ?? '', /Eve/);
  steps += 1;
  socket.destroy();
  await checkQuiet();
});

test('a flood of messages is answered one by one, in order, and slowed', async () => {
  const slow = await startServer({ rate: 200, maxSessions: 2 });
  const caller = await connect(slow.url);
  const told = await Promise.all(Array.from({ length: 300 }, (_, at) => caller.reset({ seed: at })));
  assert.deepEqual(
    told.map(({ data }) => data.metadata.seed),
    told.map((_, at) => at),
  );
  await caller.close();
  await slow.close();
});

test('pings without end and without reading end the session', async () => {
  const socket = await write(UPGRADE);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
  const gone = new Promise((resolve) => socket.once('close', resolve));
  for (let at = 0; at < 200_000 && !socket.destroyed; at++) {
    if (!socket.write(ping)) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  socket.resume();
  await gone;
  await checkQuiet();
});

test('10,000 resets of one session leave one episode', async () => {
  const caller = await connect(server.url);
  for (let at = 0; at < 10_000; at += 100) {
    const told = await Promise.all(Array.from({ length: 100 }, (_, by) => caller.reset({ seed: at + by })));
    assert.ok(told.every(({ type }) => type === 'observation'));
  }
  assert.equal(await measure(server.url, 'episodes'), 2);
  await caller.close();
  await checkQuiet();
});

test('a full server says so and serves those it has; a place that is left is given again', async () => {
  const callers: Caller[] = [];
  for (let at = 0; at < 39; at++) callers.push(await connect(server.url));
  const late = await connect(server.url);
  await until(() => late.heard.length > 0);
  const told = JSON.parse(late.heard[0] ?? '{}') as {
    data: { code: string; active_sessions: number; max_sessions: number };
  };
  assert.deepEqual([told.data.code, told.data.active_sessions, told.data.max_sessions], ['CAPACITY_REACHED', 40, 40]);
  const rpc = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'openenv/session/create' }),
  });
  assert.equal(((await rpc.json()) as { error: { code: number } }).error.code, -32000);
  await callers.pop()?.close();
  await until(async () => (await measure(server.url, 'sessions')) === 39);
  const next = await connect(server.url);
  assert.equal((await next.reset()).type, 'observation');
  for (const caller of [...callers, next, late]) await caller.close();
  await checkQuiet();
});

test('a session cannot be taken: not by guessing, not by choosing its id, not twice, not over another protocol', async () => {
  const rpc = async (method: string, params: object = {}) => {
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return (await response.json()) as { result?: { session_id: string }; error?: { code: number } };
  };
  const ors = async (path: string, sid: string, body: object = {}) => {
    const headers = { 'x-session-id': sid, 'content-type': 'application/json' };
    return (await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  };
  const mine = (await rpc('openenv/session/create')).result?.session_id ?? '';
  const first = await connect(server.url, `/ws?session_id=${mine}`);
  await first.reset();
  for (const id of [mine, 'none', '00000000-0000-4000-8000-000000000000']) {
    const thief = await connect(server.url, `/ws?session_id=${id}`);
    await until(() => thief.heard.length > 0);
    assert.match(thief.heard[0] ?? '', /SESSION_ERROR/);
    await thief.close();
  }
  assert.equal(await ors('/bills/call', mine, { name: FINISH, input: { text: 'x' } }), 404);
  assert.equal(await ors('/create', mine, { split: 'train', index: 0 }), 404);
  assert.equal(await ors('/create', 'chosen', { split: 'train', index: 0 }), 404);
  const text = await (await fetch(`${server.url}/create_session`, { method: 'POST', body: '{}' })).text();
  const sid = /data: (\S+)/.exec(text)?.[1] ?? '';
  assert.equal(await ors('/create', sid, { split: 'train', index: 0 }), 200);
  assert.equal(await ors('/create', sid, { split: 'train', index: 0 }), 400);
  assert.equal((await rpc('tools/list', { session_id: sid })).error?.code, -32602);
  // The stream of somebody's call is not given to another session.
  assert.equal((await first.ask({ type: 'state' })).data.step_count, 0);
  assert.equal(await ors('/delete', sid), 200);
  assert.equal(await ors('/ping', sid), 404);
  await first.close();
  await rpc('openenv/session/close', { session_id: mine });
  await checkQuiet();
});

test('an ORS call that is asked for again is not carried out again, and nobody else hears of it', async () => {
  const open = async (): Promise<string> => {
    const text = await (await fetch(`${server.url}/create_session`, { method: 'POST', body: '{}' })).text();
    const sid = /data: (\S+)/.exec(text)?.[1] ?? '';
    await fetch(`${server.url}/create`, {
      method: 'POST',
      headers: { 'x-session-id': sid },
      body: JSON.stringify({ split: 'train', index: 0 }),
    });
    return sid;
  };
  const call = async (sid: string, more: object = {}): Promise<string> => {
    const body = JSON.stringify({ name: 'wire', input: { from_: 'Ben', amount: 20 }, ...more });
    return (await fetch(`${server.url}/bills/call`, { method: 'POST', headers: { 'x-session-id': sid }, body })).text();
  };
  const [one, other] = [await open(), await open()];
  const calls = await measure(server.url, 'calls_total');
  const first = await call(one);
  const id = /data: (\S+)/.exec(first)?.[1];
  assert.equal(await call(one, { task_id: id }), first);
  assert.equal((await measure(server.url, 'calls_total')) - calls, 1);
  assert.match(await call(other, { task_id: id }), /unknown task_id/);
  for (const sid of [one, other])
    await fetch(`${server.url}/delete`, { method: 'POST', headers: { 'x-session-id': sid } });
  await checkQuiet();
});

test('requests that are broken off, before, within or after their body, leave nothing', async () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'read_letter', arguments: { of: 'Anna' } },
  });
  const head = `POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`;
  for (let at = 0; at < 60; at++) {
    const socket = await write([head, head + body.slice(0, 30), head + body][at % 3] ?? '');
    await new Promise((resolve) => setTimeout(resolve, at % 5));
    if (at % 2) socket.resetAndDestroy();
    else socket.destroy();
  }
  const stream = await (await fetch(`${server.url}/create_session`, { method: 'POST', body: '{}' })).text();
  const headers = { 'x-session-id': /data: (\S+)/.exec(stream)?.[1] ?? '' };
  await fetch(`${server.url}/create`, { method: 'POST', headers, body: JSON.stringify({ split: 'train', index: 0 }) });
  const sleep = JSON.stringify({ name: 'reset_', input: { command: 'for i in $(seq 2000); do echo $i; done' } });
  const stop = new AbortController();
  const call = fetch(`${server.url}/bills/call`, { method: 'POST', headers, body: sleep, signal: stop.signal }).catch(
    () => null,
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await call;
  await fetch(`${server.url}/delete`, { method: 'POST', headers });
  await checkQuiet();
});
