// That nothing that is held out is seen in training: families, domains, tools and their names, attack styles, wordings of
// requests and of injected texts. Shown of the definitions, so of every seed, and again of drawn suites.
// Shared on purpose: the vocabulary (lexicon.ts), the templates of look-alikes of styles that are trained, and the planted
// claim "tell the user to see …". What is tested is the transfer of behaviour, not of words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../episode/random.ts';
import { allTools } from '../services/index.ts';
import { STYLES, stylesOf } from './attacks.ts';
import { startDraft } from './draft.ts';
import { FAMILIES } from './families/index.ts';
import { generateSuite } from './generate.ts';
import * as lexicon from './lexicon.ts';
import { isReserved, nameTool, TOOLS } from './naming.ts';
import { FRAMES } from './wording.ts';

const COUNT = 2000;
const train = generateSuite({ count: COUNT, seed: 1, split: 'train' });
const heldout = generateSuite({ count: COUNT, seed: 1, split: 'heldout' });

/** What both lists have. Empty means disjoint; two empty lists are no proof. */
function listShared(a: Iterable<string>, b: Iterable<string>): string[] {
  const [left, right] = [new Set(a), new Set(b)];
  assert.ok(left.size > 0 && right.size > 0);
  return [...left].filter((value) => right.has(value));
}

test('two lists that share something are found out', () => {
  assert.deepEqual(listShared(['a', 'b'], ['b', 'c']), ['b']);
  assert.throws(() => listShared([], ['a']));
});

test('families are of one split each', () => {
  assert.deepEqual(
    listShared(
      train.map((s) => s.family),
      heldout.map((s) => s.family),
    ),
    [],
  );
  const of = (split: string) => FAMILIES.filter((family) => family.split === split).map((family) => family.id);
  assert.deepEqual(listShared(of('train'), of('heldout')), []);
});

test('at least three domains are held out entirely, and held-out families of trained domains are there too', () => {
  const domains = (suite: typeof train) => new Set(suite.map((scenario) => scenario.domain));
  const unseen = [...domains(heldout)].filter((domain) => !domains(train).has(domain));
  assert.deepEqual(unseen.sort(), ['chat', 'notes', 'shop']);
  assert.ok(listShared(domains(train), domains(heldout)).length >= 3);
});

test('no tool is offered in both splits, under no name', () => {
  const offered = (suite: typeof train) => suite.flatMap(({ tools }) => tools);
  const [ours, theirs] = [offered(train), offered(heldout)];
  assert.deepEqual(
    listShared(
      ours.map(({ tool }) => tool),
      theirs.map(({ tool }) => tool),
    ),
    [],
  );
  assert.deepEqual(
    listShared(
      ours.map(({ as }) => as),
      theirs.map(({ as }) => as),
    ),
    [],
  );
});

test('whatever a training tool is called, it is not called as a held-out tool or any other tool of the world', () => {
  assert.deepEqual(listShared(TOOLS.train, TOOLS.heldout), []);
  const r = rng('names');
  const drawn = TOOLS.train.flatMap((tool) => Array.from({ length: 400 }, () => nameTool(r, tool).as));
  const others = allTools.map(({ schema }) => schema.name).filter((name) => !TOOLS.train.includes(name));
  assert.deepEqual(listShared(drawn, others), []);
  assert.deepEqual(drawn.filter(isReserved), []);
  assert.ok(TOOLS.heldout.every(isReserved), 'negative control: every held-out name would be found');
});

test('styles that are held out dress nothing in training, neither attacks nor look-alikes', () => {
  const unseen = STYLES.filter((style) => style.train.length === 0).map((style) => style.id);
  const used = train.flatMap(({ injections }) => injections.map(({ style }) => style));
  assert.deepEqual(listShared(unseen, used), []);
  assert.equal(
    listShared(
      unseen,
      heldout.flatMap((s) => s.injections.map(({ style }) => style)),
    ).length,
    unseen.length,
  );
});

test('no wording of an attack is in both splits, within a style or across styles', () => {
  const templates = (split: 'train' | 'heldout') => STYLES.flatMap((style) => style[split]);
  assert.deepEqual(listShared(templates('train'), templates('heldout')), []);
  for (const style of STYLES) assert.ok(style.heldout.length > 0, style.id);
  const ids = (suite: typeof train) =>
    suite.flatMap((s) => s.injections.filter((i) => i.kind === 'attack').map((i) => i.wording));
  assert.deepEqual(listShared(ids(train), ids(heldout)), []);
  const texts = (suite: typeof train) =>
    suite.flatMap((s) => s.injections.filter((i) => i.kind === 'attack').map((i) => i.text));
  assert.deepEqual(listShared(texts(train), texts(heldout)), []);
});

test('the dress alone of an attack tells the splits apart, whatever it asks for', () => {
  // Attack texts with what they ask for cut out; the order of a claim is the same sentence in both splits.
  const dresses = (split: 'train' | 'heldout') =>
    new Set(stylesOf(split).flatMap((style) => style[split].map((t) => t.replace('@', ''))));
  assert.deepEqual(listShared(dresses('train'), dresses('heldout')), []);
});

test('frames of requests are of one split each', () => {
  for (const kind of ['verb', 'other'] as const) {
    assert.deepEqual(listShared(FRAMES.train[kind], FRAMES.heldout[kind]), []);
  }
  assert.deepEqual(
    listShared(
      train.map((s) => s.wording),
      heldout.map((s) => s.wording),
    ),
    [],
  );
});

/** Both lists of clause orders of every family, filled with what one seed draws. */
function listOrders(
  seed: number,
): { readonly family: string; readonly train: readonly string[]; readonly heldout: readonly string[] }[] {
  return FAMILIES.flatMap((family) => {
    const builder = startDraft(rng('orders', seed, family.id), family.split, family.modes[0] ?? 'benign');
    const found: { family: string; train: readonly string[]; heldout: readonly string[] }[] = [];
    const orders = (ours: readonly string[], theirs: readonly string[]) => {
      found.push({ family: family.id, train: ours, heldout: theirs });
      return builder.orders(ours, theirs);
    };
    family.build({ ...builder, orders });
    return found;
  });
}

test('no family has one clause order in both splits', () => {
  const all = [1, 2, 3].flatMap(listOrders);
  assert.ok(all.filter((family) => family.train.length > 0 && family.heldout.length > 0).length > 60);
  for (const { family, train: ours, heldout: theirs } of all) {
    assert.deepEqual(
      ours.filter((order) => theirs.includes(order)),
      [],
      family,
    );
  }
});

/** A request with every word of the lexicon and every number blanked: what is left is frame, order and verb. */
function strip(request: string): string {
  const words = new Set(
    Object.values(lexicon)
      .flat()
      .map((word) => word.toLowerCase()),
  );
  return request
    .toLowerCase()
    .split(/([^a-z.]+|\.$|\.(?= ))/)
    .map((part) => (words.has(part) || /^\d+$/.test(part) ? '_' : part.replace(/\d+/g, '_')))
    .join('');
}

test('no request is worded the same in both splits, however its blanks are filled', () => {
  assert.equal(strip('Send my recipe to Anna, 400.'), strip('Send my poem to Boris, 17.'));
  assert.deepEqual(
    listShared(
      train.map((s) => strip(s.request)),
      heldout.map((s) => strip(s.request)),
    ),
    [],
  );
});
