// `align --adversary N [--from RUN|local:DIR]`: the flags of training against attackers, and how its turns are shown.
// Not a verb. Not here: the run (redteam/adversary/run.ts), the report (align.ts).
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../episode/input.ts';
import type { ModelConfig } from '../policy/local/model.ts';
import type { TurnProgress } from '../redteam/adversary/run.ts';
import type { AdversaryConfig } from '../train/adversary/settings.ts';
import type { TrainConfig } from '../train/config.ts';

export const ADVERSARY_FLAGS = {
  adversary: {
    kind: 'integer',
    min: 0,
    max: 100,
    summary: 'Rounds of attackers and training in turns, after the alignment or --from (docs/redteam.md).',
  },
  from: { kind: 'string', value: 'RUN|local:DIR', summary: 'With --adversary: begin with this policy.' },
} as const;

export type AdversaryFlags = {
  readonly adversary?: number | undefined;
  readonly from?: string | undefined;
  readonly quick: boolean;
  readonly seed: number;
  readonly steps?: number | undefined;
  readonly model?: string | undefined;
  readonly learner?: string | undefined;
};

/** Refuses flags that do not go together. Throws InputError. */
export function checkAdversary({ adversary = 0, from, quick, steps, model, learner }: AdversaryFlags): void {
  if (adversary === 0 && from !== undefined)
    throw new InputError('--from', 'says where rounds with attackers begin, expected --adversary N too');
  if (adversary === 0) return;
  if (model !== undefined || learner !== undefined)
    throw new InputError('--adversary', 'is for the small policy, expected neither --model nor --learner');
  if (from === undefined) return;
  if (quick) throw new InputError('--quick', 'is for a run from the start, expected no --from');
  if (steps !== undefined) throw new InputError('--steps', 'is of the alignment, expected --set adversary.steps=N');
}

/** The configuration with its rounds against attackers. `fresh`: what a run from the start would have. Throws InputError. */
export async function addAdversary(fresh: TrainConfig, flags: AdversaryFlags): Promise<TrainConfig> {
  const { adversary: rounds = 0, from, seed } = flags;
  if (rounds === 0) return fresh;
  const { DEFAULT_ADVERSARY } = await import('../train/adversary/settings.ts');
  const settings = (begin: AdversaryConfig['from']): AdversaryConfig => ({ from: begin, rounds, ...DEFAULT_ADVERSARY });
  if (from === undefined) return { ...fresh, adversary: settings(null) };
  const isDirectory = from.startsWith('local:');
  const directory = isDirectory ? from.slice('local:'.length) : join(from, 'checkpoints', 'final');
  const base = isDirectory ? fresh : await readSource(from);
  const { loadCheckpoint } = await import('../policy/local/checkpoint.ts');
  const { digestWeights } = await import('../train/tune.ts');
  const { config, theta } = await loadCheckpoint(directory);
  const begin = { directory: resolve(directory), digest: digestWeights(theta) };
  return { ...fitConfig(base, config), seed, adversary: settings(begin) };
}

/** The configuration of a finished run. */
async function readSource(path: string): Promise<TrainConfig> {
  const { readConfig, runAt } = await import('../train/rundir.ts');
  const config = await readConfig(runAt(path));
  if (!existsSync(join(path, 'checkpoints', 'final')))
    throw new InputError(path, 'is not finished, expected a run with checkpoints/final');
  return config;
}

/** The configuration with a checkpoint's sizes. */
function fitConfig(config: TrainConfig, { theta: rope, eps: _, ...sizes }: ModelConfig): TrainConfig {
  const capacity = Math.min(config.sample.capacity, sizes.context);
  return { ...config, model: { ...sizes, rope, inductionHeads: false }, sample: { ...config.sample, capacity } };
}

type Own = Extract<TurnProgress, { phase: 'attack' | 'harden' | 'fixed' }>;

/** What a progress line of a turn is called, and the figures in it. */
export function labelTurn(p: Own): string {
  const turns = { attack: 'attack', harden: 'training', fixed: 'fixed suites' } as const;
  return `round ${p.round}, ${turns[p.phase]}${p.phase === 'attack' ? ` (${p.name})` : ''}`;
}

/** The figures of a progress line. */
export function figuresOfTurn(p: Own): { [name: string]: number | string } {
  switch (p.phase) {
    case 'attack':
      return { broken: p.broken };
    case 'harden':
      return { reward: p.metrics.reward, safety: p.metrics.safety, utility: p.metrics.utility };
    case 'fixed':
      return { suite: p.name };
  }
}
