// Names of policies: each form opens what it says, every other name is told in one line.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { InputError } from '../episode/input.ts';
import { generateScenario } from '../world/generate/generate.ts';
import { loadWorlds } from '../world/world.ts';
import { openActor, openSpeaker, parsePolicy } from './named.ts';
import { SCRIPTED } from './scripted.ts';

before(loadWorlds);

test('every script and every directory has a name', () => {
  for (const script of SCRIPTED) assert.deepEqual(parsePolicy(`scripted:${script}`), { kind: 'scripted', script });
  assert.deepEqual(parsePolicy('local:runs/a:b'), { kind: 'local', directory: 'runs/a:b' });
});

test('a chat model is named with its address', () => {
  assert.deepEqual(parsePolicy('chat:a/b@http://h:1/v1'), { kind: 'chat', target: 'a/b@http://h:1/v1' });
});

test('a chat model is not opened without settings', async () => {
  await assert.rejects(openActor('chat:m@http://h/v1', { workers: 1 }), InputError);
  await assert.rejects(openSpeaker('chat:m@http://h/v1', { threads: 1 }), InputError);
});

test('an unknown name is told with the forms there are', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /^policy "": unknown policy, expected one of scripted:oracle\|/],
    ['oracle', /local:DIR, chat:MODEL@URL/],
    ['scripted:orcale', /did you mean scripted:oracle\?/],
    ['scripted:', /no such script/],
    ['local:', /unknown policy/],
    ['chat:gpt', /^policy "chat:gpt": expected chat:MODEL@http:/],
    ['tinker:m', /expected tinker:MODEL@http/],
  ];
  for (const [name, message] of cases) {
    assert.throws(
      () => parsePolicy(name),
      (error) => error instanceof InputError && message.test(error.message),
      name,
    );
  }
});

test('an actor plays under the name it was given', async () => {
  const actor = await openActor('scripted:oracle', { workers: 1 });
  const scenario = generateScenario(1, 'train', 0);
  const [played] = await actor.play([{ scenario, seed: 3, member: 0 }]);
  assert.deepEqual([played?.episode.policy, played?.episode.error], ['scripted:oracle', null]);
  assert.deepEqual(await actor.play([]), []);
  await actor.close();
});

test('a directory that is no checkpoint is told when it is opened', async () => {
  await assert.rejects(openActor('local:/nowhere', { workers: 1 }), InputError);
  await assert.rejects(openSpeaker('local:/nowhere', { threads: 1 }), InputError);
});
