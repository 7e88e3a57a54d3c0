// Where scenarios are found: made again from an episode's id, or in files (those named at the start, and those that runs have left
// in their folder `scenarios`). A scenario is the episode's only if it asks the same with the same tools: an id alone may lie.
import { stat } from 'node:fs/promises';
import { canonical } from '../episode/action.ts';
import type { Episode } from '../episode/episode.ts';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { regenerateScenario } from '../evaluate/replay.ts';
import { AXES, generateAxis } from '../world/generate/axes.ts';
import { type Scenario, scenarioSchema } from '../world/scenario.ts';
import { loadWorlds } from '../world/world.ts';
import { findRuns, findSuites, readPlain, type SuiteFile } from './files.ts';

/** The most scenarios and bytes of a file that are read. */
export const MOST_SCENARIOS = 5000;
const MOST_BYTES = 256_000_000;
/** Files whose scenarios are kept between requests. */
const MOST_KEPT = 16;

export type Shelf = {
  /** The files there are, those named at the start first. */
  list(): Promise<readonly SuiteFile[]>;
  /** The scenarios of a file by its name; null where there is none. Throws InputError naming the first line that is none. */
  open(name: string): Promise<readonly Scenario[] | null>;
  /** The scenario an episode was played on; null where none is at hand. */
  find(episode: Episode): Promise<Scenario | null>;
};

/** Opens the scenarios of some files and of the runs below a root. Nothing is read before it is asked for. */
export function openShelf(root: string, files: readonly string[]): Shelf {
  const kept = new Map<string, { readonly mark: string; readonly scenarios: readonly Scenario[] }>();
  const named = files.map((path): SuiteFile => ({ name: path, path }));
  const list = async (): Promise<readonly SuiteFile[]> => [...named, ...(await findSuites(await findRuns(root)))];
  const load = async ({ name, path }: SuiteFile): Promise<readonly Scenario[]> => {
    const { size = 0, mtimeMs = 0 } = (await stat(path).catch(() => null)) ?? {};
    const mark = `${size} ${mtimeMs}`;
    const known = kept.get(path);
    if (known?.mark === mark) return known.scenarios;
    const scenarios = await readSuite(path, name);
    kept.set(path, { mark, scenarios });
    for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) kept.delete(old);
    return scenarios;
  };
  return {
    list,
    async open(name) {
      const file = (await list()).find((one) => one.name === name);
      return file === undefined ? null : load(file);
    },
    async find(episode) {
      await loadWorlds();
      const made = makeAgain(episode.scenario);
      if (made !== null && isOf(made, episode)) return made;
      for (const file of await list()) {
        // A file that cannot be read is told where it is browsed; here it only holds nothing.
        const scenarios = await load(file).catch(() => []);
        const found = scenarios.find((one) => one.id === episode.scenario && isOf(one, episode));
        if (found !== undefined) return found;
      }
      return null;
    },
  };
}

function isOf({ request, tools }: Scenario, episode: Episode): boolean {
  return request === episode.request && canonical(tools.map(({ as }) => as)) === canonical(episode.tools);
}

/** The scenario of an id of the generators, those of a study's axes too. */
function makeAgain(id: string): Scenario | null {
  const [, name, seed, index] = /^core-(\w+)-(\d{1,15})-(\d{1,5})$/.exec(id) ?? [];
  const axis = AXES.find((one) => one === name);
  if (axis === undefined) return regenerateScenario(id);
  return generateAxis(axis, { count: Number(index) + 1, seed: Number(seed) }).at(-1) ?? null;
}

/** The scenarios of a file. Throws InputError naming the first line that is none. */
async function readSuite(path: string, name: string): Promise<readonly Scenario[]> {
  const text = await readPlain(path, MOST_BYTES);
  if (text === null) throw new InputError(name, 'no such file');
  const lines = text.split('\n').map((line, at) => ({ line, where: `${name}:${at + 1}` }));
  const whole = lines.filter(({ line }) => line.trim() !== '').slice(0, MOST_SCENARIOS);
  return whole.map(({ line, where }) => checkInput(scenarioSchema, parseJson(line, where), where));
}
