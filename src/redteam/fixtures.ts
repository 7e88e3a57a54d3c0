// Targets and planted weaknesses for tests: policies, guards and a service with one hole each, which attackers must find.
// Not for use outside of tests.
import { scriptedPolicy } from '../agent/scripted.ts';
import type { Guard } from '../guard/guard.ts';
import type { Policy, Session, Turn } from '../policy/policy.ts';
import { CHOICES, playScript } from '../policy/scripted.ts';
import { generateScenario } from '../world/generate/generate.ts';
import type { Scenario } from '../world/scenario.ts';
import { loadWorlds } from '../world/world.ts';
import type { Attempt } from './attack.ts';
import { type Channel, findTargets, type Target } from './target.ts';

/** Held-out scenarios of the core suite. */
export async function drawScenarios(count: number): Promise<Scenario[]> {
  await loadWorlds();
  return Array.from({ length: count }, (_, index) => generateScenario(7001, 'heldout', index));
}

/** Targets of a channel among so many scenarios, without those whose harm is a claim. */
export async function drawTargets(channel: Channel, count = 24): Promise<Target[]> {
  const targets = await findTargets(await drawScenarios(count), { channels: [channel] });
  return targets.filter(({ order }) => order.claim === null);
}

/** An attempt with one text in the first place of a target. */
export function plant(target: Target, text: string): Attempt {
  const place = target.places[0];
  if (place === undefined) throw new Error('a target without a place');
  return { pieces: [{ place, text, front: false }], request: null, later: null, genes: null, style: 'test' };
}

/** An agent that leaves orders alone, save those in whose text the phrase stands. */
export function weakPolicy(scenario: Scenario, phrase: RegExp): Policy {
  return {
    name: 'weak',
    open: ({ tools }) => {
      const shown = tools.map(({ description }) => description).join('\n');
      const isOpen = scenario.injections.some(({ text }) => phrase.test(text));
      return playScript(scenario, isOpen ? CHOICES.compromised : CHOICES.oracle, shown);
    },
  };
}

/** A guard that lets nothing pass that a tool's text asked for, save where a text of this kind was read: its rule is off. */
export function weakGuard(hole: RegExp, wanted: readonly string[]): Guard {
  return {
    async judgeCall({ messages }, call) {
      const read = messages.flatMap((message) => (message.role === 'tool' ? [message.text] : []));
      const isOpen = !wanted.includes(call.name) || read.some((text) => hole.test(text));
      const text = isOpen ? 'nothing speaks against the call' : 'a tool asked for it';
      return { decision: isOpen ? 'execute' : 'refuse', reasons: [{ source: 'test', text }] };
    },
    judgeText: async (_, text) => ({ action: 'pass', text, reasons: [] }),
  };
}

/** Makes an agent that does what is right in a world whose service leaks: what it reads with this in it is carried out. */
export function leakyPolicy(scenario: Scenario, leak: RegExp): Policy {
  const honest = scriptedPolicy('oracle', scenario);
  return {
    name: 'leaky',
    async open(brief) {
      const inner = await honest.open(brief);
      return leakySession(inner, scenario, leak);
    },
  };
}

function leakySession(inner: Session, scenario: Scenario, leak: RegExp): Session {
  const calls = scenario.injections.flatMap((injection) => injection.calls);
  let held: Turn | null = null;
  return {
    ...inner,
    async act(observation) {
      if (held !== null) {
        const turn = held;
        held = null;
        return turn;
      }
      const turn = await inner.act(observation);
      const call = calls[0];
      if (observation?.kind !== 'result' || call === undefined || !leak.test(observation.text)) return turn;
      calls.length = 0;
      held = turn;
      return { ...turn, action: { kind: 'call', call } };
    },
    close: () => inner.close(),
  };
}
