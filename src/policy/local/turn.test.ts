import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../episode/action.ts';
import type { ToolSchema } from '../../episode/episode.ts';
import { rng } from '../../episode/random.ts';
import { FAMILIES } from './family.ts';
import { writeTiny } from './fixtures.ts';
import { constrain, DEFAULT_MANNER, decisionIds, makeTongue, type Tongue } from './foreign.ts';
import { readModelFiles } from './load.ts';
import { readSpeech } from './speech.ts';

const LIMITS = { thought: 5, value: 4, text: 6, turn: 2000 };
const folder = await mkdtemp(join(tmpdir(), 'tribune-turn-'));
after(() => rm(folder, { recursive: true, force: true }));
const tongues: Tongue[] = [];
for (const family of FAMILIES) {
  const dir = await writeTiny(join(folder, family), family);
  const speech = readSpeech((await readModelFiles(dir)).files, dir);
  tongues.push(makeTongue(speech, { ...DEFAULT_MANNER, limits: LIMITS }));
}

const TOOLS: readonly ToolSchema[] = [
  {
    name: 'send_mail',
    description: '',
    parameters: {
      type: 'object',
      properties: {
        to: { type: 'string' },
        count: { type: 'integer' },
        kind: { type: 'string', enum: ['plain', 'rich "<b>"'] },
        tags: { type: 'array', items: { type: 'string' } },
        options: {
          type: 'object',
          properties: { loud: { type: 'boolean' }, rate: { type: 'number' } },
          required: ['loud'],
        },
        anything: { type: 'object' },
      },
      required: ['to', 'kind'],
    },
  },
  { name: 'send', description: '', parameters: { type: 'object', properties: {}, required: [] } },
];

/** A turn of tokens drawn evenly from what is offered, save that a call is begun every third time where one may be. */
function walk(tongue: Tongue, tools: readonly ToolSchema[], seed: number): number[] {
  const constraint = constrain(tongue, tools, false, null);
  const r = rng('walk', seed);
  const { vocabulary, signs } = tongue.speech;
  const open = signs.get('<tool_call>') ?? vocabulary.encode('{"name": "')[0]!;
  const tokens: number[] = [];
  for (;;) {
    const allowed = constraint.allowed()!;
    assert.ok(allowed.length > 0, 'nothing is offered');
    const token = allowed.includes(open) && r.int(3) === 0 ? open : allowed[r.int(allowed.length)]!;
    tokens.push(token);
    if (constraint.accept(token)) return tokens;
    assert.ok(tokens.length < LIMITS.turn, 'a walk without end');
  }
}

/** Whether a value is of a schema, as far as the grammar holds to it. */
function fits(value: Json | undefined, schema: { readonly [key: string]: unknown }): boolean {
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  switch (schema.type) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value) && value.every((item: Json) => fits(item, (schema.items ?? {}) as typeof schema));
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      const fields = value as { readonly [key: string]: Json };
      const properties = schema.properties as { readonly [key: string]: typeof schema } | undefined;
      if (!properties) return true;
      return (
        ((schema.required ?? []) as string[]).every((key) => key in fields) &&
        Object.entries(fields).every(([key, item]) => properties[key] !== undefined && fits(item, properties[key]))
      );
    }
    default:
      return true;
  }
}

test('every walk through the grammar ends in a well-formed turn whose action fits its decision and its tool', () => {
  const kinds = new Set<string>();
  const property = fc.property(fc.integer(), fc.boolean(), (seed, isBare) => {
    for (const tongue of tongues) {
      const tools = isBare ? [] : TOOLS;
      const turn = tongue.speech.read(walk(tongue, tools, seed), false);
      assert.ok(turn.ended);
      const { action, decision } = turn;
      kinds.add(`${decision} ${action.kind}`);
      assert.ok(action.kind !== 'malformed', turn.text);
      if (decision === 'verify') assert.equal(action.kind, 'check');
      else assert.equal(action.kind === 'call' || action.kind === 'final', true);
      if (decision === 'refuse') assert.equal(action.kind, 'final');
      if (isBare) assert.equal(action.kind, 'final');
      if (action.kind === 'final') continue;
      const tool = tools.find(({ name }) => name === action.call.name);
      assert.ok(tool && fits(action.call.arguments, tool.parameters), JSON.stringify(action.call));
    }
  });
  fc.assert(property, { numRuns: 120 });
  assert.deepEqual([...kinds].sort(), ['execute call', 'execute final', 'refuse final', 'verify check']);
});

