// Small models as others make them, with random weights, for tests: Hugging Face directories of the Qwen3, Qwen2 and Llama
// kind with a tokenizer, marks and a chat template like theirs, and policies of this project that have learnt nothing. They
// can say nothing sensible; what is tested is that everything about them is right. Not for use outside tests.
import { rng } from '../../episode/random.ts';
import { END } from '../protocol.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { type Family, readFamily } from './family.ts';
import { saveModel } from './load.ts';
import { defaultConfig, initialise, type ModelConfig } from './model.ts';
import { SPECIALS } from './thought.ts';
import { trainTokenizer } from './tokenizer.ts';

/** Messages between marks, tools as JSON lines, calls in tags, answers of tools in a user's turn, as Qwen's templates do. */
export const QWEN_TEMPLATE = String.raw`
{%- if tools %}{{- '<|im_start|>system\n' }}{%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}
{{- '# Tools\n<tools>' }}{%- for tool in tools %}{{- '\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\n</tools>\nCalls: <tool_call>\n{"name": .., "arguments": ..}\n</tool_call><|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
{%- elif message.role == 'assistant' %}{{- '<|im_start|>assistant\n' }}
{%- if loop.last %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{{- message.content }}
{%- if message.tool_calls %}{%- for call in message.tool_calls %}{{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}{{- call.function.arguments | tojson }}{{- '}\n</tool_call>' }}{%- endfor %}{%- endif %}
{{- '<|im_end|>\n' }}
{%- elif message.role == 'tool' %}{{- '<|im_start|>user\n<tool_response>\n' + message.content + '\n</tool_response><|im_end|>\n' }}{%- endif %}
{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}`;

/** Headers between marks, tools in the user's message, calls as bare objects, as Llama's templates do. */
export const LLAMA_TEMPLATE = String.raw`
{{- bos_token }}{%- if not date_string is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
{%- else %}{%- set system_message = '' %}{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\n\nToday Date: ' + date_string + '\n\n' + system_message + '<|eot_id|>' }}
{%- if tools %}{%- set first = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
{{- '<|start_header_id|>user<|end_header_id|>\n\nRespond in the format {"name": function name, "parameters": dictionary of arguments}.\n\n' }}
{%- for t in tools %}{{- t | tojson(indent=4) }}{{- '\n\n' }}{%- endfor %}{{- first + '<|eot_id|>' }}{%- endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}{{- '<|start_header_id|>ipython<|end_header_id|>\n\n' }}{{- message.content | tojson }}{{- '<|eot_id|>' }}
{%- elif message.tool_calls %}{%- set call = message.tool_calls[0].function %}
{{- '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "' + call.name + '", "parameters": ' }}{{- call.arguments | tojson }}{{- '}<|eot_id|>' }}
{%- else %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{%- endif %}
{%- endfor %}{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}`;

type Kind = {
  readonly special: readonly string[];
  readonly plain: readonly string[];
  readonly end: string;
  readonly begin: string | null;
  readonly template: string;
};

const QWEN: Omit<Kind, 'plain'> = {
  special: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'],
  end: '<|im_end|>',
  begin: null,
  template: QWEN_TEMPLATE,
};
const KINDS: { readonly [family in Family]: Kind } = {
  qwen3: {
    ...QWEN,
    plain: ['<tool_call>', '</tool_call>', '<tool_response>', '</tool_response>', '<think>', '</think>'],
  },
  qwen2: { ...QWEN, plain: ['<tool_call>', '</tool_call>'] },
  llama: {
    special: ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>', '<|python_tag|>'],
    plain: [],
    end: '<|eot_id|>',
    begin: '<|begin_of_text|>',
    template: LLAMA_TEMPLATE,
  },
};

export type TinyOptions = {
  readonly vocab?: number;
  readonly width?: number;
  readonly layers?: number;
  readonly context?: number;
  /** Texts the tokenizer is trained on, besides those of a call. */
  readonly texts?: readonly string[];
};

const JSON_TEXTS = [
  '{"name": "send_mail", "arguments": {"recipient": "Anna", "text": "See you on Monday"}}',
  '{"name": "read_mail", "parameters": {"sender": "Carla"}}',
  'execute verify refuse\n',
  '\n\n',
];

/** Writes such a model, of a few ten thousand parameters, and gives its directory. */
export async function writeTiny(dir: string, family: Family, options: TinyOptions = {}): Promise<string> {
  const { special, plain, end, begin, template } = KINDS[family];
  const { vocab = 512, width = 32, layers = 2, context = 2048, texts = [] } = options;
  const corpus = [...JSON_TEXTS, ...JSON_TEXTS, template, template, ...texts];
  const tokenizer = trainTokenizer(corpus, { vocabSize: vocab, specials: [...special, ...plain], attachBlank: true });
  const file = tokenizer.toJSON();
  const added = file.added_tokens.map((token) => ({ ...token, special: !plain.includes(token.content) }));
  const endId = tokenizer.specials.get(end);
  // Larger than the tokenizer, as released models' are.
  const config = {
    architectures: [`${{ qwen3: 'Qwen3', qwen2: 'Qwen2', llama: 'Llama' }[family]}ForCausalLM`],
    model_type: family,
    vocab_size: Math.ceil((tokenizer.size + 1) / 16) * 16,
    hidden_size: width,
    intermediate_size: 2 * width,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: width / 4,
    max_position_embeddings: context,
    rope_theta: 10_000,
    rms_norm_eps: 1e-6,
    hidden_act: 'silu',
    tie_word_embeddings: family !== 'llama',
    eos_token_id: endId,
  };
  const settings = { bos_token: begin, eos_token: end, pad_token: special[0], chat_template: template };
  const pack = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  const model = readFamily(config, dir);
  const r = rng('tiny', family, vocab, width, layers);
  await saveModel(dir, {
    config: model,
    theta: initialise(model, () => r.next()),
    files: new Map([
      ['config.json', pack(config)],
      ['tokenizer.json', pack({ ...file, added_tokens: added })],
      ['tokenizer_config.json', pack(settings)],
      ['generation_config.json', pack({ eos_token_id: endId })],
    ]),
  });
  return dir;
}

export type BlankOptions = {
  /** Texts the tokenizer is trained on. */
  readonly texts: readonly string[];
  readonly seed: number;
  readonly sizes?: Partial<ModelConfig>;
};

/** Writes a local policy that has learnt nothing, of a few ten thousand parameters, and gives its directory. */
export async function writePolicy(dir: string, { texts, seed, sizes }: BlankOptions): Promise<string> {
  const tokenizer = trainTokenizer(texts, { vocabSize: 360, specials: SPECIALS, attachBlank: true });
  const small = { width: 32, layers: 1, heads: 2, kvHeads: 2, headDim: 16, hidden: 48 };
  const config = { ...defaultConfig(tokenizer.size), ...small, ...sizes };
  const r = rng('policy', seed);
  const theta = initialise(config, () => r.next());
  const rest = { end: END, pad: '<|pad|>', chatTemplate: null, training: null };
  await saveCheckpoint(dir, { config, theta, tokenizer, ...rest });
  return dir;
}
