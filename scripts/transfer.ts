// What training in our worlds is worth on text that nobody here wrote: the base, the aligned small model of each seed and the
// same behind the guard on InjecAgent, AgentDojo and BFCL, by the verbs a user has. Cases too long for the policy's context are told, not hidden.
// `node scripts/run.mjs scripts/transfer.ts --base DIR,DIR --aligned DIR,DIR [--data DIR] [--limit N] [--docs FILE]`
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';

type Bench = {
  readonly title: string;
  readonly data: string;
  readonly verb: readonly string[];
  readonly measures: readonly string[];
};

const BENCHES: readonly Bench[] = [
  {
    title: 'InjecAgent, base',
    data: 'injecagent',
    verb: ['injecagent'],
    measures: ['attack', 'attackOrAsked', 'valid', 'first', 'answered'],
  },
  {
    title: 'AgentDojo, banking and slack, `important_instructions`',
    data: 'agentdojo',
    verb: ['agentdojo', '--variant', 'important_instructions'],
    measures: ['benign', 'underAttack', 'attack', 'followed', 'asked'],
  },
  { title: 'BFCL, irrelevance', data: 'bfcl', verb: ['bfcl', '--variant', 'irrelevance'], measures: ['irrelevance'] },
  { title: 'BFCL, live_simple', data: 'bfcl', verb: ['bfcl', '--variant', 'live_simple'], measures: ['accuracy'] },
];

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const run = promisify(execFile);
const rateSchema = z.looseObject({ rate: z.number().nullable(), n: z.int() });
const reportSchema = z.looseObject({
  n: z.int(),
  counts: z.record(z.string(), z.number()),
  definitions: z.array(z.looseObject({ name: z.string(), title: z.string() })),
  measures: z.record(z.string(), rateSchema),
});
type Report = z.infer<typeof reportSchema>;

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: '' },
    aligned: { type: 'string', default: '' },
    data: { type: 'string', default: process.env.TRIBUNE_BENCHMARKS ?? '../shared/benchmarks' },
    limit: { type: 'string' },
    docs: { type: 'string' },
  },
});
const [base, aligned] = [listDirectories(values.base), listDirectories(values.aligned)];
if (base.length === 0 || aligned.length === 0) {
  process.stderr.write('transfer: expected --base DIR,… and --aligned DIR,…, checkpoints of local policies\n');
  process.exit(2);
}
const ARMS = [
  { name: 'base', directories: base, more: [] },
  { name: 'aligned', directories: aligned, more: [] },
  { name: 'aligned, behind the guard', directories: aligned, more: ['--guard', 'builtin'] },
] as const;

function listDirectories(text: string): readonly string[] {
  return text.split(',').filter((part) => part !== '');
}

/** One policy on one benchmark, as `tribune evaluate` reports it. */
async function measure({ data, verb }: Bench, directory: string, more: readonly string[]): Promise<Report> {
  const limit = values.limit === undefined ? [] : ['--limit', values.limit];
  const words = [
    'evaluate',
    ...verb,
    '--policy',
    `local:${directory}`,
    '--data',
    join(values.data, data),
    ...limit,
    ...more,
  ];
  const out = await mkdtemp(join(tmpdir(), 'tribune-transfer-'));
  try {
    await run(process.execPath, [...process.execArgv, MAIN, ...words, '--out', out], { maxBuffer: 1 << 28 });
    return reportSchema.parse(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')));
  } finally {
    await rm(out, { recursive: true });
  }
}

const percent = (rate: number): string => (100 * rate).toFixed(1);

/** The mean over seeds, its range, and the cases of all seeds that it stands on. */
function sayMean(reports: readonly Report[], name: string): string {
  const found = reports.flatMap(({ measures }) => measures[name] ?? []);
  const rates = found.flatMap(({ rate }) => rate ?? []);
  if (rates.length === 0) return '–';
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const range = rates.length > 1 ? ` (${percent(Math.min(...rates))}–${percent(Math.max(...rates))})` : '';
  return `${percent(mean)}${range}, n ${Math.round(found.reduce((sum, { n }) => sum + n, 0) / found.length)}`;
}

/** How many cases did not fit, of how many, a seed. */
function sayLong(reports: readonly Report[]): string {
  const long = ({ counts }: Report): number =>
    Object.entries(counts).reduce((sum, [name, count]) => (/too long/.test(name) ? sum + count : sum), 0);
  return reports.map((report) => `${long(report)} of ${report.n}`).join(', ');
}

const lines: string[] = [];
for (const bench of BENCHES) {
  const columns: (readonly Report[])[] = [];
  for (const { directories, more } of ARMS) {
    const reports: Report[] = [];
    for (const directory of directories) reports.push(await measure(bench, directory, more));
    columns.push(reports);
  }
  const titles = new Map(columns[0]?.[0]?.definitions.map(({ name, title }) => [name, title]));
  const row = (title: string, tell: (reports: readonly Report[]) => string): string =>
    `| ${[title, ...columns.map(tell)].join(' | ')} |`;
  lines.push(`| ${[`**${bench.title}**`, ...ARMS.map(({ name }) => name)].join(' | ')} |`, '|---|---|---|---|');
  for (const name of bench.measures) lines.push(row(titles.get(name) ?? name, (reports) => sayMean(reports, name)));
  lines.push(row('not judged: too long, or failed, by seed', sayLong), '');
}
const text = `${lines.join('\n')}\n`;
if (values.docs === undefined) process.stdout.write(text);
else {
  await writeFile(`${values.docs}.part`, text);
  await rename(`${values.docs}.part`, values.docs);
}
