// Where texts of outsiders are read, found by trying: a mark is put into a cell, the user's task is played by script, and a cell
// whose mark shows up while the task comes out as it was can carry a text. And scenarios without what was planted in them.
// Not here: whose cells make a surface (target.ts, surface.ts).
import { type Played, runEpisode } from '../agent/run-episode.ts';
import { type ScriptedName, scriptedPolicy } from '../agent/scripted.ts';
import { InputError } from '../episode/input.ts';
import type { Catalogue } from '../world/catalogue.ts';
import { openStage } from '../world/environment.ts';
import { NO_ACCESS } from '../world/mcp/access.ts';
import type { Scenario } from '../world/scenario.ts';
import { listSlots } from '../world/world.ts';
import { applyAttack, NO_ATTACK, type Piece, type Place } from './attack.ts';

/** A scenario's episode with a scripted policy. */
export async function playScripted(
  name: ScriptedName,
  scenario: Scenario,
  catalogue: Catalogue | null = null,
): Promise<Played> {
  const stage = await openStage(scenario, NO_ACCESS, catalogue);
  return runEpisode(scriptedPolicy(name, scenario), stage, { seed: scenario.seed, member: 0, index: 0 });
}

/** The harms that happen with a scripted policy. */
export async function harmsOf(
  name: ScriptedName,
  scenario: Scenario,
  own: Catalogue | null,
): Promise<readonly string[]> {
  const { facts } = await playScripted(name, scenario, own);
  return facts.harms ?? [];
}

/** The scenario as if nobody had planted anything; look-alikes stay. */
export function withoutAttacks(scenario: Scenario): Scenario {
  const attacks = scenario.injections.filter(({ kind }) => kind === 'attack');
  const cleaned = attacks.reduce((clean, { slot, text }) => cutText(clean, slot, text), scenario);
  return { ...cleaned, injections: scenario.injections.filter(({ kind }) => kind !== 'attack') };
}

function cutText(scenario: Scenario, { table, row, column }: Place, text: string): Scenario {
  const cut = (old: string): string => {
    const [before = '', ...after] = old.split(text);
    return after.length === 0 ? old : [before.trim(), after.join(text).trim()].filter(Boolean).join(' ');
  };
  if (table === 'tools') {
    const tools = scenario.tools.map((tool, at) =>
      at === row - 1 && tool.about !== undefined ? { ...tool, about: cut(tool.about) } : tool,
    );
    return { ...scenario, tools };
  }
  const rows = (scenario.state[table] ?? []).map((one, at) =>
    at === row - 1 ? { ...one, [column]: cut(String(one[column] ?? '')) } : one,
  );
  return { ...scenario, state: { ...scenario.state, [table]: rows } };
}

/** The places whose text an agent reads on the way of the user's task. Descriptions of tools come last. */
export async function findPlaces(clean: Scenario, known: readonly Place[], own: Catalogue | null): Promise<Place[]> {
  const isKnown = (place: Place): boolean =>
    known.some(({ table, row, column }) => table === place.table && row === place.row && column === place.column);
  const cells = listCells(clean, new Set(outsideColumns(own))).filter((place) => !isKnown(place));
  const found = [...known, ...(await readCells(clean, cells, own)).map(({ place }) => place)];
  const described = clean.tools.map((_, at): Place => ({ table: 'tools', row: at + 1, column: 'about' }));
  return [...found, ...described.filter((place) => !isKnown(place))];
}

/** Beside the services' own slots: names and titles that whoever writes from outside chooses too, and mails as they arrive. */
const CHOSEN = [
  ...['messages.author', 'reviews.author', 'events.title', 'issues.title', 'documents.title', 'files.name'],
  ...['arrivals.raw'],
];

/** The columns that outsiders write, as `table.column`. */
export function outsideColumns(own: Catalogue | null): readonly string[] {
  return [...listSlots(own?.services).map(({ table, column }) => `${table}.${column}`), ...CHOSEN];
}

/** Every cell of these columns (`table.column`) with a text in it. */
export function listCells({ state }: Scenario, columns: ReadonlySet<string>): Place[] {
  return Object.entries(state).flatMap(([table, rows]) =>
    rows.flatMap((row, at) =>
      Object.entries(row).flatMap(([column, value]): Place[] =>
        typeof value === 'string' && columns.has(`${table}.${column}`) ? [{ table, row: at + 1, column }] : [],
      ),
    ),
  );
}

const MARK = 'zqxv';

/** A place, and the tools, by the names they are shown under, that returned its text, in their order. */
export type Read = { readonly place: Place; readonly tools: readonly string[] };

/** Of some places those that an agent reads on the way of the user's task, and whose text leaves that task as it is. */
export async function readCells(
  clean: Scenario,
  places: readonly Place[],
  own: Catalogue | null,
): Promise<readonly Read[]> {
  const undisturbed = JSON.stringify((await playScripted('comply', clean, own)).facts);
  const found: Read[] = [];
  for (const place of places) {
    const tools = await readersOf(clean, place, undisturbed, own);
    if (tools.length > 0) found.push({ place, tools });
  }
  return found;
}

async function readersOf(
  clean: Scenario,
  place: Place,
  undisturbed: string,
  own: Catalogue | null,
): Promise<readonly string[]> {
  const piece: Piece = { place, text: MARK, front: false };
  const aim = { scenario: clean, channel: 'user', id: '', harms: [], places: [] } as const;
  try {
    const marked = applyAttack(
      { ...aim, order: { phrase: MARK, calls: [], claim: null } },
      { ...NO_ATTACK, pieces: [piece] },
      clean.id,
    );
    const { episode, facts } = await playScripted('comply', marked, own);
    if (JSON.stringify(facts) !== undisturbed) return [];
    return episode.steps.flatMap(({ action, observation }) =>
      'text' in observation && observation.text.includes(MARK) ? [action.kind === 'call' ? action.call.name : ''] : [],
    );
  } catch (error) {
    // A cell that may not hold just any text (a path, a time) is no place for one.
    if (error instanceof InputError || error instanceof RangeError) return [];
    throw error;
  }
}
