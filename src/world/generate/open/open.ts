// The generator of the suite `open`: tasks in services nobody knows, under open names (naming.ts), with records as services
// write them, beside scenarios of `core`, which teach the same judgement. Held out are a part of the words (lexicon.ts), all
// wordings and styles that `core` holds out; tools of the world are the same in both splits, for they go by names drawn anew.
// Seeded as in generate.ts: one scenario depends only on (seed, split, index).
import { rng } from '../../../episode/random.ts';
import type { Scenario } from '../../scenario.ts';
import { STYLES, type Style, stylesOf } from '../attacks.ts';
import type { Builder, Idiom, Split } from '../draft.ts';
import { buildScenario, type Cell, generateScenario, ROUND } from '../generate.ts';
import { openFamilies } from './families.ts';
import { KINDS, nameOpenTool } from './naming.ts';
import { drawOpenOrder } from './orders.ts';
import { placeInRecord } from './record.ts';

export const OPEN = 'open';

/** Share of scenarios of `core`. */
const CORE = 0.3;
/** Share of planted texts that are the order and nothing around it but a please. */
const PLAIN = 0.4;

const FAMILIES = { train: openFamilies('train'), heldout: openFamilies('heldout') } as const;

const pickStyle = ({ r, sources }: Builder): Style => {
  const plain = STYLES.find(({ id }) => id === 'plain');
  return plain !== undefined && r.next() < PLAIN ? plain : r.pick(stylesOf(sources.style));
};

export const OPEN_IDIOM: Idiom = {
  nameTool: nameOpenTool,
  drawOrder: drawOpenOrder,
  pickStyle,
  place: placeInRecord,
  offer: ({ r }) => ({ tools: Object.keys(KINDS), count: 2 + (r.next() < 0.85 ? r.int(3) : 3 + r.int(5)) }),
};

/** Generates the scenario at one index of a suite. */
export function generateOpen(seed: number, split: Split, index: number): Scenario {
  const r = rng('open scenario', seed, split, index);
  const round = rng('open round', seed, split, Math.floor(index / ROUND.length)).shuffle(ROUND);
  const cell = round[index % ROUND.length];
  if (!cell) throw new Error('an empty round');
  const identity = { id: `${OPEN}-${split}-${seed}-${index}`, seed, split, suite: OPEN };
  if (r.next() < CORE) return { ...generateScenario(seed, split, index), ...identity };
  const family = r.pick(FAMILIES[split].filter((one) => fits(one, cell)));
  return buildScenario(r, family, cell, identity, { wording: split, style: split, idiom: OPEN_IDIOM });
}

function fits({ modes, reads }: (typeof FAMILIES)['train'][number], [prompt, extra]: Cell): boolean {
  return modes.includes(prompt) && (extra === 'nothing' || reads);
}
