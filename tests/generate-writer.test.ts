// `generate --writer` end to end, against a server in the test that also answers rubbish, duplicates, refusals, half JSON, 429 and
// 500: what is kept passes `check`, what is dropped has its reason, a stopped run goes on without asking anything twice and ends in the
// same bytes, and the file of reviews is one that the dashboard reads and marks.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../src/cli/dispatch.ts';
import { collectText } from '../src/cli/sink.ts';
import { openShelf } from '../src/dashboard/shelf.ts';
import { openTasks } from '../src/dashboard/tasks.ts';
import type { ChatMessage } from '../src/policy/remote/message.ts';
import { RUBBISH, scriptAnswer } from '../src/train/synthesis/fixtures.ts';
import { scenarioSchema } from '../src/world/scenario.ts';

const folder = await mkdtemp(join(tmpdir(), 'tribune-writer-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

type Body = { readonly messages: readonly { readonly role: 'user'; readonly content: string }[] };
type Said = { readonly status: number; readonly content?: string; readonly refusal?: string; readonly raw?: string };

/** A model that answers as the function says; `seen` counts how often each question came. */
async function serve(answer: (messages: readonly ChatMessage[], question: string, nth: number) => Said) {
  const seen = new Map<string, number>();
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    seen.set(text, (seen.get(text) ?? 0) + 1);
    const body: Body = JSON.parse(text);
    const messages = body.messages.map(({ role, content }): ChatMessage => ({ role, text: content }));
    const said = answer(messages, text, seen.get(text) ?? 0);
    response.writeHead(said.status, { 'content-type': 'application/json', 'retry-after-ms': '1' });
    const message = { content: said.content ?? null, ...(said.refusal === undefined ? {} : { refusal: said.refusal }) };
    const usage = { prompt_tokens: 300, completion_tokens: 40 };
    const whole = JSON.stringify({ choices: [{ finish_reason: 'stop', message }], usage });
    response.end(said.raw ?? (said.status === 200 ? whole : JSON.stringify({ error: { message: 'not now' } })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { writer: `chat:m@http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`, seen };
}

/** A number from a text, the same each time. */
const numberOf = (text: string): number => [...text].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 1009, 7);
const DUPLICATE = 'one and the same eight words over and over again whatever was asked for by whoever asked for it';

/** Good in half of the cases; else whatever a server and a model can do wrong. */
function misbehave(messages: readonly ChatMessage[], question: string, nth: number): Said {
  const good = { status: 200, content: scriptAnswer(messages, '') };
  const number = numberOf(question);
  if (nth > 1) return good;
  switch (number % 14) {
    case 0:
      return { status: 429 };
    case 1:
      return { status: 500 };
    case 2:
      return { status: 200, raw: '{"choices":[{"mess' };
    case 3:
      return { status: 200, refusal: 'I cannot write that.' };
    case 4:
      return { status: 200, content: RUBBISH[number % RUBBISH.length] ?? '' };
    case 5:
      return { status: 200, content: '{"request": "half of it' };
    case 6:
      return { status: 200, content: good.content.replace(/"request":".{20}/, `"request":"${DUPLICATE} `) };
    default:
      return good;
  }
}

async function run(argv: readonly string[], signal = new AbortController().signal) {
  const [stdout, stderr] = [collectText(), collectText()];
  const table = {
    generate: async () => (await import('../src/cli/generate.ts')).verb,
    check: async () => (await import('../src/cli/check.ts')).verb,
  };
  const code = await runCli(argv, table, { version: '1', stdout, stderr, signal, now: () => 0 });
  return { code, out: stdout.text(), err: stderr.text() };
}

const order = (writer: string, out: string, ...more: readonly string[]) =>
  run(['generate', '--writer', writer, '--count', '24', '--split', 'train', '--seed', '3', '--out', at(out), ...more]);
const lines = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a server and a model that do everything wrong still give a suite whose controls hold', async () => {
  const { writer, seen } = await serve(misbehave);
  const { code, out, err } = await order(writer, 'a.jsonl', '--price', '1,2', '--json');
  assert.equal(code, 0, err);
  const account = JSON.parse(out);
  assert.equal(account.count, 24);
  assert.ok(account.calls.spent > 0 && account.calls.input >= 300 * account.count);
  assert.deepEqual([account.seed, account.split, account.writer], [3, 'train', writer]);
  const scenarios = (await lines('a.jsonl')).map((value) => scenarioSchema.parse(value));
  assert.equal(new Set(scenarios.map(({ request }) => request)).size, 24);
  const checked = await run(['check', at('a.jsonl')]);
  assert.equal(checked.code, 0, checked.out);
  const reasons = (await lines('a.drops.jsonl')).map(({ reason }) => reason).join('\n');
  for (const reason of [/no JSON object/, /the model refused/, /is missing|not the form|speaks of/])
    assert.match(reasons, reason);

  const before = [...seen.values()].reduce((sum, count) => sum + count, 0);
  const again = await order(writer, 'a.jsonl', '--json');
  assert.equal(JSON.parse(again.out).calls.sent, 0);
  assert.equal(
    [...seen.values()].reduce((sum, count) => sum + count, 0),
    before,
    'nothing is asked twice',
  );
  assert.deepEqual(
    (await lines('a.jsonl')).map((value) => scenarioSchema.parse(value)),
    scenarios,
  );
});

test('a run stopped half-way leaves no suite, goes on where it was, and ends in the same bytes', async () => {
  const { writer, seen } = await serve((messages) => ({ status: 200, content: scriptAnswer(messages, '') }));
  await order(writer, 'whole.jsonl');
  const whole = [...seen.keys()].length;
  const stop = new AbortController();
  let asked = 0;
  const halting = await serve((messages) => {
    if (++asked === 12) stop.abort();
    return { status: 200, content: scriptAnswer(messages, '') };
  });
  const argv = ['--count', '24', '--split', 'train', '--seed', '3', '--concurrency', '1', '--out', at('half.jsonl')];
  await run(['generate', '--writer', halting.writer, ...argv], stop.signal);
  assert.ok(!existsSync(at('half.jsonl')) && existsSync(at('half.calls.jsonl')));
  const { code } = await run(['generate', '--writer', halting.writer, ...argv]);
  assert.equal(code, 0);
  assert.ok(halting.seen.size <= whole && [...halting.seen.values()].filter((count) => count > 1).length <= 1);
  assert.equal(await readFile(at('half.jsonl'), 'utf8'), await readFile(at('whole.jsonl'), 'utf8'));
});

test('the file of reviews is read and marked by the dashboard, and a later run keeps the marks', async () => {
  const { writer } = await serve((messages) => ({ status: 200, content: scriptAnswer(messages, '') }));
  await order(writer, 'r.jsonl');
  const [first, second] = (await lines('r.jsonl')).map((value) => scenarioSchema.parse(value));
  const shelf = openShelf(folder, [at('r.jsonl')]);
  const tasks = openTasks(shelf, at('r.reviews.json'));
  const [name] = (await shelf.list()).map((suite) => suite.name);
  const query = new URLSearchParams({ suite: name ?? '' });
  assert.ok((await tasks.page(query)).rows.every(({ mark }) => mark === null));
  await tasks.mark({ id: first!.id, mark: 'drop' });
  await tasks.edit({ id: second!.id, text: JSON.stringify({ ...second, request: `${second!.request} Thank you!` }) });
  assert.equal((await tasks.kept(query)).count, 23);
  await order(writer, 'r.jsonl');
  const { rows } = await openTasks(shelf, at('r.reviews.json')).page(query);
  assert.deepEqual([rows[0]?.mark, rows[1]?.mark, rows[2]?.mark], ['drop', 'edit', null]);
});

test('a model that never gives anything usable ends with 1 and says what is missing; nothing is half-written', async () => {
  const { writer } = await serve(() => ({ status: 200, content: "I'm sorry, I can't help with that." }));
  const { code, out } = await order(writer, 'none.jsonl', '--tries', '1', '--attempts', '1');
  assert.equal(code, 1);
  assert.match(out, /0 of 24 scenarios/);
  assert.equal((await lines('none.drops.jsonl')).length, 24);
  assert.equal(await readFile(at('none.jsonl'), 'utf8'), '');
});

test('what cannot work is told in one line, with exit 2', async () => {
  const { writer } = await serve(() => ({ status: 401 }));
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--writer', 'scripted:oracle'], /--writer: expected chat:MODEL@URL/],
    [['--writer', writer], /status 401/],
    [['--writer', 'chat:m@http://127.0.0.1:1/v1', '--retries', '0', '--count', '3'], /the connection failed/],
    [['--writer', writer, '--prompts', '5'], /--writer: writes scenarios/],
    [['--prompts', '5', '--count', '3'], /--count: counts scenarios/],
    [['--writer', writer, '--max-cost', '1'], /--max-cost needs --price/],
  ];
  for (const [argv, expected] of cases) {
    const { code, err } = await run(['generate', '--out', at('bad.jsonl'), ...argv]);
    assert.equal(code, 2, argv.join(' '));
    assert.match(err, expected);
    assert.ok(!existsSync(at('bad.jsonl')));
  }
  await writeFile(at('bad.jsonl'), '');
});
