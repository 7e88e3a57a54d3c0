// Logs of Inspect AI, written and read: as JSON, and as `.eval`, a zip of the same in pieces. Kept: what was run (task, model,
// options), each sample with its messages, its scores and its category, and the metrics. Not kept: events, tool schemas, timing,
// model usage; of attachments the texts that messages refer to.
// Source: inspect.aisi.org.uk, reference of inspect_ai.log (EvalLog, version 2).
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import type { Line, Played, Row } from '../benchmarks/row.ts';
import type { Outcome } from '../outcome.ts';
import { isZip, type Member, readZip, writeZip } from './zip.ts';

const TRUE = 'C';
const FALSE = 'I';

/** The roles Inspect knows; others become user messages that say what they are. */
const ROLES = new Set(['system', 'user', 'assistant', 'tool']);

function writeMessage({ role, text }: Line): object {
  if (ROLES.has(role) && role !== 'tool')
    return { role, content: text, ...(role === 'assistant' ? { source: 'generate' } : {}) };
  if (role === 'tool') return { role, content: text };
  return { role: 'assistant', content: `(${role}) ${text}` };
}

/** A run as an Inspect log in JSON. `at` in ISO 8601, the time the log says it was made; `id` its name. */
export function writeInspect(outcome: Outcome, rows: readonly Row[], at: string, id: string): string {
  const { header, samples } = buildLog(outcome, rows, at, id);
  return `${JSON.stringify({ ...header, samples }, null, 2)}\n`;
}

/** The same as `.eval`: header, samples and their summaries, each a file of a zip. Throws RangeError beyond 65,000 rows. */
export function writeInspectZip(outcome: Outcome, rows: readonly Row[], at: string, id: string): Buffer {
  const { header, samples } = buildLog(outcome, rows, at, id);
  const { version, eval: told, plan } = header;
  const summaries = samples.map(({ id, epoch, input, target, scores, metadata }) => {
    return { id, epoch, input: input.slice(0, 1000), target, scores, metadata, completed: true };
  });
  const file = (name: string, value: unknown): Member => ({ name, data: Buffer.from(JSON.stringify(value)) });
  return writeZip([
    file('_journal/start.json', { version, eval: told, plan }),
    ...samples.map((sample) => file(`samples/${sample.id}_epoch_${sample.epoch}.json`, sample)),
    file('_journal/summaries/1.json', summaries),
    file('summaries.json', summaries),
    file('header.json', header),
  ]);
}

function buildLog(outcome: Outcome, rows: readonly Row[], at: string, id: string) {
  const { benchmark, version, policy, options, measures, n } = outcome;
  const scores = Object.entries(measures).map(([name, { rate, n: judged }]) => ({
    name,
    scorer: name,
    params: {},
    scored_samples: judged,
    metrics: rate === null ? {} : { accuracy: { name: 'accuracy', value: rate, params: {} } },
  }));
  const samples = rows.map((row) => ({
    id: row.id,
    epoch: row.trial + 1,
    input: row.transcript.find(({ role }) => role === 'user')?.text ?? '',
    target: '',
    messages: row.transcript.map(writeMessage),
    output: {
      model: policy,
      choices: [
        {
          message: { role: 'assistant', content: row.transcript.at(-1)?.text ?? '', source: 'generate' },
          stop_reason: 'stop',
        },
      ],
    },
    scores: Object.fromEntries(
      Object.entries(row.facts).flatMap(([name, fact]) =>
        fact === null ? [] : [[name, { value: fact ? TRUE : FALSE }]],
      ),
    ),
    metadata: { group: row.group, ...(row.faulty === undefined ? {} : { faulty: row.faulty }) },
  }));
  const header = {
    version: 2,
    status: 'success',
    eval: {
      ...{
        eval_id: id,
        run_id: id,
        created: at,
        task: benchmark,
        task_id: id,
        task_version: 0,
        task_attribs: {},
        task_args: { version, ...options },
      },
      dataset: { name: benchmark, samples: n, sample_ids: [...new Set(rows.map((row) => row.id))], shuffled: false },
      ...{
        model: policy,
        model_generate_config: {},
        model_base_url: null,
        model_args: {},
        config: { epochs: Math.max(1, ...rows.map(({ trial }) => trial + 1)) },
        packages: {},
        metadata: { tribune: outcome.counts },
      },
    },
    plan: { name: 'plan', steps: [], config: {} },
    results: { total_samples: n, completed_samples: n, scores },
    stats: { started_at: at, completed_at: at, model_usage: {} },
  };
  return { header, samples };
}

