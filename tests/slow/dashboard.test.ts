// The dashboard in a real browser, on a run that the real program trains meanwhile: every view, hostile texts, damaged files, a
// hundred thousand episodes, a rebound name, and a guard in another process that waits for an answer given in the page.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openInbox } from '../../src/dashboard/inbox.ts';
import type { Episode } from '../../src/episode/episode.ts';
import { createRun } from '../../src/train/rundir.ts';
import {
  CHROMIUM,
  HOSTILE,
  listViolations,
  openBrowser,
  openDashboard,
  TINY,
  trainRun,
  withPage as visit,
} from '../dashboard/browser.ts';

const skip = CHROMIUM === undefined ? 'no Chromium here; set TRIBUNE_CHROMIUM or install one' : false;
const folder = mkdtempSync(join(tmpdir(), 'tribune-dash-'));
const root = join(folder, 'runs');
const socket = join(folder, 'inbox', 'socket');
const log = join(folder, 'audit.jsonl');
let browser: Browser;
let dashboard: Awaited<ReturnType<typeof openDashboard>>;
let run = '';

before(async () => {
  if (skip) return;
  mkdirSync(root);
  run = (await createRun(root, TINY)).id;
  browser = await openBrowser();
  const inbox = await openInbox({ path: socket, now: Date.now });
  dashboard = await openDashboard(root, { inbox, logs: [log] });
});
after(async () => {
  await browser?.close();
  await dashboard?.close();
  rmSync(folder, { recursive: true });
});

const withPage = (view: string, use: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) =>
  visit(browser, dashboard, view, use, options);

test('a run that is being trained moves on in the page, and ends', { skip }, async () => {
  await withPage('#/runs', async (page) => {
    const row = page.locator('table.runs tbody tr', { hasText: run });
    await row.getByText('not begun').waitFor();
    const trained = trainRun(join(root, run));
    await row.getByText(/warm start|alignment/).waitFor({ timeout: 240_000 });
    assert.equal(await trained, 0);
    await row.getByText('done').waitFor({ timeout: 20_000 });
    await page.locator('figure.chart', { hasText: 'reward' }).first().waitFor({ timeout: 20_000 });
  });
});

const VIEWS = ['runs', 'episodes', 'evaluations', 'guard', 'scenarios'];
const SIZES = [
  { name: '1280 pixels, light', options: { colorScheme: 'light' as const } },
  { name: 'a phone, dark', options: { colorScheme: 'dark' as const, viewport: { width: 390, height: 800 } } },
];
for (const { name, options } of SIZES) {
  test(`no view has a serious fault of accessibility, or is wider than ${name}`, { skip }, async () => {
    for (const view of VIEWS) {
      const open = async (page: Page): Promise<void> => {
        await page.waitForFunction(() => !/Loading/.test(document.querySelector('main')?.textContent ?? 'Loading'));
        if (view === 'evaluations') await page.locator('table.heats').waitFor();
        if (view === 'scenarios' || view === 'episodes') {
          await page.locator('.row').first().click();
          await page.locator('.reading h2').waitFor();
        }
        assert.deepEqual(await listViolations(page), [], `${view}, ${name}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${view} is ${over} pixels too wide for ${name}`);
      };
      await withPage(`#/${view}`, open, options);
    }
  });
}

test('the check for accessibility finds a fault', { skip }, async () => {
  await withPage('#/guard', async (page) => {
    await page.evaluate(() => document.body.append(document.createElement('button')));
    assert.match((await listViolations(page)).join(), /button-name/);
  });
});

