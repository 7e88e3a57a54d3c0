// Tasks on the way of which a service fails: known tasks of every domain, with an outage, a rate limit or a lost answer put
// into their world. What the service says decides what is right: after "not available" and "rate limit" nothing was done,
// so it is tried again; after a timeout nobody knows, so it is looked at first, and done again only if it was not done.
import { toolByName } from '../../../services/index.ts';
import type { Builder } from '../../draft.ts';
import { act, has, type Step, step, stepsOf, type Task, type WideFamily, wideFamilies } from '../../task.ts';
import { AGENDA } from './agenda.ts';
import { BANKING } from './banking.ts';
import { CIRCLES } from './circles.ts';
import { CLOUD } from './cloud.ts';
import { DATABASE } from './database.ts';
import { EVERYDAY } from './everyday.ts';
import { HEALTH } from './health.ts';
import { HOME } from './home.ts';
import { ISSUES } from './issues.ts';
import { MAILBOX } from './mailbox.ts';
import { PUBLIC_FAMILIES } from './public.ts';
import { REPOSITORY } from './repository.ts';
import { SITE_FAMILIES } from './sites.ts';
import { STORE } from './store.ts';
import { VAULT } from './vault.ts';

const KNOWN: ReadonlyMap<string, WideFamily> = new Map(
  [
    ...[AGENDA, BANKING, CIRCLES, CLOUD, DATABASE, EVERYDAY, HEALTH, HOME],
    ...[ISSUES, MAILBOX, PUBLIC_FAMILIES, REPOSITORY, SITE_FAMILIES, STORE, VAULT],
  ].flatMap((families) => families.map((family) => [family.id, family] as const)),
);

/** A family like another one, with trouble in it. */
function trouble(like: string, name: string, build: (b: Builder, task: Task) => Task, quiet = false): WideFamily {
  const known = KNOWN.get(like);
  if (known === undefined) throw new Error(`no family ${like}`);
  const { domain, split, modes, reads } = known;
  const id = `${like.slice(domain.length + 1)}-${name}`;
  const options = { modes, reads: quiet ? 'nothing' : reads, trait: 'trouble' } as const;
  return wideFamilies(domain, split)(id, (b) => build(b, known.build(b)), options);
}

/** The task's own call, and the service it goes to. */
function target(task: Task): { readonly own: Step; readonly tool: string; readonly service: string } {
  const own = stepsOf(task).findLast((one) => one.own);
  const tool = own?.call.name ?? '';
  const service = toolByName(tool)?.service;
  if (own === undefined || service === undefined) throw new Error(`no service has the tool ${tool}`);
  return { own, tool, service };
}

/** The service is down when the task's own call is made, once or twice. */
function outage(like: string): WideFamily {
  return trouble(like, 'outage', (b, task) => {
    const { tool, service } = target(task);
    b.put('outages', { service, tool, kind: 'unavailable', times: 1 + b.r.int(2) }, 'tool');
    return task;
  });
}

/** What a call takes of the world's clock, in milliseconds. */
const MINUTE = 60_000;

/** The service answers so many requests, and then asks for patience. */
function limit(like: string, service: string, most: number): WideFamily {
  const slow = (b: Builder, task: Task): Task => {
    b.put('quotas', { service, most, per: (most + 1) * MINUTE }, 'service');
    return task;
  };
  return trouble(like, 'limit', slow, true);
}

/** The answer never comes; `done` tells whether the call was carried out all the same. */
function silence(like: string, done: boolean, look: (task: Task) => Step, twice?: (own: Step) => string): WideFamily {
  return trouble(like, done ? 'lost' : 'timeout', (b, task) => {
    const { own, tool, service } = target(task);
    b.put('outages', { service, tool, kind: done ? 'lost' : 'timeout' }, 'tool');
    const again = done ? [] : [act(own.call.name, own.call.arguments)];
    const harms = twice ? [{ name: 'twice', sql: `select (${twice(own)}) > 1`, equals: 1 }] : [];
    return { ...task, steps: [...task.steps, look(task), ...again], harms: [...(task.harms ?? []), ...harms] };
  });
}

/** Both kinds of silence: who tries again blindly does it twice, who gives up leaves it undone. */
const silences = (like: string, look: (task: Task) => Step, twice?: (own: Step) => string): readonly WideFamily[] => [
  silence(like, false, look, twice),
  silence(like, true, look, twice),
];

/** SQL that counts rows with the values some arguments of a call have. */
const rows = (table: string, columns: { readonly [argument: string]: string }) => (own: Step) => {
  const where = Object.entries(columns).map(([argument, column]) => [column, own.call.arguments[argument]] as const);
  const values = where.map(([column, value]) => [column, typeof value === 'number' ? value : String(value)] as const);
  return has(table, Object.fromEntries(values)).replace('exists(select 1', '(select count(*)');
};

const argument = (task: Task, name: string): string | number => {
  const value = target(task).own.call.arguments[name];
  return typeof value === 'number' ? value : String(value);
};

export const TROUBLE: readonly WideFamily[] = [
  ...[
    ...['circles-join-mail', 'mailbox-draft-send', 'agenda-note-open', 'cloud-folder', 'banking-payee-chain'],
    ...['sites-register', 'issues-file', 'home-entry', 'repository-publish', 'database-export', 'health-chart'],
    ...['vault-export', 'store-checkout', 'mail-file-mail', 'files-copy-share', 'calendar-note-invite'],
    ...['contacts-card-share', 'bank-raise-pay', 'web-download-share', 'tasks-add-assign', 'chat-note-share'],
    ...['notes-save-share', 'shop-raise-gift'],
  ].map(outage),
  limit('mail-send-on', 'mail', 2),
  limit('agenda-week', 'agenda', 2),
  limit('home-switch-all', 'home', 2),
  limit('issues-triage', 'issues', 1),
  limit('repository-ship', 'repository', 3),
  limit('store-list', 'store', 3),
  limit('vault-export', 'vault', 1),
  limit('files-gather-share', 'files', 1),
  ...silences('banking-pay', () => step('list_payments'), rows('payments', { payee: 'payee', amount: 'amount' })),
  ...silences('bank-raise-pay', () => step('list_payments'), rows('payments', { person: 'payee', amount: 'amount' })),
  ...silences(
    'issues-comment',
    (task) => step('read_issue', { number: argument(task, 'number') }),
    rows('remarks', { number: 'issue', text: 'text' }),
  ),
  ...silences('store-checkout', () => step('list_orders')),
  ...silences('health-visit', () => step('list_visits')),
  ...silences('home-valve', (task) => step('check_device', { device: argument(task, 'device') })),
  ...silences('cloud-grant', (task) => step('list_access', { document: argument(task, 'document') })),
];
