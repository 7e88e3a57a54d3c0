// JSON Schema conditions: what fits, what does not, what cannot be told; and that nothing is let through by being ignored.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { Json } from '../episode/action.ts';
import { testSchema } from './fits.ts';
import { judge } from './fixtures.ts';
import { lintRulebook } from './lint.ts';
import type { Answer } from './predicate.ts';
import { parseRulebook } from './rulebook.ts';
import { type ArgumentSchema, argumentSchema } from './schema.ts';

const CASES: readonly (readonly [schema: ArgumentSchema, value: Json, answer: Answer])[] = [
  [true, 1, true],
  [false, 1, false],
  [{ type: 'integer' }, 2, true],
  [{ type: 'integer' }, 2.5, false],
  [{ type: ['string', 'null'] }, null, true],
  [{ enum: [1, { a: [2] }] }, { a: [2] }, true],
  [{ const: { a: 1, b: 2 } }, { b: 2, a: 1 }, true],
  [{ maximum: 100 }, 500, false],
  [{ maximum: 100 }, '500', null],
  [{ type: 'number', maximum: 100 }, '500', false],
  [{ exclusiveMinimum: 1 }, 1, false],
  [{ minLength: 2 }, '😀', false],
  [{ pattern: '^a' }, 'ba', false],
  [{ pattern: 'z$' }, 'a'.repeat(3000), null],
  [{ items: { type: 'string' } }, ['a', 1], false],
  [{ contains: { const: 1 } }, [2, 1], true],
  [{ contains: { const: 1 } }, [], false],
  [{ minItems: 1 }, [], false],
  [{ required: ['a'] }, {}, false],
  [{ required: ['toString'] }, {}, false],
  [{ properties: { a: { const: 1 } } }, {}, true],
  [{ properties: { a: { const: 1 } } }, { a: 2 }, false],
  [{ properties: { a: true }, additionalProperties: false }, { a: 1, b: 2 }, false],
  [{ additionalProperties: { type: 'string' } }, { b: 'x' }, true],
  [{ anyOf: [{ const: 1 }, { const: 2 }] }, 2, true],
  [{ oneOf: [{ type: 'number' }, { const: 2 }] }, 2, false],
  [{ allOf: [{ type: 'number' }, { const: 2 }] }, 3, false],
  [{ not: { const: 2 } }, 2, false],
  [{ not: { maximum: 100 } }, '500', null],
];

test('values fit, do not fit, or cannot be told', () => {
  for (const [schema, value, answer] of CASES)
    assert.equal(testSchema(schema, value), answer, `${JSON.stringify(schema)} ${JSON.stringify(value)}`);
});

test('a keyword outside the part is refused where the rules are read, not ignored', () => {
  const rule = (schema: unknown): unknown => ({ rules: [{ name: 'a', decision: 'refuse', schema }] });
  assert.ok(parseRulebook(rule({ properties: { a: { maximum: 1 } } }), 'r').rules);
  for (const schema of [{ format: 'email' }, { properties: { a: { $ref: '#' } } }, { pattern: '(' }, { type: 'text' }])
    assert.throws(() => parseRulebook(rule(schema), 'r'), /^InputError: r: rules.0.schema/, JSON.stringify(schema));
});

test('a rule with a schema restricts what fits it, and what cannot be told to fit', async () => {
  const rules = parseRulebook(
    {
      rules: [
        {
          name: 'small orders only',
          tools: ['order'],
          schema: { not: { properties: { amount: { maximum: 100 } } } },
          decision: 'refuse',
        },
      ],
    },
    'rules',
  );
  const said = [{ user: 'Order it, amount 50 or 500' }];
  assert.equal((await judge(said, 'order', { amount: 50 }, { rules })).decision, 'execute');
  assert.equal((await judge(said, 'order', { amount: 500 }, { rules })).decision, 'refuse');
  assert.equal((await judge(said, 'order', { amount: '500' }, { rules })).decision, 'refuse');
});

test('a rule that allows by a schema does not allow what cannot be told', async () => {
  const schema = { properties: { amount: { maximum: 100 } }, required: ['amount'] };
  const rules = parseRulebook({ rules: [{ name: 'small', tools: ['donate'], schema, decision: 'execute' }] }, 'rules');
  const said = [{ user: 'Hello' }];
  assert.equal((await judge(said, 'donate', { amount: 50 }, { rules })).decision, 'execute');
  assert.equal((await judge(said, 'donate', { amount: '50' }, { rules })).decision, 'verify');
});

test('the linter finds bounds nothing meets and bounds without a type', () => {
  const lint = (schema: ArgumentSchema): readonly string[] =>
    lintRulebook({ rules: [{ name: 'a', tools: ['x'], schema, decision: 'refuse' }] }).map(({ text }) => text);
  assert.deepEqual(lint({ properties: { a: { type: 'number', minimum: 1, maximum: 2 } } }), []);
  assert.match(lint({ properties: { a: { type: 'number', minimum: 2, maximum: 1 } } }).join(), /nothing fits/);
  assert.match(lint({ not: { maximum: 1 } }).join(), /names no type/);
  assert.match(lint({ type: 'string', pattern: '(a+)+$' }).join(), /very long/);
});

/** Schemas that name a type wherever a keyword needs one: there the standard and this part agree. */
const { schema: arbitrarySchema } = fc.letrec<{ schema: ArgumentSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<ArgumentSchema>({ type: 'string' }, { type: 'boolean' }, { type: 'null' }),
    fc.record({ type: fc.constant('number' as const), minimum: fc.integer({ min: -3, max: 3 }) }),
    fc.record({ type: fc.constant('string' as const), maxLength: fc.nat({ max: 3 }) }),
    fc.record({ enum: fc.array(fc.constantFrom<Json>('a', 1, true, null), { minLength: 1, maxLength: 3 }) }),
    fc.record({ type: fc.constant('array' as const), items: tie('schema'), minItems: fc.nat({ max: 2 }) }),
    // zod forgets what is required but has no property.
    fc
      .tuple(
        fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'), { noNullPrototype: true }),
        fc.subarray(['a', 'b']),
        fc.boolean(),
      )
      .map(([properties, names, additionalProperties]) => ({
        ...{ type: 'object' as const, properties, additionalProperties },
        required: names.filter((name) => Object.hasOwn(properties, name)),
      })),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ not: tie('schema') }),
  ),
}));
const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<Json>('a', 'abcd', 1, -2, 2.5, true, null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { noNullPrototype: true }),
  ),
})).value;

test('what it says, another validator says too', () => {
  let [fits, not] = [0, 0];
  fc.assert(
    fc.property(arbitrarySchema, values, (schema, value) => {
      assert.equal(JSON.stringify(argumentSchema.parse(schema)).length, JSON.stringify(schema).length);
      const other = readStandard(schema);
      if (other === null) return;
      const answer = testSchema(schema, value);
      assert.equal(answer, other.safeParse(value).success, JSON.stringify([schema, value]));
      if (answer === true) fits++;
      else not++;
    }),
    { numRuns: 2000, seed: 7 },
  );
  assert.ok(fits > 50 && not > 100, `${fits} fit, ${not} do not`);
});

/** The schema as zod reads it; null where zod does not know a keyword (it has no general `not`). */
function readStandard(schema: ArgumentSchema): z.ZodType | null {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return null;
  }
}
