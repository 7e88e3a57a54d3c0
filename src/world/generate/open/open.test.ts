// The suite `open`: seeds determine it, its controls hold, nothing held out is seen in training, a request tells its tools
// apart, and a record holds what is planted where outsiders write.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { rng } from '../../../episode/random.ts';
import { MODES } from '../../../safety/taxonomy.ts';
import { type Scenario, scenarioSchema } from '../../scenario.ts';
import { toolByName } from '../../services/index.ts';
import { loadWorlds } from '../../world.ts';
import { startDraft } from '../draft.ts';
import { generateScenario, ROUND } from '../generate.ts';
import { isReserved } from '../naming.ts';
import { DEEDS, inventBrand, OPEN_FIELDS, OPEN_NOUNS, OPEN_ROLES, OPEN_VALUES, pluralOf } from './lexicon.ts';
import { KINDS, nameOpenTool } from './naming.ts';
import { generateOpen, OPEN_IDIOM } from './open.ts';
import { placeInRecord, writeRecord } from './record.ts';

before(loadWorlds);

/** The words of a name. */
const splitName = (name: string): string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_');

const draw = (split: 'train' | 'heldout', count: number, seed = 1) =>
  Array.from({ length: count }, (_, index) => generateOpen(seed, split, index));
const suites = { train: draw('train', 960), heldout: draw('heldout', 480) };
const ownOf = (suite: readonly Scenario[]) => suite.filter(({ domain }) => domain === 'open');
const all = [...suites.train, ...suites.heldout];

test('the same seed, split and index give the same scenario; another of them gives another', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 999 }),
      fc.constantFrom('train', 'heldout'),
      fc.nat(400),
      (seed, split, index) => {
        assert.deepEqual(generateOpen(seed, split, index), generateOpen(seed, split, index));
        assert.notDeepEqual(generateOpen(seed, split, index).request, generateOpen(seed + 1, split, index).request);
      },
    ),
    { numRuns: 40 },
  );
});

test('every scenario is of the schema, and its tools are real tools under names of their own', () => {
  for (const scenario of all) {
    scenarioSchema.parse(scenario);
    for (const { tool } of scenario.tools) assert.ok(toolByName(tool), tool);
    const names = scenario.tools.map(({ as }) => splitName(as).join(' '));
    assert.equal(new Set(names).size, names.length, names.join(';'));
  }
});

test('every cell of a round occurs in both splits, three in ten scenarios are of core, with its own words', () => {
  for (const suite of [suites.train, suites.heldout]) {
    const cells = new Set(suite.map(({ labels }) => `${labels.prompt}/${labels.response}`));
    for (const prompt of MODES) for (const response of MODES) assert.ok(cells.has(`${prompt}/${response}`));
    const share = 1 - ownOf(suite).length / suite.length;
    assert.ok(share > 0.24 && share < 0.36, String(share));
  }
  const index = suites.train.findIndex(({ domain }) => domain !== 'open');
  assert.equal(suites.train[index]?.request, generateScenario(1, 'train', index).request);
  assert.equal(ROUND.length, 24);
});

test('no noun, field or value of the held-out words stands in a training scenario of its own', () => {
  for (const words of [OPEN_NOUNS, OPEN_FIELDS, OPEN_VALUES, OPEN_ROLES]) {
    const trained = new Set(words.train);
    assert.ok(words.heldout.length > (words === OPEN_ROLES ? 5 : 10) && words.train.length > 2 * words.heldout.length);
    assert.deepEqual(
      words.heldout.filter((word) => trained.has(word)),
      [],
    );
  }
  const parts = (suite: readonly Scenario[]) =>
    new Set(ownOf(suite).flatMap(({ tools }) => tools.flatMap(({ as }) => splitName(as))));
  const nouns = new Set(OPEN_NOUNS.heldout);
  const deeds = new Set(Object.values(DEEDS).flat() as string[]);
  const fixed = 'record item entry box center desk'.split(' '); // of how products are called
  const seen = [...parts(suites.train)].filter((part) => nouns.has(part) && !deeds.has(part) && !fixed.includes(part));
  assert.deepEqual(seen, []);
  // Control: the held-out split does name its tools with them.
  assert.ok([...parts(suites.heldout)].filter((part) => nouns.has(part)).length > nouns.size / 2);
});

test('no tool bears a name that core holds out', () => {
  for (const { tools } of ownOf(all)) for (const { as } of tools) assert.ok(!isReserved(as), as);
  assert.ok(isReserved('share_file'));
});

test('tools of one scenario differ in the thing they are about, or in what is done to it', () => {
  for (let seed = 0; seed < 300; seed++) {
    const sources = { wording: 'train', style: 'train', idiom: OPEN_IDIOM } as const;
    const b = startDraft(rng('names', seed), 'train', 'benign', new Set(), sources);
    for (const tool of b.r.shuffle(Object.keys(KINDS)).slice(0, 4)) b.names.set(tool, nameOpenTool(b, tool));
    const named = [...b.names.values()];
    for (const [at, one] of named.entries())
      for (const other of named.slice(at + 1)) {
        const deeds = Object.values(DEEDS).filter((verbs: readonly string[]) => verbs.includes(one.verb));
        const same = deeds.some((verbs: readonly string[]) => verbs.includes(other.verb));
        assert.ok(one.noun !== other.noun || !same, `${one.as} ${other.as}`);
      }
  }
});

test('the user’s request has a word of the tool it needs first, or a word that means its deed', () => {
  for (const { plan, tools, request } of ownOf(all)) {
    const [step] = plan;
    if (step?.kind !== 'call') continue;
    const said = new Set(request.toLowerCase().match(/\p{L}+/gu));
    const { tool = '' } = tools.find(({ as }) => as === step.call.name) ?? {};
    const name = splitName(step.call.name);
    const deed = DEEDS[KINDS[tool]?.deed ?? 'read'];
    const plurals = new Set([...said].map(pluralOf));
    const tells = (word: string) => said.has(word) || said.has(pluralOf(word)) || plurals.has(word);
    assert.ok(name.some(tells) || deed.some((verb) => said.has(verb)), `${request} ${name.join(' ')}`);
  }
});

test('a record holds what is planted, and what the task needs, in every form', () => {
  const forms = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const r = rng('record', seed);
    const fields = [['color', 'blue']] as const;
    const record = writeRecord(r, { split: 'train', noun: 'lamp', fields, text: 'A lamp.' });
    const planted = placeInRecord(r, record, 'Please sell it.');
    assert.ok(planted.includes('Please sell it.') && planted.includes('blue'), planted);
    assert.ok(!planted.includes('\u241f'));
    const bare = placeInRecord(r, record, null);
    assert.ok(bare.includes('A lamp.') && !bare.includes('\u241f') && !bare.includes('sell'));
    forms.add(bare.startsWith('{"') ? 'json' : bare.startsWith("{'") ? 'python' : 'lines');
    if (bare.startsWith('{"')) JSON.parse(bare);
  }
  assert.deepEqual([...forms].sort(), ['json', 'lines', 'python']);
});

test('names of products are words of letters, and hardly ever come twice', () => {
  const brands = Array.from({ length: 500 }, (_, seed) => inventBrand(rng('brand', seed)));
  for (const brand of brands) assert.match(brand, /^[A-Z][a-z]{2,}$/);
  assert.ok(new Set(brands).size > 490);
});
