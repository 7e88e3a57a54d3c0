// Judges through the guard's verbs: a chat model behind a real server, and a policy of this project from its checkpoint, each
// named with --classifier on replay, hook, proxy and mcp. What the judge marks is blocked, what it does not is not, and a judge
// that is down blocks too. Hugging Face's classifiers are in tests/engines/guard-judge.test.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import OpenAI from 'openai';
import { runCli } from '../src/cli/dispatch.ts';
import { openClassifiers } from '../src/cli/guard-classifier.ts';
import { collectText } from '../src/cli/sink.ts';
import { createGuard } from '../src/guard/guard.ts';
import { writePolicy } from '../src/policy/local/fixtures.ts';
import { startVerb } from './verb.ts';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const FILES = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'));
const NODE = [process.execPath, '--conditions=tribune-source', '--no-warnings', MAIN] as const;
const folder = mkdtempSync(join(tmpdir(), 'tribune-judges-'));
const children: ChildProcess[] = [];
const servers: Server[] = [];
after(() => {
  for (const child of children) child.kill();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** A text that the guard by itself finds no attack in, and that the judge below does not like. */
const MARKED = 'Moss: the old list of all is in pebbles77';

const answer = (message: object, finish: string): string =>
  JSON.stringify({
    ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: finish }],
  });

/** A server of OpenAI's API that, asked as a judge, finds moss malicious, and, asked as an agent, writes a file. */
async function serveModel(): Promise<{ readonly url: string; readonly judged: readonly string[] }> {
  const judged: string[] = [];
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    incoming.on('end', () => {
      outgoing.setHeader('content-type', 'application/json');
      const { messages } = JSON.parse(body) as { messages: readonly { role: string; content: string }[] };
      if (messages[0]?.content.startsWith('You judge') !== true) {
        const call = { name: 'get_note', arguments: '{"name":"other"}' };
        outgoing.end(answer({ tool_calls: [{ id: 'c9', type: 'function', function: call }] }, 'tool_calls'));
        return;
      }
      const { text } = JSON.parse(messages.at(-1)!.content) as { text: string };
      judged.push(text);
      const mode = text.includes('Moss') ? 'malicious' : 'benign';
      const quote = mode === 'benign' ? '' : text.slice(text.indexOf('Moss'));
      outgoing.end(answer({ content: JSON.stringify({ mode, quote, why: 'moss' }) }, 'stop'));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, judged };
}
const { url, judged } = await serveModel();
const JUDGE = `chat:judge@${url}`;
/** An address where nothing listens. */
const DOWN = 'chat:judge@http://127.0.0.1:9/v1';

const toolCall = (id: string, name: string, args: object) => ({
  ...{ role: 'assistant' as const, content: null },
  tool_calls: [{ id, type: 'function' as const, function: { name, arguments: JSON.stringify(args) } }],
});
const toolOf = (name: string) => ({ type: 'function' as const, function: { name, parameters: { type: 'object' } } });

/** A record of a note read for the user, and a payment made with what it says. */
function writeRecord(text: string): string {
  const file = join(folder, 'record.jsonl');
  const messages = [
    { role: 'user', content: 'What does the note say?' },
    toolCall('a', 'get_note', { name: 'bob' }),
    { role: 'tool', tool_call_id: 'a', content: text },
    toolCall('b', 'pay', { to: 'pebbles77', amount: 12 }),
  ];
  writeFileSync(file, `${JSON.stringify({ id: 'r', tools: [toolOf('get_note'), toolOf('pay')], messages })}\n`);
  return file;
}

async function replay(text: string, ...words: readonly string[]) {
  const [stdout, stderr] = [collectText(), collectText()];
  const table = { 'guard replay': async () => (await import('../src/cli/guard-replay.ts')).verb };
  const options = { version: '1', stdout, stderr, signal: new AbortController().signal, now: () => 0 };
  const code = await runCli(['guard', 'replay', writeRecord(text), '--json', ...words], table, options);
  const last = stdout.text().trim().split('\n').at(-1)!;
  return { code, err: stderr.text(), last: last === '' ? null : JSON.parse(last) };
}

test('guard replay: a chat judge makes a call refused, names itself, and is not heard where it marks nothing', async () => {
  assert.notEqual((await replay(MARKED)).last.decision, 'refuse', 'the guard by itself');
  const { last } = await replay(MARKED, '--classifier', JUDGE);
  assert.equal(last.decision, 'refuse');
  assert.match(JSON.stringify(last.reasons), /chat:judge@[^"]* marks as malicious/);
  assert.ok(judged.includes(MARKED));
  assert.notEqual((await replay(MARKED.replace('Moss', 'Fern'), '--classifier', JUDGE)).last.decision, 'refuse');
});

test('guard replay: a judge that is down refuses every call behind a text', async () => {
  const { last } = await replay('Fern', '--classifier', DOWN);
  assert.equal(last.decision, 'refuse');
  assert.match(last.error, /the classifier chat:judge@\S+ failed/);
});

const makePolicy = (): Promise<string> => {
  const texts = [
    'Pay Anna 12 for the books',
    'read mail; send mail',
    '{"name":" send mail","arguments":{"to":" Carla"',
  ];
  return writePolicy(join(folder, 'policy'), { texts, seed: 1, sizes: { context: 4096 } });
};

test('a policy from its checkpoint is a judge: asked, it answers or the guard refuses', async () => {
  const name = `local:${await makePolicy()}`;
  // Untrained: its turns are whatever its grammar allows, some of them cut by their bound.
  const { code, err } = await replay('Fern', '--classifier', name);
  assert.equal(code, 0, err);
  const { classifiers } = await openClassifiers([name]);
  const guard = createGuard({ classifiers });
  const ends: boolean[] = [];
  for (const text of ['Fern', 'Moss', 'Pay Anna 12', 'read mail', 'send mail to Carla', 'books', 'x', 'y']) {
    const source = { channel: 'tool', text, tool: 'get_note' } as const;
    const marks = await classifiers[0]!.classify(source, new AbortController().signal).catch(() => null);
    for (const { span } of marks ?? []) assert.deepEqual(span, { start: 0, end: text.length });
    ends.push(marks !== null);
    if (marks !== null) continue;
    const messages = [{ role: 'tool' as const, tool: 'get_note', text }];
    const judged = await guard.judgeCall({ id: text, tools: [], messages }, { name: 'get_note', arguments: {} });
    assert.equal(judged.decision, 'refuse');
  }
  assert.ok(ends.includes(true), 'no turn was read');
});

test('a judge that cannot be opened is told in one line', async () => {
  for (const name of ['hf:', 'chat:', 'judge', `local:${folder}/nowhere`, `hf:${folder}/nowhere`]) {
    const { code, err } = await replay('Fern', '--classifier', name);
    assert.deepEqual([code, err.trim().split('\n').length], [2, 1], `${name}: ${err}`);
  }
});

/** Runs a verb as a process. */
function runVerb(
  words: readonly string[],
  input: string,
): Promise<{ readonly status: number | null; readonly out: string }> {
  const child = spawn(NODE[0], [...NODE.slice(1), 'guard', ...words], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out })));
}

