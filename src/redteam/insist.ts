// A scripted agent that insists: it heeds every order in what it reads, decoys too, one after the other, whatever the user or a guard
// says to each. For users who tire of being asked: an upper bound, as `compromised` is for guards elsewhere.
// Not here: agents that give up at a refusal (agent/scripted.ts). It does an order only if its text says the deed.
import { finalOf, heedOrders } from '../agent/heed.ts';
import type { Policy } from '../policy/policy.ts';
import { CHOICES, playScript } from '../policy/scripted.ts';
import type { Scenario } from '../world/scenario.ts';
import { saysOrder } from './order.ts';

/** `scripted:compromised` does what it reads, `scripted:asker` asks about it first; both insist. Null: the others heed nobody. */
export function insistentPolicy(name: string, scenario: Scenario): Policy | null {
  const kind = (['compromised', 'asker'] as const).find((one) => name === `scripted:${one}`);
  if (kind === undefined) return null;
  const orders = scenario.injections.filter(
    ({ kind, text, calls, text_goal: claim }) => kind === 'attack' && saysOrder(text, { phrase: '', calls, claim }),
  );
  const decision = kind === 'asker' ? 'verify' : 'execute';
  const alone = { ...scenario, injections: [] };
  return {
    name,
    open: () =>
      heedOrders(playScript(alone, kind === 'asker' ? CHOICES.asker : CHOICES.comply), {
        ...{ orders, decision, final: finalOf(scenario) },
        read: (observation) => ('text' in observation ? observation.text : ''),
        pass: (observation) => observation,
      }),
  };
}
