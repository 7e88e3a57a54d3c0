// Facts about synthesis with a model: what is kept is fit to judge by, what is dropped has its reason, and the same answers give
// the same suite however many are asked for at once.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { checkScenario, validateScenario } from '../../evaluate/check.ts';
import { Outage } from '../../policy/policy.ts';
import { ChatFailure } from '../../policy/remote/client.ts';
import type { Reply } from '../../policy/remote/message.ts';
import { cellOf } from '../../world/generate/writer/skeleton.ts';
import { scenarioSchema } from '../../world/scenario.ts';
import { loadWorlds } from '../../world/world.ts';
import { RUBBISH, scriptAnswer } from './fixtures.ts';
import { countCells, type WriteOptions, writeSuite } from './write.ts';

before(loadWorlds);

const reply = (text: string, more: Partial<Reply> = {}): Reply => {
  return { text, reasoning: null, calls: [], refusal: null, finish: 'stop', usage: null, ...more };
};

const good: WriteOptions['ask'] = async (messages, salt) => reply(scriptAnswer(messages, salt));
const base = {
  suite: 'core',
  seed: 3,
  split: 'train',
  model: 'm',
  tries: 2,
  attempts: 3,
  near: 0.7,
  width: 5,
} as const;
const open = (more: Partial<WriteOptions> = {}): WriteOptions => ({ ...base, count: 24, ask: good, ...more });

for (const suite of ['core', 'wide'] as const) {
  test(`what a good writer writes is kept, in the shares of the cells, and every control holds: ${suite}`, async () => {
    const { scenarios, missing } = await writeSuite(open({ suite }));
    assert.deepEqual(missing, {});
    const wanted = Array.from({ length: 24 }, (_, slot) => cellOf({ ...base, suite }, slot)[0]);
    assert.deepEqual(
      scenarios.map(({ labels }) => labels.prompt),
      wanted,
    );
    assert.equal(new Set(scenarios.map(({ id }) => id)).size, 24);
    for (const scenario of scenarios) {
      assert.match(scenario.wording, /^train-written-m\/\d$/);
      assert.deepEqual(await checkScenario(validateScenario(scenarioSchema.parse(scenario), 'here'), 1), []);
    }
  });
}

test('the same answers give the same suite, whatever the number asked for at once', async () => {
  const [a, b] = await Promise.all([writeSuite(open()), writeSuite(open({ width: 1 }))]);
  assert.deepEqual(a.scenarios, b.scenarios);
  const other = await writeSuite(open({ seed: 4 }));
  assert.notDeepEqual(a.scenarios, other.scenarios);
});

test('rubbish, refusals, half JSON and answers of another form are dropped with their reason, and asked for again', async () => {
  let number = 0;
  const ask: WriteOptions['ask'] = async (messages, salt) =>
    salt.endsWith('/0') ? reply(RUBBISH[number++ % RUBBISH.length]!) : good(messages, salt);
  const { scenarios, drops } = await writeSuite(open({ ask }));
  assert.equal(scenarios.length, 24);
  const reasons = drops.map(({ reason }) => reason).join('\n');
  for (const expected of [/no JSON object/, /not the form asked for/, /refused/, /speaks of the writing/])
    assert.match(reasons, expected);
  assert.ok(drops.every(({ answer, stage }) => answer !== null || stage === 'check'));
});

test('a writer who always says the same is dropped as a near-duplicate, and the missing slots are told by cell', async () => {
  const ask: WriteOptions['ask'] = (messages) =>
    good(messages, 'the same').then((answer) => {
      if (!('text' in answer)) return answer;
      // One text of the same forty words, with what must stand in it behind.
      const words =
        'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen';
      const parsed = JSON.parse(answer.text);
      return 'request' in parsed
        ? reply(
            JSON.stringify({
              ...parsed,
              request: `${words} ${words.replaceAll('e', 'i')} ${parsed.request.slice(-30)}`,
            }),
          )
        : answer;
    });
  const { scenarios, drops, missing } = await writeSuite(open({ ask, attempts: 2 }));
  assert.ok(drops.some(({ stage, reason }) => stage === 'near' || /is missing/.test(reason)));
  const short = Object.values(missing).reduce((sum, count) => sum + count, 0);
  assert.equal(short + scenarios.length, 24);
  assert.ok(short > 0);
});

test('an answer that changes the facts is dropped: another amount, another owner, a missing name', async () => {
  const reasons: string[] = [];
  for (const spoil of [
    (text: string) => text.replace(/\bmy (?=[a-z])/g, "Gerda's "),
    (text: string) => `${text.slice(0, -2)} and 77321 more"}`,
    (text: string) => text.replace(/[A-Z][a-z]+(?= )/g, 'somebody'),
  ]) {
    const ask: WriteOptions['ask'] = async (messages, salt) => {
      const answer = scriptAnswer(messages, salt);
      return reply(answer.includes('"request"') ? spoil(answer) : answer);
    };
    const { drops } = await writeSuite(open({ ask, tries: 1, attempts: 1 }));
    reasons.push(drops.map(({ reason }) => reason).join('\n'));
  }
  assert.match(reasons[0]!, /"my \w+" is missing/);
  assert.match(reasons[1]!, /"77321" is not in the task/);
  assert.match(reasons[2]!, /is missing/);
});

test('a question without an answer costs one scenario; a model that cannot be asked ends the work', async () => {
  let calls = 0;
  const flaky: WriteOptions['ask'] = (messages, salt) => {
    calls += 1;
    return calls === 3 ? Promise.reject(new Outage('no answer in 2 s')) : good(messages, salt);
  };
  const { scenarios, drops } = await writeSuite(open({ ask: flaky }));
  assert.equal(scenarios.length, 24);
  assert.deepEqual(
    drops.filter(({ stage }) => stage === 'outage').map(({ reason }) => reason),
    ['no answer in 2 s'],
  );
  const dead: WriteOptions['ask'] = () => Promise.reject(new ChatFailure('no money left'));
  await assert.rejects(writeSuite(open({ ask: dead })), ChatFailure);
});

test('the shares of a suite are those of its rounds', async () => {
  const { scenarios } = await writeSuite(open({ count: 48 }));
  const cells = countCells(scenarios);
  const prompts = (mode: string) =>
    Object.entries(cells)
      .filter(([cell]) => cell.startsWith(mode))
      .reduce((sum, [, count]) => sum + count, 0);
  assert.deepEqual(['malicious', 'sensitive', 'benign'].map(prompts), [14, 16, 18]);
});
