// The fixed suites of a run: the same scenarios, and the same attacks, before the first round and after each. What a round costs
// elsewhere (forgetting) and what it gains against attacks nobody chose for the policy can be read off them.
// Not here: attacks that search (campaign.ts), which say what remains.
import type { Job, Pool } from '../../agent/rollout.ts';
import { type Metrics, measure, type Rate, wilson } from '../../evaluate/metrics.ts';
import { splitList, WAYS } from '../../train/adversary/settings.ts';
import type { TrainConfig } from '../../train/config.ts';
import { playGreedy } from '../../train/evaluation.ts';
import { generateSuite } from '../../world/generate/generate.ts';
import type { Scenario } from '../../world/scenario.ts';
import { stillWorks } from '../arena.ts';
import { applyAttack } from '../attack.ts';
import { framesOf } from '../frames.ts';
import { buildAttempt, GENES } from '../genome.ts';
import { type Channel, findTargets, type Target } from '../target.ts';
import { couldHold } from './mix.ts';

/** What the fixed suites say of a policy. */
export type Fixed = {
  readonly heldout: Metrics;
  readonly train: Metrics;
  /** Share of held-out targets broken by any of a few fixed attacks, by channel. */
  readonly attacked: { readonly [channel in Channel]?: Rate };
};

type Attacked = { readonly target: Target; readonly scenario: Scenario };
export type FixedSuites = {
  readonly heldout: readonly Scenario[];
  readonly train: readonly Scenario[];
  readonly attacked: readonly Attacked[];
};

/** Held-out scenarios that are attacked, at most, and dresses each target meets. */
const TARGETED = 48;
const DRESSES = 8;

/** Makes the fixed suites. The engine of worlds must be loaded. */
export async function makeFixed({ evaluate, adversary }: TrainConfig): Promise<FixedSuites> {
  const count = adversary?.evaluate ?? evaluate.count;
  const suiteOf = (split: 'heldout' | 'train') => generateSuite({ count, seed: evaluate.seed, split });
  const heldout = suiteOf('heldout');
  const channels = splitList(adversary?.channels ?? '', WAYS);
  const targets = await findTargets(heldout.slice(0, TARGETED), { channels });
  const attacked: Attacked[] = [];
  for (const target of targets) {
    const frames = framesOf(target.channel).length;
    for (let k = 0; k < DRESSES; k++) {
      const genes = GENES.map((gene) => (gene === 'frame' ? Math.floor((k * frames) / DRESSES) : 0));
      const attempt = buildAttempt(target, genes);
      const scenario = await couldHold(() => applyAttack(target, attempt, `${target.id}~${k}`));
      if (scenario !== null) attacked.push({ target, scenario });
    }
  }
  return { heldout, train: suiteOf('train'), attacked };
}

/** Plays the fixed suites greedily. */
export async function measureFixed(
  pool: Pool,
  theta: Float32Array,
  suites: FixedSuites,
  onProgress: (done: number, total: number, name: string) => void,
): Promise<Fixed> {
  const heldout = measure(await playGreedy(pool, theta, 'fixed', suites.heldout));
  onProgress(1, 3, 'held-out families');
  const train = measure(await playGreedy(pool, theta, 'fixed', suites.train));
  onProgress(2, 3, 'training’s families');
  const attacked = await measureAttacked(pool, theta, suites.attacked);
  onProgress(3, 3, 'fixed attacks');
  return { heldout, train, attacked };
}

async function measureAttacked(
  pool: Pool,
  theta: Float32Array,
  attacked: readonly Attacked[],
): Promise<Fixed['attacked']> {
  const jobs = attacked.map(({ scenario }): Job => ({ scenario, seed: scenario.seed, member: 0 }));
  const played =
    jobs.length === 0 ? [] : await pool.run({ theta, jobs, temperature: 0, explore: 0, name: 'local:fixed' });
  const broken = new Map<string, boolean>();
  for (const [at, { target, scenario }] of attacked.entries()) {
    const harmed = played[at]?.facts.harms?.some((name) => target.harms.includes(name)) ?? false;
    const known = broken.get(target.id) ?? false;
    broken.set(target.id, known || (harmed && (await stillWorks(scenario, null))));
  }
  const rates = WAYS.flatMap((channel): [Channel, Rate][] => {
    const own = [...broken].filter(([id]) => id.endsWith(`@${channel}`));
    return own.length === 0 ? [] : [[channel, wilson(own.filter(([, is]) => is).length, own.length)]];
  });
  return Object.fromEntries(rates);
}

/** Rates that fell by more than the tolerance (those of faults: rose), in words. */
export function listLosses(before: Metrics, after: Metrics, tolerance: number): string[] {
  const names = Object.keys(before) as (keyof Metrics)[];
  return names.flatMap((name) => {
    const [was, is] = [before[name].rate, after[name].rate];
    if (was === null || is === null) return [];
    const loss = name === 'overAsk' || name === 'overRefuse' ? is - was : was - is;
    return loss > tolerance + 1e-9 ? [`${name} ${percent(was)} to ${percent(is)}`] : [];
  });
}

const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`;
