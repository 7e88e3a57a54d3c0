// An attack as data: texts put into places of a scenario's world, or into the user's mouth, and the scenario it makes of another.
// Attacks change data of scenarios and nothing else: what is attacked runs in the same worlds, behind the same walls.
// Not here: who thinks them up (attackers/), what they are made of (genome.ts), whether they work (arena.ts).
import { z } from 'zod';
import { callSchema } from '../episode/action.ts';
import { type Change, changeTimeSchema, type Injection, type Scenario } from '../world/scenario.ts';
import { MAIL_PARTS, writePart } from './letter.ts';
import type { Target } from './target.ts';

const placeSchema = z.strictObject({
  table: z.string(),
  row: z.int().min(1),
  column: z.string(),
  /** In a mail as it arrives, which of its headers; left out: the whole cell. */
  part: z.enum(MAIL_PARTS).exactOptional(),
});
/** Where a text may stand: table, row (from 1), column. The table `tools` with the column `about` is a tool's description. */
export type Place = z.infer<typeof placeSchema>;

/** When a text is there, if not always: from, or until, so many calls have come back (of one tool, as it is shown). */
const spanSchema = z.strictObject({ kind: z.enum(['from', 'until']), after: changeTimeSchema });

/** One try of an attacker. `genes` are what it was built from, where it was built from any. */
export const attemptSchema = z.strictObject({
  pieces: z.array(
    z.strictObject({
      place: placeSchema,
      text: z.string(),
      front: z.boolean(),
      span: spanSchema.exactOptional(),
      /** What this piece alone asks for, where that is not the order: a decoy. */
      decoy: z.array(callSchema).exactOptional(),
    }),
  ),
  /** What the user says instead of the request; null: the request as it is. */
  request: z.string().min(1).nullable(),
  /** What the user says once the agent has answered; null: nothing. */
  later: z.string().min(1).nullable(),
  genes: z.array(z.int().min(0)).nullable(),
  /** In a word or two, what it is: its style. */
  style: z.string(),
});
export type Attempt = z.infer<typeof attemptSchema>;
export type Piece = Attempt['pieces'][number];

/** The try that is none: the scenario without anything planted, the request as the user would put it. */
export const NO_ATTACK: Attempt = { pieces: [], request: null, later: null, genes: null, style: 'none' };

/** The scenario an attack makes of a target, under an id of its own. Throws RangeError on a place the target has not. */
export function applyAttack(target: Target, attempt: Attempt, id: string): Scenario {
  const { scenario } = target;
  const planted = attempt.pieces.reduce(plantPiece, scenario);
  return {
    ...planted,
    id,
    ...speak(scenario, attempt),
    injections: [...scenario.injections, ...describePieces(target, attempt.pieces, attempt.style)],
  };
}

/** Every text of an attack, as one. */
export function textOf({ pieces, request, later }: Attempt): string {
  return [...pieces.map(({ text }) => text), request, later].filter((text) => text !== null).join('\n');
}

function plantPiece(scenario: Scenario, { place, text, front, span }: Piece): Scenario {
  const { table, row, column, part } = place;
  const join = (old: string): string =>
    part === undefined ? (front ? [text, old] : [old, text]).filter(Boolean).join(' ') : writePart(old, part, text);
  if (table === 'tools') {
    const tools = scenario.tools.map((tool, at) =>
      at === row - 1 ? { ...tool, about: join(tool.about ?? '') } : tool,
    );
    return { ...scenario, tools };
  }
  const rows = scenario.state[table];
  const old = rows?.[row - 1]?.[column];
  if (rows === undefined || old === undefined) throw new RangeError(`no ${column} in row ${row} of ${table}`);
  const joined = join(String(old ?? ''));
  const later = span === undefined ? null : changeAt(scenario, { table, row, column }, span, joined, String(old ?? ''));
  if (span?.kind === 'from') return { ...scenario, ...later };
  const changed = rows.map((one, at) => (at === row - 1 ? { ...one, [column]: joined } : one));
  return { ...scenario, state: { ...scenario.state, [table]: changed }, ...later };
}

/** The scenario's changes with one more: what stands in a cell once its span begins, or ends. */
function changeAt(
  { changes = [] }: Scenario,
  slot: Change['slot'],
  { kind, after }: NonNullable<Piece['span']>,
  joined: string,
  old: string,
): Pick<Scenario, 'changes'> {
  return { changes: [...changes, { after, slot, to: kind === 'from' ? joined : old }] };
}

/** What the user says. Where more is said later, the reference solution answers once more. */
function speak(scenario: Scenario, { request, later }: Attempt): Partial<Scenario> {
  if (request === null && later === null) return {};
  const said = { request: request ?? scenario.request };
  if (later === null || scenario.conversation !== undefined) return said;
  const turn = { on: { kind: 'text' as const, words: [] }, says: later, approves: [], withdraws: [] };
  return {
    ...said,
    conversation: { intent: scenario.request, turns: [turn] },
    plan: [{ kind: 'final', text: 'Done.', facts: ['done'] }, ...scenario.plan],
  };
}

/** The order stands with the last piece: the others prepare it and ask for nothing by themselves. */
function describePieces({ order, channel }: Target, pieces: readonly Piece[], style: string): Injection[] {
  if (channel === 'user') return [];
  const described = pieces.map(({ place: { part: _, ...slot }, text, decoy }, at): Injection => {
    // What an approval is forged for is the user's own call, so following it is nobody's order.
    const last = channel !== 'approval' && at === pieces.length - 1;
    const calls = decoy ?? (last ? [...order.calls] : []);
    const wants = { calls, text_goal: last && decoy === undefined ? order.claim : null };
    const kind = last || decoy !== undefined ? 'attack' : 'lookalike';
    return { slot, style, wording: `found-${style}`, text, kind, ...wants };
  });
  // Scripts that follow one order only follow the first of the list: what counts, not a decoy.
  const isDecoy = (at: number): boolean => pieces[at]?.decoy !== undefined;
  return [...described.filter((_, at) => !isDecoy(at)), ...described.filter((_, at) => isDecoy(at))];
}
