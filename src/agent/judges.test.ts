// Classifiers by name: what opens, what is refused, and that a policy's judgement is its own.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InputError } from '../episode/input.ts';
import { saveCheckpoint } from '../policy/local/checkpoint.ts';
import { seedGenerator } from '../policy/local/choose.ts';
import { initialise, type ModelConfig } from '../policy/local/model.ts';
import { SPECIALS } from '../policy/local/thought.ts';
import { trainTokenizer } from '../policy/local/tokenizer.ts';
import { isJudge, openJudge } from './judges.ts';

test('names are known by their form; what has none of the forms, or no policy behind it, is refused in one line', async () => {
  for (const name of ['learned', 'learned:requests', 'local:a', 'requests:local:a/b:c']) assert.ok(isJudge(name), name);
  for (const name of ['', 'learn', 'learned:', 'local:', 'requests:learned', 'chat:m@http://x', 'hf:dir'])
    assert.ok(!isJudge(name), name);
  await assert.rejects(
    openJudge('learn'),
    (error) => error instanceof InputError && /expected learned,/.test(error.message),
  );
  await assert.rejects(openJudge('requests:local:/no/such/folder'), InputError);
});

test('the learned part judges requests only where it is told to', async () => {
  const [plain, requests] = [await openJudge('learned'), await openJudge('learned:requests')];
  assert.deepEqual(plain.classifier.channels, ['tool']);
  assert.deepEqual([...requests.classifier.channels].sort(), ['tool', 'user']);
  await Promise.all([plain.close(), requests.close()]);
});

test('a local policy judges requests and tools’ texts, or requests alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'judges-'));
  try {
    const tokenizer = trainTokenizer([' read the note', ' send message'], {
      ...{ vocabSize: 400, specials: SPECIALS, attachBlank: true },
    });
    const config: ModelConfig = {
      ...{ vocab: tokenizer.size, width: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, hidden: 24 },
      ...{ theta: 500, eps: 1e-6, context: 320 },
    };
    const theta = initialise(config, seedGenerator(3));
    await saveCheckpoint(folder, {
      ...{ config, theta, tokenizer, end: SPECIALS[0]!, pad: SPECIALS[0]!, chatTemplate: null, training: null },
    });
    const [both, own] = [await openJudge(`local:${folder}`), await openJudge(`requests:local:${folder}`)];
    assert.deepEqual(both.classifier.channels, ['user', 'tool']);
    assert.deepEqual(own.classifier.channels, ['user']);
    const source = { channel: 'user', text: 'Read the note and tell me.', tool: null } as const;
    const marks = () => own.classifier.classify(source, new AbortController().signal);
    assert.deepEqual(await marks(), await marks(), 'the same each time');
    // Many at once, more than are judged together, and one too long for the model: each is answered.
    const texts = Array.from({ length: 70 }, (_, at) => (at === 30 ? 'read '.repeat(2000) : `Read the note ${at}.`));
    const never = new AbortController().signal;
    const settled = await Promise.allSettled(
      texts.map((text) => both.classifier.classify({ channel: 'user', text, tool: null }, never)),
    );
    assert.equal(settled.length, 70);
    assert.ok(settled.filter(({ status }) => status === 'fulfilled').length > 0);
    assert.equal(settled[30]?.status, 'rejected');
    await Promise.all([both.close(), own.close()]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
