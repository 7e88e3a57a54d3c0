// The page: five views, one of them shown, chosen by what stands after the # of the address, so that a view can be gone back to
// and bookmarked. Keys 1 to 5 choose a view, / goes to the filter, ? says which keys there are.
import type { State } from '../shape.ts';
import { ApiError, get, setToken, takeToken } from './api.ts';
import { openCases } from './cases.ts';
import { button, el, isTyping, repeat, show } from './dom.ts';
import { openEpisodes } from './episodes.ts';
import { openEvaluations } from './evaluations.ts';
import { openGuard } from './guard.ts';
import { openRuns } from './runs.ts';
import { openScenarios } from './scenarios.ts';

type Params = { readonly [name: string]: string | readonly string[] | undefined };

/** Where a view is opened: what the address says, and how to change it. */
export type Place = {
  readonly query: URLSearchParams;
  /** Aborted when the view is left. */
  readonly signal: AbortSignal;
  readonly state: State;
  /** The server's clock, in milliseconds since 1970. */
  now(): number;
  /** The address of a view. */
  link(view: string, params: Params): string;
  /** Goes to a view. */
  go(view: string, params: Params): void;
  /** Writes what is chosen into the address, without going anywhere. */
  keep(view: string, params: Params): void;
  /** Shows an error. */
  fail(fault: unknown): void;
  /** Says something to who sees and who hears. */
  tell(text: string): void;
};

type View = {
  readonly id: string;
  readonly name: string;
  readonly open: (host: HTMLElement, place: Place) => Promise<void>;
};

const VIEWS: readonly View[] = [
  { id: 'runs', name: 'Runs', open: openRuns },
  { id: 'episodes', name: 'Episodes', open: openEpisodes },
  { id: 'evaluations', name: 'Evaluations', open: openEvaluations },
  { id: 'guard', name: 'Guard', open: openGuard },
  { id: 'scenarios', name: 'Scenarios', open: openScenarios },
];

/** Views that are reached from another, and shown as part of it. */
const INNER: readonly (View & { readonly within: string })[] = [
  { id: 'cases', name: 'Cases', within: 'evaluations', open: openCases },
];

const app = document.querySelector('#app') ?? document.body;
const host = el('main', { id: 'view', tabindex: -1 });
const notice = el('div', { class: 'notice', role: 'status', 'aria-live': 'polite' });
const badge = el('span', { class: 'badge', hidden: true });
const links = VIEWS.map(({ id, name }, at) =>
  el('a', { href: `#/${id}`, 'data-view': id, title: `Key ${at + 1}` }, name, id === 'guard' ? badge : null),
);
let leave = new AbortController();
let state: State | null = null;
let offset = 0;

function link(view: string, params: Params): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue;
    for (const one of typeof value === 'string' ? [value] : value) pairs.append(name, one);
  }
  return `#/${view}${pairs.size === 0 ? '' : `?${pairs}`}`;
}

function tell(text: string): void {
  show(notice, text);
}

function fail(fault: unknown): void {
  if (leave.signal.aborted || (fault instanceof DOMException && fault.name === 'AbortError')) return;
  if (fault instanceof ApiError && fault.status === 401) {
    askToken();
    return;
  }
  const text = fault instanceof Error ? fault.message : String(fault);
  show(
    host,
    el('h1', {}, 'This did not work'),
    el('p', { class: 'failed', role: 'alert' }, text),
    button('Try again', () => void openView()),
  );
}

function askToken(): void {
  const input = el('input', { type: 'password', autocomplete: 'off', 'aria-label': 'Token' });
  const enter = (event: Event): void => {
    event.preventDefault();
    setToken(input.value);
    void begin();
  };
  show(
    host,
    el('h1', {}, 'A token is needed'),
    el(
      'p',
      { class: 'about' },
      '`tribune dashboard` prints an address that holds it. Open that address, or paste it here.',
    ),
    el('form', { class: 'bar', submit: enter }, input, el('button', {}, 'Open')),
  );
  input.focus();
}

async function openView(): Promise<void> {
  leave.abort();
  leave = new AbortController();
  const [path = '', text = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const inner = INNER.find(({ id }) => id === path);
  const view = inner ?? VIEWS.find(({ id }) => id === path) ?? VIEWS[0]!;
  for (const one of links) {
    if (one.dataset.view === (inner?.within ?? view.id)) one.setAttribute('aria-current', 'page');
    else one.removeAttribute('aria-current');
  }
  document.title = `${view.name} · Tribune`;
  tell('');
  show(host, el('p', { class: 'empty' }, 'Loading…'));
  const mine = leave.signal;
  try {
    state ??= await readState();
    const place: Place = {
      query: new URLSearchParams(text),
      signal: mine,
      state,
      now: () => performance.now() + offset,
      link,
      go: (id, params) => {
        location.hash = link(id, params);
      },
      keep: (id, params) => history.replaceState(null, '', link(id, params)),
      fail: (fault) => {
        if (!mine.aborted) fail(fault);
      },
      tell,
    };
    const part = el('div');
    await view.open(part, place);
    if (!mine.aborted) show(host, part);
  } catch (fault) {
    if (!mine.aborted) fail(fault);
  }
}

async function readState(): Promise<State> {
  const found = await get<State>('state');
  offset = found.now - performance.now();
  badge.hidden = found.inbox.open === 0;
  badge.textContent = `${found.inbox.open} waiting`;
  return found;
}

async function begin(): Promise<void> {
  await openView();
}

const HELP: readonly (readonly [keys: string, what: string])[] = [
  ['1 – 5', 'the views'],
  ['/', 'the filter or the search'],
  ['↑ ↓ j k, Page, Home, End', 'move in a list; in an episode, from turn to turn'],
  ['Enter', 'open'],
  ['Esc', 'back to the list'],
  ['a d e w', 'guard: approve, deny, edit, always'],
  ['s x e', 'scenarios: keep, drop, edit'],
  ['← →', 'in a chart from step to step, in tokens from one to the next'],
];

function openHelp(): void {
  const dialog = el(
    'dialog',
    { 'aria-label': 'Keys' },
    el('h2', {}, 'Keys'),
    el(
      'dl',
      { class: 'keys' },
      HELP.map(([keys, what]) => [el('dt', {}, keys), el('dd', {}, what)]),
    ),
    button('Close', () => dialog.close()),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener('keydown', (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const view = VIEWS[Number(event.key) - 1];
  if (view !== undefined) location.hash = `#/${view.id}`;
  else if (event.key === '?') openHelp();
  else if (event.key === '/') {
    const field = document.querySelector<HTMLElement>('[data-search]');
    if (field === null) return;
    event.preventDefault();
    field.focus();
  }
});

takeToken();
show(
  app,
  el(
    'a',
    {
      class: 'skip',
      href: '#view',
      click: (event) => {
        event.preventDefault();
        host.focus();
      },
    },
    'To the content',
  ),
  el(
    'header',
    { class: 'head' },
    el('b', { class: 'brand' }, 'Tribune'),
    el('nav', { 'aria-label': 'Views' }, links),
    button('?', openHelp, { class: 'quiet', 'aria-label': 'Keys' }),
  ),
  notice,
  host,
);
addEventListener('hashchange', () => {
  takeToken();
  void openView();
});
void begin();
repeat(
  3000,
  async () => {
    state = await readState();
  },
  new AbortController().signal,
);
