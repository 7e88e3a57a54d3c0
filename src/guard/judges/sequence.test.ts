// Windows and marks of a sequence classifier, whatever model it is: nothing goes unread, nothing too long is shown, marks lie in
// the text, and what a model answers wrongly is an error. The real library and a real model: tests/engines/guard-judge.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { judge } from '../fixtures.ts';
import { type Library, openHuggingFaceJudge } from './huggingface.ts';
import { createSequenceJudge, type SequenceModel } from './sequence.ts';
import { cutWindows } from './windows.ts';

const stop = new AbortController().signal;
const countWords = (text: string): number => 2 + (text.match(/\w+|[^\s\w]/g) ?? []).length;

test('windows fit, overlap, and leave no sign out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.integer({ min: 8, max: 40 }), (text, most) => {
      let reached = 0;
      for (const { text: part, start, end } of cutWindows(text, most, countWords)) {
        assert.ok(start <= reached && end > reached && countWords(part) <= most);
        assert.equal(text.slice(start, end), part);
        reached = end;
      }
      assert.equal(reached, text.length);
    }),
    { numRuns: 150 },
  );
});

test('the work of cutting is linear in the text', () => {
  const work = (times: number): number => {
    let signs = 0;
    const count = (text: string): number => {
      signs += text.length;
      return countWords(text);
    };
    for (const _ of cutWindows('a b cc, ddd. '.repeat(times), 64, count));
    return signs;
  };
  assert.ok(work(4000) < 4.5 * work(1000));
});

test('a sign that is more than the model takes is an error, not left out', () => {
  assert.throws(() => [...cutWindows('abcdef', 8, () => 9)], /a single sign is more than the 8 tokens/);
});

/** A model that finds a word. */
const finds = (word: string, most = 24): SequenceModel => ({
  bounds: { tool: { threshold: 0.5, slope: 1, shift: 0 }, user: undefined },
  most,
  count: countWords,
  rate: async (texts) =>
    texts.map((text) => {
      assert.ok(countWords(text) <= most, 'nothing too long is shown');
      const odds = text.includes(word) ? 5 : -5;
      return { malicious: odds, sensitive: odds, said: word };
    }),
});
const classify = (model: SequenceModel, text: string, signal = stop) =>
  createSequenceJudge(model, 'finds').classify({ channel: 'tool', text, tool: null }, signal);

test('wherever a word stands, a mark covers it; without it there is none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(300), fc.nat(300), async (before, after) => {
      const text = `${'on a day. '.repeat(before)}zebra${' or two.'.repeat(after)}`;
      const marks = await classify(finds('zebra'), text);
      const at = text.indexOf('zebra');
      assert.ok(marks.some(({ span }) => span!.start <= at && span!.end >= at + 5));
      for (const { span } of marks) assert.ok(span!.start >= 0 && span!.end <= text.length && span!.start < span!.end);
      assert.deepEqual(await classify(finds('zebra'), text.replace('zebra', 'horse')), []);
    }),
    { numRuns: 60 },
  );
});

test('a mark is narrowed to the sentences it rests on, and to no less where the rest is marked too', async () => {
  const text = 'Bread is old. The zebra runs. It is white.';
  const [mark] = await classify(finds('zebra'), text);
  assert.equal(text.slice(mark?.span?.start, mark?.span?.end).trim(), 'The zebra runs. It is white.');
  const either = finds('zebra');
  const both: SequenceModel = {
    ...either,
    // Marked as a whole and by its rest, but only one sentence by itself.
    rate: async (texts) =>
      texts.map((one) => {
        const odds = one.includes('zebra') || (one.length > 15 && one.includes('Bread')) ? 5 : -5;
        return { malicious: odds, sensitive: odds, said: '' };
      }),
  };
  const [whole] = await classify(both, `Bread is old, and so on. Then it. ${text}`);
  assert.equal(whole?.span?.start, 0);
});

test('calibration turns the odds: a shift takes the mark away', async () => {
  const shifted = (shift: number): SequenceModel => ({
    ...finds('zebra'),
    bounds: { tool: { threshold: 0.5, slope: 0.5, shift }, user: undefined },
  });
  assert.equal((await classify(shifted(0), 'zebra')).length, 1);
  assert.equal((await classify(shifted(-3), 'zebra')).length, 0);
});

test('who is told to stop, stops', async () => {
  const told = AbortSignal.abort(new Error('stopped'));
  await assert.rejects(async () => classify(finds('zebra'), 'a zebra', told), /stopped/);
});

// --- what a library may answer

const folder = mkdtempSync(join(tmpdir(), 'tribune-sequence-'));
after(() => rmSync(folder, { recursive: true }));
const write = (name: string, value: unknown): void => writeFileSync(join(folder, name), JSON.stringify(value));
write('config.json', { id2label: { 0: 'SAFE', 1: 'ATTACK' } });
write('tokenizer.json', {});
write('tokenizer_config.json', {});
write('judge.json', { version: 1, tool: { labels: { ATTACK: 'malicious' } } });

/** A library whose model answers with these numbers, whatever it is asked. */
function answering(dims: readonly number[], data: unknown): Library {
  const tokenizer = Object.assign(() => ({}), { encode: (text: string) => [...text], model_max_length: 64 });
  const model = Object.assign(async () => ({ logits: { dims, data } }), { config: {} });
  return {
    AutoTokenizer: { from_pretrained: async () => tokenizer },
    AutoModelForSequenceClassification: { from_pretrained: async () => model },
  };
}

test('an answer that is no row of numbers for each text refuses', async () => {
  const parts = [{ user: 'Read the page' }, { tool: 'get_page', text: 'Bread is old' }];
  const decide = async (dims: readonly number[], data: unknown) => {
    const classifier = await openHuggingFaceJudge({ library: answering(dims, data), directory: folder });
    return (await judge(parts, 'get_page', {}, { classifiers: [classifier] })).decision;
  };
  assert.equal(await decide([1, 2], Float32Array.of(4, 0)), 'execute');
  for (const [dims, data] of [
    [[1, 2], Float32Array.of(Number.NaN, 0)],
    [[1, 2], Float32Array.of(Number.POSITIVE_INFINITY, 0)],
    [[1, 3], Float32Array.of(1, 0, 0)],
    [[2, 2], Float32Array.of(1, 0, 1, 0)],
    [
      [1, 2],
      [1, 0],
    ],
    [[1, 2], Float32Array.of(1)],
    [[], undefined],
  ] as const)
    assert.equal(await decide(dims, data), 'refuse', JSON.stringify(dims));
});

test('settings that could mark nothing, or say what the model has not, are refused', async () => {
  const open = (settings: object) =>
    openHuggingFaceJudge({
      library: answering([1, 2], Float32Array.of(1, 0)),
      directory: folder,
      settings: settings as never,
    });
  await assert.rejects(async () => open({ version: 1 }), /expected tool or user/);
  await assert.rejects(async () => open({ version: 1, tool: { labels: {} } }), /marks nothing/);
  await assert.rejects(async () => open({ version: 1, tool: { labels: { ATTACK: 'benign' } } }), /marks nothing/);
  await assert.rejects(async () => open({ version: 1, tool: { labels: { EVIL: 'malicious' } } }), /EVIL is no label/);
  await assert.rejects(async () => open({ version: 1, tool: { labels: { ATTACK: 'evil' } } }));
  await assert.rejects(async () => open({ version: 1, file: '../x', tool: { labels: { ATTACK: 'malicious' } } }));
});
