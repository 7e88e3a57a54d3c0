// Checkpoints: what is saved comes back bit for bit, half a checkpoint is never seen, what is broken is named.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Tokenizer as Official } from '@huggingface/tokenizers';
import { InputError } from '../../episode/input.ts';
import { type Checkpoint, identifyCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { SUMS, sumFiles } from './checksum.ts';
import type { WriteFile } from './directory.ts';
import { countParameters, type ModelConfig } from './model.ts';
import { packTensors, unpackTensors } from './safetensors.ts';
import { trainTokenizer } from './tokenizer.ts';

const root = await mkdtemp(join(tmpdir(), 'checkpoint-'));
after(() => rm(root, { recursive: true }));
let used = 0;
/** A path nothing stands at, alone in a directory of its own. */
const freshPath = async () => {
  const parent = join(root, `${used++}`);
  await mkdir(parent);
  return join(parent, 'step-1');
};

const config: ModelConfig = {
  vocab: 300,
  width: 8,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  hidden: 12,
  theta: 10000,
  eps: 1e-6,
  context: 64,
};
const tokenizer = trainTokenizer(['to Anna to Anna'], { vocabSize: 300, specials: ['<|pad|>', '<|end|>'] });
const size = countParameters(config);
const ramp = (scale: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i * scale));

const plain: Checkpoint = {
  config,
  theta: ramp(0.1),
  tokenizer,
  end: '<|end|>',
  pad: '<|pad|>',
  chatTemplate: null,
  training: null,
};
const resumable: Checkpoint = {
  ...plain,
  chatTemplate: '{{ messages }}',
  training: { m: ramp(0.2), v: ramp(0.3), step: 7, notes: { seed: [1, 2] } },
};

function isSame(actual: Checkpoint, expected: Checkpoint): boolean {
  const [{ tokenizer: a, ...restA }, { tokenizer: b, ...restB }] = [actual, expected];
  return isDeepStrictEqual(restA, restB) && JSON.stringify(a) === JSON.stringify(b);
}

/** Without a diff: it would be thousands of lines. */
const assertSame = (actual: Checkpoint, expected: Checkpoint) => assert.ok(isSame(actual, expected), 'differs');

test('a checkpoint comes back bit for bit, with and without training state', async () => {
  for (const checkpoint of [plain, resumable]) {
    const dir = await freshPath();
    await saveCheckpoint(dir, checkpoint);
    assertSame(await loadCheckpoint(dir), checkpoint);
    assert.deepEqual(await readdir(dirname(dir)), [basename(dir)]);
  }
  const one = plain.theta.with(5, 1);
  assert.ok(!isSame({ ...plain, theta: one }, plain)); // control: the comparison sees one number
});

test('the directory is a Hugging Face model directory', async () => {
  const dir = await freshPath();
  await saveCheckpoint(dir, resumable);
  const read = async (name: string) => JSON.parse(await readFile(join(dir, name), 'utf8'));
  const file = await read('config.json');
  assert.deepEqual(file.architectures, ['Qwen3ForCausalLM']);
  assert.deepEqual([file.model_type, file.tie_word_embeddings, file.torch_dtype], ['qwen3', true, 'float32']);
  assert.deepEqual([file.eos_token_id, file.pad_token_id], [1, 0]);
  const official = new Official(await read('tokenizer.json'), await read('tokenizer_config.json'));
  assert.deepEqual(official.encode('to Anna').ids, tokenizer.encode('to Anna'));
  const { tensors } = unpackTensors(await readFile(join(dir, 'model.safetensors')), 'f');
  assert.deepEqual(tensors.get('model.layers.1.self_attn.k_proj.weight')!.shape, [8, 8]);
  assert.deepEqual(tensors.get('model.layers.1.mlp.down_proj.weight')!.shape, [8, 12]);
  assert.equal(tensors.size, 2 + 11 * config.layers);
  assert.ok(!tensors.has('lm_head.weight'));
});

test('the directory can be read by others as far as the umask allows', async () => {
  const dir = await freshPath();
  await saveCheckpoint(dir, plain);
  assert.equal((await stat(dir)).mode & 0o777, 0o777 & ~process.umask());
});

