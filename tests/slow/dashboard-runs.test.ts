// The dashboard in a real browser, beside what dashboard.test.ts looks at: a run watched while the real program trains it, its tokens
// and its group, charts saved as pictures, a study, benchmarks, scenarios of files, and the guard's word in episodes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createRun } from '../../src/train/rundir.ts';
import { generateSuite } from '../../src/world/generate/generate.ts';
import { CHROMIUM, listViolations, openBrowser, openDashboard, TINY, withPage as visit } from '../dashboard/browser.ts';
import { encodeAll, makeBenchmark, makeStudy, playScripted } from '../dashboard/material.ts';

const skip = CHROMIUM === undefined ? 'no Chromium here; set TRIBUNE_CHROMIUM or install one' : false;
const folder = mkdtempSync(join(tmpdir(), 'tribune-dash-'));
const root = join(folder, 'runs');
const suiteFile = join(folder, 'mine.jsonl');
let browser: Browser;
let dashboard: Awaited<ReturnType<typeof openDashboard>>;
let run = '';

before(async () => {
  if (skip) return;
  mkdirSync(root);
  run = (await createRun(root, TINY)).id;
  browser = await openBrowser();
  dashboard = await openDashboard(root, { suites: [suiteFile] });
});
after(async () => {
  await browser?.close();
  await dashboard?.close();
  rmSync(folder, { recursive: true });
});

const withPage = (view: string, use: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) =>
  visit(browser, dashboard, view, use, options);

/** The program aligning the run, as `align --watch`: the address it tells, and its end. */
function alignWatched() {
  const verb = [...process.execArgv, 'src/cli/main.ts', 'align', '--watch', '--resume', join(root, run)];
  const child = spawn(process.execPath, verb, { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = new Promise<string>((found, fail) => {
    let text = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (part: string) => {
      text += part;
      const [, told] = /watch it at (\S+)\s/.exec(text) ?? [];
      if (told !== undefined) found(told);
    });
    child.on('exit', () => fail(new Error(text)));
  });
  return { url, ended: new Promise<number | null>((done) => child.on('exit', done)) };
}

test('align --watch opens the page on its run, which moves on in it, and ends with the run', { skip }, async () => {
  const { url, ended } = alignWatched();
  const told = new URL(await url);
  assert.equal(told.hostname, '127.0.0.1');
  await visit(browser, { origin: told.origin, url: told.href }, `#/runs?run=${run}`, async (page) => {
    const row = page.locator('table.runs tbody tr.chosen', { hasText: run });
    await row.getByText(/warm start|alignment|evaluation/).waitFor({ timeout: 240_000 });
    await page.locator('figure.chart').first().waitFor({ timeout: 240_000 });
    assert.equal((await fetch(`${told.origin}/api/runs`)).status, 401, 'the token is needed here too');
    assert.equal(await ended, 0);
  });
  await assert.rejects(fetch(told.origin), 'nothing listens any more');
});

test('the address that is told opens the very run', { skip }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${dashboard.url}&run=${run}`);
  await page.locator('table.runs tr.chosen', { hasText: run }).waitFor();
  assert.ok(!page.url().includes('token'), page.url());
  await context.close();
});

test('tokens: what was read, forced and chosen, each with its figures, by keyboard too', { skip }, async () => {
  assert.ok(existsSync(join(root, run, 'episodes', 'step-0000.tokens.jsonl')));
  await withPage(`#/episodes?run=${run}&file=step-0000`, async (page) => {
    await page.locator('.row').first().click();
    await page.getByRole('button', { name: 'Show its tokens' }).click();
    const field = page.locator('.tokens');
    await field.waitFor();
    assert.ok((await field.locator('.read').count()) > 5);
    assert.ok((await field.locator('.forced').count()) > 0);
    await field.locator('.chose').first().click();
    await page.getByText(/Probability .* among [\d,]+ of 700 allowed/).waitFor();
    await field.focus();
    await page.keyboard.press('Home');
    await page.locator('.readout', { hasText: /Forced: the grammar allowed nothing else|Probability/ }).waitFor();
    assert.equal(await field.locator('.current').count(), 1);
    assert.deepEqual(await listViolations(page), []);
    const stored = readFileSync(join(root, run, 'episodes', 'step-0000.tokens.jsonl'), 'utf8').split('\n')[0] ?? '';
    const said = (await page.locator('section[aria-label="Tokens"] .about').textContent()) ?? '';
    assert.ok(said.startsWith(`${JSON.parse(stored).texts.length} tokens: `), said);
  });
  await withPage(`#/episodes?run=${run}&file=aligned-heldout`, async (page) => {
    await page.locator('.row').first().click();
    await page.getByText('Not kept: training keeps them').waitFor();
  });
});

