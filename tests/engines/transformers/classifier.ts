// Makes the folder of a small sequence classifier in Hugging Face's form: a graph written by this project's own ONNX writer, a
// tokenizer, a configuration. It adds up what each word weighs, and takes no more positions than it says: the graph itself
// fails on a longer input. Not a good judge; a real model to load.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from '../../../src/policy/local/onnx.ts';

/** The most tokens the model takes, those of the form included. */
export const POSITIONS = 32;
export const LABELS = ['SAFE', 'RISKY', 'INJECTION'] as const;

/** What words weigh for each label; every other word weighs nothing. */
const WEIGHTS: { readonly [word: string]: readonly number[] } = {
  '[CLS]': [3, 0, 0],
  ignore: [0, 0, 4],
  instructions: [0, 0, 4],
  wire: [0, 0, 4],
  delete: [0, 4, 0],
  everything: [0, 4, 0],
};
const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...Object.keys(WEIGHTS).slice(1)];

function buildGraph(): Uint8Array {
  const n = LABELS.length;
  const weights = Float32Array.from(WORDS.flatMap((word) => WEIGHTS[word] ?? LABELS.map(() => 0)));
  const node = (operator: string, inputs: readonly string[], output: string, attributes = {}) => ({
    ...{ operator, domain: '', inputs, outputs: [output], attributes },
  });
  const whole = (name: string, shape: readonly number[], ...values: readonly bigint[]) => ({
    ...{ name, type: 'int64' as const, shape, data: BigInt64Array.from(values) },
  });
  const rows = ['batch', 'sequence'];
  return encodeModel({
    inputs: [
      { name: 'input_ids', type: 'int64', shape: rows },
      { name: 'attention_mask', type: 'int64', shape: rows },
    ],
    outputs: [{ name: 'logits', type: 'float32', shape: ['batch', n] }],
    initializers: [
      { name: 'weights', type: 'float32', shape: [WORDS.length, n], data: weights },
      { name: 'places', type: 'float32', shape: [POSITIONS, n], data: new Float32Array(POSITIONS * n) },
      ...[whole('zero', [], 0n), whole('one', [], 1n), whole('first', [1], 0n), whole('second', [1], 1n)],
      whole('third', [1], 2n),
    ],
    nodes: [
      node('Gather', ['weights', 'input_ids'], 'words', { axis: 0 }),
      node('Cast', ['attention_mask'], 'seen', { to: 1 }),
      node('Unsqueeze', ['seen', 'third'], 'mask'),
      node('Mul', ['words', 'mask'], 'masked'),
      node('ReduceSum', ['masked', 'second'], 'sum', { keepdims: 0 }),
      // As in a model with learned positions: one beyond the last is an error.
      node('Shape', ['input_ids'], 'shape'),
      node('Gather', ['shape', 'one'], 'length', { axis: 0 }),
      node('Range', ['zero', 'length', 'one'], 'positions'),
      node('Gather', ['places', 'positions'], 'placed', { axis: 0 }),
      node('ReduceSum', ['placed', 'first'], 'nothing', { keepdims: 0 }),
      node('Add', ['sum', 'nothing'], 'logits'),
    ],
  });
}

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: WORDS.slice(0, 4).map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  })),
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: {
    type: 'TemplateProcessing',
    single: ['[CLS]', 'A', '[SEP]'].map((id) =>
      id === 'A' ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } },
    ),
    pair: [],
    special_tokens: Object.fromEntries(
      ['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [WORDS.indexOf(id)], tokens: [id] }]),
    ),
  },
  decoder: null,
  model: { type: 'WordLevel', vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])), unk_token: '[UNK]' },
};

/** Writes the classifier's folder; without `judge.json`. */
export function writeClassifier(directory: string): void {
  mkdirSync(join(directory, 'onnx'), { recursive: true });
  const write = (name: string, value: unknown): void => writeFileSync(join(directory, name), JSON.stringify(value));
  writeFileSync(join(directory, 'onnx', 'model.onnx'), buildGraph());
  write('tokenizer.json', tokenizer);
  write('tokenizer_config.json', {
    ...{ tokenizer_class: 'PreTrainedTokenizerFast', model_max_length: POSITIONS, pad_token: '[PAD]' },
    ...{ unk_token: '[UNK]', cls_token: '[CLS]', sep_token: '[SEP]' },
  });
  write('config.json', {
    ...{ model_type: 'bert', architectures: ['BertForSequenceClassification'] },
    id2label: Object.fromEntries(LABELS.map((label, id) => [id, label])),
    label2id: Object.fromEntries(LABELS.map((label, id) => [label, id])),
    ...{ vocab_size: WORDS.length, max_position_embeddings: POSITIONS, hidden_size: 4, num_attention_heads: 1 },
  });
}