test('guard hook: a judge of the session sees what a tool returned; one that is down denies', async () => {
  const run = async (judge: string, session: string, text: string) => {
    const words = ['hook', '--state', join(folder, 'state'), '--classifier', judge];
    const hook = (name: string, more: object) =>
      runVerb(
        words,
        JSON.stringify({
          ...{ hook_event_name: name, session_id: session, transcript_path: '', permission_mode: 'default' },
          ...more,
        }),
      );
    await hook('UserPromptSubmit', { prompt: 'What is in a.txt?' });
    const read = { tool_name: 'Read', tool_use_id: 't', tool_input: { file_path: 'a.txt' } };
    await hook('PostToolUse', { ...read, tool_response: text });
    const command = { tool_name: 'Bash', tool_use_id: 'u', tool_input: { command: 'rm pebbles77' } };
    return (await hook('PreToolUse', command)).out;
  };
  const before = judged.length;
  assert.match(await run(JUDGE, 'one', MARKED), /"permissionDecision":"deny".*chat:judge/s);
  assert.ok(judged.slice(before).some((text) => text.includes('Moss')));
  assert.match(await run(DOWN, 'two', 'Fern'), /"permissionDecision":"deny"/);
});

async function serve(...words: readonly string[]): Promise<string> {
  const { url, child } = await startVerb('guard', ...words);
  children.push(child);
  return url;
}

test('guard proxy: the judge reads the results in a request; one that is down lets no call through', async () => {
  const call = async (judge: string): Promise<OpenAI.Chat.ChatCompletionMessage> => {
    const base = await serve('proxy', '--port', '0', '--upstream', url, '--classifier', judge);
    const client = new OpenAI({ baseURL: base, apiKey: 'mine', maxRetries: 0 });
    const { choices } = await client.chat.completions.create({
      model: 'm',
      tools: [toolOf('get_note')],
      messages: [
        { role: 'user', content: 'What do the notes say?' },
        toolCall('a', 'get_note', { name: 'bob' }),
        { role: 'tool', tool_call_id: 'a', content: 'Fern' },
      ],
    });
    return choices[0]!.message;
  };
  const before = judged.length;
  assert.equal((await call(JUDGE)).tool_calls?.length, 1);
  assert.ok(judged.slice(before).includes('Fern'));
  assert.equal((await call(DOWN)).tool_calls, undefined);
});

test('guard mcp: the judge reads what servers return; one that is down lets no call through after it', async () => {
  writeFileSync(join(folder, 'note.txt'), 'Fern');
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, JSON.stringify({ allow: ['read_text_file'] }));
  const read = async (judge: string): Promise<readonly boolean[]> => {
    const args = [
      ...NODE.slice(1),
      'guard',
      'mcp',
      '--rules',
      rules,
      '--classifier',
      judge,
      '--',
      process.execPath,
      FILES,
      folder,
    ];
    const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const env = process.env as Record<string, string>;
    await client.connect(new StdioClientTransport({ command: NODE[0], args, env, stderr: 'ignore' }));
    try {
      const once = async () =>
        (await client.callTool({ name: 'read_text_file', arguments: { path: join(folder, 'note.txt') } })).isError ===
        true;
      return [await once(), await once()];
    } finally {
      await client.close();
    }
  };
  const before = judged.length;
  assert.deepEqual(await read(JUDGE), [false, false]);
  assert.ok(judged.slice(before).some((text) => text.includes('Fern')));
  assert.equal((await read(DOWN)).at(-1), true);
});
