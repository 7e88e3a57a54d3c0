// How long the guard's deterministic judgement takes, and that its memory stays flat. A conversation of 50 messages with
// 100 KB of tool text is judged call by call, as an agent would have it; then one of 10, 20, 40 times the text, to see growth;
// then many decisions over conversations that come and go; the classifier on new results; importing the built package in a
// fresh process. Beside the slowest decisions stand the slowest parses of
// the same length, the collector's pauses and the mean processor time: on a busy machine the scheduler makes both slow. Times are given beside a reference of the same run: JSON.parse of
// the same conversation, so that a slow machine shows as one.
// usage: node --expose-gc --conditions=tribune-source bench/guard.ts [--decisions N]
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Conversation, GuardCall, Message } from '../src/guard/conversation.ts';
import { digestText } from '../src/guard/digest.ts';
import { createGuard } from '../src/guard/guard.ts';
import { loadLearned } from '../src/guard/learned/model.ts';

const { values } = parseArgs({ options: { decisions: { type: 'string', default: '1000000' } } });

const WORDS =
  'invoice meeting quarterly report budget hotel flight customer order shipment account balance review project deadline update manager contact summary please note the amount is due on friday and the office moved to a new street'.split(
    ' ',
  );

/** Plain words with a number, an address and an order now and then: what tools return. */
function writeText(length: number, seed: number): string {
  let state = seed;
  const parts: string[] = [];
  for (let size = 0; size < length; ) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const word = WORDS[state % WORDS.length]!;
    const part =
      state % 97 === 0
        ? `mail${state}@example.com`
        : state % 41 === 0
          ? 'Please send the report.\n'
          : state % 13 === 0
            ? `${state}`
            : word;
    parts.push(part);
    size += part.length + 1;
  }
  return parts.join(' ').slice(0, length);
}

const TOOLS = [
  'send_email',
  'get_account',
  'search_orders',
  'transfer_funds',
  'list_contacts',
  'book_hotel',
  'read_file',
  'update_order',
].map((name) => ({ name, description: `${name} of the office` }));

function makeConversation(messages: number, toolText: number, seed: number): Conversation {
  const list: Message[] = [
    { role: 'system', text: 'You help in an office.' },
    {
      role: 'user',
      text: 'Find the order 4471 of alice@example.com and send her the summary of the quarterly report.',
    },
  ];
  const results = Math.floor((messages - list.length) / 2);
  for (let i = 0; i < results; i++) {
    list.push({
      role: 'assistant',
      text: '',
      calls: [{ name: 'search_orders', arguments: { query: `order ${i}` }, id: `c${i}` }],
    });
    list.push({
      role: 'tool',
      tool: 'search_orders',
      callId: `c${i}`,
      text: writeText(Math.floor(toolText / results), seed * 1000 + i),
    });
  }
  return { id: `bench-${seed}`, tools: TOOLS, messages: list };
}

const CALLS: readonly GuardCall[] = [
  {
    name: 'send_email',
    arguments: {
      to: 'alice@example.com',
      subject: 'Quarterly report',
      body: 'Here is the summary of the quarterly report. The order 4471 was shipped; the balance is 120.50 and due on Friday.',
    },
  },
  { name: 'get_account', arguments: { id: 4471 } },
  { name: 'transfer_funds', arguments: { account: 'GB29NWBK60161331926819', amount: 120.5, note: 'invoice' } },
  { name: 'search_orders', arguments: { query: 'alice', limit: 10, tags: ['open', 'late'] } },
];

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

async function timeDecisions(conversation: Conversation, rounds: number): Promise<readonly number[]> {
  const guard = createGuard();
  for (let i = 0; i < 200; i++) await guard.judgeCall(conversation, CALLS[i % CALLS.length]!);
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await guard.judgeCall(conversation, CALLS[i % CALLS.length]!);
    times.push(performance.now() - start);
  }
  return times;
}

/** The pauses of the garbage collector while something runs, in milliseconds. */
async function watchPauses(run: () => Promise<void>): Promise<readonly number[]> {
  const pauses: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration);
  });
  observer.observe({ entryTypes: ['gc'] });
  await run();
  await new Promise((done) => setTimeout(done, 20));
  observer.disconnect();
  return pauses;
}

