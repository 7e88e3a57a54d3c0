// Text ↔ token ids: byte-level BPE, trained here, written as an ordinary Hugging Face tokenizer.json.
// Ordinary text can never produce a control token ("special"): text becomes bytes, and no merge of bytes ends in a special.
// Not here: chat templates and the protocol's tags (policy/render.ts).
import { z } from 'zod';
import { checkInput, InputError } from '../../episode/input.ts';
import { applyMerges, indexMerges, learnMerges, type Merge } from './merges.ts';

/**
 * How text is cut into words before merging. Letters; single digits (an amount is a row of digit tokens); single underscores
 * (`send_mail` shares its pieces with "send mail"); other signs; line ends; blanks. Every character is in exactly one class,
 * and only classes that JavaScript and Hugging Face's engine read alike are used (so no `\s`).
 * Runs are cut at 32 characters, which bounds the work for one word.
 */
const LETTERS = '[\\p{L}\\p{M}]{1,32}';
const SIGNS = '[^ \\t\\r\\n\\p{L}\\p{M}\\p{N}_]{1,32}';
/** The fixed parts of a call's JSON are words of their own: one token each, since every call has them. */
const FRAMES = '\\{"name":"|","arguments":\\{"';
const SEPARATE = `${FRAMES}|${LETTERS}|\\p{N}|_|${SIGNS}|[\\r\\n]{1,32}|[ \\t]{1,32}`;
/** The same, but one blank before letters or signs belongs to them, as in GPT-2. */
const ATTACHED = `${FRAMES}| ?${LETTERS}|\\p{N}|_| ?${SIGNS}|[\\r\\n]{1,32}|[ \\t]{1,32}(?![^ \\t\\r\\n])|[ \\t]`;

const CACHE_LIMIT = 100_000;

export type Tokenizer = {
  /** Number of ids: specials, the 256 bytes, merged pieces. */
  readonly size: number;
  /** Control tokens by name. Nothing but their ids can stand for them. */
  readonly specials: ReadonlyMap<string, number>;
  /** Ids of a text; never a special's id, whatever the text contains. Lone surrogates become U+FFFD. */
  encode(text: string): number[];
  /** Text of ids; specials as their names, broken UTF-8 as U+FFFD. Throws RangeError for an id that is not in the vocabulary. */
  decode(ids: Iterable<number>): string;
  /** The bytes an id stands for; null for a special. Throws RangeError for an id that is not in the vocabulary. */
  bytesOf(id: number): Uint8Array | null;
  /** The Hugging Face tokenizer.json document. */
  toJSON(): TokenizerFile;
};

export type TrainingOptions = {
  /** Wanted number of ids; fewer when the corpus has no more pairs that occur twice. */
  readonly vocabSize: number;
  /** Names of the control tokens, in the order of their ids from 0. */
  readonly specials: readonly string[];
  /** Whether one blank belongs to the word after it. Default false: a word has the same tokens in prose and in JSON. */
  readonly attachBlank?: boolean;
};

/** GPT-2's printable stand-ins for the 256 bytes: the form in which tokenizer.json spells tokens. */
const BYTE_SIGNS: readonly string[] = spellBytes();
const SIGN_BYTES: ReadonlyMap<string, number> = new Map(BYTE_SIGNS.map((sign, byte) => [sign, byte]));