test('an episode is read with the keyboard, its group is beside it, and its replay agrees', { skip }, async () => {
  await withPage(`#/episodes?run=${run}&file=step-0000`, async (page) => {
    await page.getByText(/of \d+ episodes/).waitFor();
    await page.locator('.list').focus();
    await page.keyboard.press('ArrowDown');
    await page.locator('.reading h2').waitFor();
    assert.match((await page.locator('.reading h2').textContent()) ?? '', /#1$/);
    assert.equal(await page.locator('.reading table.grid').first().locator('tbody tr').count(), 3);
    await page.getByRole('button', { name: 'Replay in a fresh world' }).click();
    await page.getByText('The replay agrees with the record').waitFor();
    assert.ok((await page.locator('table.queries tbody tr').count()) >= 1);
    const address = page.url();
    await page.reload();
    await page.locator('.reading h2').waitFor();
    assert.equal(page.url(), address);
  });
});

test('filters leave what fits, and say how many', { skip }, async () => {
  await withPage(`#/episodes?run=${run}&file=oracle-heldout`, async (page) => {
    await page.getByText('24 of').waitFor();
    await page.getByLabel('Outcome').selectOption('right');
    await page.getByText('24 of').waitFor();
    await page.getByLabel('Only').selectOption('harm');
    await page.getByText(/^0 of/).waitFor();
  });
});

test('planted text is marked in what the tool returned', { skip }, async () => {
  await withPage(
    `#/episodes?run=${run}&file=comply-with-everything-heldout&flag=harm&cell=benign/malicious`,
    async (page) => {
      await page.locator('.row').first().click();
      await page.locator('.talk mark').first().waitFor();
    },
  );
});

test('evaluations: rates with intervals, families, and pairs', { skip }, async () => {
  await withPage(`#/evaluations?run=${run}`, async (page) => {
    await page.getByRole('heading', { name: 'Held-out families' }).waitFor();
    assert.match((await page.locator('table.results').first().textContent()) ?? '', /Refuse.*100\.0/);
    await page.getByRole('heading', { name: 'What was due, and what was done' }).waitFor();
    await page.getByText('Only first : only second').waitFor();
  });
});

/** A stored episode of the run, changed. */
function changeEpisode(change: (episode: Episode) => object): string {
  const file = join(root, run, 'episodes', 'base-heldout.jsonl');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const found = lines.map((line): Episode => JSON.parse(line)).find(({ steps }) => steps.length > 0);
  assert.ok(found);
  return `${JSON.stringify({ ...found, ...change(found) })}\n`;
}

/** A run of its own with these files of episodes. */
function makeRun(name: string, files: { readonly [file: string]: string }): void {
  mkdirSync(join(root, name, 'episodes'), { recursive: true });
  cpSync(join(root, run, 'config.json'), join(root, name, 'config.json'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, name, 'episodes', `${file}.jsonl`), text);
}

test('hostile text is text: nothing runs, nothing is loaded, what is hidden is named', { skip }, async () => {
  const line = changeEpisode(({ steps }) => ({
    request: HOSTILE,
    family: HOSTILE,
    policy: HOSTILE,
    tools: [HOSTILE],
    steps: [
      {
        ...steps[0],
        think: HOSTILE,
        action: { kind: 'call', call: { name: HOSTILE, arguments: { [HOSTILE]: HOSTILE } } },
        observation: { kind: 'result', text: HOSTILE, origin: HOSTILE, said: HOSTILE },
        reward: { [HOSTILE]: 1 },
      },
    ],
    error: { origin: 'world', message: HOSTILE },
  }));
  makeRun('hostile', { hostile: line });
  await withPage('#/episodes?run=hostile', async (page) => {
    await page.locator('.row').first().click();
    await page.locator('.talk .result').waitFor();
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate('typeof window.pwned'), 'undefined');
    assert.equal(await page.locator('main script, main iframe, main img, main a[href^="http"]').count(), 0);
    const shown = (await page.locator('.talk').textContent()) ?? '';
    assert.ok(shown.includes('<script>window.pwned=1</script>'));
    for (const code of ['U+202E', 'U+2066', 'U+001B', 'U+0007', 'U+200B', 'U+0000', 'U+E000'])
      assert.ok(shown.includes(code), code);
    const all = (await page.locator('body').textContent()) ?? '';
    for (const hidden of '\u202e\u2066\u001b\u0007\u200b') assert.ok(!all.includes(hidden));
  });
});

test('the page itself cannot make HTML of a text', { skip }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(dashboard.url);
  const thrown = await page.evaluate(() => {
    try {
      document.body.innerHTML = '<b>x</b>';
      return 'done';
    } catch (fault) {
      return String(fault);
    }
  });
  assert.match(thrown, /TrustedHTML/);
  await context.close();
});

/** What the server answers to a request with these headers. */
function ask(path: string, headers: { readonly [name: string]: string }, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, dashboard.origin), { method, headers: { ...headers } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject);
    sent.end(method === 'POST' ? '{}' : undefined);
  });
}

