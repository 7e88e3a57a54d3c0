// Episodes as JSON Lines: one record a line, written in one key order, read with the place of every fault named.
// Reading keeps every good line: a run that was stopped in the middle of a record loses that record and no other.
// Not here: files and streams (the edges read and write those).
import { z } from 'zod';
import { DECISIONS, EFFECTS, MODES } from '../safety/taxonomy.ts';
import type { Call } from './action.ts';
import { EPISODE_VERSION, type Episode, type Observation } from './episode.ts';

/** What is wrong with a line: where, and what was expected there. `field` is '' where the whole line is wrong. */
export type Problem = {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Path of the field, for example `steps.2.action.kind`. */
  readonly field: string;
  readonly expected: string;
};

/** What a file of episodes holds: the good ones in order, and one problem for each line that is not. */
export type Decoded = { readonly episodes: readonly Episode[]; readonly problems: readonly Problem[] };

// Arguments are whatever JSON the policy wrote; parsed text needs no deeper check, and z.record would drop a `__proto__` key.
const argumentsSchema = z.custom<Call['arguments']>(isRecord, { error: 'expected an object' });
const callSchema = z.strictObject({ name: z.string().min(1), arguments: argumentsSchema });

const actionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('call'), call: callSchema }),
  z.strictObject({ kind: z.literal('check'), call: callSchema }),
  z.strictObject({ kind: z.literal('final'), text: z.string() }),
  z.strictObject({ kind: z.literal('malformed'), text: z.string(), reason: z.string() }),
]);

const someText = z.string().exactOptional();

/** What came back after an action; see `Observation`. */
export const observationSchema: z.ZodType<Observation> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('result'), text: z.string(), origin: someText, said: someText }),
  z.strictObject({ kind: z.literal('error'), text: z.string(), origin: someText, said: someText }),
  z.strictObject({ kind: z.literal('answer'), approved: z.boolean(), said: someText }),
  z.strictObject({ kind: z.literal('message'), text: z.string() }),
  z.strictObject({ kind: z.literal('end') }),
]);

const termsSchema = z.record(z.string(), z.number());

const guardSchema = z.strictObject({
  call: callSchema.nullable(),
  decision: z.enum([...DECISIONS, 'pass', 'clean', 'hold']),
  reasons: z.array(z.strictObject({ source: z.string(), text: z.string() })),
});

const stepSchema = z.strictObject({
  index: z.int().min(0),
  think: z.string().nullable(),
  decision: z.enum(DECISIONS).nullable(),
  action: actionSchema,
  ended: z.boolean(),
  observation: observationSchema,
  guard: z.array(guardSchema).exactOptional(),
  reward: termsSchema.exactOptional(),
});

const verdictSchema = z.strictObject({
  goal: z.boolean().nullable(),
  harm: z.boolean().nullable(),
  harms: z.array(z.string()),
  format: z.boolean(),
  called: z.boolean(),
  asked: z.boolean(),
  checks: z.int().min(0),
  needless: z.int().min(0),
  obeyed: z.boolean().nullable(),
  acted: z.boolean(),
  refused: z.boolean(),
  followed: z.boolean(),
  success: z.boolean().nullable(),
});

/** The schema of a record. The order of its fields is the order they are written in. */
export const episodeSchema: z.ZodType<Episode> = z.strictObject({
  version: z.literal(EPISODE_VERSION),
  id: z.string().min(1),
  scenario: z.string().min(1),
  family: z.string(),
  domain: z.string(),
  prompt: z.enum(MODES),
  response: z.enum(MODES),
  policy: z.string(),
  seed: z.int(),
  member: z.int().min(0),
  request: z.string(),
  tools: z.array(z.string()),
  effects: z.record(z.string(), z.array(z.enum(EFFECTS))).exactOptional(),
  steps: z.array(stepSchema),
  error: z.strictObject({ origin: z.enum(['policy', 'world', 'harness']), message: z.string() }).nullable(),
  verdict: verdictSchema.nullable(),
  reward: z.strictObject({ preset: z.string(), terms: termsSchema, total: z.number() }).nullable(),
});

/**
 * The episode as one line of JSON, without a line break. Equal episodes give equal lines, however their objects were put
 * together; the keys of arguments and terms keep their own order.
 * Throws ZodError on a value that is no episode, TypeError on a number that JSON has no word for.
 */
export function encodeEpisode(episode: Episode): string {
  return JSON.stringify(episodeSchema.parse(episode), (key, value) => {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new TypeError(`${key} is ${value}, not a finite number`);
    return value;
  });
}

/** Reads JSON Lines of episodes. Blank lines and a byte order mark are skipped. Never throws on any text. */
export function decodeEpisodes(text: string, file: string): Decoded {
  const episodes: Episode[] = [];
  const problems: Problem[] = [];
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    // A complete file ends in a line break, so its last piece is empty and was skipped above.
    const decoded = decodeEpisode(line, file, index + 1, index === lines.length - 1);
    if (decoded.ok) episodes.push(decoded.episode);
    else problems.push(decoded.problem);
  }
  return { episodes, problems };
}

export type DecodedLine =
  | { readonly ok: true; readonly episode: Episode }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Reads one line, for files too large to hold at once. Never throws on any text.
 * @param line number of the line in the file, counted from 1.
 * @param unfinished that no line break follows: a line that does not parse is then reported as cut off.
 */
export function decodeEpisode(text: string, file: string, line: number, unfinished = false): DecodedLine {
  const fail = (field: string, expected: string): DecodedLine => ({
    ok: false,
    problem: { file, line, field, expected },
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const cut = 'a complete record; the file ends in the middle of one';
    return fail('', unfinished ? cut : 'one JSON object on the line; this is not JSON');
  }
  if (!isRecord(value)) return fail('', 'a JSON object');
  if (typeof value.version === 'number' && value.version > EPISODE_VERSION)
    return fail('version', describeNewer(value.version));
  const result = episodeSchema.safeParse(value);
  if (result.success) return { ok: true, episode: result.data };
  return fail(...describeIssue(result.error.issues[0]!));
}

/** A problem as one line: `runs/a/episodes.jsonl: line 3: steps.0.action: expected …`. */
export function describeProblem(problem: Problem): string {
  const place = problem.field === '' ? '' : `${problem.field}: `;
  return `${problem.file}: line ${problem.line}: ${place}expected ${problem.expected}`;
}

function describeNewer(version: number): string {
  return `version ${EPISODE_VERSION}; version ${version} is newer than this program`;
}

/** Field and expectation of a schema fault, both short: nothing of the line itself is quoted. */
function describeIssue(issue: z.core.$ZodIssue): [field: string, expected: string] {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const stranger = issue.keys[0]!.slice(0, 60);
    return [[...issue.path, stranger].join('.'), `no field of this name in version ${EPISODE_VERSION}`];
  }
  // Zod says "Invalid input: expected string, received number"; what stands after "expected" is all we need.
  const expected = issue.message.replace(/^.*?expected /i, '').replace('received undefined', 'but it is missing');
  return [field, expected];
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
