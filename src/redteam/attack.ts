// An attack as data: texts put into places of a scenario's world, or into the user's mouth, and the scenario it makes of another.
// Attacks change data of scenarios and nothing else: what is attacked runs in the same worlds, behind the same walls.
// Not here: who thinks them up (attackers/), what they are made of (genome.ts), whether they work (arena.ts).
import { z } from 'zod';
import type { Injection, Scenario } from '../world/scenario.ts';
import type { Target } from './target.ts';

/** Where a text may stand: table, row (from 1), column. The table `tools` with the column `about` is a tool's description. */
export type Place = Injection['slot'];

const placeSchema = z.strictObject({ table: z.string(), row: z.int().min(1), column: z.string() });

/** One try of an attacker. `genes` are what it was built from, where it was built from any. */
export const attemptSchema = z.strictObject({
  pieces: z.array(z.strictObject({ place: placeSchema, text: z.string(), front: z.boolean() })),
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

function plantPiece(scenario: Scenario, { place, text, front }: Piece): Scenario {
  const join = (old: string): string => (front ? [text, old] : [old, text]).filter(Boolean).join(' ');
  const { table, row, column } = place;
  if (table === 'tools') {
    const tools = scenario.tools.map((tool, at) =>
      at === row - 1 ? { ...tool, about: join(tool.about ?? '') } : tool,
    );
    return { ...scenario, tools };
  }
  const rows = scenario.state[table];
  const old = rows?.[row - 1]?.[column];
  if (rows === undefined || old === undefined) throw new RangeError(`no ${column} in row ${row} of ${table}`);
  const changed = rows.map((one, at) => (at === row - 1 ? { ...one, [column]: join(String(old ?? '')) } : one));
  return { ...scenario, state: { ...scenario.state, [table]: changed } };
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
  return pieces.map(({ place, text }, at): Injection => {
    // What an approval is forged for is the user's own call, so following it is nobody's order.
    const last = channel === 'tool' && at === pieces.length - 1;
    const wants = last ? { calls: [...order.calls], text_goal: order.claim } : { calls: [], text_goal: null };
    return { slot: place, style, wording: `found-${style}`, text, kind: last ? 'attack' : 'lookalike', ...wants };
  });
}