test('two members of a group stand side by side, also after a reload', { skip }, async () => {
  await withPage(`#/episodes?run=${run}&file=step-0000`, async (page) => {
    await page.locator('.row').first().click();
    await page.getByText('as it was used').waitFor();
    await page.getByRole('button', { name: 'Beside: member 1' }).click();
    await page.locator('.pair section').nth(1).waitFor();
    assert.deepEqual(await page.locator('.pair h3').allTextContents(), ['#0', '#1']);
    await page.reload();
    await page.locator('.pair section').nth(1).waitFor();
    assert.deepEqual(await listViolations(page), []);
    await page.getByRole('button', { name: 'Take away: member 1' }).click();
    await page.locator('.pair').waitFor({ state: 'detached' });
  });
});

test('time is stepped through: the world after a turn', { skip }, async () => {
  await withPage(`#/episodes?run=${run}&file=oracle-heldout&sort=turns`, async (page) => {
    await page.locator('.row').first().click();
    await page.getByRole('button', { name: 'World after turn 1' }).click();
    await page.getByText(/after turn 1 of \d/).waitFor();
    const rows = page.locator('.timeline table.diff tbody tr');
    const before = await rows.count();
    await page.keyboard.press('End');
    await page.getByText(/after turn (\d) of \1/).waitFor();
    assert.ok((await rows.count()) > before);
  });
});

