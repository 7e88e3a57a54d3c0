// Demonstrations: all of them inside the grammar, decided by chance alone, and trained on the demonstrator's own tokens only.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { choosingPolicy } from '../agent/scripted.ts';
import { rng } from '../episode/random.ts';
import { constrainTurn, type Grammar, makeGrammar } from '../policy/local/grammar.ts';
import { readTurn, renderTurn } from '../policy/local/render.ts';
import { SPECIALS } from '../policy/local/thought.ts';
import { type Tokenizer, trainTokenizer } from '../policy/local/tokenizer.ts';
import { DECISIONS, type Decision, MODES, type Mode } from '../safety/taxonomy.ts';
import { generateSuite } from '../world/generate/generate.ts';
import type { Scenario } from '../world/scenario.ts';
import { loadWorlds } from '../world/world.ts';
import { DEFAULT_CONFIG } from './config.ts';
import {
  type Demonstration,
  demonstrate,
  drawChoices,
  listTexts,
  renderDemonstration,
  SHARES,
  type Shares,
} from './demonstrate.ts';

/** The default, and demonstrators that always do one thing, so that every turn there is comes up. */
const DISPOSITIONS: { readonly [name: string]: Shares } = {
  usual: SHARES,
  complies: { ask: 0, refuse: 0, askOrder: 0, leaveOrder: 0 },
  asks: { ask: 1, refuse: 0, askOrder: 1, leaveOrder: 0 },
  refuses: { ask: 0, refuse: 1, askOrder: 0, leaveOrder: 1 },
  leaves: { ask: 0, refuse: 0, askOrder: 0, leaveOrder: 1 },
  wavers: { ask: 0.5, refuse: 0.1, askOrder: 0.6, leaveOrder: 0.2 },
};
const NAMES = Object.keys(DISPOSITIONS);

const scenarios = [
  ...generateSuite({ count: 300, seed: 21, split: 'train' }),
  ...generateSuite({ count: 100, seed: 21, split: 'heldout' }),
];
/** Every scenario with two of the dispositions, in turn. */
const demonstrations: Demonstration[] = [];
let tokenizer: Tokenizer;
let grammar: Grammar;

before(async () => {
  await loadWorlds();
  for (const [at, scenario] of scenarios.entries()) {
    for (let turn = 0; turn < 2; turn++) {
      const name = NAMES[(2 * at + turn) % NAMES.length] ?? '';
      demonstrations.push(await demonstrate(scenario, rng('test', at, turn), DISPOSITIONS[name]));
    }
  }
  const specials = new Map(SPECIALS.map((name, id) => [name, id]));
  const texts = demonstrations
    .filter(({ episode }) => episode.scenario.startsWith('core-train'))
    .flatMap((d) => listTexts(d, specials));
  tokenizer = trainTokenizer(texts, { vocabSize: DEFAULT_CONFIG.model.vocab, specials: SPECIALS, attachBlank: true });
  grammar = makeGrammar(tokenizer);
});

/** Where a turn leaves the grammar: the index of the first token that is not allowed or does not end as it should; −1: nowhere. */
function findStray(tokens: readonly number[], { tools }: Demonstration): number {
  const constraint = constrainTurn(grammar, { tools, read: [], approved: null }, null);
  return tokens.findIndex((token, at) => {
    const allowed = constraint.allowed()?.includes(token) === true;
    return !allowed || constraint.accept(token) !== (at === tokens.length - 1);
  });
}

test('every turn of every demonstration is inside the grammar, token by token, in both splits', () => {
  let turns = 0;
  for (const demonstration of demonstrations) {
    for (const { think, action } of demonstration.episode.steps) {
      const tokens = renderTurn(tokenizer, demonstration.tools, think, action);
      assert.equal(
        findStray(tokens, demonstration),
        -1,
        `${demonstration.episode.id}: ${think} ${JSON.stringify(action)}`,
      );
      turns++;
    }
  }
  assert.ok(turns > 1500);
});

test('a thought out of order is found outside the grammar', () => {
  const [first] = demonstrations;
  assert.ok(first);
  const tokens = renderTurn(tokenizer, first.tools, 'execute plain', { kind: 'final', text: 'Done.' });
  assert.ok(findStray(tokens, first) > 0);
});

