// Models in and out against Hugging Face's own Python libraries: our checkpoints load there without a change and say the same;
// Qwen3, Qwen2 and Llama models of every variant, made there with random weights, say the same here; tokenizers and chat
// templates give the same ids.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Step, ToolSchema } from '../../src/episode/episode.ts';
import { rng } from '../../src/episode/random.ts';
import { saveCheckpoint } from '../../src/policy/local/checkpoint.ts';
import { buildDecoder, feedChoices, feedChunks, feedWeights } from '../../src/policy/local/decoder.ts';
import { cpuExecutor } from '../../src/policy/local/executor.ts';
import { PROJECTIONS } from '../../src/policy/local/family.ts';
import { loadModel, readModelFiles, saveModel } from '../../src/policy/local/load.ts';
import { initialiseAdapter, mergeAdapter, saveAdapter } from '../../src/policy/local/lora.ts';
import { defaultConfig, initialise, type ModelConfig } from '../../src/policy/local/model.ts';
import { exportOnnx } from '../../src/policy/local/portable.ts';
import { renderEpisode } from '../../src/policy/local/render.ts';
import { readTemplate } from '../../src/policy/local/template.ts';
import { trainTokenizer } from '../../src/policy/local/tokenizer.ts';
import { encodeMarked, readStream, readVocabulary } from '../../src/policy/local/vocabulary.ts';
import { TAGS } from '../../src/policy/protocol.ts';
import { installJavascript, openReference } from './transformers/reference.ts';
import {
  CHATML,
  LLAMA_JSON,
  LLAMA_MARKS,
  LLAMA_WORDS,
  listTexts,
  QWEN_MARKS,
  QWEN_WORDS,
} from './transformers/texts.ts';

