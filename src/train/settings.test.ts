// Settings from the command line: what they change, and what is told of a wrong one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_CONFIG } from './config.ts';
import { applySettings } from './settings.ts';

test('settings change the fields they name and no other', () => {
  const changed = applySettings(DEFAULT_CONFIG, 'grpo.scaling=none, grpo.signal=0.25,warm.shares.ask=0.1');
  assert.equal(changed.grpo.scaling, 'none');
  assert.equal(changed.grpo.signal, 0.25);
  assert.equal(changed.warm.shares.ask, 0.1);
  assert.throws(() => applySettings(DEFAULT_CONFIG, 'grpo.signal=true'), /signal/, 'a truth value where a number is');
  const back = applySettings(changed, 'grpo.scaling=deviation,grpo.signal=0,warm.shares.ask=0.05');
  assert.deepEqual(back, DEFAULT_CONFIG);
});

test('a wrong setting is told by name, with what was expected', () => {
  const fails = (text: string, words: RegExp) => assert.throws(() => applySettings(DEFAULT_CONFIG, text), words);
  fails('grpo.scalin=none', /grpo\.scalin.*did you mean scaling/);
  fails('grpo.scaling=sometimes', /scaling/);
  fails('grpo.signal=2', /signal/);
  fails('grpo=1', /is a group/);
  fails('seed.more=1', /no group/);
  fails('grpo.scaling', /KEY=VALUE/);
  fails('__proto__.x=1', /no such setting/);
});
