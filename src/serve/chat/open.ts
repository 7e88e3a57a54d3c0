// Opens a model directory for serving: tells what kind of model it holds, starts its thread, makes the server's handler.
import { basename, join, resolve } from 'node:path';
import { InputError, parseJson } from '../../episode/input.ts';
import { readAdapterBase, speaksProtocol } from '../../policy/local/adopt.ts';
import type { ExecutorKind } from '../../policy/local/executor.ts';
import { type Model, readModelFiles } from '../../policy/local/load.ts';
import { readTemplate } from '../../policy/local/template.ts';
import { parseTokenizer } from '../../policy/local/tokenizer.ts';
import { listEnds, readVocabulary } from '../../policy/local/vocabulary.ts';
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
  const { config, files } = await readModelFiles((await readAdapterBase(directory)) ?? directory);
  const { context = Math.min(config.context, DEFAULT_CONTEXT) } = options;
  if (context > config.context)
    throw new InputError(directory, `a context of ${context} tokens, the model's is ${config.context}`);
  const own = speaksProtocol(files, directory);
  const model = own ? openOwn(files, directory) : openForeign(files, directory);
  const engine = await openThread({ directory, slots, capacity: context, threads, executor });
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

function openOwn(files: Files, directory: string): ChatModel {
  const where = join(directory, 'tokenizer.json');
  return ownModel(parseTokenizer(parseJson(new TextDecoder().decode(files.get('tokenizer.json')), where), where));
}

function openForeign(files: Files, directory: string): ChatModel {
  const vocabulary = readVocabulary(files, join(directory, 'tokenizer.json'));
  const template = readTemplate(files, vocabulary, directory);
  if (template === null)
    throw new InputError(directory, 'no chat template, expected one in chat_template.jinja or tokenizer_config.json');
  return foreignModel({ vocabulary, template, ends: listEnds(files, vocabulary, directory) });
}