test('a chart is saved as SVG, PNG and CSV', { skip }, async () => {
  await withPage(`#/runs?run=${run}`, async (page) => {
    const save = async (name: string): Promise<Buffer> => {
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Save reward as ${name}` }).click(),
      ]);
      assert.equal(saved.suggestedFilename(), `reward.${name.toLowerCase()}`);
      return readFileSync(await saved.path());
    };
    const png = await save('PNG');
    assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20) > 800], [1800, true]);
    const svg = (await save('SVG')).toString();
    assert.match(svg, new RegExp(`^<svg .*<text[^>]*>${run} `, 's'));
    const csv = (await save('CSV')).toString().trimEnd().split('\n');
    assert.deepEqual([csv[0], csv.length], [`"step","${run}"`, 1 + TINY.grpo.steps]);
    // The picture that was painted holds more than one colour: it is not a blank sheet.
    const colours = await page.evaluate(
      async (bytes) => {
        const bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)], { type: 'image/png' }));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const on = canvas.getContext('2d')!;
        on.drawImage(bitmap, 0, 0);
        return new Set(new Uint32Array(on.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
      },
      [...png],
    );
    assert.ok(colours > 10, `${colours} colours`);
  });
});

test('two runs are compared over all sets that each of them has', { skip }, async () => {
  await makeStudy(join(root, 'study'));
  await withPage(
    `#/evaluations?run=${run}&file=oracle-heldout&secondRun=study%2Fplay-joint-1&second=heldout`,
    async (page) => {
      const options = (label: string) => page.getByLabel(label).locator('option').allTextContents();
      await page.getByText('no scenario in common').waitFor();
      assert.deepEqual(await options('its set'), ['domains', 'fresh', 'heldout', 'styles', 'tools', 'wordings']);
      assert.ok((await options('First')).includes('step-0000'));
      await page.getByLabel('Second, of run').selectOption(run);
      await page.getByLabel('its set').selectOption('do-nothing-heldout');
      await page.getByText('Only first : only second').waitFor();
      assert.match(page.url(), /second=do-nothing-heldout/);
    },
  );
});

test('a study: means, differences, cells; its seeds lead to episodes, its players to families and pairs', {
  skip,
}, async () => {
  await withPage('#/runs', async (page) => {
    await page
      .locator('table.runs tr', { hasText: 'study' })
      .first()
      .getByRole('link', { name: 'study', exact: true })
      .click();
    await page.getByText(/4 of \d+ jobs are done/).waitFor();
    const table = page.locator('table.results').first();
    assert.match((await table.textContent()) ?? '', /joint.*100\.0/);
    await page.getByText('base+guard − base').waitFor();
    assert.deepEqual(await listViolations(page), []);
    await page.getByLabel('Measured on').selectOption('wordings');
    await page.getByRole('heading', { name: 'Held-out wordings' }).waitFor();
    await page.getByRole('link', { name: 'base+guard', exact: true }).click();
    await page.getByRole('heading', { name: 'What was due, and what was done' }).waitFor();
    await page.getByText('Only first : only second').waitFor();
    assert.equal(await page.getByLabel('Second, of run').inputValue(), 'study/play-base-1');
    await page.goBack();
    await page.getByRole('link', { name: 'Episodes of base+guard, seed 1' }).click();
    await page.getByText('24 of 144 episodes').waitFor();
  });
});

test('where a guard stood before the policy, its decisions and reasons stand in the turns', { skip }, async () => {
  await withPage('#/episodes?run=study%2Fplay-base%2Bguard-1&file=heldout&cell=malicious/benign', async (page) => {
    await page.locator('.row').first().click();
    await page.getByText('A guard stood before this policy').waitFor();
    await page.locator('.say.guard .tag').first().waitFor();
    assert.ok((await page.locator('.say.guard li').first().textContent()) !== '');
    assert.deepEqual(await listViolations(page), []);
  });
  await withPage('#/episodes?run=study%2Fplay-base-1&file=heldout', async (page) => {
    await page.locator('.row').first().click();
    await page.getByRole('button', { name: 'What would the guard say?' }).click();
    await page.getByText('No guard stood before this policy').waitFor();
  });
});

test('a benchmark: measures, categories, what holds together, pairs, and each figure leads to its cases', {
  skip,
}, async () => {
  makeBenchmark(join(root, 'bench-a'), 'one', 40, 4);
  makeBenchmark(join(root, 'bench-b'), 'two', 40, 8);
  for (const options of [{}, { colorScheme: 'dark' as const, viewport: { width: 390, height: 800 } }])
    await withPage(
      '#/evaluations?run=bench-a',
      async (page) => {
        await page.getByRole('heading', { name: 'What holds together' }).waitFor();
        await page.getByText('Only first : only second').waitFor();
        assert.equal(await page.getByLabel('Second, of run').inputValue(), 'bench-b');
        assert.match((await page.locator('table.results').last().textContent()) ?? '', /attack.*25\.0.*12\.5/s);
        assert.deepEqual(await listViolations(page), []);
        await page.locator('table.results').first().getByRole('link', { name: '25.0' }).click();
        await page.getByText('10 of 40 cases').waitFor();
        await page.locator('.row').first().click();
        await page.locator('.talk .result').waitFor();
        assert.equal(await page.evaluate('typeof window.pwned'), 'undefined');
        assert.match((await page.locator('.talk').textContent()) ?? '', /<script>.*U\+202E/s);
        assert.deepEqual(await listViolations(page), []);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${over} pixels too wide`);
      },
      options,
    );
});

test('scenarios of a file are browsed, and episodes on them are marked and replayed', { skip }, async () => {
  const attacked = generateSuite({ count: 48, seed: 99, split: 'heldout' }).filter(
    ({ labels }) => labels.prompt === 'benign' && labels.response === 'malicious',
  );
  const suite = attacked.map((scenario, at) => ({ ...scenario, id: `mine-${at}` }));
  writeFileSync(suiteFile, suite.map((scenario) => `${JSON.stringify(scenario)}\n`).join(''));
  const found = join(root, 'attacks', 'scenarios', 'found');
  mkdirSync(found, { recursive: true });
  mkdirSync(join(root, 'attacks', 'episodes'));
  const best = suite.slice(0, 2).map((scenario, at) => ({ ...scenario, id: `found-${at}`, split: 'train' as const }));
  writeFileSync(join(found, 'best.jsonl'), best.map((scenario) => `${JSON.stringify(scenario)}\n`).join(''));
  const episodes = [
    ...(await playScripted('compromised', false, suite.slice(0, 1))),
    ...(await playScripted('compromised', false, best.slice(0, 1))),
  ];
  writeFileSync(join(root, 'attacks', 'episodes', 'played.jsonl'), encodeAll(episodes));
  await withPage('#/scenarios?suite=attacks/scenarios/found/best.jsonl', async (page) => {
    await page.getByText('2 scenarios; 0 kept').waitFor();
    await page.getByText('split: train').waitFor();
    await page.locator('.row').first().click();
    await page.getByText('All controls hold').waitFor();
    const suites = await page.getByLabel('Suite').locator('option').allTextContents();
    assert.deepEqual(suites, ['core', 'wide', 'open', suiteFile, 'attacks/scenarios/found/best.jsonl']);
  });
  for (const at of [0, 1])
    await withPage('#/episodes?run=attacks', async (page) => {
      await page.locator('.row').nth(at).click();
      await page.locator('.talk mark').first().waitFor();
      await page.getByRole('button', { name: 'Replay in a fresh world' }).click();
      await page.getByText('The replay agrees with the record').waitFor();
    });
});

test('recording tokens leaves the episodes alone: every list counts episodes only', { skip }, async () => {
  const files = readdirSync(join(root, run, 'episodes'));
  assert.ok(files.some((file) => file.endsWith('.tokens.jsonl')));
  await withPage(`#/episodes?run=${run}`, async (page) => {
    const sets = await page.getByLabel('Step or set').locator('option').allTextContents();
    assert.equal(sets.length - 1, files.filter((file) => !file.endsWith('.tokens.jsonl')).length);
    assert.ok(!sets.some((set) => set.includes('tokens')));
  });
  assert.deepEqual(dashboard.faults, []);
});
