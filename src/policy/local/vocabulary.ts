// The tokenizer of a model of others, read from its tokenizer.json by Hugging Face's own JavaScript library.
// Two readings of a text: *marked*, in which names of control tokens become those tokens, for what a chat template wrote;
// *plain*, in which no text ever does, for everything from outside. Not here: templates (template.ts), our own tokenizer
// (tokenizer.ts).
import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { unspell } from './tokenizer.ts';

/** A token that is no piece of text: `special` ones are left out of what a user reads. */
export type Mark = {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
};

export type Vocabulary = {
  /** One more than the highest id. */
  readonly size: number;
  readonly marks: readonly Mark[];
  /** Ids of a text in which nothing is control. */
  encode(text: string): number[];
  /** Text of ids; broken UTF-8 as U+FFFD. */
  decode(ids: readonly number[], options?: { readonly special?: boolean }): string;
  /** The token's name in the vocabulary; null if there is none. */
  nameOf(id: number): string | null;
  /** The bytes a token of text stands for; null for marks, for unused ids, and where the tokenizer's kind is not known. */
  bytesOf(id: number): Uint8Array | null;
};

const markSchema = z.looseObject({
  id: z.int().min(0),
  content: z.string().min(1),
  special: z.boolean(),
  lstrip: z.boolean().optional(),
  rstrip: z.boolean().optional(),
  single_word: z.literal(false).optional(),
});
const fileSchema = z.looseObject({
  model: z.looseObject({ type: z.string() }),
  added_tokens: z.array(markSchema),
  decoder: z.json().optional(),
});

/** Reads tokenizer.json and tokenizer_config.json. `where` names the first in errors. Throws InputError. */
export function readVocabulary(files: ReadonlyMap<string, Uint8Array>, where: string): Vocabulary {
  const bytes = files.get('tokenizer.json');
  if (bytes === undefined) throw new InputError(where, 'no such file, expected a tokenizer of the fast kind');
  const file = checkInput(fileSchema, parseJson(new TextDecoder().decode(bytes), where), where);
  const settings = parseSettings(files);
  const marks = file.added_tokens.map(({ id, content, special, lstrip = false, rstrip = false }): Mark => {
    return { id, content, special, lstrip, rstrip };
  });
  // Without its added tokens the engine has no way from text to them; with them it knows what to leave out in decoding.
  const plain = makeEngine({ ...file, added_tokens: [] }, settings, where);
  const marked = makeEngine(file, settings, where);
  const ids = [...marked.get_vocab(true).values()];
  const special = new Set(marks.map(({ id }) => id));
  const unspell = chooseSpelling(file);
  return {
    size: ids.reduce((most, id) => Math.max(most, id), -1) + 1,
    marks,
    encode: (text) => (text === '' ? [] : plain.encode(text, { add_special_tokens: false }).ids),
    decode: (list, { special = false } = {}) =>
      list.length === 0
        ? ''
        : marked.decode([...list], { skip_special_tokens: !special, clean_up_tokenization_spaces: false }),
    nameOf: (id) => marked.id_to_token(id) ?? null,
    bytesOf: (id) => (special.has(id) ? null : unspell(plain.id_to_token(id) ?? '')),
  };
}

/** How a vocabulary spells bytes: by GPT-2's printable signs, or as SentencePiece does; told by the decoder. */
function chooseSpelling({ decoder, model }: z.infer<typeof fileSchema>): (name: string) => Uint8Array | null {
  const kinds = JSON.stringify(decoder ?? null);
  if (kinds.includes('"ByteLevel"')) return unspell;
  if (kinds.includes('"ByteFallback"') || model.byte_fallback === true) return unspellPiece;
  return () => null;
}

/** SentencePiece: `<0x0A>` is a byte, the long underscore a blank. */
function unspellPiece(name: string): Uint8Array | null {
  if (name === '') return null;
  const byte = /^<0x([0-9A-F]{2})>$/.exec(name)?.[1];
  return byte === undefined
    ? new TextEncoder().encode(name.replaceAll('\u2581', ' '))
    : Uint8Array.of(parseInt(byte, 16));
}

