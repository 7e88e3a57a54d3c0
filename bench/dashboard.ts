// What the dashboard costs: its script packed; its first paint beside that of an empty page on a server of its own; a hundred
// thousand episodes indexed beside the time it takes to read and parse the same file; the list moved through beside an idle page.
// `node bench/dashboard.ts [--json] [--episodes N]`. Needs Chromium (TRIBUNE_CHROMIUM). Times are from this machine while it does
// whatever else it does: the ratios are what can be compared; milliseconds are given for the budget (300 ms to first paint).
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { openEpisodes, pageEpisodes } from '../src/dashboard/episodes.ts';
import { loadSite } from '../src/dashboard/site.ts';
import { generateSuite } from '../src/world/generate/generate.ts';
import { loadWorlds } from '../src/world/world.ts';
import { CHROMIUM, openBrowser, openDashboard } from '../tests/dashboard/browser.ts';
import { encodeAll, playScripted } from '../tests/dashboard/material.ts';

const ROUNDS = 9;
const flags = process.argv.slice(2);
const count = Number(flags[flags.indexOf('--episodes') + 1]) || 100_000;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

type Figure = { readonly name: string; readonly value: number; readonly reference?: number; readonly unit: string };

/** Milliseconds from asking for an address to its first paint with content, in a context of its own. */
async function timePaint(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  const time = await page.evaluate(
    () =>
      new Promise<number>((done) => {
        const watch = new PerformanceObserver((list) => {
          const found = list.getEntriesByName('first-contentful-paint')[0];
          if (found !== undefined) done(found.startTime);
        });
        watch.observe({ type: 'paint', buffered: true });
      }),
  );
  await context.close();
  return time;
}

/** Milliseconds until the list of runs stands there. */
async function timeShown(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('table.runs').waitFor();
  const time = await page.evaluate(() => performance.now());
  await context.close();
  return time;
}

/** The middle and the longest time between two frames while keys go through the list, or while nothing happens. */
async function timeFrames(page: Page, keys: boolean): Promise<readonly [number, number]> {
  await page.evaluate(() => {
    const gaps: number[] = [];
    let last = performance.now();
    const note = (now: number): void => {
      gaps.push(now - last);
      last = now;
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(window, { gaps });
  });
  for (let i = 0; i < 60; i++) {
    if (keys) await page.keyboard.press(i % 3 === 0 ? 'End' : i % 3 === 1 ? 'Home' : 'PageDown');
    else await page.waitForTimeout(15);
  }
  const gaps: number[] = await page.evaluate('window.gaps.slice(2)');
  return [median(gaps), gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length * 0.95)] ?? 0];
}

async function measure(root: string): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const site = await loadSite();
  const scripts = [...site.values()].filter(({ type }) => type.startsWith('text/javascript'));
  const packed = scripts.reduce((sum, { text }) => sum + gzipSync(text).length, 0);
  figures.push({ name: 'script, packed', value: packed / 1000, unit: 'kB' });

  const file = join(root, 'many', 'episodes', 'many.jsonl');
  const start = performance.now();
  for (const line of readFileSync(file, 'utf8').split('\n')) if (line !== '') JSON.parse(line);
  const parsed = performance.now() - start;
  const before = performance.now();
  const index = await openEpisodes(root).open('many');
  const indexed = performance.now() - before;
  figures.push({ name: `${count} episodes indexed (parsed alone)`, value: indexed, reference: parsed, unit: 'ms' });
  if (index === null) throw new Error('no run was made');
  const asked = performance.now();
  pageEpisodes(index, new URLSearchParams({ outcome: 'right', words: 'please', sort: 'reward' }));
  figures.push({ name: 'filtered and ordered', value: performance.now() - asked, unit: 'ms' });

  const bare = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<p>Loading…</p>'));
  await new Promise<void>((done) => bare.listen(0, '127.0.0.1', done));
  const reference = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`;
  const dashboard = await openDashboard(root);
  const browser = await openBrowser();
  try {
    const [paints, empty, shown]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      empty.push(await timePaint(browser, reference));
      paints.push(await timePaint(browser, dashboard.url));
      shown.push(await timeShown(browser, dashboard.url));
    }
    figures.push({
      name: 'first paint (of an empty page)',
      value: median(paints),
      reference: median(empty),
      unit: 'ms',
    });
    figures.push({ name: 'the list of runs stands there', value: median(shown), reference: median(empty), unit: 'ms' });
    const page = await browser.newPage();
    await page.goto(dashboard.url);
    await page.evaluate('location.hash = "#/episodes?run=many"');
    await page.locator('.row').first().waitFor({ timeout: 120_000 });
    const [idle, idleWorst] = await timeFrames(page, false);
    await page.locator('.list').focus();
    const [busy, busyWorst] = await timeFrames(page, true);
    figures.push({ name: 'a frame while keys go through the list (idle)', value: busy, reference: idle, unit: 'ms' });
    figures.push({ name: 'the 95th of 100 frames (idle)', value: busyWorst, reference: idleWorst, unit: 'ms' });
  } finally {
    await browser.close();
    await dashboard.close();
    bare.close();
  }
  return figures;
}

if (CHROMIUM === undefined) throw new Error('no Chromium here; set TRIBUNE_CHROMIUM or install one');
const root = mkdtempSync(join(tmpdir(), 'tribune-bench-'));
try {
  await loadWorlds();
  const suite = generateSuite({ count: 200, seed: 1, split: 'heldout' });
  const lines = encodeAll(await playScripted('oracle', false, suite))
    .trimEnd()
    .split('\n');
  mkdirSync(join(root, 'many', 'episodes'), { recursive: true });
  const many = Array.from({ length: count }, (_, at) =>
    (lines[at % lines.length] ?? '').replace(/"id":"[^"]*"/, `"id":"many-${at}#0"`),
  );
  writeFileSync(join(root, 'many', 'episodes', 'many.jsonl'), `${many.join('\n')}\n`);
  const figures = await measure(root);
  if (flags.includes('--json')) console.log(JSON.stringify(figures, null, 2));
  else
    for (const { name, value, reference, unit } of figures) {
      const beside =
        reference === undefined ? '' : `  ${reference.toFixed(1)} ${unit}, ratio ${(value / reference).toFixed(2)}`;
      console.log(`${name.padEnd(52)} ${value.toFixed(1)} ${unit}${beside}`);
    }
} finally {
  rmSync(root, { recursive: true });
}
