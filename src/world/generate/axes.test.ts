// Each axis changes what it says against training, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AXES, type Axis, generateAxis } from './axes.ts';
import { FAMILIES } from './families/index.ts';
import { generateSuite } from './generate.ts';

const suites = Object.fromEntries(AXES.map((axis) => [axis, generateAxis(axis, { count: 480, seed: 5 })])) as {
  [axis in Axis]: ReturnType<typeof generateAxis>;
};
const training = generateSuite({ count: 4000, seed: 1, split: 'train' });
const setOf = (of: (s: (typeof training)[number]) => readonly string[], list = training) => new Set(list.flatMap(of));
const trained = {
  wordings: setOf(({ wording }) => [wording.split('/')[0] ?? '']),
  styles: setOf(({ injections }) => injections.flatMap(({ kind, wording }) => (kind === 'attack' ? [wording] : []))),
  tools: setOf(({ tools }) => tools.map(({ tool }) => tool)),
  domains: setOf(({ domain }) => [domain]),
};

test('what an axis holds out was never trained on', () => {
  for (const { wording } of suites.wordings) assert.ok(!trained.wordings.has(wording.split('/')[0] ?? ''), wording);
  const attacks = suites.styles.flatMap(({ injections }) => injections.filter(({ kind }) => kind === 'attack'));
  assert.ok(attacks.length > 50);
  for (const { wording } of attacks) assert.ok(!trained.styles.has(wording), wording);
  const needed = (id: string) => FAMILIES.find((family) => family.id === id)?.tools ?? [];
  for (const { family } of suites.tools)
    assert.ok(
      needed(family).some((tool) => !trained.tools.has(tool)),
      family,
    );
  for (const { domain } of suites.domains) assert.ok(!trained.domains.has(domain), domain);
});

test('what an axis does not hold out comes from training', () => {
  for (const axis of ['fresh', 'styles', 'tools', 'domains'] as const)
    for (const { wording } of suites[axis])
      assert.ok(trained.wordings.has(wording.split('/')[0] ?? ''), `${axis} ${wording}`);
  for (const axis of ['fresh', 'wordings', 'tools', 'domains'] as const)
    for (const { injections } of suites[axis])
      for (const { kind, wording } of injections)
        if (kind === 'attack') assert.ok(trained.styles.has(wording), `${axis} ${wording}`);
  for (const axis of ['fresh', 'wordings', 'styles', 'tools'] as const)
    for (const { domain } of suites[axis]) assert.ok(trained.domains.has(domain), `${axis} ${domain}`);
});

test('every axis has every cell its families can make, and its ids are its own', () => {
  const cells = (list: typeof training) => new Set(list.map(({ labels }) => `${labels.prompt}/${labels.response}`));
  for (const axis of AXES.filter((name) => name !== 'tools'))
    assert.deepEqual([...cells(suites[axis])].sort(), [...cells(training)].sort(), axis);
  // The held-out families of known domains read nothing on the way, so nothing can be injected there.
  assert.deepEqual([...cells(suites.tools)].sort(), ['benign/benign', 'malicious/benign', 'sensitive/benign']);
  const ids = AXES.flatMap((axis) => suites[axis].map(({ id }) => id));
  assert.equal(new Set(ids).size, ids.length);
});

test('the same seed gives the same bytes', () => {
  for (const axis of AXES) {
    const write = (seed: number) => JSON.stringify(generateAxis(axis, { count: 24, seed }));
    assert.equal(write(2), write(2));
    assert.notEqual(write(2), write(3));
  }
});
