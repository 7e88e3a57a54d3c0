// What the dashboard's tests share: a real Chromium where one is installed, a dashboard on a folder of runs, a tiny training run
// carried out by the real program, and the check for accessibility.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Dashboard, type DashboardOptions, startDashboard } from '../../src/dashboard/dashboard.ts';
import { DEFAULT_CONFIG, type TrainConfig } from '../../src/train/config.ts';
import { TINY_MODEL } from '../tiny.ts';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
];
/** The browser the tests run in; undefined where none is installed. */
export const CHROMIUM = [process.env.TRIBUNE_CHROMIUM ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));

/** Starts the browser. Its own sandbox cannot be had by root, as in a container. */
export function openBrowser(...args: readonly string[]): Promise<Browser> {
  const own = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: [...own, ...args] });
}

/** A page of a dashboard in a context of its own; what goes elsewhere, breaks a policy or throws fails the test. */
export async function withPage(
  browser: Browser,
  { origin, url }: Pick<Dashboard, 'origin' | 'url'>,
  view: string,
  use: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (fault) => faults.push(fault.message));
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (sent) => {
    if (!sent.url().startsWith(origin) && !sent.url().startsWith('blob:')) faults.push(`asks ${sent.url()}`);
  });
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) faults.push(message.text());
  });
  try {
    await page.goto(url);
    await page.locator('main h1').waitFor();
    await page.evaluate((hash) => {
      location.hash = hash;
    }, view);
    await page.locator('main h1').waitFor();
    await use(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** A text that does everything a text can do to a page: markup, links, letters that reorder or hide, terminal escapes. */
export const HOSTILE =
  '<script>window.pwned=1</script><img src=x onerror="window.pwned=2"><iframe src="javascript:parent.pwned=3"></iframe>' +
  '<a href="http://127.0.0.2/">x</a>\u202eevil\u2066\u001b[2J\u001b]0;title\u0007\u200b\u0000\ue000';

/** A run of a small model that takes long enough to be seen under way: its page looks every two seconds. */
export const TINY: TrainConfig = {
  ...DEFAULT_CONFIG,
  model: TINY_MODEL,
  warm: { ...DEFAULT_CONFIG.warm, demonstrations: 200, steps: 1500, batch: 8 },
  grpo: { ...DEFAULT_CONFIG.grpo, steps: 4, groups: 3, members: 3 },
  evaluate: { count: 24, seed: 7001 },
  checkpoint: 2,
};

/** Trains a run made by `createRun`, as a person would; gives the exit code. */
export function trainRun(path: string): Promise<number | null> {
  const child = spawn(process.execPath, [...process.execArgv, 'src/cli/main.ts', 'align', '--resume', path], {
    stdio: 'ignore',
  });
  return new Promise((resolve) => child.on('exit', resolve));
}

/** A dashboard on a folder; faults inside are collected. */
export async function openDashboard(
  root: string,
  more: Partial<DashboardOptions> = {},
): Promise<Dashboard & { readonly faults: string[] }> {
  const faults: string[] = [];
  const dashboard = await startDashboard({
    root,
    port: 0,
    token: 'token-of-a-test',
    now: Date.now,
    inbox: null,
    logs: [],
    suites: [],
    reviews: `${root}/reviews.json`,
    onFault: (text) => faults.push(text),
    ...more,
  });
  return { ...dashboard, faults };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
type Violation = {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
};

/** The serious violations of accessibility on a page, a line each. */
export async function listViolations(page: Page): Promise<readonly string[]> {
  // The debugger's evaluation stands outside of the page's policy, which lets no other script in.
  await page.evaluate(AXE);
  const violations: readonly Violation[] = await page.evaluate('axe.run(document).then((found) => found.violations)');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 160))
          .join(' | ')}`,
    );
}
