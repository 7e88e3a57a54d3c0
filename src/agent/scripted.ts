// The scripted policies as policies of a scenario: each is told its scenario's script, and reads errors too (heed.ts).

import type { Brief, Policy } from '../policy/policy.ts';
import { CHOICES, type Choices, playIdle, playScript, type Script } from '../policy/scripted.ts';
import type { Scenario } from '../world/scenario.ts';
import { readErrors } from './heed.ts';

/** Names after `scripted:`. */
export const SCRIPTED = ['oracle', 'compromised', 'idle', 'asker', 'comply'] as const;
export type ScriptedName = (typeof SCRIPTED)[number];

/** A scripted policy for one scenario, or for another task that has a script. */
export function scriptedPolicy(name: ScriptedName, script: Script): Policy {
  return {
    name: `scripted:${name}`,
    open: ({ tools }) =>
      name === 'idle'
        ? playIdle()
        : readErrors(playScript(script, CHOICES[name], showTools(tools)), script, CHOICES[name]),
  };
}

/** What is read of tools before the first turn: their descriptions may hold orders too. */
function showTools(tools: Brief['tools']): string {
  return tools.map(({ description }) => description).join('\n');
}

/** A scripted policy with choices of its own. */
export function choosingPolicy(name: string, scenario: Scenario, choices: Choices): Policy {
  return { name, open: () => playScript(scenario, choices) };
}
