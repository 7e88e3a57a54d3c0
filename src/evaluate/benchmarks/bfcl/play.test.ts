// Rows and conversations played by a chat model that says what the test writes: what it is asked, and what becomes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chat } from '../../../agent/chat.ts';
import type { ChatMessage, ChatRequest, ChatTool, Reply } from '../../../policy/remote/message.ts';
import { prepareAccepted } from './accepted.ts';
import { checkAnswer } from './check.ts';
import { readFunction, type SingleRow } from './data.ts';
import { playRow } from './play.ts';
import { loadJson } from './python/json.ts';
import type { PyDict } from './python/value.ts';
import { checkTurns } from './turns/check.ts';
import type { Conversation } from './turns/data.ts';
import { holdConversation } from './turns/play.ts';

type Asked = { readonly messages: readonly ChatMessage[]; readonly tools: readonly ChatTool[] };

/** A chat model that gives these answers in turn, and what it was asked. */
function scriptChat(replies: readonly (readonly (readonly [string, string])[])[]): { chat: Chat; asked: Asked[] } {
  const asked: Asked[] = [];
  const ask = async ({ messages, tools }: Asked): Promise<Reply> => {
    const calls = replies[asked.push({ messages: [...messages], tools }) - 1] ?? [];
    const made = calls.map(([name, text]) => ({ id: 'same', name, arguments: text }));
    return { text: '', reasoning: null, calls: made, refusal: null, finish: 'stop', usage: null };
  };
  return { chat: { ask } as unknown as Chat, asked };
}

const FUNCTION = `{"name": "a.f", "description": "Does.", "parameters": {"type": "dict", "required": ["x"],
  "properties": {"x": {"type": "float", "description": "A number."}, "y": {"type": "integer", "description": "Whole."}}}}`;

function makeRow(): SingleRow {
  const accepted = new Map([
    ['x', prepareAccepted([1])],
    ['y', prepareAccepted([2n, ''])],
  ]);
  return {
    id: 'parallel_0',
    category: 'parallel',
    messages: [{ role: 'user', content: 'Do.' }],
    functions: [readFunction(loadJson(FUNCTION, 'f') as PyDict, 'f', 'python')],
    answers: [{ name: 'a.f', accepted, needed: ['x'], raw: new Map() }],
  };
}

const play = async (calls: readonly (readonly [string, string])[]) => {
  const { chat, asked } = scriptChat([calls]);
  const answered = await playRow(
    { name: 'chat:m@u', mode: 'functions', chat, guard: null, policy: chat.policy },
    makeRow(),
    0,
    0,
  );
  return { asked, valid: checkAnswer(makeRow(), answered.calls ?? [], 'underscores').valid, ...answered };
};

test('a chat model is offered the function as the official harness offers it', async () => {
  const { asked } = await play([]);
  const [tool] = asked[0]!.tools;
  assert.equal(tool!.name, 'a_f');
  assert.equal(tool!.description, 'Does. Note that the provided function is in Python 3 syntax.');
  assert.deepEqual(tool!.parameters, {
    type: 'object',
    properties: {
      x: { type: 'number', description: 'A number. This is a float type value.', format: 'float' },
      y: { type: 'integer', description: 'Whole.' },
    },
    required: ['x'],
  });
});

test("the numbers of a chat model's calls keep their type", async () => {
  assert.equal((await play([['a_f', '{"x": 1, "y": 2}']])).valid, true);
  assert.equal((await play([['a_f', '{"x": 1.0, "y": 2.0}']])).valid, false);
});

test('all calls of an answer count, and one that cannot be read spoils it', async () => {
  assert.equal(
    (
      await play([
        ['a_f', '{"x": 1}'],
        ['a_f', '{"x": 1}'],
      ])
    ).valid,
    false,
  );
  assert.deepEqual(
    (
      await play([
        ['a_f', '{"x": 1}'],
        ['a_f', '{"x"'],
      ])
    ).calls,
    [],
  );
});

const CONVERSATION: Conversation = {
  id: 'multi_turn_base_0',
  category: 'multi_turn_miss_func',
  turns: [[{ role: 'user', content: 'First.' }], []],
  classes: ['MathAPI'],
  config: new Map(),
  missed: new Map([[1, ['a.f']]]),
  expected: [['add(a=1, b=2)'], []],
  long: false,
};

