// Opens a model directory for serving: tells what kind of model it holds, starts its thread, makes the server's handler.
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import type { ExecutorKind } from '../../policy/local/executor.ts';
import { type Model, readModelFiles } from '../../policy/local/load.ts';
import { readTemplate } from '../../policy/local/template.ts';
import { parseTokenizer } from '../../policy/local/tokenizer.ts';
import { readVocabulary, type Vocabulary } from '../../policy/local/vocabulary.ts';
import { TAGS } from '../../policy/protocol.ts';
import { type ChatModel, foreignModel, ownModel } from './model.ts';
import { createChatServer } from './server.ts';
import { openThread } from './thread.ts';

export type OpenChatOptions = {
  readonly directory: string;
  /** The name callers see; default the directory's. */
  readonly name?: string;
  /** Answers at once. */
  readonly slots: number;
  /** Most tokens of a conversation with its answer; default the model's context, at most 4096. */
  readonly context?: number;
  readonly threads: number;
  /** What runs the model; default native code on the CPU. */
  readonly executor?: ExecutorKind;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Most answers under way or waiting. */
  readonly most?: number;
  /** Milliseconds for one request. */
  readonly timeout?: number;
};

export type OpenChat = {
  readonly name: string;
  /** `protocol`: a policy of this project; `template`: a model of others with its chat template. */
  readonly kind: 'protocol' | 'template';
  readonly capacity: number;
  handle(request: Request): Promise<Response>;
  close(): Promise<void>;
};

const DEFAULT_CONTEXT = 4096;

/** Opens a model. Throws InputError for a directory without one, or one that cannot chat. Close it. */
export async function openChat(options: OpenChatOptions): Promise<OpenChat> {
  const { directory, slots, threads, executor } = options;
  const { config, files } = await readModelFiles(directory);
  const { context = Math.min(config.context, DEFAULT_CONTEXT) } = options;
  if (context > config.context)
    throw new InputError(directory, `a context of ${context} tokens, the model's is ${config.context}`);
  const own = isOwn(files, directory);
  const model = own ? openOwn(files, directory) : openForeign(files, directory);
  const engine = await openThread({ directory, own, slots, capacity: context, threads, executor });
  const name = options.name ?? basename(resolve(directory));
  const { now, most, timeout } = options;
  const handle = createChatServer({
    name,
    model,
    engine,
    capacity: context,
    now,
    ...(most === undefined ? {} : { most }),
    ...(timeout === undefined ? {} : { timeout }),
  });
  return { name, kind: own ? 'protocol' : 'template', capacity: context, handle, close: () => engine.close() };
}

type Files = Model['files'];

const tokenizerSchema = z.looseObject({ added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })) });

function readTokenizer(files: Files, directory: string): unknown {
  const where = join(directory, 'tokenizer.json');
  const bytes = files.get('tokenizer.json');
  if (bytes === undefined) throw new InputError(where, "no such file, expected the model's tokenizer");
  return parseJson(new TextDecoder().decode(bytes), where);
}

/** Whether the model speaks this project's protocol: its control tokens are the first ids. */
function isOwn(files: Files, directory: string): boolean {
  const where = join(directory, 'tokenizer.json');
  const { added_tokens } = checkInput(tokenizerSchema, readTokenizer(files, directory), where);
  return TAGS.every((tag, id) => added_tokens.some((token) => token.id === id && token.content === tag));
}

function openOwn(files: Files, directory: string): ChatModel {
  return ownModel(parseTokenizer(readTokenizer(files, directory), join(directory, 'tokenizer.json')));
}

function openForeign(files: Files, directory: string): ChatModel {
  const vocabulary = readVocabulary(files, join(directory, 'tokenizer.json'));
  const template = readTemplate(files, vocabulary, directory);
  if (template === null)
    throw new InputError(directory, 'no chat template, expected one in chat_template.jinja or tokenizer_config.json');
  return foreignModel({ vocabulary, template, ends: listEnds(files, vocabulary, directory) });
}

const ids = z.union([z.int().transform((id) => [id]), z.array(z.int()), z.null().transform(() => [])]).optional();
const endsSchema = z.looseObject({ eos_token_id: ids });

/** What ends an answer: the generation settings' end tokens, else the model's, and the template's end of a turn. */
function listEnds(files: Files, { marks }: Vocabulary, directory: string): readonly number[] {
  const read = (name: string): readonly number[] => {
    const bytes = files.get(name);
    if (bytes === undefined) return [];
    const where = join(directory, name);
    return checkInput(endsSchema, parseJson(new TextDecoder().decode(bytes), where), where).eos_token_id ?? [];
  };
  const turns = marks.filter(({ content }) => /^<\|(im_end|eot_id|eom_id|end|endoftext|end_of_text)\|>$/.test(content));
  const ends = new Set([...read('generation_config.json'), ...read('config.json'), ...turns.map(({ id }) => id)]);
  if (ends.size === 0) throw new InputError(directory, 'no end token, expected eos_token_id in generation_config.json');
  return [...ends];
}
