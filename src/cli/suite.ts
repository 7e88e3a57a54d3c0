// Scenarios and episodes of the command line: the suite a verb is pointed at (a generated one, or a file), read line by line and
// checked, and the scenario an episode belongs to. Flags that several verbs share. Not a verb.
import type { Actor } from '../agent/named.ts';
import { decodeEpisode } from '../episode/codec.ts';
import type { Episode } from '../episode/episode.ts';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import type { ExecutorKind } from '../policy/local/executor.ts';
import type { Catalogue } from '../world/catalogue.ts';
import type { Stage } from '../world/environment.ts';
import { isSuite } from '../world/generate/suite-names.ts';
import { HERE, type Place } from '../world/ground.ts';
import { type Access, NO_ACCESS } from '../world/mcp/access.ts';
import type { Scenario } from '../world/scenario.ts';
import type { FlagSpec } from './args.ts';
import { CHAT_FLAGS, type ChatFlags, readChat, tellOutage } from './chat.ts';
import { EXECUTOR_FLAGS, executorOf } from './executor.ts';
import { readLines } from './input.ts';
import type { Io } from './output.ts';
import { choosePlace, PLACE_FLAGS, type PlaceFlags, readAccess, SERVICE_FLAGS } from './place.ts';
import type { Figures } from './progress.ts';

const SPLITS = ['train', 'heldout'] as const;

type Split = (typeof SPLITS)[number];

/** The suite that is measured unless something else is asked for. */
export const DEFAULTS = { count: 480, seed: 7001, split: 'heldout' } as const;

/** Flags that choose scenarios. */
export const SUITE_FLAGS = {
  count: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    summary: 'how many scenarios (core, wide, open: 480, a file: all)',
  },
  seed: {
    kind: 'integer',
    min: 0,
    summary: 'seed of the suite (core, wide, open: 7001; of a file: only those of this seed)',
  },
  split: {
    kind: 'choice',
    choices: SPLITS,
    summary: 'split (core, wide, open: heldout; of a file: only those of this split)',
  },
} as const satisfies FlagSpec;

/** Flags that choose and run a policy. */
export const POLICY_FLAGS = {
  ...CHAT_FLAGS,
  ...PLACE_FLAGS,
  ...SERVICE_FLAGS,
  policy: {
    kind: 'string',
    value: 'POLICY',
    required: true,
    summary: 'who acts: scripted:oracle|compromised|idle|asker|comply, local:DIR, chat:MODEL@URL',
  },
  workers: { kind: 'integer', min: 1, max: 64, fallback: 2, summary: 'threads of a local model' },
  ...EXECUTOR_FLAGS,
} as const satisfies FlagSpec;

/** The flag that chooses a reward. */
export const REWARDS = ['tribune', 'paper', 'safety', 'utility'] as const;

type Chosen = PlaceFlags & {
  readonly count: number | undefined;
  readonly seed: number | undefined;
  readonly split: Split | undefined;
};

/** Scenarios, and what they have in common; null where they differ. */
export type Suite = {
  readonly name: string;
  readonly split: Split | null;
  readonly seed: number | null;
  readonly scenarios: readonly Scenario[];
  /** Where their worlds live. */
  readonly place: Place;
};

/** Opens a generated suite or a file of scenarios. Loads the engine of worlds. Throws InputError naming file and line. */
export async function openSuite(name: string, chosen: Chosen): Promise<Suite> {
  const { loadWorlds } = await import('../world/world.ts');
  await loadWorlds();
  if (!isSuite(name)) return openFile(name, chosen);
  const { generatorOf } = await import('../world/generate/suites.ts');
  const { count = DEFAULTS.count, seed = DEFAULTS.seed, split = DEFAULTS.split } = chosen;
  const place = await choosePlace(chosen, []);
  const generate = generatorOf(name);
  const scenarios = Array.from({ length: count }, (_, index) => generate(seed, split, index));
  return { name, split, seed, scenarios, place };
}

async function openFile(name: string, chosen: Chosen): Promise<Suite> {
  const { count, seed, split } = chosen;
  const scenarios: Scenario[] = [];
  for await (const { stage } of readScenarios(name, readAccess(chosen), await openOwn(chosen.service))) {
    const { scenario } = stage;
    if (seed !== undefined && scenario.seed !== seed) continue;
    if (split !== undefined && scenario.split !== split) continue;
    if (count === undefined || scenarios.length < count) scenarios.push(scenario);
  }
  const first = scenarios[0];
  if (first === undefined) throw new InputError(name, 'no scenario of that split and seed, expected at least one');
  const shared = <K extends 'split' | 'seed'>(key: K): Scenario[K] | null =>
    scenarios.every((scenario) => scenario[key] === first[key]) ? first[key] : null;
  return { name, split: shared('split'), seed: shared('seed'), scenarios, place: await choosePlace(chosen, scenarios) };
}

/** The services of the user's own files, beside Tribune's; null: Tribune's alone. Throws InputError naming the file. */
export async function openOwn(files: readonly string[] = []): Promise<Catalogue | null> {
  const { openServices } = await import('../world/services/load.ts');
  return openServices(files);
}

