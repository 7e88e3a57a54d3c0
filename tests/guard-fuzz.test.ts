// A short run of scripts/guard-fuzz.ts: hostile conversations, none of which makes the guard fail. And that the run would see it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growRound, makeRound } from '../scripts/guard-fuzz/hostile.ts';
import { checkRound, timeRound } from '../scripts/guard-fuzz/round.ts';
import { createGuard, type Guard } from '../src/guard/guard.ts';
import { loadLearned } from '../src/guard/learned/open.ts';

test('four hundred hostile conversations are judged without a fault', async () => {
  const guards = [createGuard(), createGuard({ classifiers: [await loadLearned()], results: 'clean' })];
  for (let at = 0; at < 400; at++)
    assert.deepEqual(await checkRound(guards[at % 2]!, makeRound(2, at)), [], `seed 2, round ${at}`);
});

test('a guard that fails, misplaces a span or changes what it passes is seen', async () => {
  const round = makeRound(2, 1);
  const sound = createGuard();
  const faulty: readonly Partial<Guard>[] = [
    { judgeCall: async () => ({ decision: 'refuse', reasons: [{ source: 'guard', text: 'x' }], error: 'broken' }) },
    { judgeCall: async () => ({ decision: 'execute', reasons: [] }) },
    {
      judgeCall: async () => ({
        decision: 'execute',
        reasons: [{ source: 'a', text: 'b', span: { message: 0, start: 0, end: 1e6 } }],
      }),
    },
    { judgeText: async (_, text) => ({ action: 'pass', text: `${text}!`, reasons: [] }) },
    { judgeResult: async () => Promise.reject(new Error('broken')) },
  ];
  assert.deepEqual(await checkRound(sound, round), []);
  for (const [i, part] of faulty.entries()) {
    const found = await checkRound({ ...sound, ...part }, round).catch(() => ['thrown']);
    assert.notDeepEqual(found, [], `fault ${i}`);
  }
});

test('the same seed and number give the same conversation', () => {
  assert.deepEqual(makeRound(5, 77), makeRound(5, 77));
  assert.notDeepEqual(makeRound(5, 77), makeRound(5, 78));
  assert.notDeepEqual(makeRound(5, 77), makeRound(6, 77));
});

test('a round that takes more processor time than its length allows is late, and a grown one is longer', async () => {
  const round = makeRound(2, 1);
  const spin = async (): Promise<readonly string[]> => {
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 1_000_000);
    return ['a fault'];
  };
  const slow = await timeRound(spin, round);
  assert.deepEqual(slow.faults, ['a fault']);
  assert.ok(slow.late);
  assert.equal((await timeRound(async () => [], round)).late, false);
  const grown = growRound(round, 16);
  assert.equal(grown.text.length, 16 * round.text.length);
  assert.deepEqual(await checkRound(createGuard(), grown), []);
});
