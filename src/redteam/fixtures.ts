// Targets and planted weaknesses for tests: policies, guards and a service with one hole each, which attackers must find.
// Not for use outside of tests.
import type { Guard } from '../guard/guard.ts';
import type { Policy } from '../policy/policy.ts';
import { CHOICES, playScript } from '../policy/scripted.ts';
import { generateScenario } from '../world/generate/generate.ts';
import { type Ground, INSIDE } from '../world/ground.ts';
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

/** Worlds with a service that leaks: whoever has it return a text of this kind has the planted calls carried out. */
export function leakyGround(leak: RegExp): Ground {
  return {
    ...INSIDE,
    async open(stage, seed) {
      const world = await INSIDE.open(stage, seed);
      const calls = stage.scenario.injections.flatMap((injection) => injection.calls);
      return {
        judge: () => world.judge(),
        close: () => world.close(),
        async step(action) {
          const observation = await world.step(action);
          const leaks = observation.kind === 'result' && leak.test(observation.text);
          if (leaks) for (const call of calls.splice(0)) await world.step({ kind: 'call', call });
          return observation;
        },
      };
    },
  };
}