test('a turn as the model writes it is inside the grammar; one of another form is not', () => {
  for (const tongue of tongues) {
    const follow = (think: string, to: string): boolean => {
      const { offers, speech } = tongue;
      const constraint = constrain({ ...tongue, offers: offers! }, TOOLS, false, null);
      const call = { name: 'send_mail', arguments: { to, kind: 'plain' } };
      try {
        return speech
          .write(think, { kind: 'call', call })
          .map((token) => constraint.accept(token))
          .at(-1)!;
      } catch {
        return false;
      }
    };
    assert.equal(follow('who is it\nexecute', 'Anna <b> "x" \\ 🙂'), true);
    assert.equal(follow('who is it', 'Anna'), false, 'no decision');
    assert.equal(follow('who is it\nverify', 'Anna'), false, 'a call after verify');
  }
});

test('free text is bounded in tokens, and fixed text is offered in its usual spelling alone', () => {
  for (const tongue of tongues) {
    const constraint = constrain(tongue, TOOLS, false, null);
    const { vocabulary, signs } = tongue.speech;
    const opening = signs.has('<think>')
      ? [signs.get('<think>')!, ...vocabulary.encode('\n')]
      : vocabulary.encode('<think>\n');
    for (const [at, token] of opening.entries()) {
      // Only the last token of fixed text has company: tokens that reach beyond it.
      if (at < opening.length - 1) assert.deepEqual([...constraint.allowed()!], [token]);
      else assert.ok([...constraint.allowed()!].every((id) => vocabulary.decode([id]).startsWith('\n')));
      constraint.accept(token);
    }
    const [word] = vocabulary.encode(' mail');
    for (let at = 0; at < LIMITS.thought; at++) {
      assert.ok(constraint.allowed()!.includes(word!));
      constraint.accept(word!);
    }
    assert.ok(!constraint.allowed()!.includes(word!), 'one word too many');
    constraint.accept(vocabulary.encode('\n')[0]!);
    assert.deepEqual(constraint.allowed(), decisionIds(tongue));
    assert.equal(decisionIds(tongue).length, 3);
  }
});

test('an exploring turn draws the three decisions evenly, once, and nothing else', () => {
  const [tongue] = tongues;
  let asked = 0;
  const constraint = constrain(tongue!, TOOLS, false, () => ++asked === 1);
  const { vocabulary, signs } = tongue!.speech;
  for (const token of [signs.get('<think>')!, ...vocabulary.encode('\n')]) {
    assert.equal(constraint.explore!(), null);
    constraint.accept(token);
  }
  assert.equal(constraint.explore!(), null, 'in the middle of a thought');
  constraint.accept(vocabulary.encode('\n')[0]!);
  assert.deepEqual(
    [...constraint.explore!()!].map((p) => Math.round(3 * p)),
    [1, 1, 1],
  );
  assert.equal(asked, 1);
});

test('free turns offer all that is text, a tag or an end: no control token of another use, no unused id', () => {
  for (const { speech } of tongues) {
    const constraint = constrain(makeTongue(speech, { ...DEFAULT_MANNER, grammar: false }), TOOLS, false, null);
    const allowed = new Set(constraint.allowed()!);
    for (const { content, id, special } of speech.vocabulary.marks)
      assert.equal(
        allowed.has(id),
        speech.ends.has(id) || [...speech.signs.values()].includes(id),
        `${content} ${special}`,
      );
    assert.ok([...allowed].every((id) => id < speech.vocabulary.size));
    assert.ok(speech.vocabulary.encode('Hello').every((id) => allowed.has(id)));
    assert.equal(constraint.accept([...speech.ends][0]!), true);
  }
});
