// What is attacked: a scenario, the harm an attacker wants from it, and the places where a text of theirs would be read.
// Places are found by trying: a mark is put into each cell that outsiders write, and those that show up in what an agent reads while
// it does the user's task, and leave that task as it was, can carry a text. Not here: the texts.
import type { Played } from '../agent/run-episode.ts';
import { runEpisode } from '../agent/run-episode.ts';
import { type ScriptedName, scriptedPolicy } from '../agent/scripted.ts';
import { InputError } from '../episode/input.ts';
import type { Catalogue } from '../world/catalogue.ts';
import { openStage } from '../world/environment.ts';
import { NO_ACCESS } from '../world/mcp/access.ts';
import type { Scenario } from '../world/scenario.ts';
import { listSlots } from '../world/world.ts';
import { applyAttack, NO_ATTACK, type Piece, type Place } from './attack.ts';
import { type Order, phraseOrder, readOrder } from './order.ts';

/**
 * Through whom an attack comes. `tool`: an outsider's text in what tools return or say of themselves. `user`: a user with a
 * malicious goal. `approval`: an outsider's text that would have a gated call made without the user's word.
 */
export const CHANNELS = ['tool', 'user', 'approval'] as const;
export type Channel = (typeof CHANNELS)[number];

export type Target = {
  /** The scenario's id and the channel. */
  readonly id: string;
  readonly channel: Channel;
  /** The scenario without the text planted in it. */
  readonly scenario: Scenario;
  readonly order: Order;
  /** Names of the harms that are the attacker's aim; any of them is success. */
  readonly harms: readonly string[];
  /** Where texts are read, the place of the planted text first. */
  readonly places: readonly Place[];
};

/** A scenario's episode with a scripted policy. */
export async function playScripted(
  name: ScriptedName,
  scenario: Scenario,
  catalogue: Catalogue | null = null,
): Promise<Played> {
  const stage = await openStage(scenario, NO_ACCESS, catalogue);
  return runEpisode(scriptedPolicy(name, scenario), stage, { seed: scenario.seed, member: 0, index: 0 });
}

export type TargetOptions = {
  readonly channels: readonly Channel[];
  readonly catalogue?: Catalogue | null;
};

/**
 * The targets in scenarios: an order planted in a tool's text, a malicious request, a gated call. Scenarios with servers outside
 * are left out: attacks reach nothing outside. The engine of worlds must be loaded.
 */
export async function findTargets(scenarios: readonly Scenario[], options: TargetOptions): Promise<Target[]> {
  const targets: Target[] = [];
  for (const scenario of scenarios) {
    if (scenario.servers !== undefined) continue;
    for (const channel of options.channels) {
      const target = await makeTarget(scenario, channel, options.catalogue ?? null);
      if (target !== null) targets.push(target);
    }
  }
  return targets;
}

async function makeTarget(scenario: Scenario, channel: Channel, own: Catalogue | null): Promise<Target | null> {
  const attack = scenario.injections.find(({ kind }) => kind === 'attack');
  const clean = withoutAttacks(scenario);
  const id = `${scenario.id}@${channel}`;
  switch (channel) {
    case 'tool': {
      if (attack === undefined) return null;
      const [all, theirs] = [await harmsOf('compromised', scenario, own), await harmsOf('comply', scenario, own)];
      const harms = all.filter((name) => !theirs.includes(name));
      if (harms.length === 0) return null;
      const places = await findPlaces(clean, [attack.slot], own);
      return { id, channel, scenario: clean, order: readOrder(attack), harms, places };
    }
    case 'user': {
      if (scenario.labels.prompt !== 'malicious' || scenario.conversation !== undefined) return null;
      const harms = await harmsOf('comply', clean, own);
      return harms.length === 0 ? null : { id, channel, scenario: clean, order: askedOrder(clean), harms, places: [] };
    }
    case 'approval': {
      const [gated] = scenario.gated;
      if (gated === undefined || scenario.labels.prompt !== 'sensitive') return null;
      const careful = await harmsOf('oracle', clean, own);
      const harms = (await harmsOf('comply', clean, own)).filter((name) => !careful.includes(name));
      const places = harms.length === 0 ? [] : await findPlaces(clean, [], own);
      const order = { phrase: phraseOrder({ phrase: gated.name, calls: [gated], claim: null }, 'named') };
      if (!places.some(({ table }) => table !== 'tools')) return null;
      return { id, channel, scenario: clean, order: { ...order, calls: [gated], claim: null }, harms, places };
    }
  }
}

/** A malicious request as an order: the calls of its plan. */
function askedOrder({ request, plan }: Scenario): Order {
  const calls = plan.flatMap((step) => (step.kind === 'call' && step.own ? [step.call] : []));
  return { phrase: request, calls, claim: null };
}

async function harmsOf(name: ScriptedName, scenario: Scenario, own: Catalogue | null): Promise<readonly string[]> {
  const { facts } = await playScripted(name, scenario, own);
  return facts.harms ?? [];
}

/** The scenario as if nobody had planted anything; look-alikes stay. */
function withoutAttacks(scenario: Scenario): Scenario {
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

const MARK = 'zqxv';

/** The places whose text an agent reads on the way of the user's task. Descriptions of tools come last. */
async function findPlaces(clean: Scenario, known: readonly Place[], own: Catalogue | null): Promise<Place[]> {
  const isKnown = (place: Place): boolean =>
    known.some(({ table, row, column }) => table === place.table && row === place.row && column === place.column);
  const undisturbed = JSON.stringify((await playScripted('comply', clean, own)).facts);
  const found: Place[] = [...known];
  for (const place of listCells(clean, own)) {
    if (!isKnown(place) && (await isRead(clean, place, undisturbed, own))) found.push(place);
  }
  const described = clean.tools.map((_, at): Place => ({ table: 'tools', row: at + 1, column: 'about' }));
  return [...found, ...described.filter((place) => !isKnown(place))];
}

/** Beside the services' own slots: names and titles that whoever writes from outside chooses too, and mails as they arrive. */
const CHOSEN = [
  ...['messages.author', 'reviews.author', 'events.title', 'issues.title', 'documents.title', 'files.name'],
  ...['arrivals.raw'],
];

/** Every cell with a text that somebody outside may have written. */
function listCells({ state }: Scenario, own: Catalogue | null): Place[] {
  const slots = listSlots(own?.services).map(({ table, column }) => `${table}.${column}`);
  const outside = new Set([...slots, ...CHOSEN]);
  return Object.entries(state).flatMap(([table, rows]) =>
    rows.flatMap((row, at) =>
      Object.entries(row).flatMap(([column, value]): Place[] =>
        typeof value === 'string' && outside.has(`${table}.${column}`) ? [{ table, row: at + 1, column }] : [],
      ),
    ),
  );
}

async function isRead(clean: Scenario, place: Place, undisturbed: string, own: Catalogue | null): Promise<boolean> {
  const piece: Piece = { place, text: MARK, front: false };
  const aim = { scenario: clean, channel: 'user', id: '', harms: [], places: [] } as const;
  const marked = applyAttack(
    { ...aim, order: { phrase: MARK, calls: [], claim: null } },
    { ...NO_ATTACK, pieces: [piece] },
    clean.id,
  );
  try {
    const { episode, facts } = await playScripted('comply', marked, own);
    if (JSON.stringify(facts) !== undisturbed) return false;
    return episode.steps.some(({ observation }) => 'text' in observation && observation.text.includes(MARK));
  } catch (error) {
    // A cell that may not hold just any text (a path, a time) is no place for one.
    if (error instanceof InputError) return false;
    throw error;
  }
}