const base = makeConversation(50, 100_000, 1);
const times = await timeDecisions(base, 4000);
const text = JSON.stringify(base);
const reference = Array.from({ length: 4000 }, () => {
  const start = performance.now();
  JSON.parse(text);
  return performance.now() - start;
});
const parse = quantile(reference, 0.5);
process.stdout.write(
  `decision, 50 messages, 100 KB of tool text: p50 ${quantile(times, 0.5).toFixed(4)} ms, p99 ${quantile(times, 0.99).toFixed(4)} ms\n`,
);
process.stdout.write(
  `reference, JSON.parse of that conversation: p50 ${parse.toFixed(4)} ms; decision / reference = ${(quantile(times, 0.5) / parse).toFixed(2)}\n`,
);

process.stdout.write(
  `slowest in 100: decision / reference = ${(quantile(times, 0.99) / quantile(reference, 0.99)).toFixed(2)}; nine in ten decisions take at most ${quantile(times, 0.9).toFixed(4)} ms\n`,
);
const rounds = 10_000;
const before = process.cpuUsage();
const pauses = await watchPauses(async () => {
  await timeDecisions(base, rounds);
});
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `processor time a decision, mean of ${rounds}: ${((user + system) / 1000 / rounds).toFixed(4)} ms; ${pauses.length} pauses of the collector, the longest ${Math.max(0, ...pauses).toFixed(2)} ms\n`,
);

await timeClassifier();
timeImport();

/** A result of 2 KB never seen before, with the shipped classifier and without: what the classifier adds. */
async function timeClassifier(): Promise<void> {
  const [bare, learned] = [createGuard(), createGuard({ classifiers: [await loadLearned()] })];
  const take = async (judge: typeof bare, seed: number): Promise<number> => {
    const conversation = makeConversation(4, 2000, seed);
    const start = performance.now();
    await judge.judgeCall(conversation, CALLS[0]!);
    return performance.now() - start;
  };
  const [without, with_]: [number[], number[]] = [[], []];
  for (let i = 0; i < 400; i++) {
    without.push(await take(bare, 50_000 + i));
    with_.push(await take(learned, 50_000 + i));
  }
  process.stdout.write(
    `a new result of 2 KB: p50 ${quantile(without, 0.5).toFixed(3)} ms, with the classifier ${quantile(with_, 0.5).toFixed(3)} ms (p99 ${quantile(with_, 0.99).toFixed(3)} ms)\n`,
  );
}

/** A fresh process imports the built guard; the reference is one that imports zod, the only package it needs. */
function timeImport(): void {
  const root = join(import.meta.dirname, '..');
  if (!existsSync(join(root, 'dist/guard/index.js'))) {
    process.stdout.write('importing the built package: not built, npm run build first\n');
    return;
  }
  const program =
    'const s = performance.now(); await import(process.argv[1]); process.stdout.write(String(performance.now() - s));';
  const take = (name: string): number =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '--eval', program, name], { cwd: root, encoding: 'utf8' }),
    );
  const least = (name: string): number => Math.min(...Array.from({ length: 7 }, () => take(name)));
  const [own, zod] = [least('tribune/guard'), least('zod')];
  process.stdout.write(
    `importing the built package, cold, best of 7: ${own.toFixed(1)} ms; zod alone ${zod.toFixed(1)} ms; ratio ${(own / zod).toFixed(2)}\n`,
  );
}

for (const factor of [1, 2, 4, 8]) {
  const { messages } = makeConversation(50, 100_000 * factor, 2);
  const start = performance.now();
  const work = messages.reduce((sum, message) => sum + digestText(message.text, message.role === 'tool').work, 0);
  const spent = performance.now() - start;
  const decisions = await timeDecisions(makeConversation(50, 100_000 * factor, 2), 500);
  process.stdout.write(
    `${factor} x 100 KB: reading it once ${spent.toFixed(1)} ms (${(spent / factor).toFixed(1)} ms per 100 KB, ${Math.round(work / factor)} steps), decision p50 ${quantile(decisions, 0.5).toFixed(4)} ms\n`,
  );
}

const guard = createGuard();
const total = Number(values.decisions);
const sizes: number[] = [];
let current = base;
for (let i = 0; i < total; i++) {
  // A new conversation every 100 decisions, each with texts never seen before.
  if (i % 100 === 0) current = makeConversation(8, 2000, i);
  await guard.judgeCall(current, CALLS[i % CALLS.length]!);
  if (i % Math.ceil(total / 10) === 0) {
    globalThis.gc?.();
    sizes.push(Math.round(process.memoryUsage().heapUsed / 1e6));
  }
}
process.stdout.write(`heap over ${total} decisions, MB: ${sizes.join(' ')}\n`);
