// What is recorded of the tokens of a step: the weights of the very update, bounded, and nothing of the step changed by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Episode } from '../episode/episode.ts';
import { trainTokenizer } from '../policy/local/tokenizer.ts';
import type { Scenario } from '../world/scenario.ts';
import type { Group, Member } from './groups.ts';
import { buildBatch } from './grpo.ts';
import { encodeTokens, tokenSchema } from './tokens.ts';

const tokenizer = trainTokenizer(['so so so'], { vocabSize: 270, specials: ['<|end|>', '<|pad|>'] });
const byte = (value: number) => 2 + value;
const WIDE = Uint16Array.of(byte(65), byte(66), byte(67));
const FORCED = Uint16Array.of(byte(66));
const DECIDES = Uint16Array.of(0, byte(65));
const loss = { emphasis: 6, level: 'token' } as const;
const spelling = { tokenizer, decisions: DECIDES };

/** `A`, half of a character that is read, a chosen `C`, a forced `B`, what came back, a decision. */
const transcript: Member['transcript'] = {
  tokens: [byte(65), byte(0xe2), byte(67), byte(66), byte(65), 0],
  own: [false, false, true, true, false, true],
  logps: [0, 0, -0.5, 0, 0, -1.25],
  masks: [null, null, WIDE, FORCED, null, DECIDES],
};
const member = (id: string, advantage: number | null, credit?: readonly number[]): Member => ({
  episode: { id } as unknown as Episode,
  transcript,
  advantage,
  ...(credit === undefined ? {} : { credit }),
});
const group = (...members: readonly Member[]): Group => ({ index: 0, scenario: {} as unknown as Scenario, members });
const read = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => tokenSchema.parse(JSON.parse(line)));

test('each token tells whose it was, among how many it was chosen, how likely, and what it weighs', () => {
  const groups = [group(member('a', null), member('b', 0.7)), group(member('c', -1))];
  const [a, b, c] = read(encodeTokens(groups, spelling, loss));
  assert.deepEqual(b?.texts, ['A', '<0xE2>', 'C', 'B', 'A', '<|end|>']);
  assert.deepEqual([b?.own, b?.control, b?.allowed], [[2, 3, 5], [5], [3, 1, 2]]);
  assert.deepEqual([b?.logps, b?.advantage, b?.vocabulary], [[-0.5, 0, -1.25], 0.7, tokenizer.size]);
  const { data } = buildBatch(
    groups.map(({ members }) => members),
    DECIDES,
    loss.emphasis,
  );
  for (const [record, datum] of [
    [b, data[0]],
    [c, data[1]],
  ] as const)
    for (const [at, place] of (record?.own ?? []).entries())
      assert.ok(Math.abs((record?.weights[at] ?? 0) - (datum?.weights[place] ?? 0)) < 1e-5);
  assert.equal(b?.weights[1], 0, 'a forced token teaches nothing');
  assert.ok((b?.weights[2] ?? 0) > 5 * (b?.weights[0] ?? 0), 'a decision weighs more');
  assert.deepEqual([a?.advantage, a?.weights], [null, [0, 0, 0]], 'who has no advantage teaches nothing');
});

test('where credit goes to steps, each own token has the advantage of its step', () => {
  const [record] = read(encodeTokens([group(member('a', 1, [0.25, -2]))], spelling, loss));
  assert.deepEqual(record?.advantages, [0.25, 0.25, -2]);
});

test('whole groups are kept as long as they fit', () => {
  const groups = [group(member('a', 1), member('b', 1)), group(member('c', 1))];
  const whole = encodeTokens(groups, spelling, loss);
  assert.equal(read(whole).length, 3);
  assert.deepEqual(
    read(encodeTokens(groups, spelling, loss, whole.length - 1)).map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(encodeTokens(groups, spelling, loss, 10), '');
});

test('recording changes nothing of the step', () => {
  const groups = [group(member('a', 1), member('b', -1))];
  const before = structuredClone(groups);
  encodeTokens(groups, spelling, loss);
  assert.deepEqual(groups, before);
});