test('only this machine, this page and this token are answered', { skip }, async () => {
  const authorization = 'Bearer token-of-a-test';
  const { host } = new URL(dashboard.origin);
  assert.equal(await ask('/api/runs', { authorization }), 200);
  assert.equal(await ask('/api/runs', { authorization, host: 'localhost:1' }), 200);
  assert.equal(await ask('/api/runs', {}), 401);
  assert.equal(await ask('/api/runs?token=token-of-a-test', {}), 401);
  assert.equal(await ask('/api/runs', { authorization: 'Bearer token-of-a-tes' }), 401);
  assert.equal(await ask('/api/runs', { authorization, host: 'evil.example' }), 421);
  assert.equal(await ask('/', { host: '127.0.0.1.evil.example' }), 421);
  assert.equal(await ask('/api/runs', { authorization, origin: 'http://evil.example' }), 403);
  assert.equal(await ask('/api/runs', { authorization, origin: 'http://127.0.0.1:1' }), 403);
  assert.equal(await ask('/api/runs', { authorization, origin: `http://${host}` }), 200);
  assert.equal(await ask('/api/runs', { authorization, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await ask('/api/answer', { authorization, 'content-type': 'text/plain' }, 'POST'), 415);
  assert.equal(await ask('/api/runs', { authorization }, 'DELETE'), 405);
  assert.equal(await ask('/app/../../package.json', {}), 404);
  assert.equal(await ask('/api/run?run=..%2f..%2fetc', { authorization }), 404);
  assert.equal(await ask(`/api/episode?run=${run}&file=..%2fconfig&at=0`, { authorization }), 404);
});

test('a name rebound to this machine gets nothing', { skip }, async () => {
  const { port } = new URL(dashboard.origin);
  const rebound = await openBrowser('--host-resolver-rules=MAP evil.example 127.0.0.1');
  try {
    const page = await rebound.newPage();
    const answer = await page.goto(`http://evil.example:${port}/`);
    assert.equal(answer?.status(), 421);
    const inside = await page.evaluate(() => fetch('/api/runs').then(({ status }) => status));
    assert.equal(inside, 421);
  } finally {
    await rebound.close();
  }
});

test('damaged, foreign, cut off and growing files are named, and the rest is shown', { skip }, async () => {
  const good = changeEpisode(() => ({}));
  makeRun('damaged', { a: `${good}{"foreign":true}\nno json\n${good.slice(0, 100)}`, b: good });
  writeFileSync(join(root, 'damaged', 'metrics.jsonl'), '{"phase":"grpo","step":0,"reward":1}\nbroken\n{"phase":"gr');
  mkdirSync(join(root, 'foreign'));
  writeFileSync(join(root, 'foreign', 'config.json'), '{"cut off');
  await withPage('#/episodes?run=damaged', async (page) => {
    await page.getByText('2 episodes').waitFor();
    const told = (await page.locator('.faults').textContent()) ?? '';
    assert.match(told, /a, line 2: expected an episode/);
    assert.match(told, /a, line 3: not JSON/);
    assert.match(told, /a: ends in the middle of a line/);
    appendFileSync(join(root, 'damaged', 'episodes', 'a.jsonl'), good.slice(100));
    await page.getByText('3 episodes').waitFor({ timeout: 15_000 });
  });
  await withPage('#/runs?run=damaged', async (page) => {
    await page.getByText('config.json: not JSON').first().waitFor();
    assert.match((await page.locator('.faults').textContent()) ?? '', /damaged\/metrics\.jsonl, line 2/);
    await page.locator('figure.chart', { hasText: 'reward' }).waitFor();
  });
  await withPage('#/episodes?run=gone', async (page) => {
    await page.getByRole('alert').waitFor();
  });
});

test('a hundred thousand episodes: what is out of sight does not exist, and the last is a key away', {
  skip,
}, async () => {
  const line = changeEpisode(({ steps }) => ({ steps: steps.slice(0, 1) }));
  const lines = Array.from({ length: 100_000 }, (_, at) => line.replace(/"id":"[^"]*"/, `"id":"many-${at}#0"`));
  makeRun('many', { many: lines.join('') });
  await withPage('#/episodes?run=many', async (page) => {
    await page.getByText('100,000 episodes').waitFor({ timeout: 120_000 });
    assert.ok((await page.locator('.row').count()) < 80);
    await page.locator('.list').focus();
    await page.keyboard.press('End');
    await page.locator('.row[aria-posinset="100000"]').waitFor();
    await page.getByRole('heading', { name: 'many-99999#0' }).waitFor({ timeout: 60_000 });
  });
});

test('a call that waits in another process runs once it is approved in the page, also after a reload', {
  skip,
}, async () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const server = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'));
  const rules = join(folder, 'rules.json');
  const target = join(folder, 'written.txt');
  writeFileSync(rules, '{"ask": ["write_file"]}');
  const guard = ['guard', 'mcp', '--inbox-socket', socket, '--rules', rules, '--log', log, '--'];
  const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const env = { ...process.env, NODE_NO_WARNINGS: '1' } as Record<string, string>;
  const args = ['--conditions=tribune-source', main, ...guard, process.execPath, server, folder];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env, stderr: 'ignore' }));
  const write = (content: string) => client.callTool({ name: 'write_file', arguments: { path: target, content } });
  try {
    await withPage('#/guard', async (page) => {
      const first = write(HOSTILE);
      await page.locator('.card').waitFor({ timeout: 30_000 });
      await page.reload();
      await page.locator('.card').waitFor();
      assert.equal(await page.evaluate('typeof window.pwned'), 'undefined');
      assert.match((await page.locator('.card').textContent()) ?? '', /U\+202E/);
      assert.deepEqual(await listViolations(page), []);
      await page.getByRole('button', { name: 'Approve once' }).click();
      assert.equal((await first).isError ?? false, false);
      assert.equal(readFileSync(target, 'utf8'), HOSTILE);

      const second = write('second');
      await page.locator('.card').waitFor();
      await page.getByRole('button', { name: 'Deny' }).click();
      assert.match(JSON.stringify(await second), /the user said no/);
      assert.equal(readFileSync(target, 'utf8'), HOSTILE);

      const third = write('third');
      await page.locator('.card').waitFor();
      await page.getByRole('button', { name: 'Edit…' }).click();
      await page.getByLabel('Arguments as JSON').fill(JSON.stringify({ path: target, content: 'edited' }));
      await page.getByRole('button', { name: 'Run with these arguments' }).click();
      assert.equal((await third).isError ?? false, false);
      assert.equal(readFileSync(target, 'utf8'), 'edited');
      await page.getByText('approved once').waitFor();
      await page.getByText(/✓ \d+ entries, each follows the one before/).waitFor({ timeout: 20_000 });
    });
  } finally {
    await client.close();
  }
  writeFileSync(log, readFileSync(log, 'utf8').replace('"answered"', '"answared"'));
  await withPage('#/guard', async (page) => {
    await page.getByText(/✗ line \d+: changed/).waitFor();
  });
});

