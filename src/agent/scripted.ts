// The scripted policies as policies of a scenario: each is told its scenario's script.
import { CHOICES, playIdle, playScript, type Choices } from '../policy/scripted.ts';
import type { Policy } from '../policy/policy.ts';
import type { Scenario } from '../world/scenario.ts';

/** Names after `scripted:`. */
export const SCRIPTED = ['oracle', 'compromised', 'idle', 'asker', 'comply'] as const;
export type ScriptedName = (typeof SCRIPTED)[number];

/** A scripted policy for one scenario. */
export function scriptedPolicy(name: ScriptedName, scenario: Scenario): Policy {
  return { name: `scripted:${name}`, open: () => (name === 'idle' ? playIdle() : playScript(scenario, CHOICES[name])) };
}

/** A scripted policy with choices of its own. */
export function choosingPolicy(name: string, scenario: Scenario, choices: Choices): Policy {
  return { name, open: () => playScript(scenario, choices) };
}
