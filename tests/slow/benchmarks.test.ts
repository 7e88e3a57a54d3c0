// Every benchmark from end to end as a user runs it, on the data at hand: with the scripted policies, whose figures are known in
// part, and with a small policy made here behind `serve chat`, asked over the network as any other model. Reports must be whole,
// exit codes right, and a bad input told in one line. Skipped where a benchmark is not at hand. Nothing is said about time.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/dispatch.ts';
import { collectText } from '../../src/cli/sink.ts';
import { rng } from '../../src/episode/random.ts';
import { listenHttp } from '../../src/guard/adapters/listen.ts';
import { saveCheckpoint } from '../../src/policy/local/checkpoint.ts';
import { defaultConfig, initialise } from '../../src/policy/local/model.ts';
import { trainTokenizer } from '../../src/policy/local/tokenizer.ts';
import { TAGS } from '../../src/policy/protocol.ts';
import { openChat } from '../../src/serve/chat/open.ts';

const BENCHMARKS = process.env.TRIBUNE_BENCHMARKS ?? resolve(import.meta.dirname, '../../../shared/benchmarks');
const root = await mkdtemp(join(tmpdir(), 'tribune-benchmarks-'));
after(() => rm(root, { recursive: true, force: true }));

/** Who is served: a policy of this project, which needs tools and turns of its own form, or a model with a chat template. */
type Served = 'policy' | 'model';

/** Each benchmark, where its data is, what one of its runs adds to the command, and who is asked. */
const RUNS: readonly (readonly [name: string, folder: string, more: readonly string[], served: Served])[] = [
  ['injecagent', 'injecagent', [], 'policy'],
  ['injecagent', 'injecagent', ['--variant', 'react'], 'model'],
  ['injecagent', 'injecagent', ['--variant', 'functions', '--setting', 'enhanced'], 'model'],
  ['bfcl', 'bfcl', ['--variant', 'single_turn'], 'policy'],
  ['bfcl', 'bfcl', ['--variant', 'multi_turn'], 'policy'],
  ['bfcl', 'bfcl', ['--variant', 'all', '--mode', 'prompt'], 'model'],
  ['agentdojo', 'agentdojo', [], 'policy'],
  ['asb', 'asb', [], 'policy'],
  ['agent-safetybench', 'agent-safetybench', [], 'model'],
  ['rjudge', 'assebench', [], 'model'],
];

async function run(...argv: readonly string[]) {
  const [stdout, stderr] = [collectText(), collectText()];
  const table = {
    evaluate: async () => (await import('../../src/cli/evaluate.ts')).verb,
    compare: async () => (await import('../../src/cli/compare.ts')).verb,
  };
  const { signal } = new AbortController();
  const code = await runCli(argv, table, { version: '1', stdout, stderr, signal, now: () => 0 });
  return { code, out: stdout.text(), err: stderr.text() };
}

