// A call made by a model behind `guard proxy`, another process, waits in the page until a person answers; what nobody answers
// expires before their eyes and never reaches the agent. The client is OpenAI's own.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import type { Browser, Page } from 'playwright-core';
import { openInbox } from '../../src/dashboard/inbox.ts';
import { CHROMIUM, openBrowser, openDashboard, withPage as visit } from '../dashboard/browser.ts';
import { startVerb } from '../verb.ts';

const skip = CHROMIUM === undefined ? 'no Chromium here; set TRIBUNE_CHROMIUM or install one' : false;
const folder = mkdtempSync(join(tmpdir(), 'tribune-dash-proxy-'));
const socket = join(folder, 'inbox', 'socket');
const rules = join(folder, 'rules.json');
let browser: Browser;
let dashboard: Awaited<ReturnType<typeof openDashboard>>;

/** A model that pays whatever it is asked. */
const model = createServer((_, answer) => {
  const call = { id: 'c1', type: 'function', function: { name: 'pay', arguments: '{"to":"Ben","amount":40}' } };
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  const choices = [{ index: 0, message, finish_reason: 'tool_calls', logprobs: null }];
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices }));
});

before(async () => {
  if (skip) return;
  mkdirSync(join(folder, 'runs'));
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  browser = await openBrowser();
  dashboard = await openDashboard(join(folder, 'runs'), { inbox: await openInbox({ path: socket, now: Date.now }) });
});
after(async () => {
  await browser?.close();
  await dashboard?.close();
  model.close();
  rmSync(folder, { recursive: true });
});

const withPage = (use: (page: Page) => Promise<void>) => visit(browser, dashboard, '#/guard', use);

/** Starts the proxy as a person would; gives a client of it and its end. */
async function openProxy(...flags: readonly string[]): Promise<{ client: OpenAI; end: () => Promise<unknown> }> {
  writeFileSync(rules, '{"ask": ["pay"]}');
  const upstream = `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`;
  const asked = ['--upstream', upstream, '--inbox-socket', socket, '--rules', rules, '--port', '0', ...flags];
  const { url, child } = await startVerb('guard', 'proxy', ...asked);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const client = new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 });
  const end = (): Promise<unknown> => {
    child.kill('SIGINT');
    return ended;
  };
  return { client, end };
}

async function ask(client: OpenAI) {
  const { choices } = await client.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'Pay Ben 40.' }],
    tools: [{ type: 'function', function: { name: 'pay', parameters: { type: 'object' } } }],
  });
  return choices[0]?.message;
}

test('a call behind the proxy waits in the page: approved it goes on to the agent, denied it does not', {
  skip,
}, async () => {
  const { client, end } = await openProxy();
  try {
    await withPage(async (page) => {
      const first = ask(client);
      await page.locator('.card').waitFor({ timeout: 30_000 });
      await page.reload();
      assert.match((await page.locator('.card').textContent()) ?? '', /Ben/);
      await page.getByRole('button', { name: 'Approve once' }).click();
      const [call] = (await first)?.tool_calls ?? [];
      assert.equal(call?.type === 'function' && call.function.arguments, '{"to":"Ben","amount":40}');

      const second = ask(client);
      await page.locator('.card').waitFor();
      await page.getByRole('button', { name: 'Deny' }).click();
      assert.equal((await second)?.tool_calls, undefined);
    });
  } finally {
    await end();
  }
});

test('what nobody answers in time expires in the page, and the call does not reach the agent', { skip }, async () => {
  const { client, end } = await openProxy('--ask-timeout', '10');
  try {
    await withPage(async (page) => {
      const asked = ask(client);
      await page.locator('.card').waitFor({ timeout: 30_000 });
      assert.equal((await asked)?.tool_calls, undefined);
      await page.getByText('expired').waitFor();
      assert.equal(await page.locator('.card').count(), 0);
    });
  } finally {
    await end();
  }
});
