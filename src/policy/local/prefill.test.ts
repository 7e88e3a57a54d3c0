// Prescribed turns and a full context of the local policy.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ToolSchema } from '../../episode/episode.ts';
import type { Turn } from '../policy.ts';
import { TAGS } from '../protocol.ts';
import { seedGenerator } from './choose.ts';
import { cpuExecutor } from './executor.ts';
import { makeGrammar } from './grammar.ts';
import { initialise, type ModelConfig } from './model.ts';
import { localPolicy, type Transcript } from './policy.ts';
import { renderObservation, renderPrompt, renderTurn } from './render.ts';
import { createSampler, type Sampler } from './sampler.ts';
import { trainTokenizer } from './tokenizer.ts';

const tokenizer = trainTokenizer([' read the note', ' open note'], {
  vocabSize: 290,
  specials: TAGS,
  attachBlank: true,
});
const config: ModelConfig = {
  ...{ vocab: tokenizer.size, width: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, hidden: 16 },
  ...{ theta: 10000, eps: 1e-6, context: 320 },
};
const theta = initialise(config, seedGenerator(1));
const tools: readonly ToolSchema[] = [
  {
    name: 'open_note',
    description: '',
    parameters: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
  },
];
const request = 'Read the note Anna.';
const action = { kind: 'call', call: { name: 'open_note', arguments: { title: 'Anna' } } } as const;
const prescribed: Turn = { think: null, decision: null, action, ended: true, text: '' };
const result = { kind: 'result', text: 'It says hello.' } as const;

const samplers: Sampler[] = [];
after(() => Promise.all(samplers.map((sampler) => sampler.close())));

async function open(capacity: number, onClose: (index: number, transcript: Transcript) => void = () => undefined) {
  const sampler = createSampler({ config, executor: cpuExecutor({ threads: 1 }), slots: 1, capacity });
  samplers.push(sampler);
  await sampler.setWeights(theta);
  const policy = localPolicy({ name: 'x', sampler, grammar: makeGrammar(tokenizer), temperature: 0, onClose });
  return policy.open({ tools, request, seed: 1, index: 0 });
}

test('a prescribed turn stands in the context as the policy would have written it, and is not its own', async () => {
  let transcript: Transcript | null = null;
  const session = await open(320, (_, closed) => {
    transcript = closed;
  });
  session.prefill!(prescribed);
  await session.act(result);
  session.close();
  const { tokens, own } = transcript!;
  const before = [
    ...renderPrompt(tokenizer, tools, request),
    ...renderTurn(tokenizer, tools, null, action),
    ...renderObservation(tokenizer, result),
  ];
  assert.deepEqual(tokens.slice(0, before.length), before);
  assert.ok(own.slice(0, before.length).every((mine) => !mine));
  assert.ok(own.slice(before.length).every(Boolean) && own.length > before.length);
});

test('a policy says when its context was too small for its turn, whether cut in it or before it', async () => {
  const begun = renderPrompt(tokenizer, tools, request).length;
  for (const [capacity, full] of [
    [320, false],
    [begun + 2, true],
    [begun - 2, true],
  ] as const) {
    const session = await open(capacity);
    const turn = await session.act(null);
    assert.deepEqual([session.isFull!(), turn.action.kind === 'malformed'], [full, full], String(capacity));
    session.close();
  }
});