// Both before the first test: the runner takes a pause among tests for their end.
const javascript = await installJavascript();
const reference = await openReference();
const skip = typeof reference === 'string' ? reference : false;
const ask = <T>(command: string, ...args: readonly unknown[]): Promise<T> => {
  if (typeof reference === 'string') throw new Error(reference);
  return reference.ask<T>(command, ...args);
};
const folder = await mkdtemp(join(tmpdir(), 'tribune-transformers-'));
after(async () => {
  if (typeof reference !== 'string') reference.close();
  await rm(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const executor = cpuExecutor();
const TEXTS = listTexts(10_000);

/** Logits of every position, [tokens][vocab], by the decoder; in two chunks, so that the cache is read too. */
async function ourLogits(
  config: ModelConfig,
  theta: Float32Array<ArrayBuffer>,
  tokens: readonly number[],
  fed = false,
): Promise<number[][]> {
  const program = await executor.compile(buildDecoder(config, theta, fed));
  const weights = fed ? feedWeights(config, theta) : {};
  const rows: number[][] = [];
  const { kvHeads, headDim, layers, vocab } = config;
  const room = tokens.length;
  const empty = () => ({ shape: [1, kvHeads, room, headDim], data: new Float32Array(kvHeads * room * headDim) });
  const cache = Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [
      [`keys.${layer}`, empty()] as const,
      [`values.${layer}`, empty()] as const,
    ]).flat(),
  );
  for (let start = 0; start < tokens.length; start++) {
    const chunk = feedChunks(config, { tokens: [[tokens[start]!]], starts: [start], picks: [0] }, room);
    const results = await program.run({ ...weights, ...cache, ...chunk, ...feedChoices([], vocab) });
    rows.push([...results.logits!.subarray(0, vocab)]);
    for (let layer = 0; layer < layers; layer++) {
      for (const [half, kept] of ['keys', 'values'].entries()) {
        for (let head = 0; head < kvHeads; head++) {
          const from = ((2 * layer + half) * kvHeads + head) * headDim;
          const part = results.fresh!.subarray(from, from + headDim);
          cache[`${kept}.${layer}`]!.data.set(part, (head * room + start) * headDim);
        }
      }
    }
  }
  await program.release();
  return rows;
}

/** The largest difference between two tables of logits. */
function distance(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  assert.deepEqual([a.length, a[0]?.length], [b.length, b[0]?.length]);
  return Math.max(...a.flatMap((row, i) => row.map((x, j) => Math.abs(x - b[i]![j]!))));
}

const pickTokens = (vocab: number, count: number, seed: number): number[] => {
  const r = rng('tokens', seed);
  return Array.from({ length: count }, () => r.int(vocab));
};

const OWN_TOOL: ToolSchema = {
  name: 'send_mail',
  description: 'Sends a mail.',
  parameters: {
    type: 'object',
    properties: { to: { type: 'string' }, count: { type: 'integer' } },
    required: ['to', 'count'],
  },
};
const OWN_CALL = { name: 'send_mail', arguments: { to: 'Anna', count: 2 } };
const OWN_STEPS: readonly Step[] = [
  {
    index: 0,
    think: 'mine private inside act execute',
    decision: 'execute',
    action: { kind: 'call', call: OWN_CALL },
    ended: true,
    observation: { kind: 'result', text: 'sent to Anna' },
  },
  {
    index: 1,
    think: 'done execute',
    decision: 'execute',
    action: { kind: 'final', text: 'Done.' },
    ended: true,
    observation: { kind: 'end' },
  },
];
/** The same episode as a chat. */
const OWN_CHAT = [
  { role: 'user', content: 'Write to Anna' },
  {
    role: 'assistant',
    content: '',
    reasoning_content: 'mine private inside act execute',
    tool_calls: [{ type: 'function', function: OWN_CALL }],
  },
  { role: 'tool', content: 'sent to Anna' },
  { role: 'assistant', content: 'Done.', reasoning_content: 'done execute' },
];

test('a checkpoint of ours loads there without a change, with the same logits and the same greedy continuation', {
  skip,
}, async () => {
  const tokenizer = trainTokenizer(TEXTS.slice(0, 2000), { vocabSize: 800, specials: TAGS });
  const r = rng('checkpoint', 1);
  const config = { ...defaultConfig(tokenizer.size), kvHeads: 2 };
  const theta = initialise(config, () => r.next()).map((x) => x * 1.3);
  const dir = at('ours');
  const training = { m: theta.map(() => 0), v: theta.map(() => 0), step: 3, notes: null };
  await saveCheckpoint(dir, { config, theta, tokenizer, end: '<|end|>', pad: '<|pad|>', chatTemplate: null, training });
  const found = await ask('info', dir);
  assert.deepEqual(found, {
    model: 'Qwen3ForCausalLM',
    eos: '<|end|>',
    pad: '<|pad|>',
    dtype: 'torch.float32',
    fast: true,
    end: 1,
  });
  const tokens = pickTokens(config.vocab, 40, 2);
  const ours = await ourLogits(config, theta, tokens);
  const far = distance(ours, await ask('logits', dir, tokens));
  assert.ok(far < 1e-4, `${far}`);
  const more = await ask<number[]>('greedy', dir, tokens, 24);
  const rows = await ourLogits(config, theta, [...tokens, ...more]);
  const greedy = rows.slice(tokens.length - 1, -1).map((row) => row.indexOf(Math.max(...row)));
  assert.deepEqual(more, greedy);
  const shown = await ask<{ readonly ids: number[] }>(
    'chat',
    dir,
    OWN_CHAT,
    [{ type: 'function', function: OWN_TOOL }],
    false,
    {},
  );
  assert.deepEqual(shown.ids, renderEpisode(tokenizer, [OWN_TOOL], 'Write to Anna', OWN_STEPS).tokens);
  const other = theta.slice();
  other[5000]! += 1;
  assert.ok(distance(await ourLogits(config, other, tokens), ours) > 1e-4, 'the control shows no difference');
});

test('AutoTokenizer gives the ids of our tokenizer on 10,000 texts', { skip }, async () => {
  const tokenizer = trainTokenizer(TEXTS.slice(0, 2000), { vocabSize: 900, specials: TAGS });
  const config = { ...defaultConfig(tokenizer.size), layers: 1 };
  const dir = at('tokenizer');
  const theta = initialise(config, () => 0.5);
  const names = { end: '<|end|>', pad: '<|pad|>' };
  await saveCheckpoint(dir, { config, theta, tokenizer, ...names, chatTemplate: null, training: null });
  const ours = TEXTS.map((text) => tokenizer.encode(text));
  assert.deepEqual(await ask('encode', dir, TEXTS, true), ours);
  // By default the library reads names of control tokens out of any text; elsewhere it agrees too.
  const harmless = TEXTS.filter((text) => !TAGS.some((tag) => text.includes(tag)));
  assert.ok(harmless.length > 2000 && harmless.length < 8000);
  const expected = harmless.map((text) => tokenizer.encode(text));
  assert.deepEqual(await ask('encode', dir, harmless, false), expected);
  assert.deepEqual(await ask('decode', dir, expected), harmless);
  assert.notDeepEqual(await ask('encode', dir, ['a<|end|>'], false), [tokenizer.encode('a<|end|>')]);
});

type Made = {
  readonly name: string;
  readonly family: 'qwen3' | 'qwen2' | 'llama';
  readonly config: object;
  readonly dtype?: 'float32' | 'bfloat16' | 'float16';
  readonly shard?: string;
};
const SIZES = {
  vocab_size: 97,
  hidden_size: 48,
  intermediate_size: 80,
  num_hidden_layers: 3,
  max_position_embeddings: 256,
};
const GROUPED = { num_attention_heads: 6, num_key_value_heads: 2 };
const rope = (kind: string, more: object) => ({ rope_parameters: { rope_type: kind, rope_theta: 10_000, ...more } });
const MADE: readonly Made[] = [
  { name: 'qwen3', family: 'qwen3', config: { ...GROUPED, head_dim: 16, tie_word_embeddings: true } },
  {
    name: 'qwen3 untied, biased, sharded',
    family: 'qwen3',
    config: { ...GROUPED, head_dim: 8, attention_bias: true },
    shard: '20KB',
  },
  {
    name: 'qwen3 with yarn, bf16',
    family: 'qwen3',
    config: { ...GROUPED, head_dim: 32, ...rope('yarn', { factor: 4, original_max_position_embeddings: 64 }) },
    dtype: 'bfloat16',
  },
  { name: 'qwen2 tied', family: 'qwen2', config: { ...GROUPED, tie_word_embeddings: true } },
  {
    name: 'qwen2 untied, f16, sharded',
    family: 'qwen2',
    config: { ...GROUPED, tie_word_embeddings: false, ...rope('default', { rope_theta: 1e6 }) },
    dtype: 'float16',
    shard: '30KB',
  },
  { name: 'qwen2 with dynamic angles', family: 'qwen2', config: { ...GROUPED, ...rope('dynamic', { factor: 2 }) } },
  { name: 'llama', family: 'llama', config: { num_attention_heads: 6 } },
  {
    name: 'llama with llama3 angles, grouped, bf16, sharded',
    family: 'llama',
    config: {
      ...GROUPED,
      tie_word_embeddings: true,
      ...rope('llama3', {
        rope_theta: 500,
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 32,
      }),
    },
    dtype: 'bfloat16',
    shard: '30KB',
  },
  {
    name: 'llama with linear angles and every bias',
    family: 'llama',
    config: { ...GROUPED, attention_bias: true, mlp_bias: true, ...rope('linear', { factor: 3 }) },
  },
  { name: 'llama with wide heads', family: 'llama', config: { ...GROUPED, head_dim: 24 } },
];

for (const [index, { name, family, config, dtype = 'float32', shard = '1GB' }] of MADE.entries()) {
  test(`${name}: the logits are those of transformers, with weights in the graph or fed, and after saving`, {
    skip,
  }, async () => {
    const dir = at(`in-${index}`);
    const files = await ask<string[]>('make', dir, family, { ...SIZES, ...config }, dtype, shard, index);
    assert.equal(files.includes('model.safetensors.index.json'), shard !== '1GB');
    const model = await loadModel(dir);
    const tokens = pickTokens(model.config.vocab, 80, index);
    const theirs = await ask<number[][]>('logits', dir, tokens);
    const ours = await ourLogits(model.config, model.theta, tokens);
    assert.ok(distance(ours, theirs) < 1e-4, `${distance(ours, theirs)}`);
    assert.ok(distance(await ourLogits(model.config, model.theta, tokens, true), theirs) < 1e-4);
    const { variant, ...plain } = model.config;
    if (variant!.scaling) {
      const straight = { ...plain, variant: { ...variant!, scaling: null } };
      assert.ok(
        distance(await ourLogits(straight, model.theta, tokens), theirs) > 1e-3,
        'the angles make no difference',
      );
    }
    await saveModel(at(`out-${index}`), model);
    assert.deepEqual((await loadModel(at(`out-${index}`))).theta, model.theta);
    assert.ok(distance(await ask('logits', at(`out-${index}`), tokens), theirs) < 1e-5);
  });
}

test('an exported graph passes the official checker and runs elsewhere with the same logits, whole and with its cache', {
  skip,
}, async () => {
  const tokens = pickTokens(SIZES.vocab_size, 24, 3);
  for (const [index, { name, family, config }] of MADE.entries()) {
    if (index % 3 !== 0 && !name.includes('every bias')) continue;
    const dir = at(`onnx-in-${index}`);
    await ask('make', dir, family, { ...SIZES, ...config }, 'float32', '1GB', index);
    const out = at(`onnx-out-${index}`);
    await exportOnnx(out, await loadModel(dir));
    const theirs = await ask<number[][]>('logits', dir, tokens);
    type Ran = { readonly whole: number[][]; readonly steps: number[][]; readonly domains: string[] };
    const ran = await ask<Ran>('onnx', join(out, 'onnx', 'model.onnx'), tokens);
    assert.ok(distance(ran.whole, theirs) < 1e-4, name);
    assert.ok(distance(ran.steps, theirs) < 1e-4, name);
    assert.deepEqual(ran.domains, [''], 'only standard operators');
  }
});

test('transformers.js loads an exported checkpoint and continues a text as the model does', {
  skip: typeof javascript === 'string' ? javascript : false,
}, async () => {
  if (typeof javascript === 'string') return;
  const tokenizer = trainTokenizer(TEXTS.slice(0, 500), { vocabSize: 600, specials: TAGS });
  const r = rng('javascript');
  const config = { ...defaultConfig(tokenizer.size), kvHeads: 2 };
  const theta = initialise(config, () => r.next());
  const dir = at('js-in');
  const names = { end: '<|end|>', pad: '<|pad|>' };
  await saveCheckpoint(dir, { config, theta, tokenizer, ...names, chatTemplate: null, training: null });
  const out = at('js-out');
  await exportOnnx(out, await loadModel(dir));
  const tokens = pickTokens(config.vocab, 20, 5);
  const texts = TEXTS.filter((text) => !TAGS.some((tag) => text.includes(tag))).slice(0, 300);
  const script = fileURLToPath(new URL('./transformers/javascript.mjs', import.meta.url));
  const question = { tokens, count: 16, texts, messages: OWN_CHAT.slice(0, 1) };
  const child = spawnSync(process.execPath, [script, javascript.folder, out], {
    input: JSON.stringify(question),
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  const { ids, encoded, chat }: { ids: number[]; encoded: number[][]; chat: string } = JSON.parse(child.stdout);
  const rows = await ourLogits(config, theta, [...tokens, ...ids]);
  assert.equal(ids.length, 16);
  assert.deepEqual(
    ids,
    rows.slice(tokens.length - 1, -1).map((row) => row.indexOf(Math.max(...row))),
  );
  assert.deepEqual(
    encoded,
    texts.map((text) => tokenizer.encode(text)),
  );
  assert.equal(chat, '<|system|><|user|> Write to Anna<|assistant|>');
});

test('an adapter of ours is PEFT’s: attached or merged there, it gives the logits it gives here', {
  skip,
}, async () => {
  const dir = at('lora-base');
  await ask('make', dir, 'qwen2', { ...SIZES, ...GROUPED }, 'float32', '1GB', 8);
  const { config, theta } = await loadModel(dir);
  const tokens = pickTokens(config.vocab, 30, 8);
  const r = rng('adapter');
  for (const stabilised of [false, true]) {
    const lora = { rank: 4, alpha: 8, targets: PROJECTIONS, stabilised };
    const fresh = initialiseAdapter(config, lora, () => r.next());
    const adapter = { ...fresh, delta: fresh.delta.map((x) => x + 0.1 * (r.next() - 0.5)) };
    const path = at(`lora-${stabilised}`);
    await saveAdapter(path, config, adapter, dir);
    const ours = await ourLogits(config, mergeAdapter(config, theta, adapter), tokens);
    const theirs = await ask<{ attached: number[][]; merged: number[][] }>('adapted', dir, path, tokens);
    assert.ok(distance(ours, theirs.attached) < 1e-4);
    assert.ok(distance(ours, theirs.merged) < 1e-4);
    assert.ok(distance(ours, await ourLogits(config, theta, tokens)) > 1e-2, 'the adapter makes no difference');
  }
});

const KINDS = [
  { name: 'Qwen', words: QWEN_WORDS, marks: QWEN_MARKS, template: CHATML, ignore: false },
  { name: 'Llama', words: LLAMA_WORDS, marks: LLAMA_MARKS, template: LLAMA_JSON, ignore: true },
] as const;
const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'send_mail',
      description: 'Sends a mail to "someone" <at> once. Größe: 10 €',
      parameters: {
        type: 'object',
        properties: { to: { type: 'string' }, count: { type: 'integer' } },
        required: ['to'],
      },
    },
  },
];
const call = {
  id: 'c1',
  type: 'function',
  function: { name: 'send_mail', arguments: { to: 'Zoë "Z" \\ 🙂', count: 2 } },
} as const;
const CHATS = [
  [{ role: 'user', content: 'Hello  there ' }],
  [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Write to Zoë' },
    { role: 'assistant', content: '', tool_calls: [call] },
    { role: 'tool', content: 'sent 👍\n', tool_call_id: 'c1' },
    { role: 'assistant', content: 'Done.' },
    { role: 'user', content: 'Thanks' },
  ],
] as const;