function spellBytes(): string[] {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

const spell = (bytes: Uint8Array): string => Array.from(bytes, (byte) => BYTE_SIGNS[byte]).join('');

/** The bytes a token of tokenizer.json spells; null if a sign stands for no byte. */
export function unspell(token: string): Uint8Array | null {
  const bytes = Array.from(token, (sign) => SIGN_BYTES.get(sign));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : null;
}

/** Everything a tokenizer is made of. `tokens[id]` is null for a special. */
type Parts = {
  readonly tokens: readonly (Uint8Array | null)[];
  readonly specials: ReadonlyMap<string, number>;
  readonly merges: readonly Merge[];
  readonly attachBlank: boolean;
};

/**
 * Learns a tokenizer from texts. Same texts in any order, same options: same tokenizer.
 * Throws RangeError when `vocabSize` does not hold the specials and the 256 bytes or a special's name is unusable.
 */
export function trainTokenizer(texts: Iterable<string>, options: TrainingOptions): Tokenizer {
  const { vocabSize, attachBlank = false } = options;
  const specials = numberSpecials(options.specials);
  const first = specials.size;
  if (vocabSize < first + 256) throw new RangeError(`vocabSize ${vocabSize}: expected at least ${first + 256}`);
  const tokens: (Uint8Array | null)[] = [...options.specials.map(() => null)];
  for (let byte = 0; byte < 256; byte++) tokens.push(Uint8Array.of(byte));
  const ids = new Map(tokens.flatMap((bytes, id) => (bytes ? [[spell(bytes), id] as const] : [])));

  const join = (left: number, right: number) => {
    const bytes = Uint8Array.of(...tokens[left]!, ...tokens[right]!);
    const name = spell(bytes);
    if (specials.has(name)) return null; // a text that spells a special stays in pieces
    const known = ids.get(name);
    if (known !== undefined) return { id: known, fresh: false };
    ids.set(name, tokens.push(bytes) - 1);
    return { id: tokens.length - 1, fresh: true };
  };
  const merges = learnMerges(countWords(texts, attachBlank, first), vocabSize - tokens.length, join);
  return buildTokenizer({ tokens, specials, merges, attachBlank });
}

function numberSpecials(names: readonly string[]): Map<string, number> {
  const specials = new Map(names.map((name, id) => [name, id]));
  if (specials.size < names.length) throw new RangeError('specials: a name occurs twice');
  const short = names.find((name) => name.length < 2);
  if (short !== undefined) throw new RangeError(`special "${short}": expected a name of at least two characters`);
  return specials;
}

/** The distinct words of a corpus as byte ids, with their counts. */
function countWords(texts: Iterable<string>, attachBlank: boolean, firstByte: number) {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of splitWords(text, attachBlank)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const encoder = new TextEncoder();
  return Array.from(counts, ([word, count]) => ({
    tokens: Array.from(encoder.encode(word), (byte) => firstByte + byte),
    count,
  }));
}

const SEPARATE_WORDS = new RegExp(SEPARATE, 'gu');
const ATTACHED_WORDS = new RegExp(ATTACHED, 'gu');

/** Cuts a text into words; joined they are the text again. */
function splitWords(text: string, attachBlank: boolean): readonly string[] {
  return text.match(attachBlank ? ATTACHED_WORDS : SEPARATE_WORDS) ?? [];
}

function buildTokenizer(parts: Parts): Tokenizer {
  const { tokens, specials } = parts;
  const encodeWord = wordEncoder(parts);
  const names = new Map(Array.from(specials, ([name, id]) => [id, name]));
  const bytesOf = (id: number) => {
    const bytes = tokens[id];
    if (bytes === undefined) throw new RangeError(`token id ${id}: expected 0 to ${tokens.length - 1}`);
    return bytes;
  };
  return {
    size: tokens.length,
    specials,
    bytesOf,
    encode(text) {
      const ids: number[] = [];
      for (const word of splitWords(text, parts.attachBlank)) for (const id of encodeWord(word)) ids.push(id);
      return ids;
    },
    decode(ids) {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      let text = '';
      for (const id of ids) {
        const bytes = bytesOf(id);
        text += bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode() + names.get(id);
      }
      return text + decoder.decode();
    },
    toJSON: () => writeFile(parts),
  };
}

/** Encodes single words, remembering the answers: a corpus has few distinct words. */
function wordEncoder({ tokens, merges }: Parts): (word: string) => readonly number[] {
  const table = indexMerges(merges);
  const byteIds = new Map(tokens.flatMap((bytes, id) => (bytes?.length === 1 ? [[bytes[0]!, id] as const] : [])));
  const encoder = new TextEncoder();
  const cache = new Map<string, readonly number[]>();
  return (word) => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const bytes = Array.from(encoder.encode(word), (byte) => byteIds.get(byte)!);
    const ids = applyMerges(bytes, table);
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(word, ids);
    return ids;
  };
}

// ---- tokenizer.json ----

const byteLevel = z.object({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.literal(false),
  trim_offsets: z.boolean(),
  use_regex: z.literal(false),
});

/** A token as tokenizer.json spells it: a pair of two such, or both in one string. */
const mergeSchema = z.union([
  z.tuple([z.string(), z.string()]),
  z.string().regex(/^[^ ]+ [^ ]+$/, 'expected "left right"'),
]);

const fileSchema = z.object({
  version: z.literal('1.0'),
  truncation: z.null(),
  padding: z.null(),
  added_tokens: z.array(
    z.object({
      id: z.int().min(0),
      content: z.string().min(2),
      single_word: z.literal(false),
      lstrip: z.literal(false),
      rstrip: z.literal(false),
      normalized: z.literal(false),
      special: z.literal(true),
    }),
  ),
  normalizer: z.null(),
  pre_tokenizer: z.object({
    type: z.literal('Sequence'),
    pretokenizers: z.tuple([
      z.object({
        type: z.literal('Split'),
        pattern: z.object({
          Regex: z.enum([SEPARATE, ATTACHED], 'expected one of the two patterns this project writes'),
        }),
        behavior: z.literal('Isolated'),
        invert: z.literal(false),
      }),
      byteLevel,
    ]),
  }),
  post_processor: z.null(),
  decoder: byteLevel,
  model: z.object({
    type: z.literal('BPE'),
    dropout: z.null(),
    unk_token: z.null(),
    continuing_subword_prefix: z.null(),
    end_of_word_suffix: z.null(),
    fuse_unk: z.literal(false),
    byte_fallback: z.literal(false),
    ignore_merges: z.literal(false),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(mergeSchema),
  }),
});