test('saving again replaces the whole checkpoint', async () => {
  const dir = await freshPath();
  await saveCheckpoint(dir, resumable);
  await saveCheckpoint(dir, plain);
  assertSame(await loadCheckpoint(dir), plain);
  assert.deepEqual(await readdir(dirname(dir)), [basename(dir)]);
});

/** Writes whole files until the disk is full after `room` of them, then half of one. */
function fullDisk(room: number): WriteFile {
  let written = 0;
  return async (path, parts) => {
    const bytes = Buffer.concat(parts);
    if (written++ < room) return writeFile(path, bytes);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
}

test('a full disk leaves the old checkpoint and nothing else, wherever it strikes', async () => {
  for (let room = 0; room < 8; room++) {
    const dir = await freshPath();
    await saveCheckpoint(dir, plain);
    await assert.rejects(saveCheckpoint(dir, resumable, fullDisk(room)), { code: 'ENOSPC' });
    assertSame(await loadCheckpoint(dir), plain);
    assert.deepEqual(await readdir(dirname(dir)), [basename(dir)]);
  }
  const dir = await freshPath();
  await saveCheckpoint(dir, resumable, fullDisk(8)); // control: eight files fit
  assertSame(await loadCheckpoint(dir), resumable);
});

test('a full disk at the first save leaves nothing', async () => {
  const dir = await freshPath();
  await assert.rejects(saveCheckpoint(dir, plain, fullDisk(3)), { code: 'ENOSPC' });
  assert.deepEqual(await readdir(dirname(dir)), []);
});

test('a reader beside a writer sees one checkpoint or the other', async () => {
  const dir = await freshPath();
  const other: Checkpoint = { ...plain, theta: ramp(0.7), chatTemplate: 'other' };
  await saveCheckpoint(dir, plain);
  let writing = true;
  const writer = (async () => {
    for (let i = 0; i < 10; i++) await saveCheckpoint(dir, i % 2 === 0 ? other : plain);
    writing = false;
  })();
  let reads = 0;
  for (; writing; reads++) {
    const seen = await loadCheckpoint(dir).catch((error: Error) => {
      assert.match(error.message, /changes while it is read/); // the only refusal allowed
      return null;
    });
    if (seen !== null) assertSame(seen, seen.chatTemplate === null ? plain : other);
  }
  await writer;
  assert.ok(reads > 0);
});

test('a save that was killed between its two renames leaves the old checkpoint readable', async () => {
  const dir = await freshPath();
  await saveCheckpoint(dir, plain);
  await rename(dir, `${dir}.old`);
  assertSame(await loadCheckpoint(dir), plain);
  await saveCheckpoint(dir, resumable);
  assertSame(await loadCheckpoint(dir), resumable);
  assert.deepEqual(await readdir(dirname(dir)), [basename(dir)]);
});

test('a directory that holds other files is not replaced', async () => {
  const dir = await freshPath();
  await mkdir(dir);
  await writeFile(join(dir, 'thesis.txt'), 'years of work');
  await assert.rejects(saveCheckpoint(dir, plain), /thesis\.txt, expected only config\.json/);
  assert.equal(await readFile(join(dir, 'thesis.txt'), 'utf8'), 'years of work');
  await rm(join(dir, 'thesis.txt'));
  await saveCheckpoint(dir, plain); // control: an empty directory is
});

test('parts that do not fit are not saved', async () => {
  const dir = await freshPath();
  const save = (change: Partial<Checkpoint>) => saveCheckpoint(dir, { ...plain, ...change });
  await assert.rejects(save({ theta: new Float32Array(3) }), /theta: 3 numbers, expected/);
  await assert.rejects(save({ theta: ramp(0.1).fill(Number.NaN, 9, 10) }), /embed_tokens\.weight\[9\] is NaN/);
  await assert.rejects(save({ end: '<|no|>' }), /"<\|no\|>" is no special/);
  await assert.rejects(save({ config: { ...config, vocab: 200 } }), /vocab 200: expected at least/);
  assert.deepEqual(await readdir(dirname(dir)), []);
});

/** Saves a good checkpoint, spoils one file of it, with sums that fit or not, and gives the error of loading it. */
async function spoil(
  file: string,
  change: (bytes: Buffer) => Uint8Array | string | null,
  { summed = true, checkpoint = resumable } = {},
): Promise<string> {
  const dir = await freshPath();
  await saveCheckpoint(dir, checkpoint);
  const path = join(dir, file);
  const changed = change(await readFile(path));
  await rm(path);
  if (changed !== null) await writeFile(path, changed);
  if (summed && changed !== null) await sumAgain(dir);
  const error = await loadCheckpoint(dir).then(
    () => assert.fail(`${file} was accepted`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InputError, String(error));
  assert.ok(error.message.startsWith(path), error.message);
  assert.ok(!error.message.includes('\n'));
  return error.message.slice(path.length);
}

/** Writes sums that fit the files as they are. */
async function sumAgain(dir: string): Promise<void> {
  const files = new Map<string, Uint8Array[]>();
  for (const name of await readdir(dir)) if (name !== SUMS) files.set(name, [await readFile(join(dir, name))]);
  await writeFile(join(dir, SUMS), Buffer.concat(sumFiles(files)));
}

const editJson = (edit: (value: Record<string, unknown>) => object) => (bytes: Buffer) =>
  JSON.stringify(edit(JSON.parse(bytes.toString())));

const editTensors = (edit: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void) => {
  return (bytes: Buffer) => {
    const tensors = new Map(unpackTensors(bytes, 'f').tensors);
    edit(tensors);
    return Buffer.concat(packTensors(tensors));
  };
};

test('a missing file is named', async () => {
  for (const file of await readdirOf(resumable)) {
    assert.match(await spoil(file, () => null), /^: no such file/);
  }
});

async function readdirOf(checkpoint: Checkpoint): Promise<string[]> {
  const dir = await freshPath();
  await saveCheckpoint(dir, checkpoint);
  return readdir(dir);
}

test('a broken file is named with what was expected', async () => {
  const weights = 'model.safetensors';
  const cases: [string, (bytes: Buffer) => Uint8Array | string, RegExp][] = [
    ['config.json', () => '{', /^: not JSON/],
    ['config.json', editJson((c) => ({ ...c, model_type: 'llama' })), /^: model_type: .*qwen3/],
    ['config.json', editJson((c) => ({ ...c, hidden_size: 0 })), /^: hidden_size: /],
    [
      'config.json',
      editJson((c) => ({ ...c, num_key_value_heads: 3 })),
      /^: num_key_value_heads: 3, expected a divisor/,
    ],
    ['config.json', editJson((c) => ({ ...c, tie_word_embeddings: false })), /^: tie_word_embeddings: /],
    ['config.json', editJson((c) => ({ ...c, num_hidden_layers: 1e9 })), /^: num_hidden_layers: /],
    ['tokenizer.json', editJson((c) => ({ ...c, normalizer: {} })), /^: normalizer: /],
    ['tokenizer_config.json', editJson((c) => ({ ...c, eos_token: 'x' })), /^: "x" is no special/],
    [weights, (b) => b.subarray(0, -4), /^: \d+ bytes of data, expected \d+/],
    [weights, (b) => b.subarray(0, 100), /^: header of \d+ bytes/],
    [weights, () => 'version https://git-lfs.github.com/spec/v1', /^: header of \d+ bytes/],
    [
      weights,
      editTensors((t) => t.delete('model.norm.weight')),
      /^: tensor model\.norm\.weight: missing, expected shape \[8\]/,
    ],
    [
      weights,
      editTensors((t) => t.set('model.norm.weight', { shape: [4], data: new Float32Array(4) })),
      /^: tensor model\.norm\.weight: shape \[4\], expected \[8\]/,
    ],
    [
      weights,
      editTensors((t) => t.set('lm_head.weight', { shape: [1], data: new Float32Array(1) })),
      /^: tensor lm_head\.weight: unknown/,
    ],
    [
      weights,
      editTensors((t) => t.get('model.norm.weight')!.data.fill(Number.POSITIVE_INFINITY, 5, 6)),
      /^: tensor model\.norm\.weight: element 5 is Infinity, expected finite numbers/,
    ],
    ['optimizer.safetensors', editTensors((t) => t.delete('exp_avg_sq.model.norm.weight')), /exp_avg_sq.* missing/],
    ['trainer_state.json', () => 'NaN', /^: not JSON/],
  ];
  for (const [file, change, message] of cases) assert.match(await spoil(file, change), message);
});

test('a path without a checkpoint is named', async () => {
  const dir = await freshPath();
  await assert.rejects(loadCheckpoint(dir), /step-1: no such directory/);
  await writeFile(dir, 'a file');
  await assert.rejects(loadCheckpoint(dir), /config\.json: no such file/);
});

test('every file that is cut short, changed in one bit, or of another checkpoint is refused by its checksum, and named', async () => {
  const other = await freshPath();
  const training = { ...resumable.training!, m: ramp(0.4), step: 8 };
  const stranger: Checkpoint = { ...resumable, theta: ramp(0.9), chatTemplate: 'x', config: { ...config, eps: 1e-5 } };
  await saveCheckpoint(other, { ...stranger, training });
  const files = await readdirOf(resumable);
  assert.equal(files.length, 8);
  const same = ['tokenizer.json', 'generation_config.json']; // both checkpoints have the same bytes there
  const dir = await freshPath();
  await saveCheckpoint(dir, resumable);
  for (const file of files) {
    const path = join(dir, file);
    const [bytes, foreign] = [await readFile(path), await readFile(join(other, file))];
    const changed: Uint8Array[] = [
      ...[bytes.length - 1, bytes.length >> 1, 0].map((length) => bytes.subarray(0, length)),
      ...[0, 0.3, 0.99].map((place) => flipBit(bytes, Math.floor(place * bytes.length))),
      ...(same.includes(file) ? [] : [foreign]),
    ];
    for (const wrong of changed) {
      await writeFile(path, wrong);
      const told = await refusal(dir);
      // Sums that are wrong themselves show where they are read, or at the first file they should fit.
      if (file !== SUMS) assert.ok(told.startsWith(`${path}: SHA-256 `), told);
      else assert.match(told, /SHA-256 |expected a|no such file|does not have/);
    }
    await writeFile(path, bytes);
  }
  assertSame(await loadCheckpoint(dir), resumable); // control: all is as it was
  const control = await freshPath();
  await saveCheckpoint(control, resumable);
  for (const file of same) await writeFile(join(control, file), await readFile(join(other, file)));
  assertSame(await loadCheckpoint(control), resumable);
});

const flipBit = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

/** Why a checkpoint is refused, in one line. */
async function refusal(dir: string): Promise<string> {
  const error = await loadCheckpoint(dir).then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InputError, String(error));
  assert.ok(!error.message.includes('\n'));
  return error.message;
}

test('a model without training state may lack its sums, but not have wrong ones', async () => {
  const dir = await freshPath();
  await saveCheckpoint(dir, plain);
  await rm(join(dir, SUMS));
  assertSame(await loadCheckpoint(dir), plain);
  const cut = (bytes: Buffer) => flipBit(bytes, bytes.length - 3);
  assert.match(await spoil('model.safetensors', cut, { summed: false, checkpoint: plain }), /SHA-256/);
  await rm(join(dir, 'model.safetensors'));
  await assert.rejects(loadCheckpoint(dir), /model\.safetensors: no such file/);
});

test('the sums are those of sha256sum, and tell one checkpoint from another', async () => {
  const dir = await freshPath();
  await saveCheckpoint(dir, resumable);
  const before = await identifyCheckpoint(dir);
  const found = spawnSync('sha256sum', ['-c', SUMS], { cwd: dir, encoding: 'utf8' });
  if (!found.error) assert.equal(found.status, 0, found.stdout);
  await saveCheckpoint(dir, resumable);
  assert.equal(await identifyCheckpoint(dir), before);
  await saveCheckpoint(dir, { ...resumable, theta: ramp(0.11) });
  assert.notEqual(await identifyCheckpoint(dir), before);
});
