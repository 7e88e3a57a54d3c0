// Facts about the decision model: it takes the strictest view, never relaxes, and does not call silence safe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CallFacts, decide } from './decide.ts';
import { defaultRules, type Rules } from './rules.ts';
import {
  type Assessment,
  CHANNELS,
  type Channel,
  DECISIONS,
  type Decision,
  EFFECTS,
  MODES,
  type Mode,
} from './taxonomy.ts';

const label = (channel: Channel, mode: Mode): Assessment => ({ channel, mode, source: channel, evidence: 'test' });
const withTools = (tools: Rules['tools'], effects: Rules['effects'] = {}): Rules => ({
  ...defaultRules,
  tools,
  effects,
});
const rank = (decision: Decision): number => DECISIONS.indexOf(decision);

const decision = fc.constantFrom(...DECISIONS);
const row = fc.record({ benign: decision, sensitive: decision, malicious: decision });
const toolNames = fc.constantFrom('pay', 'read', 'constructor');
const anyRules: fc.Arbitrary<Rules> = fc.record({
  version: fc.constant(1 as const),
  table: fc.record({ user: row, tool: row }),
  effects: fc.dictionary(fc.constantFrom(...EFFECTS), decision, { noNullPrototype: true }),
  tools: fc.dictionary(toolNames, decision, { noNullPrototype: true }),
});
const anyAssessment: fc.Arbitrary<Assessment> = fc.record({
  channel: fc.constantFrom(...CHANNELS),
  mode: fc.constantFrom(...MODES),
  source: fc.string(),
  evidence: fc.string(),
});
const anyCall: fc.Arbitrary<CallFacts> = fc.record({ tool: toolNames, effects: fc.subarray([...EFFECTS]) });
const maybeCall = fc.option(anyCall, { nil: undefined });

test('each label alone gets the decision the table says', () => {
  for (const channel of CHANNELS) {
    for (const mode of MODES) {
      assert.equal(decide([label(channel, mode)]).decision, defaultRules.table[channel][mode]);
    }
  }
});

test('the strictest label wins, and the reasons are those that call for the decision', () => {
  const ruling = decide([label('user', 'benign'), label('tool', 'malicious'), label('user', 'sensitive')]);
  assert.equal(ruling.decision, 'verify');
  assert.deepEqual(ruling.reasons, ['tool is malicious: test', 'user is sensitive: test']);
});

test('a rule on an effect raises the decision for a call that has it, and for no other', () => {
  const rules = withTools({}, { spends: 'verify' });
  const benign = [label('user', 'benign')];
  assert.equal(decide(benign, rules, { tool: 'pay', effects: ['writes', 'spends'] }).decision, 'verify');
  assert.equal(decide(benign, rules, { tool: 'read', effects: ['reads'] }).decision, 'execute');
  assert.equal(decide(benign, rules).decision, 'execute');
});

test('a rule on a tool replaces the rules on its effects, in both directions', () => {
  const rules = withTools({ pay: 'execute', read: 'refuse' }, { spends: 'verify' });
  const benign = [label('user', 'benign')];
  assert.equal(decide(benign, rules, { tool: 'pay', effects: ['spends'] }).decision, 'execute');
  assert.equal(decide(benign, rules, { tool: 'read', effects: ['reads'] }).decision, 'refuse');
  assert.equal(decide(benign, rules, { tool: 'give', effects: ['spends'] }).decision, 'verify');
});

test('a rule on a tool never lowers what an assessment calls for', () => {
  const rules = withTools({ pay: 'execute' });
  assert.equal(decide([label('user', 'malicious')], rules, { tool: 'pay', effects: [] }).decision, 'refuse');
});

test('nothing assessed means ask, whatever the rules allow', () => {
  assert.equal(decide([]).decision, 'verify');
  assert.equal(decide([], withTools({ pay: 'execute' }), { tool: 'pay', effects: [] }).decision, 'verify');
  assert.deepEqual(decide([]).reasons, ['nothing has been assessed']);
});

test('a tool named like a property of every object has no rule by accident', () => {
  const call: CallFacts = { tool: 'constructor', effects: ['spends'] };
  const benign = [label('user', 'benign')];
  assert.equal(decide(benign, defaultRules, call).decision, 'execute');
  assert.equal(decide(benign, withTools({}, { spends: 'refuse' }), call).decision, 'refuse');
});

test('a label outside the taxonomy throws instead of passing', () => {
  const stranger: Assessment = JSON.parse('{"channel":"user","mode":"harmless","source":"user","evidence":""}');
  assert.throws(() => decide([stranger]), RangeError);
});

test('one more assessment never makes the decision laxer, once anything was assessed', () => {
  fc.assert(
    fc.property(
      fc.array(anyAssessment, { minLength: 1 }),
      anyAssessment,
      anyRules,
      maybeCall,
      (some, extra, rules, call) => {
        return rank(decide([...some, extra], rules, call).decision) >= rank(decide(some, rules, call).decision);
      },
    ),
  );
});

test('knowing the call never makes the decision laxer', () => {
  fc.assert(
    fc.property(fc.array(anyAssessment), anyRules, anyCall, (some, rules, call) => {
      return rank(decide(some, rules, call).decision) >= rank(decide(some, rules).decision);
    }),
  );
});

test('the order of the assessments does not matter', () => {
  fc.assert(
    fc.property(fc.array(anyAssessment), anyRules, maybeCall, (some, rules, call) => {
      const [one, other] = [decide(some, rules, call), decide([...some].reverse(), rules, call)];
      assert.equal(one.decision, other.decision);
      assert.deepEqual([...one.reasons].sort(), [...other.reasons].sort());
    }),
  );
});

test('no assessment is at least verify under any rules', () => {
  fc.assert(
    fc.property(anyRules, maybeCall, (rules, call) => rank(decide([], rules, call).decision) >= rank('verify')),
  );
});

test('every decision has a reason', () => {
  fc.assert(
    fc.property(
      fc.array(anyAssessment),
      anyRules,
      maybeCall,
      (some, rules, call) => decide(some, rules, call).reasons.length > 0,
    ),
  );
});