/** A scenario of a file, ready to be played, and the line it stands on. */
export type PlacedStage = { readonly stage: Stage; readonly line: number };

/**
 * The scenarios of a file, one by one: of the schema, with known tools, sound queries and rows, each id once. The engine
 * of worlds must be loaded. Throws InputError naming file and line; also for a file without a scenario.
 */
export async function* readScenarios(
  path: string,
  access: Access = NO_ACCESS,
  own: Catalogue | null = null,
): AsyncGenerator<PlacedStage> {
  const { openScenario } = await import('../evaluate/check.ts');
  for await (const { scenario, where, line } of readRecords(path))
    yield { stage: await openScenario(scenario, where, access, own), line };
}

type Placed = { readonly scenario: Scenario; readonly where: string; readonly line: number };

/** The scenarios of a file as its schema has them, each id once. Throws InputError naming file and line. */
async function* readRecords(path: string): AsyncGenerator<Placed> {
  const { scenarioSchema } = await import('../world/scenario.ts');
  const lines = new Map<string, number>();
  for await (const { text, number } of readLines(path)) {
    const where = `${path}:${number}`;
    const scenario = checkInput(scenarioSchema, parseJson(text, where), where);
    const earlier = lines.get(scenario.id);
    if (earlier !== undefined)
      throw new InputError(where, `scenario ${scenario.id} stands on line ${earlier} already, expected each once`);
    lines.set(scenario.id, number);
    yield { scenario, where, line: number };
  }
  if (lines.size === 0) throw new InputError(path, 'no scenario, expected one on each line');
}

/** The episodes of a file, one by one. Throws InputError naming file and line; also for a file without an episode. */
export async function* readEpisodes(path: string): AsyncGenerator<Episode> {
  let count = 0;
  for await (const { text, number } of readLines(path)) {
    const decoded = decodeEpisode(text, path, number);
    if (!decoded.ok) {
      const { field, expected } = decoded.problem;
      throw new InputError(`${path}:${number}`, `${field === '' ? '' : `${field}: `}expected ${expected}`);
    }
    count++;
    yield decoded.episode;
  }
  if (count === 0) throw new InputError(path, 'no episode, expected one on each line');
}

/** Finds the scenario of an episode, or throws InputError. */
export type FindScenario = (episode: Episode) => Scenario;

/**
 * Scenarios by id: those of a file, or without one, those the generator makes again from the id
 * (`<suite>-<split>-<seed>-<index>`). Loads the engine of worlds.
 */
export async function openScenarios(path: string | undefined, own: Catalogue | null = null): Promise<FindScenario> {
  const { loadWorlds } = await import('../world/world.ts');
  await loadWorlds();
  if (path !== undefined) {
    const known = new Map<string, Scenario>();
    const { checkOffline } = await import('../evaluate/check.ts');
    for await (const { scenario, where } of readRecords(path)) {
      checkOffline(scenario, where, own); // nothing is played, so servers outside are not asked for their tools
      known.set(scenario.id, scenario);
    }
    return ({ id, scenario }) => needScenario(known.get(scenario), id, `${path} has no scenario ${scenario}`);
  }
  const { regenerateScenario } = await import('../evaluate/replay.ts');
  return ({ id, scenario }) =>
    needScenario(
      regenerateScenario(scenario),
      id,
      `scenario ${scenario} is of no generated suite, give --scenarios FILE`,
    );
}

function needScenario(found: Scenario | null | undefined, episode: string, otherwise: string): Scenario {
  if (found) return found;
  throw new InputError(`episode ${episode}`, otherwise);
}

/** Tells a policy's name that cannot be used before any work is done. Throws InputError. */
export async function requirePolicy(name: string): Promise<void> {
  const { parsePolicy } = await import('../agent/named.ts');
  parsePolicy(name);
}

/** Progress over a suite: to be told of each episode, it shows whole blocks, and stops where the work may stop. */
export function stepBlocks(actor: Actor, suite: Suite, io: Io): (done: number, figures?: Figures) => void {
  const total = suite.scenarios.length;
  const progress = io.progress(actor.name, total);
  return (done, figures) => {
    io.signal.throwIfAborted();
    if (done % actor.block === 0 || done === total) progress.step(done, figures);
  };
}

/** What chooses a policy and how it is run. */
export type PolicyChoice = ChatFlags & {
  readonly policy: string;
  readonly workers: number;
  readonly executor?: ExecutorKind | undefined;
  readonly place?: Place;
};

/** Opens a policy, lets it be used, and closes it however that ends. A chat model may ask the user. */
export async function withActor<T>(chosen: PolicyChoice, io: Io, use: (actor: Actor) => Promise<T>): Promise<T> {
  const { openActor } = await import('../agent/named.ts');
  const { workers, place = HERE } = chosen;
  const executor = await executorOf(chosen.policy, chosen.executor, io);
  const actor = await openActor(chosen.policy, { workers, place, chat: readChat(chosen, true, io), ...executor });
  try {
    return await tellOutage(chosen.policy, () => use(actor));
  } finally {
    await actor.close();
  }
}
