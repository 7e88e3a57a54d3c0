// What holds decisions where they are while facts are taught: at some places of demonstrations where a decision is due the policy is
// taught the one that it took there before the drill (learning without forgetting, arXiv 1606.09282). So the drill neither says what
// is right nor lets what the reward taught be forgotten. Not here: the facts (drill.ts).
import type { Random } from '../../episode/random.ts';
import type { Batch, Datum } from '../../policy/local/batch.ts';
import type { Ids } from '../../policy/local/choose.ts';
import type { Learner } from '../../policy/local/parallel.ts';

/** How a decision's place is known: it is chosen among these, after one of those. */
export type Deciding = { readonly decisions: Ids; readonly cues: ReadonlySet<number> };

/**
 * A datum for each of at most `most` sequences of a batch that decide somewhere: the sequence up to one such place, drawn, and the decision
 * that `start` finds most likely there. Their weights add up to `total`. The learner is left as it is.
 */
export async function anchorDecisions(
  learner: Pick<Learner, 'logps'>,
  start: Float32Array<ArrayBuffer>,
  { data, maskTable = [] }: Batch,
  { decisions, cues }: Deciding,
  { most, total, r }: { readonly most: number; readonly total: number; readonly r: Random },
): Promise<Datum[]> {
  const row = maskTable.findIndex((mask) => mask.join() === decisions.join());
  const places = data.flatMap(({ tokens, masks }) => {
    const due = [...tokens.keys()].filter((at) => masks?.[at] === row && cues.has(tokens[at - 1] ?? -1));
    return row >= 0 && due.length > 0 ? [{ tokens, row, at: r.pick(due) }] : [];
  });
  const chosen = r.shuffle(places).slice(0, most);
  const options = [...decisions];
  const tries = chosen.flatMap((place) => options.map((decision) => decide(place, decision, 1)));
  const logps = await learner.logps({ data: tries, maskTable }, start);
  return chosen.map((place, k) => {
    const own = options.map((_, d) => logps[k * options.length + d]?.at(-1) ?? Number.NEGATIVE_INFINITY);
    return decide(place, options[own.indexOf(Math.max(...own))]!, total / chosen.length);
  });
}

type Place = { readonly tokens: Int32Array; readonly row: number; readonly at: number };

/** The sequence up to a place, with a decision there that alone weighs something. */
function decide({ tokens, row, at }: Place, decision: number, weight: number): Datum {
  const cut = tokens.slice(0, at + 1);
  cut[at] = decision;
  const weights = new Float32Array(at + 1);
  weights[at] = weight;
  const masks = new Int32Array(at + 1).fill(-1);
  masks[at] = row;
  return { tokens: cut, weights, masks };
}