function parseSettings(files: ReadonlyMap<string, Uint8Array>): object {
  const bytes = files.get('tokenizer_config.json');
  return bytes === undefined ? {} : (parseJson(new TextDecoder().decode(bytes), 'tokenizer_config.json') as object);
}

function makeEngine(file: object, settings: object, where: string): Engine {
  try {
    return new Engine(file, settings);
  } catch (error) {
    throw new InputError(
      where,
      `not a tokenizer the library reads (${error instanceof Error ? error.message : error})`,
    );
  }
}

const ids = z.union([z.int().transform((id) => [id]), z.array(z.int()), z.null().transform(() => [])]).optional();
const endsSchema = z.looseObject({ eos_token_id: ids });

/** What ends an answer: the end tokens of the generation settings and of the model, and the usual ends of a turn. Throws InputError if there are none. */
export function listEnds(
  files: ReadonlyMap<string, Uint8Array>,
  { marks }: Pick<Vocabulary, 'marks'>,
  directory: string,
): readonly number[] {
  const read = (name: string): readonly number[] => {
    const bytes = files.get(name);
    if (bytes === undefined) return [];
    const where = `${directory}/${name}`;
    return checkInput(endsSchema, parseJson(new TextDecoder().decode(bytes), where), where).eos_token_id ?? [];
  };
  const turns = marks.filter(({ content }) => /^<\|(im_end|eot_id|eom_id|end|endoftext|end_of_text)\|>$/.test(content));
  const ends = new Set([...read('generation_config.json'), ...read('config.json'), ...turns.map(({ id }) => id)]);
  if (ends.size === 0) throw new InputError(directory, 'no end token, expected eos_token_id in generation_config.json');
  return [...ends];
}

/** Ids of a text whose control tokens are meant: each mark becomes its token, the text between is plain. */
export function encodeMarked(vocabulary: Vocabulary, text: string, restore = (piece: string) => piece): number[] {
  const byContent = new Map(vocabulary.marks.map((mark) => [mark.content, mark]));
  const ids: number[] = [];
  const pieces = text.split(markPattern(vocabulary));
  for (const [at, piece] of pieces.entries()) {
    const mark = at % 2 === 1 ? byContent.get(piece) : undefined;
    if (mark) {
      ids.push(mark.id);
      continue;
    }
    const cut = byContent.get(pieces[at - 1] ?? '')?.rstrip ? piece.trimStart() : piece;
    const kept = byContent.get(pieces[at + 1] ?? '')?.lstrip ? cut.trimEnd() : cut;
    for (const id of vocabulary.encode(restore(kept))) ids.push(id);
  }
  return ids;
}

/** Finds marks, the longest where several begin; in a split they stand at odd places. */
export function markPattern({ marks }: Pick<Vocabulary, 'marks'>): RegExp {
  const names = marks.map(({ content }) => content).sort((a, b) => b.length - a.length);
  if (names.length === 0) return /((?!))/g;
  return new RegExp(`(${names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')})`, 'g');
}

/** Text as its tokens come, each piece when its bytes are complete. */
export function readStream(decode: (ids: readonly number[]) => string): {
  push(id: number): string;
  end(): string;
} {
  // Decoded from the last complete place on: a few tokens before what is new, since some decoders look at neighbours.
  let ids: number[] = [];
  let told = 0;
  const take = (final: boolean): string => {
    const before = decode(ids.slice(0, told));
    const all = decode(ids);
    if (!final && (all.endsWith('\uFFFD') || all.length <= before.length)) return '';
    ids = ids.slice(told);
    told = ids.length;
    return all.slice(before.length);
  };
  return {
    push(id) {
      ids.push(id);
      return take(false);
    },
    end: () => take(true),
  };
}