const hold = (chat: Chat) =>
  holdConversation({ chat, guard: null, mode: 'functions' }, CONVERSATION, makeRow().functions, null, 0);

test('a conversation goes on until an answer without a call, and functions kept back come in their turn', async () => {
  const { chat, asked } = scriptChat([[['add', '{"a": 1, "b": 2}']], [], []]);
  const { answer } = await hold(chat);
  const verdict = checkTurns(CONVERSATION, answer!, null);
  assert.deepEqual([verdict.valid, verdict.holdBack], [true, { turns: 1, held: 1 }]);
  assert.deepEqual(
    asked.map(({ tools }) => tools.length),
    [0, 0, 1],
  );
  assert.deepEqual(asked[1]!.messages.at(-1), { role: 'tool', text: '{"result": 3}', callId: 'call_1_0' });
  const last = asked[2]!.messages.at(-1);
  assert.match(last?.text ?? '', /updated some more functions/);
});

test('a model that never stops calling is broken off, and fails', async () => {
  const { chat, asked } = scriptChat(Array.from({ length: 99 }, () => [['add', '{"a": 1, "b": 2}'] as const]));
  const { answer } = await hold(chat);
  assert.equal(checkTurns(CONVERSATION, answer!, null).kind, 'multi_turn:force_terminated');
  assert.ok(asked.length <= 21);
});

/** A chat model that says one text after another, and what it was asked. */
function sayChat(texts: readonly string[]) {
  const asked: ChatRequest[] = [];
  const ask = async ({ messages, tools }: ChatRequest): Promise<Reply> => {
    const text = texts[asked.push({ ...EMPTY, messages: [...messages], tools }) - 1] ?? '';
    return { text, reasoning: null, calls: [], refusal: null, finish: 'stop', usage: null };
  };
  return { chat: { ask } as unknown as Chat, asked };
}

const EMPTY = { maxTokens: 1, temperature: 0 };

test('prompt mode tells the functions in the system prompt and reads calls from the text', async () => {
  const judge = async (text: string) => {
    const { chat, asked } = sayChat([text]);
    const player = { name: 'chat:m@u', mode: 'prompt', chat, guard: null, policy: chat.policy } as const;
    const answered = await playRow(player, makeRow(), 0, 0);
    const { calls, text: unread } = answered;
    return { asked, unread, valid: checkAnswer(makeRow(), calls ?? []).valid };
  };
  const { asked, valid } = await judge('[a.f(x=1)]');
  assert.equal(valid, true);
  assert.deepEqual(asked[0]!.tools, []);
  const [system, user] = asked[0]!.messages;
  assert.match(system!.text, /^You are an expert in composing functions[\s\S]*"name": "a\.f"[\s\S]*Python 3 syntax/);
  assert.deepEqual([system!.role, user], ['system', { role: 'user', text: 'Do.' }]);
  assert.equal((await judge('<think>[a.f(x=2)]</think>[a.f(x=1)]')).valid, true);
  assert.deepEqual((await judge('I cannot do that.')).unread, 'I cannot do that.');
  assert.equal((await judge('[a.f(x=2)]')).valid, false);
});

test('a conversation in prompt mode gets results as a message, and functions kept back in their turn', async () => {
  const { chat, asked } = sayChat(['[add(a=1, b=2)]', 'Done.', 'Nothing to do.']);
  const { functions } = makeRow();
  const { answer } = await holdConversation({ chat, guard: null, mode: 'prompt' }, CONVERSATION, functions, null, 0);
  assert.deepEqual(checkTurns(CONVERSATION, answer!, null).holdBack, { turns: 1, held: 1 });
  assert.equal(checkTurns(CONVERSATION, answer!, null).valid, true);
  assert.doesNotMatch(asked[0]!.messages[0]!.text, /a\.f/);
  const told = "[{'role': 'tool', 'name': 'add(a=1, b=2)', 'content': '{\"result\": 3}'}]";
  assert.deepEqual(asked[1]!.messages.at(-1), { role: 'user', text: told });
  assert.match(asked[2]!.messages.at(-1)!.text, /^\[\{'name': 'a\.f'[\s\S]*\n.*updated some more functions/);
});