const TEMPLATE = `{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** A model that has learnt nothing, with room for a benchmark's texts: its own words do not matter here, that it answers does. */
async function makeModel(dir: string, served: Served): Promise<string> {
  const texts = [
    'read mail; send mail',
    '{"name":" send mail","arguments":{"recipient":" Carla"}}',
    'safe unsafe yes no',
  ];
  const marks = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
  const tokenizer = trainTokenizer(texts, { vocabSize: 340, specials: served === 'policy' ? TAGS : marks });
  const sizes = { width: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, hidden: 24, context: 32_768 };
  const config = { ...defaultConfig(tokenizer.size), ...sizes };
  const random = rng('policy', 1);
  const theta = initialise(config, () => random.next());
  const ends = served === 'policy' ? { end: '<|end|>', pad: '<|pad|>' } : { end: '<|im_end|>', pad: '<|endoftext|>' };
  const chatTemplate = served === 'policy' ? null : TEMPLATE;
  await saveCheckpoint(dir, { config, theta, tokenizer, chatTemplate, training: null, ...ends });
  return dir;
}

const dataOf = (folder: string): string => join(BENCHMARKS, folder);
const skipOf = (folder: string) => {
  return { skip: existsSync(dataOf(folder)) ? false : `no ${dataOf(folder)}; set TRIBUNE_BENCHMARKS` };
};

/** Plays and reads what was written. */
async function play(name: string, folder: string, policy: string, out: string, ...more: readonly string[]) {
  const argv = ['evaluate', name, '--data', dataOf(folder), '--policy', policy, '--out', out, '--json', ...more];
  const { code, out: told, err } = await run(...argv);
  assert.equal(code, 0, err);
  assert.doesNotThrow(() => JSON.parse(told));
  const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8'));
  const lines = (await readFile(join(out, 'rows.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
  assert.match(await readFile(join(out, 'report.html'), 'utf8'), /^<!doctype html>[\s\S]*<\/html>\s*$/);
  assert.match(await readFile(join(out, 'report.md'), 'utf8'), /^# /);
  assert.equal(lines.length, report.n);
  return { report, rows: lines.map((line) => JSON.parse(line)) };
}

const chats = new Map<string, { readonly url: string; readonly close: () => Promise<void> }>();
after(async () => {
  for (const { close } of chats.values()) await close();
});

/** A model behind `serve chat`, opened once; its name as a policy. */
async function serve(served: Served): Promise<string> {
  const known = chats.get(served);
  if (known !== undefined) return known.url;
  const directory = await makeModel(join(root, served), served);
  const chat = await openChat({ directory, slots: 8, threads: 1, context: 32_768, now: () => 0 });
  const { url, close } = await listenHttp(chat.handle);
  const name = `chat:${served}@${url}/v1`;
  const closeBoth = async (): Promise<void> => {
    await close();
    await chat.close();
  };
  chats.set(served, { url: name, close: closeBoth });
  return name;
}

for (const [name, folder, more, served] of RUNS) {
  const title = [name, ...more].join(' ');
  const isForm = more.includes('react') || more.includes('functions');

  test(`${title}: scripted policies, their baselines and reports`, skipOf(folder), async () => {
    // The official forms are for chat models.
    const forms = isForm ? more.filter((word) => !['--variant', 'react', 'functions'].includes(word)) : more;
    const [idle, eager] = [join(root, `${title} idle`), join(root, `${title} eager`)];
    const limits = ['--limit', '40', '--trials', '2', ...forms];
    const { report, rows } = await play(name, folder, 'scripted:idle', idle, ...limits);
    assert.equal(new Set(rows.map(({ trial }) => trial)).size, 2);
    assert.ok(Object.keys(report.baselines).length >= 2, 'no baselines');
    for (const { name: measure } of report.definitions) {
      const { rate, low, high, n, allOf } = report.measures[measure];
      assert.ok(n === 0 ? rate === null : low <= rate && rate <= high, measure);
      assert.ok(n === 0 || allOf.length === 2, `${measure}: no pass^k`);
    }
    await play(name, folder, 'scripted:compromised', eager, ...limits);
    const { code, out } = await run('compare', idle, eager, '--json');
    assert.equal(code, 0);
    const [compared] = JSON.parse(out).compared;
    assert.ok(
      name === 'rjudge' || compared.measures.some((one: { p: number | null }) => one.p !== null && one.p < 0.05),
    );
  });

  test(`${title}: a local model behind serve chat, with and without the guard`, skipOf(folder), async () => {
    const policy = await serve(served);
    const limits = ['--limit', '6', '--max-tokens', '48', '--timeout', '600', ...more];
    const journal = join(root, `${title}.calls.jsonl`);
    const plain = await play(name, folder, policy, join(root, `${title} chat`), '--calls', journal, ...limits);
    assert.ok(plain.report.n > 0 && plain.report.n <= 6);
    assert.equal(plain.report.counts.lost ?? plain.report.counts['no answer could be had'], 0);
    // Everything is in the journal: a second run asks nothing and says the same.
    const asked = (await readFile(journal, 'utf8')).length;
    const again = await play(name, folder, policy, join(root, `${title} again`), '--calls', journal, ...limits);
    assert.deepEqual(again.rows, plain.rows);
    assert.equal((await readFile(journal, 'utf8')).length, asked);
    if (name === 'rjudge') return;
    const held = await play(name, folder, policy, join(root, `${title} held`), '--guard', 'builtin', ...limits);
    assert.equal(held.report.options.guard, true);
  });

  test(`${title}: bad input ends in one line and exit 2`, skipOf(folder), async () => {
    const words = ['--policy', 'scripted:idle', '--json'];
    for (const [argv, told] of [
      [['--data', join(root, 'nowhere'), ...words], /nowhere/],
      [['--data', dataOf(folder), '--variant', 'nonsense', ...words], /nonsense/],
      [['--data', dataOf(folder), '--policy', 'scripted:nobody', '--json'], /nobody/],
    ] as const) {
      const { code, out, err } = await run('evaluate', name, ...argv);
      assert.deepEqual([code, out], [2, ''], err);
      assert.match(err, told);
      assert.equal(err.trimEnd().split('\n').length, 1, err);
    }
  });
}
