// The same messages to two servers, and how their answers compare: statuses, kinds, keys and types, and the values that the
// protocol fixes. What the protocol leaves open is told apart by name, so that nothing is overlooked by accident.
import { WebSocket } from 'ws';

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** One exchange: what was sent, and the answer as a document. */
export type Exchange = { readonly sent: string; readonly answer: Value };

const call = (tool_name: string, args: object): object => ({ type: 'call_tool', tool_name, arguments: args });
const ben = { who: 'Ben' };
const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const find = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'find_contact', arguments: ben } };

const REQUESTS: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ['GET', '/health'],
  ['GET', '/metadata'],
  ['GET', '/schema'],
  ['GET', '/state'],
  ['GET', '/list_environments'],
  ['POST', '/reset', {}],
  ['POST', '/reset', { seed: 3, episode_id: 'e', more: 1 }],
  ['POST', '/reset', { seed: -1 }],
  ['POST', '/reset', { seed: 'x' }],
  ['POST', '/reset', { episode_id: 5 }],
  ['POST', '/step', { action: { type: 'list_tools' } }],
  ['POST', '/step', { action: call('find_contact', ben) }],
  ['POST', '/step', { action: call('nope', {}) }],
  ['POST', '/step', { action: { type: 'call_tool' } }],
  ['POST', '/step', { action: { bad: 1 } }],
  ['POST', '/step', {}],
  ['POST', '/mcp', {}],
  ['POST', '/mcp', '{no json'],
  ['POST', '/mcp', list],
  ['POST', '/mcp', find],
  ['POST', '/mcp', { ...list, method: 'initialize' }],
  ['POST', '/mcp', { ...list, params: { session_id: 'none' } }],
  ['POST', '/mcp', { ...find, params: {} }],
  ['POST', '/mcp', { ...list, method: 'openenv/session/create' }],
  ['POST', '/mcp', { ...list, method: 'openenv/session/close', params: { session_id: 'none' } }],
  ['POST', '/mcp', { ...list, method: 'openenv/session/close' }],
];

const MESSAGES: readonly unknown[] = [
  { type: 'state' },
  { type: 'step', data: { type: 'list_tools' } },
  { type: 'reset', data: { seed: 1, episode_id: 'e1', foo: 2 } },
  { type: 'reset' },
  { type: 'step', data: { type: 'list_tools' } },
  { type: 'step', data: call('find_contact', ben) },
  { type: 'step', data: { tool_name: 'find_contact', arguments: ben } },
  { type: 'state' },
  { type: 'step', data: call('nope', {}) },
  { type: 'step', data: call('find_contact', {}) },
  { type: 'step', data: { bad: 1 } },
  { type: 'step' },
  { type: 'state', extra: 1 },
  { type: 'zzz' },
  {},
  '{no json',
  { type: 'mcp', data: list },
  { type: 'mcp', data: find },
  { type: 'mcp', data: {} },
  { type: 'mcp', data: { ...list, method: 'openenv/session/create' } },
];

const RPC: readonly unknown[] = [list, find, {}, '{no json', { ...list, method: 'resources/list' }];

/** Holds all conversations with a server. */
export async function talkTo(url: string): Promise<readonly Exchange[]> {
  const over = (path: string, messages: readonly unknown[]) => talkSocket(url.replace('http', 'ws') + path, messages);
  return [...(await talkHttp(url)), ...(await over('/ws', MESSAGES)), ...(await over('/mcp', RPC))];
}

async function talkHttp(url: string): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const [method, path, body] of REQUESTS) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? {} : { body: text, headers: { 'content-type': 'application/json' } };
    const response = await fetch(url + path, { method, ...init });
    const answer = { status: response.status, body: (await response.json()) as Value };
    exchanges.push({ sent: `${method} ${path} ${body === undefined ? '' : text}`.trim(), answer });
  }
  return exchanges;
}

async function talkSocket(url: string, messages: readonly unknown[]): Promise<Exchange[]> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const exchanges: Exchange[] = [];
  for (const message of messages) {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data)));
      socket.once('close', () => reject(new Error(`closed after ${text}`)));
      socket.send(text);
    });
    socket.removeAllListeners('close');
    exchanges.push({ sent: `${new URL(url).pathname} ${text}`, answer: JSON.parse(answer) as Value });
  }
  if (url.endsWith('/ws')) {
    const closed = new Promise<Value>((resolve) => {
      socket.once('message', () => resolve('an answer'));
      socket.once('close', () => resolve('closed'));
    });
    socket.send(JSON.stringify({ type: 'close' }));
    exchanges.push({ sent: '/ws close', answer: await closed });
  }
  socket.terminate();
  return exchanges;
}

/** Keys one side may have and the other not, or with values of another type; why is in docs/serve-env.md. */
const OPEN: readonly RegExp[] = [
  // pydantic's words for a fault are its own.
  /\.detail\.\d+\.(type|msg|ctx|input|url|loc)/,
  /\.errors\.\d+\.(type|msg|ctx|input|url|loc)/,
  // Rewards: the reference's tool environments have none.
  /\.reward$/,
  // What stands beside an observation may be left out.
  /\.data\.metadata(\.|$)/,
  /body\.metadata(\.|$)/,
  // Schemas: the same properties, other annotations. MCP's optional words on a tool.
  /^GET \/schema \.body\.(action|observation|reset_observation|state)\./,
  /\.(input_schema|inputSchema)\./,
  /\.(title|icons|annotations|outputSchema|meta|execution|fastmcp|\$defs)(\.|$)/,
  // The server says more of itself and of its state, and of an error.
  /\.(version|task_id|readme_content|documentation_url|author)$/,
  /\.error\.data$/,
  // Ours has two tools more.
  /\.tools\.[23](\.|$)/,
];

/** Paths whose values must be equal, not only of one type. */
const FIXED =
  /\.(status|type|code|jsonrpc|done|is_error|tool_name|error_type|step_count|id)$|\.(data|prompt)$|content\.0\.text$/;

/** Where the answers of two servers differ. */
export function compareTalks(one: readonly Exchange[], other: readonly Exchange[]): readonly string[] {
  const differences: string[] = [];
  for (const [at, { sent, answer }] of one.entries()) {
    const [a, b] = [flatten(answer), flatten(other[at]?.answer ?? null)];
    for (const path of new Set([...a.keys(), ...b.keys()])) {
      if (OPEN.some((open) => open.test(`${sent} ${path}`))) continue;
      const [x, y] = [a.get(path), b.get(path)];
      if (x === undefined || y === undefined)
        differences.push(`${sent}: ${path} only in ${x === undefined ? 'the second' : 'the first'}`);
      else if (kindOf(x) !== kindOf(y)) differences.push(`${sent}: ${path} is ${kindOf(x)} and ${kindOf(y)}`);
      else if (typeof x !== 'object' && FIXED.test(path) && x !== y)
        differences.push(`${sent}: ${path} is ${JSON.stringify(x)} and ${JSON.stringify(y)}`);
    }
  }
  return differences;
}

const kindOf = (value: Value): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

/** Every leaf by its path; lists and objects are there too, as themselves. */
function flatten(value: Value, path = '', into = new Map<string, Value>()): Map<string, Value> {
  const isPlain = typeof value !== 'object' || value === null;
  into.set(path, isPlain ? value : Array.isArray(value) ? [] : {});
  if (!isPlain) for (const [key, inner] of Object.entries(value)) flatten(inner, `${path}.${key}`, into);
  return into;
}
