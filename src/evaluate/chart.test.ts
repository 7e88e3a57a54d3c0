// Facts about drawings: what is thinned keeps its extremes, gaps stay gaps, ticks span the values, words tell the figures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  averageAt,
  drawBars,
  drawLines,
  drawSpark,
  type LineChart,
  pickTicks,
  pickWindow,
  spreadPlaces,
  thinPlaces,
} from './chart.ts';
import { wilson } from './metrics.ts';
import { toText } from './report/html.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
const values = fc.array(fc.option(finite, { freq: 8 }), { minLength: 1, maxLength: 3000 });

function chartOf(list: readonly (number | null)[], more: Partial<LineChart> = {}): LineChart {
  const series = [{ name: 'reward', tone: 'one' as const, values: list }];
  return { title: 'Reward', unit: 'number', steps: list.map((_, at) => at), series, ...more };
}

/** The path data of the drawn lines of a class. */
function pathsOf(markup: string, kind: string): readonly string[] {
  return [...markup.matchAll(new RegExp(`<path class="${kind} one" d="([^"]*)"/>`, 'g'))].map(
    (match) => match[1] ?? '',
  );
}

test('a moving average is the mean of the known values around a place', () => {
  const smooth = (list: readonly (number | null)[], window: number) => list.map((_, at) => averageAt(list, at, window));
  assert.deepEqual(smooth([0, 3, 6, 9], 3), [1.5, 3, 6, 7.5]);
  assert.deepEqual(smooth([0, null, 6], 3), [0, 3, 6]);
  assert.deepEqual(smooth([null, null, null, 1], 3), [null, null, 1, 1]);
  assert.deepEqual(smooth([1, Number.NaN, 2], 1), [1, null, 2]);
});

test('short curves are not averaged; windows are odd and grow with the curve', () => {
  assert.deepEqual([1, 7, 8, 60, 5000].map(pickWindow), [1, 1, 3, 5, 335]);
});

test('thinning keeps the order, both extremes and at most two places for a column', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 50 }), (list, columns) => {
      const places = thinPlaces(list, columns);
      assert.ok(places.length <= Math.max(2 * columns, list.length <= 2 * columns ? list.length : 0));
      assert.deepEqual(
        places,
        [...new Set(places)].toSorted((a, b) => a - b),
      );
      const known = list.filter((value) => value !== null);
      const kept = places.flatMap((at) => list[at] ?? []);
      if (known.length > 0) {
        assert.equal(Math.min(...kept), Math.min(...known));
        assert.equal(Math.max(...kept), Math.max(...known));
      }
    }),
  );
});

test('spread places begin with the first and end with the last', () => {
  assert.deepEqual(spreadPlaces(3, 5), [0, 1, 2]);
  assert.deepEqual(spreadPlaces(0), []);
  const places = spreadPlaces(5000);
  assert.deepEqual([places.length, places[0], places.at(-1)], [480, 0, 4999]);
});

test('ticks are few, evenly apart and span the values', () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const ticks = pickTicks(low, high);
      const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
      assert.ok(ticks.length >= 2 && ticks.length <= 6, `${ticks.length} ticks`);
      assert.ok(step > 0);
      const slack = Math.max(step, Math.abs(high), Math.abs(low)) * 1e-6;
      assert.ok((ticks[0] ?? 0) <= low + slack && (ticks.at(-1) ?? 0) >= high - slack, `${ticks} for ${low}..${high}`);
    }),
  );
  assert.deepEqual(pickTicks(0, 0.3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(pickTicks(2, 2), [2, 3]);
});

test('a gap breaks the line, and a value between two gaps is a dot', () => {
  const drawn = toText(drawLines(chartOf([0, 1, null, 1, null, 0, 1], { unit: 'share' })));
  assert.deepEqual(pathsOf(drawn, 'line'), ['M0 1000L167 0M500 0h0M833 1000L1000 0']);
});

test('a line without gaps is one stroke (control)', () => {
  const drawn = toText(drawLines(chartOf([0, 1, 0], { unit: 'share' })));
  assert.deepEqual(pathsOf(drawn, 'line'), ['M0 1000L500 0L1000 1000']);
});

test('one step is a dot in the middle; nothing measured draws no line and says so', () => {
  assert.deepEqual(pathsOf(toText(drawLines(chartOf([1], { unit: 'share' }))), 'line'), ['M500 0h0']);
  const empty = toText(drawSpark(chartOf([null, Number.NaN])));
  assert.match(empty, /aria-label="Reward, steps 0 to 1\. reward: nothing measured\."/);
  assert.doesNotMatch(empty, /NaN|undefined|Infinity/);
});

test('long curves have a thin line as measured and a thick one averaged; short ones only the latter', () => {
  const wave = Array.from({ length: 60 }, (_, at) => Math.sin(at));
  assert.equal(pathsOf(toText(drawLines(chartOf(wave))), 'raw').length, 1);
  assert.equal(pathsOf(toText(drawLines(chartOf([1, 2, 3]))), 'raw').length, 0);
});

test('a drawing says in words what it shows', () => {
  const label = /aria-label="([^"]*)"/.exec(toText(drawLines(chartOf([0.25, 0.1, 0.9, 0.5]))))?.[1];
  assert.equal(label, 'Reward, steps 0 to 3. reward: first 0.25, last 0.5, lowest 0.1, highest 0.9.');
});

test('every coordinate is a number inside the drawing, whatever the values', () => {
  fc.assert(
    fc.property(values, (list) => {
      const drawn = toText(drawLines(chartOf(list)));
      for (const path of [...pathsOf(drawn, 'line'), ...pathsOf(drawn, 'raw')]) {
        for (const number of path.split(/[MLh ]/).filter((part) => part !== '')) {
          assert.ok(Number(number) >= 0 && Number(number) <= 1000, `${number} of ${path.slice(0, 80)}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('bars show rate and interval; what was not measured has none', () => {
  const drawn = toText(drawBars('Refuse', wilson(0, 0), wilson(9, 10)));
  assert.doesNotMatch(drawn, /bar before/);
  assert.match(drawn, /class="bar after" d="M0 17H900V26H0Z"/);
  assert.match(drawn, /class="whisker after" d="M596 21\.5H982"/);
  assert.match(drawn, /Before: –, interval –\. After: 90\.0, interval 59\.6–98\.2\./);
});