/** A Hugging Face tokenizer.json of the kind written here. */
export type TokenizerFile = z.infer<typeof fileSchema>;

function writeFile({ tokens, specials, merges, attachBlank }: Parts): TokenizerFile {
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false } as const;
  const pattern = { Regex: attachBlank ? ATTACHED : SEPARATE } as const;
  const names = tokens.map((bytes) => (bytes ? spell(bytes) : ''));
  for (const [name, id] of specials) names[id] = name;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true } as const;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Array.from(specials, ([content, id]) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern, behavior: 'Isolated', invert: false }, level],
    },
    post_processor: null,
    decoder: level,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      // The specials stand here too: Hugging Face's loader renumbers added tokens that the model does not know.
      vocab: Object.fromEntries(names.map((name, id) => [name, id])),
      merges: merges.map(({ left, right }) => `${names[left]} ${names[right]}`),
    },
  };
}

/**
 * Reads a tokenizer.json of the kind `toJSON` writes (merges as strings or as pairs).
 * `where` names the file in errors. Throws InputError naming the first field that is wrong.
 */
export function parseTokenizer(json: unknown, where = 'tokenizer.json'): Tokenizer {
  const file = checkInput(fileSchema, json, where);
  const { vocab } = file.model;
  const specials = readSpecials(file, where);
  const tokens = readTokens(vocab, specials, where);
  const merges = file.model.merges.map((merge, index) => readMerge(merge, index, vocab, specials, where));
  const { Regex } = file.pre_tokenizer.pretokenizers[0].pattern;
  return buildTokenizer({ tokens, specials, merges, attachBlank: Regex === ATTACHED });
}

function readSpecials(file: TokenizerFile, where: string): Map<string, number> {
  const specials = new Map<string, number>();
  file.added_tokens.forEach(({ content, id }, index) => {
    const field = `added_tokens.${index}`;
    if (specials.has(content)) throw new InputError(where, `${field}.content: "${content}" occurs twice`);
    if (file.model.vocab[content] !== id) {
      throw new InputError(where, `${field}.id: ${id} differs from model.vocab, expected ${file.model.vocab[content]}`);
    }
    specials.set(content, id);
  });
  return specials;
}

/** Bytes by id. The ids must be 0 to n - 1, each once, and every byte must be among the tokens. */
function readTokens(vocab: TokenizerFile['model']['vocab'], specials: ReadonlyMap<string, number>, where: string) {
  const entries = Object.entries(vocab);
  const tokens = new Array<Uint8Array | null | undefined>(entries.length).fill(undefined);
  for (const [name, id] of entries) {
    const bytes = specials.has(name) ? null : unspell(name);
    const field = `model.vocab.${name}`;
    if (bytes === null && !specials.has(name)) throw new InputError(where, `${field}: not byte-level spelling`);
    if (id >= entries.length) throw new InputError(where, `${field}: id ${id}, expected less than ${entries.length}`);
    if (tokens[id] !== undefined) throw new InputError(where, `${field}: id ${id} is taken, expected each id once`);
    tokens[id] = bytes;
  }
  const missing = BYTE_SIGNS.findIndex((sign) => !Object.hasOwn(vocab, sign));
  if (missing >= 0) throw new InputError(where, `model.vocab: no token for byte ${missing}, expected all 256`);
  return tokens as (Uint8Array | null)[]; // as many distinct ids below n as entries: no hole is left
}

function readMerge(
  merge: TokenizerFile['model']['merges'][number],
  index: number,
  vocab: TokenizerFile['model']['vocab'],
  specials: ReadonlyMap<string, number>,
  where: string,
): Merge {
  const [left, right] = (typeof merge === 'string' ? merge.split(' ') : merge) as [string, string];
  const find = (name: string) => {
    const id = Object.hasOwn(vocab, name) && !specials.has(name) ? vocab[name] : undefined;
    if (id === undefined)
      throw new InputError(where, `model.merges.${index}: "${name}" is no ordinary token of model.vocab`);
    return id;
  };
  return { left: find(left), right: find(right), into: find(left + right) };
}
