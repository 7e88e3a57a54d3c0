// The attackers by name, with what their level of knowledge gives them. A new one is a file and a line here.
import type { Chat } from '../../agent/chat.ts';
import { parsePolicy } from '../../agent/named.ts';
import { InputError } from '../../episode/input.ts';
import type { Defence } from '../arena.ts';
import type { Attacker } from '../attacker.ts';
import type { AttackerName } from '../config.ts';
import type { Level } from '../outcome.ts';
import { ALL_CHANNELS, CHANNELS, type Channel } from '../target.ts';
import { banditAttacker } from './bandit.ts';
import { bestOfAttacker, evolveAttacker } from './evolve.ts';
import { type Ask, chatAttacker, humanAttacker } from './human.ts';
import { screenedAttacker } from './screen.ts';
import { randomAttacker, templateAttacker } from './template.ts';

/** What attackers know and have. `ask`: a person to ask; `openChat`: a model to ask. */
export type Means = {
  readonly seed: number;
  readonly level: Level;
  readonly defence: Defence;
  /** The channels of the targets; left out: the three of every campaign. */
  readonly channels?: readonly Channel[];
  readonly ask?: Ask;
  readonly openChat?: () => Promise<Chat>;
};

/** Opens an attacker for one campaign. Throws InputError where it lacks what it needs. Close it. */
export async function openAttacker(name: AttackerName, means: Means): Promise<Attacker> {
  const attacker = await openPlain(name, means);
  const { guard } = means.defence;
  const drafts = attacker.repeatable && name !== 'gradient' && name !== 'learned';
  return means.level === 'white' && guard !== null && drafts ? screenedAttacker(attacker, guard) : attacker;
}

async function openPlain(
  name: AttackerName,
  { seed, level, defence, channels, ask, openChat }: Means,
): Promise<Attacker> {
  switch (name) {
    case 'random':
      return randomAttacker();
    case 'template':
      return templateAttacker(seed);
    case 'best-of-n':
      return bestOfAttacker();
    case 'evolve':
      return evolveAttacker();
    case 'bandit':
      return banditAttacker();
    case 'learned': {
      const { learnedAttacker } = await import('./learned.ts');
      return learnedAttacker(seed, hasSurfaces(channels) ? ALL_CHANNELS : CHANNELS);
    }
    case 'gradient': {
      if (level !== 'white') throw new InputError('attacker gradient', 'needs the weights, expected --knowledge white');
      const policy = parsePolicy(defence.policy);
      if (policy.kind !== 'local')
        throw new InputError('attacker gradient', `${defence.policy} has no weights here, expected local:DIR`);
      const { gradientAttacker } = await import('./gradient.ts');
      return gradientAttacker(policy.directory);
    }
    case 'human':
      if (ask === undefined) throw new InputError('attacker human', 'has nobody to ask, expected a terminal');
      return humanAttacker(ask);
    case 'chat':
      if (openChat === undefined) throw new InputError('attacker chat', 'has no model, expected --attacker-model');
      return chatAttacker(await openChat());
  }
}

const hasSurfaces = (channels: readonly Channel[] = CHANNELS): boolean =>
  channels.some((channel) => !CHANNELS.some((one) => one === channel));
