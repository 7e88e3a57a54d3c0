// `tribune dashboard`: a page on this machine that shows runs and answers the guard's questions (dashboard/dashboard.ts).
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { InputError } from '../episode/input.ts';
import { INBOX, readKey } from './gate.ts';
import type { Io } from './output.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Show runs, episodes and evaluations in a browser; answer the questions of a guard.',
  usage: '[RUNS]',
  flags: {
    port: { kind: 'integer', min: 0, max: 65535, fallback: 8780, summary: 'the port on 127.0.0.1, 0 for any free one' },
    inbox: {
      kind: 'string',
      value: 'SOCKET',
      summary: 'where guards started with --inbox ask (default ~/.tribune/inbox/socket)',
    },
    log: { kind: 'list', value: 'FILE', summary: 'an audit log to show and check; may be given several times' },
    'log-key': { kind: 'string', value: 'FILE', summary: 'the key the logs were written with' },
    suite: {
      kind: 'list',
      value: 'FILE',
      summary: 'scenarios to browse beside the generated ones; may be given several times',
    },
    reviews: {
      kind: 'string',
      value: 'FILE',
      summary: "where a reviewer's marks are kept (default RUNS/reviews.json)",
    },
  },
  async run({ flags, positionals }, io) {
    const { startDashboard } = await import('../dashboard/dashboard.ts');
    const { defaultReviews } = await import('../dashboard/tasks.ts');
    const { findRuns } = await import('../dashboard/files.ts');
    const root = resolve(positionals[0] ?? 'runs');
    const runs = await findRuns(root);
    const inbox = await openQuestions(flags.inbox ?? INBOX, flags.inbox !== undefined, io);
    const dashboard = await startDashboard({
      root,
      port: flags.port,
      token: randomBytes(24).toString('base64url'),
      now: Date.now,
      inbox,
      logs: flags.log,
      ...(flags['log-key'] === undefined ? {} : { logKey: readKey(flags['log-key']) }),
      suites: flags.suite,
      reviews: flags.reviews ?? defaultReviews(root),
      onFault: (text) => io.log(`dashboard: ${text}`),
    });
    const { url } = dashboard;
    io.result(
      { url, root, runs: runs.length, inbox: inbox?.path ?? null },
      `${runs.length} runs of ${root}\nopen ${url}`,
    );
    if (!io.signal.aborted) await new Promise((done) => io.signal.addEventListener('abort', done, { once: true }));
    await dashboard.close();
    return 0;
  },
});

/** Opens the inbox. Where it cannot be had, the rest of the dashboard does without, unless it was asked for by name. */
async function openQuestions(path: string, named: boolean, io: Io) {
  const { openInbox } = await import('../dashboard/inbox.ts');
  try {
    return await openInbox({ path: resolve(path), now: Date.now });
  } catch (fault) {
    if (named || !(fault instanceof InputError)) throw fault;
    io.log(`no questions of guards are shown: ${fault.message}`);
    return null;
  }
}
