// How long the guard's deterministic judgement takes, and that its memory stays flat. `decisions`: a conversation of 50 messages
// with 100 KB of tool text is judged call by call, as an agent would have it. `pauses`: what the garbage collector adds, under
// three settings of it, each in a process of its own. `growth`: two, four and eight times the text. `memory`: many decisions over
// conversations that come and go. `classifier`: new results with the shipped classifier and without. `import`: the built package
// in a fresh process. Times are told by the clock beside JSON.parse of the same conversation in the same run, and in processor
// time, which a busy machine does not stretch; the kernel may count that in steps of milliseconds, so it is taken over batches.
// usage: node --expose-gc --conditions=tribune-source bench/guard.ts [PART...] [--decisions N]
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Conversation, GuardCall, Message } from '../src/guard/conversation.ts';
import { digestText } from '../src/guard/digest.ts';
import { createGuard } from '../src/guard/guard.ts';
import { loadLearned } from '../src/guard/learned/open.ts';

const PARTS = ['decisions', 'pauses', 'growth', 'memory', 'classifier', 'import', 'pause'] as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { decisions: { type: 'string', default: '1000000' } },
});
const unknown = positionals.find((name) => !PARTS.some((part) => part === name));
if (unknown !== undefined || !(Number(values.decisions) >= 10)) {
  process.stderr.write(`expected parts of ${PARTS.slice(0, -1).join(', ')} and at least 10 decisions\n`);
  process.exit(2);
}
/** `pause` is what `pauses` runs in processes of its own. */
const wants = (part: (typeof PARTS)[number]): boolean =>
  positionals.length === 0 ? part !== 'pause' : positionals.includes(part);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

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

/** Milliseconds of processor time a piece of work takes, all threads of the process. */
async function spend(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const tell = (times: readonly number[]): string =>
  `p50 ${quantile(times, 0.5).toFixed(4)} ms, p90 ${quantile(times, 0.9).toFixed(4)} ms, p99 ${quantile(times, 0.99).toFixed(4)} ms`;

const base = makeConversation(50, 100_000, 1);

async function measureDecisions(): Promise<void> {
  const times = await timeDecisions(base, 4000);
  const text = JSON.stringify(base);
  const reference = Array.from({ length: 4000 }, () => {
    const start = performance.now();
    JSON.parse(text);
    return performance.now() - start;
  });
  const ratio = (share: number): string => (quantile(times, share) / quantile(reference, share)).toFixed(2);
  say(`decision, 50 messages, 100 KB of tool text, by the clock: ${tell(times)}`);
  say(`reference, JSON.parse of that conversation, by the clock: ${tell(reference)}`);
  say(`decision / reference: ${ratio(0.5)} at p50, ${ratio(0.99)} at p99`);
  const guard = createGuard();
  for (let i = 0; i < 500; i++) await guard.judgeCall(base, CALLS[i % CALLS.length]!);
  // Batches long enough that the steps the kernel counts in do not show.
  const [size, batches]: [number, number[]] = [200, []];
  for (let batch = 0; batch < 100; batch++) {
    const spent = await spend(async () => {
      for (let i = 0; i < size; i++) await guard.judgeCall(base, CALLS[i % CALLS.length]!);
    });
    batches.push(spent / size);
  }
  say(`processor time of a decision, means of ${batches.length} batches of ${size}: ${tell(batches)}`);
  // What neither the machine nor the collector adds: each call's fastest time of many.
  const fastest = CALLS.map(({ name }, kind) => {
    const own = times.filter((_, i) => i % CALLS.length === kind);
    return `${name} ${quantile(own, 0.05).toFixed(4)}`;
  });
  say(`the fastest twentieth of each call, ms: ${fastest.join(', ')}`);
}

/** The pauses of the garbage collector while decisions are made: their number, and how long they are by the clock. */
async function measurePause(): Promise<void> {
  const [pauses, rounds]: [number[], number] = [[], 8000];
  await timeDecisions(base, 1000);
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration);
  });
  observer.observe({ entryTypes: ['gc'] });
  const times = await timeDecisions(base, rounds);
  await new Promise((done) => setTimeout(done, 20));
  observer.disconnect();
  const each = Math.round(rounds / Math.max(1, pauses.length));
  say(`one pause in ${each} decisions, ${tell(pauses)}; decision p99 ${quantile(times, 0.99).toFixed(4)} ms`);
}

function measurePauses(): void {
  const space = ['--min-semi-space-size=64', '--max-semi-space-size=64'];
  for (const flags of [[], ['--single-threaded-gc'], space, ['--single-threaded-gc', ...space]]) {
    const args = [...flags, '--conditions=tribune-source', import.meta.filename, 'pause'];
    const told = execFileSync(process.execPath, args, { encoding: 'utf8' });
    process.stdout.write(`collector, ${flags.length === 0 ? 'as it is' : flags.join(' ')}: ${told}`);
  }
}

async function measureGrowth(): Promise<void> {
  for (const factor of [1, 2, 4, 8]) {
    const { messages } = makeConversation(50, 100_000 * factor, 2);
    let work = 0;
    const spent = await spend(async () => {
      work = messages.reduce((sum, message) => sum + digestText(message.text, message.role === 'tool').work, 0);
    });
    const decisions = await timeDecisions(makeConversation(50, 100_000 * factor, 2), 500);
    say(
      `${factor} x 100 KB: reading it once ${spent.toFixed(1)} ms of processor time (${(spent / factor).toFixed(1)} ms per 100 KB, ${Math.round(work / factor)} steps), decision p50 ${quantile(decisions, 0.5).toFixed(4)} ms`,
    );
  }
}

async function measureMemory(): Promise<void> {
  const guard = createGuard();
  const total = Number(values.decisions);
  const sizes: number[] = [];
  let current = base;
  const spent = await spend(async () => {
    for (let i = 0; i < total; i++) {
      // A new conversation every 100 decisions, each with texts never seen before.
      if (i % 100 === 0) current = makeConversation(8, 2000, i);
      await guard.judgeCall(current, CALLS[i % CALLS.length]!);
      if ((i + 1) % Math.ceil(total / 20) !== 0) continue;
      globalThis.gc?.();
      sizes.push(Math.round(process.memoryUsage().heapUsed / 1e6));
    }
  });
  const each = (spent / total).toFixed(4);
  say(`heap over ${total} decisions, MB, each twentieth: ${sizes.join(' ')}; ${each} ms of processor time a decision`);
}

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

if (wants('decisions')) await measureDecisions();
if (wants('pause')) await measurePause();
if (wants('pauses')) measurePauses();
if (wants('growth')) await measureGrowth();
if (wants('classifier')) await timeClassifier();
if (wants('import')) timeImport();
if (wants('memory')) await measureMemory();