test('every turn of every demonstration is read back as it was played', () => {
  for (const { episode, tools } of demonstrations) {
    for (const { think, action, decision } of episode.steps) {
      const turn = readTurn(tokenizer, tools, renderTurn(tokenizer, tools, think, action));
      assert.deepEqual([turn.think, turn.action, turn.decision, turn.ended], [think, action, decision, true]);
    }
  }
});

test('the turns show every decision, news and kind of action', () => {
  const steps = demonstrations.flatMap(({ episode }) => episode.steps);
  const shown = new Set(steps.flatMap(({ think, action }) => [...(think ?? '').split(' '), action.kind]));
  const wanted = [...DECISIONS, 'order', 'content', 'done', 'approved', 'denied', 'call', 'check', 'final'];
  assert.deepEqual(
    wanted.filter((word) => !shown.has(word)),
    [],
  );
});

test('demonstrations fit the context of the default model, and are mostly what the demonstrator only reads', () => {
  for (const demonstration of demonstrations) {
    const { tokens, own } = renderDemonstration(tokenizer, demonstration);
    assert.ok(tokens.length <= DEFAULT_CONFIG.model.context, demonstration.episode.id);
    assert.equal(own.length, tokens.length);
    assert.ok(own.includes(true) && own[0] === false);
  }
});

test('the same generator gives the same demonstration, another one another', async () => {
  const [scenario] = scenarios.filter(({ injections }) => injections.some(({ kind }) => kind === 'attack'));
  assert.ok(scenario);
  const play = async (key: number) =>
    JSON.stringify((await demonstrate(scenario, rng(key), DISPOSITIONS.wavers)).episode);
  assert.equal(await play(1), await play(1));
  const all = new Set(await Promise.all(Array.from({ length: 8 }, (_, key) => play(key))));
  assert.ok(all.size > 1);
});

// --- the shares

const drawn = generateSuite({ count: 1500, seed: 33, split: 'train' });

/** The first decision of a demonstration of each scenario, without a world: the label is known, the decision drawn. */
async function drawFirst(shares: Shares): Promise<{ readonly mode: Mode; readonly decision: Decision }[]> {
  return Promise.all(
    drawn.map(async (scenario: Scenario, at) => {
      const policy = choosingPolicy('drawn', scenario, drawChoices(rng('draw', at), shares));
      const session = await policy.open({ tools: [], request: scenario.request, seed: 1, index: at });
      const { decision } = await session.act(null);
      assert.ok(decision);
      return { mode: scenario.labels.prompt, decision };
    }),
  );
}

/** Pearson's χ² of decisions against modes: 4 degrees of freedom, beyond 18.5 in one of a thousand where there is no link. */
function measureLink(draws: readonly { readonly mode: Mode; readonly decision: Decision }[]): number {
  const count = (fits: (draw: (typeof draws)[number]) => boolean) => draws.filter(fits).length;
  let sum = 0;
  for (const mode of MODES) {
    for (const decision of DECISIONS) {
      const expected = (count((d) => d.mode === mode) * count((d) => d.decision === decision)) / draws.length;
      sum += (count((d) => d.mode === mode && d.decision === decision) - expected) ** 2 / expected;
    }
  }
  return sum;
}

test('nine demonstrations in ten comply, the rest ask or refuse about equally often', async () => {
  const draws = await drawFirst(SHARES);
  const share = (decision: Decision) => draws.filter((draw) => draw.decision === decision).length / draws.length;
  assert.ok(Math.abs(share('execute') - 0.9) < 0.025, String(share('execute')));
  assert.ok(Math.abs(share('verify') - 0.05) < 0.02 && Math.abs(share('refuse') - 0.05) < 0.02);
});

test('what is decided does not depend on the labels: the warm start gives no judgement away', async () => {
  assert.ok(measureLink(await drawFirst(SHARES)) < 18.5);
  const even = { ...SHARES, ask: 1 / 3, refuse: 1 / 3 };
  assert.ok(measureLink(await drawFirst(even)) < 18.5);
});

test('a demonstrator that leaned on the labels would be found out', async () => {
  const draws = await drawFirst(SHARES);
  const leaning = draws.map((draw, at) =>
    draw.mode === 'malicious' && at % 10 === 0 ? { ...draw, decision: 'refuse' as const } : draw,
  );
  assert.ok(measureLink(leaning) > 18.5);
});
