import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS, type Metrics, wilson } from '../metrics.ts';
import { toText } from './html.ts';
import { type RoundRow, renderRounds } from './rounds.ts';

const rates = Object.fromEntries(METRICS.map((name) => [name, wilson(9, 10)])) as Metrics;
const row = (round: number, more: Partial<RoundRow> = {}): RoundRow => ({
  ...{ round, population: 3, found: 2, attacks: [], heldout: rates, train: rates, kept: true, lost: [] },
  attacked: { tool: wilson(1, 4) },
  ...more,
});
const show = (rows: readonly RoundRow[]): string => toText(renderRounds(rows));

test('every round has its row, an attack one of its own', () => {
  const attacks = [{ attacker: 'evolve', channel: 'tool', targets: 18, bare: 1, broken: 7 }];
  const page = show([row(0), row(1, { attacks })]);
  assert.match(page, /<th scope="row">1<\/th><td>evolve<\/td><td>tool<\/td><td>18<\/td><td>7<\/td><td>1<\/td>/);
  assert.equal(page.match(/<td>90\.0<\/td>/g)?.length, 2 * METRICS.length);
  assert.equal(page.match(/<td>25\.0<\/td>/g)?.length, 2);
});

test('an undone round says why, and a text is never markup', () => {
  const page = show([row(1, { kept: false, lost: ['utility <b>90</b> % to 80 %'] })]);
  assert.match(page, /no: utility &lt;b&gt;90/);
  assert.ok(!show([row(1)]).includes('no: '));
});