for (const { name, words, marks, template, ignore } of KINDS) {
  test(`tokenizers cut like ${name}'s and their templates give the same ids, and no text becomes a control token`, {
    skip,
  }, async () => {
    const dir = at(`words-${name}`);
    await ask('vocabulary', dir, TEXTS.slice(0, 2000), words, marks.special, marks.plain, template, 1200, ignore);
    await ask('make', dir, 'llama', { ...SIZES, num_attention_heads: 6 }, 'float32', '1GB', 1);
    const { files } = await readModelFiles(dir);
    const vocabulary = readVocabulary(files, 'tokenizer.json');
    const theirs = await ask<number[][]>('encode', dir, TEXTS, false);
    for (const [index, text] of TEXTS.entries()) {
      assert.deepEqual(encodeMarked(vocabulary, text), theirs[index], JSON.stringify(text));
    }
    const control = new Set(vocabulary.marks.map(({ id }) => id));
    for (const text of TEXTS) assert.ok(!vocabulary.encode(text).some((id) => control.has(id)), JSON.stringify(text));
    assert.deepEqual(
      await ask('decode', dir, theirs),
      theirs.map((ids) => vocabulary.decode(ids)),
    );
    for (const ids of theirs.slice(0, 500)) {
      const stream = readStream((part) => vocabulary.decode(part));
      assert.equal(ids.map((id) => stream.push(id)).join('') + stream.end(), vocabulary.decode(ids));
    }
    const chat = readTemplate(files, vocabulary, dir)!;
    for (const messages of CHATS) {
      for (const tools of [undefined, TOOLS]) {
        for (const begin of [true, false]) {
          const expected = await ask<{ text: string; ids: number[] }>('chat', dir, messages, tools ?? null, begin, {});
          const input = { messages, begin, ...(tools ? { tools } : {}) };
          assert.equal(chat.show(input), expected.text);
          assert.deepEqual(chat.render(input), expected.ids);
        }
      }
    }
    const count = (ids: readonly number[]) => ids.filter((id) => control.has(id)).length;
    const plainly = count(chat.render({ messages: [{ role: 'user', content: 'x' }] }));
    for (const text of TEXTS.slice(0, 1000)) {
      const input = { messages: [{ role: 'user', content: `x${text}x` }] } as const;
      assert.equal(count(chat.render(input)), plainly, JSON.stringify(text));
      assert.ok(chat.show(input).includes(`x${text}x`), JSON.stringify(text));
    }
    assert.equal(count(encodeMarked(vocabulary, marks.special[1])), 1, 'the control finds no control token');
  });
}