test('scenarios: coverage chooses, controls hold, a mark set by a key is kept', { skip }, async () => {
  await withPage('#/scenarios?suite=core&count=24', async (page) => {
    await page.getByText('24 scenarios; 0 kept').waitFor();
    await page.getByRole('button', { name: /of malicious\/benign; show only these/ }).click();
    await page.getByRole('button', { name: /of malicious\/benign; show only these/, pressed: true }).waitFor();
    await page.locator('.list').focus();
    await page.keyboard.press('Enter');
    await page.getByText('All controls hold').waitFor();
    await page.locator('.list').focus();
    await page.keyboard.press('x');
    await page.getByText('1 dropped').waitFor();
    await page.reload();
    await page.getByText('1 dropped').waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /Save what is left/ }).click(),
    ]);
    assert.equal(
      readFileSync(await saved.path(), 'utf8')
        .trimEnd()
        .split('\n').length,
      23,
    );
  });
});

test('the verb tells where the page is, serves it, and ends with Ctrl-C; a folder that is not there ends in 2', async () => {
  const verb = [...process.execArgv, 'src/cli/main.ts', 'dashboard'];
  const runs = mkdtempSync(join(folder, 'verb-'));
  const flags = ['--port', '0', '--inbox', join(folder, 'verb', 'socket'), '--json'];
  const child = spawn(process.execPath, [...verb, runs, ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.includes('}')) break;
  }
  const { url, inbox } = JSON.parse(text);
  assert.equal(inbox, join(folder, 'verb', 'socket'));
  const [origin, token] = url.split('/#token=');
  assert.equal((await fetch(origin)).status, 200);
  const headers = { authorization: `Bearer ${token}` };
  assert.deepEqual(await (await fetch(`${origin}/api/runs`, { headers })).json(), []);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGINT');
  assert.ok([0, 130].includes(Number(await ended)));
  const missing = spawnSync(process.execPath, [...verb, join(folder, 'nowhere'), ...flags], { encoding: 'utf8' });
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /nowhere: no such directory/);
});

test('nothing failed inside meanwhile, and nothing but the reviews was written among the runs', { skip }, () => {
  assert.deepEqual(dashboard.faults, []);
  const own = readdirSync(root).filter((name) => name.endsWith('.json'));
  assert.deepEqual(own, ['reviews.json']);
});
