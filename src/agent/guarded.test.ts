// A guard with a book of approvals: however often policy and guard want to ask, the user is asked so often and no more.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Call } from '../episode/action.ts';
import type { Observation } from '../episode/episode.ts';
import { type Approvals, createApprovals } from '../guard/approval.ts';
import type { Guard } from '../guard/guard.ts';
import type { Policy, Turn } from '../policy/policy.ts';
import { openStage } from '../world/environment.ts';
import { billScenario } from '../world/fixtures.ts';
import { NO_ACCESS } from '../world/mcp/access.ts';
import { loadWorlds } from '../world/world.ts';
import { guardPolicy } from './guarded.ts';
import { runEpisode } from './run-episode.ts';

before(loadWorlds);

const asking: Guard = {
  judgeCall: async () => ({ decision: 'verify', reasons: [{ source: 'test', text: 'ask' }] }),
  judgeText: async (_, text) => ({ action: 'pass', text, reasons: [] }),
};
const pay = (amount: number): Call => ({ name: 'wire_money', arguments: { who: 'Greta', amount } });
const turn = (action: Turn['action']): Turn => ({ think: null, decision: null, action, ended: true, text: '' });

/** An agent that makes these calls, or asks about them, and hears what came of each. */
function pushing(kind: 'call' | 'check', calls: readonly Call[], heard: Observation[] = []): Policy {
  return {
    name: 'pushing',
    open: () => {
      let at = 0;
      return {
        act: async (observation) => {
          if (observation) heard.push(observation);
          const call = calls[at++];
          return turn(call === undefined ? { kind: 'final', text: 'Done.' } : { kind, call });
        },
        close: () => undefined,
      };
    },
  };
}

/** How often the user was asked. */
async function countAsks(policy: Policy, book?: () => Approvals): Promise<number> {
  const scenario = { ...billScenario, maxTurns: 30 };
  const stage = await openStage(scenario, NO_ACCESS, null);
  const guarded = guardPolicy(policy, () => asking, book);
  const { episode } = await runEpisode(guarded, stage, { seed: 1, member: 0, index: 0 });
  assert.equal(episode.error, null);
  return episode.steps.filter(({ action }) => action.kind === 'check').length;
}

const calls = Array.from({ length: 8 }, (_, at) => pay(at + 1));
const bookOf = (asks: number) => () => createApprovals({ now: () => 0, fatigue: { asks, window: 1 } });

test('beyond the limit nobody is asked, neither by the guard nor by the policy; without one, always', async () => {
  for (const kind of ['call', 'check'] as const) {
    assert.equal(await countAsks(pushing(kind, calls)), 8);
    assert.equal(await countAsks(pushing(kind, calls), bookOf(3)), 3, kind);
    assert.equal(await countAsks(pushing(kind, calls), bookOf(8)), 8, kind);
  }
});

test('what was denied is not asked about again, and a question not asked is a no', async () => {
  const heard: Observation[] = [];
  const again = [pay(1), pay(1), pay(1)];
  assert.equal(await countAsks(pushing('call', again), bookOf(9)), 1);
  assert.equal(await countAsks(pushing('check', again, heard), bookOf(9)), 1);
  assert.deepEqual(
    heard.map((one) => one.kind === 'answer' && one.approved),
    [false, false, false],
  );
});

test('each episode has a book of its own', async () => {
  const book = bookOf(2);
  for (const _ of [1, 2]) assert.equal(await countAsks(pushing('call', calls), book), 2);
});