const contentSchema = z.union([
  z.string(),
  z.array(z.object({ type: z.string(), text: z.string().optional(), reasoning: z.string().optional() })),
]);
const messageSchema = z.object({
  role: z.string(),
  content: contentSchema,
  tool_calls: z.array(z.object({ function: z.string(), arguments: z.record(z.string(), z.json()) })).nullish(),
});
const sampleSchema = z.object({
  id: z.union([z.string(), z.int()]),
  epoch: z.int().min(1),
  messages: z.array(messageSchema).default([]),
  scores: z.record(z.string(), z.object({ value: z.json() })).nullish(),
  metadata: z.record(z.string(), z.json()).nullish(),
  attachments: z.record(z.string(), z.string()).nullish(),
});
const logSchema = z.object({
  version: z.int(),
  status: z.string(),
  eval: z.object({ task: z.string(), model: z.string(), task_version: z.union([z.int(), z.string()]).default(0) }),
  samples: z.array(sampleSchema).nullish(),
});

type Log = z.infer<typeof logSchema>;
type Sample = z.infer<typeof sampleSchema>;

/** Reads an Inspect log, JSON or `.eval`, as a run. A score that is neither right nor wrong is not judged. Throws InputError. */
export function readInspect(bytes: Uint8Array, where: string): Played {
  if (isZip(bytes)) return readLog(...readPieces(bytes, where));
  const log = checkInput(logSchema, parseJson(Buffer.from(bytes).toString('utf8'), where), where);
  if (log.samples == null) throw new InputError(where, 'a log without samples, expected one written with them');
  return readLog(log, log.samples);
}

/** The pieces of an `.eval`. One that was broken off has no header, but a beginning. */
function readPieces(bytes: Uint8Array, where: string): readonly [Log, readonly Sample[]] {
  const wanted = (name: string): boolean =>
    name === 'header.json' || name === '_journal/start.json' || /^samples\/[\s\S]*\.json$/.test(name);
  const members = readZip(bytes, where, wanted);
  const read = (name: string): unknown => parseJson(members.get(name)!.toString('utf8'), `${where}: ${name}`);
  const head = ['header.json', '_journal/start.json'].find((name) => members.has(name));
  if (head === undefined) throw new InputError(where, 'a zip without header.json, expected a log of Inspect');
  const started: unknown = read(head);
  const value = head === 'header.json' ? started : { status: 'started', ...(started as object) };
  const names = [...members.keys()].filter((name) => name.startsWith('samples/'));
  const samples = names.map((name) => checkInput(sampleSchema, read(name), `${where}: ${name}`));
  return [checkInput(logSchema, value, `${where}: ${head}`), samples];
}

function readLog(log: Log, samples: readonly Sample[]): Played {
  const rows = samples.map((sample): Row => {
    const { group, faulty } = sample.metadata ?? {};
    return {
      id: String(sample.id),
      group: typeof group === 'string' ? group : log.eval.task,
      trial: sample.epoch - 1,
      facts: Object.fromEntries(
        Object.entries(sample.scores ?? {}).map(([name, { value }]) => [name, readValue(value)]),
      ),
      ...(typeof faulty === 'string' ? { faulty } : {}),
      transcript: sample.messages.map((message) => readMessage(message, sample.attachments ?? {})),
    };
  });
  const names = [...new Set(rows.flatMap(({ facts }) => Object.keys(facts)))];
  return {
    benchmark: log.eval.task,
    version: String(log.eval.task_version),
    policy: log.eval.model,
    options: { status: log.status },
    measures: names.map((name) => ({ name, title: `${name}, as scored by Inspect`, better: 'high' })),
    rows,
    counts: {},
    notes: [`Read from an Inspect log (version ${log.version}); whether high is good is not in it.`],
  };
}

function readValue(value: unknown): boolean | null {
  if (value === TRUE || value === 1 || value === true) return true;
  return value === FALSE || value === 0 || value === false ? false : null;
}

type Texts = { readonly [name: string]: string };

function readMessage({ role, content, tool_calls: calls }: z.infer<typeof messageSchema>, attached: Texts): Line {
  const text =
    typeof content === 'string' ? content : content.map((part) => part.text ?? part.reasoning ?? '').join('\n');
  const made = (calls ?? []).map((call) => `\n[calls ${call.function}(${JSON.stringify(call.arguments)})]`);
  return { role, text: fillAttached(text + made.join(''), attached) };
}

/** Long texts stand apart from the messages that hold them. */
const fillAttached = (text: string, attached: Texts): string =>
  text.replace(/attachment:\/\/([0-9a-f]{32})/g, (found, name: string) => attached[name] ?? found);
