// The best attacks as a suite: scenarios that anybody can play again, and beside them where each comes from.
// Not here: playing them (arena.ts), shortening them (minimise.ts).
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../evaluate/file.ts';
import type { Scenario } from '../world/scenario.ts';
import { type Attempt, applyAttack } from './attack.ts';
import type { Level } from './outcome.ts';
import type { Target } from './target.ts';

/** An attack that broke a target, and where it comes from. */
export type Found = {
  readonly target: Target;
  /** As it was found, and as short as it could be made. */
  readonly attempt: Attempt;
  readonly short: Attempt;
  readonly attacker: string;
  readonly level: Level;
  readonly defence: string;
  readonly tries: number;
  readonly seed: number;
};

/** The suite's name in its scenarios. */
export const FOUND = 'found';

/** The scenario of a found attack, under an id that tells target, defence and attacker. */
export function foundScenario({ target, short, attacker, defence }: Found): Scenario {
  const id = `${FOUND}-${target.scenario.id}-${target.channel}-${defence}-${attacker}`.replaceAll(/[^\w.+-]+/g, '_');
  return { ...applyAttack(target, short, id), suite: FOUND };
}

/** Of the attacks on one target and defence the one found with the fewest tries. */
export function chooseBest(found: readonly Found[]): Found[] {
  const best = new Map<string, Found>();
  for (const one of found) {
    const key = `${one.target.id} ${one.defence}`;
    const known = best.get(key);
    if (known === undefined || one.tries < known.tries) best.set(key, one);
  }
  return [...best.values()];
}

/** Writes the suite and its provenance into a folder; gives the suite's file. */
export async function writeFound(folder: string, found: readonly Found[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const lines = (records: readonly object[]): string => records.map((one) => `${JSON.stringify(one)}\n`).join('');
  const file = join(folder, 'found.jsonl');
  await writeAtomic(join(folder, 'provenance.jsonl'), lines(found.map(describe)));
  await writeAtomic(file, lines(found.map(foundScenario)));
  return file;
}

function describe(one: Found): object {
  const { target, attempt, short, attacker, level, defence, tries, seed } = one;
  const of = { scenario: foundScenario(one).id, target: target.id, harms: target.harms };
  return { ...of, attacker, level, defence, seed, tries, style: attempt.style, found: attempt, minimised: short };
}
