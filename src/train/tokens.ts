// What an update saw of every token of the recorded episodes: which were the policy's own, among how many it chose, how likely
// it took the chosen one to be, and how much that token weighs in the loss. Kept beside the episodes for a person to look at
// (dashboard); nothing reads it back into training, and making it changes nothing of what the step learned from.
// Not here: what other tokens would have been worth (the sampler keeps the chosen one's probability alone).
import { z } from 'zod';
import { writeAtomic } from '../evaluate/file.ts';
import type { Ids } from '../policy/local/choose.ts';
import type { Tokenizer } from '../policy/local/tokenizer.ts';
import type { TrainConfig } from './config.ts';
import type { Group, Member } from './groups.ts';
import { buildBatch } from './grpo.ts';
import type { RunDirectory } from './rundir.ts';

/** The bytes a file of tokens may have; groups beyond are left out whole, the first ones are kept. */
const MOST_BYTES = 8 << 20;

/** The tokens of one episode. Lists named "of own tokens" have one entry for each place in `own`. */
export type TokenRecord = {
  readonly version: 1;
  /** The episode's id. */
  readonly id: string;
  /** What the update multiplied the episode by; null: its group said nothing, or it was not judged, so it taught nothing. */
  readonly advantage: number | null;
  /** Tokens of the vocabulary. */
  readonly vocabulary: number;
  /** Every token as text; bytes that are no text by themselves as `<0xE2>`. */
  readonly texts: readonly string[];
  /** Places of the control tokens: what text can never spell. */
  readonly control: readonly number[];
  /** Places of the policy's own tokens. All others were read. */
  readonly own: readonly number[];
  /** Of own tokens: how many were allowed there. 1: forced by the grammar; null: all of the vocabulary. */
  readonly allowed: readonly (number | null)[];
  /** Of own tokens: the natural logarithm of the probability among those allowed. */
  readonly logps: readonly number[];
  /** Of own tokens: the weight in the step's loss, all weights of a step summing to 1. 0: masked, it teaches nothing. */
  readonly weights: readonly number[];
  /** Of own tokens, where credit goes to steps: the advantage of the step each stands in. */
  readonly advantages?: readonly number[];
};

const numbers = z.array(z.number());

/** A stored line, read back. */
export const tokenSchema: z.ZodType<TokenRecord> = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  advantage: z.number().nullable(),
  vocabulary: z.int(),
  texts: z.array(z.string()),
  control: z.array(z.int()),
  own: z.array(z.int()),
  allowed: z.array(z.int().nullable()),
  logps: numbers,
  weights: numbers,
  advantages: numbers.exactOptional(),
});

/** How tokens are spelled, and what the loss weighs them by. `decisions`: the mask by which a decision is known. */
export type Spelling = { readonly tokenizer: Pick<Tokenizer, 'size' | 'bytesOf' | 'decode'>; readonly decisions: Ids };

/** Writes `episodes/NAME.tokens.jsonl`, a line for each member of the groups in their order. */
export async function writeTokens(
  run: RunDirectory,
  name: string,
  groups: readonly Group[],
  spelling: Spelling,
  loss: Pick<TrainConfig['grpo'], 'emphasis' | 'level'>,
): Promise<void> {
  await writeAtomic(run.at('episodes', `${name}.tokens.jsonl`), encodeTokens(groups, spelling, loss));
}

/** The lines of such a file, whole groups as long as they fit into `most` bytes. */
export function encodeTokens(
  groups: readonly Group[],
  spelling: Spelling,
  { emphasis, level }: Pick<TrainConfig['grpo'], 'emphasis' | 'level'>,
  most: number = MOST_BYTES,
): string {
  // The very data the update is made of, so that what is shown is what was learned from.
  const { data } = buildBatch(
    groups.map(({ members }) => members),
    spelling.decisions,
    emphasis,
    level,
  );
  const spell = remember((id: number) => spellToken(spelling.tokenizer, id));
  let text = '';
  let taught = 0;
  for (const { members } of groups) {
    const lines = members.map((member) => {
      const weights = member.advantage === null ? [] : (data[taught++]?.weights ?? []);
      return `${JSON.stringify(describeTokens(member, weights, spell, spelling.tokenizer))}\n`;
    });
    const block = lines.join('');
    if (Buffer.byteLength(text) + Buffer.byteLength(block) > most) break;
    text += block;
  }
  return text;
}

function describeTokens(
  { episode, transcript, advantage, credit }: Member,
  weights: ArrayLike<number>,
  spell: (id: number) => string,
  { size, bytesOf }: Spelling['tokenizer'],
): TokenRecord {
  const { tokens, logps, masks } = transcript;
  const own = tokens.flatMap((_, at) => (transcript.own[at] ? [at] : []));
  const round = (value: number): number => Number(value.toPrecision(5));
  const steps = credit === undefined ? [] : stepOf(own).map((step) => round(credit[step] ?? 0));
  return {
    version: 1,
    id: episode.id,
    advantage: advantage === null ? null : round(advantage),
    vocabulary: size,
    texts: tokens.map(spell),
    control: tokens.flatMap((token, at) => (bytesOf(token) === null ? [at] : [])),
    own,
    allowed: own.map((at) => masks[at]?.length ?? null),
    logps: own.map((at) => round(logps[at] ?? 0)),
    weights: own.map((at) => round(weights[at] ?? 0)),
    ...(credit === undefined ? {} : { advantages: steps }),
  };
}

/** For each of the policy's own places the step it stands in: each unbroken run of them is one (credit.ts). */
function stepOf(own: readonly number[]): number[] {
  let step = -1;
  return own.map((at, index) => {
    if (at !== (own[index - 1] ?? -2) + 1) step += 1;
    return step;
  });
}

/** A token as text. Pieces of a character are shown as their bytes: a decoder would make all of them the same sign. */
function spellToken({ bytesOf, decode }: Spelling['tokenizer'], id: number): string {
  const bytes = bytesOf(id);
  if (bytes === null) return decode([id]);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
}

function remember(make: (id: number) => string): (id: number) => string {
  const known = new Map<number, string>();
  return (id) => {
    const text = known.get(id) ?? make(id);
    known.set(id, text);
    return text;
  };
}
