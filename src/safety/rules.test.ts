// Facts about reading rules: what is left out is filled in, what is misspelt is named, what is written is kept.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import YAML from 'yaml';
import { findNearest } from './nearest.ts';
import { parseRules } from './read-rules.ts';
import { defaultRules, type Rules } from './rules.ts';
import { DECISIONS, EFFECTS } from './taxonomy.ts';

function read(value: unknown): Rules {
  const parsed = parseRules(value, 'rules.yaml');
  assert.ok(parsed.ok, parsed.ok ? '' : `${parsed.where}: ${parsed.what}`);
  return parsed.rules;
}

function fault(value: unknown): string {
  const parsed = parseRules(value, 'rules.yaml');
  return parsed.ok ? 'no fault' : `${parsed.where}: ${parsed.what}`;
}

const decision = fc.constantFrom(...DECISIONS);
// Plain objects, as a parser makes them: deepEqual tells them from objects without a prototype.
const plain = { noNullPrototype: true } as const;
const row = fc.record({ benign: decision, sensitive: decision, malicious: decision }, plain);
const anyRules: fc.Arbitrary<Rules> = fc.record(
  {
    version: fc.constant(1 as const),
    table: fc.record({ user: row, tool: row }, plain),
    effects: fc.dictionary(fc.constantFrom(...EFFECTS), decision, plain),
    tools: fc.dictionary(fc.string(), decision, plain),
  },
  plain,
);

test('the default is the table of the paper', () => {
  assert.deepEqual(defaultRules.table, {
    user: { benign: 'execute', sensitive: 'verify', malicious: 'refuse' },
    tool: { benign: 'execute', sensitive: 'execute', malicious: 'verify' },
  });
});

test('what is left out comes from the default, what is given replaces it', () => {
  assert.deepEqual(read({}), defaultRules);
  const rules = read({
    table: { tool: { malicious: 'refuse' } },
    effects: { spends: 'verify' },
    tools: { 'a.b': 'refuse' },
  });
  assert.deepEqual(rules.table.tool, { ...defaultRules.table.tool, malicious: 'refuse' });
  assert.deepEqual(rules.table.user, defaultRules.table.user);
  assert.deepEqual([rules.effects, rules.tools], [{ spends: 'verify' }, { 'a.b': 'refuse' }]);
});

test('an empty section of a YAML file is a section left out', () => {
  assert.deepEqual(read(YAML.parse('version: 1\ntable:\neffects:\ntools:\n')), defaultRules);
});

test('a fault names the place, what was expected, and the word probably meant', () => {
  assert.equal(
    fault({ table: { user: { sensitive: 'verfiy' } } }),
    'rules.yaml: table.user.sensitive: expected execute, verify or refuse, got "verfiy" (did you mean verify?)',
  );
  assert.equal(
    fault({ effects: { spend: 'verify' } }),
    'rules.yaml: effects.spend: unknown key; expected reads, writes, sends, spends, irreversible or private, got "spend" (did you mean spends?)',
  );
  assert.equal(
    fault({ tables: {} }),
    'rules.yaml: tables: unknown key; expected version, table, effects or tools, got "tables" (did you mean table?)',
  );
  assert.equal(
    fault({ tools: { 'my tool': true } }),
    'rules.yaml: tools["my tool"]: expected execute, verify or refuse, got true',
  );
  assert.equal(
    fault({ tools: { pay: 'forbid' } }),
    'rules.yaml: tools.pay: expected execute, verify or refuse, got "forbid"',
  );
  assert.equal(fault([]), 'rules.yaml: expected an object, got []');
  assert.equal(fault({ table: 'strict' }), 'rules.yaml: table: expected an object, got "strict"');
});

test('another version is refused, and a newer one is called newer', () => {
  assert.equal(
    fault({ version: 2 }),
    'rules.yaml: version: version 2 is newer than this program, which reads version 1',
  );
  assert.equal(fault({ version: '1' }), 'rules.yaml: version: got "1", expected version 1');
  assert.equal(fault({ version: 1 }), 'no fault');
});

test('rules survive being written and read, as JSON and as YAML', () => {
  fc.assert(
    fc.property(anyRules, (rules) => {
      assert.deepEqual(read(JSON.parse(JSON.stringify(rules))), rules);
      assert.deepEqual(read(YAML.parse(YAML.stringify(rules))), rules);
    }),
  );
});

test('any JSON value is either rules or a fault, never a throw', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => typeof parseRules(value, 'x').ok === 'boolean'));
});

test('a tool called __proto__ is a tool and touches no prototype', () => {
  const rules = read(JSON.parse('{"tools": {"__proto__": "refuse"}}'));
  assert.equal(Object.hasOwn(rules.tools, '__proto__'), true);
  assert.equal(Object.getPrototypeOf(rules.tools), Object.prototype);
});

test('the example in docs/rules.md is a rules file, and the error shown there is the error given', () => {
  const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
  assert.equal(read(YAML.parse(example)).tools.pay_parking, 'execute');
  assert.ok(page.includes(fault({ effects: { spend: 'verify' } })));
});

test('the nearest word is within two edits, and a different word has none', () => {
  assert.equal(findNearest('refuze', DECISIONS), 'refuse');
  assert.equal(findNearest('EXECUTE', DECISIONS), 'execute');
  assert.equal(findNearest('excuet', DECISIONS), 'execute');
  assert.equal(findNearest('allow', DECISIONS), null);
  assert.equal(findNearest('x', ['y', 'z']), null);
  assert.equal(findNearest('v'.repeat(1e6), DECISIONS), null);
});
