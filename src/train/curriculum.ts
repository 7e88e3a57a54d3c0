// Which scenarios a step of training plays: by default the next ones of the suite; on wish more of the families whose groups
// still disagree, and scenarios that failed before, again.
// Sources: sampling by what can be learned, arXiv 2504.05520 (AdaRFT); replay of failures, arXiv
// 1511.05952 (prioritised replay) with scenarios in place of transitions. Everything follows from the seed and from what the
// run recorded, so a resumed run picks what an undisturbed one would have.
import { rng } from '../episode/random.ts';
import type { Scenario } from '../world/scenario.ts';

/** What a step saw of one scenario: its place in the stream of scenarios, its family, and how its group did. */
export type Lived = {
  readonly index: number;
  readonly family: string;
  /** Share of the group's judged members that did right. */
  readonly right: number;
  /** Whether the group's rewards differed. */
  readonly spoke: boolean;
};

/** Shares of a step's scenarios that are chosen otherwise than in turn. */
export type Curriculum = { readonly signal: number; readonly failures: number };

export type Pick = { readonly seed: number; readonly step: number; readonly groups: number };

/** How many alternatives a place chosen by signal looks at. */
const CANDIDATES = 12;
/** Alternatives are taken from far behind the scenarios that come in turn. */
const FAR = 1_000_000;
/** Even a family that says nothing is looked at now and then. */
const LEAST = 0.1;
/** How many of the latest steps failures are taken from. */
const WINDOW = 30;
/** At most this share of a group right: a failure. */
const FAILED = 0.5;

/** The places in the stream of scenarios that a step plays. `at` makes the scenario of a place; `past`: earlier steps. */
export function pickPlaces(
  { seed, step, groups }: Pick,
  { signal, failures }: Curriculum,
  past: readonly (readonly Lived[])[],
  at: (index: number) => Scenario,
): number[] {
  const r = rng('curriculum', seed, step);
  const failed = past.slice(-WINDOW).flatMap((lived) => lived.filter(({ right }) => right <= FAILED));
  const signals = signal > 0 ? countSignal(past) : new Map<string, number>();
  return Array.from({ length: groups }, (_, place) => {
    const index = step * groups + place;
    const u = r.next();
    if (u < failures) return failed.length > 0 ? r.pick(failed).index : index;
    return u < failures + signal ? pickAlike(r.fork('alike', place), index, signals, at) : index;
  });
}

/** Share of each family's groups that said something, later ones counting more. Families never seen are missing. */
export function countSignal(past: readonly (readonly Lived[])[]): Map<string, number> {
  const signals = new Map<string, number>();
  for (const { family, spoke } of past.flat()) {
    const before = signals.get(family) ?? 1;
    signals.set(family, 0.8 * before + (spoke ? 0.2 : 0));
  }
  return signals;
}

/** A scenario with the same labels as the one in turn, drawn by its family's signal. */
function pickAlike(
  r: ReturnType<typeof rng>,
  index: number,
  signals: ReadonlyMap<string, number>,
  at: (index: number) => Scenario,
): number {
  const { labels } = at(index);
  const places = [index, ...Array.from({ length: CANDIDATES }, (_, k) => FAR + index * CANDIDATES + k)];
  const weights = places.map((place) => {
    const scenario = at(place);
    const alike = scenario.labels.prompt === labels.prompt && scenario.labels.response === labels.response;
    return alike ? LEAST + (signals.get(scenario.family) ?? 1) : 0;
  });
  let left = r.next() * weights.reduce((a, b) => a + b, 0);
  const chosen = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return places[chosen] ?? index;
}
